//! Owns a look at records that nobody has described: where they are, and what values the first one has.

use std::io::Read;

use serde_json::Value;

use super::text::Text;
use crate::domain::health::feed::Format;
use crate::feed::csv::Cutter;
use crate::feed::input::Input;
use crate::feed::records::without_return;

/// The deepest list of records that is looked for.
const DEEPEST: usize = 4;
/// The most values that are listed.
const MOST_VALUES: usize = 60;
/// The most characters of a value that are shown.
const SHOWN: usize = 60;

/// What records look like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sight {
    pub(crate) format: Format,
    /// Where the records are, of a tree.
    pub(crate) records: Option<String>,
    /// Names as fields may be called, each with its value in the first record.
    pub(crate) values: Vec<(String, String)>,
}

/// Looks at the beginning of an input.
pub(crate) fn look(beginning: &[u8]) -> Option<Sight> {
    let text = String::from_utf8_lossy(beginning);
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(['{', '[']) {
        return tree(start).or_else(|| lines(start));
    }
    table(start.as_bytes()).or_else(|| yaml(start)).or_else(|| lines(start))
}

fn tree(text: &str) -> Option<Sight> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if let Some(Ok(first)) = values.next() {
        let one_a_line = text.lines().next().is_some_and(|line| serde_json::from_str::<Value>(line).is_ok());
        if first.is_object() && one_a_line && matches!(values.next(), Some(Ok(Value::Object(_)))) {
            return Some(Sight { format: Format::Jsonl, records: None, values: named(&first) });
        }
        let (path, record) = list(&first, "$", 0)?;
        return Some(Sight { format: Format::Json, records: Some(path), values: named(record) });
    }
    // Only its beginning is there: the first object of the first list is a record.
    let at = text.find('[')?;
    let begins = at + text[at..].find('{')?;
    let record = serde_json::Deserializer::from_str(&text[begins..]).into_iter::<Value>().next()?.ok()?;
    let path = if at == 0 { "$[*]".to_owned() } else { format!("$.{}[*]", key_before(&text[..at])?) };
    Some(Sight { format: Format::Json, records: Some(path), values: named(&record) })
}

/// A list of mappings, or a mapping that has one.
fn yaml(text: &str) -> Option<Sight> {
    let mut json = Vec::new();
    // What was read before a fault, or before the beginning ends, is there.
    drop(Text::new(Input::new(text.as_bytes()), Format::Yaml).read_to_end(&mut json));
    let sight = tree(std::str::from_utf8(&json).ok()?.trim_start())?;
    Some(Sight { format: Format::Yaml, records: sight.records.or_else(|| Some("$".to_owned())), ..sight })
}

fn key_before(text: &str) -> Option<&str> {
    text.trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?.rsplit('"').next()
}

/// The first list of objects in a tree, and its first item.
fn list<'v>(value: &'v Value, path: &str, depth: usize) -> Option<(String, &'v Value)> {
    match value {
        Value::Array(items) => {
            items.first().filter(|first| first.is_object()).map(|first| (format!("{path}[*]"), first))
        }
        Value::Object(fields) if depth < DEEPEST => {
            fields.iter().find_map(|(key, inner)| list(inner, &format!("{path}{}", step(key)), depth + 1))
        }
        _ => None,
    }
}

fn step(key: &str) -> String {
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && !key.is_empty();
    if is_plain { format!(".{key}") } else { format!("['{}']", key.replace('\'', "\\'")) }
}

/// The values of a record, deeper ones by their path.
fn named(record: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    gather(record, "$", &mut found);
    found.truncate(MOST_VALUES);
    let plain = |name: &str| name.strip_prefix("$.").filter(|rest| !rest.contains(['.', '[', '#'])).map(str::to_owned);
    found.into_iter().map(|(name, value)| (plain(&name).unwrap_or(name), value)).collect()
}

fn gather(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    if found.len() >= MOST_VALUES {
        return;
    }
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, inner)| gather(inner, &(path.to_owned() + &step(key)), found));
        }
        Value::Array(items) => items.iter().take(1).for_each(|inner| gather(inner, &format!("{path}[0]"), found)),
        Value::String(text) => found.push((path.to_owned(), cut(text))),
        other => found.push((path.to_owned(), other.to_string())),
    }
}

fn table(text: &[u8]) -> Option<Sight> {
    let mut lines = text.split(|byte| *byte == b'\n').map(without_return).filter(|line| !line.is_empty());
    let header = lines.next()?;
    let first = lines.next()?;
    let cutters = [b',', b';', b'\t'].map(Cutter::new);
    let (count, mut cutter) =
        cutters.into_iter().map(|mut cutter| (cutter.cut(header), cutter)).max_by_key(|(count, _)| *count)?;
    let texts = |cutter: &Cutter, count: usize| -> Vec<String> {
        (0..count).map(|index| String::from_utf8_lossy(cutter.field(index)).trim().to_owned()).collect()
    };
    let titles = texts(&cutter, count);
    let is_title = |title: &String| !title.is_empty() && title.parse::<f64>().is_err();
    if count < 2 || !titles.iter().all(is_title) || cutter.cut(first) != count {
        return None;
    }
    let values = texts(&cutter, count).iter().map(|value| cut(value)).collect::<Vec<_>>();
    Some(Sight { format: Format::Csv, records: None, values: titles.into_iter().zip(values).collect() })
}

/// Lines of text; the first one is all there is to show.
fn lines(text: &str) -> Option<Sight> {
    let first = text.lines().next().filter(|line| !line.contains('\0'))?;
    Some(Sight { format: Format::Text, records: None, values: vec![("line".to_owned(), cut(first))] })
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Option<(Format, String, Vec<String>)> {
        let sight = look(text.as_bytes())?;
        let values = sight.values.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some((sight.format, sight.records.unwrap_or_default(), values))
    }

    #[test]
    fn records_are_found_with_their_values() {
        for (text, format, records, values) in [
            ("a;b c\n1;x\n", Format::Csv, "", &["a=1", "b c=x"][..]),
            ("{\"a\":1}\n{\"a\":2}\n", Format::Jsonl, "", &["a=1"]),
            ("[{\"a\":{\"b c\":[{\"d\":null}]}}]", Format::Json, "$[*]", &["$.a['b c'][0].d=null"]),
            ("{\"n\":1,\"data\":{\"rows\":[{\"a\":\"x\"}]}}", Format::Json, "$.data.rows[*]", &["a=x"]),
            ("{\"rows\":[{\"a\":\"x\"},{\"a\":", Format::Json, "$.rows[*]", &["a=x"]),
            ("incidents:\n- a: x\n  b: [1]\n- a:", Format::Yaml, "$.incidents[*]", &["a=x", "$.b[0]=1"]),
            ("- a: 1\n", Format::Yaml, "$[*]", &["a=1"]),
            ("2026-11-20 web is down\n", Format::Text, "", &["line=2026-11-20 web is down"]),
        ] {
            let values = values.iter().map(|&value| value.to_owned()).collect();
            assert_eq!(seen(text), Some((format, records.to_owned(), values)), "{text}");
        }
        assert_eq!(seen(""), None);
        assert_eq!(seen("\0\0"), None);
    }
}
