//! Owns reading clocks, and waiting. Nothing else reads a clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::domain::value::instant::Instant;
use crate::exit::Signal;
use crate::failure::Failure;
use crate::signals::Signals;

/// The time of the wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub(crate) fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// 2000-01-01T00:00:00.000Z: an earlier clock was never set.
const EARLIEST: Instant = Instant::from_millis(946_684_800_000);

/// The time of the wall clock, if plausible.
///
/// # Errors
/// If no fact could have this time: a clock that was never set would decide what is stored and reported.
pub(crate) fn plausible(now: Instant) -> Result<Instant> {
    if (EARLIEST..Instant::MAX).contains(&now) {
        return Ok(now);
    }
    Err(Failure::new(
        format!("the clock of this machine says {now}, which is outside 2000–2262"),
        "set the clock and run this again; commands that only read also work with --as-of",
    ))
}

/// Measures time that passes while a command runs; never part of a result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads a clock")]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Waits this long, or until a signal comes, which is returned.
pub(crate) fn pause(length: Duration, signals: Option<&Signals>) -> Option<Signal> {
    let since = Stopwatch::start();
    loop {
        let left = length.saturating_sub(since.elapsed());
        match signals {
            _ if left.is_zero() => return signals.and_then(Signals::caught),
            None => std::thread::sleep(left),
            Some(signals) => {
                if let Some(signal) = signals.caught() {
                    return Some(signal);
                }
                signals.wait(left);
            }
        }
    }
}
