//! The pure middle: what SPEC's words mean. Facts and a moment go in, report values come out; no files, clock, printing or SQL.

pub(crate) mod assess;
pub(crate) mod budget;
pub(crate) mod chronicle;
pub(crate) mod day;
pub(crate) mod decimal;
pub(crate) mod downtime;
pub(crate) mod duration;
pub(crate) mod forecast;
pub(crate) mod health;
pub(crate) mod instant;
pub(crate) mod label;
pub(crate) mod maintenance;
pub(crate) mod model;
pub(crate) mod name;
pub(crate) mod object;
pub(crate) mod objective;
pub(crate) mod reconcile;
pub(crate) mod report;
pub(crate) mod selector;
pub(crate) mod span;
pub(crate) mod streak;
pub(crate) mod tally;
pub(crate) mod target;
pub(crate) mod timeline;
pub(crate) mod transition;
pub(crate) mod window;
