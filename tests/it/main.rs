//! The integration tests: one binary, one module per subject.

#![expect(clippy::unwrap_used, reason = "all of this is tests, and clippy knows only functions marked as such")]

mod achievements;
mod backtests;
mod cases;
mod causes;
mod closing;
mod combined;
mod computed;
mod conditions;
mod corrections;
mod days;
mod digest;
mod exactness;
mod feeds;
mod freshness;
mod groups;
mod harness;
mod hindsight;
mod laws;
mod logged;
mod manifests;
mod metrics;
mod oncall;
mod outages;
mod pages;
mod periods;
mod pipeline;
mod probes;
mod published;
mod reference;
mod rewrites;
#[path = "../docs/scan.rs"]
mod scan;
mod schedules;
mod sets;
mod shared;
mod system_conditions;
mod turns;
mod verdicts;
mod weights;
mod world;
mod zones;
