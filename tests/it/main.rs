//! The integration tests: one binary, one module per subject.

#![expect(clippy::unwrap_used, reason = "all of this is tests, and clippy knows only functions marked as such")]

mod budget;
mod cases;
mod combined;
mod declared;
mod downtime;
mod facts;
mod harness;
mod laws;
mod reference;
mod rules;
#[path = "../docs/scan.rs"]
mod scan;
mod shared;
mod views;
mod world;
