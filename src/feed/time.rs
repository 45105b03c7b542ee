//! Owns fast reading of RFC 3339 times and Unix times; it agrees with [`Instant::parse`] whenever it returns a result.

use chrono::NaiveDate;

use crate::domain::value::instant::{DAY_MS, HOUR_MS, Instant, MINUTE_MS};

/// Reads times, caching the last date.
pub(super) struct Times {
    date: [u8; 10],
    day_ms: i64,
}

impl Times {
    pub(super) fn new() -> Self {
        Self { date: *b"1970-01-01", day_ms: 0 }
    }

    /// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`, or Unix seconds or milliseconds; `None` for anything else, which may
    /// be a valid time.
    pub(super) fn fast(&mut self, text: &[u8]) -> Option<Instant> {
        if let Some(at) = unix(text) {
            return Some(at);
        }
        let (date, rest) = text.split_first_chunk::<10>()?;
        let (clock, rest) = rest.split_first_chunk::<9>()?;
        if clock[0] != b'T' || clock[3] != b':' || clock[6] != b':' {
            return None;
        }
        let (hour, minute, second) = (two(clock[1], clock[2])?, two(clock[4], clock[5])?, two(clock[7], clock[8])?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let (fraction_ms, zone) = fraction(rest)?;
        let offset_ms = match zone {
            [b'Z'] => 0,
            [sign @ (b'+' | b'-'), a, b, b':', c, d] => {
                let (hours, minutes) = (two(*a, *b)?, two(*c, *d)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = hours * HOUR_MS + minutes * MINUTE_MS;
                if *sign == b'-' { -offset } else { offset }
            }
            _ => return None,
        };
        let day_ms = self.day(date)?;
        let clock_ms = hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + fraction_ms;
        Some(Instant::from_millis(day_ms + clock_ms - offset_ms))
    }

    fn day(&mut self, date: &[u8; 10]) -> Option<i64> {
        if *date == self.date {
            return Some(self.day_ms);
        }
        if date[4] != b'-' || date[7] != b'-' {
            return None;
        }
        let year = two(date[0], date[1])? * 100 + two(date[2], date[3])?;
        let (month, day) = (two(date[5], date[6])?, two(date[8], date[9])?);
        let found = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32)?;
        let days = found.signed_duration_since(NaiveDate::default()).num_days();
        self.date = *date;
        self.day_ms = days * DAY_MS;
        Some(self.day_ms)
    }
}

/// Unix seconds or milliseconds from September 2001 on. No other number that is a time has as many digits.
fn unix(text: &[u8]) -> Option<Instant> {
    let to_millis = match text.len() {
        10 => 1000,
        13 => 1,
        _ => return None,
    };
    let mut number = 0;
    for byte in text {
        number = number * 10 + i64::from(Some(byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)?);
    }
    (text[0] != b'0').then(|| Instant::from_millis(number * to_millis))
}

/// A fraction of a second in milliseconds, cut off, and the rest.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // At most nine digits: beyond nanoseconds the slow path decides.
    if count == 0 || count > 9 {
        return None;
    }
    let digit = |index: usize| if index < count { i64::from(digits[index] - b'0') } else { 0 };
    Some((digit(0) * 100 + digit(1) * 10 + digit(2), &digits[count..]))
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_fast_way_agrees_with_the_slow_one(
            text in "(19|20|22)[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,11})?(Z|z|[+-][0-2][0-9]:?[0-6][0-9]|)"
        ) {
            let mut times = Times::new();
            for _ in 0..2 {
                if let Some(fast) = times.fast(text.as_bytes()) {
                    prop_assert_eq!(fast.in_range(), Instant::parse(&text), "{}", text);
                }
            }
        }

        #[test]
        fn numbers_too(text in "[0-9]{8,15}|[1-9][0-9]{9}|(1|9)[0-9]{12}|(19|20)[0-9]{8,12}") {
            if let Some(fast) = Times::new().fast(text.as_bytes()) {
                prop_assert_eq!(fast.in_range(), Instant::parse(&text), "{}", text);
            }
        }

        #[test]
        fn any_bytes_are_safe(text: Vec<u8>) {
            let _ = Times::new().fast(&text);
        }
    }

    #[test]
    fn the_usual_form_takes_the_fast_way() {
        let mut times = Times::new();
        for text in [
            "2025-03-01T12:34:56.789Z",
            "2025-03-01T12:34:56Z",
            "2025-03-01T14:34:56.5+02:00",
            "1740832496",
            "1740832496789",
        ] {
            assert_eq!(times.fast(text.as_bytes()), Instant::parse(text).ok(), "{text}");
        }
    }
}
