//! Owns the final tallies of complete days, which bound an account without computing it.

use super::linear::Sums;
use crate::domain::account::tally::Tally;
use crate::domain::budget::day::Ledger;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// Consecutive days of a ledger that no later fact changes.
pub(in crate::domain::budget) struct Known<'l> {
    /// Oldest first.
    days: Vec<(Span, &'l Tally)>,
    /// The sums of all days before each, and of all days.
    running: Vec<Sums>,
    /// Where the ledger begins.
    start: Instant,
    /// The sums of any time before that, if they may be assumed.
    before: Option<Sums>,
}

/// The span ahead at one side of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) span: Span,
    /// Its sums, if known.
    pub(super) held: Option<Sums>,
}

impl<'l> Known<'l> {
    /// The days of a ledger that begin at or after an instant.
    pub(in crate::domain::budget) fn since(ledger: &'l Ledger, since: Instant, before: Option<Sums>) -> Self {
        let days = ledger.spans(since);
        let mut running = Vec::with_capacity(days.len() + 1);
        let mut sum = Sums::default();
        running.push(sum);
        running.extend(days.iter().map(|(_, held)| {
            sum = sum.plus(Sums::of(held), 1);
            sum
        }));
        Self { days, running, start: ledger.start(), before }
    }

    /// No days.
    pub(in crate::domain::budget) fn nothing() -> Self {
        Self { days: Vec::new(), running: Vec::new(), start: Instant::MIN, before: None }
    }

    /// The span at an instant, on a walk that began at `begun`. It is known if it is a day that is walked entirely, or
    /// one with zero sums. Otherwise it is unknown up to the next such day, or to `until`.
    pub(super) fn side(&self, at: Instant, begun: Instant, until: Instant) -> Side {
        let next = self.days.partition_point(|(day, _)| day.end <= at);
        match self.days.get(next) {
            Some((day, held)) if day.start <= at => {
                let held = Some(Sums::of(held)).filter(|held| begun <= day.start || *held == Sums::default());
                let start = if held.is_some() { day.start.max(begun) } else { at };
                Side { span: Span::new(start, day.end), held }
            }
            _ if at < self.start => Side { span: Span::new(at, self.start), held: self.before },
            Some((day, _)) => Side { span: Span::new(at, day.start), held: None },
            None => Side { span: Span::new(at, until), held: None },
        }
    }

    /// The end and the sums of up to `count` days, the first of which begins at an instant.
    pub(super) fn days(&self, at: Instant, count: usize) -> Option<(Instant, Sums)> {
        let first = self.days.binary_search_by_key(&at, |(day, _)| day.start).ok()?;
        let next = self.days.len().min(first + count);
        Some((self.days[next - 1].0.end, self.running[next].plus(self.running[first], -1)))
    }

    /// Whether no day is known from an instant on.
    pub(super) fn is_over(&self, at: Instant) -> bool {
        at >= self.start && self.days.last().is_none_or(|(last, _)| last.end <= at)
    }

    /// The downtime charged in the days that a span touches, in microseconds; `None` unless all of them are known.
    pub(super) fn strict_us(&self, span: Span) -> Option<i64> {
        let mut at = if self.before.is_some() { span.start.max(self.start) } else { span.start };
        let mut sum = 0;
        let first = self.days.partition_point(|(day, _)| day.end <= at);
        for (day, held) in &self.days[first..] {
            if at >= span.end {
                break;
            }
            if at < day.start {
                return None;
            }
            sum += held.strict_us();
            at = day.end;
        }
        (at >= span.end).then_some(sum)
    }
}
