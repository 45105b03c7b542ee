//! Owns conversion between instants and the local time of a zone.

use chrono::{DateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::domain::value::instant::Instant;

/// How far the clocks of a zone are ahead of UTC at an instant, in milliseconds.
pub(crate) fn offset_ms(zone: Tz, at: Instant) -> i64 {
    if zone == Tz::UTC {
        return 0;
    }
    i64::from(zone.offset_from_utc_datetime(&at.to_chrono().naive_utc()).fix().local_minus_utc()) * 1000
}

/// The local time at an instant, in milliseconds as if it were UTC.
pub(crate) fn local_ms(zone: Tz, at: Instant) -> i64 {
    at.millis() + offset_ms(zone, at)
}

/// The instant of a local time, as RFC 5545 defines it: the first of two when clocks repeat it, and shifted by the jump
/// when they skip it.
pub(crate) fn moment_of(zone: Tz, local_ms: i64) -> Instant {
    if zone == Tz::UTC {
        return Instant::from_millis(local_ms);
    }
    let local = DateTime::from_timestamp_millis(local_ms).unwrap_or_default().naive_utc();
    let offset = zone.offset_from_local_datetime(&local).earliest().or_else(|| {
        // The offset before the jump; no jump is longer than a day (Samoa skipped 30 December 2011).
        zone.offset_from_local_datetime(&(local - TimeDelta::days(1))).earliest()
    });
    Instant::from_millis(local_ms - offset.map_or(0, |offset| i64::from(offset.fix().local_minus_utc()) * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_clocks_skip_or_show_twice_are_found() {
        for (zone, local, moment) in [
            ("Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-01T10:00:00.000Z"),
            // 02:00 to 03:00 is skipped, then repeated.
            ("Europe/Berlin", "2026-03-29T02:30:00Z", "2026-03-29T01:30:00.000Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00.000Z"),
            // Half an hour is skipped, then repeated.
            ("Australia/Lord_Howe", "2026-10-04T02:15:00Z", "2026-10-03T15:45:00.000Z"),
            ("Australia/Lord_Howe", "2026-04-05T01:45:00Z", "2026-04-04T14:45:00.000Z"),
            // A full day is skipped.
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T20:00:00.000Z"),
        ] {
            let (zone, local): (Tz, _) = (zone.parse().unwrap(), Instant::parse(local).unwrap().millis());
            assert_eq!(moment_of(zone, local).to_string(), moment, "{zone}");
        }
        let berlin: Tz = "Europe/Berlin".parse().unwrap();
        for at in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"] {
            let shown = Instant::from_millis(local_ms(berlin, Instant::parse(at).unwrap()));
            assert_eq!(shown.to_string(), "2026-10-25T02:30:00.000Z");
        }
    }
}
