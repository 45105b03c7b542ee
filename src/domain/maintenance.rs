//! Owns maintenance windows: when they are in force, once or by a recurrence rule, planned or written afterwards.

use chrono::{NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use rrule::{Frequency, RRule, RRuleSet, Unvalidated};

use super::duration::LONGEST_MS;
use super::instant::{DAY_MS, Instant};
use super::name::Name;
use super::objective::Metadata;
use super::span::{Span, union};

/// The most occurrences that are ever unfolded of one rule: more than daily ones since 1970.
const MOST_OCCURRENCES: u16 = 40_000;
/// By how much rules are unfolded in the future, in days: 7600 years, after which the calendar repeats to the weekday. The
/// library gives up on a rule that never happens in the year 10 000 only, which is then 430 years away instead of 8000.
const AHEAD_DAYS: i64 = 19 * 146_097;
/// The most positions of `BYSETPOS`.
const MOST_POSITIONS: usize = 8;
/// The longest rule, in characters.
const LONGEST_RULE: usize = 500;

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
    /// The rule's text, in capitals and without `RRULE:`.
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
    /// With the cause and remedy, when the rule cannot be read, is none of RFC 5545, recurs within a day, or never happens
    /// before 2262.
    pub(crate) fn new(start: Instant, duration_ms: i64, rule: &str, zone: Tz) -> Result<Self, String> {
        if duration_ms <= 0 || duration_ms > LONGEST_MS {
            return Err("an occurrence lasts more than 0 and at most 3650 days".to_owned());
        }
        let rule = normal_rule(rule)?;
        let parsed = parse_rule(&rule)?;
        if matches!(parsed.get_freq(), Frequency::Hourly | Frequency::Minutely | Frequency::Secondly) {
            return Err("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY; for several times a day write several windows"
                .to_owned());
        }
        if !parsed.get_by_hour().is_empty() || !parsed.get_by_minute().is_empty() || !parsed.get_by_second().is_empty()
        {
            return Err("BYHOUR, BYMINUTE and BYSECOND are not supported; the time of day is that of start".to_owned());
        }
        if parsed.get_interval() == 0 || parsed.get_count() == Some(0) {
            return Err("INTERVAL and COUNT are at least 1".to_owned());
        }
        check_days(&rule, &parsed)?;
        if parsed.get_by_set_pos().len() > MOST_POSITIONS {
            // Every position is looked for in every period before a rule is known never to happen.
            return Err(format!("BYSETPOS has at most {MOST_POSITIONS} positions"));
        }
        let until = parsed.get_until();
        if until.is_some() && parsed.get_count().is_some() {
            return Err("COUNT and UNTIL both say when the rule ends; keep one of them".to_owned());
        }
        if until.is_some_and(|until| until.timezone() != rrule::Tz::UTC) {
            // Without a zone it would be read in the zone of whatever machine runs this.
            return Err("UNTIL must be a UTC time such as 20271231T235959Z".to_owned());
        }
        if until.is_some_and(|until| until.timestamp_millis() < start.millis()) {
            return Err("UNTIL lies before start, so the rule never happens".to_owned());
        }
        let recurrence = Self { start, duration_ms, rule, zone };
        let set = recurrence.set(start)?.before(local(zone, Instant::MAX));
        if set.all(1).dates.is_empty() {
            return Err("the rule never happens".to_owned());
        }
        Ok(recurrence)
    }

    /// The rule from `from` on, in the times of [`local`]: the library drops occurrences whose midnight a change of clocks
    /// skips or repeats, so the zone is applied to what it returns.
    fn set(&self, from: Instant) -> Result<RRuleSet, String> {
        let mut rule = parse_rule(&self.rule)?;
        if let Some(until) = rule.get_until() {
            let until = local(self.zone, Instant::from_millis(until.timestamp_millis()));
            rule = rule.until(until);
        }
        let start = local(self.zone, self.start);
        // Whole periods between the start and `from` are jumped over where that cannot change the rule's phase.
        let period = match rule.get_freq() {
            Frequency::Daily => Some(1),
            Frequency::Weekly => Some(7),
            _ => None,
        };
        let days = period.filter(|_| rule.get_count().is_none()).map_or(0, |period| {
            let period = period * i64::from(rule.get_interval());
            ((local(self.zone, from) - start).num_days() / period - 1).max(0) * period
        });
        rule.build(start + TimeDelta::days(days)).map_err(|error| plain_cause(&error.to_string()))
    }

    fn occurrences(&self, within: Span) -> Vec<Span> {
        // An occurrence that began before the span may reach into it; the day more covers what clocks may shift.
        let from = within.start.plus(-self.duration_ms - DAY_MS).max(self.start);
        let to = within.end.plus(DAY_MS).min(Instant::MAX);
        if to < from {
            return Vec::new();
        }
        // `new` has accepted the rule, so it can be read again; a rule that cannot excuses nothing.
        let Ok(set) = self.set(from) else { return Vec::new() };
        let set = set.after(local(self.zone, from.plus(-DAY_MS))).before(local(self.zone, to));
        let millis = self.start.millis().rem_euclid(1000);
        let starts = set.all(MOST_OCCURRENCES).dates;
        let starts = starts
            .iter()
            .map(|start| moment_of(self.zone, start.naive_utc() - TimeDelta::days(AHEAD_DAYS)).plus(millis));
        starts.map(|start| Span::new(start, start.plus(self.duration_ms))).collect()
    }
}

/// The local time of a moment in whole seconds, written as if it were UTC, and [`AHEAD_DAYS`] later.
fn local(zone: Tz, at: Instant) -> chrono::DateTime<rrule::Tz> {
    let naive = zone.from_utc_datetime(&at.to_chrono().naive_utc()).naive_local();
    rrule::Tz::UTC.from_utc_datetime(&(naive.with_nanosecond(0).unwrap_or(naive) + TimeDelta::days(AHEAD_DAYS)))
}

/// The moment of a local time, by RFC 5545: the first of two when clocks go back over it, and as far after the jump as it
/// lies in the gap when they skip it.
fn moment_of(zone: Tz, time: NaiveDateTime) -> Instant {
    let found = zone.from_local_datetime(&time).earliest().or_else(|| {
        // No gap is longer than a day (Samoa skipped 30 December 2011).
        let day_before = zone.from_local_datetime(&(time - TimeDelta::days(1))).earliest()?;
        Some(day_before + TimeDelta::days(1))
    });
    Instant::from_millis(found.map_or(time.and_utc().timestamp(), |at| at.timestamp()) * 1000)
}

/// The rule without surrounding spaces and `RRULE:`, in capitals; what this leaves is one line of known characters.
fn normal_rule(rule: &str) -> Result<String, String> {
    let rule = rule.trim().to_ascii_uppercase();
    let rule = rule.strip_prefix("RRULE:").unwrap_or(&rule);
    if rule.len() > LONGEST_RULE {
        return Err(format!("a recurrence rule has at most {LONGEST_RULE} characters"));
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b';' | b',' | b'+' | b'-');
    if rule.is_empty() || !rule.bytes().all(known) {
        return Err("a recurrence rule looks like FREQ=WEEKLY;BYDAY=SU".to_owned());
    }
    Ok(rule.to_owned())
}

fn parse_rule(rule: &str) -> Result<RRule<Unvalidated>, String> {
    rule.parse::<RRule<Unvalidated>>().map_err(|error| plain_cause(&error.to_string()))
}

/// Refuses days that RFC 5545 forbids and the library drops from the rule without a word, which then happens on others.
fn check_days(rule: &str, parsed: &RRule<Unvalidated>) -> Result<(), String> {
    let weekly = parsed.get_freq() == Frequency::Weekly;
    if weekly && !parsed.get_by_month_day().is_empty() {
        return Err("BYMONTHDAY cannot stand beside FREQ=WEEKLY; write FREQ=MONTHLY, or BYDAY".to_owned());
    }
    if parsed.get_by_month_day().contains(&0) {
        return Err("BYMONTHDAY=0 is no day of a month; write 1 to 31, or -1 (the last) to -31".to_owned());
    }
    // Of the text, for the library takes a number that it cannot read for none.
    let days = rule.split(';').filter_map(|part| part.strip_prefix("BYDAY=")).flat_map(|days| days.split(','));
    for day in days {
        let (number, weekday) = day.split_at(day.len().saturating_sub(2));
        if number.is_empty() {
            continue;
        }
        if !number.parse::<i16>().is_ok_and(|number| number != 0) {
            return Err(format!(
                "BYDAY={day} counts nothing; write 1{weekday} (the first), -1{weekday} (the last) or {weekday}"
            ));
        }
        if weekly || parsed.get_freq() == Frequency::Daily {
            return Err(format!(
                "BYDAY={day} counts within a month or a year, so FREQ must be MONTHLY or YEARLY; for every week write \
                 BYDAY={weekday}"
            ));
        }
        if !parsed.get_by_week_no().is_empty() {
            return Err(format!("BYDAY={day} cannot stand beside BYWEEKNO; write BYDAY={weekday}"));
        }
    }
    Ok(())
}

/// The library's message without the class of error in front and the full stop at the end.
fn plain_cause(message: &str) -> String {
    let cause = message.split_once(" error: ").map_or(message, |(_, cause)| cause);
    cause.trim_end_matches('.').to_owned()
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
    fn an_occurrence_whose_midnight_clocks_skip_or_repeat_still_happens() {
        // Santiago skips 00:00–01:00 on 2026-09-06; Havana repeats 00:00–01:00 on 2026-11-01.
        let gap = starts("FREQ=DAILY", "America/Santiago", "2026-09-01T04:30:00Z", "2026-09-05", "2026-09-07 12:00");
        assert_eq!(gap, ["2026-09-05T04:30:00.000Z", "2026-09-06T04:30:00.000Z", "2026-09-07T03:30:00.000Z"]);
        let twice = starts("FREQ=DAILY", "America/Havana", "2026-10-20T04:30:00Z", "2026-11-01", "2026-11-03");
        assert_eq!(twice, ["2026-11-01T04:30:00.000Z", "2026-11-02T05:30:00.000Z"]);
    }

    #[test]
    fn until_is_a_moment_whatever_the_zone() {
        let rule = "rrule:freq=daily;until=20261103T010000Z";
        let starts = starts(rule, "Asia/Tokyo", "2026-11-01T01:00:00Z", "2026-11-01", "2026-12-01");
        assert_eq!(starts.last().map(String::as_str), Some("2026-11-03T01:00:00.000Z"));
    }

    #[test]
    fn jumping_ahead_keeps_the_phase_of_a_rule() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        for rule in [
            "FREQ=DAILY;INTERVAL=5",
            "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,WE;WKST=SU",
            "FREQ=WEEKLY;INTERVAL=2",
            "FREQ=DAILY;COUNT=900;BYDAY=MO,FR",
            "FREQ=MONTHLY;BYDAY=2TU",
            "FREQ=MONTHLY;BYMONTHDAY=31",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        ] {
            let recurrence = Recurrence::new(at("2016-02-29 22:30"), 7_200_000, rule, zone).unwrap();
            let all = recurrence.occurrences(Span::new(at("2016-01-01"), at("2030-01-01")));
            let late = Span::new(at("2024-02-10"), at("2026-01-01"));
            let mut expected = all.clone();
            expected.retain(|span| !span.intersect(late).is_empty());
            let mut found = recurrence.occurrences(late);
            found.retain(|span| !span.intersect(late).is_empty());
            assert_eq!(found, expected, "{rule}");
            assert!(!found.is_empty(), "{rule}");
        }
    }

    #[test]
    fn days_that_the_standard_forbids_are_refused_with_a_remedy() {
        let refused = |rule: &str| Recurrence::new(at("2020-01-01"), 60_000, rule, chrono_tz::UTC).unwrap_err();
        for (rule, cause) in [
            ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO counts within a month or a year"),
            ("FREQ=WEEKLY;BYDAY=MO,+2TU", "for every week write BYDAY=TU"),
            ("freq=daily;byday=-1su", "FREQ must be MONTHLY or YEARLY; for every week write BYDAY=SU"),
            ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY=0MO counts nothing; write 1MO"),
            ("FREQ=MONTHLY;BYDAY=99999MO", "BYDAY=99999MO counts nothing"),
            ("FREQ=YEARLY;BYDAY=XMO", "BYDAY=XMO counts nothing"),
            ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY"),
            ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "BYDAY=1MO cannot stand beside BYWEEKNO"),
            ("FREQ=DAILY;COUNT=3;UNTIL=20301231T000000Z", "keep one of them"),
            ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0 is no day of a month"),
            ("FREQ=MONTHLY;BYMONTHDAY=0,1", "BYMONTHDAY=0 is no day of a month"),
            ("FREQ=MONTHLY;BYMONTHDAY=-40", "BYMONTHDAY"),
            ("FREQ=WEEKLY;BYMONTHDAY=-1", "BYMONTHDAY cannot stand beside FREQ=WEEKLY"),
        ] {
            assert!(refused(rule).contains(cause), "{rule}: {}", refused(rule));
        }
    }

    #[test]
    fn ordinal_days_of_months_and_years_happen_on_them_alone() {
        let days = |rule: &str| starts(rule, "UTC", "2026-01-01T02:00:00Z", "2026-01-01", "2026-05-01");
        let expected =
            ["2026-01-05", "2026-02-02", "2026-03-02", "2026-04-06"].map(|day| format!("{day}T02:00:00.000Z"));
        assert_eq!(days("FREQ=MONTHLY;BYDAY=1MO"), expected);
        assert_eq!(days("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"), ["2026-03-29T02:00:00.000Z"]);
        assert_eq!(
            days("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2"),
            ["2026-01-31", "2026-02-28"].map(|day| format!("{day}T02:00:00.000Z"))
        );
        let mixed = days("FREQ=MONTHLY;COUNT=3;BYDAY=1MO,-1SU");
        assert_eq!(mixed, ["2026-01-05", "2026-01-25", "2026-02-02"].map(|day| format!("{day}T02:00:00.000Z")));
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
        for rule in [
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
            "FREQ=DAILY;UNTIL=20191231T000000Z",
            "FREQ=DAILY;UNTIL=20301231T000000",
            "FREQ=DAILY;UNTIL=20301231",
            "FREQ=YEARLY;BYEASTER=0",
            "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2,3,4,5,6,7,8,9,10",
            "FREQ=MONTHLY;INTERVAL=99999999",
            "FREQ=DAILY\nDTSTART:20200101T000000Z",
        ] {
            assert!(new(rule).is_err(), "{rule}");
        }
        let endless = new("FREQ=DAILY").unwrap().occurrences(Span::new(Instant::MIN, Instant::MAX));
        assert!(endless.len() <= usize::from(MOST_OCCURRENCES));
    }
}
