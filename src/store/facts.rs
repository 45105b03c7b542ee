//! Owns stored facts: the journal, its segments, and changes to both.

pub(super) mod history;
pub(super) mod ingests;
pub(super) mod journal;
pub(super) mod merging;
pub(super) mod rewrites;
pub(crate) mod segment;
