//! Owns how data for other programs looks: changes, facts, metrics.

pub(crate) mod compute;
pub(crate) mod journal;
pub(crate) mod metrics;
