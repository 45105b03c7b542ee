//! Owns the arguments that look at objectives over a period.

use clap::Args;

/// A period in the place of each objective's own window.
#[derive(Args, Debug, Default)]
pub(crate) struct Over {
    /// Evaluate over this period instead of each objective's window: 2026-10, 2026-Q3, 2026, 2026-W40, 2026-10-05,
    /// 2026-10-01..2026-10-15, yesterday, last-month, this-quarter
    ///
    /// A period that is over is reported at its close, a running one as of now. Both ends of a range are included. It is in
    /// --timezone, if given, else in the zone of each objective.
    #[arg(long, value_name = "PERIOD")]
    pub(crate) period: Option<String>,
}
