//! Owns the occurrences of a maintenance window around an instant: the last, the next, and the end of the current one.

use chrono_tz::Tz;

use super::{MaintenanceWindow, Recurrence, Schedule};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// How far to look for occurrences, in days, in growing steps; the last covers all representable time.
const REACHES: [i64; 5] = [40, 400, 4_000, 40_000, 400_000];

/// The occurrences of a maintenance window around an instant. A cancelled window has none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Around {
    /// When the occurrence in force ends, if there is one.
    pub(crate) until: Option<Instant>,
    /// The occurrence that began last, at or before the instant.
    pub(crate) last: Option<Span>,
    /// The first occurrence that begins after it.
    pub(crate) next: Option<Span>,
}

impl MaintenanceWindow {
    /// The occurrences of the window around an instant.
    pub(crate) fn around(&self, at: Instant) -> Around {
        if self.cancelled {
            return Around::default();
        }
        let until = self.schedule.until(at);
        match &self.schedule {
            Schedule::Once(span) if span.start <= at => Around { until, last: Some(*span), next: None },
            Schedule::Once(span) => Around { until, last: None, next: Some(*span) },
            Schedule::Recurring(recurrence) => {
                Around { until, last: recurrence.last_begun(at), next: recurrence.next_after(at) }
            }
        }
    }
}

impl Schedule {
    /// The zone whose clocks it follows; UTC if none.
    pub(crate) fn zone(&self) -> Tz {
        match self {
            Self::Once(_) => Tz::UTC,
            Self::Recurring(recurrence) => recurrence.zone,
        }
    }

    /// When the occurrence in force at an instant ends; `None` if there is none.
    pub(crate) fn until(&self, at: Instant) -> Option<Instant> {
        let now = Span::new(at, at.plus(1));
        let touches = |span: &Span| !span.intersect(now).is_empty();
        match self {
            Self::Once(span) => Some(*span).filter(touches).map(|span| span.end),
            Self::Recurring(recurrence) => {
                recurrence.occurrences(now).into_iter().filter(touches).map(|span| span.end).max()
            }
        }
    }
}

impl Recurrence {
    /// The occurrence that began last, at or before an instant.
    fn last_begun(&self, at: Instant) -> Option<Span> {
        let begun = |days: i64| {
            let from = at.plus(-days * DAY_MS).max(self.start);
            let found = self.occurrences(Span::new(from, at.plus(1))).into_iter();
            found.filter(|span| span.start <= at).max_by_key(|span| span.start)
        };
        if at < self.start { None } else { REACHES.into_iter().find_map(begun) }
    }

    /// The first occurrence that begins after an instant.
    pub(super) fn next_after(&self, at: Instant) -> Option<Span> {
        let later = |days: i64| {
            let to = at.plus(days * DAY_MS).min(Instant::MAX);
            let found = self.occurrences(Span::new(at, to)).into_iter();
            found.filter(|span| span.start > at).min_by_key(|span| span.start)
        };
        if self.ends().is_some_and(|end| end <= at) { None } else { REACHES.into_iter().find_map(later) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::Length;
    use super::*;
    use crate::domain::value::calendar::{Calendar, Date};

    const HOUR_MS: i64 = DAY_MS / 24;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    proptest! {
        /// For any rule, the result matches a list of all its occurrences.
        #[test]
        fn what_lies_around_a_moment_is_found_among_all_occurrences(
            rule in select(vec![
                "FREQ=DAILY;INTERVAL=9;COUNT=40",
                "FREQ=WEEKLY;BYDAY=SA,SU;UNTIL=20270325T011500Z",
                "FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20290101T000000Z",
                "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=20441231T000000Z",
                "FREQ=DAILY;COUNT=1",
            ]),
            zone in select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
            hours in select(vec![1, 20, 38, 400]),
            by_end in any::<bool>(),
            shift in -24..24_i64,
            except in proptest::collection::vec(0..2000_i64, 0..20),
            when in -3000..180_000_i64,
            nudge in -1..=1_i64,
        ) {
            let start = at("2026-03-28T01:30:00Z").plus(shift * HOUR_MS);
            let length = if by_end { Length::Until(start.plus(hours * HOUR_MS)) } else { Length::Elapsed(hours * HOUR_MS) };
            let recurrence = Recurrence::new(start, length, rule, zone.parse().unwrap()).unwrap();
            let except: BTreeSet<Date> = except.iter().map(|day| Calendar::UTC.date(start).plus(*day)).collect();
            let less = recurrence.clone().without(except.into_iter().collect());
            let recurrence = less.unwrap_or(recurrence);
            let all = recurrence.occurrences(Span::new(Instant::MIN, Instant::MAX));
            // Often exactly at an edge.
            let edges: Vec<Instant> = all.iter().flat_map(|span| [span.start, span.end]).collect();
            let moment = match when % 3 {
                0 => start.plus(when * HOUR_MS),
                _ => edges[when.unsigned_abs() as usize % edges.len()].plus(nudge),
            };
            let expected = Around {
                until: all.iter().filter(|span| span.start <= moment && moment < span.end).map(|span| span.end).max(),
                last: all.iter().filter(|span| span.start <= moment).max_by_key(|span| span.start).copied(),
                next: all.iter().filter(|span| span.start > moment).min_by_key(|span| span.start).copied(),
            };
            let schedule = Schedule::Recurring(Box::new(recurrence.clone()));
            let found = Around {
                until: schedule.until(moment),
                last: recurrence.last_begun(moment),
                next: recurrence.next_after(moment),
            };
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_leap_day_is_found_decades_ahead_and_back() {
        let length = Length::Elapsed(HOUR_MS);
        let leap =
            Recurrence::new(at("2028-02-29"), length, "FREQ=YEARLY;INTERVAL=40;BYMONTH=2;BYMONTHDAY=29", Tz::UTC);
        let leap = leap.unwrap();
        let start = |span: Option<Span>| span.map(|span| span.start);
        assert_eq!(start(leap.next_after(at("2026-01-01"))), Some(at("2028-02-29")));
        assert_eq!(start(leap.next_after(at("2028-02-29"))), Some(at("2068-02-29")));
        assert_eq!(start(leap.last_begun(at("2068-02-28"))), Some(at("2028-02-29")));
        assert_eq!(leap.last_begun(at("2028-02-28")), None);
    }
}
