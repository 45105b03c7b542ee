//! Owns retrying while other processes or a starting server are in the way: how long and how often.

use std::time::Duration;

use anyhow::Result;

use super::address::Address;
use super::faults;
use crate::clock::Stopwatch;

const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(1);
/// The least number of tries, however long they take.
const LEAST_TRIES: u32 = 3;

/// How long, and how often so far.
pub(super) struct Patience<'a> {
    address: &'a Address,
    began: Stopwatch,
    tries: u32,
}

impl<'a> Patience<'a> {
    pub(super) fn new(address: &'a Address) -> Self {
        Self { address, began: Stopwatch::start(), tries: 0 }
    }

    /// Retries until it succeeds, fails permanently, or time is up.
    ///
    /// # Errors
    /// The last error, as it is reported.
    pub(super) fn until_it_works<T>(mut self, mut work: impl FnMut() -> Result<T>) -> Result<T> {
        loop {
            match work() {
                Err(error) if faults::is_passing(&error, self.address) && self.goes_on() => {
                    std::thread::sleep(self.pause());
                }
                done => return done.map_err(|error| faults::told(error, &self.address.to_string(), self.tries > 0)),
            }
        }
    }

    fn goes_on(&mut self) -> bool {
        self.tries += 1;
        let retry_for = self.address.retry_for;
        // A try that itself takes longer than the limit gets another chance.
        self.began.elapsed() < retry_for || self.tries < LEAST_TRIES && !retry_for.is_zero()
    }

    /// Longer with each try, and different for processes that failed at the same time.
    fn pause(&self) -> Duration {
        let longest = SHORTEST.saturating_mul(1 << self.tries.min(10)).min(LONGEST);
        let mixed = std::process::id().wrapping_mul(0x9e37_79b9).rotate_left(self.tries * 7);
        longest / 2 + longest.mul_f64(f64::from(mixed) / f64::from(u32::MAX) / 2.0)
    }
}
