//! Owns the arguments of `slo ingest`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::duration;

/// Import health transitions from JSON Lines or CSV
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo ingest checks.jsonl incidents.jsonl
  slo ingest --dry-run checks.jsonl
  slo ingest --rejects bad.jsonl checks.jsonl")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Ingest {
    /// Files to read, plain or compressed (gzip, zstd, xz); `-` or no file: standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Format of the input; auto looks at its content
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) format: FeedFormat,
    /// What the records are: a built-in feed, see `slo list feeds`, or a file that describes one
    #[arg(long, value_name = "FEED", conflicts_with = "format")]
    pub(crate) feed: Option<String>,
    /// With --feed: use this system for every record
    #[arg(long, value_name = "NAME", requires = "feed")]
    pub(crate) system: Option<String>,
    /// With --feed: longest gap between observations, after which the status is unknown
    #[arg(long, value_name = "DURATION", requires = "feed", value_parser = duration)]
    pub(crate) max_gap: Option<i64>,
    /// With --feed: write maintenance found in the records to this file, as manifests
    #[arg(long, value_name = "FILE", requires = "feed")]
    pub(crate) maintenance: Option<PathBuf>,
    /// Write rejected lines to this file, to fix and import again
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Keep nothing unless every line is good
    #[arg(long)]
    pub(crate) strict: bool,
    /// Make invalid names valid: each run of other characters becomes `-`
    #[arg(long)]
    pub(crate) slug: bool,
    /// Count what would be imported, without importing it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Accept times up to this long after the machine's clock
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = skew)]
    pub(crate) max_skew: i64,
    /// Commit new lines within a second, for a pipe that stays open
    #[arg(long, conflicts_with_all = ["strict", "dry_run"])]
    pub(crate) follow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FeedFormat {
    Auto,
    Jsonl,
    Csv,
}

fn skew(text: &str) -> Result<i64, String> {
    if matches!(text.trim(), "0" | "0s" | "0m") { Ok(0) } else { duration(text) }
}

/// Show and try feeds
#[derive(Args, Debug)]
pub(crate) struct Feed {}

/// Show what the records of a file become, without importing them
///
/// Without --feed, uses the built-in feed that reads the file. If there is none, prints a feed to start from, with the values found.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo feed try outages.json
  slo feed try --feed incidents outages.json")]
pub(crate) struct FeedTry {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// A built-in feed, or a file that describes one
    #[arg(long, value_name = "FEED")]
    pub(crate) feed: Option<String>,
    /// Use this system for every record
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<String>,
    /// Show this many records, and as many rejected ones
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    pub(crate) count: usize,
}

/// Print a built-in feed, as a file to copy and change
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo feed show gatus > my-feed.yaml")]
pub(crate) struct FeedShow {
    /// Name of the feed; see `slo list feeds`
    #[arg(value_name = "FEED")]
    pub(crate) name: String,
}
