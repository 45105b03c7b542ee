//! Owns dates: numbered days of the Gregorian calendar, without a zone.

use std::fmt;

use chrono::{Datelike, Months, NaiveDate};

use crate::domain::value::calendar::CalendarUnit;
use crate::domain::value::instant::{DAY_MS, Instant};

/// A date, as the number of days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Date(i64);

impl Date {
    /// Wraps a number of days since 1970-01-01.
    pub(crate) const fn from_number(days: i64) -> Self {
        Self(days)
    }

    /// The date shown by clocks whose local time, read as UTC, is `local`.
    pub(super) const fn of(local: Instant) -> Self {
        Self(local.millis().div_euclid(DAY_MS))
    }

    /// The midnight that begins it in UTC.
    pub(super) const fn midnight(self) -> Instant {
        Instant::from_millis(self.0 * DAY_MS)
    }

    /// The date this number of days later (negative: earlier).
    pub(crate) const fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    pub(crate) const fn next(self) -> Self {
        self.plus(1)
    }

    /// The days from `earlier` to this date; negative if it is earlier.
    pub(crate) const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Without the year, such as `5 Oct`.
    pub(crate) fn short(self) -> String {
        self.to_chrono().format("%-d %b").to_string()
    }

    /// Reads `2026-12-25`: a date from 1970 to 2262, as printed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number =
            |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?;
        let (year, month) = (text.get(..4)?, text.get(5..7)?);
        let has_form = text.len() == 10 && text.get(4..5)? == "-" && text.get(7..8)? == "-";
        let year = number(year).filter(|year| has_form && (1970..=2262).contains(year))?;
        NaiveDate::from_ymd_opt(year as i32, number(month)?, number(text.get(8..)?)?).map(Self::from_chrono)
    }

    /// The date in chrono; dates beyond its range (±262 000 years) become the epoch.
    pub(crate) fn to_chrono(self) -> NaiveDate {
        self.midnight().to_chrono().date_naive()
    }

    pub(crate) fn from_chrono(date: NaiveDate) -> Self {
        Self(date.signed_duration_since(NaiveDate::default()).num_days())
    }

    /// The first date of the period that contains this one; weeks start on Monday.
    pub(crate) fn first_of(self, unit: CalendarUnit) -> Self {
        let day = self.to_chrono();
        match unit {
            CalendarUnit::Day => self,
            CalendarUnit::Week => self.plus(-i64::from(day.weekday().num_days_from_monday())),
            CalendarUnit::Month => self.plus(-i64::from(day.day0())),
            CalendarUnit::Quarter => {
                let first = day.with_day(1).and_then(|first| first.checked_sub_months(Months::new(day.month0() % 3)));
                Self::from_chrono(first.unwrap_or(day))
            }
            CalendarUnit::Year => self.plus(-i64::from(day.ordinal0())),
            CalendarUnit::Days { first, count } => self.plus(-self.since(first).rem_euclid(count.into())),
        }
    }

    /// The first date of the next period, if this is the first one of its own.
    pub(crate) fn first_of_next(self, unit: CalendarUnit) -> Self {
        let months = match unit {
            CalendarUnit::Day => return self.next(),
            CalendarUnit::Week => return self.plus(7),
            CalendarUnit::Days { count, .. } => return self.plus(count.into()),
            CalendarUnit::Month => 1,
            CalendarUnit::Quarter => 3,
            CalendarUnit::Year => 12,
        };
        let day = self.to_chrono();
        Self::from_chrono(day.checked_add_months(Months::new(months)).unwrap_or(day))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.to_chrono();
        match date.year() {
            year @ 0..=9999 => write!(f, "{year:04}-{:02}-{:02}", date.month(), date.day()),
            _ => write!(f, "{}", date.format("%Y-%m-%d")),
        }
    }
}
