//! Owns days: the tally of each day of an objective and how it closed, kept as runs of equal days.

use crate::domain::account::tally::Tally;
use crate::domain::value::calendar::{Calendar, Date};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// How an objective closed a day, as of the midnight that ends it; it decides what the day does to the streak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Verdict {
    /// Breaching: the streak ends.
    Broken = 0,
    /// Not breaching, but down: the streak neither grows nor ends.
    Held = 1,
    /// Neither: the streak grows by a day.
    Kept = 2,
    /// The zone skips the date.
    Skipped = 3,
}

impl Verdict {
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Broken),
            1 => Some(Self::Held),
            2 => Some(Self::Kept),
            3 => Some(Self::Skipped),
            _ => None,
        }
    }
}

/// One day of an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Day {
    pub(crate) tally: Tally,
    /// As of the midnight that ends the day.
    pub(crate) verdict: Verdict,
}

/// Consecutive equal days.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) count: u32,
    pub(crate) day: Day,
}

/// The days of one objective in its zone since its system's first transition, without gaps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ledger {
    calendar: Calendar,
    first: Date,
    /// The date after the last one.
    next: Date,
    span: Span,
    runs: Vec<Run>,
}

impl Ledger {
    /// A ledger that begins at the date `first`, without days yet.
    pub(crate) fn new(calendar: Calendar, first: Date) -> Self {
        let start = calendar.start(first);
        Self { calendar, first, next: first, span: Span::new(start, start), runs: Vec::new() }
    }

    /// A ledger of these days from the date `first` on.
    pub(crate) fn of(calendar: Calendar, first: Date, mut runs: Vec<Run>) -> Self {
        let next = first.plus(runs.iter().map(|run| i64::from(run.count)).sum());
        runs.dedup_by(|later, run| {
            let alike = later.day == run.day;
            run.count += if alike { later.count } else { 0 };
            alike
        });
        Self { calendar, first, next, span: Span::new(calendar.start(first), calendar.start(next)), runs }
    }

    pub(crate) fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// The first date.
    pub(crate) fn first(&self) -> Date {
        self.first
    }

    /// The date after the last one.
    pub(crate) fn next(&self) -> Date {
        self.next
    }

    /// The midnight at which the first day begins.
    pub(crate) fn start(&self) -> Instant {
        self.span.start
    }

    /// The midnight at which the last day ends.
    pub(crate) fn end(&self) -> Instant {
        self.span.end
    }

    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(crate) fn push_run(&mut self, run: Run) {
        self.extend([run]);
    }

    /// Adds days that follow the last one.
    pub(crate) fn extend(&mut self, runs: impl IntoIterator<Item = Run>) {
        for run in runs {
            self.next = self.next.plus(run.count.into());
            match self.runs.last_mut() {
                Some(last) if last.day == run.day => last.count += run.count,
                _ => self.runs.push(run),
            }
        }
        self.span.end = self.calendar.start(self.next);
    }

    /// Removes every day that ends after `end`, which may be any instant.
    pub(crate) fn truncate(&mut self, end: Instant) {
        if end >= self.end() {
            return;
        }
        let next = self.calendar.date(end.max(self.start())).max(self.first);
        while self.next > next {
            let Some(last) = self.runs.last_mut() else { break };
            let removed = self.next.since(next).min(last.count.into());
            last.count -= removed as u32;
            self.next = self.next.plus(-removed);
            if last.count == 0 {
                self.runs.pop();
            }
        }
        self.span.end = self.calendar.start(self.next);
    }

    /// The tally of the days within `span`, whose ends are midnights.
    pub(crate) fn sum(&self, span: Span) -> Tally {
        let mut sum = Tally::default();
        let span = span.intersect(self.span);
        if span.is_empty() {
            return sum;
        }
        let (from, until) = (self.calendar.date(span.start), self.calendar.date(span.end).min(self.next));
        // Windows end late in the ledger, so the walk begins there.
        let mut next = self.next;
        for run in self.runs.iter().rev() {
            if next <= from {
                break;
            }
            let first = next.plus(-i64::from(run.count));
            let days = next.min(until).since(first.max(from));
            if days > 0 {
                sum.add(&run.day.tally, days);
            }
            next = first;
        }
        sum
    }

    /// The days that begin at or after `since` with their tallies, oldest first.
    pub(crate) fn spans(&self, since: Instant) -> Vec<(Span, &Tally)> {
        let mut date = self.calendar.date(since.clamp(self.start(), self.end())).max(self.first);
        let (mut cursor, mut start) = (Cursor::at(self, date), self.calendar.start(date));
        let mut spans = Vec::with_capacity(usize::try_from(self.next.since(date)).unwrap_or(0));
        while let Some(day) = cursor.next(self) {
            date = date.next();
            let span = Span::new(start, self.calendar.start(date));
            start = span.end;
            if day.verdict != Verdict::Skipped && span.start >= since {
                spans.push((span, &day.tally));
            }
        }
        spans
    }

    /// Every day with its span, oldest first, without dates that the zone skips.
    pub(crate) fn days(&self) -> impl Iterator<Item = (Span, &Day)> {
        let days = self.runs.iter().flat_map(|run| std::iter::repeat_n(&run.day, run.count as usize));
        let (mut date, mut start) = (self.first, self.start());
        days.filter_map(move |day| {
            date = date.next();
            let span = Span::new(start, self.calendar.start(date));
            start = span.end;
            (day.verdict != Verdict::Skipped).then_some((span, day))
        })
    }

    /// Every run with its first date, oldest first.
    pub(crate) fn dated_runs(&self) -> impl Iterator<Item = (Date, &Run)> {
        let mut date = self.first;
        self.runs.iter().map(move |run| {
            let first = date;
            date = date.plus(run.count.into());
            (first, run)
        })
    }
}

/// Walks through a ledger day by day while it grows.
#[derive(Default)]
pub(crate) struct Cursor {
    run: usize,
    offset: u32,
}

impl Cursor {
    /// A cursor at a date within the ledger or after its end.
    pub(crate) fn at(ledger: &Ledger, date: Date) -> Self {
        let mut days = date.since(ledger.first);
        let mut run = 0;
        while run < ledger.runs.len() && days >= i64::from(ledger.runs[run].count) {
            days -= i64::from(ledger.runs[run].count);
            run += 1;
        }
        Self { run, offset: days as u32 }
    }

    /// The day under the cursor; moves on.
    pub(crate) fn next<'l>(&mut self, ledger: &'l Ledger) -> Option<&'l Day> {
        if self.offset >= ledger.runs.get(self.run)?.count {
            self.run += 1;
            self.offset = 0;
        }
        let run = ledger.runs.get(self.run)?;
        self.offset += 1;
        Some(&run.day)
    }

    /// How many days from the cursor on equal the last one returned.
    pub(crate) fn alike_ahead(&self, ledger: &Ledger) -> i64 {
        ledger.runs.get(self.run).map_or(0, |run| i64::from(run.count.saturating_sub(self.offset)))
    }

    /// Skips equal days.
    pub(crate) fn skip(&mut self, days: i64) {
        self.offset += days as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(own_us: i64) -> Day {
        Day { tally: Tally { own_us, ..Tally::default() }, verdict: Verdict::Kept }
    }

    fn ledger(calendar: Calendar, first: Date, own: &[i64]) -> Ledger {
        let mut ledger = Ledger::new(calendar, first);
        ledger.extend(own.iter().map(|own| Run { count: 1, day: day(*own) }));
        ledger
    }

    #[test]
    fn equal_days_join_and_sums_take_whole_days() {
        let midnight = |days: i64| Instant::from_millis(days * crate::domain::value::instant::DAY_MS);
        let mut ledger = ledger(Calendar::UTC, Date::from_number(10), &[1, 1, 1, 5, 0, 0]);
        assert_eq!((ledger.runs().len(), ledger.end()), (3, midnight(16)));
        assert_eq!(ledger.sum(Span::new(midnight(0), midnight(99))).own_us, 8);
        assert_eq!(ledger.sum(Span::new(midnight(12), midnight(14))).own_us, 6);
        let seen: Vec<i64> = ledger.days().map(|(_, day)| day.tally.own_us).collect();
        assert_eq!(seen, [1, 1, 1, 5, 0, 0]);
        let mut cursor = Cursor::at(&ledger, Date::from_number(12));
        let walked: Vec<i64> = std::iter::from_fn(|| cursor.next(&ledger).map(|day| day.tally.own_us)).collect();
        assert_eq!(walked, [1, 5, 0, 0]);
        ledger.truncate(midnight(12));
        assert_eq!((ledger.end(), ledger.runs().len()), (midnight(12), 1));
        ledger.truncate(midnight(3));
        assert_eq!((ledger.end(), ledger.runs().len()), (midnight(10), 0));
    }

    #[test]
    fn any_moment_cuts_at_the_midnight_before_it() {
        let calendar = Calendar { zone: chrono_tz::Tz::Europe__Berlin };
        let start = Instant::parse("2026-10-23T22:00:00Z").unwrap();
        let whole = ledger(calendar, calendar.date(start), &[1, 2, 3]);
        // The second day has 25 hours.
        assert_eq!(whole.end().to_string(), "2026-10-26T23:00:00.000Z");
        for (end, days) in [
            (i64::MIN, 0),
            (start.millis(), 0),
            (start.plus(86_399_999).millis(), 0),
            (start.plus(86_400_000).millis(), 1),
            (whole.end().plus(-1).millis(), 2),
            (whole.end().millis(), 3),
            (i64::MAX, 3),
        ] {
            let mut cut = whole.clone();
            cut.truncate(Instant::from_millis(end));
            assert_eq!(cut, ledger(calendar, whole.first(), &[1, 2, 3][..days]), "{end}");
        }
    }

    #[test]
    fn the_last_days_are_those_that_begin_in_time() {
        for (zone, start) in [
            (chrono_tz::Tz::UTC, "2026-10-23T00:00:00Z"),
            (chrono_tz::Tz::Europe__Berlin, "2026-10-23T22:00:00Z"),
            (chrono_tz::Tz::Pacific__Apia, "2011-12-28T10:00:00Z"),
        ] {
            let (calendar, start) = (Calendar { zone }, Instant::parse(start).unwrap());
            let mut whole = ledger(calendar, calendar.date(start), &[1, 2]);
            whole.push_run(Run { count: 1, day: Day { tally: Tally::default(), verdict: Verdict::Skipped } });
            whole.push_run(Run { count: 2, day: day(3) });
            for quarters in -4..40 {
                for past in [-1, 0, 1] {
                    let since = start.plus(quarters * 21_600_000 + past);
                    let days = whole.days().map(|(span, day)| (span, &day.tally));
                    let expected: Vec<_> = days.filter(|(span, _)| span.start >= since).collect();
                    assert_eq!(whole.spans(since), expected, "{zone} {since}");
                }
            }
        }
    }

    #[test]
    fn a_date_that_the_zone_skips_is_no_day() {
        let calendar = Calendar { zone: chrono_tz::Tz::Pacific__Apia };
        let thursday = Instant::parse("2011-12-29T12:00:00Z").unwrap();
        let mut ledger = ledger(calendar, calendar.date(thursday), &[1]);
        let skipped = Day { tally: Tally::default(), verdict: Verdict::Skipped };
        ledger.extend([Run { count: 1, day: skipped }, Run { count: 1, day: day(2) }]);
        let days: Vec<String> = ledger.days().map(|(span, _)| calendar.date(span.start).to_string()).collect();
        assert_eq!(days, ["2011-12-29", "2011-12-31"]);
        assert_eq!((ledger.span.millis(), ledger.sum(ledger.span).own_us), (2 * 86_400_000, 3));
        ledger.truncate(Instant::parse("2011-12-30T10:00:00Z").unwrap());
        assert_eq!(ledger.sum(ledger.span).own_us, 1);
    }
}
