//! Owns the forecast: when, with no further change of health, a budget is exhausted, stops being overspent, or is whole.
//!
//! Seen from `as-of`, consumed and not counted time are piecewise linear in the time that passes: they grow with what
//! comes at the front of the window, which is known once no more facts arrive (silence and maintenance do happen), and
//! shrink with what leaves at its back. Whole days leave in one step where no crossing can lie within them; where one can, the
//! day is taken apart, so every instant is exact to the millisecond.

mod horizon;
mod track;

use super::assess::Assessment;
use super::balance::Budget;
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::SystemId;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::account::tally::Tally;
use crate::domain::account::weights::FULL;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{END, Span};
use crate::domain::value::target::WHOLE;
use crate::domain::value::window::Window;
use track::{Hindsight, Track};

/// The instants a forecast names; `None` where the event never happens, or has happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Forecast {
    /// An outage that is going on has used up the budget.
    pub(crate) exhausted_at: Option<Instant>,
    /// Past downtime has left a rolling window, so that the objective is not breaching any more.
    pub(crate) recovers_at: Option<Instant>,
    /// All downtime has left a rolling window.
    pub(crate) full_at: Option<Instant>,
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    Exhausted,
    Recovered,
    Full,
}

/// Sums at one moment of the walk, with the constants that decide them.
#[derive(Clone, Copy, Debug)]
struct Position {
    /// The allowed share of failure, in parts of [`WHOLE`].
    share: i64,
    /// The full length of the window, in milliseconds.
    window_ms: i64,
    consumed_us: i64,
    not_counted_ms: i64,
}

impl Position {
    fn is(self, event: Event) -> bool {
        match event {
            Event::Exhausted => self.consumed_us > 0 && self.excess() >= 0,
            Event::Recovered => self.excess() <= 0,
            Event::Full => self.consumed_us == 0,
        }
    }

    /// Consumed minus total, in microseconds times [`WHOLE`].
    fn excess(self) -> i128 {
        let length = i128::from(self.window_ms - self.not_counted_ms);
        i128::from(self.consumed_us) * i128::from(WHOLE) - i128::from(self.share) * length * i128::from(FULL)
    }

    fn moved(self, consumed_us: i64, not_counted_ms: i64) -> Self {
        Self {
            consumed_us: self.consumed_us + consumed_us,
            not_counted_ms: self.not_counted_ms + not_counted_ms,
            ..self
        }
    }
}

/// How fast consumed and not counted time change, in microseconds and milliseconds a millisecond.
#[derive(Clone, Copy)]
struct Slope {
    consumed: i64,
    not_counted: i64,
}

impl Slope {
    /// Of a piece as of a moment.
    fn of(piece: &Piece, exclusion: DependencyExclusion, at: Instant) -> Self {
        Self { consumed: piece.spends(exclusion, at), not_counted: i64::from(!piece.counted) }
    }
}

impl Forecast {
    /// The forecast of an assessment with this budget.
    ///
    /// # Errors
    /// Those of the chronicle's loader.
    pub(crate) fn draw<F, E>(
        assessment: &Assessment<'_>,
        budget: &Budget,
        chronicle: &mut Chronicle<F>,
    ) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let model = assessment.model;
        let rolling = matches!(model.objective.window, Window::Rolling { .. });
        let down = assessment.now().is_some_and(|piece| piece.down);
        let wanted = [
            (Event::Exhausted, down && !budget.is_exhausted()),
            (Event::Recovered, rolling && budget.is_breaching()),
            (Event::Full, rolling && budget.consumed_us() > 0),
        ];
        let wanted: Vec<Event> = wanted.into_iter().filter(|(_, is)| *is).map(|(event, _)| event).collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let (as_of, settled) = (assessment.as_of, assessment.settled());
        let walk = Walk {
            exclusion: budget.exclusion,
            as_of,
            horizon: horizon::of(model, budget, as_of, chronicle)?,
            back: rolling.then_some(budget.window.start),
            days: if rolling { settled.spans(budget.window.start) } else { Vec::new() },
            hindsight: Hindsight { length_ms: model.objective.hindsight_ms(), start: budget.window.start },
        };
        let from = Position {
            share: budget.target.error_share(),
            window_ms: budget.window.millis(),
            consumed_us: budget.consumed_us(),
            not_counted_ms: budget.tally.not_counted_ms,
        };
        walk.find(
            wanted,
            from,
            |span, whole| {
                if whole { chronicle.pieces(model, span) } else { chronicle.part(model, span) }
            },
        )
    }

    fn put(&mut self, event: Event, at: Instant) {
        *match event {
            Event::Exhausted => &mut self.exhausted_at,
            Event::Recovered => &mut self.recovers_at,
            Event::Full => &mut self.full_at,
        } = Some(at);
    }
}

/// A walk into the future.
struct Walk<'l> {
    exclusion: DependencyExclusion,
    as_of: Instant,
    /// The last moment that is looked at.
    horizon: Instant,
    /// Where the window begins at `as_of`; `None` for calendar windows, whose start does not move.
    back: Option<Instant>,
    /// What whole days before `as_of` held, oldest first, as far as that is known.
    days: Vec<(Span, &'l Tally)>,
    hindsight: Hindsight,
}

impl Walk<'_> {
    /// Finds the first moment after `as_of` at which each of the wanted events holds; `draw` gives the account of a
    /// stretch, all of it or as much as is read at once.
    fn find<E>(
        &self,
        mut wanted: Vec<Event>,
        from: Position,
        mut draw: impl FnMut(Span, bool) -> Result<Vec<Piece>, E>,
    ) -> Result<Forecast, E> {
        let mut found = Forecast::default();
        let mut position = from;
        let mut at = self.as_of;
        let mut front = Track::new(self.exclusion, Some(self.hindsight));
        let mut gone = Track::new(self.exclusion, None);
        while at < self.horizon && !wanted.is_empty() {
            let Some(start) = self.back else {
                let arriving = front.piece(at, self.horizon, &mut draw)?;
                let (end, jump) = front.step(at, arriving.span.end.min(self.horizon));
                let mut slope = Slope::of(&arriving, self.exclusion, arriving.span.start);
                slope.consumed += jump;
                (at, position) = pass((at, position), end.since(at), slope, &mut wanted, &mut found);
                continue;
            };
            let back = start.plus(at.since(self.as_of));
            let (leaves, known) = self.leaves_next(back);
            let end = at.plus(leaves.since(back)).min(self.horizon);
            if let Some(held) = known.filter(|_| end.since(at) == leaves.since(back)) {
                let left = (held.consumed_us(self.exclusion), held.not_counted_ms);
                let come = front.sum(Span::new(at, end), &mut draw)?;
                if !front.jumps(Span::new(at, end))
                    && !wanted.iter().any(|event| possible(*event, position, left, come))
                {
                    position = position.moved(come.0 - left.0, come.1 - left.1);
                    at = end;
                    continue;
                }
            }
            while at < end {
                let back = start.plus(at.since(self.as_of));
                let arriving = front.piece(at, self.horizon, &mut draw)?;
                let leaving = gone.piece(back, leaves, &mut draw)?;
                let until = end.min(arriving.span.end).min(at.plus(leaving.span.end.since(back)));
                let (until, jump) = front.step(at, until);
                let come = Slope::of(&arriving, self.exclusion, arriving.span.start);
                // What leaves has been settled long since.
                let gone = Slope::of(&leaving, self.exclusion, END);
                let slope = Slope {
                    consumed: come.consumed - gone.consumed + jump,
                    not_counted: come.not_counted - gone.not_counted,
                };
                (at, position) = pass((at, position), until.since(at), slope, &mut wanted, &mut found);
            }
        }
        Ok(found)
    }

    /// Up to where the account that leaves next is drawn in one go, and what it held if that is a whole day that is known.
    fn leaves_next(&self, back: Instant) -> (Instant, Option<&Tally>) {
        let next = self.days.partition_point(|(span, _)| span.start < back);
        match self.days.get(next) {
            Some((span, held)) if span.start == back => (span.end, Some(held)),
            Some((span, _)) => (span.start, None),
            None if back < self.as_of => (self.as_of, None),
            None => (self.horizon, None),
        }
    }
}

/// Lets time pass in which the sums change evenly, and notes which of the wanted events begin to hold.
fn pass(
    (at, position): (Instant, Position),
    step: i64,
    slope: Slope,
    wanted: &mut Vec<Event>,
    found: &mut Forecast,
) -> (Instant, Position) {
    wanted.retain(|event| match cross(*event, position, slope, step) {
        Some(offset) => {
            found.put(*event, at.plus(offset));
            false
        }
        None => true,
    });
    (at.plus(step), position.moved(slope.consumed * step, slope.not_counted * step))
}

/// Whether `event` can hold anywhere while so much comes and goes, in whatever order.
fn possible(event: Event, position: Position, gone: (i64, i64), come: (i64, i64)) -> bool {
    match event {
        Event::Exhausted => position.moved(come.0, come.1).is(event),
        Event::Recovered => position.moved(-gone.0, -gone.1).is(event),
        Event::Full => position.consumed_us <= gone.0,
    }
}

/// The smallest offset in `1..=step` at which `event` holds while the sums change evenly.
fn cross(event: Event, position: Position, slope: Slope, step: i64) -> Option<i64> {
    let after = |offset: i64| position.moved(slope.consumed * offset, slope.not_counted * offset);
    if step < 1 {
        return None;
    }
    if after(1).is(event) {
        return Some(1);
    }
    // Each condition is a conjunction of comparisons of linear functions, so it holds on an interval of offsets, and not at
    // 1; if it holds at all it does so from the latest of the crossings on.
    let excess_slope = i128::from(slope.consumed) * i128::from(WHOLE)
        + i128::from(position.share) * i128::from(slope.not_counted * FULL);
    let excess_crossing = |towards: i128| {
        let distance = position.excess() * -towards;
        let speed = excess_slope * towards;
        (speed > 0).then(|| (distance + speed - 1).div_euclid(speed).max(1))
    };
    let candidate: i128 = match event {
        Event::Exhausted => {
            let reached = if position.excess() >= 0 { Some(1) } else { excess_crossing(1) }?;
            let begun = if position.consumed_us > 0 || slope.consumed > 0 { 1 } else { return None };
            reached.max(begun)
        }
        Event::Recovered => excess_crossing(-1)?,
        Event::Full => {
            if slope.consumed >= 0 {
                return None;
            }
            i128::from(position.consumed_us / -slope.consumed)
        }
    };
    let candidate = i64::try_from(candidate).ok().filter(|offset| (1..=step).contains(offset))?;
    after(candidate).is(event).then_some(candidate)
}
