//! Processes: those that are run, those that run at once, and how they end.

mod compute;
mod load;
mod pipes;
mod probe;
mod secrets;
mod stopping;
mod waiting;
