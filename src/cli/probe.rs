//! Owns the arguments of `slo probe`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::duration;

const EXAMPLES: &str = "\
Examples:
  slo probe shop --check http -- curl -fsS https://shop.example.com/health
  slo probe db --check disk --nagios -- /usr/lib/nagios/plugins/check_disk -w 20% -c 10%";

/// Run a command and record whether it succeeded
///
/// Exit code 0 is healthy, any other unhealthy. A command that takes longer than --timeout is unhealthy; one that cannot be started is unknown. The first line that an unhealthy
/// command prints becomes the note of the transition. Exits with 0 when the result is recorded, whatever it is.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Probe {
    /// Name of the system
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    /// Name of the check [default: the system as a whole]
    #[arg(long, value_name = "CHECK")]
    pub(crate) check: Option<String>,
    /// Where the check is made from [default: one unnamed location]
    #[arg(long, value_name = "LOCATION")]
    pub(crate) location: Option<String>,
    /// Kill the command and everything it started after this long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) timeout: i64,
    /// Try again up to this many times while the result is not healthy; the last attempt decides
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(crate) retries: u32,
    /// Wait this long before each retry
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(crate) retry_delay: i64,
    /// Read exit codes as monitoring plugins define them: 0 healthy, 1 degraded, 2 unhealthy, others unknown
    #[arg(long)]
    pub(crate) nagios: bool,
    /// Exit with 1 unless the result is healthy
    #[arg(long)]
    pub(crate) fail: bool,
    /// Print the transition, as `slo ingest` reads it, instead of storing it
    #[arg(long, conflicts_with = "spool")]
    pub(crate) print: bool,
    /// Append the transition to this file if it cannot be stored; the next probe that reaches the database stores its lines
    #[arg(long, value_name = "FILE")]
    pub(crate) spool: Option<PathBuf>,
    /// The command to run, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
