//! Owns the commands that show numbers and change nothing.

pub(super) mod achievements;
pub(super) mod badge;
pub(super) mod digest;
pub(super) mod downtime;
pub(super) mod health;
pub(super) mod history;
pub(super) mod list;
pub(super) mod report;
pub(super) mod show;
pub(super) mod status;
pub(super) mod streaks;
pub(super) mod trend;
