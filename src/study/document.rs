//! A study file as TOML with places: looks values up by the table of keys and collects mistakes.
//!
//! A wrong value is noted and its fallback used instead, so that one reading finds every mistake.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Mistake, shortened};
use super::known::nearest;
use super::presets::Preset;
use super::schema::{self, Fallback, Key, Kind};
use super::unknown::unknown_keys;

/// A value of the file with its place.
pub(super) type Located<'s> = Spanned<DeValue<'s>>;

/// A parsed study file.
pub(super) struct Document<'s> {
    root: DeTable<'s>,
    /// Where values come from that the file does not give.
    pub(super) preset: Preset,
    /// What was found wrong so far.
    pub(super) mistakes: Vec<Mistake>,
    /// How many more there are, of keys that are not known.
    pub(super) more: usize,
}

impl<'s> Document<'s> {
    /// Parses the text, finds the preset and notes every unknown key.
    ///
    /// # Errors
    /// Where the text is no TOML.
    pub(super) fn parse(source: &'s str) -> Result<Self, Mistake> {
        let root = DeTable::parse(source).map_err(|error| Mistake {
            span: error.span(),
            message: format!("this is not valid TOML: {}", error.message()),
            help: Vec::new(),
        })?;
        let mut document = Self {
            root: root.into_inner(),
            preset: Preset::Default,
            mistakes: Vec::new(),
            more: 0,
        };
        let (unknown, more) = unknown_keys(&document.root);
        document.mistakes.extend(unknown);
        document.more = more;
        document.preset = document.find_preset();
        Ok(document)
    }

    fn find_preset(&mut self) -> Preset {
        let name = match (self.root.get("preset"), self.given("study", "preset")) {
            (Some(_), Some(second)) => {
                let mistake = Mistake {
                    span: Some(second.span()),
                    message: "`preset` is given twice: here and at the top of the file".into(),
                    help: vec!["keep one of them".into()],
                };
                self.mistakes.push(mistake);
                return Preset::Default;
            }
            (Some(top), None) => {
                let key = known_key("study", "preset");
                match text(top, key) {
                    Ok(name) => Some(name),
                    Err(mistake) => {
                        self.mistakes.push(mistake);
                        None
                    }
                }
            }
            (None, _) => self.text("study", "preset"),
        };
        name.and_then(|name| Preset::named(&name))
            .unwrap_or(Preset::Default)
    }

    /// What the file itself holds for a key.
    pub(super) fn given(&self, section: &str, name: &str) -> Option<&Located<'s>> {
        let mut table = &self.root;
        for part in section.split('.') {
            table = table.get(part)?.get_ref().as_table()?;
        }
        table.get(name)
    }

    /// Where the file gives a key, if it does.
    pub(super) fn span(&self, section: &str, name: &str) -> Option<Range<usize>> {
        self.given(section, name).map(Spanned::span)
    }

    /// Where the file opens a section, if it does.
    pub(super) fn section_span(&self, section: &str) -> Option<Range<usize>> {
        let (header, _) = self.root.get_key_value(section)?;
        Some(header.span())
    }

    /// Notes a mistake at a key, or at its section where the file does not give the key.
    pub(super) fn wrong(&mut self, section: &str, name: &str, message: String, help: &[&str]) {
        let span = self
            .span(section, name)
            .or_else(|| self.section_span(section));
        self.mistakes.push(Mistake {
            span,
            message,
            help: help.iter().map(ToString::to_string).collect(),
        });
    }

    /// The value of a key through `read`: the file's, or else the preset's; none where there is none.
    pub(super) fn value<T>(
        &mut self,
        section: &str,
        name: &str,
        read: impl Fn(&Located<'_>, &Key) -> Result<T, Mistake>,
    ) -> Option<T> {
        let key = known_key(section, name);
        let given = self.given(section, name).map(|value| read(value, key));
        let is_given = given.is_some();
        match given {
            Some(Ok(value)) => return Some(value),
            Some(Err(mistake)) => self.mistakes.push(mistake),
            None => {}
        }
        match self.preset.fallback(key) {
            Fallback::Value(literal) => {
                let value = DeValue::parse(literal).ok()?;
                read(&value, key).ok()
            }
            Fallback::Unset(_) => None,
            Fallback::Required => {
                if !is_given {
                    self.missing(key);
                }
                None
            }
        }
    }

    fn missing(&mut self, key: &Key) {
        let section = key.section;
        let message = match self.section_span(section) {
            Some(_) => format!("[{section}] lacks the key `{}`", key.name),
            None => format!(
                "the section [{section}] with the key `{}` is missing",
                key.name
            ),
        };
        self.wrong(section, key.name, message, &[key.documentation]);
    }

    /// A text or a choice.
    pub(super) fn text(&mut self, section: &str, name: &str) -> Option<String> {
        self.value(section, name, text)
    }

    /// A whole number.
    pub(super) fn count(&mut self, section: &str, name: &str) -> Option<u64> {
        self.value(section, name, count)
    }

    /// A number.
    pub(super) fn real(&mut self, section: &str, name: &str) -> Option<f64> {
        self.value(section, name, real)
    }

    /// A switch.
    pub(super) fn switch(&mut self, section: &str, name: &str) -> Option<bool> {
        self.value(section, name, |value, key| {
            value
                .get_ref()
                .as_bool()
                .ok_or_else(|| mismatch(value, key))
        })
    }

    /// A list of texts, each with its place.
    pub(super) fn texts(
        &mut self,
        section: &str,
        name: &str,
    ) -> Option<Vec<(String, Range<usize>)>> {
        self.value(section, name, |value, key| {
            let items = value
                .get_ref()
                .as_array()
                .ok_or_else(|| mismatch(value, key))?;
            items
                .iter()
                .map(|item| {
                    let text = item.get_ref().as_str().filter(|text| !text.is_empty());
                    let text = text.ok_or_else(|| mismatch(item, key))?;
                    Ok((text.to_owned(), item.span()))
                })
                .collect()
        })
    }
}

/// The table's entry for a key that the program itself asks for.
fn known_key(section: &str, name: &str) -> &'static Key {
    schema::key(section, name).expect("the parser asks only for keys of the table")
}

fn text(value: &Located<'_>, key: &Key) -> Result<String, Mistake> {
    let found = value.get_ref().as_str().filter(|text| !text.is_empty());
    let found = found.ok_or_else(|| mismatch(value, key))?;
    match key.kind {
        Kind::Choice(names) if !names.contains(&found) => {
            let mut mistake = mismatch(value, key);
            if let Some(near) = nearest(found, names.iter().copied()) {
                mistake.help.push(format!("did you mean \"{near}\"?"));
            }
            Err(mistake)
        }
        _ => Ok(found.to_owned()),
    }
}

fn count(value: &Located<'_>, key: &Key) -> Result<u64, Mistake> {
    let (low, high) = match key.kind {
        Kind::Count(low, high) => (low, high),
        _ => (0, u64::MAX),
    };
    whole(value)
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| mismatch(value, key))
}

fn real(value: &Located<'_>, key: &Key) -> Result<f64, Mistake> {
    number(value)
        .filter(|number| match key.kind {
            Kind::Real(interval) => interval.contains(*number),
            _ => true,
        })
        .ok_or_else(|| mismatch(value, key))
}

/// A whole number that is not negative.
pub(super) fn whole(value: &Located<'_>) -> Option<u64> {
    let integer = value.get_ref().as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A number, whole or not.
pub(super) fn number(value: &Located<'_>) -> Option<f64> {
    match value.get_ref() {
        DeValue::Float(float) => float.as_str().parse().ok(),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .map(|number| number as f64),
        _ => None,
    }
}

/// "`key` must be ..., found ...".
pub(super) fn mismatch(value: &Located<'_>, key: &Key) -> Mistake {
    let found = found(value.get_ref());
    Mistake {
        span: Some(value.span()),
        message: format!("`{}` must be {}; found {found}", key.name, key.kind),
        help: Vec::new(),
    }
}

/// A value in words.
pub(super) fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.is_empty() => "an empty text".into(),
        DeValue::String(text) => format!("the text \"{}\"", shortened(text)),
        DeValue::Integer(number) => shortened(&number.to_string()).into_owned(),
        DeValue::Float(number) => shortened(&number.to_string()).into_owned(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}
