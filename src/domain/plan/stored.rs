//! Owns a stored object: a declared object with its origin.

use super::reconcile::Held;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// A declared object and its origin.
#[derive(Clone, Debug)]
pub(crate) struct StoredObject {
    /// The object, its set, and whether it is orphaned.
    pub(crate) held: Held,
    /// The repository of its file, if known.
    pub(crate) repository: Option<Name>,
    /// From the root of its repository; outside of one from the given folder, with that folder's name.
    pub(crate) file: String,
    /// Position of the document in its file, from 1.
    pub(crate) document: usize,
    /// The Git commit of the file when the object was last written or found elsewhere.
    pub(crate) commit: Option<String>,
    pub(crate) applied_at: Instant,
}
