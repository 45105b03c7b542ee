//! Owns the arguments of the commands that show systems.

use clap::{Args, ValueEnum};

use super::duration;

/// Show the status of systems, and since when
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo health
  slo health postgres -o json
  slo health --window 6h
  slo health -l team=payments --fail-on unhealthy")]
pub(crate) struct Health {
    /// Names of systems [default: all]
    #[arg(value_name = "SYSTEM")]
    pub(crate) systems: Vec<String>,
    /// Only systems with these labels: key=value, key!=value, key, !key; a comma means `and`
    #[arg(short = 'l', long = "selector", value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// List retired systems as well
    #[arg(long)]
    pub(crate) all: bool,
    /// Count the changes of the status over this long
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60m", conflicts_with = "fail_on")]
    pub(crate) window: i64,
    /// Exit with 1 when a system has this status; degraded includes unhealthy; may be given several times
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) fail_on: Vec<FailOnStatus>,
    /// With --fail-on: only if it has had that status without a gap for this long
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, requires = "fail_on")]
    pub(crate) held_for: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FailOnStatus {
    /// The system is unhealthy
    Unhealthy,
    /// The system is degraded or unhealthy
    Degraded,
    /// The status is not known
    Unknown,
}

/// Show what systems have achieved, and what is next
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo achievements
  slo achievements checkout -o wide
  slo achievements --recent 5")]
pub(crate) struct Achievements {
    /// Names of systems [default: all that have objectives]
    #[arg(value_name = "SYSTEM")]
    pub(crate) systems: Vec<String>,
    /// Only the last N achievements, newest first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) recent: Option<u32>,
}

/// Show the journal of one system, and where each fact came from
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo history checkout --since 30d
  slo history postgres --all")]
pub(crate) struct History {
    /// Name of the system
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    /// Only transitions at or after this time, or this long before as-of [default: 7d]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only transitions before this time, or this long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// In tables, show repeats of a stream's status as separate rows
    #[arg(long)]
    pub(crate) all: bool,
}
