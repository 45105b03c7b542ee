//! Owns when hours of the day and days of the week occur: local time is UTC plus an offset that a zone's rules change.

use chrono::{Datelike, NaiveTime, Offset, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

use super::Hours;
use crate::domain::value::calendar::{Calendar, Date};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::moments::Moments;
use crate::domain::value::span::Span;

impl Hours {
    /// The instants of `stretch` whose local time is within the hours, on one of the weekdays. A skipped hour never
    /// occurs, a repeated one twice.
    pub(crate) fn moments(&self, stretch: Span) -> Moments {
        self.moments_but(&[], stretch)
    }

    /// The same without the local dates `except`, which are sorted.
    pub(crate) fn moments_but(&self, except: &[Date], stretch: Span) -> Moments {
        let bands = self.bands();
        let mut found = Vec::new();
        for (span, offset) in offsets(self.zone, stretch) {
            // Within this span, local time is UTC plus `offset`.
            let mut day = span.start.plus(offset).day_start();
            while day < span.end.plus(offset) {
                if self.is_on(day) && except.binary_search(&Calendar::UTC.date(day)).is_err() {
                    let utc = |local: i64| day.plus(local - offset);
                    found.extend(bands.iter().map(|(from, to)| Span::new(utc(*from), utc(*to)).intersect(span)));
                }
                day = day.plus(DAY_MS);
            }
        }
        Moments::of(found)
    }

    /// The hours of a day, in milliseconds since midnight.
    fn bands(&self) -> Vec<(i64, i64)> {
        let millis = |time: NaiveTime| {
            i64::from(time.num_seconds_from_midnight()) * 1000 + i64::from(time.nanosecond() / 1_000_000)
        };
        let (after, before) = (self.after.map_or(0, millis), self.before.map_or(DAY_MS, millis));
        if after <= before { vec![(after, before)] } else { vec![(0, before), (after, DAY_MS)] }
    }

    /// Whether a day, given by its local midnight read as UTC, is one of the weekdays.
    fn is_on(&self, day: Instant) -> bool {
        self.weekdays.is_empty() || self.weekdays.contains(&weekday(day))
    }
}

fn weekday(day: Instant) -> Weekday {
    day.to_chrono().weekday()
}

/// The spans of constant offset from UTC, in milliseconds, in a stretch.
fn offsets(zone: Tz, stretch: Span) -> Vec<(Span, i64)> {
    let offset = |at: Instant| {
        i64::from(zone.offset_from_utc_datetime(&at.to_chrono().naive_utc()).fix().local_minus_utc()) * 1000
    };
    let mut runs: Vec<(Span, i64)> = Vec::new();
    let mut at = stretch.start;
    while at < stretch.end {
        let now = offset(at);
        // No zone has changed its clocks back and forth within a day since 1970.
        let (mut inside, mut outside) = (at, at.plus(DAY_MS).min(stretch.end));
        if offset(outside) == now {
            inside = outside;
        }
        while outside.since(inside) > 1 {
            let middle = inside.plus(outside.since(inside) / 2);
            if offset(middle) == now {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        match runs.last_mut() {
            Some((span, known)) if *known == now => span.end = outside,
            _ => runs.push((Span::new(at, outside), now)),
        }
        at = outside;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(hours: (Option<&str>, Option<&str>, &[Weekday], &str), from: &str, to: &str) -> Vec<String> {
        let (after, before, weekdays, zone) = hours;
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        let hours = Hours {
            after: after.map(time),
            before: before.map(time),
            weekdays: weekdays.to_vec(),
            zone: zone.parse().unwrap(),
        };
        let at = |text: &str| Instant::parse(text).unwrap();
        let short = |at: Instant| at.to_chrono().format("%m-%dT%H:%M").to_string();
        let found = hours.moments(Span::new(at(from), at(to)));
        found.spans().iter().map(|span| format!("{} {}", short(span.start), short(span.end))).collect()
    }

    #[test]
    fn nights_span_midnight_and_weekdays_are_those_of_the_moment() {
        let nights = (Some("22:00"), Some("06:00"), &[Weekday::Sat, Weekday::Sun][..], "Europe/Berlin");
        // 21 November 2026 is a Saturday; Berlin is an hour ahead of UTC.
        assert_eq!(
            found(nights, "2026-11-20", "2026-11-24"),
            ["11-20T23:00 11-21T05:00", "11-21T21:00 11-22T05:00", "11-22T21:00 11-22T23:00"]
        );
        assert_eq!(found((None, None, &[], "UTC"), "2026-11-20", "2026-11-24"), ["11-20T00:00 11-24T00:00"]);
        assert_eq!(found((Some("12:00"), None, &[], "UTC"), "2026-11-20", "2026-11-21"), ["11-20T12:00 11-21T00:00"]);
    }

    #[test]
    fn an_hour_that_is_skipped_never_is_and_one_that_is_repeated_is_twice() {
        let early = (Some("02:00"), Some("03:00"), &[][..], "Europe/Berlin");
        // Clocks go from 02:00 to 03:00 on 29 March and from 03:00 back to 02:00 on 25 October.
        assert_eq!(found(early, "2026-03-28 12:00", "2026-03-29 12:00"), Vec::<String>::new());
        assert_eq!(found(early, "2026-10-24 12:00", "2026-10-25 12:00"), ["10-25T00:00 10-25T02:00"]);
        // Half an hour on Lord Howe Island, and a day that Samoa skipped: from Thursday to Saturday.
        let lord_howe = (Some("01:30"), Some("02:30"), &[][..], "Australia/Lord_Howe");
        assert_eq!(found(lord_howe, "2026-10-03", "2026-10-04"), ["10-03T15:00 10-03T15:30"]);
        let friday = (None, None, &[Weekday::Fri][..], "Pacific/Apia");
        assert_eq!(found(friday, "2011-12-28", "2012-01-04"), Vec::<String>::new());
    }
}
