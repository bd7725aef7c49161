//! Keys of a study file that the table of keys does not have, and what may be meant by them.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeTable;

use super::document::{Located, found};
use super::error::{MOST_TOLD, Mistake, shortened};
use super::keys::KEYS;
use super::known::nearest;
use super::schema;

/// The first keys of the file that are not known, and how many more there are.
pub(super) fn unknown_keys(root: &DeTable<'_>) -> (Vec<Mistake>, usize) {
    let mut found = Vec::new();
    collect(root, "", &mut found);
    found.sort_by_key(|unknown| unknown.name.span().start);
    let more = found.len().saturating_sub(MOST_TOLD);
    let told = found.iter().take(MOST_TOLD);
    (told.map(Unknown::mistake).collect(), more)
}

/// A key that the table does not have, or that holds a value where a table belongs.
struct Unknown<'t, 's> {
    section: String,
    name: &'t Spanned<Cow<'s, str>>,
    value: &'t Located<'s>,
}

fn collect<'t, 's>(table: &'t DeTable<'s>, section: &str, unknown: &mut Vec<Unknown<'t, 's>>) {
    for (name, value) in table {
        let path = inside(section, name.get_ref());
        if schema::key(section, name.get_ref()).is_some() || path == "preset" {
            continue;
        }
        match value.get_ref().as_table() {
            Some(inner) if schema::is_section(&path) => collect(inner, &path, unknown),
            _ => unknown.push(Unknown {
                section: section.to_owned(),
                name,
                value,
            }),
        }
    }
}

fn inside(section: &str, name: &str) -> String {
    match section {
        "" => name.to_owned(),
        _ => format!("{section}.{name}"),
    }
}

impl Unknown<'_, '_> {
    fn mistake(&self) -> Mistake {
        let section = self.section.as_str();
        let (name, value) = (self.name.get_ref().as_ref(), self.value.get_ref());
        let path = inside(section, name);
        if schema::is_section(&path) {
            let allowed = schema::names_in(&path).join(", ");
            return Mistake {
                span: Some(self.value.span()),
                message: format!("`{name}` must be a table; found {}", found(value)),
                help: vec![format!("it may hold: {allowed}")],
            };
        }
        let allowed = schema::names_in(section);
        let (what, place) = match (section, value.is_table()) {
            ("", true) => ("section", String::new()),
            ("", false) => ("key", " outside of all sections".to_owned()),
            (_, true) => ("table", format!(" in [{section}]")),
            (_, false) => ("key", format!(" in [{section}]")),
        };
        let mut help = Vec::new();
        if let Some(elsewhere) = KEYS.iter().find(|key| key.name == name) {
            help.push(format!("`{name}` belongs in [{}]", elsewhere.section));
        } else if let Some(near) = nearest(name, allowed.iter().copied()) {
            help.push(format!("did you mean `{near}`?"));
        } else if let Some(path) = near_elsewhere(name) {
            help.push(format!("did you mean {path}?"));
        }
        help.push(match section {
            "" => format!("the sections are: {}", allowed.join(", ")),
            _ => format!("[{section}] may hold: {}", allowed.join(", ")),
        });
        Mistake {
            span: Some(self.name.span()),
            message: format!("unknown {what} `{}`{place}", shortened(name)),
            help,
        }
    }
}

fn near_elsewhere(name: &str) -> Option<String> {
    let near = nearest(name, KEYS.iter().map(|key| key.name))?;
    let key = KEYS.iter().find(|key| key.name == near)?;
    Some(format!("`{near}` in [{}]", key.section))
}
