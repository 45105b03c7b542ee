//! Owns how verdicts and backtests look.

pub(crate) mod backtest;
pub(crate) mod check;
pub(crate) mod ci;
mod reason;
pub(super) mod score;
pub(crate) mod suggestion;
