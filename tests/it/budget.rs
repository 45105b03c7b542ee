//! Budgets: what is spent over days, windows and periods, and what follows.

mod achievements;
mod closing;
mod days;
mod exactness;
mod groups;
mod period_checks;
mod periods;
pub(crate) mod published;
mod year;
