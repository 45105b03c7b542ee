//! Downtime: when an objective is down, for how much, and who is charged.

mod accounting;
mod causes;
mod hindsight;
mod oncall;
mod outages;
mod schedules;
mod weights;
