//! Owns reading the kinds of records of a feed, and checking that each is complete.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json_path::JsonPath;

use super::origin;
use super::shapes::{MAPPING, MAPS, RECORDS};
use crate::domain::health::feed::{Field as Of, Format, Kind, Meaning, Origin, Shape, Step, steps};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;
use crate::manifest::yaml::tree::Value;

/// The fields shared by all kinds of a feed.
struct Common {
    each: Option<String>,
    shape: Option<Shape>,
    fields: BTreeMap<Of, Vec<Origin>>,
    values: BTreeMap<Of, BTreeMap<String, Meaning>>,
}

/// The kinds of a feed; incomplete if a problem was reported.
pub(super) fn read_all(spec: &Fields<'_>, format: Format, report: &mut Report) -> Vec<Kind> {
    let common = read_common(spec, format, report);
    let records = spec.get("records");
    let items = match &records {
        Some(field) if matches!(&field.node.value, Value::List(_)) => field.items(report),
        _ => {
            let records = records.and_then(|field| read_place(&field, format, report).zip(Some(field)));
            check_presence(spec, format, records.as_ref().map(|(_, field)| field), report);
            let records = records.map(|(text, _)| text);
            let Common { each, shape, fields, values } = common;
            let kind = Kind { records, each, skip: false, shape: shape.unwrap_or(Shape::Transitions), fields, values };
            check(&kind, format, &spec_place(spec), report);
            return vec![kind];
        }
    };
    if items.is_empty() {
        let at = records.as_ref().map_or(spec.at, |field| field.at);
        report.error(at, "spec.records is empty", "write at least one kind of record, or a single path");
    }
    if format == Format::Csv && items.len() > 1 {
        report.error(
            items[1].at,
            "the lines of CSV are all of one kind",
            "keep one, and write its fields in spec.fields",
        );
    }
    let kinds: Vec<Kind> = items.iter().filter_map(|item| read_one(item, format, &common, report)).collect();
    if format.is_tree() {
        check_nesting(&kinds, &items, report);
    }
    kinds
}

/// The position and name of a kind, for problems.
struct Place {
    path: String,
    at: crate::manifest::problem::Position,
}

fn spec_place(spec: &Fields<'_>) -> Place {
    Place { path: "spec".to_owned(), at: spec.at }
}

fn read_common(spec: &Fields<'_>, format: Format, report: &mut Report) -> Common {
    Common {
        each: read_each(spec, format, report),
        shape: read_shape(spec, report),
        fields: read_fields(spec, format, report),
        values: read_values(spec, report),
    }
}

fn read_one(item: &Field<'_>, format: Format, common: &Common, report: &mut Report) -> Option<Kind> {
    let own = Fields::of(item, &RECORDS, report)?;
    let place = own.require("at", "", report);
    let records = place.and_then(|field| read_place(&field, format, report));
    let each = read_each(&own, format, report).or_else(|| common.each.clone());
    let shape = read_shape(&own, report).or(common.shape).unwrap_or(Shape::Transitions);
    let skip = own.flag("skip", report);
    let mut fields = common.fields.clone();
    fields.extend(read_fields(&own, format, report));
    let mut values = common.values.clone();
    values.extend(read_values(&own, report));
    let kind = Kind { records, each, skip, shape, fields, values };
    check(&kind, format, &Place { path: item.path.clone(), at: item.at }, report);
    Some(kind)
}

fn read_shape(fields: &Fields<'_>, report: &mut Report) -> Option<Shape> {
    fields.get("shape")?.word(&Shape::ALL.map(|shape| (shape.as_str(), shape)), report)
}

fn read_each(fields: &Fields<'_>, format: Format, report: &mut Report) -> Option<String> {
    let field = fields.get("each")?;
    if !format.is_tree() {
        report.error(field.at, format!("records of format: {} have no items", format.as_str()), "remove each");
        return None;
    }
    read_path(&field, report)
}

/// A JSONPath.
fn read_path(field: &Field<'_>, report: &mut Report) -> Option<String> {
    let text = field.text(report)?;
    match JsonPath::parse(text) {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            let message = format!("{} {} is not a JSONPath: {}", field.path, quote(text), error.message());
            report.error(
                field.at,
                message,
                "write it as RFC 9535 does, such as $.data[*] or $.items[?@.type == 'down']",
            );
            None
        }
    }
}

/// The place of records, by format.
fn read_place(field: &Field<'_>, format: Format, report: &mut Report) -> Option<String> {
    match format {
        Format::Csv => {
            let remedy = "remove it; each line behind the header is a record";
            report.error(field.at, "format: csv has no records to look for", remedy);
            None
        }
        Format::Jsonl | Format::Json | Format::Yaml => read_path(field, report),
        Format::Text => origin::read_regex(field, 0, report),
        Format::Sqlite => {
            let text = field.text(report)?;
            let begins =
                |word: &str| text.trim_start().get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
            if begins("select") || begins("with") {
                return Some(text.to_owned());
            }
            report.error(field.at, format!("{} must be a SELECT, not {}", field.path, quote(text)), "");
            None
        }
    }
}

fn check_presence(spec: &Fields<'_>, format: Format, records: Option<&Field<'_>>, report: &mut Report) {
    let remedy = match format {
        Format::Csv | Format::Jsonl => return,
        Format::Json | Format::Yaml => "write where the records are, such as records: $[*] or records: $.data[*]",
        Format::Text => "write a regular expression with named groups, such as (?<ts>\\S+) (?<status>\\w+)",
        Format::Sqlite => "write a SELECT, whose columns are the fields",
    };
    if records.is_none() && spec.get("records").is_none() {
        spec.require("records", remedy, report);
    }
}

fn read_fields(fields: &Fields<'_>, format: Format, report: &mut Report) -> BTreeMap<Of, Vec<Origin>> {
    let mut found = BTreeMap::new();
    let Some(mapping) = fields.get("fields").and_then(|field| Fields::of(&field, &MAPPING, report)) else {
        return found;
    };
    for of in Of::ALL {
        if let Some(field) = mapping.get(of.as_str()) {
            let origins = origin::read(&field, format, report);
            found.insert(of, origins);
        }
    }
    found
}

fn read_values(fields: &Fields<'_>, report: &mut Report) -> BTreeMap<Of, BTreeMap<String, Meaning>> {
    let mut found = BTreeMap::new();
    let Some(maps) = fields.get("values").and_then(|field| Fields::of(&field, &MAPS, report)) else { return found };
    for of in [Of::Status, Of::System, Of::Check, Of::Location, Of::Source] {
        let Some(field) = maps.get(of.as_str()) else { continue };
        let mut map = BTreeMap::new();
        for entry in field.entries(report).unwrap_or_default() {
            let path = format!("{}.{}", field.path, entry.key);
            let value = Field { path, at: entry.value.at, node: &entry.value };
            let meaning = if of == Of::Status {
                value
                    .word(&[0, 1, 2, 3, 4, 5].map(|index: usize| (Meaning::OF_STATUS[index].0, index)), report)
                    .map(|index| Meaning::OF_STATUS[index].1.clone())
            } else {
                value.text(report).map(|text| Meaning::Text(text.to_owned()))
            };
            map.extend(meaning.map(|meaning| (entry.key.clone(), meaning)));
        }
        found.insert(of, map);
    }
    found
}

/// Checks that a kind has all required fields, and none that its shape does not use.
fn check(kind: &Kind, format: Format, place: &Place, report: &mut Report) {
    if report.has_errors() {
        return;
    }
    let Place { path, at } = place;
    if kind.skip {
        return;
    }
    let has_end = kind.fields.contains_key(&Of::End);
    let needed: &[Of] = match kind.shape {
        Shape::Intervals => &[Of::Ts, Of::End, Of::System],
        Shape::Maintenance if has_end => &[Of::Ts, Of::System],
        _ => &[Of::Ts, Of::System, Of::Status],
    };
    for field in needed.iter().filter(|field| !kind.fields.contains_key(field)) {
        let name = field.as_str();
        let what = match format {
            Format::Csv | Format::Sqlite => "the column",
            Format::Text => "the group",
            _ => "the key or JSONPath",
        };
        report.error(
            *at,
            format!("{path}.fields.{name} is missing"),
            format!("write {what} that holds it, or {{ value: … }}"),
        );
    }
    let useless: &[Of] = match kind.shape {
        Shape::Intervals => &[Of::Check, Of::Location],
        Shape::Maintenance => &[Of::Updated, Of::Id, Of::Objective, Of::Impact],
        Shape::Transitions | Shape::Observations => &[Of::End, Of::Updated, Of::Id, Of::Objective, Of::Impact],
    };
    for field in useless.iter().filter(|field| kind.fields.contains_key(field)) {
        let (name, shape) = (field.as_str(), kind.shape.as_str());
        let remedy =
            if *field == Of::Check { "write it as id: each incident is a stream of its own" } else { "remove it" };
        report.error(*at, format!("{path}.fields.{name} has no meaning in shape: {shape}"), remedy);
    }
    if format == Format::Text
        && let Some(Ok(regex)) = kind.records.as_deref().map(Regex::new)
    {
        check_groups(kind, &regex, place, report);
    }
}

fn check_groups(kind: &Kind, regex: &Regex, Place { path, at }: &Place, report: &mut Report) {
    let groups: Vec<&str> = regex.capture_names().flatten().collect();
    for (field, origins) in &kind.fields {
        for name in origins.iter().flat_map(|origin| origin::named(&origin.from)) {
            if !name.starts_with('#') && !groups.contains(&name) {
                let message = format!(
                    "{path}.fields.{} names {}, which is no group of the expression",
                    field.as_str(),
                    quote(name)
                );
                let remedy = crate::manifest::did_you_mean(name, groups.iter().copied());
                let remedy = if remedy.is_empty() { format!("write (?<{name}>…) in it") } else { remedy };
                report.error(*at, message, remedy);
            }
        }
    }
}

/// Checks that records of one kind do not lie inside those of another.
fn check_nesting(kinds: &[Kind], items: &[Field<'_>], report: &mut Report) {
    let place = |kind: &Kind| kind.records.as_deref().and_then(steps).map(|(steps, rest)| (steps, !rest.is_empty()));
    let places: Vec<Option<(Vec<Step>, bool)>> = kinds.iter().map(place).collect();
    for (index, inner) in places.iter().enumerate() {
        let Some((inner, _)) = inner else { continue };
        let holds = |outer: &&Option<(Vec<Step>, bool)>| {
            outer.as_ref().is_some_and(|(outer, _)| outer.len() < inner.len() && covers(outer, inner))
        };
        if let (Some(at), Some(_)) = (items.get(index), places.iter().find(holds)) {
            let message = format!("{}.at leads into the records of another kind", at.path);
            report.error(at.at, message, "write the way to those records as at, and the rest as each");
        }
    }
}

/// Whether a path passes through the end of another one.
fn covers(outer: &[Step], inner: &[Step]) -> bool {
    let same = |(left, right): (&Step, &Step)| left == right || *left == Step::Each || *right == Step::Each;
    outer.iter().zip(inner).all(same)
}
