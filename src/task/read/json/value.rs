//! A JSON value in which no object has two values of one name, and which takes no more memory than there is.
//!
//! In memory a value takes up to a hundred times its bytes in the file.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::json::repeated;
use crate::task::read::room::Room;

/// Bytes of a value in a list, besides its texts.
const VALUE_BYTES: usize = size_of::<Value>();

/// Bytes of a name and its value in an object, besides their texts.
const ENTRY_BYTES: usize = size_of::<(String, Value)>();

/// The value that `content` is. `room` has what it needs, and all of it again afterwards.
pub(super) fn value(content: &[u8], room: &Room) -> Result<Value, ValueError> {
    let mut from = serde_json::Deserializer::from_slice(content);
    let room = room.for_a_while();
    let value = Seed(&room).deserialize(&mut from);
    let value = value.and_then(|value| from.end().map(|()| value));
    value.map_err(|error| match room.shortage() {
        Some(problem) => ValueError::Room(problem),
        None => ValueError::Json(error),
    })
}

/// Why there is no value.
pub(super) enum ValueError {
    /// It needs more memory than there is, in words.
    Room(String),
    /// It is no JSON, or an object has two values of one name.
    Json(serde_json::Error),
}

#[derive(Clone, Copy)]
struct Seed<'r>(&'r Room);

impl Seed<'_> {
    fn take<E: Error>(self, bytes: usize) -> Result<(), E> {
        self.0.take(bytes).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.take(value.len())?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            self.take(VALUE_BYTES)?;
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(repeated(&name)));
            }
            // Objects make room for a dozen entries with the first.
            let entries_bytes = match object.len() % 6 {
                0 => 6 * ENTRY_BYTES,
                _ => ENTRY_BYTES / 2,
            };
            self.take(entries_bytes + name.len())?;
            let value = entries.next_value_seed(self)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
