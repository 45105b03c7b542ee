//! Owns how the journal of a system looks.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use crate::domain::health::ingest::IngestId;
use crate::domain::health::transition::{Source, Status, Transition};
use crate::domain::health::unreported::{Reason, Unreported};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::form::moment::{minute, second};
use crate::render::form::number::counted;
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
    /// Whether the status of the system changes at that time.
    pub(crate) turns: bool,
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireUnreported<'a> {
    ts: String,
    effective_status: &'static str,
    reason: &'static str,
    correction: Option<&'a str>,
}

/// The journal for programs, oldest first, and the changes of status without a transition.
pub(crate) fn document(system: &str, entries: &[Entry], unreported: &[Unreported], as_of: Instant) -> Result<Document> {
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
    let changes = unreported.iter().map(|change| WireUnreported {
        ts: change.at.to_string(),
        effective_status: change.status.as_str(),
        reason: change.reason.as_str(),
        correction: change.reason.correction().map(Name::as_str),
    });
    document.set("changesWithoutTransition", &changes.collect::<Vec<_>>())?;
    Ok(document)
}

/// The journal for people, oldest first. Unless `all`, a transition that repeats the status of its stream and adds
/// nothing is counted with the one that it repeats. Between them are the changes of the system's status without a
/// transition. `usual_days`: the default range, if no start is given.
pub(crate) fn sheet(entries: &[Entry], unreported: &[Unreported], all: bool, usual_days: Option<i64>) -> Sheet {
    let mut sheet = Sheet::new().left("WHEN").left("STREAM").names().left("STATUS").left("SYSTEM IS");
    let has_corrections = entries.iter().any(|entry| entry.corrected_by.is_some());
    if has_corrections {
        sheet = sheet.left("CORRECTED BY").names();
    }
    if !all {
        sheet = sheet.right("TIMES").optional();
    }
    sheet = sheet.left("FROM").optional().left("NOTE").texts();
    let rows = rows(entries, all);
    let folded = entries.len() - rows.len();
    let mut changes = unreported.iter().peekable();
    for Row { entry, times } in rows {
        while let Some(change) = changes.next_if(|change| change.at < entry.transition.at) {
            sheet.push(unreported_row(change, has_corrections, all));
        }
        let mut stream = match (entry.source, &entry.check) {
            (Source::Incident, None) => "incident".to_owned(),
            (Source::Incident, Some(check)) => format!("incident {check}"),
            (Source::Healthcheck, None) => "system".to_owned(),
            (Source::Healthcheck, Some(check)) => check.to_string(),
        };
        if let Some(location) = &entry.location {
            let _ = write!(stream, " from {location}");
        }
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
    changes.for_each(|change| sheet.push(unreported_row(change, has_corrections, all)));
    let folded = if folded > 0 { format!(", {folded} of them repeats (--all shows them)") } else { String::new() };
    let others = match unreported.len() {
        0 => String::new(),
        count => format!("; {} of status without one", counted(count, "change")),
    };
    sheet.footer.push(format!("{}{folded}{others}", counted(entries.len(), "transition")));
    sheet.footer.extend(usual_days.map(|days| format!("the last {days} days; --since 30d shows more")));
    sheet
}

const fn tone(status: Status) -> Tone {
    match status {
        Status::Unhealthy => Tone::Bad,
        Status::Degraded => Tone::Warning,
        Status::Healthy => Tone::Good,
        Status::Unknown => Tone::Faint,
    }
}

/// The row of a change without a transition: its reason is in the column of notes.
fn unreported_row(change: &Unreported, has_corrections: bool, all: bool) -> Vec<Cell> {
    let why = match &change.reason {
        Reason::CorrectionBegins(name) => format!("correction {name} begins"),
        Reason::CorrectionEnds(name) => format!("correction {name} ends"),
        Reason::Retirement => "retired".to_owned(),
        Reason::Member => "a member changed".to_owned(),
        Reason::Silence => "silent for staleAfter".to_owned(),
    };
    let mut row = vec![
        Cell::plain(second(change.at)).timed(),
        Cell::toned("–", Tone::Faint),
        Cell::toned("–", Tone::Faint),
        Cell::toned(change.status.as_str(), tone(change.status)),
    ];
    // No correction, number and import.
    row.resize(row.len() + usize::from(has_corrections) + usize::from(!all) + 1, Cell::default());
    row.push(Cell::plain(why));
    row
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
    for moment in entries.chunk_by(|a, b| a.transition.at == b.transition.at) {
        let repeated = |entry: &Entry| {
            let row = last.get(&entry.stream()).copied().filter(|_| !all && entry.note.is_none())?;
            let before = rows[row].entry;
            let same = before.transition.status == entry.transition.status && before.corrected_by == entry.corrected_by;
            same.then_some(row)
        };
        let repeated: Vec<Option<usize>> = moment.iter().map(repeated).collect();
        // With thresholds, a repeat may be what changes the status of the system: then no other row shows the change.
        let only_repeats = repeated.iter().all(Option::is_some);
        for (entry, row) in moment.iter().zip(repeated) {
            match row.filter(|_| !(entry.turns && only_repeats)) {
                Some(row) => rows[row].times += 1,
                None => {
                    last.insert(entry.stream(), rows.len());
                    rows.push(Row { entry, times: 1 });
                }
            }
        }
    }
    rows
}
