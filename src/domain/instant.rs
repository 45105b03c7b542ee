//! Owns moments in time: UTC milliseconds, how people write them, and how they are printed.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

/// Milliseconds in a UTC day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Milliseconds in a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// Numbers smaller than this are Unix seconds, others Unix milliseconds (1e11 s is the year 5138, 1e11 ms is 1973).
const SECONDS_BELOW: i64 = 100_000_000_000;

/// A moment: whole UTC milliseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Instant(i64);

impl Instant {
    /// 1970-01-01T00:00:00.000Z, the earliest moment a fact may have.
    pub(crate) const MIN: Self = Self(0);
    /// 2262-01-01T00:00:00.000Z, the latest moment a fact may have.
    pub(crate) const MAX: Self = Self(9_214_646_400_000);

    /// Wraps milliseconds since 1970 without a range check: intermediate results may lie outside `MIN..=MAX`.
    pub(crate) const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub(crate) const fn millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `millis` (negative: back).
    pub(crate) const fn plus(self, millis: i64) -> Self {
        Self(self.0 + millis)
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub(crate) const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The UTC midnight at or before this moment.
    pub(crate) const fn day_start(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY_MS))
    }

    /// Reads a time as people type it: RFC 3339, `2026-11-20`, `2026-11-20 14:05[:07]` (UTC), Unix seconds or milliseconds
    /// (told apart by size: below 1e11 it is seconds). Fractions finer than a millisecond are cut off.
    ///
    /// # Errors
    /// When the text has none of these shapes, or lies outside 1970–2262.
    pub(crate) fn parse(text: &str) -> Result<Self, InstantError> {
        let text = text.trim();
        let instant = if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            Self(time.timestamp_millis())
        } else if let Some(number) = parse_unix(text) {
            number
        } else {
            parse_plain(text).ok_or(InstantError::Unreadable)?
        };
        instant.in_range()
    }

    /// This moment, if facts may have it.
    ///
    /// # Errors
    /// When it lies outside 1970–2262.
    pub(crate) fn in_range(self) -> Result<Self, InstantError> {
        if (Self::MIN..=Self::MAX).contains(&self) { Ok(self) } else { Err(InstantError::OutOfRange) }
    }

    /// The same moment for calendar arithmetic; moments beyond chrono's range (±262 000 years) become the epoch.
    pub(crate) fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Unix seconds or milliseconds, told apart by size; a fraction counts to the millisecond.
fn parse_unix(text: &str) -> Option<Instant> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let whole: i64 = whole.parse().ok()?;
    if whole >= SECONDS_BELOW {
        return Some(Instant(sign * whole));
    }
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some(Instant(sign * (whole * 1000 + fraction.parse::<i64>().ok()?)))
}

/// A date, or a date and a time of day without zone, taken as UTC.
fn parse_plain(text: &str) -> Option<Instant> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(Instant(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis()));
    }
    ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|shape| NaiveDateTime::parse_from_str(text, shape).ok())
        .map(|time| Instant(time.and_utc().timestamp_millis()))
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC with milliseconds, the one form in which instants are printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_chrono().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// Why a text is not a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum InstantError {
    /// None of the accepted shapes.
    Unreadable,
    /// Before 1970 or after 2262-01-01.
    OutOfRange,
}

impl fmt::Display for InstantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => {
                "not a time; write RFC 3339 (2026-11-20T14:05:00Z), 2026-11-20, 2026-11-20 14:05, or Unix seconds or milliseconds"
            }
            Self::OutOfRange => "outside 1970–2262",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        Instant::parse(text).unwrap().millis()
    }

    #[test]
    fn every_accepted_shape_of_one_moment_reads_the_same() {
        let expected = 1_763_647_500_000;
        for text in [
            "2025-11-20T14:05:00Z",
            "2025-11-20T15:05:00+01:00",
            "2025-11-20t14:05:00.000z",
            "2025-11-20 14:05",
            "2025-11-20 14:05:00",
            "1763647500",
            "1763647500000",
            "1763647500.000",
            " 2025-11-20T14:05:00Z ",
        ] {
            assert_eq!(ms(text), expected, "{text}");
        }
        assert_eq!(ms("2025-11-20"), 1_763_596_800_000);
        assert_eq!(ms("1763647500.1239"), expected + 123);
    }

    #[test]
    fn nonsense_and_far_away_times_are_refused() {
        for text in ["", "NaN", "yesterday", "2025-13-01", "1e9", "99999999999999999999", "2025-11-20T25:00:00Z"] {
            assert_eq!(Instant::parse(text), Err(InstantError::Unreadable), "{text}");
        }
        for text in ["1969-12-31T23:59:59.999Z", "2262-01-01T00:00:00.001Z", "-5", "2300-01-01"] {
            assert_eq!(Instant::parse(text), Err(InstantError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn a_day_of_utc_begins_at_the_midnight_before() {
        let noon = Instant::parse("2026-11-20 12:00").unwrap();
        assert_eq!(noon.day_start().to_string(), "2026-11-20T00:00:00.000Z");
        assert_eq!(noon.day_start().day_start(), noon.day_start());
    }
}
