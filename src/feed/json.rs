//! Owns JSON Lines: a fast scan of flat objects without escapes, and a strict parser for everything else.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::fields::{Field, Fields, Value, excerpt, quote};

/// Reads a flat object of known fields whose strings have no escapes; `false` for anything else, which may be valid.
pub(super) fn scan<'v>(line: &'v [u8], fields: &mut Fields<'v>) -> bool {
    scan_object(line, fields).is_some()
}

fn scan_object<'v>(line: &'v [u8], fields: &mut Fields<'v>) -> Option<()> {
    let mut rest = skip(line).strip_prefix(b"{")?;
    loop {
        let (key, after) = scan_string(skip(rest))?;
        rest = skip(skip(after).strip_prefix(b":")?);
        let field = Field::named(key)?;
        let value = if rest.first() == Some(&b'"') {
            let (text, after) = scan_string(rest)?;
            rest = after;
            Value::Text(Cow::Borrowed(text))
        } else {
            let (number, after) = scan_integer(rest)?;
            rest = after;
            Value::Bare(Cow::Borrowed(number))
        };
        if field == Field::Note || !fields.set(field, Some(value)) {
            return None;
        }
        rest = skip(rest);
        match rest.split_first()? {
            (b',', after) => rest = after,
            (b'}', after) => return skip(after).is_empty().then_some(()),
            _ => return None,
        }
    }
}

fn skip(text: &[u8]) -> &[u8] {
    let blank = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    &text[blank..]
}

/// A string of printable ASCII without quote or backslash, and the rest.
fn scan_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    let length = plain(text);
    (*text.get(length)? == b'"').then(|| (&text[..length], &text[length + 1..]))
}

/// The number of bytes before the first quote, backslash or byte that is not printable ASCII.
fn plain(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let mut done = 0;
    // Eight bytes at once. A byte that borrows from or carries into the next ones ends the text itself.
    while let Some(eight) = text[done..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let below = |limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
        let is = |byte: u8| {
            let other = word ^ (ONES * u64::from(byte));
            other.wrapping_sub(ONES) & !other
        };
        let ends = (below(b' ') | is(b'"') | is(b'\\') | word.wrapping_add(ONES) | word) & HIGHS;
        if ends != 0 {
            return done + (ends.trailing_zeros() / 8) as usize;
        }
        done += 8;
    }
    let ends = |byte: &u8| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\');
    text[done..].iter().position(ends).map_or(text.len(), |more| done + more)
}

/// An integer without sign or leading zero, and the rest.
fn scan_integer(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let plain = length > 0 && (text[0] != b'0' || length == 1) && length < 16;
    let ends = matches!(text.get(length), Some(b',' | b'}' | b' ' | b'\t'));
    (plain && ends).then(|| text.split_at(length))
}

/// The content of a line that is one JSON string, or one quoted CSV field, and contains an object; `None` for any other
/// line.
pub(super) fn unquoted(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    let inner = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if !inner.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    if let Ok(text) = serde_json::from_slice::<String>(line) {
        return Some(text.into_bytes());
    }
    let text = std::str::from_utf8(inner).ok()?.replace("\"\"", "\"");
    serde_json::from_str::<IgnoredAny>(&text).is_ok().then(|| text.into_bytes())
}

/// Whether a line is the beginning of a JSON value that continues after it.
pub(super) fn goes_on(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_err_and(|error| error.is_eof())
}

/// A JSON value on one line: line ends between its tokens are left out, with the indentation after them. Anything else
/// stays as it is.
pub(super) fn on_one_line(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'\n') || !is_whole(raw) {
        return Cow::Borrowed(raw);
    }
    // No string of a valid value contains a line end.
    let lines = raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    Cow::Owned(lines.collect::<Vec<_>>().concat())
}

/// Whether a line is a JSON value.
pub(super) fn is_whole(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// Reads any JSON object strictly; names of unknown fields are passed to `ignored`.
///
/// # Errors
/// With the reason when the line is invalid.
pub(super) fn parse(line: &[u8], fields: &mut Fields<'_>, ignored: &mut impl FnMut(&str)) -> Result<(), String> {
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("not UTF-8 from byte {} on: {}", error.valid_up_to() + 1, quote(line)))?;
    let start = text.trim_start();
    if !start.starts_with('{') {
        return Err(format!("not a JSON object: {}", excerpt(start.as_bytes())));
    }
    let mut parser = serde_json::Deserializer::from_str(text);
    let seed = ObjectSeed { fields, ignored };
    seed.deserialize(&mut parser).and_then(|()| parser.end()).map_err(|error| explain(&error))
}

/// What is wrong with the JSON of a record.
pub(super) fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // Within one line, only the column is useful.
    let text = text.replace(" at line 1 column ", " at column ");
    let text = text.strip_suffix(" at line 0 column 0").unwrap_or(&text);
    match error.classify() {
        Category::Eof => {
            let place = text.find(" at ").map_or("", |at| &text[at..]);
            format!("invalid JSON: not closed{place}")
        }
        Category::Syntax => format!("invalid JSON: {text}"),
        Category::Data | Category::Io => text.to_owned(),
    }
}

/// Why a list or an object is not the value of a field.
pub(super) fn unsuitable<E: Error>(field: &str, found: &str) -> E {
    E::custom(format!("{field} must be a string or a number, not {found}"))
}

struct ObjectSeed<'f, 'v, I> {
    fields: &'f mut Fields<'v>,
    ignored: &'f mut I,
}

impl<'de, I: FnMut(&str)> DeserializeSeed<'de> for ObjectSeed<'_, '_, I> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, I: FnMut(&str)> Visitor<'de> for ObjectSeed<'_, '_, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let Some(field) = Field::named(key.as_bytes()) else {
                map.next_value::<IgnoredAny>()?;
                (self.ignored)(&key);
                continue;
            };
            let value = map.next_value_seed(ScalarSeed(field))?;
            if !self.fields.set(field, value) {
                let name = field.as_str();
                let again = if key == name { String::new() } else { format!(" (`{key}` is another name for it)") };
                return Err(A::Error::custom(format!("{name} is given twice{again}")));
            }
        }
        Ok(())
    }
}

/// Reads a string, number, boolean or null.
struct ScalarSeed(Field);

impl<'de> DeserializeSeed<'de> for ScalarSeed {
    type Value = Option<Value<'static>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn bare(value: &impl ToString) -> Value<'static> {
    Value::Bare(Cow::Owned(value.to_string().into_bytes()))
}

impl<'de> Visitor<'de> for ScalarSeed {
    type Value = Option<Value<'static>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Value::Text(Cow::Owned(text.as_bytes().to_vec()))))
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
        // The shortest text that reads back as the same number; a number of seconds keeps its milliseconds.
        Ok(Some(bare(&value)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(unsuitable(self.0.as_str(), "a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(unsuitable(self.0.as_str(), "an object"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_over_several_lines_is_put_on_one() {
        for (raw, expected) in [
            ("{\"a\": 1}", "{\"a\": 1}"),
            ("{\r\n  \"a b\": [\r\n\t1,\r\n\t2\r\n  ]\r\n}", "{\"a b\": [1,2]}"),
            ("{\"a\": \"x\\n  y\",\n \"b\": null}", "{\"a\": \"x\\n  y\",\"b\": null}"),
            ("{\"a\": \"x\n  y\"}", "{\"a\": \"x\n  y\"}"),
            ("{\n", "{\n"),
        ] {
            assert_eq!(on_one_line(raw.as_bytes()), raw_of(expected), "{raw}");
        }
    }

    fn raw_of(text: &str) -> Cow<'_, [u8]> {
        Cow::Borrowed(text.as_bytes())
    }

    proptest! {
        #[test]
        fn texts_end_at_the_first_byte_that_is_not_plain(
            text in prop::collection::vec(prop_oneof![4 => b' '..=b'~', 1 => any::<u8>(), 1 => Just(b'"'), 1 => Just(0x7f)], 0..40)
        ) {
            let expected = text.iter().position(|byte| !matches!(byte, b' '..=b'~') || b"\"\\".contains(byte));
            prop_assert_eq!(plain(&text), expected.unwrap_or(text.len()));
        }
    }
}
