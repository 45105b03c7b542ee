//! Owns the budget: how an account spends it, by day and over a window, and the reports of that. Uses `account` and the
//! modules before it.

pub(crate) mod achievement;
pub(crate) mod assess;
pub(crate) mod balance;
pub(crate) mod burndown;
pub(crate) mod chapter;
pub(crate) mod day;
pub(crate) mod digest;
pub(crate) mod forecast;
pub(crate) mod grouping;
pub(crate) mod latest;
pub(crate) mod level;
mod moving;
pub(crate) mod policy;
pub(crate) mod printed;
pub(crate) mod rejudge;
pub(crate) mod report;
pub(crate) mod review;
pub(crate) mod snapshot;
pub(crate) mod streak;
