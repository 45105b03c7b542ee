//! Owns the command line: its types and help texts; no behavior. Each file has the arguments of related commands.

mod backtest;
mod check;
mod compute;
mod database;
mod ingest;
mod manifest;
mod objective;
mod period;
mod probe;
mod report;
mod system;
mod tool;

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use crate::domain::value::duration::{out_of_range, parse_millis};
use crate::domain::value::name::Name;

pub(crate) use backtest::{Backtest, Suggest};
pub(crate) use check::{Check, FailOn, NoData};
pub(crate) use compute::Compute;
pub(crate) use database::{
    Backup, Compact, Consent, Copy, Db, Export, ExportJournal, ExportManifests, ExportMetrics, Forget, Info, List,
    ListKind, ManifestFormat, Merge, RenameSystem, StreamSource, Verify,
};
pub(crate) use ingest::{Feed, FeedFormat, FeedShow, FeedTry, Ingest};
pub(crate) use manifest::{Apply, Correct, Init, Log, Paths, Plan, Schema, Validate};
pub(crate) use objective::{Digest, Downtime, DowntimeBy, Filter, Selection, Show, Status, Streaks, Trend};
pub(crate) use period::Over;
pub(crate) use probe::Probe;
pub(crate) use report::{Badge, BadgeShow, Report, ReportPart};
pub(crate) use system::{Achievements, FailOnStatus, Health, History};
pub(crate) use tool::{Completions, Demo, Man, Shell};

const AFTER_HELP: &str = "\
Exit codes:
  0  success
  1  failed: budget spent, drift, invalid manifest, rejected lines, verify mismatch
  2  error: usage, I/O, damaged or newer database, nothing to check

Times are RFC 3339, 2026-11-20, 2026-11-20 14:05 (UTC), or Unix seconds or milliseconds.
Durations are 90s, 15m, 6h, 7d, 4w.
With --as-of, later facts do not exist; manifests are the ones applied now.";

/// The columns of help where there is no narrower terminal.
pub(crate) const WIDEST_HELP: usize = 100;

/// Error budgets, streaks and CI verdicts from health transitions, in one binary and one SQLite file
#[derive(Parser, Debug)]
#[command(name = "slo", version, after_help = AFTER_HELP, max_term_width = WIDEST_HELP)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
}

#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Database: a file or postgres://… [env: SLO_DB] [default: slo/slo.db under the user's data directory]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Global options")]
    pub(crate) db: Option<PathBuf>,
    /// Evaluate as of this time, or this long ago, instead of now [env: SLO_AS_OF]
    #[arg(long, global = true, value_name = "TIME", help_heading = "Global options")]
    pub(crate) as_of: Option<String>,
    /// Print times for people in this time zone, e.g. Europe/Berlin; times given without an offset are UTC [env: SLO_TZ] [default: UTC]
    #[arg(long, global = true, value_name = "ZONE", help_heading = "Global options")]
    pub(crate) timezone: Option<String>,
    /// Output format: table, wide, json, yaml, csv or markdown; some commands have others
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        help_heading = "Global options",
        hide_possible_values = true
    )]
    pub(crate) output: Option<Output>,
    /// Write `'` before CSV cells that a spreadsheet would run as formulas
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) csv_safe: bool,
    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub(crate) color: Color,
    /// Print only answers and errors: no notes, no progress, nothing if all went well
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
    // For verdicts, in CI.
    Junit,
    Github,
    // For the digest and the report, to mail or print.
    Html,
    // For metrics.
    Openmetrics,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

fn duration(text: &str) -> Result<i64, String> {
    parse_millis(text).ok_or_else(|| match out_of_range(text) {
        Some(limit) => format!("expected {limit}"),
        None => "expected a number and a unit, such as 90s, 15m, 6h, 7d or 4w (up to 3650d)".to_owned(),
    })
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| match Name::like(text) {
        Some(like) => format!("{error}; write {like}"),
        None => error.to_string(),
    })
}
