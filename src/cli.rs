//! Owns the command line: its types and help texts; no behaviour. Arguments of commands stand in files by what they are about.

mod backtest;
mod check;
mod compute;
mod database;
mod ingest;
mod manifest;
mod objective;
mod report;
mod system;
mod tool;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use backtest::{Backtest, Suggest};
pub(crate) use check::{Check, FailOn, NoData};
pub(crate) use compute::Compute;
pub(crate) use database::{
    Backup, Db, DbWhat, Export, ExportJournal, ExportManifests, ExportWhat, List, ListKind, ManifestFormat, Merge,
    Verify,
};
pub(crate) use ingest::{FeedFormat, Ingest};
pub(crate) use manifest::{Apply, Init, Log, Paths, Schema};
pub(crate) use objective::{Digest, Downtime, DowntimeBy, Selection, Show, Status, Streaks, Trend};
pub(crate) use report::{Badge, BadgeShow, Report};
pub(crate) use system::{Achievements, Health, History};
pub(crate) use tool::{Completions, Demo, Man, Shell};

const AFTER_HELP: &str = "\
Exit codes:
  0  success
  1  failed: budget spent, drift, invalid manifest, rejected lines, verify mismatch
  2  error: usage, I/O, damaged or newer database, nothing to check

Times are RFC 3339, 2026-11-20, 2026-11-20 14:05 (UTC), or Unix seconds or milliseconds.
Durations are 90s, 15m, 6h, 7d, 4w.
With --as-of, later facts do not exist; manifests are those applied now.

Start with `slo demo`.";

/// Error budgets, streaks and CI verdicts from health transitions, in one binary and one SQLite file
#[derive(Parser, Debug)]
#[command(name = "slo", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Database file [env: `SLO_DB`] [default: slo/slo.db under the user's data directory]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Global options")]
    pub(crate) db: Option<PathBuf>,
    /// Evaluate as of this time, or this long ago, instead of now [env: `SLO_AS_OF`]
    #[arg(long, global = true, value_name = "TIME", help_heading = "Global options")]
    pub(crate) as_of: Option<String>,
    /// How to print the answer; junit and github are for verdicts in CI, html for the digest
    #[arg(short, long, global = true, value_name = "FORMAT", help_heading = "Global options")]
    pub(crate) output: Option<Output>,
    /// Write a `'` before CSV cells that a spreadsheet would run as formulas
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) csv_safe: bool,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub(crate) color: Color,
    /// Print no notes, no progress and no summary of an ingest, only answers and what is wrong
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Output {
    Table,
    Wide,
    Json,
    Yaml,
    Csv,
    Markdown,
    // Of verdicts, for CIs.
    Junit,
    Github,
    // Of the digest, to mail.
    Html,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Bring health transitions in: JSON Lines or CSV, plain or gzipped, from files or a pipe
    Ingest(Ingest),
    /// Write a commented manifest to start from, for the systems that the journal knows
    ///
    /// With an empty or missing database it is an example. Its first line points editors with a YAML language server to the
    /// schema beside it, which `slo schema > slo-v1.schema.json` writes.
    Init(Init),
    /// Print the JSON Schema of manifests, with which editors complete and check them
    ///
    /// Write it to a file, and name that in the first line of a manifest:
    /// # yaml-language-server: $schema=slo-v1.schema.json
    Schema(Schema),
    /// Check manifests, and report every problem of every file
    Validate(Paths),
    /// Show what `apply` would change, and what that would do to the budgets; change nothing
    Plan(Apply),
    /// Bring the declared objects of a set in line with manifests, all or nothing
    Apply(Apply),
    /// Show every objective: availability, budget, burn rate, streak, state; worst first
    Status(Status),
    /// Show everything about one objective on one screen
    Show(Show),
    /// Pass or fail on budgets, for CI and cron
    Check(Check),
    /// Show when a condition would have fired, and how good an alert it would have been
    Backtest(Backtest),
    /// Show the effective status of systems, and since when
    Health(Health),
    /// List downtime events and what they come to: whose fault, how long, how often
    Downtime(Downtime),
    /// Show one objective day by day
    Trend(Trend),
    /// Show how many days in a row objectives have kept their budgets
    Streaks(Streaks),
    /// Show what systems have achieved, since when, and what they are near to
    Achievements(Achievements),
    /// Tell a week: what is breaching, what it cost and whose fault it was, what changed
    Digest(Digest),
    /// Show the journal of one system, and which ingest brought each transition
    History(History),
    /// Write status, days, streaks and achievements into tables for SQLite readers, and tell what has changed
    ///
    /// Prints one line for each change; -o json prints one JSON object a line. Computing twice as of the same moment writes and
    /// prints nothing. With --exec every change is handed to a command as well, in order, until the command has succeeded.
    Compute(Compute),
    /// Write one HTML page about all objectives: burn-downs, days, downtime, streaks
    ///
    /// The page is one file that needs no network and no script: open it, mail it, keep it as an artifact of CI. The file is
    /// replaced in one step.
    Report(Report),
    /// Print one objective as an SVG badge for a README
    Badge(Badge),
    /// List what the database holds, and what conditions can be made of
    List(List),
    /// Show who applied which manifests when, and what that changed
    Log(Log),
    /// Write the journal or the manifests out, so that bringing them in elsewhere gives the same answers
    Export(Export),
    /// Look after the database file
    Db(Db),
    /// Build a small world in a temporary database and show its status
    ///
    /// With --db the database is made there instead; it must not exist yet. SLO_DB is left alone, and the world's present is
    /// always 2026-11-20 14:05 UTC.
    Demo(Demo),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the manual page of slo or of one of its commands
    Man(Man),
}

impl Command {
    /// Whether its answer depends on what time it is, unless `--as-of` says.
    pub(crate) const fn asks_the_clock(&self) -> bool {
        !matches!(self, Self::Schema(_) | Self::Demo(_) | Self::Completions(_) | Self::Man(_))
    }
}

fn duration(text: &str) -> Result<i64, String> {
    crate::domain::value::duration::parse_millis(text)
        .ok_or_else(|| "write a number and a unit, such as 90s, 15m, 6h, 7d or 4w (up to 3650d)".to_owned())
}
