//! Owns the record of an ingest: which file added which transitions, and when.

use std::fmt;

use crate::domain::value::instant::Instant;

/// Identifies an ingest within one database, from 1 on; the default is one that has no record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(crate) struct IngestId(pub(crate) i64);

impl fmt::Display for IngestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One ingest that changed the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct IngestRecord {
    pub(crate) id: IngestId,
    /// The file's name as given, or `-` for standard input.
    pub(crate) file: String,
    pub(crate) started_at: Instant,
    /// `None` if it was interrupted or is ongoing.
    pub(crate) finished_at: Option<Instant>,
    pub(crate) read: u64,
    pub(crate) inserted: u64,
    pub(crate) duplicates: u64,
    pub(crate) conflicts: u64,
    pub(crate) rejected: u64,
}

impl IngestRecord {
    /// An ingest that has not changed anything yet.
    pub(crate) fn new(file: &str, started_at: Instant) -> Self {
        Self {
            id: IngestId(0),
            file: file.to_owned(),
            started_at,
            finished_at: None,
            read: 0,
            inserted: 0,
            duplicates: 0,
            conflicts: 0,
            rejected: 0,
        }
    }

    /// Whether it added anything, so that the database remembers it.
    pub(crate) const fn changed_journal(&self) -> bool {
        self.id.0 != 0
    }
}
