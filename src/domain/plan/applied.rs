//! Owns the record of an apply: who applied which set, when, and what changed.

use super::reconcile::change::Change;
use crate::domain::health::rewrite::RewriteRecord;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// One apply that changed something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ApplyRecord {
    /// Assigned by the database, in increasing order.
    pub(crate) id: i64,
    pub(crate) applied_at: Instant,
    pub(crate) set: Name,
    pub(crate) commit: Option<String>,
    pub(crate) author: Option<String>,
    /// Never empty.
    pub(crate) changes: Vec<Change>,
    /// How many declared objects needed no change.
    pub(crate) unchanged: usize,
}

/// An entry of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Logged {
    Apply(ApplyRecord),
    /// Facts were deleted or moved to another name.
    Rewrite(RewriteRecord),
}

impl Logged {
    pub(crate) const fn at(&self) -> Instant {
        match self {
            Self::Apply(record) => record.applied_at,
            Self::Rewrite(record) => record.done_at,
        }
    }

    /// The `most` newest of both, newest first; both inputs are sorted that way.
    pub(crate) fn newest(applies: Vec<ApplyRecord>, rewrites: Vec<RewriteRecord>, most: usize) -> Vec<Self> {
        let mut all: Vec<Self> = applies.into_iter().map(Self::Apply).collect();
        all.extend(rewrites.into_iter().map(Self::Rewrite));
        all.sort_by_key(|logged| std::cmp::Reverse(logged.at()));
        all.truncate(most);
        all
    }
}
