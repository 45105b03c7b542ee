//! Owns the arguments of the commands that write files to look at: pages and badges.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Over, Selection};
use crate::domain::budget::grouping::GroupBy;

/// Report one period, or write an HTML page about all objectives
///
/// With --period: results by group and by objective, and the outages with cause and note, compared with the period before; as a
/// table, or -o html, markdown, csv or json. Without it, --html writes the page of the objectives' own windows: burn-downs,
/// days, downtime, streaks. A page is one file that needs no network and no script: open it, mail it, keep it as a CI artifact. The file is
/// replaced in one step.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo report --html slo.html
  slo report --html - -l team=payments > payments.html")]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Write one self-contained HTML page to this file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) over: Over,
    /// Heading of the page
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Leave a part out of the page
    #[arg(long, value_name = "PART", value_delimiter = ',', conflicts_with = "period")]
    pub(crate) without: Vec<ReportPart>,
    /// Show the history of the N worst objectives, or of all of them
    #[arg(long, value_name = "N|all", default_value = "200", value_parser = details, conflicts_with = "period")]
    pub(crate) details: usize,
    /// Group by system, objective or label:KEY [default on the page: system, unless every objective has its history shown]
    #[arg(long, value_name = "GROUP", value_parser = GroupBy::parse)]
    pub(crate) by: Option<GroupBy>,
}

/// What a page can do without.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ReportPart {
    /// What systems have achieved
    Achievements,
}

fn details(text: &str) -> Result<usize, String> {
    if text == "all" {
        return Ok(usize::MAX);
    }
    text.parse().map_err(|_| "expected a number or all".to_owned())
}

/// Print an SVG badge for one objective
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo badge checkout-availability > slo.svg
  slo badge checkout-availability --show budget --label checkout")]
pub(crate) struct Badge {
    /// Name of the objective, or of a system that has only one
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) over: Over,
    /// What the badge shows
    #[arg(long, value_name = "WHAT", default_value = "availability")]
    pub(crate) show: BadgeShow,
    /// Text on the left [default: the objective's name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum BadgeShow {
    /// State: healthy, at-risk, down, breaching, no-data
    State,
    /// Share of the window in which it was available
    Availability,
    /// Remaining error budget
    Budget,
    /// Days in a row on which the budget was kept
    Streak,
}
