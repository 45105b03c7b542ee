//! Owns the size of a database: how much it holds, and in how many bytes.

use crate::domain::value::span::Span;

/// A database in numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Figures {
    /// Bytes of the file, or of the tables and indices on a server.
    pub(crate) bytes: i64,
    pub(crate) schema: i32,
    /// The pages of the file; `None` on a server.
    pub(crate) pages: Option<Pages>,
    pub(crate) systems: i64,
    pub(crate) streams: i64,
    pub(crate) segments: i64,
    pub(crate) transitions: i64,
    pub(crate) segment_bytes: i64,
    pub(crate) notes: i64,
    pub(crate) ingests: i64,
    pub(crate) manifests: i64,
    /// Objectives with sealed days, and the bytes these take.
    pub(crate) ledgers: i64,
    pub(crate) ledger_bytes: i64,
    /// From the first to the last transition.
    pub(crate) span: Option<Span>,
}

/// The pages of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pages {
    pub(crate) bytes: i64,
    pub(crate) count: i64,
    pub(crate) free: i64,
}

impl Figures {
    /// Bytes of the database per transition; `None` without transitions.
    pub(crate) fn bytes_per_transition(&self) -> Option<f64> {
        (self.transitions > 0).then(|| self.bytes as f64 / self.transitions as f64)
    }
}
