//! Holds what the documents promise: README, demo, completions, manual pages, how answers look, and the layers of the code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::disallowed_methods, reason = "tests read SLO_REWRITE and PATH")]

mod completions;
mod demo;
mod gallery;
mod golden;
mod layers;
mod man;
mod readme;
mod schema;
mod world;
