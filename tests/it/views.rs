//! Views: everything published elsewhere matches the commands.

mod answers;
pub(crate) mod computed;
mod dashboards;
mod digest;
mod history;
mod metrics;
mod pages;
mod promtool;
mod ranges;
mod renames;
mod zones;
