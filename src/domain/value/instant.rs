//! Owns instants: UTC milliseconds, how people write them, and how they are printed.

mod offset;
mod spelling;

use std::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
pub(crate) use offset::Offset;

/// Milliseconds in a UTC day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Milliseconds in a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// An instant: integer UTC milliseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Instant(i64);

impl Instant {
    /// 1970-01-01T00:00:00.000Z; nothing earlier is searched.
    pub(crate) const MIN: Self = Self(0);
    /// 2000-01-01T00:00:00.000Z, the earliest accepted instant.
    pub(crate) const EARLIEST: Self = Self(946_684_800_000);
    /// 2262-01-01T00:00:00.000Z, the latest instant of a fact.
    pub(crate) const MAX: Self = Self(9_214_646_400_000);

    /// Wraps milliseconds since 1970 without a range check: intermediate results may lie outside `MIN..=MAX`.
    pub(crate) const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub(crate) const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `millis` (negative: back).
    pub(crate) const fn plus(self, millis: i64) -> Self {
        Self(self.0 + millis)
    }

    /// Milliseconds from `earlier` to this instant; negative if `earlier` is later.
    pub(crate) const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The UTC midnight at or before this instant.
    pub(crate) const fn day_start(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY_MS))
    }

    /// Reads a time as people type it: RFC 3339 with or without seconds, its offset also as `+0200` or `+02`;
    /// `2026-11-20`, `2026-11-20 14:05[:07]` (UTC, optionally stated); Unix seconds or milliseconds (distinguished by
    /// size: below 1e11 it is seconds). Fractions finer than a millisecond are cut off.
    ///
    /// # Errors
    /// When the text has none of these forms, lies outside 2000–2262, or is a number that is probably not Unix time.
    pub(crate) fn parse(text: &str) -> Result<Self, InstantError> {
        Self::parse_in(text, Self)
    }

    /// Reads a time likewise; `local` is the instant of one without an offset, from its milliseconds as if in UTC.
    ///
    /// # Errors
    /// Like [`Self::parse`].
    pub(crate) fn parse_in(text: &str, local: impl FnOnce(i64) -> Self) -> Result<Self, InstantError> {
        spelling::read(text.trim(), local)
    }

    /// Reads an instant as this program prints it.
    pub(crate) fn parse_printed(text: &str) -> Option<Self> {
        let millis = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        Some(Self(millis)).filter(|at| at.is_storable())
    }

    /// Whether a database may hold this instant: since 1970, as earlier versions accepted such facts.
    pub(crate) fn is_storable(self) -> bool {
        (Self::MIN..=Self::MAX).contains(&self)
    }

    /// This instant, if it is accepted.
    ///
    /// # Errors
    /// When it lies outside 2000–2262.
    pub(crate) fn in_range(self) -> Result<Self, InstantError> {
        match self {
            at if (Self::EARLIEST..=Self::MAX).contains(&at) => Ok(at),
            at if at.to_chrono().year() == Self::MAX.to_chrono().year() => Err(InstantError::TooLate),
            _ => Err(InstantError::OutOfRange),
        }
    }

    /// The instant in chrono; instants beyond its range (±262 000 years) become the epoch.
    pub(crate) fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC with milliseconds, the one form in which instants are printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_storable() {
            return f.write_str(&self.to_chrono().to_rfc3339_opts(SecondsFormat::Millis, true));
        }
        // Long answers contain millions of times.
        let date = self.to_chrono().date_naive();
        let clock = self.0.rem_euclid(DAY_MS);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |end: usize, digits: usize, number: i64| {
            let mut rest = number;
            for place in text[end - digits..end].iter_mut().rev() {
                *place = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        };
        put(4, 4, date.year().into());
        put(7, 2, date.month().into());
        put(10, 2, date.day().into());
        put(13, 2, clock / HOUR_MS);
        put(16, 2, clock / MINUTE_MS % 60);
        put(19, 2, clock / 1000 % 60);
        put(23, 3, clock % 1000);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Why a text is not a valid instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum InstantError {
    /// None of the accepted forms.
    Unreadable,
    /// Before 2000 or after 2262-01-01.
    OutOfRange,
    /// Later in 2262.
    TooLate,
    /// A number that is before 2000 as Unix time.
    TooEarly(Instant),
    /// `YYYYMMDD`, and the date or time it means.
    CompactDate(Instant),
    /// A spreadsheet's day number, and the date or time it means.
    SpreadsheetDate(Instant),
    /// Unix microseconds or nanoseconds, by their number of digits.
    TooFine,
}

impl fmt::Display for InstantError {
    /// Describes the text, as it follows "is".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str(
                "not a time; write RFC 3339 (2026-11-20T14:05:00Z), 2026-11-20, 2026-11-20 14:05, or Unix seconds or milliseconds",
            ),
            Self::OutOfRange => f.write_str("outside 2000–2262"),
            Self::TooLate => f.write_str("after 2262-01-01, the latest time"),
            Self::TooEarly(at) => write!(f, "outside 2000–2262: as Unix time it is {at}; write for example 2026-11-20T14:05:00Z"),
            Self::CompactDate(meant) => write!(f, "a number that looks like a date; write {}", typed(*meant)),
            Self::SpreadsheetDate(meant) => {
                write!(f, "a number that looks like a spreadsheet date; write {}", typed(*meant))
            }
            Self::TooFine => f.write_str("a number that is too large; write Unix seconds or milliseconds"),
        }
    }
}

/// An instant of full seconds as people type it.
fn typed(at: Instant) -> impl fmt::Display {
    let shape = match at.0.rem_euclid(DAY_MS) {
        0 => "%Y-%m-%d",
        clock if clock % MINUTE_MS == 0 => "%Y-%m-%d %H:%M",
        _ => "%Y-%m-%d %H:%M:%S",
    };
    at.to_chrono().format(shape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn moments_are_printed_as_rfc_3339(millis in prop_oneof![0..=Instant::MAX.0, -9_000_000_000_000..9_999_999_999_999_i64]) {
            let expected = Instant(millis).to_chrono().to_rfc3339_opts(SecondsFormat::Millis, true);
            prop_assert_eq!(Instant(millis).to_string(), expected);
        }
    }

    fn ms(text: &str) -> i64 {
        Instant::parse(text).unwrap().millis()
    }

    #[test]
    fn every_accepted_shape_of_one_moment_reads_the_same() {
        let expected = 1_763_647_500_000;
        for text in [
            "2025-11-20T14:05:00Z",
            "2025-11-20T14:05Z",
            "2025-11-20T14:05",
            "2025-11-20T15:05:00+01:00",
            "2025-11-20T15:05:00+0100",
            "2025-11-20T15:05+01",
            "2025-11-20 08:35:00 -05:30",
            "2025-11-20t14:05:00.000z",
            "2025-11-20T14:05:00.000999Z",
            "2025-11-20T14:05:00.000000999123456789+00:00",
            "2025-11-20T14:05:00,000+0000",
            "2025-11-20 14:05",
            "2025-11-20 14:05:00",
            "2025-11-20 14:05 UTC",
            "2025-11-20 14:05:00.0004 utc",
            "2025-11-20 14:05Z",
            "2025-11-20 14:05:00 GMT",
            "2025-11-20 14:05:00 +0000 UTC",
            "2025-11-20 16:05:00.123456 +0200 EET",
            "1763647500",
            "1763647500000",
            "1763647500.000",
            " 2025-11-20T14:05:00Z ",
        ] {
            let tail = if text.contains("123456 ") { 123 } else { 0 };
            assert_eq!(ms(text), expected + tail, "{text}");
        }
        for text in ["2025-11-20", "2025-11-20 UTC", "2025-11-20 00:00", "2025-11-19T23:59:60Z"] {
            assert_eq!(ms(text), 1_763_596_800_000, "{text}");
        }
        assert_eq!(ms("1763647500.1239"), expected + 123);
        assert_eq!(ms("2000-01-01"), ms("946684800"));
        assert_eq!(Instant::parse("2262-01-01"), Ok(Instant::MAX));
    }

    #[test]
    fn nonsense_and_far_away_times_are_refused() {
        for text in [
            "",
            "NaN",
            "yesterday",
            "2025-13-01",
            "2025-02-29",
            "1e9",
            "99999999999999999999",
            "2025-11-20T25:00:00Z",
            "2025-11-20T14",
            "2025-11-20T14:60",
            "2025-11-20T14:05:61",
            "2025-11-20T14:05:00.",
            "2025-11-20T14:05:00 CEST",
            "2025-11-20T14:05:00+2",
            "2025-11-20T14:05:00+02:60",
            "2025-11-20T14:05:00+24:00",
            "2025-11-20T14:05:00 02:00",
            "2025-11-20T14:05:00Z Z",
            "2025-11-20Z",
            "2025-11-20-",
            "20.11.2025",
            "ü025-11-20",
            "٢٠٢٥-١١-٢٠",
        ] {
            assert_eq!(Instant::parse(text), Err(InstantError::Unreadable), "{text}");
        }
        for text in ["1999-12-31T23:59:59.999Z", "1970-01-01", "2300-01-01", "9300000000"] {
            assert_eq!(Instant::parse(text), Err(InstantError::OutOfRange), "{text}");
        }
        assert_eq!(Instant::parse("2262-01-01T00:00:00.001Z"), Err(InstantError::TooLate));
    }

    #[test]
    fn numbers_that_were_hardly_meant_as_unix_time_are_refused_with_what_was_meant() {
        for (text, told) in [
            ("20261003", "a number that looks like a date; write 2026-10-03"),
            ("20000229", "a number that looks like a date; write 2000-02-29"),
            ("202610031405", "a number that looks like a date; write 2026-10-03 14:05"),
            ("20261003140507", "a number that looks like a date; write 2026-10-03 14:05:07"),
            ("20261003T140507Z", "a number that looks like a date; write 2026-10-03 14:05:07"),
            ("20261003.5", "a number that looks like a date; write 2026-10-03"),
            ("20261003140507.25", "a number that looks like a date; write 2026-10-03 14:05:07"),
            ("22620101", "a number that looks like a date; write 2262-01-01"),
            ("2262-12-31", "after 2262-01-01, the latest time"),
            ("2262-01-01T00:00:00.001Z", "after 2262-01-01, the latest time"),
            ("2263-01-01", "outside 2000–2262"),
            ("46298", "a number that looks like a spreadsheet date; write 2026-10-03"),
            ("46298.5", "a number that looks like a spreadsheet date; write 2026-10-03 12:00"),
            ("46298.586736111", "a number that looks like a spreadsheet date; write 2026-10-03 14:04:54"),
            (
                "0",
                "outside 2000–2262: as Unix time it is 1970-01-01T00:00:00.000Z; write for example 2026-11-20T14:05:00Z",
            ),
            (
                "-5",
                "outside 2000–2262: as Unix time it is 1969-12-31T23:59:55.000Z; write for example 2026-11-20T14:05:00Z",
            ),
            (
                "946684799.999",
                "outside 2000–2262: as Unix time it is 1999-12-31T23:59:59.999Z; write for example 2026-11-20T14:05:00Z",
            ),
            (
                "946684799999",
                "outside 2000–2262: as Unix time it is 1999-12-31T23:59:59.999Z; write for example 2026-11-20T14:05:00Z",
            ),
            ("1763647500000000", "a number that is too large; write Unix seconds or milliseconds"),
            ("1763647500000000000", "a number that is too large; write Unix seconds or milliseconds"),
        ] {
            assert_eq!(Instant::parse(text).unwrap_err().to_string(), told, "{text}");
        }
    }

    proptest::proptest! {
        /// An instant in any spelling, with any offset and precision, reads as that instant cut to the millisecond.
        #[test]
        fn every_spelling_reads_back(
            millis in 946_771_200_000i64..9_214_560_000_000,
            minutes in -14 * 60..=14 * 60i64,
            (t, seconds, colon, whole_hours) in (0..4usize, 0..5usize, proptest::bool::ANY, proptest::bool::ANY),
        ) {
            let minutes = if whole_hours { minutes / 60 * 60 } else { minutes };
            let digits = [None, Some(0), Some(3), Some(6), Some(9)][seconds];
            let unit = match digits { None => MINUTE_MS, Some(0) => 1000, Some(_) => 1 };
            let at = millis - millis.rem_euclid(unit);
            let local = Instant(at + minutes * MINUTE_MS).to_chrono();
            let between = ["T", "t", " ", "  "][t];
            let clock = match digits {
                None => local.format("%H:%M").to_string(),
                Some(0) => local.format("%H:%M:%S").to_string(),
                Some(3) => local.format("%H:%M:%S%.3f").to_string(),
                Some(more) => format!("{}{}", local.format("%H:%M:%S%.3f"), "9".repeat(more - 3)),
            };
            let (sign, ahead) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
            let offset = match (ahead % 60, colon) {
                (0, _) if whole_hours => format!("{:02}", ahead / 60),
                (rest, true) => format!("{:02}:{rest:02}", ahead / 60),
                (rest, false) => format!("{:02}{rest:02}", ahead / 60),
            };
            let text = format!("{}{between}{clock}{sign}{offset}", local.format("%Y-%m-%d"));
            proptest::prop_assert_eq!(Instant::parse(&text), Ok(Instant(at)), "{}", text);
            if minutes == 0 {
                let text = format!("{}{between}{clock} UTC", local.format("%Y-%m-%d"));
                proptest::prop_assert_eq!(Instant::parse(&text), Ok(Instant(at)), "{}", text);
            }
        }

        /// RFC 3339 as chrono reads it is the same instant here.
        #[test]
        fn rfc_3339_agrees_with_chrono(
            text in "20[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,11})?(Z|z|[+-][0-2][0-9]:[0-6][0-9])"
        ) {
            if let Ok(time) = DateTime::parse_from_rfc3339(&text) {
                proptest::prop_assert_eq!(Instant::parse(&text), Instant(time.timestamp_millis()).in_range(), "{}", text);
            }
        }

        #[test]
        fn any_text_is_safe(text: String, digits in "[0-9]{0,22}[.TZ:-]?[0-9]{0,9}") {
            let _ = (Instant::parse(&text), Instant::parse(&digits));
        }
    }

    #[test]
    fn a_day_of_utc_begins_at_the_midnight_before() {
        let noon = Instant::parse("2026-11-20 12:00").unwrap();
        assert_eq!(noon.day_start().to_string(), "2026-11-20T00:00:00.000Z");
        assert_eq!(noon.day_start().day_start(), noon.day_start());
    }
}
