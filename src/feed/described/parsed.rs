//! Owns parsing a record as a tree; a key that the feed uses may not be written twice in one object.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::{Entry, Map};
use serde_json::{Number, Value};

/// Parses a record; `used` are the names and paths of the feed, in any order.
///
/// # Errors
/// When it is not JSON, or a key that is used is written twice.
pub(super) fn parse(raw: &[u8], used: &str) -> serde_json::Result<Value> {
    let mut parser = serde_json::Deserializer::from_slice(raw);
    let value = Seed(used).deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

/// Reads any value.
#[derive(Clone, Copy)]
struct Seed<'u>(&'u str);

impl Seed<'_> {
    /// Whether a key is in a name or a path of the feed, as a whole word.
    fn uses(self, key: &str) -> bool {
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !key.is_empty()
            && self.0.match_indices(key).any(|(at, found)| {
                let (before, behind) = (&self.0[..at], &self.0[at + found.len()..]);
                !is_word(before.chars().next_back()) && !is_word(behind.chars().next())
            })
    }
}

impl<'r> DeserializeSeed<'r> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'r> Visitor<'r> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'r>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'r>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let value = object.next_value_seed(self)?;
            match fields.entry(key) {
                Entry::Vacant(new) => {
                    new.insert(value);
                }
                Entry::Occupied(known) if self.uses(known.key()) => {
                    return Err(A::Error::custom(format!("{} is given twice", known.key())));
                }
                Entry::Occupied(mut known) => {
                    known.insert(value);
                }
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_the_feed_uses_is_refused_if_it_is_written_twice() {
        let parse = |text: &str| parse(text.as_bytes(), "st\n$.a['b c'][*]").map_err(|error| error.to_string());
        for text in ["{\"x\":1,\"x\":2}", "{\"s\":1,\"s\":1}", "[{\"st\":1},{\"st\":2}]", "{\"\":1,\"\":2}"] {
            assert_eq!(parse(text), Ok(serde_json::from_str(text).unwrap()), "{text}");
        }
        for (text, key) in [
            ("{\"st\":1,\"st\":2}", "st"),
            ("{\"a\":{\"b c\":[],\"b c\":[]}}", "b c"),
            ("{\"st\":1,\"x\":0,\"s\\u0074\":1}", "st"),
        ] {
            assert!(parse(text).unwrap_err().starts_with(&format!("{key} is given twice")), "{text}");
        }
    }

    proptest::proptest! {
        /// Without such keys, the value is that of any parser.
        #[test]
        fn other_records_are_parsed_as_always(text in "[\\[\\]{}\",:1ae.\\- \\\\]{0,40}") {
            let expected = serde_json::from_str::<Value>(&text).map_err(drop);
            proptest::prop_assert_eq!(parse(text.as_bytes(), "").map_err(drop), expected);
        }
    }
}
