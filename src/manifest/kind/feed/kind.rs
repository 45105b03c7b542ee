//! Owns reading the kinds of records of a feed, and checking that each is complete.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::origin;
use super::shapes::{MAPPING, MAPS, RECORDS};
use crate::domain::health::feed::{Field as Of, Format, Kind, Meaning, Origin, Shape, Step, way};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;
use crate::manifest::yaml::tree::Value;

/// The fields shared by all kinds of a feed.
struct Common {
    each: Option<String>,
    shape: Result<Option<Shape>, Unknown>,
    fields: Mapping,
    values: BTreeMap<Of, BTreeMap<String, Meaning>>,
}

/// A value that is invalid, which was reported.
#[derive(Clone, Copy)]
struct Unknown;

/// Where the values of fields come from.
#[derive(Clone, Default)]
struct Mapping {
    origins: BTreeMap<Of, Vec<Origin>>,
    /// The fields that are written, even if misspelled, so that their absence need not be reported too.
    written: BTreeSet<Of>,
}

/// The kinds of a feed, and whether one of them has observations, if that is known; incomplete if a problem was
/// reported. An invalid format is unknown.
pub(super) fn read_all(spec: &Fields<'_>, format: Option<Format>, report: &mut Report) -> (Vec<Kind>, Option<bool>) {
    let common = read_common(spec, format, report);
    let records = spec.get("records");
    let items = match &records {
        Some(field) if matches!(&field.node.value, Value::List(_)) => field.items(report),
        _ => {
            let records = records.and_then(|field| read_place(&field, format, report).zip(Some(field)));
            check_presence(spec, format, records.as_ref().map(|(_, field)| field), report);
            let records = records.map(|(text, _)| text);
            let Common { each, shape, fields: Mapping { origins, written }, values } = common;
            let shape = shape.map(|shape| shape.unwrap_or(Shape::Transitions));
            let usual = shape.unwrap_or(Shape::Transitions);
            let kind = Kind { records, each, skip: false, shape: usual, fields: origins, values };
            check(&kind, &written, shape, format, &spec_place(spec), report);
            return (vec![kind], shape.ok().map(|shape| shape == Shape::Observations));
        }
    };
    if items.is_empty() {
        let at = records.as_ref().map_or(spec.at, |field| field.at);
        report.error(at, "spec.records is empty", "write at least one kind of record, or a single path");
    }
    if format == Some(Format::Csv) && items.len() > 1 {
        report.error(
            items[1].at,
            "the lines of CSV are all of one kind",
            "keep one, and write its fields in spec.fields",
        );
    }
    let found: Vec<_> = items.iter().map(|item| read_one(item, format, &common, report)).collect();
    let shapes = found.iter().map(|one| one.as_ref().ok().and_then(|(_, shape)| shape.as_ref().ok()));
    let shapes: Option<Vec<&Shape>> = shapes.collect();
    let has_observations = shapes.map(|shapes| shapes.contains(&&Shape::Observations));
    let kinds: Vec<Kind> = found.into_iter().flatten().map(|(kind, _)| kind).collect();
    if format.is_some_and(Format::is_tree) {
        check_nesting(&kinds, &items, report);
    }
    (kinds, has_observations)
}

/// The position and name of a kind, for problems.
struct Place {
    path: String,
    at: crate::manifest::problem::Position,
}

fn spec_place(spec: &Fields<'_>) -> Place {
    Place { path: "spec".to_owned(), at: spec.at }
}

fn read_common(spec: &Fields<'_>, format: Option<Format>, report: &mut Report) -> Common {
    Common {
        each: read_each(spec, format, report),
        shape: read_shape(spec, report),
        fields: read_fields(spec, format, report),
        values: read_values(spec, report),
    }
}

/// A kind, and its shape if that is valid.
fn read_one(
    item: &Field<'_>,
    format: Option<Format>,
    common: &Common,
    report: &mut Report,
) -> Result<(Kind, Result<Shape, Unknown>), Unknown> {
    let own = Fields::of(item, &RECORDS, report).ok_or(Unknown)?;
    let place = own.require("at", "", report);
    let records = place.and_then(|field| read_place(&field, format, report));
    let each = read_each(&own, format, report).or_else(|| common.each.clone());
    let shape = match read_shape(&own, report) {
        Ok(None) => common.shape.map(|shape| shape.unwrap_or(Shape::Transitions)),
        own => own.map(|shape| shape.unwrap_or(Shape::Transitions)),
    };
    let skip = own.flag("skip", report);
    let Mapping { origins: mut fields, mut written } = common.fields.clone();
    let of_its_own = read_fields(&own, format, report);
    fields.extend(of_its_own.origins);
    written.extend(of_its_own.written);
    let mut values = common.values.clone();
    values.extend(read_values(&own, report));
    let kind = Kind { records, each, skip, shape: shape.unwrap_or(Shape::Transitions), fields, values };
    check(&kind, &written, shape, format, &Place { path: item.path.clone(), at: item.at }, report);
    Ok((kind, shape))
}

fn read_shape(fields: &Fields<'_>, report: &mut Report) -> Result<Option<Shape>, Unknown> {
    let Some(field) = fields.get("shape") else { return Ok(None) };
    field.word(&Shape::ALL.map(|shape| (shape.as_str(), shape)), report).map(Some).ok_or(Unknown)
}

fn read_each(fields: &Fields<'_>, format: Option<Format>, report: &mut Report) -> Option<String> {
    let field = fields.get("each")?;
    if let Some(format) = format.filter(|format| !format.is_tree()) {
        report.error(field.at, format!("records of format: {} have no items", format.as_str()), "remove each");
        return None;
    }
    read_path(&field, report)
}

/// A JSONPath.
fn read_path(field: &Field<'_>, report: &mut Report) -> Option<String> {
    let text = field.text(report)?;
    let Some(fault) = origin::fault(text) else { return Some(text.to_owned()) };
    let message = format!("{} {} {fault}", field.path, quote(text));
    report.error(field.at, message, "write it as RFC 9535 does, such as $.data[*] or $.items[?@.type == 'down']");
    None
}

/// The place of records, by format.
fn read_place(field: &Field<'_>, format: Option<Format>, report: &mut Report) -> Option<String> {
    match format? {
        Format::Csv => {
            let remedy = "remove it; each line after the header is a record";
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

fn check_presence(spec: &Fields<'_>, format: Option<Format>, records: Option<&Field<'_>>, report: &mut Report) {
    let remedy = match format {
        None | Some(Format::Csv | Format::Jsonl) => return,
        Some(Format::Json | Format::Yaml) => "write where the records are, such as records: $[*] or records: $.data[*]",
        Some(Format::Text) => "write a regular expression with named groups, such as (?<ts>\\S+) (?<status>\\w+)",
        Some(Format::Sqlite) => "write a SELECT, whose columns are the fields",
    };
    if records.is_none() && spec.get("records").is_none() {
        spec.require("records", remedy, report);
    }
}

fn read_fields(fields: &Fields<'_>, format: Option<Format>, report: &mut Report) -> Mapping {
    let mut found = Mapping::default();
    let Some(field) = fields.get("fields") else { return found };
    let Some(mapping) = Fields::of(&field, &MAPPING, report) else {
        found.written.extend(Of::ALL);
        return found;
    };
    for of in Of::ALL {
        if let Some(field) = mapping.get(of.as_str()) {
            found.origins.insert(of, origin::read(&field, of, format, report));
            found.written.insert(of);
        } else if mapping.has_misspelled(of.as_str()) {
            found.written.insert(of);
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
                    .word(&[0, 1, 2, 3, 4, 5, 6].map(|index: usize| (Meaning::OF_STATUS[index].0, index)), report)
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

/// Checks that a kind has all required fields, and none that its shape does not use, unless the shape is unknown.
fn check(
    kind: &Kind,
    written: &BTreeSet<Of>,
    shape: Result<Shape, Unknown>,
    format: Option<Format>,
    place: &Place,
    report: &mut Report,
) {
    if kind.skip {
        return;
    }
    if let Ok(shape) = shape {
        check_fields(kind, written, shape, format, place, report);
    }
    if format == Some(Format::Text)
        && let Some(Ok(regex)) = kind.records.as_deref().map(Regex::new)
    {
        check_groups(kind, &regex, place, report);
    }
}

fn check_fields(
    kind: &Kind,
    written: &BTreeSet<Of>,
    shape: Shape,
    format: Option<Format>,
    Place { path, at }: &Place,
    report: &mut Report,
) {
    let has_end = written.contains(&Of::End);
    let needed: &[Of] = match shape {
        Shape::Intervals => &[Of::Ts, Of::End, Of::System],
        Shape::Maintenance if has_end => &[Of::Ts, Of::System],
        _ => &[Of::Ts, Of::System, Of::Status],
    };
    for field in needed.iter().filter(|field| !written.contains(field)) {
        report.error(
            *at,
            format!("{path}.fields.{} is missing", field.as_str()),
            format!("write {} that holds it, or {{ value: … }}", origin::holder(format)),
        );
    }
    let useless: &[Of] = match shape {
        Shape::Intervals => &[Of::Check, Of::Location],
        Shape::Maintenance => &[Of::Updated, Of::Id, Of::Objective, Of::Impact],
        Shape::Transitions | Shape::Observations => &[Of::End, Of::Updated, Of::Id, Of::Objective, Of::Impact],
    };
    for field in useless.iter().filter(|field| kind.fields.contains_key(field)) {
        let (name, shape) = (field.as_str(), shape.as_str());
        let remedy =
            if *field == Of::Check { "write it as id: each incident is a stream of its own" } else { "remove it" };
        report.error(*at, format!("{path}.fields.{name} has no meaning in shape: {shape}"), remedy);
    }
}

fn check_groups(kind: &Kind, regex: &Regex, Place { path, at }: &Place, report: &mut Report) {
    let groups: Vec<&str> = regex.capture_names().flatten().collect();
    for (field, origins) in &kind.fields {
        for name in origins.iter().flat_map(|origin| origin::named(&origin.from)) {
            if !name.starts_with('#') && !groups.contains(&name) {
                let message = format!(
                    "{path}.fields.{} names {}, which is not a group of the expression",
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
    let place = |kind: &Kind| kind.records.as_deref().and_then(way).map(|(steps, rest)| (steps, !rest.is_empty()));
    let places: Vec<Option<(Vec<Step>, bool)>> = kinds.iter().map(place).collect();
    for (index, inner) in places.iter().enumerate() {
        let Some((inner, _)) = inner else { continue };
        let holds = |outer: &&Option<(Vec<Step>, bool)>| {
            outer.as_ref().is_some_and(|(outer, _)| outer.len() < inner.len() && covers(outer, inner))
        };
        if let (Some(at), Some(_)) = (items.get(index), places.iter().find(holds)) {
            let message = format!("{}.at leads into the records of another kind", at.path);
            report.error(at.at, message, "write the path to those records as at, and the rest as each");
        }
    }
}

/// Whether a path passes through the end of another one.
fn covers(outer: &[Step], inner: &[Step]) -> bool {
    let same = |(left, right): (&Step, &Step)| left == right || *left == Step::Each || *right == Step::Each;
    outer.iter().zip(inner).all(same)
}
