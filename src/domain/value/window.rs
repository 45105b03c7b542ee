//! Owns the window of an objective: rolling days, or the calendar period of a time zone.

use std::fmt;

use chrono_tz::Tz;

use super::calendar::{Calendar, CalendarUnit};
use super::instant::{DAY_MS, Instant};
use super::span::Span;

/// The longest rolling window, in days.
pub(crate) const LONGEST_DAYS: u32 = 3650;

/// The window of an objective, in the zone of its days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Window {
    /// The last `days` days of 24 hours up to `as-of`.
    Rolling { days: u32, zone: Tz },
    /// The calendar period that contains `as-of`.
    Calendar { unit: CalendarUnit, zone: Tz },
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling { days, zone: Tz::UTC } => write!(f, "{days}d"),
            Self::Rolling { days, zone } => write!(f, "{days}d {zone}"),
            Self::Calendar { unit, zone } => write!(f, "calendar {} {zone}", unit.as_str()),
        }
    }
}

impl Window {
    /// The calendar of the objective's days.
    pub(crate) fn calendar(self) -> Calendar {
        match self {
            Self::Rolling { zone, .. } | Self::Calendar { zone, .. } => Calendar { zone },
        }
    }

    /// `[start, end)` as of `as_of`: a rolling window ends there, a calendar period contains it.
    pub(crate) fn bounds(self, as_of: Instant) -> Span {
        match self {
            Self::Rolling { days, .. } => Span::new(as_of.plus(-i64::from(days) * DAY_MS), as_of),
            Self::Calendar { unit, .. } => self.calendar().period(unit, as_of),
        }
    }

    /// The nominal length of every window of this kind, in milliseconds: a month has 30 days, a quarter 90 and a year
    /// 365, as in the availability table of the SRE book. The factors of the burn-rate policy use it, so they are the
    /// same in February and in March.
    pub(crate) fn nominal_ms(self) -> i64 {
        let days = match self {
            Self::Rolling { days, .. } => i64::from(days),
            Self::Calendar { unit: CalendarUnit::Day, .. } => 1,
            Self::Calendar { unit: CalendarUnit::Week, .. } => 7,
            Self::Calendar { unit: CalendarUnit::Month, .. } => 30,
            Self::Calendar { unit: CalendarUnit::Quarter, .. } => 90,
            Self::Calendar { unit: CalendarUnit::Year, .. } => 365,
            Self::Calendar { unit: CalendarUnit::Days { count, .. }, .. } => i64::from(count),
        };
        days * DAY_MS
    }

    /// `[start, end)` at the close of a period that ends at `end`: a calendar period is the one just before `end`.
    pub(crate) fn closing(self, end: Instant) -> Span {
        match self {
            Self::Rolling { .. } => self.bounds(end),
            Self::Calendar { .. } => self.bounds(end.plus(-1)),
        }
    }
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
        let span = Window::Rolling { days: 30, zone: Tz::UTC }.bounds(as_of);
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
        // Sao Paulo 2018-11-04: clocks went from 00:00 to 01:00.
        assert_eq!(
            bounds(CalendarUnit::Day, "America/Sao_Paulo", "2018-11-04 12:00"),
            "2018-11-04T03:00:00.000Z 2018-11-05T02:00:00.000Z"
        );
    }

    #[test]
    fn a_period_closes_with_the_moments_before_its_end() {
        let (unit, zone) = (CalendarUnit::Month, Tz::Europe__Berlin);
        let (window, end) = (Window::Calendar { unit, zone }, Instant::parse("2026-10-31T23:00:00Z").unwrap());
        assert_eq!(window.closing(end), Span::new(Instant::parse("2026-09-30T22:00:00Z").unwrap(), end));
        assert_eq!(window.bounds(end).start, end);
        let rolling = Window::Rolling { days: 1, zone };
        assert_eq!(rolling.closing(end), rolling.bounds(end));
    }
}
