//! Owns the commands with a verdict, and how good such a verdict would have been.

pub(super) mod backtest;
pub(super) mod check;
