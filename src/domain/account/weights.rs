//! Owns weights: which statuses count as down, and how much of their time is downtime.

use crate::domain::health::transition::{Status, StatusSet};
use crate::domain::value::decimal::{Decimal, SCALE};
use crate::domain::value::span::{Span, union};

/// A weight of 1: all time is downtime. Weights are in thousandths, so a millisecond has an integer number of
/// microseconds of downtime.
pub(crate) const FULL: i64 = 1000;

/// The weight of each status, in thousandths; 0 where it does not count as down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Weights([i64; 4]);

impl Weights {
    /// The same with another weight for one status, from 1 to [`FULL`].
    pub(crate) fn with(mut self, status: Status, weight: i64) -> Self {
        self.0[status as usize] = weight;
        self
    }

    pub(crate) const fn of(self, status: Status) -> i64 {
        self.0[status as usize]
    }

    /// Whether the status counts as down.
    pub(crate) const fn contains(self, status: Status) -> bool {
        self.of(status) > 0
    }

    /// The statuses that count, mildest first, with their weights.
    pub(crate) fn iter(self) -> impl Iterator<Item = (Status, i64)> {
        Status::ALL.into_iter().map(move |status| (status, self.of(status))).filter(|(_, weight)| *weight > 0)
    }

    /// The statuses that count.
    pub(crate) fn statuses(self) -> StatusSet {
        self.iter().fold(StatusSet::default(), |set, (status, _)| set.with(status))
    }

    /// Whether every status that counts does so in full.
    pub(crate) fn are_full(self) -> bool {
        self.iter().all(|(_, weight)| weight == FULL)
    }

    /// The greatest weight of any status.
    pub(crate) fn greatest(self) -> i64 {
        self.0.into_iter().max().unwrap_or(0)
    }
}

/// A weight as written: `0.5`.
pub(crate) fn written(weight: i64) -> Decimal {
    Decimal::from_millionths(weight * (SCALE / FULL))
}

/// The statuses that count as down unless an objective says otherwise.
pub(crate) fn default_counts_as_down() -> Weights {
    Weights::default().with(Status::Degraded, FULL).with(Status::Unhealthy, FULL)
}

/// The time the spans cover, each instant with the greatest weight among them, in microseconds.
pub(crate) fn heaviest(mut weighted: Vec<(i64, Span)>) -> i64 {
    weighted.sort_unstable_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let mut covered: Vec<Span> = Vec::new();
    let (mut micros, mut before_ms) = (0, 0);
    for alike in weighted.chunk_by(|(weight, _), (next, _)| weight == next) {
        covered = union(covered.into_iter().chain(alike.iter().map(|(_, span)| *span)).collect());
        let millis: i64 = covered.iter().map(|span| span.millis()).sum();
        micros += (millis - before_ms) * alike[0].0;
        before_ms = millis;
    }
    micros
}
