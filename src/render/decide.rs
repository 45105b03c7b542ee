//! Owns how verdicts and backtests look.

pub(crate) mod backtest;
pub(crate) mod check;
pub(crate) mod ci;
pub(super) mod score;
pub(crate) mod suggestion;
