//! Owns how answers about imported facts look.

pub(crate) mod ingest;
pub(crate) mod probe;
pub(crate) mod trial;
