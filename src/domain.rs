//! Owns the domain: from facts and a time to report values, with SPEC's meanings; no files, clock, printing or SQL. Its
//! modules depend on each other one way: `value`, `health`, `account`, `budget`, `rules`, `plan`; none uses a later
//! one.

pub(crate) mod account;
pub(crate) mod budget;
pub(crate) mod health;
pub(crate) mod plan;
pub(crate) mod rules;
pub(crate) mod value;
