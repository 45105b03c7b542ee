//! Owns the arguments of the commands that show objectives.

use clap::Args;

use super::{Over, duration};
use crate::domain::budget::grouping::GroupBy;

/// The objectives that a command selects.
#[derive(Args, Debug)]
pub(crate) struct Selection {
    /// Names of objectives [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: Filter,
}

/// What the selected objectives have in common.
#[derive(Args, Debug, Default)]
pub(crate) struct Filter {
    /// Only objectives of this system; may be given several times
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Vec<String>,
    /// Only objectives with these labels: key=value, key!=value, key, !key; a comma means `and`
    #[arg(short = 'l', long = "selector", value_name = "LABELS")]
    pub(crate) selector: Option<String>,
}

impl Selection {
    /// Whether nothing is left out.
    pub(crate) const fn is_all(&self) -> bool {
        self.names.is_empty() && self.filter.is_all()
    }
}

impl Filter {
    /// Whether nothing is left out.
    pub(crate) const fn is_all(&self) -> bool {
        self.system.is_empty() && self.selector.is_none()
    }
}

/// Show every objective, worst first
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo status
  slo status -l team=payments -o json
  slo status --by label:team
  slo status --as-of 7d")]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) over: Over,
    /// Group by objective, system or label:KEY, with a summary of each group
    #[arg(long, value_name = "GROUP", value_parser = GroupBy::parse)]
    pub(crate) by: Option<GroupBy>,
    /// Redraw at this interval until interrupted
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "2s", require_equals = true, value_parser = interval)]
    pub(crate) watch: Option<i64>,
}

/// The redraw interval: long enough to read the screen.
fn interval(text: &str) -> Result<i64, String> {
    let millis = duration(text)?;
    if millis < 1000 { Err("expected at least 1s".to_owned()) } else { Ok(millis) }
}

/// Show everything about one objective
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo show checkout-availability
  slo show checkout-availability --days 90")]
pub(crate) struct Show {
    /// Name of the objective, or of a system that has only one
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Days of the trend
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
}

/// Show objectives day by day
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo trend checkout-availability --days 7
  slo trend -l team=payments
  slo trend checkout-availability mail-delivery --since 2026-10-01 --until 2026-11-01 -o csv")]
pub(crate) struct Trend {
    /// Names of objectives, or of systems that have only one
    #[arg(value_name = "NAME", required_unless_present_any = ["system", "selector"])]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Number of days up to the last midnight of the objective's time zone, or up to --until
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500), conflicts_with = "since")]
    pub(crate) days: u32,
    /// All days that end after this time, or this long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only days that end by this time, or this long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

/// Show how many days in a row budgets were kept
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo streaks")]
pub(crate) struct Streaks {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// List downtime events, their causes and totals
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo downtime checkout-availability --since 90d
  slo downtime --by upstream
  slo downtime --open")]
pub(crate) struct Downtime {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) over: Over,
    /// Only events after this time, or this long before as-of [default: 30d]
    #[arg(long, value_name = "TIME", conflicts_with = "period")]
    pub(crate) since: Option<String>,
    /// Only events before this time, or this long before as-of
    #[arg(long, value_name = "TIME", conflicts_with = "period")]
    pub(crate) until: Option<String>,
    /// Only ongoing events
    #[arg(long)]
    pub(crate) open: bool,
    /// Only the last N outages, no matter how long ago, unless --since or --period is given
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
    /// Also list downtime that is not charged, and why: excluded, outside the schedule, too short or corrected
    #[arg(long)]
    pub(crate) all: bool,
    /// Group by objective, system, label:KEY, upstream or day, in --timezone or the zone of each objective
    #[arg(long, value_name = "WHAT", value_parser = DowntimeBy::parse)]
    pub(crate) by: Option<DowntimeBy>,
}

/// Summarize one week of all objectives
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo digest
  slo digest --week last -o markdown")]
pub(crate) struct Digest {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// ISO week to summarize: 2026-W47, last, or this
    ///
    /// The default is the week of as-of, so far. A week that is over is reported as of its close.
    #[arg(long, value_name = "WEEK")]
    pub(crate) week: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum DowntimeBy {
    Upstream,
    Day,
    /// What objectives are grouped by elsewhere, too.
    Objectives(GroupBy),
}

impl DowntimeBy {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "upstream" => Ok(Self::Upstream),
            "day" => Ok(Self::Day),
            _ => GroupBy::among(text, "objective, system, upstream, day or label:KEY").map(Self::Objectives),
        }
    }
}
