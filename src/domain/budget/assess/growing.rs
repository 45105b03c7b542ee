//! Owns closing days: the ledger grows day by day from the objective's account, which arrives in parts.

use std::mem::take;

use super::leaving::Leaving;
use super::{Assessment, Spent};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::SystemId;
use crate::domain::account::tally::Tally;
use crate::domain::budget::day::{Day, Run, Verdict};
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;
use crate::domain::value::window::Window;

/// The state of closing days.
struct Growth {
    /// The window as of the last midnight.
    bounds: Span,
    /// Consumed and uncounted time of the window up to the last midnight.
    spent: Spent,
    leaving: Leaving,
    /// The tally of the day after the last midnight, as far as it is known.
    sum: Tally,
}

impl Assessment<'_> {
    /// Closes every complete day after the end of the ledger from the account of a span, part by part. The last part is
    /// kept. The span starts at the end of the ledger or before, and ends after `as_of`.
    pub(super) fn draw_up<F, E>(&mut self, span: Span, chronicle: &mut Chronicle<F>) -> Result<(), E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let today = self.ledger.calendar().date(self.as_of);
        let mut growth = None;
        let mut from = span.start;
        while from < span.end {
            // Frees the last part before the next is read.
            self.recent = Vec::new();
            self.recent = chronicle.part(self.model, Span::new(from, span.end))?;
            self.recent_from = from;
            if self.first.is_some() && self.ledger.next() < today {
                let mut grown = match growth.take() {
                    Some(grown) => grown,
                    None => self.begin(chronicle)?,
                };
                self.extend(&mut grown, today, chronicle)?;
                growth = Some(grown);
            }
            from = self.recent.last().map_or(span.end, |last| last.span.end);
        }
        Ok(())
    }

    fn begin<F, E>(&self, chronicle: &mut Chronicle<F>) -> Result<Growth, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let begun = self.ledger.end();
        let bounds = self.model.objective.window.bounds(begun);
        let held = self.held(Span::new(bounds.start, begun), chronicle)?;
        let spent = Spent::of(&held, self.model.objective.dependency_exclusion);
        let leaving = Leaving::new(self.model, bounds.start, &self.ledger);
        Ok(Growth { bounds, spent, leaving, sum: Tally::default() })
    }

    /// Closes the days before `today` that end within the current part.
    fn extend<F, E>(&mut self, growth: &mut Growth, today: Date, chronicle: &mut Chronicle<F>) -> Result<(), E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let calendar = self.ledger.calendar();
        let until = calendar.start(today);
        let window = self.model.objective.window;
        let exclusion = self.model.objective.dependency_exclusion;
        let Growth { bounds, spent, leaving, sum } = growth;
        let mut index = self.recent.partition_point(|piece| piece.span.end <= self.ledger.end());
        while self.ledger.next() < today {
            let day = Span::new(self.ledger.end(), calendar.start(self.ledger.next().next()));
            if day.is_empty() {
                let day = Day { tally: Tally::default(), verdict: Verdict::Skipped };
                self.ledger.push_run(Run { count: 1, day });
                continue;
            }
            while let Some(piece) = self.recent.get(index).filter(|piece| piece.span.end <= day.end) {
                sum.add_piece(piece, day, self.as_of);
                index += 1;
            }
            // The rest of the day, or the piece at its end, arrives with the next part.
            let Some(at_midnight) = self.recent.get(index).copied() else { return Ok(()) };
            let mut sum = take(sum);
            sum.add_piece(&at_midnight, day, self.as_of);
            // How much another day like this one changes the sums, and how many may follow.
            let mut moves = Spent::of(&sum, exclusion);
            let mut alike = alike_ahead(&at_midnight, day, until);
            match window {
                Window::Rolling { .. } => {
                    *bounds = window.closing(day.end);
                    let drawn = |span: Span| Ok(Spent::of(&self.drawn(span, chronicle)?, exclusion));
                    moves = moves.less(leaving.until(bounds.start, &self.ledger, exclusion, drawn)?);
                    alike = alike.min(leaving.alike_ahead(self.model, &self.ledger));
                }
                Window::Calendar { .. } => {
                    if bounds.end <= day.start {
                        (*bounds, *spent) = (window.bounds(day.start), Spent::default());
                    }
                    alike = alike.min(bounds.end.since(day.end) / DAY_MS);
                }
            }
            *spent = spent.plus(moves);
            // As of that midnight, the last outage may be too short to count, and its cause unknown.
            let unsettled = Spent::of(&self.unsettled(Span::new(bounds.start, day.end), chronicle)?, exclusion);
            let verdict = if spent.less(unsettled).breaches(self.model.objective.target, bounds.millis()) {
                Verdict::Broken
            } else if at_midnight.consumes(exclusion, day.end) {
                Verdict::Held
            } else {
                Verdict::Kept
            };
            // Days that change nothing close like this one, but outside UTC their lengths may differ.
            let alike = if moves == Spent::default() && calendar.is_utc() { alike } else { 0 };
            leaving.skip(&self.ledger, alike);
            self.ledger.push_run(Run { count: alike as u32 + 1, day: Day { tally: sum, verdict } });
        }
        Ok(())
    }
}

/// How many more complete days up to `until` are like `day`, if `piece` is in force at its end.
fn alike_ahead(piece: &Piece, day: Span, until: Instant) -> i64 {
    if piece.span.start > day.start || piece.settles().next().is_some() {
        return 0;
    }
    let same = piece.span.end.since(day.end) - 1;
    same.min(until.since(day.end)) / DAY_MS
}
