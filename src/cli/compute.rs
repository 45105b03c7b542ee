//! Owns the arguments of `slo compute`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::duration;

/// Write status, days, streaks and achievements into tables for SQLite readers, and tell what has changed
///
/// Prints one line for each change; -o json prints one JSON object a line. Computing twice as of the same moment writes and
/// prints nothing. With --exec every change is handed to a command as well, in order, until the command has succeeded.
#[derive(Args, Debug)]
pub(crate) struct Compute {
    /// Run this shell command once for each change, with the change as JSON on its standard input; may be given several times
    #[arg(long, value_name = "CMD", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) exec: Vec<String>,
    /// Remember the --exec at the same position by this name instead of by a hash of its text, so that its text may change
    #[arg(long, value_name = "NAME", requires = "exec")]
    pub(crate) exec_name: Vec<String>,
    /// End a command that takes longer than this; it counts as failed
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) exec_timeout: i64,
}
