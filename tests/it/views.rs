//! Views: what is published elsewhere says what the commands say.

pub(crate) mod computed;
mod dashboards;
mod digest;
mod metrics;
mod pages;
mod promtool;
mod zones;
