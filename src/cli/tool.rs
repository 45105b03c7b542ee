//! Owns the arguments of the commands about `slo` itself.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Build an example in a temporary database and show its status
///
/// With --db the database is made there instead; it must not exist yet. SLO_DB is not used, and "now" is always
/// 2026-11-20 14:05 UTC.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo demo
  slo demo --keep example")]
pub(crate) struct Demo {
    /// Put the database, the feed and the manifests into this folder instead of a temporary one
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep: Option<PathBuf>,
}

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo completions bash > slo.bash")]
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

/// Print a manual page
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo man status > slo-status.1
  slo man --dir man1")]
pub(crate) struct Man {
    /// The command whose page to print, such as `status` or `db verify` [default: slo itself]
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
    /// Write a page for slo and for each command into this folder instead
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    pub(crate) dir: Option<PathBuf>,
}
