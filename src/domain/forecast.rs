//! Owns the forecast: when, with no further change of health, a budget is exhausted, stops being overspent, or is whole.
//!
//! Seen from `as-of`, consumed and not counted time are piecewise linear in the time that passes: they grow with what
//! comes at the front of the window, which is known once no more facts arrive (staleness and maintenance do happen), and
//! shrink with what leaves at its back. Whole days leave in one step where no crossing can lie within them; where one can, the
//! day is taken apart, so every instant is exact to the millisecond.

use super::calendar::{Calendar, Date};
use super::downtime::Piece;
use super::instant::Instant;
use super::objective::DependencyExclusion;
use super::span::Span;
use super::tally::Tally;
use super::target::WHOLE;

/// The instants a forecast names; `None` where the event does not happen within one window's length, or has happened.
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
pub(crate) enum Event {
    Exhausted,
    Recovered,
    Full,
}

/// Sums at one moment of the walk, with the constants that decide them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The allowed share of failure, in parts of [`WHOLE`].
    pub(crate) share: i64,
    /// The full length of the window, in milliseconds.
    pub(crate) window_ms: i64,
    pub(crate) consumed_ms: i64,
    pub(crate) not_counted_ms: i64,
}

impl Position {
    fn is(self, event: Event) -> bool {
        match event {
            Event::Exhausted => self.consumed_ms > 0 && self.excess() >= 0,
            Event::Recovered => self.excess() <= 0,
            Event::Full => self.consumed_ms == 0,
        }
    }

    /// Consumed minus total, in milliseconds times [`WHOLE`].
    fn excess(self) -> i128 {
        let length = i128::from(self.window_ms - self.not_counted_ms);
        i128::from(self.consumed_ms) * i128::from(WHOLE) - i128::from(self.share) * length
    }

    fn moved(self, consumed_ms: i64, not_counted_ms: i64) -> Self {
        Self {
            consumed_ms: self.consumed_ms + consumed_ms,
            not_counted_ms: self.not_counted_ms + not_counted_ms,
            ..self
        }
    }
}

/// How fast consumed and not counted time change, in milliseconds a millisecond.
#[derive(Clone, Copy)]
struct Slope {
    consumed: i64,
    not_counted: i64,
}

impl Slope {
    fn of(piece: &Piece, exclusion: DependencyExclusion) -> Self {
        Self { consumed: i64::from(piece.consumes(exclusion)), not_counted: i64::from(!piece.counted) }
    }
}

/// What leaves the back of a rolling window, oldest first.
pub(crate) struct Past<'p, R> {
    /// Where the window begins at `as-of`.
    pub(crate) start: Instant,
    /// Whose days leave.
    pub(crate) calendar: Calendar,
    /// What whole days held, for those that are sealed.
    pub(crate) day: &'p dyn Fn(Date) -> Option<&'p Tally>,
    /// The account of a stretch, taken apart.
    pub(crate) refine: R,
}

/// Finds the first moment after `as_of` at which `event` holds, walking up to `horizon` (included).
/// `future` covers `[as_of, horizon)`; `past` is absent for calendar windows, whose start does not move.
///
/// # Errors
/// Those of `past.refine`.
pub(crate) fn find<R, E>(
    event: Event,
    from: Position,
    exclusion: DependencyExclusion,
    future: &[Piece],
    mut past: Option<&mut Past<'_, R>>,
) -> Result<Option<Instant>, E>
where
    R: FnMut(Span) -> Result<Vec<Piece>, E>,
{
    let (Some(first), Some(last)) = (future.first(), future.last()) else { return Ok(None) };
    let (as_of, horizon) = (first.span.start, last.span.end);
    let mut at = as_of;
    let mut position = from;
    let mut ahead = 0;
    while at < horizon {
        while future[ahead].span.end <= at {
            ahead += 1;
        }
        let arriving = Slope::of(&future[ahead], exclusion);
        let mut end = future[ahead].span.end;
        let Some(past) = past.as_mut() else {
            let step = end.since(at);
            if let Some(offset) = cross(event, position, arriving, step) {
                return Ok(Some(at.plus(offset)));
            }
            position = position.moved(arriving.consumed * step, arriving.not_counted * step);
            at = end;
            continue;
        };
        // What leaves next: the rest of a day.
        let back = past.start.plus(at.since(as_of));
        let date = past.calendar.date(back);
        let day = past.calendar.span(date);
        end = end.min(at.plus(day.end.since(back)));
        let step = end.since(at);
        let leaving = Span::new(back, back.plus(step));
        if leaving == day
            && let Some(held) = (past.day)(date)
        {
            let (gone, gone_not_counted) = (held.consumed_ms(exclusion), held.not_counted_ms);
            let (come, come_not_counted) = (arriving.consumed * step, arriving.not_counted * step);
            if !possible(event, position, (gone, gone_not_counted), (come, come_not_counted)) {
                position = position.moved(come - gone, come_not_counted - gone_not_counted);
                at = end;
                continue;
            }
        }
        for piece in (past.refine)(leaving)? {
            let part = piece.span.intersect(leaving);
            let gone = Slope::of(&piece, exclusion);
            let slope = Slope {
                consumed: arriving.consumed - gone.consumed,
                not_counted: arriving.not_counted - gone.not_counted,
            };
            if let Some(offset) = cross(event, position, slope, part.millis()) {
                return Ok(Some(at.plus(offset)));
            }
            position = position.moved(slope.consumed * part.millis(), slope.not_counted * part.millis());
            at = at.plus(part.millis());
        }
    }
    Ok(None)
}

/// Whether `event` can hold anywhere while so much comes and goes, in whatever order.
fn possible(event: Event, position: Position, gone: (i64, i64), come: (i64, i64)) -> bool {
    match event {
        Event::Exhausted => position.moved(come.0, come.1).is(event),
        Event::Recovered => position.moved(-gone.0, -gone.1).is(event),
        Event::Full => position.consumed_ms <= gone.0,
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
    let excess_slope =
        i128::from(slope.consumed) * i128::from(WHOLE) + i128::from(position.share) * i128::from(slope.not_counted);
    let excess_crossing = |towards: i128| {
        let distance = position.excess() * -towards;
        let speed = excess_slope * towards;
        (speed > 0).then(|| (distance + speed - 1).div_euclid(speed).max(1))
    };
    let candidate: i128 = match event {
        Event::Exhausted => {
            let reached = if position.excess() >= 0 { Some(1) } else { excess_crossing(1) }?;
            let begun = if position.consumed_ms > 0 || slope.consumed > 0 { 1 } else { return None };
            reached.max(begun)
        }
        Event::Recovered => excess_crossing(-1)?,
        Event::Full => {
            if slope.consumed >= 0 {
                return None;
            }
            i128::from(position.consumed_ms)
        }
    };
    let candidate = i64::try_from(candidate).ok().filter(|offset| (1..=step).contains(offset))?;
    after(candidate).is(event).then_some(candidate)
}
