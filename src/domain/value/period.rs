//! Owns requested periods, such as `2026-10`, `last-week` or `2026-10-01..2026-10-15`, and the windows they are for
//! objectives.

use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};
use chrono_tz::Tz;

use super::calendar::{Calendar, CalendarUnit, Date};
use super::span::Span;
use super::window::Window;

/// The years in which a period may begin and end.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2261;
/// The longest range, in days.
const LONGEST_DAYS: i64 = 3660;

/// Consecutive full days, by date; their instants depend on the time zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Period {
    first: Date,
    unit: CalendarUnit,
}

/// Why a text is not a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PeriodError {
    Unreadable,
    /// Outside 2000–2261.
    OutOfRange,
    /// A range that ends before it begins, with its two dates swapped.
    Reversed(Date, Date),
    TooLong,
}

impl fmt::Display for PeriodError {
    /// Says what is wrong with the text or, if it is unreadable, what is expected.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str(
                "expected 2026-10, 2026-Q3, 2026, 2026-W40, 2026-10-05, 2026-10-01..2026-10-15, today, yesterday, \
                 this-UNIT or last-UNIT, where UNIT is week, month, quarter or year",
            ),
            Self::OutOfRange => f.write_str("a period must lie within 2000–2261"),
            Self::Reversed(..) => f.write_str("the range ends before it begins"),
            Self::TooLong => write!(f, "a range has at most {LONGEST_DAYS} days"),
        }
    }
}

impl Period {
    /// The period of this unit that contains a date.
    pub(crate) fn containing(unit: CalendarUnit, date: Date) -> Self {
        Self { first: date.first_of(unit), unit }
    }

    /// Reads a period; `last-month` and the like are relative to `today`. Both ends of a range belong to it.
    ///
    /// # Errors
    /// When it is not a period, or lies outside 2000–2261.
    pub(crate) fn parse(text: &str, today: Date) -> Result<Self, PeriodError> {
        let text = text.trim();
        let Some((from, to)) = text.split_once("..") else { return single(text, today)?.in_range() };
        let (from, to) = (single(from, today)?.in_range()?, single(to, today)?.in_range()?);
        if to.last() < from.first {
            return Err(PeriodError::Reversed(to.first, from.last()));
        }
        Self::range(from.first, to.last())?.in_range()
    }

    /// From one date to another, both included. A range that is exactly a month, a week or the like becomes that.
    fn range(first: Date, last: Date) -> Result<Self, PeriodError> {
        let known = |unit: &CalendarUnit| first.first_of(*unit) == first && first.first_of_next(*unit) == last.next();
        if let Some(unit) = CalendarUnit::ALL.into_iter().find(known) {
            return Ok(Self { first, unit });
        }
        let count = last.next().since(first);
        let short = u16::try_from(count).ok().filter(|_| count <= LONGEST_DAYS);
        short.map(|count| Self { first, unit: CalendarUnit::Days { first, count } }).ok_or(PeriodError::TooLong)
    }

    fn in_range(self) -> Result<Self, PeriodError> {
        let within = [self.first, self.last()].into_iter().all(|date| YEARS.contains(&date.to_chrono().year()));
        if within { Ok(self) } else { Err(PeriodError::OutOfRange) }
    }

    pub(crate) const fn unit(self) -> CalendarUnit {
        self.unit
    }

    pub(crate) const fn first(self) -> Date {
        self.first
    }

    /// The date after the last one.
    pub(crate) fn next(self) -> Date {
        self.first.first_of_next(self.unit)
    }

    fn last(self) -> Date {
        self.next().plus(-1)
    }

    /// The number of dates.
    pub(crate) fn days(self) -> i64 {
        self.next().since(self.first)
    }

    /// The period before it, of the same kind.
    pub(crate) fn previous(self) -> Self {
        match self.unit {
            CalendarUnit::Days { count, .. } => {
                let first = self.first.plus(-i64::from(count));
                Self { first, unit: CalendarUnit::Days { first, count } }
            }
            unit => Self::containing(unit, self.first.plus(-1)),
        }
    }

    /// Its span in a zone.
    pub(crate) fn span(self, calendar: Calendar) -> Span {
        Span::new(calendar.start(self.first), calendar.start(self.next()))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.first.to_chrono();
        match self.unit {
            CalendarUnit::Day => write!(f, "{}", self.first),
            CalendarUnit::Week => write!(f, "{:04}-W{:02}", day.iso_week().year(), day.iso_week().week()),
            CalendarUnit::Month => write!(f, "{}", day.format("%Y-%m")),
            CalendarUnit::Quarter => write!(f, "{:04}-Q{}", day.year(), day.month0() / 3 + 1),
            CalendarUnit::Year => write!(f, "{:04}", day.year()),
            CalendarUnit::Days { .. } => write!(f, "{}..{}", self.first, self.last()),
        }
    }
}

/// A period that is not a range.
fn single(text: &str, today: Date) -> Result<Period, PeriodError> {
    let day = |date: Date| Ok(Period::containing(CalendarUnit::Day, date));
    match text {
        "today" => return day(today),
        "yesterday" => return day(today.plus(-1)),
        _ => {}
    }
    if let Some((which, unit)) = text.split_once('-')
        && let Some(unit) = CalendarUnit::parse(unit)
    {
        let this = Period::containing(unit, today);
        match which {
            "this" => return Ok(this),
            "last" => return Ok(this.previous()),
            _ => {}
        }
    }
    dated(text).ok_or(PeriodError::Unreadable)
}

/// A period given by numbers.
fn dated(text: &str) -> Option<Period> {
    let number = |part: &str, digits: usize| {
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (year, rest) = text.split_at_checked(4)?;
    let year = i32::try_from(number(year, 4)?).ok()?;
    let of = |unit: CalendarUnit, month: u32, day: u32| {
        Some(Period::containing(unit, Date::from_chrono(NaiveDate::from_ymd_opt(year, month, day)?)))
    };
    if rest.is_empty() {
        return of(CalendarUnit::Year, 1, 1);
    }
    let rest = rest.strip_prefix('-').or_else(|| Some(rest).filter(|rest| rest.starts_with(['Q', 'W'])))?;
    if let Some(quarter) = rest.strip_prefix('Q') {
        let quarter = number(quarter, 1).filter(|quarter| (1..=4).contains(quarter))?;
        return of(CalendarUnit::Quarter, quarter * 3 - 2, 1);
    }
    if let Some(week) = rest.strip_prefix('W') {
        let monday = NaiveDate::from_isoywd_opt(year, number(week, 2)?, Weekday::Mon)?;
        return Some(Period::containing(CalendarUnit::Week, Date::from_chrono(monday)));
    }
    match rest.split_once('-') {
        None => of(CalendarUnit::Month, number(rest, 2)?, 1),
        Some((month, day)) => of(CalendarUnit::Day, number(month, 2)?, number(day, 2)?),
    }
}

/// A period that replaces the windows of objectives: in one zone, or in each objective's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) period: Period,
    pub(crate) zone: Option<Tz>,
    /// The last period of the same kind before it that none of the zones skipped.
    previous: Period,
}

impl Frame {
    /// The frame for objectives with these windows.
    pub(crate) fn new(period: Period, zone: Option<Tz>, windows: impl Iterator<Item = Window>) -> Self {
        let mut frame = Self { period, zone, previous: period.previous() };
        let mut calendars: Vec<Calendar> = windows.map(|window| frame.calendar(window.calendar())).collect();
        calendars.dedup();
        while calendars.iter().any(|calendar| frame.previous.span(*calendar).is_empty()) {
            frame.previous = frame.previous.previous();
        }
        frame
    }

    /// The calendar for an objective whose own one is `own`.
    pub(crate) fn calendar(&self, own: Calendar) -> Calendar {
        self.zone.map_or(own, |zone| Calendar { zone })
    }

    /// The window that replaces a declared one.
    pub(crate) fn window(&self, declared: Window) -> Window {
        Window::Calendar { unit: self.period.unit, zone: self.calendar(declared.calendar()).zone }
    }

    /// The span of the period for an objective with this window.
    pub(crate) fn span(&self, declared: Window) -> Span {
        self.period.span(self.calendar(declared.calendar()))
    }

    /// The period before it.
    pub(crate) const fn previous(&self) -> Period {
        self.previous
    }

    /// The same for the period before it.
    pub(crate) fn before(&self) -> Self {
        Self { period: self.previous, zone: self.zone, previous: self.previous.previous() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::value::instant::Instant;

    fn date(text: &str) -> Date {
        Calendar::UTC.date(Instant::parse(text).unwrap())
    }

    fn read(text: &str) -> Result<Period, PeriodError> {
        Period::parse(text, date("2026-11-26"))
    }

    #[test]
    fn every_spelling_is_its_days() {
        for (text, shown, first, last, before) in [
            ("2026-10", "2026-10", "2026-10-01", "2026-10-31", "2026-09"),
            ("2026-Q3", "2026-Q3", "2026-07-01", "2026-09-30", "2026-Q2"),
            ("2026Q1", "2026-Q1", "2026-01-01", "2026-03-31", "2025-Q4"),
            ("2026", "2026", "2026-01-01", "2026-12-31", "2025"),
            ("2026-W40", "2026-W40", "2026-09-28", "2026-10-04", "2026-W39"),
            ("2026-W01", "2026-W01", "2025-12-29", "2026-01-04", "2025-W52"),
            ("2026-10-05", "2026-10-05", "2026-10-05", "2026-10-05", "2026-10-04"),
            ("2026-10-01..2026-10-15", "2026-10-01..2026-10-15", "2026-10-01", "2026-10-15", "2026-09-16..2026-09-30"),
            ("2026-02..2026-03", "2026-02-01..2026-03-31", "2026-02-01", "2026-03-31", "2025-12-04..2026-01-31"),
            // A range that is exactly a month, week, quarter, year or day is that.
            ("2026-10-01..2026-10-31", "2026-10", "2026-10-01", "2026-10-31", "2026-09"),
            ("2026-09-28..2026-10-04", "2026-W40", "2026-09-28", "2026-10-04", "2026-W39"),
            ("2026-Q1..2026-Q4", "2026", "2026-01-01", "2026-12-31", "2025"),
            ("2026-10-05..2026-10-05", "2026-10-05", "2026-10-05", "2026-10-05", "2026-10-04"),
            // From the start of the first to the end of the second, however they are ordered.
            ("2026..2026-05", "2026-01-01..2026-05-31", "2026-01-01", "2026-05-31", "2025-08-03..2025-12-31"),
            ("2026-W23..2026-06-03", "2026-06-01..2026-06-03", "2026-06-01", "2026-06-03", "2026-05-29..2026-05-31"),
            ("2026-05..2026-Q2", "2026-05-01..2026-06-30", "2026-05-01", "2026-06-30", "2026-03-01..2026-04-30"),
            ("today", "2026-11-26", "2026-11-26", "2026-11-26", "2026-11-25"),
            ("yesterday", "2026-11-25", "2026-11-25", "2026-11-25", "2026-11-24"),
            ("last-week", "2026-W47", "2026-11-16", "2026-11-22", "2026-W46"),
            ("this-week", "2026-W48", "2026-11-23", "2026-11-29", "2026-W47"),
            ("last-month", "2026-10", "2026-10-01", "2026-10-31", "2026-09"),
            ("this-quarter", "2026-Q4", "2026-10-01", "2026-12-31", "2026-Q3"),
            ("last-year", "2025", "2025-01-01", "2025-12-31", "2024"),
            ("2026-11-24..today", "2026-11-24..2026-11-26", "2026-11-24", "2026-11-26", "2026-11-21..2026-11-23"),
            (" 2024-02 ", "2024-02", "2024-02-01", "2024-02-29", "2024-01"),
        ] {
            let period = read(text).unwrap();
            assert_eq!(
                (period.to_string().as_str(), period.previous().to_string().as_str()),
                (shown, before),
                "{text}"
            );
            assert_eq!((period.first(), period.last()), (date(first), date(last)), "{text}");
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in [
            "",
            "2026-13",
            "2026-00",
            "2026-Q5",
            "2026-Q0",
            "2026-W54",
            "2025-W53",
            "2026-10-32",
            "2026-02-29",
            "26-10",
            "2026-1",
            "2026-10-1",
            "last",
            "last-decade",
            "next-month",
            "october",
            "..",
            "2026-10..",
            "2026-10-01/2026-10-15",
            "2026-10-01..2026-10-05..2026-10-09",
            "last-days",
            "２０２６",
            "202６",
        ] {
            assert_eq!(read(text), Err(PeriodError::Unreadable), "{text}");
        }
        for text in ["1999-12", "1999", "0000", "2262", "2261-12-31..2262-01-01", "1999-12-31..2000-01-02"] {
            assert_eq!(read(text), Err(PeriodError::OutOfRange), "{text}");
        }
        assert_eq!(read("2026-10-15..2026-10-01"), Err(PeriodError::Reversed(date("2026-10-01"), date("2026-10-15"))));
        assert_eq!(read("2026..2025-12"), Err(PeriodError::Reversed(date("2025-12-01"), date("2026-12-31"))));
        assert_eq!(read("2000..2015"), Err(PeriodError::TooLong));
    }

    #[test]
    fn a_period_lasts_from_midnight_to_midnight_of_its_zone() {
        let month = read("2026-10").unwrap();
        let berlin = month.span(Calendar { zone: Tz::Europe__Berlin });
        assert_eq!(berlin.start.to_string(), "2026-09-30T22:00:00.000Z");
        assert_eq!(berlin.millis() / 3_600_000, 745);
        assert_eq!(month.days(), 31);
        let own = Window::Rolling { days: 30, zone: Tz::Asia__Tokyo };
        let frame = |zone| Frame::new(month, zone, std::iter::once(own));
        assert_eq!(frame(None).span(own).start.to_string(), "2026-09-30T15:00:00.000Z");
        let frame = frame(Some(Tz::Europe__Berlin));
        assert_eq!(frame.span(own), berlin);
        assert_eq!(frame.window(own).bounds(berlin.start), berlin);
    }

    #[test]
    fn the_period_before_is_the_last_that_no_zone_skipped() {
        let windows = [Tz::UTC, Tz::Pacific__Apia].map(|zone| Window::Rolling { days: 30, zone });
        let before = |text: &str, zone, windows: &[Window]| {
            Frame::new(read(text).unwrap(), zone, windows.iter().copied()).previous().to_string()
        };
        for (text, skips, keeps) in [
            ("2011-12-31", "2011-12-29", "2011-12-30"),
            ("2012-01-01", "2011-12-31", "2011-12-31"),
            ("2011-12-31..2012-01-01", "2011-12-29..2011-12-30", "2011-12-29..2011-12-30"),
            ("2012-W01", "2011-W52", "2011-W52"),
            ("2012-01", "2011-12", "2011-12"),
            ("2012", "2011", "2011"),
        ] {
            assert_eq!(before(text, None, &windows), skips, "{text}");
            assert_eq!(before(text, Some(Tz::Pacific__Apia), &windows[..1]), skips, "{text}");
            assert_eq!(before(text, None, &windows[..1]), keeps, "{text}");
            assert_eq!(before(text, Some(Tz::UTC), &windows), keeps, "{text}");
        }
    }

    proptest! {
        /// A period reads back as itself, its window has its days, and consecutive periods adjoin.
        #[test]
        fn periods_read_back_and_follow_each_other(first in 10_957..60_000_i64, days in 0..800_i64, unit in 0..6usize) {
            let first = Date::from_number(first);
            let period = match CalendarUnit::ALL.get(unit) {
                Some(unit) => Period::containing(*unit, first.plus(400)),
                None => Period::range(first, first.plus(days)).unwrap(),
            };
            prop_assert_eq!(Period::parse(&period.to_string(), first), Ok(period));
            let before = period.previous();
            prop_assert_eq!(before.next(), period.first());
            let zone = Tz::Europe__Berlin;
            let (span, window) = (period.span(Calendar { zone }), Window::Calendar { unit: period.unit(), zone });
            prop_assert_eq!(window.bounds(span.start), span);
            prop_assert_eq!(window.closing(span.end), span);
            prop_assert_eq!(window.closing(span.start), before.span(Calendar { zone }));
        }
    }
}
