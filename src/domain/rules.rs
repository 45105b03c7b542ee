//! Owns rules over these values: conditions, when they hold, the quality of an alert, and changes. Uses `budget` and
//! the modules before it.

pub(crate) mod backtest;
pub(crate) mod change;
pub(crate) mod condition;
pub(crate) mod episode;
pub(crate) mod finding;
pub(crate) mod incident;
pub(crate) mod solver;
pub(crate) mod turn;
