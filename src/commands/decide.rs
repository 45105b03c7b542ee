//! Owns what answers yes or no, and how well it would have.

pub(super) mod backtest;
pub(super) mod check;
