//! Owns the three outcomes of a run, and is the only place that knows their numbers.

/// What a command found out, decided before anything is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ExitStatus {
    /// Success.
    Pass,
    /// Failed: budget spent, drift, invalid manifest, rejected lines, verify mismatch.
    Fail,
    /// Error: usage, I/O, damaged or newer database, nothing to check.
    Error,
}

impl ExitStatus {
    /// The number the process ends with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Error => 2,
        }
    }

    /// `Pass` or `Fail`.
    pub(crate) const fn holds(holds: bool) -> Self {
        if holds { Self::Pass } else { Self::Fail }
    }
}
