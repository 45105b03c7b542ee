//! Owns the calendar of a time zone: its days, from the start of a local date to the start of the next, and the periods
//! made of them.
//!
//! A date begins at the first instant at which clocks show it or a later one, so days are adjacent whatever clocks do.
//! A skipped midnight is the instant of the jump. Of two equal midnights the first one counts. An hour of the day
//! before repeated after midnight belongs to the new day. A skipped date has no length.

mod date;

use std::cell::RefCell;

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;

pub(crate) use date::Date;

use super::instant::{DAY_MS, Instant};
use super::span::Span;

/// No zone is further from UTC than this, or moves its clocks by more, in milliseconds.
const FURTHEST_MS: i64 = 26 * super::instant::HOUR_MS;

/// Cached midnights: almost three years of one zone.
const MIDNIGHTS: usize = 1 << 10;

thread_local! {
    /// Midnights found so far, each in one slot: the same days are requested repeatedly, and a zone's table is long.
    static FOUND: RefCell<Vec<Option<(Tz, Date, Instant)>>> = const { RefCell::new(Vec::new()) };
}

/// The length of a calendar period; weeks start on Monday.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CalendarUnit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    /// Repeating periods of this many days, one of which begins at `first`. Used in queries, never declared.
    Days {
        first: Date,
        count: u16,
    },
}

impl CalendarUnit {
    /// The units that an objective can declare.
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
            Self::Days { .. } => "days",
        }
    }
}

/// The days and periods of one zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Calendar {
    pub(crate) zone: Tz,
}

impl Calendar {
    pub(crate) const UTC: Self = Self { zone: Tz::UTC };

    /// Whether every day has 24 hours and begins at a midnight of UTC.
    pub(crate) fn is_utc(self) -> bool {
        self.zone == Tz::UTC
    }

    /// The date of the day that contains `at`.
    pub(crate) fn date(self, at: Instant) -> Date {
        if self.is_utc() {
            return Date::of(at);
        }
        let shown = Date::of(at.plus(self.offset_ms(at)));
        // Clocks that went back over midnight show the day before, although the new one has begun.
        if self.start(shown.next()) <= at { shown.next() } else { shown }
    }

    /// The first instant at which clocks show a date or a later one.
    pub(crate) fn start(self, date: Date) -> Instant {
        if self.is_utc() {
            return date.midnight();
        }
        let place = date.since(Date::from_number(0)).wrapping_add(self.zone as i64 * 389).rem_euclid(MIDNIGHTS as i64);
        FOUND.with_borrow_mut(|found| {
            found.resize(MIDNIGHTS, None);
            let found = &mut found[place as usize];
            let known = found.filter(|(zone, of, _)| (*zone, *of) == (self.zone, date)).map(|(.., start)| start);
            let start = known.unwrap_or_else(|| self.find_start(date));
            *found = Some((self.zone, date, start));
            start
        })
    }

    fn find_start(self, date: Date) -> Instant {
        let local = date.midnight();
        let (mut from, until) = (local.plus(-FURTHEST_MS), local.plus(FURTHEST_MS));
        let mut offset = self.offset_ms(from);
        let last = self.offset_ms(until);
        // Mostly one offset applies all around.
        while offset != last {
            let change = self.next_change(from, until);
            if local.plus(-offset) < change {
                break;
            }
            from = change;
            offset = self.offset_ms(change);
            if change.plus(offset) >= local {
                return change;
            }
        }
        local.plus(-offset)
    }

    /// The first instant after `from`, up to `until`, with an offset other than that of `from`. The offsets at both
    /// differ.
    fn next_change(self, from: Instant, until: Instant) -> Instant {
        let offset = self.offset_ms(from);
        let (mut before, mut after) = (from, until);
        while after.since(before) > 1 {
            let middle = before.plus(after.since(before) / 2);
            if self.offset_ms(middle) == offset {
                before = middle;
            } else {
                after = middle;
            }
        }
        after
    }

    /// How far local time is ahead of UTC, in milliseconds.
    fn offset_ms(self, at: Instant) -> i64 {
        i64::from(self.zone.offset_from_utc_datetime(&at.to_chrono().naive_utc()).fix().local_minus_utc()) * 1000
    }

    /// The span of a date; empty if the zone skips it.
    pub(crate) fn span(self, date: Date) -> Span {
        let start = self.start(date);
        if self.is_utc() { Span::new(start, start.plus(DAY_MS)) } else { Span::new(start, self.start(date.next())) }
    }

    /// The day that contains `at`.
    pub(crate) fn day(self, at: Instant) -> Span {
        self.span(self.date(at))
    }

    /// The midnight at or before `at`.
    pub(crate) fn day_start(self, at: Instant) -> Instant {
        self.start(self.date(at))
    }

    /// The midnight at or after `at`.
    pub(crate) fn day_ceil(self, at: Instant) -> Instant {
        let day = self.day(at);
        if day.start == at { at } else { day.end }
    }

    /// The midnight this number of days before the last one up to `at`.
    pub(crate) fn days_before(self, at: Instant, days: i64) -> Instant {
        self.start(self.date(at).plus(-days))
    }

    /// The period that contains `at`.
    pub(crate) fn period(self, unit: CalendarUnit, at: Instant) -> Span {
        let first = self.date(at).first_of(unit);
        Span::new(self.start(first), self.start(first.first_of_next(unit)))
    }
}

#[cfg(test)]
mod tests;
