//! Owns the three outcomes of a run; nothing else knows their numbers.

/// The outcome of a command, decided before anything is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ExitStatus {
    /// Success.
    Pass,
    /// Failed: budget spent, drift, invalid manifest, rejected lines, verify mismatch.
    Fail,
    /// Error: usage, I/O, damaged or newer database, nothing to check.
    Error,
    /// A signal asked it to end, and everything is in order: the process ends by that signal.
    Signal(Signal),
}

/// A signal's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Signal(pub(crate) i32);

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1 => f.write_str("SIGHUP"),
            2 => f.write_str("SIGINT"),
            15 => f.write_str("SIGTERM"),
            number => write!(f, "signal {number}"),
        }
    }
}

impl ExitStatus {
    /// The exit code of the process.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Error => 2,
            // The exit code that shells use for a process ended by a signal.
            Self::Signal(Signal(number)) => 128 + (number & 0x7f) as u8,
        }
    }

    /// `Pass` or `Fail`.
    pub(crate) const fn holds(holds: bool) -> Self {
        if holds { Self::Pass } else { Self::Fail }
    }
}
