//! Owns the laws of days and periods, over all zones, and days of known lengths.

use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::domain::value::instant::{HOUR_MS, MINUTE_MS};

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn calendar(zone: &str) -> Calendar {
    Calendar { zone: zone.parse().unwrap() }
}

/// What is wrong with a date of a zone, by definition: it begins when clocks first show it or a later date.
fn wrong_date(calendar: Calendar, date: Date) -> Option<String> {
    let span = calendar.span(date);
    let shown = |at: Instant| Date::of(at.plus(calendar.offset_ms(at)));
    let told = |what: &str| Some(format!("{} {date} {} {}: {what}", calendar.zone, span.start, span.end));
    if shown(span.start) < date || shown(span.start.plus(-1)) >= date {
        return told("clocks do not turn to it there");
    }
    if span.is_empty() {
        return (span.start != span.end || calendar.date(span.start) <= date).then(|| told("it overlaps")).flatten();
    }
    // After a change, clocks may show a date before it begins or after it has ended.
    let is_plain = span.millis() == DAY_MS && calendar.offset_ms(span.start) == calendar.offset_ms(span.end);
    let step = if is_plain { 12 * HOUR_MS } else { 5 * MINUTE_MS };
    let mut before = span.start.plus(-if is_plain { 0 } else { 30 * HOUR_MS });
    while before < span.start {
        if shown(before) >= date {
            return told("clocks show it before");
        }
        before = before.plus(step);
    }
    let mut inside = span.start;
    while inside < span.end {
        if calendar.date(inside) != date || calendar.day(inside) != span {
            return told("it does not contain its moments");
        }
        inside = inside.plus(step);
    }
    (calendar.date(span.end.plus(-1)) != date || calendar.date(span.end) <= date)
        .then(|| told("it does not end"))
        .flatten()
}

/// What is wrong with the period at an instant: it contains it, consists of complete days, and adjoins its neighbors.
fn wrong_period(calendar: Calendar, unit: CalendarUnit, at: Instant) -> Option<String> {
    let period = calendar.period(unit, at);
    let is_right = period.start <= at
        && at < period.end
        && calendar.period(unit, period.start) == period
        && calendar.period(unit, period.end.plus(-1)) == period
        && calendar.period(unit, period.end).start == period.end
        && calendar.period(unit, period.start.plus(-1)).end == period.start
        && calendar.day_start(period.start) == period.start;
    (!is_right).then(|| format!("{} {} of {at}: {} {}", calendar.zone, unit.as_str(), period.start, period.end))
}

proptest! {
    #[test]
    fn days_and_periods_of_every_zone_follow_each_other(
        zone in select(TZ_VARIANTS.to_vec()), at in 946_684_800_000..Instant::MAX.millis(), turn in 0..400_i64,
    ) {
        let calendar = Calendar { zone };
        // Any instant, and one next to the following clock change.
        let at = Instant::from_millis(at);
        let changed = (1..400).map(|days| at.plus(days * DAY_MS)).find(|then| calendar.offset_ms(*then) != calendar.offset_ms(at));
        let beside = changed.map(|then| calendar.next_change(at, then).plus((turn - 200) * 10 * MINUTE_MS));
        for at in [Some(at), beside].into_iter().flatten() {
            prop_assert_eq!(wrong_date(calendar, calendar.date(at)), None);
            for unit in CalendarUnit::ALL {
                prop_assert_eq!(wrong_period(calendar, unit, at), None);
            }
        }
    }
}

#[test]
#[ignore = "takes minutes: every day of every zone from 2000 to 2262"]
fn all_days_and_periods_of_all_zones_follow_each_other() {
    let (mut days, mut skipped) = (0_u64, Vec::new());
    for zone in TZ_VARIANTS {
        let calendar = Calendar { zone };
        let last = calendar.date(Instant::MAX);
        let mut date = calendar.date(at("2000-01-01"));
        while date < last {
            assert_eq!(wrong_date(calendar, date), None);
            let span = calendar.span(date);
            days += 1;
            if span.is_empty() {
                skipped.push(format!("{} {date}", zone.name()));
            } else if span.millis() != DAY_MS || date.since(last) % 7 == 0 {
                for unit in CalendarUnit::ALL {
                    assert_eq!(wrong_period(calendar, unit, span.start), None);
                    assert_eq!(wrong_period(calendar, unit, span.end.plus(-1)), None);
                }
            }
            date = date.next();
        }
    }
    assert_eq!(skipped, ["Pacific/Apia 2011-12-30", "Pacific/Fakaofo 2011-12-30"]);
    // For the 597 known zones.
    assert_eq!(days, 57_129_320);
}

#[test]
fn days_are_as_long_as_clocks_make_them() {
    for (zone, date, start, minutes) in [
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00.000Z", 23 * 60),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00.000Z", 25 * 60),
        // Half an hour on Lord Howe Island.
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00.000Z", 23 * 60 + 30),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z", 24 * 60 + 30),
        // Sao Paulo jumped from 00:00 to 01:00, and Havana went from 00:59 back to 00:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z", 23 * 60),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00.000Z", 25 * 60),
        // Beirut goes back from 24:00 to 23:00, so the old day is longer.
        ("Asia/Beirut", "2026-10-24", "2026-10-23T21:00:00.000Z", 25 * 60),
        // St. John's went back at 00:01, when the new day had begun.
        ("America/St_Johns", "2010-11-06", "2010-11-06T02:30:00.000Z", 24 * 60),
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30:00.000Z", 25 * 60),
        // Apia skipped the last Friday of 2011.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00.000Z", 24 * 60),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000Z", 0),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z", 24 * 60),
    ] {
        let noon = at(&format!("{date} 12:00"));
        let span = calendar(zone).span(Date::of(noon));
        assert_eq!((Date::of(noon).to_string().as_str(), span.start.to_string().as_str()), (date, start), "{zone}");
        assert_eq!(span.millis(), minutes * MINUTE_MS, "{zone} {date}");
    }
}

#[test]
fn a_repeated_hour_before_midnight_belongs_to_the_day_that_has_begun() {
    // 00:00:30 on 7 November, and 23:30 on 6 November for the second time.
    let calendar = calendar("America/St_Johns");
    for moment in ["2010-11-07T02:30:30Z", "2010-11-07T03:00:00Z", "2010-11-08T03:29:59Z"] {
        assert_eq!(calendar.date(at(moment)).to_string(), "2010-11-07", "{moment}");
        let week = calendar.period(CalendarUnit::Week, at("2010-11-08T03:29:59Z"));
        assert_eq!(week.end.to_string(), "2010-11-08T03:30:00.000Z");
    }
    assert_eq!(calendar.date(at("2010-11-07T02:29:59Z")).to_string(), "2010-11-06");
}
