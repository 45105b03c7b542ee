//! The integration tests: one binary, one module per subject.

#![expect(clippy::unwrap_used, reason = "all of this is tests, and clippy knows only functions marked as such")]

mod days;
mod exactness;
mod harness;
mod laws;
mod manifests;
mod published;
mod reference;
mod world;
