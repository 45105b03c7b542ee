//! Owns maintenance windows: when they are in force, once or by a recurrence rule, planned or written afterwards.

use chrono::TimeZone;
use chrono_tz::Tz;
use rrule::{Frequency, RRule, RRuleSet, Unvalidated};

use super::duration::LONGEST_MS;
use super::instant::{DAY_MS, Instant};
use super::name::Name;
use super::objective::Metadata;
use super::span::{Span, union};

/// The most occurrences that are ever unfolded of one rule: more than daily ones since 1970.
const MOST_OCCURRENCES: u16 = 40_000;

/// A declared stretch of planned (or, as a correction, past) work on systems.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct MaintenanceWindow {
    pub(crate) metadata: Metadata,
    pub(crate) systems: Vec<Name>,
    pub(crate) schedule: Schedule,
    /// A cancelled window excuses nothing.
    pub(crate) cancelled: bool,
    pub(crate) reason: Option<String>,
}

/// When a maintenance window is in force.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Schedule {
    Once(Span),
    Recurring(Recurrence),
}

/// A window that returns by an RFC 5545 rule, at the same local time of a zone.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Recurrence {
    /// The start of the first occurrence, whose local time of day all others share.
    pub(crate) start: Instant,
    /// How long each occurrence lasts, in elapsed milliseconds.
    pub(crate) duration_ms: i64,
    /// The rule's text, as written.
    pub(crate) rule: String,
    pub(crate) zone: Tz,
}

impl MaintenanceWindow {
    /// The stretches in which this window is in force within `within`, sorted and disjoint; none if cancelled.
    pub(crate) fn occurrences(&self, within: Span) -> Vec<Span> {
        if self.cancelled {
            return Vec::new();
        }
        let spans = match &self.schedule {
            Schedule::Once(span) => vec![*span],
            Schedule::Recurring(recurrence) => recurrence.occurrences(within),
        };
        union(spans.into_iter().map(|span| span.intersect(within)).collect())
    }
}

impl Recurrence {
    /// Checks a rule so that unfolding it is cheap and ends: at most one occurrence a day, at the time of day of `start`.
    ///
    /// # Errors
    /// With the cause and remedy, when the rule cannot be read, recurs within a day, or never happens.
    pub(crate) fn new(start: Instant, duration_ms: i64, rule: &str, zone: Tz) -> Result<Self, String> {
        if duration_ms <= 0 || duration_ms > LONGEST_MS {
            return Err("an occurrence lasts more than 0 and at most 3650 days".to_owned());
        }
        if rule.len() > 500 {
            return Err("a recurrence rule has at most 500 characters".to_owned());
        }
        let parsed = parse_rule(rule)?;
        if matches!(parsed.get_freq(), Frequency::Hourly | Frequency::Minutely | Frequency::Secondly) {
            return Err("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY; for several times a day write several windows"
                .to_owned());
        }
        if !parsed.get_by_hour().is_empty() || !parsed.get_by_minute().is_empty() || !parsed.get_by_second().is_empty()
        {
            return Err("BYHOUR, BYMINUTE and BYSECOND are not supported; the time of day is that of start".to_owned());
        }
        let recurrence = Self { start, duration_ms, rule: rule.to_owned(), zone };
        let set = recurrence.set()?;
        if set.limit().all(1).dates.is_empty() {
            return Err("the rule never happens".to_owned());
        }
        Ok(recurrence)
    }

    fn set(&self) -> Result<RRuleSet, String> {
        let zone = rrule::Tz::Tz(self.zone);
        let start = zone.from_utc_datetime(&self.start.to_chrono().naive_utc());
        parse_rule(&self.rule)?.build(start).map_err(|error| error.to_string())
    }

    fn occurrences(&self, within: Span) -> Vec<Span> {
        // `new` has accepted the rule, so it can be read again; a rule that cannot excuses nothing.
        let Ok(set) = self.set() else { return Vec::new() };
        let zone = rrule::Tz::Tz(self.zone);
        let moment = |at: Instant| zone.from_utc_datetime(&at.to_chrono().naive_utc());
        // The library's bounds are inclusive of whole seconds; a day more on both sides loses nothing.
        let set =
            set.after(moment(within.start.plus(-self.duration_ms - DAY_MS))).before(moment(within.end.plus(DAY_MS)));
        let millis = self.start.millis().rem_euclid(1000);
        let starts = set.all(MOST_OCCURRENCES).dates;
        let starts = starts.iter().map(|start| Instant::from_millis(start.timestamp() * 1000 + millis));
        starts.map(|start| Span::new(start, start.plus(self.duration_ms))).collect()
    }
}

fn parse_rule(rule: &str) -> Result<RRule<Unvalidated>, String> {
    let rule = rule.trim();
    let rule = rule.strip_prefix("RRULE:").unwrap_or(rule);
    rule.parse::<RRule<Unvalidated>>().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn starts(rule: &str, zone: &str, start: &str, from: &str, to: &str) -> Vec<String> {
        let recurrence = Recurrence::new(at(start), 3_600_000, rule, zone.parse().unwrap()).unwrap();
        let within = Span::new(at(from), at(to));
        let mut found = recurrence.occurrences(within);
        found.retain(|span| !span.intersect(within).is_empty());
        found.iter().map(|span| span.start.to_string()).collect()
    }

    #[test]
    fn weekly_windows_keep_their_local_time_over_dst() {
        // 03:00 in Berlin is 01:00 UTC in summer and 02:00 UTC in winter; clocks change on 2026-10-25.
        let starts =
            starts("FREQ=WEEKLY;BYDAY=SU", "Europe/Berlin", "2026-10-18T01:00:00Z", "2026-10-01", "2026-11-02");
        assert_eq!(starts, ["2026-10-18T01:00:00.000Z", "2026-10-25T02:00:00.000Z", "2026-11-01T02:00:00.000Z"]);
    }

    #[test]
    fn a_window_that_began_before_the_span_still_counts() {
        let starts = starts("FREQ=DAILY", "UTC", "2026-11-01T23:30:00Z", "2026-11-05", "2026-11-05 12:00");
        assert_eq!(starts, ["2026-11-04T23:30:00.000Z"]);
    }

    #[test]
    fn hostile_rules_are_refused_or_end() {
        let zone: Tz = "UTC".parse().unwrap();
        let new = |rule: &str| Recurrence::new(at("2020-01-01"), 60_000, rule, zone);
        for rule in [
            "FREQ=SECONDLY",
            "FREQ=MINUTELY;INTERVAL=1",
            "FREQ=DAILY;BYSECOND=0,1,2,3",
            "nonsense",
            "",
            "FREQ=DAILY;BYHOUR=1",
        ] {
            assert!(new(rule).is_err(), "{rule}");
        }
        assert!(new("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").is_err());
        assert!(new(&format!("FREQ=YEARLY;BYMONTHDAY={}", vec!["1"; 1000].join(","))).is_err());
        let endless = new("FREQ=DAILY").unwrap().occurrences(Span::new(Instant::MIN, Instant::MAX));
        assert!(endless.len() <= usize::from(MOST_OCCURRENCES));
    }
}
