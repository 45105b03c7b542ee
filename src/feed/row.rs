//! Owns one accepted transition, packed into eight bytes that sort by stream, instant and status.

use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;

const STATUS_BITS: u32 = 2;
/// Enough for the year 2262.
const TIME_BITS: u32 = 44;

/// Stream index, instant and status.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Row(u64);

impl Row {
    /// The number of stream indices.
    pub(crate) const MOST_STREAMS: usize = 1 << (64 - TIME_BITS - STATUS_BITS);

    /// Packs a transition; `at` is in the valid range of facts.
    pub(crate) const fn new(stream: u32, at: Instant, status: Status) -> Self {
        Self((stream as u64) << (TIME_BITS + STATUS_BITS) | (at.millis() as u64) << STATUS_BITS | status as u64)
    }

    pub(crate) const fn stream(self) -> usize {
        (self.0 >> (TIME_BITS + STATUS_BITS)) as usize
    }

    pub(crate) const fn at(self) -> Instant {
        Instant::from_millis(((self.0 >> STATUS_BITS) & ((1 << TIME_BITS) - 1)) as i64)
    }

    pub(crate) const fn status(self) -> Status {
        match self.0 & 3 {
            0 => Status::Unknown,
            1 => Status::Healthy,
            2 => Status::Degraded,
            _ => Status::Unhealthy,
        }
    }
}

const _: () = assert!(Instant::MAX.millis() < 1 << TIME_BITS);
