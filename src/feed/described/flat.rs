//! Owns reading requested keys of a flat JSON object directly from its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::kind::Slots;
use crate::feed::fields::excerpt;
use crate::feed::json::{explain, unsuitable};

/// The values under these keys, in their order.
///
/// # Errors
/// With the reason when the text is not a flat object, or one of these keys is in it twice.
pub(super) fn read<'r>(raw: &'r [u8], keys: &[String]) -> Result<Slots<'r>, String> {
    let mut slots: Slots<'r> = vec![None; keys.len()];
    let mut parser = serde_json::Deserializer::from_slice(raw);
    let seed = Seed { keys, slots: &mut slots };
    seed.deserialize(&mut parser).and_then(|()| parser.end()).map_err(|error| {
        // A record may also be any other value.
        let is_object = raw.trim_ascii_start().starts_with(b"{");
        if is_object || !error.is_data() { explain(&error) } else { format!("not a JSON object: {}", excerpt(raw)) }
    })?;
    Ok(slots)
}

struct Seed<'s, 'r> {
    keys: &'s [String],
    slots: &'s mut Slots<'r>,
}

impl<'r> DeserializeSeed<'r> for Seed<'_, 'r> {
    type Value = ();

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'r> Visitor<'r> for Seed<'_, 'r> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = vec![false; self.keys.len()];
        while let Some(slot) = map.next_key_seed(KeySeed(self.keys))? {
            match slot {
                Some(slot) if std::mem::replace(&mut seen[slot], true) => {
                    return Err(A::Error::custom(format!("{} is given twice", self.keys[slot])));
                }
                Some(slot) => self.slots[slot] = map.next_value_seed(ValueSeed(&self.keys[slot]))?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The index of a key among the requested ones.
struct KeySeed<'s>(&'s [String]);

impl<'r> DeserializeSeed<'r> for KeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|key| key == text))
    }
}

struct ValueSeed<'k>(&'k str);

impl<'r> DeserializeSeed<'r> for ValueSeed<'_> {
    type Value = Option<Cow<'r, [u8]>>;

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn bare<'r>(value: &impl ToString) -> Cow<'r, [u8]> {
    Cow::Owned(value.to_string().into_bytes())
}

impl<'r> Visitor<'r> for ValueSeed<'_> {
    type Value = Option<Cow<'r, [u8]>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'r str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text.as_bytes())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.as_bytes().to_vec())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(bare(&value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(bare(&value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(bare(&value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        // Formatted as in a tree, so that both ways of reading agree.
        Ok(serde_json::Number::from_f64(value).map(|number| bare(&number)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'r>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(unsuitable(self.0, "a list"))
    }

    fn visit_map<A: MapAccess<'r>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(unsuitable(self.0, "an object"))
    }
}
