//! Owns all maintenance of one system: its windows, unfolded once into spans that do not overlap.

use std::rc::Rc;

use super::{Recurrence, Schedule};
use crate::domain::account::unfolded::{Touching, Unfolded};
use crate::domain::health::report::InMaintenance;
use crate::domain::value::hash::Fnv;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::span::{Span, union};

/// The most clocks go back, in milliseconds; within the last decades it was three hours.
const LONGEST_REPEAT_MS: i64 = DAY_MS / 6;
/// Clocks go back at most once in this many milliseconds.
const REPEATS_EVERY_MS: i64 = 10 * DAY_MS;

/// When a system is under maintenance.
#[derive(Debug)]
pub(crate) struct MaintenanceCalendar {
    /// Of windows that do not recur, sorted and disjoint.
    once: Rc<[Span]>,
    /// In a fixed order.
    recurring: Vec<Recurrence>,
    unfolded: Unfolded,
    /// A hash of which window is in force when. Numbers do not depend on it, but events name windows.
    names: u64,
    in_force: Option<InMaintenance>,
}

/// The schedules of one system's windows that are not cancelled. There may be very many.
#[derive(Default, Debug)]
pub(crate) struct Schedules {
    all: Vec<Schedule>,
    names: u64,
    /// The instant for which the active window is wanted.
    at: Option<Instant>,
    in_force: Option<InMaintenance>,
}

impl Schedules {
    /// No schedules yet; the active window is wanted at this instant.
    pub(crate) fn as_of(at: Option<Instant>) -> Self {
        Self { at, ..Self::default() }
    }

    /// Adds the schedule of a named window.
    pub(crate) fn add(&mut self, name: &Name, schedule: Schedule) {
        if let Some(until) = self.at.and_then(|at| schedule.until(at)) {
            let known = self.in_force.take();
            let ends_later = |known: &InMaintenance| (known.until, name) > (until, &known.window);
            let stays = known.as_ref().is_some_and(ends_later);
            self.in_force = if stays { known } else { Some(InMaintenance { window: name.clone(), until }) };
        }
        let mut hash = Fnv::new();
        hash.feed(name.as_str());
        match &schedule {
            Schedule::Once(span) => feed(*span, &mut hash),
            Schedule::Recurring(recurrence) => hash.feed(&recurrence.identity()),
        }
        // The order of windows must not matter.
        self.names = self.names.wrapping_add(hash.finish());
        self.all.push(schedule);
    }

    /// The time when any of them is in force.
    pub(crate) fn calendar(self) -> MaintenanceCalendar {
        let Self { all, names, in_force, .. } = self;
        MaintenanceCalendar { names, in_force, ..MaintenanceCalendar::of(all) }
    }
}

fn feed(span: Span, hash: &mut Fnv) {
    hash.feed(&format!("{} {}", span.start.millis(), span.end.millis()));
}

/// How long maintenance keeps changing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ahead {
    /// After this, only windows that recur forever are in force.
    pub(crate) settled: Instant,
    /// Whether any window recurs forever.
    pub(crate) endless: bool,
}

impl MaintenanceCalendar {
    /// The calendar of windows, none of them cancelled.
    pub(crate) fn of(schedules: impl IntoIterator<Item = Schedule>) -> Self {
        let (mut once, mut recurring) = (Vec::new(), Vec::new());
        for schedule in schedules {
            match schedule {
                Schedule::Once(span) => once.push(span),
                Schedule::Recurring(recurrence) => recurring.push(*recurrence),
            }
        }
        recurring.sort_by_cached_key(Recurrence::identity);
        recurring.dedup();
        let once: Rc<[Span]> = union(once).into();
        let unfolded = Unfolded::new(Rc::clone(&once));
        Self { once, recurring, unfolded, names: 0, in_force: None }
    }

    /// The window that is active at the given instant: the one that ends last; among equals, the first by name.
    pub(crate) const fn in_force(&self) -> Option<&InMaintenance> {
        self.in_force.as_ref()
    }

    /// Whether there is no maintenance at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.once.is_empty() && self.recurring.is_empty()
    }

    /// The maintenance that touches `span`, not cut to it.
    pub(crate) fn touching(&self, span: Span) -> Touching {
        if self.recurring.is_empty() {
            return Touching::among(Rc::clone(&self.once), span);
        }
        self.unfolded.touching(span, |fresh| self.recurring.iter().flat_map(|of| of.occurrences(fresh)).collect())
    }

    /// When maintenance last changes.
    pub(crate) fn ahead(&self) -> Ahead {
        let once = self.once.last().map(|span| span.end);
        let ends = self.recurring.iter().map(Recurrence::ends);
        let settled = ends.clone().flatten().chain(once).max().unwrap_or(Instant::MIN);
        Ahead { settled, endless: ends.into_iter().any(|end| end.is_none()) }
    }

    /// An upper bound on how much of a span of `length_ms` windows that recur forever cover, in milliseconds.
    pub(crate) fn most_endless_ms(&self, length_ms: i64) -> i64 {
        let endless = || self.recurring.iter().filter(|recurrence| recurrence.ends().is_none());
        let mut zones: Vec<_> =
            endless().map(|recurrence| recurrence.zone).filter(|zone| *zone != chrono_tz::UTC).collect();
        zones.sort_unstable_by_key(|zone| zone.name());
        zones.dedup();
        // An hour that clocks repeat may be covered twice.
        let repeats = (length_ms / REPEATS_EVERY_MS + 2) * LONGEST_REPEAT_MS * zones.len() as i64;
        endless().map(|recurrence| recurrence.most_within(length_ms)).fold(repeats, i64::saturating_add)
    }

    /// Hashes everything that decides when there is maintenance, and by which window.
    pub(crate) fn feed(&self, hash: &mut Fnv) {
        hash.feed(&self.names.to_string());
        for span in self.once.iter() {
            feed(*span, hash);
        }
        for recurrence in &self.recurring {
            hash.feed(&recurrence.identity());
        }
    }
}

impl Recurrence {
    /// A key that differs between different recurrences.
    fn identity(&self) -> String {
        let rule = format!("{} {:?} {} {}", self.start.millis(), self.length, self.rule.as_str(), self.zone);
        let except = self.except.iter().map(ToString::to_string);
        std::iter::once(rule).chain(except).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::Length;
    use super::*;
    use crate::domain::value::calendar::{Calendar, Date};

    const HOUR: i64 = DAY_MS / 24;

    fn at(hours: i64) -> Instant {
        Instant::parse("2026-03-01").unwrap().plus(hours * HOUR)
    }

    fn recurrence() -> impl Strategy<Value = Recurrence> {
        let zones = select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"]);
        let rules = select(vec![
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=3",
            "FREQ=WEEKLY;BYDAY=SA,SU",
            "FREQ=MONTHLY;BYMONTHDAY=-1,1",
            "FREQ=MONTHLY;BYDAY=SU",
            "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU",
            "FREQ=DAILY;COUNT=40",
            "FREQ=WEEKLY;UNTIL=20261025T011500Z",
        ]);
        let lengths = select(vec![HOUR / 2, HOUR, 20 * HOUR, 38 * HOUR, 400 * HOUR]);
        let except = proptest::collection::btree_set(0..60_i64, 0..20);
        let parts = (zones, rules, lengths, -2000..6000_i64, any::<bool>(), except);
        parts.prop_filter_map("the rule ends before its start", |(zone, rule, millis, start, by_end, except)| {
            let (start, zone): (Instant, Tz) = (at(start).plus(HOUR / 2), zone.parse().unwrap());
            let length = if by_end { Length::Until(start.plus(millis)) } else { Length::Elapsed(millis) };
            let length = if length.clock_ms(start, zone) > 0 { length } else { Length::Elapsed(millis) };
            let except = except.into_iter().map(|day| Calendar::UTC.date(start).plus(day)).collect();
            Recurrence::new(start, length, rule, zone).ok().and_then(|recurrence| recurrence.without(except))
        })
    }

    fn clipped(spans: &[Span], within: Span) -> Vec<Span> {
        union(spans.iter().map(|span| span.intersect(within)).collect())
    }

    proptest! {
        /// Whatever was unfolded before, the result is that of the windows themselves.
        #[test]
        fn what_is_unfolded_once_is_what_each_window_says(
            recurring in proptest::collection::vec(recurrence(), 0..4),
            once in proptest::collection::vec((-2000..9000_i64, 1..90_i64), 0..4),
            asked in proptest::collection::vec((-9000..9000_i64, 1..3000_i64), 1..6),
        ) {
            let once: Vec<Span> = once.iter().map(|(start, hours)| Span::new(at(*start), at(start + hours))).collect();
            let schedules = recurring.iter().cloned().map(|of| Schedule::Recurring(Box::new(of)));
            let calendar = MaintenanceCalendar::of(schedules.chain(once.iter().copied().map(Schedule::Once)));
            for (start, hours) in asked {
                let span = Span::new(at(start), at(start + hours));
                let each = recurring.iter().flat_map(|recurrence| recurrence.occurrences(span));
                let expected = clipped(&each.chain(once.iter().copied()).collect::<Vec<_>>(), span);
                prop_assert_eq!(clipped(&calendar.touching(span), span), expected);
            }
        }

        #[test]
        fn no_stretch_has_more_endless_maintenance_than_the_bound(
            recurring in proptest::collection::vec(recurrence(), 0..4), start in -2000..9000_i64, hours in 1..3000_i64,
        ) {
            let span = Span::new(at(start), at(start + hours));
            let endless: Vec<_> = recurring.iter().filter(|recurrence| recurrence.ends().is_none()).collect();
            let covered: i64 = clipped(&endless.iter().flat_map(|of| of.occurrences(span)).collect::<Vec<_>>(), span)
                .iter()
                .map(|span| span.millis())
                .sum();
            let calendar = MaintenanceCalendar::of(recurring.into_iter().map(|of| Schedule::Recurring(Box::new(of))));
            prop_assert!(covered <= calendar.most_endless_ms(span.millis()));
        }

        #[test]
        fn after_its_end_a_rule_has_no_occurrence(recurrence in recurrence()) {
            if let Some(end) = recurrence.ends() {
                let all = recurrence.occurrences(Span::new(Instant::MIN, Instant::MAX));
                prop_assert_eq!(all.iter().map(|span| span.end).max(), Some(end));
            }
        }
    }

    #[test]
    fn order_names_and_repetitions_of_windows_decide_nothing() {
        let once = |start, end| Schedule::Once(Span::new(at(start), at(end)));
        let daily = |hours| {
            let length = Length::Elapsed(hours * HOUR);
            Schedule::Recurring(Box::new(Recurrence::new(at(0), length, "FREQ=DAILY", Tz::UTC).unwrap()))
        };
        let hash = |schedules: Vec<Schedule>| {
            let mut hash = Fnv::new();
            MaintenanceCalendar::of(schedules).feed(&mut hash);
            hash.finish()
        };
        let one = hash(vec![once(0, 5), daily(1), daily(2)]);
        assert_eq!(one, hash(vec![daily(2), once(3, 5), daily(1), once(0, 4), daily(2)]));
        assert_ne!(one, hash(vec![once(0, 5), daily(1)]));
        assert_ne!(one, hash(vec![once(0, 6), daily(1), daily(2)]));
        // Sealed days follow when the excepted dates change.
        let but = |dates: &[&str]| {
            let Schedule::Recurring(recurrence) = daily(2) else { panic!() };
            let dates = dates.iter().map(|date| Date::parse(date).unwrap()).collect();
            hash(vec![Schedule::Recurring(Box::new(recurrence.without(dates).unwrap()))])
        };
        assert_eq!(but(&[]), hash(vec![daily(2)]));
        assert_ne!(but(&["2026-03-05"]), but(&[]));
        assert_ne!(but(&["2026-03-05"]), but(&["2026-03-05", "2026-03-06"]));
    }
}
