//! Owns a declared object as it is kept: with where it came from, and when.

use super::reconcile::Held;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// A declared object with where it came from.
#[derive(Clone, Debug)]
pub(crate) struct StoredObject {
    /// The object, its set, and whether it is gone from that.
    pub(crate) held: Held,
    /// The repository whose file it is, where that is known.
    pub(crate) repository: Option<Name>,
    /// From the root of its repository; outside of one from the folder given, with that folder's name.
    pub(crate) file: String,
    /// Position of the document in its file, from 1.
    pub(crate) document: usize,
    /// The Git commit that the file was of when the object was last written or found elsewhere.
    pub(crate) commit: Option<String>,
    pub(crate) applied_at: Instant,
}
