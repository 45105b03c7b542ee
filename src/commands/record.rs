//! Owns the commands that import facts: `ingest`, `feed`, `probe`.

pub(super) mod feed;
pub(super) mod ingest;
pub(super) mod probe;
