//! Owns how the journal of a system looks.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use crate::domain::health::ingest::IngestId;
use crate::domain::health::transition::{Source, Status, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::form::moment::{minute, second};
use crate::render::form::path::last_of;
use crate::render::{Cell, Document, Sheet, Tone};

/// What distinguishes a stream from others of its system.
type Stream<'e> = (Source, Option<&'e Name>, Option<&'e Name>);

/// One fact, the ingest that added it, and the effective status after it.
pub(crate) struct Entry {
    pub(crate) transition: Transition,
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
    pub(crate) location: Option<Name>,
    pub(crate) note: Option<String>,
    pub(crate) ingest: IngestId,
    pub(crate) file: Option<String>,
    pub(crate) ingested_at: Option<Instant>,
    /// Of the system, from the fact's time on.
    pub(crate) effective: Option<Status>,
    /// The correction that covers that time, of its stream or of the effective status.
    pub(crate) corrected_by: Option<Name>,
}

impl Entry {
    /// Oldest first, then by stream.
    pub(crate) fn key(&self) -> (Instant, Stream<'_>) {
        (self.transition.at, self.stream())
    }

    fn stream(&self) -> Stream<'_> {
        (self.source, self.check.as_ref(), self.location.as_ref())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry<'a> {
    ts: String,
    source: &'static str,
    check: Option<&'a str>,
    location: Option<&'a str>,
    status: &'static str,
    effective_status: Option<&'static str>,
    corrected_by: Option<&'a str>,
    note: Option<&'a str>,
    ingest_id: i64,
    file: Option<&'a str>,
    ingested_at: Option<String>,
}

/// The journal for programs, oldest first.
pub(crate) fn document(system: &str, entries: &[Entry], as_of: Instant) -> Result<Document> {
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| WireEntry {
            ts: entry.transition.at.to_string(),
            source: entry.source.as_str(),
            check: entry.check.as_ref().map(Name::as_str),
            location: entry.location.as_ref().map(Name::as_str),
            status: entry.transition.status.as_str(),
            effective_status: entry.effective.map(Status::as_str),
            corrected_by: entry.corrected_by.as_ref().map(Name::as_str),
            note: entry.note.as_deref(),
            ingest_id: entry.ingest.0,
            file: entry.file.as_deref(),
            ingested_at: entry.ingested_at.map(|at| at.to_string()),
        })
        .collect();
    let mut document = Document::list(as_of, "transitions", &rows)?;
    document.set("systemId", &system)?;
    Ok(document)
}

/// The journal for people, oldest first. Unless `all`, a transition that repeats the status of its stream and adds
/// nothing is counted with the one that it repeats. `usual_days`: the default range, if no start is given.
pub(crate) fn sheet(entries: &[Entry], all: bool, usual_days: Option<i64>) -> Sheet {
    let mut sheet = Sheet::new().left("WHEN").left("STREAM").names().left("STATUS").left("SYSTEM IS");
    let has_corrections = entries.iter().any(|entry| entry.corrected_by.is_some());
    if has_corrections {
        sheet = sheet.left("CORRECTED BY");
    }
    if !all {
        sheet = sheet.right("TIMES");
    }
    sheet = sheet.left("FROM").optional().left("NOTE");
    let rows = rows(entries, all);
    let folded = entries.len() - rows.len();
    for Row { entry, times } in rows {
        let mut stream = match (entry.source, &entry.check) {
            (Source::Incident, None) => "incident".to_owned(),
            (Source::Incident, Some(check)) => format!("incident {check}"),
            (Source::Healthcheck, None) => "system".to_owned(),
            (Source::Healthcheck, Some(check)) => check.to_string(),
        };
        if let Some(location) = &entry.location {
            let _ = write!(stream, " from {location}");
        }
        let tone = |status: Status| match status {
            Status::Unhealthy => Tone::Bad,
            Status::Degraded => Tone::Warning,
            Status::Healthy => Tone::Good,
            Status::Unknown => Tone::Faint,
        };
        let from = match (&entry.file, entry.ingested_at) {
            (Some(file), Some(at)) => format!("{}, {}", last_of(file), minute(at)),
            _ => String::new(),
        };
        let effective = entry.effective.unwrap_or(Status::Unknown);
        let mut row = vec![
            Cell::plain(second(entry.transition.at)).timed(),
            Cell::plain(stream),
            Cell::toned(entry.transition.status.as_str(), tone(entry.transition.status)),
            Cell::toned(effective.as_str(), tone(effective)),
        ];
        if has_corrections {
            row.push(Cell::plain(entry.corrected_by.as_ref().map_or(String::new(), Name::to_string)));
        }
        if !all {
            row.push(Cell::toned(times.to_string(), Tone::Faint));
        }
        row.extend([Cell::toned(from, Tone::Faint), Cell::plain(entry.note.clone().unwrap_or_default())]);
        sheet.push(row);
    }
    let plural = if entries.len() == 1 { "" } else { "s" };
    let folded = if folded > 0 { format!(", {folded} of them repeats (--all shows them)") } else { String::new() };
    sheet.footer.push(format!("{} transition{plural}{folded}", entries.len()));
    sheet.footer.extend(usual_days.map(|days| format!("the last {days} days; --since 30d shows more")));
    sheet
}

/// A transition, and how often its stream repeated it in a row.
struct Row<'e> {
    entry: &'e Entry,
    times: usize,
}

fn rows(entries: &[Entry], all: bool) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    // The last row of each stream.
    let mut last: HashMap<Stream<'_>, usize> = HashMap::new();
    for entry in entries {
        let stream = entry.stream();
        let same = last.get(&stream).filter(|row| {
            let before = rows[**row].entry;
            before.transition.status == entry.transition.status && before.corrected_by == entry.corrected_by
        });
        match same {
            Some(row) if !all && entry.note.is_none() => rows[*row].times += 1,
            _ => {
                last.insert(stream, rows.len());
                rows.push(Row { entry, times: 1 });
            }
        }
    }
    rows
}
