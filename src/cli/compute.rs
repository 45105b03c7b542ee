//! Owns the arguments of `slo compute`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::duration;

/// Write the results into tables, and report what has changed
///
/// The tables are for programs that read SQLite. Prints one line for each change; -o json prints one JSON object per line.
/// Computing twice as of the same time writes and prints nothing. With --exec, a command gets every change as well, in order,
/// until it has succeeded.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  slo compute
  slo compute --exec 'cat >> changes.jsonl'")]
pub(crate) struct Compute {
    /// Run this shell command once for each change, with the change as JSON on its standard input; may be given several times
    #[arg(long, value_name = "CMD", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) exec: Vec<String>,
    /// Remember the --exec at the same position by this name instead of by a hash of its text, so that its text may change
    #[arg(long, value_name = "NAME", requires = "exec")]
    pub(crate) exec_name: Vec<String>,
    /// Report a new condition with its whole past, not only what is news
    #[arg(long)]
    pub(crate) with_history: bool,
    /// Stop a command that takes longer than this; it counts as failed
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) exec_timeout: i64,
}
