//! Owns the arguments of `slo check`.

use clap::{Args, ValueEnum};

use super::{Over, Selection, duration};

/// Pass or fail on error budgets, for CI and cron
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo check
  slo check -l team=payments --fail-on at-risk,page --max-age 15m
  slo check --when 'budgetRemainingPercent < 20 && burnRates.1h > 14.4'
  slo check checkout-availability -o github
  slo check --period last-month")]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) over: Over,
    /// What makes an objective fail; may be given several times [default: breaching, unless a condition is given]
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) fail_on: Vec<FailOn>,
    /// Fail while this is true: budgetRemainingPercent < 20 && burnRates.1h > 14.4; may be given several times
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) when: Vec<String>,
    /// Fail while this declared condition is firing; may be given several times
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) condition: Vec<String>,
    /// Fail while any declared condition is firing, each for the objectives it selects
    #[arg(long, conflicts_with = "condition")]
    pub(crate) all: bool,
    /// Also fail objectives that have not reported for this long, e.g. 15m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) max_age: Option<i64>,
    /// Also fail objectives whose status was known for a smaller share of the elapsed window
    #[arg(long, value_name = "PERCENT", value_parser = coverage)]
    pub(crate) min_coverage: Option<u32>,
    /// Verdict if the system, or the check that the objective measures, never reported
    #[arg(long, value_name = "VERDICT", default_value = "fail")]
    pub(crate) no_data: NoData,
    /// Check again every 5 seconds until it passes, for at most this long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) wait: Option<i64>,
    /// Show the value of every part of every condition, and since when, also for passes
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FailOn {
    /// More is consumed than the target allows
    Breaching,
    /// Breaching, or down now
    Down,
    /// Breaching, down now, or at most 20% of the budget left
    AtRisk,
    /// All of the budget is consumed
    Exhausted,
    /// Consumption has reached the warning threshold
    Warning,
    /// Consumption has reached the critical threshold
    Critical,
    /// The last hour burned at fastBurnMultiplier or faster
    FastBurn,
    /// The multiwindow policy asks for action at once
    Page,
    /// The multiwindow policy asks for action within days
    Ticket,
    /// The status is unknown now
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum NoData {
    Fail,
    Pass,
}

fn coverage(text: &str) -> Result<u32, String> {
    let percent = text.trim_end_matches('%').parse().ok().filter(|percent| (1..=100).contains(percent));
    percent.ok_or_else(|| "expected a whole percentage from 1 to 100".to_owned())
}
