//! Owns conditions that are linear in the sums of a window: where they hold, where they may, and when they begin to.

use crate::domain::account::downtime::{Cause, Piece};
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::account::tally::Tally;
use crate::domain::value::instant::Instant;

/// Sums of a window that conditions use, downtime in microseconds and other time in milliseconds; or their change per
/// millisecond.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::domain::budget) struct Sums {
    /// Charged downtime of the system itself.
    pub(super) own: i64,
    /// Charged downtime of upstreams.
    pub(super) upstream: i64,
    pub(super) not_counted: i64,
}

impl Sums {
    pub(in crate::domain::budget) fn of(tally: &Tally) -> Self {
        let upstream = tally.strict_us() - tally.own_us;
        Self { own: tally.own_us, upstream, not_counted: tally.not_counted_ms }
    }

    /// How fast the sums grow while a piece enters, as of an instant.
    pub(super) fn slope(piece: &Piece, at: Instant) -> Self {
        let cause = piece.charge_as_of(at).map(|charge| charge.cause);
        Self {
            own: if cause == Some(Cause::Own) { piece.weight } else { 0 },
            upstream: if matches!(cause, Some(Cause::Upstream(_))) { piece.weight } else { 0 },
            not_counted: i64::from(!piece.counted),
        }
    }

    pub(super) fn plus(self, other: Self, times: i64) -> Self {
        Self {
            own: self.own + other.own * times,
            upstream: self.upstream + other.upstream * times,
            not_counted: self.not_counted + other.not_counted * times,
        }
    }
}

/// A condition that holds while a linear function of the sums is not negative.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain::budget) struct Linear {
    pub(in crate::domain::budget) own: i128,
    pub(in crate::domain::budget) upstream: i128,
    pub(in crate::domain::budget) not_counted: i128,
    pub(in crate::domain::budget) constant: i128,
}

impl Linear {
    /// Of the downtime that spends the budget, and of uncounted time.
    pub(in crate::domain::budget) fn of_consumed(
        exclusion: DependencyExclusion,
        consumed: i128,
        not_counted: i128,
        constant: i128,
    ) -> Self {
        let upstream = if exclusion == DependencyExclusion::Strict { consumed } else { 0 };
        Self { own: consumed, upstream, not_counted, constant }
    }

    fn change(self, sums: Sums) -> i128 {
        self.own * i128::from(sums.own)
            + self.upstream * i128::from(sums.upstream)
            + self.not_counted * i128::from(sums.not_counted)
    }

    fn value(self, sums: Sums) -> i128 {
        self.constant + self.change(sums)
    }

    pub(in crate::domain::budget) fn holds(self, sums: Sums) -> bool {
        self.value(sums) >= 0
    }

    /// Whether it may hold within a span that begins with `sums`, while this much enters and leaves.
    fn possible(self, sums: Sums, come: Sums, gone: Sums) -> bool {
        let gain = |coefficient: i128, come: i64, gone: i64| match coefficient {
            0 => 0,
            1.. => coefficient * i128::from(come),
            _ => -coefficient * i128::from(gone),
        };
        let best = gain(self.own, come.own, gone.own)
            + gain(self.upstream, come.upstream, gone.upstream)
            + gain(self.not_counted, come.not_counted, gone.not_counted);
        self.value(sums) + best >= 0
    }
}

/// Whether each condition may hold at some instant of a span.
pub(super) fn possible(conditions: &[Linear], sums: Sums, come: Sums, gone: Sums) -> bool {
    conditions.iter().all(|condition| condition.possible(sums, come, gone))
}

/// The first of the next `1..=step` milliseconds after which all conditions hold, while the sums change evenly.
pub(super) fn meet(conditions: &[Linear], sums: Sums, slope: Sums, step: i64) -> Option<i64> {
    let (mut from, mut to) = (1, i128::from(step));
    for condition in conditions {
        let (value, speed) = (condition.value(sums), condition.change(slope));
        if speed > 0 {
            // value + speed × offset >= 0, so offset >= −value / speed, rounded up.
            from = from.max((-value + speed - 1).div_euclid(speed));
        } else if speed < 0 {
            to = to.min(value.div_euclid(-speed));
        } else if value < 0 {
            return None;
        }
    }
    if from <= to { i64::try_from(from).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_meet_at_the_first_whole_millisecond() {
        let at_least = |own: i128, constant: i128| Linear { own, upstream: 0, not_counted: 0, constant };
        let (none, growing) = (Sums::default(), Sums { own: 1, ..Sums::default() });
        // 3 × own >= 10 from the fourth on; 2 × own <= 9 up to the fourth.
        assert_eq!(meet(&[at_least(3, -10)], none, growing, 10), Some(4));
        assert_eq!(meet(&[at_least(3, -10), at_least(-2, 9)], none, growing, 10), Some(4));
        assert_eq!(meet(&[at_least(3, -10), at_least(-2, 7)], none, growing, 10), None);
        assert_eq!(meet(&[at_least(3, -10)], none, growing, 3), None);
        assert_eq!(meet(&[at_least(1, 0)], none, none, 5), Some(1));
    }
}
