//! Views: everything published elsewhere matches the commands.

pub(crate) mod computed;
mod dashboards;
mod digest;
mod metrics;
mod pages;
mod promtool;
mod ranges;
mod renames;
mod zones;
