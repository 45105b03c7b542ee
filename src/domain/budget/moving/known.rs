//! Owns what is known of an account without drawing it: what whole days held in the end.

use super::linear::Sums;
use crate::domain::account::tally::Tally;
use crate::domain::budget::day::Ledger;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// Days of a ledger in a row, of which no later fact changes what they held.
pub(in crate::domain::budget) struct Known<'l> {
    /// Oldest first.
    days: Vec<(Span, &'l Tally)>,
    /// What all days before each hold, and what all of them do.
    running: Vec<Sums>,
    /// Where the ledger begins.
    start: Instant,
    /// What any time before that holds, where that is to be taken as known.
    before: Option<Sums>,
}

/// What lies ahead at one side of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) span: Span,
    /// What all of it holds, where that is known.
    pub(super) held: Option<Sums>,
}

impl<'l> Known<'l> {
    /// The days of a ledger that begin at or after a moment.
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

    /// Nothing.
    pub(in crate::domain::budget) fn nothing() -> Self {
        Self { days: Vec::new(), running: Vec::new(), start: Instant::MIN, before: None }
    }

    /// The stretch in which a moment lies, on a walk that began at another one: a day of which all was walked along, or of which any part
    /// is nothing; else what is not known up to the next such day, or to `until`.
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

    /// Where `count` days end, the first of which begins at a moment, and what they hold; fewer where there are fewer.
    pub(super) fn days(&self, at: Instant, count: usize) -> Option<(Instant, Sums)> {
        let first = self.days.binary_search_by_key(&at, |(day, _)| day.start).ok()?;
        let next = self.days.len().min(first + count);
        Some((self.days[next - 1].0.end, self.running[next].plus(self.running[first], -1)))
    }

    /// Whether nothing is known from a moment on.
    pub(super) fn is_over(&self, at: Instant) -> bool {
        at >= self.start && self.days.last().is_none_or(|(last, _)| last.end <= at)
    }

    /// The downtime that is charged in the days which a stretch touches, in microseconds; `None` where not all of them are known.
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
