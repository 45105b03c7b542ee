//! Owns the assessment of one objective: its account at any time, drawn from sealed days where there are any and from
//! the journal elsewhere.

use std::borrow::Cow;

use super::day::{Cursor, Day, Ledger, Run, Verdict};
use crate::domain::account::chronicle::{Chronicle, pieces_before_first};
use crate::domain::account::downtime::Piece;
use crate::domain::account::hindsight::more_as_of;
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::account::tally::{Tally, tally};
use crate::domain::account::weights::FULL;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;
use crate::domain::value::target::{Target, WHOLE};
use crate::domain::value::window::Window;

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
    /// The account of the last days, up to and including the millisecond that begins at `as_of`.
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
        // What is asked for next lies within it.
        let stretch =
            chronicle.stretch(&model.system, model.scope(), recent.start.plus(-2 * hindsight_ms), recent.end)?;
        let (first, last_seen) = (stretch.first.filter(|first| *first <= as_of), stretch.last_seen);
        let calendar = model.objective.window.calendar();
        let begin = calendar.date(first.unwrap_or(as_of));
        let mut ledger = sealed
            .filter(|ledger| (ledger.calendar(), ledger.first()) == (calendar, begin) && is_of(model, ledger))
            .unwrap_or_else(|| Ledger::new(calendar, begin));
        ledger.truncate(as_of.plus(-hindsight_ms));
        let recent_from = recent.start.min(ledger.end().plus(-hindsight_ms));
        let recent = chronicle.pieces(model, Span::new(recent_from, now))?;
        let window = model.objective.window.bounds(as_of);
        let mut assessment = Self { model, as_of, window, first, last_seen, ledger, recent, recent_from };
        assessment.extend(chronicle)?;
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

    /// Draws up every whole day between the end of the ledger and `as_of`.
    fn extend<F, E>(&mut self, chronicle: &mut Chronicle<F>) -> Result<(), E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let calendar = self.ledger.calendar();
        let today = calendar.date(self.as_of);
        if self.ledger.next() >= today || self.first.is_none() {
            return Ok(());
        }
        let until = calendar.start(today);
        let window = self.model.objective.window;
        let exclusion = self.model.objective.dependency_exclusion;
        let begun = self.ledger.end();
        let mut bounds = window.bounds(begun);
        // Consumed and not counted time of the window up to the last midnight, moved along day by day.
        let mut spent = Spent::of(&self.held(Span::new(bounds.start, begun), chronicle)?, exclusion);
        let mut leaving = Leaving::new(self.model, bounds.start, &self.ledger);
        let mut index = self.recent.partition_point(|piece| piece.span.end <= begun);
        while self.ledger.next() < today {
            let day = Span::new(self.ledger.end(), calendar.start(self.ledger.next().next()));
            if day.is_empty() {
                let day = Day { tally: Tally::default(), verdict: Verdict::Skipped };
                self.ledger.push_run(Run { count: 1, day });
                continue;
            }
            let mut sum = Tally::default();
            while self.recent[index].span.end <= day.end {
                sum.add_piece(&self.recent[index], day, self.as_of);
                index += 1;
            }
            sum.add_piece(&self.recent[index], day, self.as_of);
            let at_midnight = self.recent[index];
            // How much one more day like this one moves the sums, and how many more may be like it.
            let mut moves = Spent::of(&sum, exclusion);
            let mut alike = alike_ahead(&at_midnight, day, until);
            match window {
                Window::Rolling { .. } => {
                    bounds = window.closing(day.end);
                    let drawn = |span: Span| Ok(Spent::of(&self.drawn(span, chronicle)?, exclusion));
                    moves = moves.less(leaving.until(bounds.start, &self.ledger, exclusion, drawn)?);
                    alike = alike.min(leaving.alike_ahead(self.model, &self.ledger));
                }
                Window::Calendar { .. } => {
                    if bounds.end <= day.start {
                        (bounds, spent) = (window.bounds(day.start), Spent::default());
                    }
                    alike = alike.min(bounds.end.since(day.end) / DAY_MS);
                }
            }
            spent = spent.plus(moves);
            // As of that midnight, the last outage may be too short to count, and its cause unknown.
            let unsettled = Spent::of(&self.unsettled(Span::new(bounds.start, day.end)), exclusion);
            let verdict = if spent.less(unsettled).breaches(self.model.objective.target, bounds.millis()) {
                Verdict::Broken
            } else if at_midnight.consumes(exclusion, day.end) {
                Verdict::Held
            } else {
                Verdict::Kept
            };
            // Days that move nothing close as this one did; elsewhere than in UTC days that are alike may have other lengths.
            let alike = if moves == Spent::default() && calendar.is_utc() { alike } else { 0 };
            leaving.skip(&self.ledger, alike);
            self.ledger.push_run(Run { count: alike as u32 + 1, day: Day { tally: sum, verdict } });
        }
        Ok(())
    }

    /// The piece in force at `as_of`.
    pub(crate) fn now(&self) -> Option<&Piece> {
        self.recent.last()
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
        if last.start < self.recent_from {
            let pieces = chronicle.pieces(self.model, last)?;
            sum.add(&more_as_of(&pieces, last, self.as_of), -1);
        } else {
            sum.add(&self.unsettled(span), -1);
        }
        Ok(sum)
    }

    /// What the tally of a recent span, as of this moment, holds more than as of the span's end.
    fn unsettled(&self, span: Span) -> Tally {
        match self.model.objective.hindsight_ms() {
            0 => Tally::default(),
            hindsight_ms => more_as_of(&self.recent, last_of(span, hindsight_ms), self.as_of),
        }
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
        if self.recent_from <= span.start {
            return Ok(tally(&self.recent, span, self.as_of));
        }
        Ok(tally(&chronicle.pieces(self.model, span)?, span, self.as_of))
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

/// What leaves a rolling window, day by day. A window is some days of 24 hours, so where clocks change its start lies within a
/// day.
struct Leaving {
    at: Instant,
    /// The account of the time before the ledger's first day.
    unseen: Vec<Piece>,
    /// The last day that has begun to leave, and what it held.
    day: Span,
    held: Spent,
    /// At the next one.
    cursor: Cursor,
    next: Date,
}

impl Leaving {
    fn new(model: &Model, at: Instant, ledger: &Ledger) -> Self {
        let unseen = pieces_before_first(model, Span::new(at, ledger.start()));
        let next = ledger.calendar().date(at.max(ledger.start()));
        let cursor = Cursor::at(ledger, next);
        Self { at, unseen, day: Span::new(at, at), held: Spent::default(), cursor, next }
    }

    /// Lets everything before `to` leave; `drawn` tells of what lies within one day.
    ///
    /// # Errors
    /// Those of `drawn`.
    fn until<E>(
        &mut self,
        to: Instant,
        ledger: &Ledger,
        exclusion: DependencyExclusion,
        mut drawn: impl FnMut(Span) -> Result<Spent, E>,
    ) -> Result<Spent, E> {
        let mut gone = Spent::default();
        while self.at < to {
            let mut part = Span::new(self.at, to);
            if self.at < ledger.start() {
                part.end = part.end.min(ledger.start());
                gone = gone.plus(Spent::of(&tally(&self.unseen, part, part.end), exclusion));
            } else if self.at >= ledger.end() {
                // A day of more than 24 hours begins to leave the shortest window before it is over.
                gone = gone.plus(drawn(part)?);
            } else {
                if self.day.end <= self.at {
                    self.turn(ledger, exclusion);
                }
                part.end = part.end.min(self.day.end);
                gone = gone.plus(match self.held.within(part.millis(), self.day.millis()) {
                    Some(held) => held,
                    None => drawn(part)?,
                });
            }
            self.at = part.end;
        }
        Ok(gone)
    }

    /// Turns to the day in which `at` lies.
    fn turn(&mut self, ledger: &Ledger, exclusion: DependencyExclusion) {
        let calendar = ledger.calendar();
        let date = calendar.date(self.at);
        self.day = calendar.span(date);
        while self.next <= date {
            let day = self.cursor.next(ledger);
            self.held = day.map_or(Spent::default(), |day| Spent::of(&day.tally, exclusion));
            self.next = self.next.next();
        }
    }

    /// How many days that leave next are known to be like the one that left last; of days of UTC.
    fn alike_ahead(&self, model: &Model, ledger: &Ledger) -> i64 {
        if self.at <= ledger.start() {
            let days = ledger.start().since(self.at) / DAY_MS;
            return if model.has_like_days() { days } else { 0 };
        }
        self.cursor.alike_ahead(ledger)
    }

    /// Lets days leave that are alike.
    fn skip(&mut self, ledger: &Ledger, days: i64) {
        if self.at > ledger.start() {
            self.cursor.skip(days);
            self.next = self.next.plus(days);
        }
        self.at = self.at.plus(days * DAY_MS);
    }
}

/// How many more whole days up to `until` are like `day`, at whose end `piece` is in force.
fn alike_ahead(piece: &Piece, day: Span, until: Instant) -> i64 {
    if piece.span.start > day.start || piece.settles().next().is_some() {
        return 0;
    }
    let same = piece.span.end.since(day.end) - 1;
    same.min(until.since(day.end)) / DAY_MS
}
