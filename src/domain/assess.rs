//! Owns the assessment of one objective: its account at any time, drawn from sealed days where there are any and from
//! the journal elsewhere.

use super::chronicle::{Chronicle, pieces_before_first};
use super::day::{Cursor, Day, Ledger, Run, Verdict};
use super::downtime::Piece;
use super::instant::{DAY_MS, Instant};
use super::model::{Model, SystemId};
use super::span::Span;
use super::tally::{Tally, tally};
use super::target::WHOLE;
use super::timeline::{Scope, SystemHistory};
use super::window::Window;

/// How far back the account is always drawn from the journal itself: the longest burn-rate lookback.
const RECENT_MS: i64 = 3 * DAY_MS;

/// One objective as of one moment.
pub(crate) struct Assessment<'m> {
    pub(crate) model: &'m Model,
    pub(crate) as_of: Instant,
    /// The system's first transition, if it lies at or before `as_of`.
    pub(crate) first: Option<Instant>,
    /// The newest fact of the objective's streams as of `as_of`.
    pub(crate) last_seen: Option<Instant>,
    /// All whole days up to `as_of`.
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
        let stretch = chronicle.stretch(&model.system, model.scope(), recent.start, recent.end)?;
        let (first, last_seen) = (stretch.first.filter(|first| *first <= as_of), stretch.last_seen);
        let start = first.map_or(as_of.day_start(), Instant::day_start);
        let mut ledger = sealed.filter(|ledger| ledger.start() == start).unwrap_or_else(|| Ledger::new(start));
        ledger.truncate(as_of.day_start());
        let recent_from = recent.start.min(ledger.end());
        let recent = chronicle.pieces(model, Span::new(recent_from, now))?;
        let mut assessment = Self { model, as_of, first, last_seen, ledger, recent, recent_from };
        assessment.extend(chronicle)?;
        Ok(assessment)
    }

    /// Draws up every whole day between the end of the ledger and `as_of`.
    fn extend<F, E>(&mut self, chronicle: &mut Chronicle<F>) -> Result<(), E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let until = self.as_of.day_start();
        if self.ledger.end() >= until || self.first.is_none() {
            return Ok(());
        }
        let exclusion = self.model.objective.dependency_exclusion;
        let share = i128::from(self.model.objective.target.error_share());
        let begun = self.ledger.end();
        let mut bounds = self.model.objective.window.bounds(begun);
        // Consumed and not counted time of the window as of the last midnight, moved along day by day.
        let window = self.tally(Span::new(bounds.start, begun), chronicle)?;
        let (mut consumed, mut not_counted) = (window.consumed_ms(exclusion), window.not_counted_ms);
        let mut leaving = Leaving::new(self.model, bounds.start, &self.ledger);
        let mut index = self.recent.partition_point(|piece| piece.span.end <= begun);
        while self.ledger.end() < until {
            let day = Span::new(self.ledger.end(), self.ledger.end().plus(DAY_MS));
            let mut sum = Tally::default();
            while self.recent[index].span.end <= day.end {
                sum.add_piece(&self.recent[index], day);
                index += 1;
            }
            sum.add_piece(&self.recent[index], day);
            let at_midnight = self.recent[index];
            let next = self.model.objective.window.bounds(day.end);
            // How much one more day like this one moves the sums, and how many more may be like it.
            let moves: (i64, i64);
            let mut alike = alike_ahead(&at_midnight, day, until);
            match self.model.objective.window {
                Window::Rolling { .. } => {
                    let left = leaving.next(&self.ledger);
                    moves = (
                        sum.consumed_ms(exclusion) - left.consumed_ms(exclusion),
                        sum.not_counted_ms - left.not_counted_ms,
                    );
                    (consumed, not_counted) = (consumed + moves.0, not_counted + moves.1);
                    alike = alike.min(leaving.alike_ahead(self.model, &self.ledger));
                }
                Window::Calendar { .. } => {
                    moves = (sum.consumed_ms(exclusion), sum.not_counted_ms);
                    if next.start == bounds.start {
                        (consumed, not_counted) = (consumed + moves.0, not_counted + moves.1);
                    } else {
                        let sum = tally(&self.recent, Span::new(next.start, day.end));
                        (consumed, not_counted) = (sum.consumed_ms(exclusion), sum.not_counted_ms);
                    }
                    alike = alike.min((next.end.since(day.end) - 1) / DAY_MS);
                }
            }
            bounds = next;
            let length = bounds.millis() - not_counted;
            let breaching = i128::from(consumed) * i128::from(WHOLE) > share * i128::from(length);
            let verdict = if breaching {
                Verdict::Broken
            } else if at_midnight.consumes(exclusion) {
                Verdict::Held
            } else {
                Verdict::Kept
            };
            // Days that move nothing end as this one did.
            let alike = if moves == (0, 0) { alike } else { 0 };
            leaving.skip(&self.ledger, alike);
            self.ledger.push_run(Run { count: alike as u32 + 1, day: Day { tally: sum, verdict } });
        }
        Ok(())
    }

    /// The piece in force at `as_of`.
    pub(crate) fn now(&self) -> Option<&Piece> {
        self.recent.last()
    }

    /// The tally of `span`, which ends at or before `as_of`.
    ///
    /// # Errors
    /// Those of the chronicle's loader.
    pub(crate) fn tally<F, E>(&self, span: Span, chronicle: &mut Chronicle<F>) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let mut sum = Tally::default();
        let unseen = Span::new(span.start, self.ledger.start()).intersect(span);
        if !unseen.is_empty() {
            sum.add(&tally(&pieces_before_first(self.model, unseen), unseen), 1);
        }
        let seen = span.intersect(Span::new(self.ledger.start(), span.end));
        if seen.is_empty() {
            return Ok(sum);
        }
        let whole = Span::new(seen.start.day_ceil(), seen.end.day_start().min(self.ledger.end()));
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
            return Ok(tally(&self.recent, span));
        }
        Ok(tally(&chronicle.pieces(self.model, span)?, span))
    }
}

/// The days that leave a rolling window, one after the other.
struct Leaving {
    at: Instant,
    /// The account of the days before the ledger's first.
    unseen: Vec<Piece>,
    cursor: Cursor,
}

impl Leaving {
    fn new(model: &Model, at: Instant, ledger: &Ledger) -> Self {
        let unseen = pieces_before_first(model, Span::new(at, ledger.start()));
        Self { at, unseen, cursor: Cursor::at(ledger, at.max(ledger.start())) }
    }

    fn next(&mut self, ledger: &Ledger) -> Tally {
        let day = Span::new(self.at, self.at.plus(DAY_MS));
        self.at = day.end;
        if day.start < ledger.start() {
            return tally(&self.unseen, day);
        }
        self.cursor.next(ledger).map(|day| day.tally.clone()).unwrap_or_default()
    }

    /// How many days that leave next are known to be like the one that left last.
    fn alike_ahead(&self, model: &Model, ledger: &Ledger) -> i64 {
        if self.at <= ledger.start() {
            let days = ledger.start().since(self.at) / DAY_MS;
            return if model.maintenance.is_empty() { days } else { 0 };
        }
        self.cursor.alike_ahead(ledger)
    }

    /// Lets days leave that are alike.
    fn skip(&mut self, ledger: &Ledger, days: i64) {
        if self.at > ledger.start() {
            self.cursor.skip(days);
        }
        self.at = self.at.plus(days * DAY_MS);
    }
}

/// How many more whole days up to `until` are like `day`, at whose end `piece` is in force.
fn alike_ahead(piece: &Piece, day: Span, until: Instant) -> i64 {
    if piece.span.start > day.start {
        return 0;
    }
    let same = piece.span.end.since(day.end) - 1;
    same.min(until.since(day.end)) / DAY_MS
}
