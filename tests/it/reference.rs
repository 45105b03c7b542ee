//! The slow, obvious evaluator: every answer of SPEC 3 to 8 recomputed from scratch, by definition, to compare the engine with.
//!
//! It shares no code with the engine. Statuses are evaluated at every breakpoint, totals are sums over the pieces between
//! breakpoints, and comparisons are made on `i128`; floats appear only in the JSON that comes out.

pub(crate) mod achievements;
pub(crate) mod budget;
pub(crate) mod calendar;
pub(crate) mod compare;
pub(crate) mod condition;
pub(crate) mod downtime;
mod examples;
pub(crate) mod forecast;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod model;
pub(crate) mod recurrence;
mod schedule;
pub(crate) mod sets;
mod sums;
pub(crate) mod view;

pub(crate) use compare::difference;
pub(crate) use view::{all_health, at_close, health, objectives};
