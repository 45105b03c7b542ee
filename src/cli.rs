//! Owns the command line: its types and help texts; no behaviour.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const AFTER_HELP: &str = "\
Exit codes:
  0  it holds
  1  it does not: budget spent, drift, invalid manifest, rejected lines, verify mismatch
  2  it could not be answered: usage, I/O, damaged or newer database, nothing to check

Times are RFC 3339, 2026-11-20, 2026-11-20 14:05 (UTC), or Unix seconds or milliseconds.
Durations are 90s, 15m, 6h, 7d, 4w.

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
    /// Answer as of this moment, or so long ago, instead of now [env: `SLO_AS_OF`]
    #[arg(long, global = true, value_name = "TIME", help_heading = "Global options")]
    pub(crate) as_of: Option<String>,
    /// How to print the answer
    #[arg(short, long, global = true, value_name = "FORMAT", help_heading = "Global options")]
    pub(crate) output: Option<Output>,
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
    /// Check manifests, and report every problem of every file
    Validate(Paths),
    /// Show what `apply` would change, and change nothing
    Plan(Apply),
    /// Bring the declared objects in line with manifests, all or nothing
    Apply(Apply),
    /// Show every objective: availability, budget, burn rate, streak, state; worst first
    Status(Status),
    /// Show everything about one objective on one screen
    Show(Show),
    /// Pass or fail on budgets, for CI and cron
    Check(Check),
    /// Show the effective status of systems, and since when
    Health(Health),
    /// List downtime events and what they come to: whose fault, how long, how often
    Downtime(Downtime),
    /// Show one objective day by day
    Trend(Trend),
    /// Show how many days in a row objectives have kept their budgets
    Streaks(Streaks),
    /// Show the journal of one system, and which ingest brought each transition
    History(History),
    /// List what the database holds
    List(List),
    /// Write the journal out, so that ingesting it elsewhere gives the same answers
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

#[derive(Args, Debug)]
pub(crate) struct Ingest {
    /// Files to read; `-` or none: standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What the input is; auto tells by its content
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) format: FeedFormat,
    /// Write rejected lines, unchanged, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Keep nothing unless every line is good
    #[arg(long)]
    pub(crate) strict: bool,
    /// Count what would be kept, and keep nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Accept moments up to this much after the machine's clock
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = skew)]
    pub(crate) max_skew: i64,
    /// Commit what arrives within a second, for a pipe that stays open
    #[arg(long, conflicts_with_all = ["strict", "dry_run"])]
    pub(crate) follow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FeedFormat {
    Auto,
    Jsonl,
    Csv,
}

#[derive(Args, Debug)]
pub(crate) struct Paths {
    /// Manifest files, folders of *.yaml and *.yml, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Delete declared objects that the manifests do not have; the journal stays
    #[arg(long)]
    pub(crate) prune: bool,
}

/// Which objectives a command is about.
#[derive(Args, Debug)]
pub(crate) struct Selection {
    /// Names of objectives; none: all
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Only objectives of this system
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Only objectives with these labels: key=value, key!=value, key, !key; comma means and
    #[arg(short = 'l', long = "selector", value_name = "LABELS")]
    pub(crate) selector: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Redraw every so often until interrupted
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "2s", require_equals = true, value_parser = duration)]
    pub(crate) watch: Option<i64>,
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// Name of the objective
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Days of the trend
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
}

#[derive(Args, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// What makes an objective fail; may be given several times
    #[arg(long, value_name = "WHAT", value_delimiter = ',', default_value = "breaching")]
    pub(crate) fail_on: Vec<FailOn>,
    /// Fail too where the status was known for a smaller part of the elapsed window
    #[arg(long, value_name = "PERCENT", value_parser = coverage)]
    pub(crate) min_coverage: Option<u32>,
    /// Whether an objective whose system never reported fails
    #[arg(long, value_name = "VERDICT", default_value = "fail")]
    pub(crate) no_data: NoData,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FailOn {
    /// More is consumed than the target allows
    Breaching,
    /// Breaching, or down now
    Degraded,
    /// Breaching, down now, or at most 20 % of the budget left
    AtRisk,
    /// Consumption has reached the warning threshold
    Warning,
    /// Consumption has reached the critical threshold
    Critical,
    /// The last hour burned at fastBurnMultiplier or faster
    FastBurn,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum NoData {
    Fail,
    Pass,
}

#[derive(Args, Debug)]
pub(crate) struct Health {
    /// Names of systems; none: all
    #[arg(value_name = "SYSTEM")]
    pub(crate) systems: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Downtime {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Only events after this moment, or so long before as-of [default: 30d]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only events before this moment, or so long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only events that are still going on
    #[arg(long)]
    pub(crate) open: bool,
    /// Sum events up by this
    #[arg(long, value_name = "WHAT")]
    pub(crate) by: Option<DowntimeBy>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum DowntimeBy {
    Objective,
    System,
    Upstream,
    Day,
}

#[derive(Args, Debug)]
pub(crate) struct Trend {
    /// Name of the objective
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// So many days up to the last midnight
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500), conflicts_with = "since")]
    pub(crate) days: u32,
    /// All days after this moment, or so long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Streaks {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

#[derive(Args, Debug)]
pub(crate) struct History {
    /// Name of the system
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    /// Only transitions at or after this moment, or so long before as-of [default: 7d]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only transitions before this moment, or so long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// What to list
    #[arg(value_name = "KIND")]
    pub(crate) kind: ListKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ListKind {
    Systems,
    Objectives,
    Maintenance,
    Ingests,
}

#[derive(Args, Debug)]
pub(crate) struct Export {
    #[command(subcommand)]
    pub(crate) what: ExportWhat,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ExportWhat {
    /// Every transition, as JSON Lines or, with -o csv, as CSV
    Journal(ExportJournal),
}

#[derive(Args, Debug)]
pub(crate) struct ExportJournal {
    /// Only this system
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Only transitions at or after this moment, or so long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only transitions before this moment, or so long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Db {
    #[command(subcommand)]
    pub(crate) what: DbWhat,
}

#[derive(Subcommand, Debug)]
pub(crate) enum DbWhat {
    /// Show size, bytes a transition, streams, span, schema and caches
    Info,
    /// Check the file, the journal, and every cache against a recomputation
    Verify,
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Put the database, the feed and the manifests into this folder instead of a temporary one
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The command whose page to print, such as `status` or `db verify`; none: slo itself
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
    /// Write a page for slo and for each command into this folder instead
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    pub(crate) dir: Option<PathBuf>,
}

fn skew(text: &str) -> Result<i64, String> {
    if matches!(text.trim(), "0" | "0s" | "0m") { Ok(0) } else { duration(text) }
}

fn coverage(text: &str) -> Result<u32, String> {
    let percent = text.trim_end_matches('%').parse().ok().filter(|percent| (1..=100).contains(percent));
    percent.ok_or_else(|| "write a whole percentage from 1 to 100".to_owned())
}

fn duration(text: &str) -> Result<i64, String> {
    crate::domain::duration::parse_millis(text)
        .ok_or_else(|| "write a number and a unit, such as 90s, 15m, 6h, 7d or 4w (up to 3650d)".to_owned())
}
