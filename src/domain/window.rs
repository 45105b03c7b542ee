//! Owns the window of an objective: rolling days, or the calendar period of a time zone.

use std::fmt;

use chrono::{Datelike, Days, LocalResult, Months, NaiveDate, TimeZone};
use chrono_tz::Tz;

use super::instant::{DAY_MS, Instant};
use super::span::Span;

/// The longest rolling window, in days.
pub(crate) const LONGEST_DAYS: u32 = 3650;

/// The stretch of time over which an objective is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Window {
    /// The last so many days of 24 hours up to `as-of`.
    Rolling { days: u32 },
    /// The calendar period that contains `as-of`, in a time zone.
    Calendar { unit: CalendarUnit, zone: Tz },
}

/// The length of a calendar period; weeks start on Monday.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CalendarUnit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl CalendarUnit {
    pub(crate) const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling { days } => write!(f, "{days}d"),
            Self::Calendar { unit, zone } => write!(f, "calendar {} {zone}", unit.as_str()),
        }
    }
}

impl Window {
    /// `[start, end)` as seen at `as_of`: a rolling window ends there, a calendar period contains it.
    pub(crate) fn bounds(self, as_of: Instant) -> Span {
        match self {
            Self::Rolling { days } => Span::new(as_of.plus(-i64::from(days) * DAY_MS), as_of),
            Self::Calendar { unit, zone } => calendar_bounds(unit, zone, as_of),
        }
    }

    /// The length that stands for every window of this kind, in milliseconds: a month has 30 days, a quarter 90 and a year 365,
    /// as in the availability table of the SRE book. The factors of the burn-rate policy are made of it, so that they are the
    /// same in February and in March.
    pub(crate) fn nominal_ms(self) -> i64 {
        let days = match self {
            Self::Rolling { days } => i64::from(days),
            Self::Calendar { unit: CalendarUnit::Day, .. } => 1,
            Self::Calendar { unit: CalendarUnit::Week, .. } => 7,
            Self::Calendar { unit: CalendarUnit::Month, .. } => 30,
            Self::Calendar { unit: CalendarUnit::Quarter, .. } => 90,
            Self::Calendar { unit: CalendarUnit::Year, .. } => 365,
        };
        days * DAY_MS
    }
}

fn calendar_bounds(unit: CalendarUnit, zone: Tz, as_of: Instant) -> Span {
    let today = zone.from_utc_datetime(&as_of.to_chrono().naive_utc()).date_naive();
    let first = period_start(unit, today);
    let next = match unit {
        CalendarUnit::Day => first.checked_add_days(Days::new(1)),
        CalendarUnit::Week => first.checked_add_days(Days::new(7)),
        CalendarUnit::Month => first.checked_add_months(Months::new(1)),
        CalendarUnit::Quarter => first.checked_add_months(Months::new(3)),
        CalendarUnit::Year => first.checked_add_months(Months::new(12)),
    };
    Span::new(local_midnight(zone, first), local_midnight(zone, next.unwrap_or(first)))
}

fn period_start(unit: CalendarUnit, day: NaiveDate) -> NaiveDate {
    let start = match unit {
        CalendarUnit::Day => Some(day),
        CalendarUnit::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))),
        CalendarUnit::Month => day.with_day(1),
        CalendarUnit::Quarter => NaiveDate::from_ymd_opt(day.year(), (day.month0() / 3) * 3 + 1, 1),
        CalendarUnit::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1),
    };
    start.unwrap_or(day)
}

/// The first moment of a local date: the earlier of two midnights when clocks go back over it, and the moment clocks
/// jump to when they skip it.
fn local_midnight(zone: Tz, date: NaiveDate) -> Instant {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    let instant = match zone.from_local_datetime(&midnight) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time,
        LocalResult::None => {
            // Gaps are at most a day long (Samoa skipped 30 December 2011) and end on a whole minute.
            let after = (1..=1440).find_map(|minutes| {
                zone.from_local_datetime(&(midnight + chrono::TimeDelta::minutes(minutes))).earliest()
            });
            after.unwrap_or_else(|| zone.from_utc_datetime(&midnight))
        }
    };
    Instant::from_millis(instant.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(unit: CalendarUnit, zone: &str, as_of: &str) -> String {
        let zone: Tz = zone.parse().unwrap();
        let span = Window::Calendar { unit, zone }.bounds(Instant::parse(as_of).unwrap());
        format!("{} {}", span.start, span.end)
    }

    #[test]
    fn rolling_windows_end_now() {
        let as_of = Instant::parse("2026-11-20T14:05:00.123Z").unwrap();
        let span = Window::Rolling { days: 30 }.bounds(as_of);
        assert_eq!((span.end, span.millis()), (as_of, 30 * DAY_MS));
    }

    #[test]
    fn calendar_periods_have_their_real_length() {
        // Berlin: 2026-03-29 has 23 hours and 2026-10-25 has 25.
        assert_eq!(
            bounds(CalendarUnit::Day, "Europe/Berlin", "2026-03-29 12:00"),
            "2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z"
        );
        assert_eq!(
            bounds(CalendarUnit::Month, "Europe/Berlin", "2026-10-31 22:59"),
            "2026-09-30T22:00:00.000Z 2026-10-31T23:00:00.000Z"
        );
        assert_eq!(
            bounds(CalendarUnit::Week, "UTC", "2026-11-22 23:59"),
            "2026-11-16T00:00:00.000Z 2026-11-23T00:00:00.000Z"
        );
        assert_eq!(
            bounds(CalendarUnit::Quarter, "America/New_York", "2026-11-20"),
            "2026-10-01T04:00:00.000Z 2027-01-01T05:00:00.000Z"
        );
        assert_eq!(
            bounds(CalendarUnit::Year, "UTC", "2026-01-01"),
            "2026-01-01T00:00:00.000Z 2027-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn a_skipped_midnight_starts_when_the_clock_exists() {
        // Sao Paulo 2018-11-04: clocks went from 00:00 to 01:00; Apia had no 2011-12-30 at all.
        assert_eq!(
            bounds(CalendarUnit::Day, "America/Sao_Paulo", "2018-11-04 12:00"),
            "2018-11-04T03:00:00.000Z 2018-11-05T02:00:00.000Z"
        );
        assert_eq!(
            bounds(CalendarUnit::Day, "Pacific/Apia", "2011-12-30 09:00"),
            "2011-12-29T10:00:00.000Z 2011-12-30T10:00:00.000Z"
        );
    }
}
