//! Owns the record of an apply: who brought which set in line with its manifests, when, and what that changed.

use super::reconcile::change::Change;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// One apply that changed something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ApplyRecord {
    /// Given by the database; later ones are greater.
    pub(crate) id: i64,
    pub(crate) applied_at: Instant,
    pub(crate) set: Name,
    pub(crate) commit: Option<String>,
    pub(crate) author: Option<String>,
    /// Never empty.
    pub(crate) changes: Vec<Change>,
    /// How many declared objects were as they should be.
    pub(crate) unchanged: usize,
}
