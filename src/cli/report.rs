//! Owns the arguments of the commands that make files to look at: pages and badges.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Selection;
use crate::domain::budget::grouping::GroupBy;

/// Write an HTML page about all objectives
///
/// The page is one file that needs no network and no script: open it, mail it, keep it as a CI artifact. The file is
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
    pub(crate) html: PathBuf,
    /// Heading of the page
    #[arg(long, value_name = "TEXT", default_value = "Service level objectives")]
    pub(crate) title: String,
    /// Show the history of the N worst objectives, or of all of them
    #[arg(long, value_name = "N|all", default_value = "200", value_parser = details)]
    pub(crate) details: usize,
    /// Add an overview of groups: system, or label:KEY [default: system, unless every objective has its history shown]
    #[arg(long, value_name = "GROUP", value_parser = GroupBy::parse)]
    pub(crate) by: Option<GroupBy>,
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
    /// Name of the objective
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
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
