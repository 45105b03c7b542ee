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
    /// A signal has asked it to end, and everything is in order: the process ends by that signal.
    Signal(Signal),
}

/// A signal by its number.
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
    /// The number the process ends with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Error => 2,
            // What a shell says of a process that a signal has ended.
            Self::Signal(Signal(number)) => 128 + (number & 0x7f) as u8,
        }
    }

    /// `Pass` or `Fail`.
    pub(crate) const fn holds(holds: bool) -> Self {
        if holds { Self::Pass } else { Self::Fail }
    }
}
