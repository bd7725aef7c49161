//! JSON in which no object has two values of one name.
//!
//! Readers take the last of them, or the first, or refuse: which one is meant cannot be told.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};

/// Refuses a text in which an object has two values of one name; nothing of it is kept.
///
/// # Errors
/// The name and its place, or why the text is no JSON.
pub(crate) fn refuse_repeated(text: &str) -> Result<(), serde_json::Error> {
    let mut from = serde_json::Deserializer::from_str(text);
    Unrepeated.deserialize(&mut from)?;
    from.end()
}

/// A value of a text in which no object has two values of one name.
///
/// # Errors
/// See [`refuse_repeated`]; or it is no such value.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    // Whatever is no text has its error from the reader.
    std::str::from_utf8(text).map_or(Ok(()), refuse_repeated)?;
    serde_json::from_slice(text)
}

/// What is wrong with a name that two values of an object have.
pub(crate) fn repeated(name: &str) -> String {
    const SHOWN: usize = 60;
    let start: String = name.chars().take(SHOWN).collect();
    let dots = if start.len() < name.len() { "…" } else { "" };
    let name = start.escape_debug();
    format!("two values are called `{name}{dots}`; which one is meant cannot be told")
}

struct Unrepeated;

impl<'de> DeserializeSeed<'de> for Unrepeated {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unrepeated {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = entries.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(repeated(&name)));
            }
            names.insert(name);
            entries.next_value_seed(Self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn a_name_with_two_values_is_told_with_its_place() {
        let told = |text: &str| refuse_repeated(text).unwrap_err().to_string();
        assert_eq!(
            told(r#"{"a": {"b": 1, "b": 2}}"#),
            "two values are called `b`; which one is meant cannot be told at line 1 column 18"
        );
        assert_eq!(
            told("[1, {\"\\u0061\": null,\n \"a\": null}]"),
            "two values are called `a`; which one is meant cannot be told at line 2 column 4"
        );
        assert!(told(&format!("{{\"{0}\": 1, \"{0}\": 2}}", "x".repeat(5000))).len() < 300);
        assert!(told("{\"a\": 1}, 2").contains("trailing characters"));
        assert!(told(&"[".repeat(1_000_000)).contains("recursion limit"));
        let once = r#"{"a": [{"b": 1}, {"b": 2}], "c": -1.5e3, "d": [true, null, "e"]}"#;
        refuse_repeated(once).unwrap();
    }
}
