//! Owns reading the origin of a field's value.

use regex::Regex;
use serde_json_path::JsonPath;

use super::shapes::ORIGIN_SHAPE;
use crate::domain::health::feed::{FILE_NAME, Field as Of, Format, From, NEAREST_KEY, Origin, Piece, pieces};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;
use crate::manifest::yaml::tree::Value;

/// The possible origins of a value; the first one present counts.
pub(super) fn read(field: &Field<'_>, of: Of, format: Option<Format>, report: &mut Report) -> Vec<Origin> {
    match &field.node.value {
        Value::List(items) => {
            if items.is_empty() {
                report.error(field.at, format!("{} is empty", field.path), "write where the value comes from");
            }
            field.items(report).iter().filter_map(|item| read_one(item, of, format, report)).collect()
        }
        _ => read_one(field, of, format, report).into_iter().collect(),
    }
}

fn read_one(field: &Field<'_>, of: Of, format: Option<Format>, report: &mut Report) -> Option<Origin> {
    if !matches!(&field.node.value, Value::Map(_)) {
        let from = read_value(field, of, format, report)?;
        return Some(Origin { from, part: None, split: None });
    }
    let fields = Fields::of(field, &ORIGIN_SHAPE, report)?;
    let part = fields.get("match").and_then(|field| read_regex(&field, 1, report));
    let split = fields.get("split").and_then(|field| read_split(&field, of, report));
    let written: Vec<(&str, Field<'_>)> =
        ["from", "value", "template"].into_iter().filter_map(|key| Some((key, fields.get(key)?))).collect();
    let mut read = |(key, field): &(&str, Field<'_>)| match *key {
        "value" => field.text(report).map(|text| From::Constant(text.to_owned())),
        "template" => read_template(field, format, report),
        _ => read_value(field, of, format, report),
    };
    // All of them are read, to report the problems of each.
    let mut found: Vec<Option<From>> = written.iter().map(&mut read).collect();
    match written.as_slice() {
        [] => {
            report.error(field.at, format!("{} has none of from, value and template", field.path), "write one of them");
            None
        }
        [_] => Some(Origin { from: found.pop()??, part, split }),
        [_, (_, second), ..] => {
            report.error(
                second.at,
                format!("{} has more than one of from, value and template", field.path),
                "keep one",
            );
            None
        }
    }
}

/// What separates several systems in one value.
fn read_split(field: &Field<'_>, of: Of, report: &mut Report) -> Option<String> {
    let text = field.text(report)?;
    if of != Of::System {
        report.error(field.at, format!("{}: only a system is split", field.path), "remove it");
        return None;
    }
    if text.is_empty() {
        report.error(field.at, format!("{} is empty", field.path), "write what is between two systems: split: \",\"");
        return None;
    }
    Some(text.to_owned())
}

fn read_template(field: &Field<'_>, format: Option<Format>, report: &mut Report) -> Option<From> {
    let text = field.text(report)?;
    let Some(pieces) = pieces(text) else {
        let message =
            format!("{} {} has braces that do not pair, or with nothing between them", field.path, quote(text));
        report.error(field.at, message, "write values in braces: {host}/{service}");
        return None;
    };
    let mut is_right = true;
    for name in pieces.iter().filter_map(Piece::value) {
        is_right &= check_name(name, field, format, report);
    }
    is_right.then_some(From::Template(pieces))
}

fn read_value(field: &Field<'_>, of: Of, format: Option<Format>, report: &mut Report) -> Option<From> {
    let text = field.text(report)?;
    if text.is_empty() {
        // A drafted feed leaves the fields that it could not guess like this.
        let or = match of {
            Of::Ts | Of::System | Of::Status => ", or write { value: … }",
            Of::End => "",
            _ => ", or leave the field out",
        };
        let remedy = format!("fill in {} that holds it{or}", holder(format));
        field.expected("a column, key, group or path", &remedy, report);
        return None;
    }
    check_name(text, field, format, report).then(|| From::Value(text.to_owned()))
}

/// What holds a value in the records of a format.
pub(super) const fn holder(format: Option<Format>) -> &'static str {
    match format {
        Some(Format::Csv | Format::Sqlite) => "the column",
        Some(Format::Text) => "the group",
        Some(Format::Jsonl | Format::Json | Format::Yaml) => "the key or JSONPath",
        None => "the column, key, group or path",
    }
}

/// Whether a name is valid for a value of a record, as far as its format is known.
fn check_name(name: &str, field: &Field<'_>, format: Option<Format>, report: &mut Report) -> bool {
    let Some(format) = format else { return true };
    if name.starts_with('#') && name != FILE_NAME && (name != NEAREST_KEY || !format.is_tree()) {
        if name == NEAREST_KEY {
            report.error(field.at, format!("records of format: {} have no keys above them", format.as_str()), "");
            return false;
        }
        // A column may have this name.
        return !format.is_tree() || {
            let message = format!("{} {} is not known", field.path, quote(name));
            report.error(field.at, message, format!("write {NEAREST_KEY} or {FILE_NAME}, or the key as $['{name}']"));
            false
        };
    }
    if !format.is_tree() || !name.starts_with(['$', '@', '^']) {
        return true;
    }
    let path = format!("${}", filled(&name[1..]));
    let Some(fault) = fault(&path) else { return true };
    let message = format!("{} {} {fault}", field.path, quote(name));
    report.error(field.at, message, "write it as RFC 9535 does, such as $.service.name or @['display name']");
    false
}

/// What is wrong with a text that should be a JSONPath, as it follows the text.
pub(super) fn fault(path: &str) -> Option<String> {
    let error = JsonPath::parse(path).err()?;
    let place = match path.get(error.position()..) {
        Some("") if !path.is_empty() => " at its end".to_owned(),
        Some(rest) if error.position() > 0 => format!(" from {} on", quote(rest)),
        _ => String::new(),
    };
    let reason = error.message().trim_start_matches("in long-hand segment, ");
    // Of these, one says nothing, one swaps its numbers, and one names only some of the letters a name may begin with.
    let is_wrong = ["parser error", "args, but received", "must start with"].iter().any(|what| reason.contains(what));
    let reason = if is_wrong { String::new() } else { format!(": {reason}") };
    Some(format!("is not a JSONPath (RFC 9535){place}{reason}"))
}

/// A path with `#key` in place of a number or text.
fn filled(path: &str) -> String {
    path.replace(NEAREST_KEY, "0")
}

/// A regular expression with at least `groups` groups.
pub(super) fn read_regex(field: &Field<'_>, groups: usize, report: &mut Report) -> Option<String> {
    let text = field.text(report)?;
    match Regex::new(text) {
        Ok(regex) if regex.captures_len() > groups => Some(text.to_owned()),
        Ok(_) => {
            report.error(
                field.at,
                format!("{} {} has no group", field.path, quote(text)),
                "put ( ) around what is wanted",
            );
            None
        }
        Err(error) => {
            let text_of_error = error.to_string();
            let reason = text_of_error.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            report.error(field.at, format!("{} is not a regular expression: {reason}", field.path), "");
            None
        }
    }
}

/// The values that an origin uses.
pub(super) fn named(from: &From) -> Vec<&str> {
    match from {
        From::Constant(_) => Vec::new(),
        From::Value(name) => vec![name],
        From::Template(pieces) => pieces.iter().filter_map(Piece::value).collect(),
    }
}
