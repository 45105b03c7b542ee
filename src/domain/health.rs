//! Owns health: facts, and the status of a system that follows from them. Knows `value`.

pub(crate) mod figures;
pub(crate) mod ingest;
pub(crate) mod probe;
pub(crate) mod stream;
pub(crate) mod system;
pub(crate) mod timeline;
pub(crate) mod transition;
