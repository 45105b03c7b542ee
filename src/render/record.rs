//! Owns how the answers look of what takes facts in.

pub(crate) mod ingest;
pub(crate) mod probe;
pub(crate) mod trial;
