//! Owns rules over these values: conditions, when they hold, how well an alert does, and what has changed. Knows `budget` and the
//! rooms below it.

pub(crate) mod backtest;
pub(crate) mod change;
pub(crate) mod condition;
pub(crate) mod episode;
pub(crate) mod finding;
pub(crate) mod incident;
pub(crate) mod solver;
pub(crate) mod turn;
