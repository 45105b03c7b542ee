//! Downtime: when an objective is down, for how much, and who is charged.

mod accounting;
mod causes;
mod hindsight;
pub(crate) mod notes;
mod oncall;
mod outages;
mod recurring;
mod schedules;
mod weights;
