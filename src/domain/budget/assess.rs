//! Owns the assessment of one objective: its account at any time, drawn from sealed days where there are any and from
//! the journal elsewhere.

mod growing;
mod leaving;

use std::borrow::Cow;

use super::day::Ledger;
use crate::domain::account::chronicle::{Chronicle, pieces_before_first};
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::account::tally::{Tally, tally};
use crate::domain::account::weights::FULL;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;
use crate::domain::value::target::{Target, WHOLE};

/// How far back the account is always drawn from the journal itself: the longest burn-rate lookback.
const RECENT_MS: i64 = 3 * DAY_MS;

/// One objective as of one moment.
pub(crate) struct Assessment<'m> {
    pub(crate) model: &'m Model,
    pub(crate) as_of: Instant,
    /// The window as of that moment.
    pub(crate) window: Span,
    /// The system's first transition, if it lies at or before `as_of`.
    pub(crate) first: Option<Instant>,
    /// The newest fact of the objective's streams as of `as_of`.
    pub(crate) last_seen: Option<Instant>,
    /// All whole days up to `as_of`, with what they held as of that.
    pub(crate) ledger: Ledger,
    /// The account of the last days, or of as much before `as_of` as is read at once; up to and including the millisecond that begins
    /// at `as_of`.
    pub(crate) recent: Vec<Piece>,
    recent_from: Instant,
}

impl<'m> Assessment<'m> {
    /// Opens the account of `model` as of a moment. `sealed` holds days known before; they must come from the same model
    /// and the same facts, and may end anywhere.
    ///
    /// # Errors
    /// Those of the chronicle's loader.
    pub(crate) fn open<F, E>(
        model: &'m Model,
        sealed: Option<Ledger>,
        as_of: Instant,
        chronicle: &mut Chronicle<F>,
    ) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let now = as_of.plus(1);
        let recent = Span::new(as_of.plus(-RECENT_MS), now);
        let hindsight_ms = model.objective.hindsight_ms();
        // What is asked for next lies within it, unless it holds more than is read at once.
        let before = recent.start.plus(-2 * hindsight_ms);
        let stretch = chronicle.beginning(&model.system, model.scope(), before, now)?;
        let is_dense = stretch.through < now;
        let newest = if is_dense { chronicle.stretch(&model.system, model.scope(), as_of, now)? } else { stretch };
        let (first, last_seen) = (newest.first.filter(|first| *first <= as_of), newest.last_seen);
        let calendar = model.objective.window.calendar();
        let begin = calendar.date(first.unwrap_or(as_of));
        let mut ledger = sealed
            .filter(|ledger| (ledger.calendar(), ledger.first()) == (calendar, begin) && is_of(model, ledger))
            .unwrap_or_else(|| Ledger::new(calendar, begin));
        ledger.truncate(as_of.plus(-hindsight_ms));
        let unknown_from = ledger.end().plus(-hindsight_ms);
        let recent_from = if is_dense { unknown_from } else { recent.start.min(unknown_from) };
        let window = model.objective.window.bounds(as_of);
        let mut assessment = Self { model, as_of, window, first, last_seen, ledger, recent: Vec::new(), recent_from };
        assessment.draw_up(Span::new(recent_from, now), chronicle)?;
        Ok(assessment)
    }

    /// The days of which no later fact changes what they held: those that may be sealed.
    pub(crate) fn settled(&self) -> Cow<'_, Ledger> {
        let until = self.as_of.plus(-self.model.objective.hindsight_ms());
        if self.ledger.end() <= until {
            return Cow::Borrowed(&self.ledger);
        }
        let mut settled = self.ledger.clone();
        settled.truncate(until);
        Cow::Owned(settled)
    }

    /// The same at the close of what ends at `as_of`: in the window to which the moments before it belong.
    pub(crate) fn at_close(self) -> Self {
        Self { window: self.model.objective.window.closing(self.as_of), ..self }
    }

    /// The piece in force at `as_of`.
    pub(crate) fn now(&self) -> Option<&Piece> {
        self.recent.last()
    }

    /// From when on, no earlier than a moment of the days that are not whole yet, something is down or may be; the end of time where nothing
    /// is.
    pub(crate) fn down_from(&self, from: Instant) -> Instant {
        if self.recent_from > from {
            return from;
        }
        let down = self.recent.iter().find(|piece| piece.down && piece.span.end > from);
        down.map_or(Instant::MAX, |piece| piece.span.start.max(from))
    }

    /// The tally of `span` as of its end, at or before `as_of`.
    ///
    /// # Errors
    /// Those of the chronicle's loader.
    pub(crate) fn tally<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let mut sum = self.held(span, chronicle)?;
        let hindsight_ms = self.model.objective.hindsight_ms();
        if hindsight_ms == 0 || span.end >= self.as_of {
            return Ok(sum);
        }
        let last = last_of(span, hindsight_ms);
        let calendar = self.ledger.calendar();
        let days = Span::new(calendar.day_start(last.start), calendar.day_ceil(last.end));
        if days.end <= self.ledger.end() && self.ledger.sum(days).strict_us() == 0 {
            // Nothing was charged in the end, and so nothing was before.
            return Ok(sum);
        }
        sum.add(&self.unsettled(span, chronicle)?, -1);
        Ok(sum)
    }

    /// What the tally of a span, as of this moment, holds more than as of the span's end.
    fn unsettled<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let mut more = Tally::default();
        let hindsight_ms = self.model.objective.hindsight_ms();
        if hindsight_ms > 0 {
            let last = last_of(span, hindsight_ms);
            self.each_part(last, chronicle, |pieces| {
                more.add(&tally(pieces, last, self.as_of), 1);
                more.add(&tally(pieces, last, last.end), -1);
            })?;
        }
        Ok(more)
    }

    /// The tally of a span of the last days as of this moment, at which it ends.
    ///
    /// # Errors
    /// Those of the chronicle's loader.
    pub(crate) fn lately<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        if self.recent_from <= span.start {
            return Ok(tally(&self.recent, span, self.as_of));
        }
        self.held(span, chronicle)
    }

    /// The tally of `span`, which ends at or before `as_of`, as of that.
    fn held<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let mut sum = Tally::default();
        let unseen = Span::new(span.start, self.ledger.start()).intersect(span);
        if !unseen.is_empty() {
            sum.add(&tally(&pieces_before_first(self.model, unseen), unseen, self.as_of), 1);
        }
        let seen = span.intersect(Span::new(self.ledger.start(), span.end));
        if seen.is_empty() {
            return Ok(sum);
        }
        let calendar = self.ledger.calendar();
        let whole = Span::new(calendar.day_ceil(seen.start), calendar.day_start(seen.end).min(self.ledger.end()));
        if whole.is_empty() {
            sum.add(&self.drawn(seen, chronicle)?, 1);
            return Ok(sum);
        }
        sum.add(&self.drawn(Span::new(seen.start, whole.start), chronicle)?, 1);
        sum.add(&self.ledger.sum(whole), 1);
        sum.add(&self.drawn(Span::new(whole.end, seen.end), chronicle)?, 1);
        Ok(sum)
    }

    /// The tally of `span` drawn from the journal.
    fn drawn<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let mut sum = Tally::default();
        self.each_part(span, chronicle, |pieces| sum.add(&tally(pieces, span, self.as_of), 1))?;
        Ok(sum)
    }

    /// Hands on the account of a span, part by part: the one that is held where the span lies in it, else drawn from the journal.
    fn each_part<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>, mut hand: impl FnMut(&[Piece])) -> Result<(), E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        if self.recent_from <= span.start && self.recent.last().is_some_and(|last| span.end <= last.span.end) {
            hand(&self.recent);
            return Ok(());
        }
        chronicle.each_part(self.model, span, |pieces| hand(&pieces))
    }
}

/// The part of a span that later facts may change.
fn last_of(span: Span, hindsight_ms: i64) -> Span {
    Span::new(span.start.max(span.end.plus(-hindsight_ms)), span.end)
}

/// Whether all systems that days are charged to may excuse the objective.
fn is_of(model: &Model, ledger: &Ledger) -> bool {
    let mut charged = ledger.runs().iter().flat_map(|run| &run.day.tally.upstream_us);
    charged.all(|(system, _)| model.dependencies.place(*system).is_some())
}

/// What decides a verdict of some stretch of time: consumed microseconds, and milliseconds that are not counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Spent {
    consumed: i64,
    not_counted: i64,
}

impl Spent {
    pub(super) fn of(tally: &Tally, exclusion: DependencyExclusion) -> Self {
        Self { consumed: tally.consumed_us(exclusion), not_counted: tally.not_counted_ms }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { consumed: self.consumed + other.consumed, not_counted: self.not_counted + other.not_counted }
    }

    /// Whether that is more than a target allows of a window of this length, in milliseconds.
    pub(super) fn breaches(self, target: Target, window_ms: i64) -> bool {
        let length = i128::from((window_ms - self.not_counted) * FULL);
        i128::from(self.consumed) * i128::from(WHOLE) > i128::from(target.error_share()) * length
    }

    fn less(self, other: Self) -> Self {
        Self { consumed: self.consumed - other.consumed, not_counted: self.not_counted - other.not_counted }
    }

    /// What `part` of a day that holds this holds, where the whole tells it.
    fn within(self, part: i64, whole: i64) -> Option<Self> {
        let of = |held: i64, unit: i64| match held {
            0 => Some(0),
            all if all == whole * unit => Some(part * unit),
            _ => (part == whole).then_some(held),
        };
        Some(Self { consumed: of(self.consumed, FULL)?, not_counted: of(self.not_counted, 1)? })
    }
}
