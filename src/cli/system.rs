//! Owns the arguments of the commands that show systems.

use clap::Args;

/// Show the status of systems, and since when
#[derive(Args, Debug)]
pub(crate) struct Health {
    /// Names of systems; none: all
    #[arg(value_name = "SYSTEM")]
    pub(crate) systems: Vec<String>,
    /// List retired systems as well
    #[arg(long)]
    pub(crate) all: bool,
}

/// Show what systems have achieved, and what is next
#[derive(Args, Debug)]
pub(crate) struct Achievements {
    /// Names of systems; none: all with objectives
    #[arg(value_name = "SYSTEM")]
    pub(crate) systems: Vec<String>,
}

/// Show the journal of one system, and where each fact came from
#[derive(Args, Debug)]
pub(crate) struct History {
    /// Name of the system
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    /// Only transitions at or after this time, or this long before as-of [default: 7d]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only transitions before this time, or this long before as-of
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// In tables, show transitions that repeat the status of their stream as rows of their own
    #[arg(long)]
    pub(crate) all: bool,
}
