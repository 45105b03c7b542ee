//! Owns facts as stored: the journal, the segments it is packed in, and what is done to it.

pub(super) mod history;
pub(super) mod ingests;
pub(super) mod journal;
pub(super) mod merging;
pub(super) mod rewrites;
pub(crate) mod segment;
