//! Owns finding values in a record that is a tree: by key, by JSONPath, and by the keys above it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::{Result, anyhow};
use serde_json::{Number, Value};
use serde_json_path::{JsonPath, PathElement};

use super::kind::{Slots, is_file_name};
use crate::domain::health::feed::{NEAREST_KEY, Step, has_root, quoted, steps, way};
use crate::feed::fields::quote;

/// The most compiled paths with a key in them that are kept.
const MOST_FILLED: usize = 10_000;

/// The places of records, their items and their values.
pub(super) struct Tree {
    /// The path followed while the input is read.
    pub(super) way: Vec<Step>,
    /// The path applied to each value at its end, and whether the value is first put into a list of its own.
    rest: Option<(bool, JsonPath)>,
    each: Option<Path>,
    wants: Vec<Want>,
    /// The required keys, if records are flat objects without further needs.
    flat: Option<Vec<String>>,
}

enum Path {
    Simple(Vec<Step>),
    Query(JsonPath),
}

enum Want {
    Key(String),
    Path {
        start: Start,
        path: Path,
    },
    /// A path that contains the nearest key; compiled for each key.
    Filled {
        start: Start,
        text: String,
        made: RefCell<HashMap<String, JsonPath>>,
    },
    NearestKey,
    FileName,
}

/// Where a path begins.
#[derive(Clone, Copy)]
enum Start {
    Record,
    Item,
    /// At the object that contains the item.
    Around,
}

/// One item, its record, and the nearest object and key above it.
#[derive(Clone, Copy)]
pub(super) struct Item<'r> {
    pub(super) record: &'r Value,
    pub(super) around: &'r Value,
    pub(super) item: &'r Value,
    pub(super) key: Option<&'r str>,
}

impl<'r> Item<'r> {
    fn at(self, start: Start) -> &'r Value {
        match start {
            Start::Record => self.record,
            Start::Item => self.item,
            Start::Around => self.around,
        }
    }

    /// The child of an item, with its key if it has one.
    fn down(self, to: &'r Value, key: Option<&'r str>) -> Self {
        let around = if self.item.is_object() { self.item } else { self.around };
        Self { around, item: to, key: key.or(self.key), ..self }
    }
}

impl Tree {
    /// Compiles the paths; in a document (`is_walked`), the records are found while it is read.
    pub(super) fn new(records: Option<&str>, each: Option<&str>, wants: &[String], is_walked: bool) -> Result<Self> {
        let records = records.unwrap_or("$");
        let (mut way, mut rest) = way(records).ok_or_else(|| anyhow!("{records}: not a JSONPath"))?;
        if !is_walked && !way.is_empty() {
            (way, rest) = (Vec::new(), &records[1..]);
        }
        // A filter is applied to each child separately, so that a list of any length can be read.
        let is_filter = rest.starts_with("[?") && !has_root(rest);
        if is_filter {
            way.push(Step::Each);
        }
        let rest = if rest.is_empty() { None } else { Some((is_filter, parse(&format!("${rest}"))?)) };
        let each = each.map(Path::new).transpose()?;
        let wants = wants.iter().map(|want| Want::new(want)).collect::<Result<Vec<_>>>()?;
        let key = |want: &Want| if let Want::Key(key) = want { Some(key.clone()) } else { None };
        let is_flat = rest.is_none() && each.is_none();
        let flat = if is_flat { wants.iter().map(key).collect() } else { None };
        Ok(Self { way, rest, each, wants, flat })
    }

    /// The required keys, if records are flat objects without further needs.
    pub(super) fn flat_keys(&self) -> Option<&[String]> {
        self.flat.as_deref()
    }

    /// Calls `take` for each item in the value at the end of the path, and with the reason for each record that lacks
    /// the place of its items; returns the number of calls.
    pub(super) fn items<E>(
        &self,
        value: Value,
        key: Option<&str>,
        mut take: impl FnMut(Result<Item<'_>, String>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let holder;
        let records: Vec<&Value> = match &self.rest {
            None => {
                holder = value;
                vec![&holder]
            }
            Some((is_filter, path)) => {
                holder = if *is_filter { Value::Array(vec![value]) } else { value };
                path.query(&holder).all()
            }
        };
        let mut count = 0;
        for record in records {
            let Some(each) = &self.each else {
                count += 1;
                take(Ok(Item { record, around: record, item: record, key }))?;
                continue;
            };
            let before = count;
            each.walk(Item { record, around: record, item: record, key }, &mut |item| {
                count += 1;
                take(Ok(item))
            })?;
            if count == before
                && let Some(way) = self.lacks_items(record)
            {
                count += 1;
                take(Err(format!("missing {way}")))?;
            }
        }
        Ok(count)
    }

    /// The path to the items of a record, if the record lacks the place of its items.
    fn lacks_items(&self, record: &Value) -> Option<String> {
        let Some(Path::Simple(steps)) = &self.each else { return None };
        let each = steps.iter().position(|step| *step == Step::Each)?;
        let before = &steps[..each];
        let mut is_there = false;
        let start = Item { record, around: record, item: record, key: None };
        let ended: Result<(), std::convert::Infallible> = walk(before, start, &mut |found| {
            is_there |= !found.item.is_null();
            Ok(())
        });
        let Ok(()) = ended;
        let name = |step: &Step| match step {
            Step::Name(name) => format!(".{name}"),
            Step::Index(index) => format!("[{index}]"),
            Step::Each => "[*]".to_owned(),
        };
        (!is_there).then(|| before.iter().fold("$".to_owned(), |way, step| way + &name(step)))
    }

    /// The required values of an item.
    ///
    /// # Errors
    /// When one of them is not a text.
    pub(super) fn slots<'r>(&self, item: Item<'r>, names: &[String], file: &'r str) -> Result<Slots<'r>, String> {
        let slot = |(want, name): (&Want, &String)| {
            let value = match want {
                Want::NearestKey => return Ok(item.key.map(|key| Cow::Borrowed(key.as_bytes()))),
                Want::FileName => return Ok(Some(Cow::Borrowed(file.as_bytes()))),
                other => other.find(item).map_err(|what| format!("{name} {what}"))?,
            };
            value.map_or(Ok(None), |value| text(value, name))
        };
        self.wants.iter().zip(names).map(slot).collect()
    }

    /// Whether a required value exists, even if null.
    pub(super) fn is_there(&self, slot: usize, item: Item<'_>) -> bool {
        match &self.wants[slot] {
            Want::NearestKey => item.key.is_some(),
            Want::FileName => true,
            want => want.find(item).is_ok_and(|found| found.is_some()),
        }
    }
}

impl Want {
    fn new(want: &str) -> Result<Self> {
        if is_file_name(want) {
            return Ok(Self::FileName);
        }
        if want == NEAREST_KEY {
            return Ok(Self::NearestKey);
        }
        let start = match want.chars().next() {
            Some('$') => Start::Record,
            Some('@') => Start::Item,
            Some('^') => Start::Around,
            _ => return Ok(Self::Key(want.to_owned())),
        };
        if want.contains(NEAREST_KEY) {
            let text = format!("${}", &want[1..]);
            return Ok(Self::Filled { start, text, made: RefCell::default() });
        }
        Ok(Self::Path { start, path: Path::new(want)? })
    }

    /// The single value, or why there is none, as it follows the name of the value.
    fn find<'r>(&self, item: Item<'r>) -> Result<Option<&'r Value>, String> {
        match self {
            Self::NearestKey | Self::FileName => Ok(None),
            Self::Key(key) => Ok(item.item.get(key)),
            Self::Path { start, path } => path.find(item.at(*start)),
            Self::Filled { start, text, made } => {
                let Some(key) = item.key else { return Ok(None) };
                let mut made = made.borrow_mut();
                if made.len() >= MOST_FILLED {
                    made.clear();
                }
                let path = match made.entry(key.to_owned()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(filled(text, key)?),
                };
                one(&path.query(item.at(*start)).all())
            }
        }
    }
}

impl Path {
    fn new(path: &str) -> Result<Self> {
        match steps(path) {
            Some((steps, "")) => Ok(Self::Simple(steps)),
            _ => Ok(Self::Query(parse(&format!("${}", &path[1..]))?)),
        }
    }

    fn find<'r>(&self, from: &'r Value) -> Result<Option<&'r Value>, String> {
        match self {
            Self::Simple(steps) if !steps.contains(&Step::Each) => {
                let step = |value: &'r Value, step: &Step| match step {
                    Step::Name(name) => value.get(name),
                    Step::Index(index) => value.get(index),
                    Step::Each => None,
                };
                Ok(steps.iter().try_fold(from, step))
            }
            Self::Simple(steps) => {
                let mut found = Vec::new();
                let item = Item { record: from, around: from, item: from, key: None };
                let ended: Result<(), std::convert::Infallible> = walk(steps, item, &mut |item| {
                    found.push(item.item);
                    Ok(())
                });
                let Ok(()) = ended;
                one(&found)
            }
            Self::Query(path) => one(&path.query(from).all()),
        }
    }

    fn walk<'r, E>(&self, from: Item<'r>, take: &mut impl FnMut(Item<'r>) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Simple(steps) => walk(steps, from, take),
            Self::Query(path) => path.query_located(from.item).into_iter().try_for_each(|found| {
                let down = |item: Item<'r>, element: &PathElement<'r>| match element {
                    PathElement::Name(name) => item.item.get(*name).map_or(item, |to| item.down(to, Some(name))),
                    PathElement::Index(index) => item.item.get(*index).map_or(item, |to| item.down(to, None)),
                };
                take(found.location().iter().fold(from, down))
            }),
        }
    }
}

fn walk<'r, E>(steps: &[Step], from: Item<'r>, take: &mut impl FnMut(Item<'r>) -> Result<(), E>) -> Result<(), E> {
    let Some((step, rest)) = steps.split_first() else { return take(from) };
    match (step, from.item) {
        (Step::Name(name), Value::Object(fields)) => {
            fields.get_key_value(name).map_or(Ok(()), |(key, value)| walk(rest, from.down(value, Some(key)), take))
        }
        (Step::Index(index), Value::Array(items)) => {
            items.get(*index).map_or(Ok(()), |item| walk(rest, from.down(item, None), take))
        }
        (Step::Each, Value::Array(items)) => items.iter().try_for_each(|item| walk(rest, from.down(item, None), take)),
        (Step::Each, Value::Object(fields)) => {
            fields.iter().try_for_each(|(key, value)| walk(rest, from.down(value, Some(key)), take))
        }
        _ => Ok(()),
    }
}

fn one<'r>(found: &[&'r Value]) -> Result<Option<&'r Value>, String> {
    match found {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        several => Err(format!("leads to {} values; one is needed", several.len())),
    }
}

fn parse(path: &str) -> Result<JsonPath> {
    JsonPath::parse(path).map_err(|error| anyhow!("{path}: {error}"))
}

/// A path with this key in place of `#key`: in quotes as a string, elsewhere as a number.
fn filled(path: &str, key: &str) -> Result<JsonPath, String> {
    let (mut text, mut end) = (String::new(), 0);
    for (at, _, around) in quoted(path).filter(|(at, ..)| path[*at..].starts_with(NEAREST_KEY)) {
        text.push_str(&path[end..at]);
        end = at + NEAREST_KEY.len();
        match around {
            Some(mark) => escape(key, mark, &mut text),
            None if key.parse::<Number>().is_ok() => text.push_str(key),
            None => {
                let key = quote(key.as_bytes());
                return Err(format!(
                    "needs a number in place of {NEAREST_KEY}, not {key}; write '{NEAREST_KEY}' in quotes"
                ));
            }
        }
    }
    text.push_str(&path[end..]);
    JsonPath::parse(&text).map_err(|_| format!("is not a JSONPath with the key {}", quote(key.as_bytes())))
}

/// Adds a key to a string in these quotation marks.
fn escape(key: &str, mark: char, into: &mut String) {
    for c in key.chars() {
        match c {
            '\\' => into.push_str("\\\\"),
            c if c == mark => into.extend(['\\', c]),
            c if c.is_ascii_control() => into.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => into.push(c),
        }
    }
}

/// A value as a text; `None` for null.
fn text<'r>(value: &'r Value, name: &str) -> Result<Option<Cow<'r, [u8]>>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(Cow::Borrowed(text.as_bytes()))),
        Value::Bool(_) | Value::Number(_) => Ok(Some(Cow::Owned(value.to_string().into_bytes()))),
        Value::Array(_) => Err(format!("{name} is a list; write a path to one of its items, or each")),
        Value::Object(_) => Err(format!("{name} is a mapping; write a path to one of its values")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_put_into_a_path_as_the_string_or_number_that_it_is() {
        let keys = ["web", "it's", "\"", "a\\'b\"", "\n\u{1}", "$.x", "']['a", "#key", "é"];
        for key in keys {
            let record = serde_json::json!({"names": {key: [{"id": key, "n": 1}]}});
            for path in ["$.names['#key'][0].n", "$.names[\"#key\"][?@.id == '#key'].n"] {
                let found = filled(path, key).unwrap();
                assert_eq!(one(&found.query(&record).all()), Ok(Some(&Value::from(1))), "{path} {key}");
            }
        }
        let list = serde_json::json!([{"id": 7}, {"id": 1.5}]);
        assert_eq!(filled("$[#key].id", "1").unwrap().query(&list).all(), [&Value::from(1.5)]);
        assert_eq!(filled("$[?@.id == #key]", "7").unwrap().query(&list).all().len(), 1);
        for (key, told) in [
            ("x", "needs a number in place of #key, not \"x\"; write '#key' in quotes"),
            ("*", "needs a number in place of #key, not \"*\"; write '#key' in quotes"),
            ("1.5", "is not a JSONPath with the key \"1.5\""),
        ] {
            assert_eq!(filled("$[#key].id", key).unwrap_err(), told);
        }
    }
}
