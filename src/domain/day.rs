//! Owns days: what each UTC day of an objective held, kept as runs of equal days, and how it ended.

use super::instant::{DAY_MS, Instant};
use super::span::Span;
use super::tally::Tally;

/// How an objective stood at the midnight that ends a day; it decides what the day does to the streak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Verdict {
    /// Breaching: the streak is over.
    Broken = 0,
    /// Not breaching, but down: the streak neither grows nor ends.
    Held = 1,
    /// Neither: the streak grows by a day.
    Kept = 2,
}

impl Verdict {
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Broken),
            1 => Some(Self::Held),
            2 => Some(Self::Kept),
            _ => None,
        }
    }
}

/// One UTC day of an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Day {
    pub(crate) tally: Tally,
    /// As of the midnight that ends the day.
    pub(crate) verdict: Verdict,
}

/// Equal days in a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) count: u32,
    pub(crate) day: Day,
}

/// The days of one objective from the one of its system's first transition on, without gap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ledger {
    start: Instant,
    end: Instant,
    runs: Vec<Run>,
}

impl Ledger {
    /// An account that begins at the midnight `start`, with no day yet.
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, end: start, runs: Vec::new() }
    }

    /// The midnight at which the first day begins.
    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    /// The midnight at which the last day ends.
    pub(crate) fn end(&self) -> Instant {
        self.end
    }

    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(crate) fn push_run(&mut self, run: Run) {
        self.end = self.end.plus(i64::from(run.count) * DAY_MS);
        match self.runs.last_mut() {
            Some(last) if last.day == run.day => last.count += run.count,
            _ => self.runs.push(run),
        }
    }

    /// Forgets every day that ends after the midnight `end`.
    pub(crate) fn truncate(&mut self, end: Instant) {
        while self.end > end.max(self.start) {
            let Some(last) = self.runs.last_mut() else { return };
            let excess = self.end.since(end.max(self.start)) / DAY_MS;
            let removed = excess.min(i64::from(last.count));
            last.count -= removed as u32;
            self.end = self.end.plus(-removed * DAY_MS);
            if last.count == 0 {
                self.runs.pop();
            }
        }
    }

    /// The tally of the whole days of the account that lie within `span`.
    pub(crate) fn sum(&self, span: Span) -> Tally {
        let mut sum = Tally::default();
        // Windows end late in the account, so the walk begins there.
        let mut end = self.end;
        for run in self.runs.iter().rev() {
            if end <= span.start {
                break;
            }
            let start = end.plus(-i64::from(run.count) * DAY_MS);
            let days = Span::new(start, end).intersect(span).millis() / DAY_MS;
            if days > 0 {
                sum.add(&run.day.tally, days);
            }
            end = start;
        }
        sum
    }

    /// The tallies of the days that begin at or after the midnight `since`, oldest first, with the midnight at which
    /// the first of them begins.
    pub(crate) fn tallies(&self, since: Instant) -> (Instant, Vec<&Tally>) {
        let mut cursor = Cursor::at(self, since.max(self.start));
        let tallies = std::iter::from_fn(|| cursor.next(self).map(|day| &day.tally)).collect();
        (since.max(self.start), tallies)
    }

    /// The days that begin at or after `since`, oldest first, with what they held.
    pub(crate) fn spans(&self, since: Instant) -> Vec<(Span, &Tally)> {
        let days = self.days().map(|(end, day)| (Span::new(end.plus(-DAY_MS), end), &day.tally));
        days.skip_while(|(span, _)| span.start < since).collect()
    }

    /// Every day with the midnight at which it ends, oldest first.
    pub(crate) fn days(&self) -> impl Iterator<Item = (Instant, &Day)> {
        let days = self.runs.iter().flat_map(|run| std::iter::repeat_n(&run.day, run.count as usize));
        days.enumerate().map(|(index, day)| (self.start.plus((index as i64 + 1) * DAY_MS), day))
    }
}

/// Walks a ledger day by day while it grows.
#[derive(Default)]
pub(crate) struct Cursor {
    run: usize,
    offset: u32,
}

impl Cursor {
    /// A cursor at the day that begins at `at`, a midnight within the ledger or its end.
    pub(crate) fn at(ledger: &Ledger, at: Instant) -> Self {
        let mut days = at.since(ledger.start) / DAY_MS;
        let mut run = 0;
        while run < ledger.runs.len() && days >= i64::from(ledger.runs[run].count) {
            days -= i64::from(ledger.runs[run].count);
            run += 1;
        }
        Self { run, offset: days as u32 }
    }

    /// The day under the cursor, which moves on.
    pub(crate) fn next<'l>(&mut self, ledger: &'l Ledger) -> Option<&'l Day> {
        if self.offset >= ledger.runs.get(self.run)?.count {
            self.run += 1;
            self.offset = 0;
        }
        let run = ledger.runs.get(self.run)?;
        self.offset += 1;
        Some(&run.day)
    }

    /// How many days under the cursor are equal to the one it came by last.
    pub(crate) fn alike_ahead(&self, ledger: &Ledger) -> i64 {
        ledger.runs.get(self.run).map_or(0, |run| i64::from(run.count.saturating_sub(self.offset)))
    }

    /// Moves past days that are alike.
    pub(crate) fn skip(&mut self, days: i64) {
        self.offset += days as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(own_ms: i64) -> Day {
        Day { tally: Tally { own_ms, ..Tally::default() }, verdict: Verdict::Kept }
    }

    fn midnight(days: i64) -> Instant {
        Instant::from_millis(days * DAY_MS)
    }

    #[test]
    fn equal_days_join_and_sums_take_whole_days() {
        let mut ledger = Ledger::new(midnight(10));
        for own in [1, 1, 1, 5, 0, 0] {
            ledger.push_run(Run { count: 1, day: day(own) });
        }
        assert_eq!((ledger.runs().len(), ledger.end()), (3, midnight(16)));
        assert_eq!(ledger.sum(Span::new(midnight(0), midnight(99))).own_ms, 8);
        assert_eq!(ledger.sum(Span::new(midnight(12), midnight(14))).own_ms, 6);
        let seen: Vec<i64> = ledger.days().map(|(_, day)| day.tally.own_ms).collect();
        assert_eq!(seen, [1, 1, 1, 5, 0, 0]);
        let mut cursor = Cursor::at(&ledger, midnight(12));
        let walked: Vec<i64> = std::iter::from_fn(|| cursor.next(&ledger).map(|day| day.tally.own_ms)).collect();
        assert_eq!(walked, [1, 5, 0, 0]);
        ledger.truncate(midnight(12));
        assert_eq!((ledger.end(), ledger.runs().len()), (midnight(12), 1));
        ledger.truncate(midnight(3));
        assert_eq!((ledger.end(), ledger.runs().len()), (midnight(10), 0));
    }
}
