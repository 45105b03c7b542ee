//! Owns the time that leaves a rolling window.

use super::Spent;
use crate::domain::account::chronicle::pieces_before_first;
use crate::domain::account::downtime::Piece;
use crate::domain::account::model::Model;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::account::tally::tally;
use crate::domain::budget::day::{Cursor, Ledger};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// The time that leaves a rolling window, day by day. A window is a number of 24-hour days, so clock changes move its
/// start into a day.
pub(super) struct Leaving {
    at: Instant,
    /// The account of the time before the ledger's first day.
    unseen: Vec<Piece>,
    /// The last day that began to leave, and its sums.
    day: Span,
    held: Spent,
    /// At the next day.
    cursor: Cursor,
    next: Date,
}

impl Leaving {
    pub(super) fn new(model: &Model, at: Instant, ledger: &Ledger) -> Self {
        let unseen = pieces_before_first(model, Span::new(at, ledger.start()));
        let next = ledger.calendar().date(at.max(ledger.start()));
        let cursor = Cursor::at(ledger, next);
        Self { at, unseen, day: Span::new(at, at), held: Spent::default(), cursor, next }
    }

    /// Removes everything before `to`; `drawn` computes parts of a day.
    pub(super) fn until<E>(
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
                // A day of more than 24 hours begins to leave the shortest window before it ends.
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

    /// Moves to the day of `at`.
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

    /// How many of the next leaving days are known to equal the last one. Only for UTC days.
    pub(super) fn alike_ahead(&self, model: &Model, ledger: &Ledger) -> i64 {
        if self.at <= ledger.start() {
            let days = ledger.start().since(self.at) / DAY_MS;
            return if model.has_like_days() { days } else { 0 };
        }
        self.cursor.alike_ahead(ledger)
    }

    /// Removes equal days.
    pub(super) fn skip(&mut self, ledger: &Ledger, days: i64) {
        if self.at > ledger.start() {
            self.cursor.skip(days);
            self.next = self.next.plus(days);
        }
        self.at = self.at.plus(days * DAY_MS);
    }
}
