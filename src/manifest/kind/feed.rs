//! Owns reading the specification of a `Feed`.

mod kind;
mod origin;
pub(in crate::manifest) mod shapes;

use chrono::format::{Item, StrftimeItems};

use crate::domain::account::objective::Metadata;
use crate::domain::health::feed::{Feed, Format, Shape};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;
use crate::manifest::yaml::tree::Value;

/// The time formats with a name.
const TIME_WORDS: [&str; 4] = ["unix", "unixMillis", "unixMicros", "unixNanos"];

/// Reads the specification; without metadata, only to report problems.
pub(in crate::manifest) fn read(spec: &Field<'_>, metadata: Option<Metadata>, report: &mut Report) -> Option<Feed> {
    let fields = Fields::of(spec, &shapes::SPEC, report)?;
    let formats = Format::ALL.map(|format| (format.as_str(), format));
    let format = fields.require("format", "write format: csv", report).and_then(|field| field.word(&formats, report));
    let delimiter = read_delimiter(&fields, format, report);
    let time_formats = fields.get("timeFormat").map(|field| read_formats(&field, report)).unwrap_or_default();
    let zone = fields.get("timezone").and_then(|field| field.zone(report));
    let slug = fields.flag("slug", report);
    let merges_names = fields.flag("mergeNames", report);
    let max_gap_ms = fields.get("maxGap").and_then(|field| field.millis(report));
    // Records depend on the format; its problem has been reported.
    let format = format?;
    let kinds = kind::read_all(&fields, format, report);
    check_gap(&fields, kinds.iter().any(|kind| kind.shape == Shape::Observations), report);
    let Metadata { name, title, description, .. } = metadata?;
    Some(Feed {
        name,
        title,
        description,
        format,
        delimiter,
        kinds,
        time_formats,
        zone,
        slug,
        merges_names,
        max_gap_ms,
    })
}

fn read_delimiter(fields: &Fields<'_>, format: Option<Format>, report: &mut Report) -> Option<u8> {
    let field = fields.get("delimiter")?;
    let text = field.text(report)?;
    if format.is_some_and(|format| format != Format::Csv) {
        report.error(field.at, "only format: csv has a delimiter", "remove it");
        return None;
    }
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
        _ => {
            report.error(
                field.at,
                format!("{} {} is not one character", field.path, quote(text)),
                "write \",\", \";\" or \"\\t\"",
            );
            None
        }
    }
}

/// A text, or a list of texts.
fn read_formats(field: &Field<'_>, report: &mut Report) -> Vec<String> {
    let items = match &field.node.value {
        Value::List(_) => field.items(report),
        _ => vec![Field { path: field.path.clone(), at: field.at, node: field.node }],
    };
    if items.is_empty() && matches!(&field.node.value, Value::List(_)) {
        report.error(field.at, format!("{} is empty", field.path), "remove it, or write a format");
    }
    items.into_iter().filter_map(|item| read_format(&item, report)).collect()
}

fn read_format(field: &Field<'_>, report: &mut Report) -> Option<String> {
    let text = field.text(report)?;
    if TIME_WORDS.contains(&text) {
        return Some(text.to_owned());
    }
    let items: Vec<Item<'_>> = StrftimeItems::new(text).collect();
    let is_wrong = items.iter().any(|item| matches!(item, Item::Error));
    let has_fields = items.iter().any(|item| matches!(item, Item::Numeric(..) | Item::Fixed(_)));
    if is_wrong || !has_fields {
        let message = format!("{} {} is not a time format", field.path, quote(text));
        report.error(field.at, message, "write it as strftime does, such as %Y-%m-%d %H:%M:%S, or unix");
        return None;
    }
    Some(text.to_owned())
}

fn check_gap(fields: &Fields<'_>, has_observations: bool, report: &mut Report) {
    match (fields.get("maxGap"), has_observations) {
        (None, true) => {
            fields.require("maxGap", "observations need it: write for example maxGap: 10m", report);
        }
        (Some(field), false) => {
            report.error(field.at, "only shape: observations has a maxGap", "remove it");
        }
        _ => {}
    }
}
