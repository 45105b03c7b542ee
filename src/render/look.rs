//! Owns how answers with numbers look.

pub(crate) mod achievements;
pub(crate) mod badge;
pub(crate) mod digest;
pub(crate) mod downtime;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod review;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod streaks;
pub(crate) mod trend;
