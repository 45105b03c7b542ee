//! Owns what `compute` publishes: its tables, the log of changes, and how far it reaches.

pub(super) mod changes;
pub(super) mod computed;
pub(super) mod turns;
