//! Owns reading the specification of a `Feed`.

mod kind;
mod origin;
pub(in crate::manifest) mod shapes;

use chrono_tz::Tz;

use crate::domain::account::objective::Metadata;
use crate::domain::health::feed::time_format::{Fault, fault, utc_at_end};
use crate::domain::health::feed::{Feed, Format};
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
    let zone = fields.get("timezone").and_then(|field| field.zone(report));
    let time_formats = fields.get("timeFormat").map(|field| read_formats(&field, zone, report)).unwrap_or_default();
    let slug = fields.flag("slug", report);
    let merges_names = fields.flag("mergeNames", report);
    let max_gap_ms = fields.get("maxGap").and_then(|field| field.millis(report));
    let (kinds, has_observations) = kind::read_all(&fields, format, report);
    check_gap(&fields, has_observations, report);
    let format = format?;
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
fn read_formats(field: &Field<'_>, zone: Option<Tz>, report: &mut Report) -> Vec<String> {
    let items = match &field.node.value {
        Value::List(_) => field.items(report),
        _ => vec![Field { path: field.path.clone(), at: field.at, node: field.node }],
    };
    if items.is_empty() && matches!(&field.node.value, Value::List(_)) {
        report.error(field.at, format!("{} is empty", field.path), "remove it, or write a format");
    }
    items.into_iter().filter_map(|item| read_format(&item, zone, report)).collect()
}

fn read_format(field: &Field<'_>, zone: Option<Tz>, report: &mut Report) -> Option<String> {
    let text = field.text(report)?;
    if TIME_WORDS.contains(&text) {
        return Some(text.to_owned());
    }
    let zone = zone.filter(|zone| !is_utc(*zone));
    let (what, remedy) = match fault(text) {
        None => match zone.zip(utc_at_end(text)) {
            None => return Some(text.to_owned()),
            Some((zone, utc)) => (
                format!("says its times are in UTC ({utc}), and timezone says {zone}"),
                "remove timezone, or write %z in place of what the times say",
            ),
        },
        Some(Fault::ZoneName) => (
            "has %Z, the name of a zone, which is read and not understood".to_owned(),
            "write %z for an offset such as +0200; or the name itself in place of %Z, and timezone",
        ),
        Some(Fault::Unreadable) => {
            let remedy = "write it as strftime does, such as %Y-%m-%d %H:%M:%S, or unix";
            ("is not a time format".to_owned(), remedy)
        }
        Some(Fault::Lacks(part)) => (format!("is a time format without {}", part.as_str()), part.remedy()),
    };
    report.error(field.at, format!("{} {} {what}", field.path, quote(text)), remedy);
    None
}

/// Whether a zone is UTC, by any of its names.
fn is_utc(zone: Tz) -> bool {
    let name = zone.name().rsplit('/').next().unwrap_or_default();
    ["UTC", "UCT", "Universal", "Zulu", "GMT"].contains(&name)
}

/// Checks that observations have a gap, and nothing else; it is unknown whether there are any if a shape is invalid.
fn check_gap(fields: &Fields<'_>, has_observations: Option<bool>, report: &mut Report) {
    match (fields.get("maxGap"), has_observations) {
        (None, Some(true)) => {
            fields.require("maxGap", "observations need it: write for example maxGap: 10m", report);
        }
        (Some(field), Some(false)) => {
            report.error(field.at, "only shape: observations has a maxGap", "remove it");
        }
        _ => {}
    }
}
