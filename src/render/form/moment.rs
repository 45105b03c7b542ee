//! Owns times for people: in the zone of the reader, which is named with every time.
//!
//! The zone is a matter of presentation, like the width of a terminal, and affects every sentence of every answer: it
//! is set once per run, before anything is written. Programs always read UTC.

use std::cell::Cell;

use chrono::{DateTime, MappedLocalTime, TimeZone as _};
use chrono_tz::Tz;

use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

thread_local! {
    /// The zone of the times that this thread writes.
    static ZONE: Cell<Tz> = const { Cell::new(Tz::UTC) };
}

/// From here on, this thread writes times in this zone.
pub(crate) fn read_in(zone: Tz) {
    ZONE.set(zone);
}

/// The name of the zone, for a line below times without a zone: `UTC`, `Europe/Berlin`.
pub(in crate::render) fn zone() -> &'static str {
    ZONE.get().name()
}

/// To the minute, if the zone is named elsewhere: `2026-11-20 14:05`; in an hour that clocks repeat, `2026-10-25 02:30 CET`.
pub(crate) fn minute(at: Instant) -> String {
    distinct(at, "%Y-%m-%d %H:%M")
}

/// To the second, if the zone is named elsewhere: `2026-11-20 14:05:00`.
pub(in crate::render) fn second(at: Instant) -> String {
    distinct(at, "%Y-%m-%d %H:%M:%S")
}

/// To the minute, with the zone: `2026-11-20 14:05 UTC`, `2026-11-20 15:05 CET`.
pub(crate) fn zoned(at: Instant) -> String {
    written(at, "%Y-%m-%d %H:%M %Z")
}

/// To the second, with the zone: `2026-11-20 14:05:00 UTC`.
pub(crate) fn zoned_second(at: Instant) -> String {
    written(at, "%Y-%m-%d %H:%M:%S %Z")
}

/// A range; the zone is named once, unless the clocks change in between: `2026-11-13 14:05 to 2026-11-20 14:05 UTC`.
pub(in crate::render) fn range(span: Span) -> String {
    let abbreviation = |at| written(at, "%Z");
    let same = abbreviation(span.start) == abbreviation(span.end);
    let start = if same { written(span.start, "%Y-%m-%d %H:%M") } else { zoned(span.start) };
    format!("{start} to {}", zoned(span.end))
}

/// From the first time to the last, or a single time if they are in the same minute.
pub(in crate::render) fn stretch(first: Instant, last: Instant) -> String {
    if minute(first) == minute(last) { zoned(last) } else { range(Span { start: first, end: last }) }
}

/// The date: `2026-11-20`.
pub(in crate::render) fn day(at: Instant) -> String {
    written(at, "%Y-%m-%d")
}

/// The date without its year: `11-20`.
pub(in crate::render) fn short_day(at: Instant) -> String {
    written(at, "%m-%d")
}

/// As short as possible on another day: `13:41`, `11-18 13:41`, `2025-11-18`.
pub(in crate::render) fn clock(at: Instant, now: Instant) -> String {
    let same = |format: &str| written(at, format) == written(now, format);
    match (same("%Y-%m-%d"), same("%Y")) {
        (true, _) => distinct(at, "%H:%M"),
        (_, true) => distinct(at, "%m-%d %H:%M"),
        _ => day(at),
    }
}

/// A time of day, with the zone's abbreviation if clocks show it twice.
fn distinct(at: Instant, format: &str) -> String {
    let shown = local(at);
    let twice = shown.timezone().from_local_datetime(&shown.naive_local());
    let zone = if matches!(twice, MappedLocalTime::Ambiguous(..)) { " %Z" } else { "" };
    shown.format(&[format, zone].concat()).to_string()
}

fn written(at: Instant, format: &str) -> String {
    local(at).format(format).to_string()
}

fn local(at: Instant) -> DateTime<Tz> {
    at.to_chrono().with_timezone(&ZONE.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn moments_are_written_in_the_zone_of_the_reader() {
        let (summer, winter) = (at("2026-10-24T22:30:00Z"), at("2026-11-20T14:05:09Z"));
        assert_eq!((minute(winter).as_str(), zone()), ("2026-11-20 14:05", "UTC"));
        assert_eq!(range(Span::new(summer, winter)), "2026-10-24 22:30 to 2026-11-20 14:05 UTC");
        read_in(Tz::Europe__Berlin);
        assert_eq!((zoned(summer).as_str(), zoned(winter).as_str()), ("2026-10-25 00:30 CEST", "2026-11-20 15:05 CET"));
        assert_eq!(range(Span::new(summer, winter)), "2026-10-25 00:30 CEST to 2026-11-20 15:05 CET");
        assert_eq!(clock(summer, at("2026-10-25T12:00:00Z")), "00:30");
        assert_eq!((second(winter).as_str(), day(summer).as_str()), ("2026-11-20 15:05:09", "2026-10-25"));
        // An hour that clocks show twice.
        let (first, second_time) = (at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"));
        assert_eq!(minute(first), "2026-10-25 02:30 CEST");
        assert_eq!(minute(second_time), "2026-10-25 02:30 CET");
        assert_eq!((second(first), clock(second_time, first)), ("2026-10-25 02:30:00 CEST".into(), "02:30 CET".into()));
        assert_eq!(range(Span::new(first, first)), "2026-10-25 02:30 to 2026-10-25 02:30 CEST");
        assert_eq!(minute(at("2026-10-25T02:00:00Z")), "2026-10-25 03:00");
        read_in(Tz::Asia__Kathmandu);
        assert_eq!(zoned(winter), "2026-11-20 19:50 +0545");
    }
}
