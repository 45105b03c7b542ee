//! Owns health: facts, and the status of a system derived from them. Uses `value`.
//!
//! A status is computed in steps, one file each, each from changes to changes: `stream`, `threshold`, `silence`,
//! `correction`, `location`, `system`, `composite`. `effective` corrects the result. Their rules are in `rules`; the
//! output is a `timeline`.

pub(crate) mod composite;
pub(crate) mod correction;
pub(crate) mod effective;
pub(crate) mod feed;
pub(crate) mod figures;
pub(crate) mod ingest;
pub(crate) mod interval;
pub(crate) mod location;
pub(crate) mod observed;
pub(crate) mod probe;
pub(crate) mod quorum;
pub(crate) mod report;
pub(crate) mod rewrite;
pub(crate) mod rules;
pub(crate) mod silence;
pub(crate) mod stream;
pub(crate) mod system;
pub(crate) mod threshold;
pub(crate) mod timeline;
pub(crate) mod transition;
pub(crate) mod unreported;
