//! Owns writing facts as the lines that ingest reads.

use anyhow::Result;
use serde::Serialize;

use crate::domain::health::transition::{Source, Transition};
use crate::domain::value::name::Name;
use crate::render::form::document::{is_formula, push_field};

pub(crate) const CSV_HEADER: &str = "ts,system,status,source,check,location,note\n";

/// One fact with the names of its stream.
pub(crate) struct Line<'a> {
    pub(crate) transition: Transition,
    pub(crate) system: &'a Name,
    pub(crate) source: Source,
    pub(crate) check: Option<&'a Name>,
    pub(crate) location: Option<&'a Name>,
    pub(crate) note: Option<&'a str>,
}

#[derive(Serialize)]
struct WireLine<'a> {
    ts: String,
    system: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// Appends a line of JSON; defaults are left out.
pub(crate) fn json(text: &mut String, line: &Line<'_>) -> Result<()> {
    let wire = WireLine {
        ts: line.transition.at.to_string(),
        system: line.system.as_str(),
        status: line.transition.status.as_str(),
        source: (line.source != Source::Healthcheck).then(|| line.source.as_str()),
        check: line.check.map(Name::as_str),
        location: line.location.map(Name::as_str),
        note: line.note,
    };
    text.push_str(&serde_json::to_string(&wire)?);
    text.push('\n');
    Ok(())
}

/// Appends a line of CSV; `safe`: a note that a spreadsheet would run as a formula begins with a `'`.
pub(crate) fn csv(text: &mut String, line: &Line<'_>, safe: bool) {
    let at = line.transition.at.to_string();
    let fields = [
        &*at,
        line.system.as_str(),
        line.transition.status.as_str(),
        line.source.as_str(),
        line.check.map_or("", Name::as_str),
        line.location.map_or("", Name::as_str),
        line.note.unwrap_or(""),
    ];
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if safe && is_formula(field) {
            push_field(text, &format!("'{field}"));
        } else {
            push_field(text, field);
        }
    }
    text.push('\n');
}
