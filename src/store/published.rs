//! Owns what `compute` publishes: its tables, the log of changes, and how far both reach.

pub(super) mod changes;
pub(super) mod computed;
pub(super) mod turns;
