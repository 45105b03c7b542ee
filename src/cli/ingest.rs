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
    /// Files to read, plain or gzipped; `-` or none: standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Format of the input; auto looks at its content
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) format: FeedFormat,
    /// Write rejected lines, unchanged, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Keep nothing unless every line is good
    #[arg(long)]
    pub(crate) strict: bool,
    /// Make valid names of invalid ones: each run of other characters becomes `-`
    #[arg(long)]
    pub(crate) slug: bool,
    /// Count what would be kept, and keep nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Accept times up to this long after the machine's clock
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

fn skew(text: &str) -> Result<i64, String> {
    if matches!(text.trim(), "0" | "0s" | "0m") { Ok(0) } else { duration(text) }
}
