//! Owns how it looks what other programs take: changes, facts, metrics.

pub(crate) mod compute;
pub(crate) mod journal;
pub(crate) mod metrics;
