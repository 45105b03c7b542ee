//! The pure middle: what SPEC's words mean. Facts and a moment go in, report values come out; no files, clock, printing or SQL.
//! Facts flow one way through its rooms: `value`, `health`, `account`, `budget`, `rules`, `plan`; none knows a later one.

pub(crate) mod account;
pub(crate) mod budget;
pub(crate) mod health;
pub(crate) mod plan;
pub(crate) mod rules;
pub(crate) mod value;
