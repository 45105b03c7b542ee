//! Rules: conditions, verdicts, and how well they would have worked.

mod backtests;
mod conditions;
mod logged;
mod system_conditions;
mod turns;
mod verdicts;
