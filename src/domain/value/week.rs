//! Owns ISO weeks: how they are written, and their spans.

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};

use super::calendar::Calendar;
use super::instant::{DAY_MS, Instant};
use super::span::Span;

/// Milliseconds in a week.
const WEEK_MS: i64 = 7 * DAY_MS;

/// A week of ISO 8601: from a Monday, 00:00 UTC, to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Week {
    start: Instant,
}

impl Week {
    /// The week that contains an instant.
    pub(crate) fn containing(at: Instant) -> Self {
        // 1970-01-01 was a Thursday.
        let since_monday = (at.millis() + 3 * DAY_MS).rem_euclid(WEEK_MS);
        Self { start: at.plus(-since_monday) }
    }

    /// Reads `2026-W47`, or `2026W47`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, week) = text.split_once("-W").or_else(|| text.split_once('W'))?;
        let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(week, 2) {
            return None;
        }
        let monday = NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, Weekday::Mon)?;
        let start = Instant::from_millis(monday.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
        start.is_storable().then_some(Self { start })
    }

    pub(crate) fn span(self) -> Span {
        Span::new(self.start, self.start.plus(WEEK_MS))
    }

    /// From the start of its Monday to the end of its Sunday in a zone.
    pub(crate) fn closes(self, calendar: Calendar) -> Span {
        let monday = Calendar::UTC.date(self.start);
        Span::new(calendar.start(monday), calendar.start(monday.plus(7)))
    }

    pub(crate) fn previous(self) -> Self {
        Self { start: self.start.plus(-WEEK_MS) }
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.start.to_chrono().iso_week();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_those_of_the_standard() {
        // ISO 8601: the week with the year's first Thursday is its first; 2020 and 2026 have 53.
        for (day, week) in [
            ("2026-11-20", "2026-W47"),
            ("2026-11-16", "2026-W47"),
            ("2026-11-15", "2026-W46"),
            ("2026-01-01", "2026-W01"),
            ("2027-01-03", "2026-W53"),
            ("2027-01-04", "2027-W01"),
            ("2021-01-03", "2020-W53"),
            ("2008-12-30", "2009-W01"),
        ] {
            let found = Week::containing(Instant::parse(day).unwrap());
            assert_eq!(found.to_string(), week);
            assert_eq!(Week::parse(week), Some(found));
            assert!(
                found.span().start <= Instant::parse(day).unwrap() && Instant::parse(day).unwrap() < found.span().end
            );
        }
        let week = Week::parse("2026W47").unwrap();
        assert_eq!(week.span().start.to_string(), "2026-11-16T00:00:00.000Z");
        assert_eq!(week.previous().to_string(), "2026-W46");
        for text in
            ["", "2026", "2026-47", "2026-W00", "2026-W54", "2025-W53", "W47", "2026-W7", "1969-W01", "+026-W47"]
        {
            assert_eq!(Week::parse(text), None, "{text}");
        }
    }
}
