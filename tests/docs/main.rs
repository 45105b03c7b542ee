//! Checks what the documents promise: documents, demo, completions, manual pages, how answers look, and the layers of
//! the code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::disallowed_methods, reason = "tests read SLO_REWRITE and PATH")]

mod browser;
mod commands;
mod completions;
mod conditions;
mod demo;
mod features;
mod gallery;
mod gitops;
mod golden;
mod help;
mod install;
mod layers;
mod man;
mod markdown;
mod notifications;
mod page;
mod pages;
mod scan;
mod schema;
mod tables;
mod words;
mod world;
