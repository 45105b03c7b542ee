//! Owns the arguments of `slo backtest`.

use clap::{Args, ValueEnum};

use super::{Selection, duration};

/// Show when a condition would have fired, and score it as an alert
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo backtest --when 'burnRates.1h > 14.4 && burnRates.5m > 14.4' --since 40d
  slo backtest --suggest target --windows 2")]
pub(crate) struct Backtest {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// The condition, written as an expression
    #[arg(long, value_name = "EXPRESSION", required_unless_present_any = ["condition", "suggest"])]
    pub(crate) when: Option<String>,
    /// A declared condition, tested on the objectives it selects
    #[arg(long, value_name = "NAME", conflicts_with = "when")]
    pub(crate) condition: Option<String>,
    /// From this time on, or this long before the end [default: 90d]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Up to this time, or this long before as-of; later facts are ignored
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// What should have been detected: the objective's own breaches, or incidents in a file
    #[arg(long, value_name = "breaching|FILE", default_value = "breaching")]
    pub(crate) against: String,
    /// Read that file as this feed describes it [default: incidents]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) feed: Option<String>,
    /// Only incidents with one of these impacts
    #[arg(long, value_name = "IMPACT", value_delimiter = ',')]
    pub(crate) impact: Vec<String>,
    /// How long before its start an event may be announced [default: 3d before a breach, 0 before an incident]
    #[arg(long, value_name = "DURATION", value_parser = length)]
    pub(crate) lead: Option<i64>,
    /// How long after its end an alert about an event may still begin
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = length)]
    pub(crate) grace: i64,
    /// Instead, suggest what this history supports
    #[arg(long, value_name = "WHAT")]
    pub(crate) suggest: Option<Suggest>,
    /// Number of windows in which a suggested target would have been met [default: 6]
    #[arg(long, value_name = "N", requires = "suggest", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) windows: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Suggest {
    /// The highest target that was met in each of the last windows
    Target,
    /// The highest burn threshold that catches every event, for each pair of lookbacks of the multiwindow policy or those of --when
    Threshold,
}

fn length(text: &str) -> Result<i64, String> {
    if matches!(text.trim(), "0" | "0s" | "0m") { Ok(0) } else { duration(text) }
}
