//! Owns finding the records of a tree, their items, and the values of each.

use serde_json::{Map, Value};

use super::{LONGEST_SAMPLE, MOST_RECORDS, MOST_VALUES, Values, spelling};
use crate::domain::health::feed::NEAREST_KEY;
use crate::domain::health::feed::foreign::meant;

/// The deepest nesting at which records, and items of a record, are searched.
const DEEPEST: usize = 4;

/// Where records are, and the values of each, or of each of their items.
pub(super) struct Found {
    pub(super) records: String,
    pub(super) each: Option<String>,
    pub(super) all: Vec<Values>,
}

/// The records of a tree: those of the first group that has times, also beside it, or else of the first group.
pub(super) fn records(tree: &Value) -> Option<Found> {
    let mut groups = Vec::new();
    group(tree, "$", 0, &mut groups);
    let found = groups.into_iter().map(|(records, all)| {
        let (each, all) = items(&all);
        Found { records, each, all }
    });
    let mut found: Vec<Found> = found.collect();
    if let Some(timed) = found.iter().position(|found| found.all.iter().any(has_time)) {
        return Some(found.swap_remove(timed));
    }
    let (each, all) = items(&[Placed { key: None, value: tree }]);
    // The tree may be a record itself, alone or with items.
    if all.iter().any(has_time) && (each.is_some() || found.is_empty()) {
        return Some(Found { records: "$".to_owned(), each, all });
    }
    found.into_iter().next()
}

/// The path of the items of these records, if they say what the records do not, and the values of each.
pub(super) fn items(records: &[Placed<'_>]) -> (Option<String>, Vec<Values>) {
    let own: Vec<Values> = records.iter().take(MOST_RECORDS).map(values).collect();
    let lists: Vec<_> = records.iter().take(MOST_RECORDS).map(|record| inner(record.value, "$", 0)).collect();
    let Some(path) = lists.iter().flatten().map(|(path, _)| path.clone()).next() else { return (None, own) };
    let list = path.strip_suffix(".*[*]").or_else(|| path.strip_suffix("[*]")).unwrap_or(&path);
    let is_within = |name: &str| name.strip_prefix(list).is_some_and(|rest| rest.starts_with(['.', '[']));
    let mut all: Vec<Values> = Vec::new();
    for (items, own) in lists.iter().zip(&own) {
        let Some((_, items)) = items.as_ref().filter(|(other, _)| *other == path) else { continue };
        let of_record: Values = own
            .iter()
            .map(|(name, value)| (if is_plain(name) { format!("$.{name}") } else { name.clone() }, value.clone()))
            .filter(|(name, _)| !is_within(name) && !name.contains('[') && name != NEAREST_KEY)
            .collect();
        let of_item = |item: &Placed<'_>| {
            let at_item = |(name, value): (String, String)| (name.replacen("$.", "@.", 1), value);
            values(item).into_iter().map(at_item).collect::<Values>()
        };
        all.extend(items.iter().map(|item| [of_item(item), of_record.clone()].concat()));
        if all.len() >= MOST_RECORDS {
            break;
        }
    }
    all.truncate(MOST_RECORDS);
    let adds = |has: fn(&Values) -> bool| {
        let lacks = |values: &Values| !has(&values.iter().filter(|(name, _)| !name.contains('[')).cloned().collect());
        own.iter().all(lacks) && all.iter().any(has)
    };
    if adds(has_time) || adds(has_status) { (Some(path), all) } else { (None, own) }
}

/// A record or an item, below a key that names it, if any.
pub(super) struct Placed<'v> {
    pub(super) key: Option<&'v str>,
    pub(super) value: &'v Value,
}

/// The groups of records in a tree, in order, and their paths: lists of objects, and objects, or lists of them, by name.
fn group<'v>(value: &'v Value, path: &str, depth: usize, found: &mut Vec<(String, Vec<Placed<'v>>)>) {
    match value {
        Value::Array(items) if items.first().is_some_and(Value::is_object) => {
            found.push((format!("{path}[*]"), unnamed(items)));
        }
        Value::Object(fields) if depth < DEEPEST => match by_name(fields, path) {
            Some(named) => found.push(named),
            None => {
                fields.iter().for_each(|(key, inner)| group(inner, &format!("{path}{}", step(key)), depth + 1, found));
            }
        },
        _ => {}
    }
}

/// Lists of items under several names, or objects with plain values, if all of them look the same.
fn by_name<'v>(fields: &'v Map<String, Value>, path: &str) -> Option<(String, Vec<Placed<'v>>)> {
    if fields.len() < 2 {
        return None;
    }
    let lists: Vec<(&str, &[Value])> =
        fields.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_array()?.as_slice()))).collect();
    if lists.len() == fields.len() {
        let firsts: Vec<&Value> = lists.iter().filter_map(|(_, items)| items.first()).collect();
        let objects: Option<Vec<&Map<String, Value>>> = firsts.iter().map(|first| first.as_object()).collect();
        let are_lists = !firsts.is_empty() && firsts.iter().all(|first| first.is_array());
        if !are_lists && !are_alike(&objects?) {
            return None;
        }
        let named = |(key, items): &(&'v str, &'v [Value])| {
            let key = *key;
            items.iter().map(move |value| Placed { key: Some(key), value })
        };
        return Some((format!("{path}.*[*]"), lists.iter().flat_map(named).collect()));
    }
    let objects: Vec<&Map<String, Value>> = fields.values().map(Value::as_object).collect::<Option<_>>()?;
    let is_record = |fields: &&Map<String, Value>| fields.values().any(|it| !it.is_object() && !it.is_array());
    if !are_alike(&objects) || !objects.iter().all(is_record) {
        return None;
    }
    let placed = fields.iter().map(|(key, value)| Placed { key: Some(key), value });
    Some((format!("{path}.*"), placed.collect()))
}

/// Whether each of them has at least half of its keys from the first one.
fn are_alike(objects: &[&Map<String, Value>]) -> bool {
    let Some(first) = objects.first() else { return false };
    objects.iter().all(|other| {
        let shared = other.keys().filter(|key| first.contains_key(*key)).count();
        shared > 0 && shared * 2 >= other.len().max(first.len())
    })
}

/// The first list of objects, or of lists, inside a record, and its path.
fn inner<'v>(value: &'v Value, path: &str, depth: usize) -> Option<(String, Vec<Placed<'v>>)> {
    let Value::Object(fields) = value else { return None };
    let named = if depth > 0 { by_name(fields, path) } else { None };
    named.or_else(|| {
        fields.iter().find_map(|(key, value)| {
            let path = format!("{path}{}", step(key));
            match value {
                Value::Array(items) => {
                    let is_item = |first: &&Value| first.is_object() || first.is_array();
                    items.first().filter(is_item).map(|_| (format!("{path}[*]"), unnamed(items)))
                }
                _ if depth < DEEPEST => inner(value, &path, depth + 1),
                _ => None,
            }
        })
    })
}

pub(super) fn unnamed(items: &[Value]) -> Vec<Placed<'_>> {
    items.iter().map(|value| Placed { key: None, value }).collect()
}

fn has_time(values: &Values) -> bool {
    values.iter().any(|(_, value)| spelling(std::slice::from_ref(value)).is_some())
}

fn has_status(values: &Values) -> bool {
    values.iter().any(|(_, value)| meant(value).is_some() || matches!(value.as_str(), "true" | "false"))
}

fn step(key: &str) -> String {
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && !key.is_empty();
    if is_plain { format!(".{key}") } else { format!("['{}']", key.replace('\'', "\\'")) }
}

/// The values of a record or an item, with its key.
fn values(of: &Placed<'_>) -> Values {
    let key = of.key.map(|key| (NEAREST_KEY.to_owned(), key.to_owned()));
    key.into_iter().chain(named(of.value)).collect()
}

/// The values of a record, nested ones by path.
pub(super) fn named(record: &Value) -> Values {
    let mut found = Vec::new();
    // A list has no keys that could be names.
    gather(record, if record.is_array() { "@" } else { "$" }, &mut found);
    found.truncate(MOST_VALUES);
    let plain = |name: &str| name.strip_prefix("$.").filter(|rest| is_plain(rest)).map(str::to_owned);
    found.into_iter().map(|(name, value)| (plain(&name).unwrap_or(name), value)).collect()
}

fn is_plain(name: &str) -> bool {
    !name.contains(['.', '[', '#'])
}

fn gather(value: &Value, path: &str, found: &mut Values) {
    if found.len() >= MOST_VALUES {
        return;
    }
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, inner)| gather(inner, &(path.to_owned() + &step(key)), found));
        }
        Value::Array(items) => {
            let is_sample = items.len() <= LONGEST_SAMPLE && !items.iter().any(|it| it.is_object() || it.is_array());
            let most = if is_sample { items.len() } else { 1 };
            let items = items.iter().take(most).enumerate();
            items.for_each(|(index, inner)| gather(inner, &format!("{path}[{index}]"), found));
        }
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        other => found.push((path.to_owned(), other.to_string())),
    }
}

/// The beginning of a JSON document up to its last whole item, closed.
pub(super) fn closed(text: &str) -> Option<String> {
    let (mut open, mut whole) = (Vec::new(), None);
    let (mut in_string, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => open.push('}'),
            b'[' => open.push(']'),
            b'}' | b']' => {
                open.pop()?;
                whole = Some((at + 1, open.len()));
            }
            b',' if open.last() == Some(&']') => whole = Some((at, open.len())),
            _ => {}
        }
    }
    let (end, depth) = whole?;
    Some(text[..end].chars().chain(open[..depth].iter().rev().copied()).collect())
}
