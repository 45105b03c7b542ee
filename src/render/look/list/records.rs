//! Owns the rows of lists of past actions: ingests, and sets with who applied them last.

use serde_json::json;

use super::{List, Row, moment};
use crate::domain::health::ingest::IngestRecord;
use crate::domain::plan::applied::ApplyRecord;
use crate::domain::value::name::Name;
use crate::render::declare::log::short;
use crate::render::form::path::last_of;

/// Ingests that changed the journal.
pub(crate) fn ingests(ingests: &[IngestRecord]) -> List {
    let rows = ingests.iter().map(|ingest| Row {
        cells: vec![
            ingest.id.to_string(),
            last_of(&ingest.file).to_owned(),
            moment(Some(ingest.started_at)),
            ingest.finished_at.map_or("interrupted".to_owned(), |at| moment(Some(at))),
            ingest.read.to_string(),
            ingest.inserted.to_string(),
            ingest.duplicates.to_string(),
            ingest.conflicts.to_string(),
            ingest.rejected.to_string(),
            ingest.file.clone(),
        ],
        value: json!({
            "ingestId": ingest.id.0,
            "file": ingest.file,
            "startedAt": ingest.started_at.to_string(),
            "finishedAt": ingest.finished_at.map(|at| at.to_string()),
            "read": ingest.read,
            "inserted": ingest.inserted,
            "duplicates": ingest.duplicates,
            "conflicts": ingest.conflicts,
            "rejected": ingest.rejected,
        }),
    });
    List::new(
        "ingests",
        &[">INGEST", "FROM", "?@STARTED", "?@FINISHED", ">READ", ">NEW", ">KNOWN", ">CONFLICTS", ">REJECTED", "+FILE"],
        rows,
    )
}

/// A set of a list.
pub(crate) struct KnownSet {
    pub(crate) name: Name,
    pub(crate) objects: usize,
    pub(crate) orphaned: usize,
    /// The last apply that changed it.
    pub(crate) last: Option<ApplyRecord>,
}

/// Sets of declared objects.
pub(crate) fn sets(known: Vec<KnownSet>) -> List {
    let rows = known.into_iter().map(|KnownSet { name, objects, orphaned, last }| {
        let (at, commit, author) =
            last.map_or((None, None, None), |last| (Some(last.applied_at), last.commit, last.author));
        Row {
            cells: vec![
                name.to_string(),
                objects.to_string(),
                orphaned.to_string(),
                moment(at),
                commit.as_deref().map_or_else(String::new, short),
                author.clone().unwrap_or_default(),
            ],
            value: json!({
                "set": name.as_str(),
                "objects": objects,
                "orphaned": orphaned,
                "lastChangedAt": at.map(|at| at.to_string()),
                "commit": commit,
                "author": author,
            }),
        }
    });
    List::new("sets", &["SET", ">OBJECTS", ">ORPHANED", "@LAST CHANGED", "?COMMIT", "?BY"], rows)
}
