//! Owns the account of an objective: its declaration, its downtime, and the cause each part of it is charged to. Uses
//! `health` and `value`.

pub(crate) mod blame;
pub(crate) mod chronicle;
pub(crate) mod correction;
pub(crate) mod dependencies;
pub(crate) mod downtime;
pub(crate) mod hindsight;
pub(crate) mod maintenance;
pub(crate) mod member;
pub(crate) mod model;
pub(crate) mod objective;
pub(crate) mod outage;
pub(crate) mod schedule;
#[cfg(test)]
pub(crate) mod small;
pub(crate) mod tally;
mod unfolded;
pub(crate) mod weights;
