//! Owns the search for the first moment at which linear conditions on the sums of a window hold: day by day where they
//! cannot come true within a day, taken apart to the millisecond where they can.

use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::{Cause, Piece};
use crate::domain::account::hindsight::{settlements, settling};
use crate::domain::account::member::SystemId;
use crate::domain::account::tally::Tally;
use crate::domain::budget::assess::Assessment;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{END, Span};

/// Time of a window by what conditions ask about, downtime in microseconds and other time in milliseconds; or how fast that changes
/// in a millisecond.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Sums {
    /// Charged downtime of the system itself.
    pub(super) own: i64,
    /// Charged downtime of upstreams.
    pub(super) upstream: i64,
    pub(super) not_counted: i64,
}

impl Sums {
    pub(super) fn of(tally: &Tally) -> Self {
        let upstream = tally.strict_us() - tally.own_us;
        Self { own: tally.own_us, upstream, not_counted: tally.not_counted_ms }
    }

    /// How fast the sums grow while a piece arrives, as of a moment.
    fn slope(piece: &Piece, at: Instant) -> Self {
        let cause = piece.charge_as_of(at).map(|charge| charge.cause);
        Self {
            own: if cause == Some(Cause::Own) { piece.weight } else { 0 },
            upstream: if matches!(cause, Some(Cause::Upstream(_))) { piece.weight } else { 0 },
            not_counted: i64::from(!piece.counted),
        }
    }

    fn plus(self, other: Self, times: i64) -> Self {
        Self {
            own: self.own + other.own * times,
            upstream: self.upstream + other.upstream * times,
            not_counted: self.not_counted + other.not_counted * times,
        }
    }
}

/// A condition that holds where a linear function of the sums is not negative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear {
    pub(super) own: i128,
    pub(super) upstream: i128,
    pub(super) not_counted: i128,
    pub(super) constant: i128,
}

impl Linear {
    fn change(self, sums: Sums) -> i128 {
        self.own * i128::from(sums.own)
            + self.upstream * i128::from(sums.upstream)
            + self.not_counted * i128::from(sums.not_counted)
    }

    fn value(self, sums: Sums) -> i128 {
        self.constant + self.change(sums)
    }

    pub(super) fn holds(self, sums: Sums) -> bool {
        self.value(sums) >= 0
    }

    /// Whether it may hold at some moment of a stretch that begins with `sums`, while so much comes and so much goes.
    fn possible(self, sums: Sums, come: Sums, gone: Sums) -> bool {
        let gain = |coefficient: i128, come: i64, gone: i64| {
            (coefficient * i128::from(come)).max(0) + (-coefficient * i128::from(gone)).max(0)
        };
        let best = gain(self.own, come.own, gone.own)
            + gain(self.upstream, come.upstream, gone.upstream)
            + gain(self.not_counted, come.not_counted, gone.not_counted);
        self.value(sums) + best >= 0
    }
}

/// The first of the next `1..=step` milliseconds after which all conditions hold, while the sums change evenly.
fn meet(conditions: &[Linear], sums: Sums, slope: Sums, step: i64) -> Option<i64> {
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

/// Where to look, and from what.
pub(super) struct Stretch {
    /// The first moment at which conditions are asked.
    pub(super) from: Instant,
    /// The last one.
    pub(super) until: Instant,
    /// Of the window as of `from`.
    pub(super) sums: Sums,
    /// Length of a window whose start moves along, in milliseconds; `None` when it stands still.
    pub(super) rolling_ms: Option<i64>,
}

/// Finds the first moment of a stretch at which all conditions hold.
///
/// Days before the system's first transition that leave a rolling window are taken as without downtime, and as counted;
/// conditions on time that is not counted begin when such days have left.
///
/// # Errors
/// Those of the chronicle's loader.
pub(super) fn first<F, E>(
    assessment: &Assessment<'_>,
    chronicle: &mut Chronicle<F>,
    stretch: &Stretch,
    conditions: &[Linear],
) -> Result<Option<Instant>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let Stretch { from, until, mut sums, rolling_ms } = *stretch;
    let ledger = &assessment.ledger;
    let calendar = ledger.calendar();
    let hindsight_ms = assessment.model.objective.hindsight_ms();
    let (first, days) = ledger.tallies(calendar.day_start(from.plus(-rolling_ms.unwrap_or(hindsight_ms))));
    // Where the window begins as of a moment.
    let begin = |at: Instant| rolling_ms.map_or(from, |window_ms| at.plus(-window_ms));
    // Whether all that has come shortly before a moment counts as it will in the end.
    let settled = |at: Instant| {
        let dates = 0..=calendar.date(at).since(calendar.date(at.plus(-hindsight_ms)));
        hindsight_ms == 0
            || dates.map(|back| calendar.date(at).plus(-back)).all(|date| {
                let held = usize::try_from(date.since(first)).map(|index| days.get(index));
                date < ledger.first() || matches!(held, Ok(Some(held)) if held.strict_us() == 0)
            })
    };
    // What a part of a day held, where that is all of it or nothing.
    let held = |span: Span, date: Date, day: Span| {
        if span.end <= ledger.start() {
            return Some(Sums::default());
        }
        let sums = Sums::of(days.get(usize::try_from(date.since(first)).ok()?)?);
        (span == day || sums == Sums::default()).then_some(sums)
    };
    let mut at = from;
    loop {
        if conditions.iter().all(|condition| condition.holds(sums)) {
            return Ok(Some(at));
        }
        if at >= until {
            return Ok(None);
        }
        let date = calendar.date(at);
        let day = calendar.span(date);
        let mut arriving = Span::new(at, day.end.min(until));
        let mut gone = Some(Sums::default());
        let leaving = rolling_ms.map(|window_ms| {
            // Where clocks change, a window of whole days begins within one: each step stays within one on either side.
            let back = at.plus(-window_ms);
            let date = calendar.date(back);
            let day = calendar.span(date);
            arriving.end = arriving.end.min(day.end.plus(window_ms));
            let leaving = Span::new(back, arriving.end.plus(-window_ms));
            gone = held(leaving, date, day);
            leaving
        });
        let come = held(arriving, date, day);
        if let (Some(come), Some(gone)) = (come, gone)
            && settled(at)
            && !conditions.iter().all(|condition| condition.possible(sums, come, gone))
        {
            sums = sums.plus(come, 1).plus(gone, -1);
            at = arriving.end;
            continue;
        }
        let before = Span::new(arriving.start.plus(-hindsight_ms), arriving.end);
        let came = chronicle.pieces(assessment.model, before)?;
        let left = match leaving {
            Some(leaving) if leaving.end > ledger.start() => chronicle.pieces(assessment.model, leaving)?,
            _ => Vec::new(),
        };
        let shift = rolling_ms.unwrap_or(0);
        match within(conditions, sums, arriving, (&came, &begin), (&left, shift)) {
            Ok(found) => return Ok(Some(found)),
            Err(after) => sums = after,
        }
        at = arriving.end;
    }
}

/// The first moment after the start of a stretch at which all conditions hold; if there is none, the sums at its end.
/// What arrives is given from so long before the stretch as it may still count otherwise, with where the window begins as of a moment;
/// what leaves with how much later it does.
fn within(
    conditions: &[Linear],
    mut sums: Sums,
    stretch: Span,
    (arriving, begin): (&[Piece], &dyn Fn(Instant) -> Instant),
    (leaving, shift): (&[Piece], i64),
) -> Result<Instant, Sums> {
    let settles = settlements(arriving);
    let mut edges: Vec<Instant> = arriving.iter().map(|piece| piece.span.end).collect();
    edges.extend(leaving.iter().map(|piece| piece.span.end.plus(shift)));
    // What settles does so in the last millisecond before its moment.
    edges.extend(settles.iter().flat_map(|at| [at.plus(-1), *at]));
    edges.retain(|edge| stretch.start < *edge && *edge <= stretch.end);
    edges.sort_unstable();
    edges.dedup();
    let (mut coming, mut going) = (arriving.partition_point(|piece| piece.span.end <= stretch.start), 0);
    let mut at = stretch.start;
    for edge in edges {
        let mut slope = arriving.get(coming).map_or(Sums::default(), |piece| Sums::slope(piece, piece.span.start));
        if let Some(piece) = leaving.get(going) {
            slope = slope.plus(Sums::slope(piece, END), -1);
        }
        if settles.binary_search(&edge).is_ok() {
            slope = slope.plus(Sums::of(&settling(arriving, Span::new(begin(edge), edge))), 1);
        }
        let step = edge.since(at);
        if let Some(offset) = meet(conditions, sums, slope, step) {
            return Ok(at.plus(offset));
        }
        sums = sums.plus(slope, step);
        at = edge;
        coming += usize::from(arriving.get(coming).is_some_and(|piece| piece.span.end <= at));
        going += usize::from(leaving.get(going).is_some_and(|piece| piece.span.end.plus(shift) <= at));
    }
    Err(sums)
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
