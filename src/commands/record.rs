//! Owns what takes facts in: `ingest`, `feed`, `probe`.

pub(super) mod feed;
pub(super) mod ingest;
pub(super) mod probe;
