//! Owns the assessment of one objective: its account at any time, from sealed days where they exist and from the
//! journal otherwise.

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

/// How much recent time is always computed from the journal: the longest burn-rate lookback.
const RECENT_MS: i64 = 3 * DAY_MS;

/// One objective as of one instant.
pub(crate) struct Assessment<'m> {
    pub(crate) model: &'m Model,
    pub(crate) as_of: Instant,
    /// The window as of that instant.
    pub(crate) window: Span,
    /// The system's first transition, if at or before `as_of`.
    pub(crate) first: Option<Instant>,
    /// The newest fact of the objective's streams as of `as_of`.
    pub(crate) last_seen: Option<Instant>,
    /// All complete days up to `as_of`, with their tallies as of `as_of`.
    pub(crate) ledger: Ledger,
    /// The account of the last days, or as much of it before `as_of` as one read covers, up to and including the
    /// millisecond at `as_of`.
    pub(crate) recent: Vec<Piece>,
    recent_from: Instant,
}

impl<'m> Assessment<'m> {
    /// Opens the account of `model` as of an instant. `sealed` holds days computed before from the same model and
    /// facts; they may end anywhere.
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
        // One read covers all later requests, unless the history is too dense.
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

    /// The days that no later fact changes; they may be sealed.
    pub(crate) fn settled(&self) -> Cow<'_, Ledger> {
        let until = self.as_of.plus(-self.model.objective.hindsight_ms());
        if self.ledger.end() <= until {
            return Cow::Borrowed(&self.ledger);
        }
        let mut settled = self.ledger.clone();
        settled.truncate(until);
        Cow::Owned(settled)
    }

    /// The assessment at the close of a period that ends at `as_of`, in the window of that period.
    pub(crate) fn at_close(self) -> Self {
        Self { window: self.model.objective.window.closing(self.as_of), ..self }
    }

    /// The piece in force at `as_of`.
    pub(crate) fn now(&self) -> Option<&Piece> {
        self.recent.last()
    }

    /// The first instant from `from` on, in the incomplete days, at which the objective is down or may be; the end of
    /// time if never.
    pub(crate) fn down_from(&self, from: Instant) -> Instant {
        if self.recent_from > from {
            return from;
        }
        let down = self.recent.iter().find(|piece| piece.down && piece.span.end > from);
        down.map_or(Instant::MAX, |piece| piece.span.start.max(from))
    }

    /// The tally of `span` as of its end, at or before `as_of`.
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
            // Nothing was charged as of `as_of`, so nothing was before.
            return Ok(sum);
        }
        sum.add(&self.unsettled(span, chronicle)?, -1);
        Ok(sum)
    }

    /// What `as_of` adds to the tally of a span as of the span's end.
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

    /// The tally of a recent span that ends at `as_of`, as of then.
    pub(crate) fn lately<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        if self.recent_from <= span.start {
            return Ok(tally(&self.recent, span, self.as_of));
        }
        self.held(span, chronicle)
    }

    /// The tally of `span`, which ends at or before `as_of`, as of `as_of`.
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

    /// The tally of `span` from the journal.
    fn drawn<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let mut sum = Tally::default();
        self.each_part(span, chronicle, |pieces| sum.add(&tally(pieces, span, self.as_of), 1))?;
        Ok(sum)
    }

    /// Calls `hand` with the account of a span, part by part: the recent account if it contains the span, else from the
    /// journal.
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

/// Whether the graph has all systems that days are charged to.
fn is_of(model: &Model, ledger: &Ledger) -> bool {
    let mut charged = ledger.runs().iter().flat_map(|run| &run.day.tally.upstream_us);
    charged.all(|(system, _)| model.dependencies.place(*system).is_some())
}

/// The input of a verdict: consumed microseconds, and milliseconds that are not counted.
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

    /// Whether it exceeds what a target allows in a window of this length, in milliseconds.
    pub(super) fn breaches(self, target: Target, window_ms: i64) -> bool {
        let length = i128::from((window_ms - self.not_counted) * FULL);
        i128::from(self.consumed) * i128::from(WHOLE) > i128::from(target.error_share()) * length
    }

    fn less(self, other: Self) -> Self {
        Self { consumed: self.consumed - other.consumed, not_counted: self.not_counted - other.not_counted }
    }

    /// The share of `part` in a day's sums, if the day alone decides it.
    fn within(self, part: i64, whole: i64) -> Option<Self> {
        let of = |held: i64, unit: i64| match held {
            0 => Some(0),
            all if all == whole * unit => Some(part * unit),
            _ => (part == whole).then_some(held),
        };
        Some(Self { consumed: of(self.consumed, FULL)?, not_counted: of(self.not_counted, 1)? })
    }
}
