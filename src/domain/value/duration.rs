//! Owns durations as people type and read them: `90s 15m 6h 7d 4w`.

use super::instant::{DAY_MS, HOUR_MS, MINUTE_MS};

/// The longest duration accepted: 3650 days, in milliseconds.
pub(crate) const LONGEST_MS: i64 = 3650 * DAY_MS;

/// Reads `90s`, `15m`, `6h`, `7d`, `4w` or a sequence of them (`1h30m`) as milliseconds; `None` if it is not one, is
/// zero, or is longer than 3650 days.
pub(crate) fn parse_millis(text: &str) -> Option<i64> {
    read(text).filter(|total| (1..=LONGEST_MS).contains(total))
}

/// What is expected instead of a text in the form of a duration that is zero or too long; `None` for any other text.
pub(crate) fn out_of_range(text: &str) -> Option<&'static str> {
    match read(text)? {
        0 => Some("a duration longer than zero"),
        total if total > LONGEST_MS => Some("a duration of at most 3650d"),
        _ => None,
    }
}

/// Reads a text in the form of a duration, however long.
fn read(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        let count: i64 = rest[..digits].parse().unwrap_or(i64::MAX);
        rest = &rest[digits..];
        let (unit, length) = if rest.starts_with("ms") {
            (1, 2)
        } else {
            let unit = match rest.chars().next()? {
                's' => 1000,
                'm' => MINUTE_MS,
                'h' => HOUR_MS,
                'd' => DAY_MS,
                'w' => 7 * DAY_MS,
                _ => return None,
            };
            (unit, 1)
        };
        rest = &rest[length..];
        total = total.saturating_add(count.saturating_mul(unit));
    }
    Some(total)
}

/// Prints a duration with its two largest units: `3h 12m`, `45s`, `12d 4h`; `0s` for zero.
pub(crate) fn format_millis(millis: i64) -> String {
    let units = [(DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m"), (1000, "s"), (1, "ms")];
    let mut parts = Vec::new();
    let mut rest = millis.max(0);
    for (unit, label) in units {
        if rest >= unit {
            parts.push(format!("{}{label}", rest / unit));
            rest %= unit;
            if parts.len() == 2 {
                break;
            }
        } else if !parts.is_empty() {
            break;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// Writes a duration exactly, in the form [`parse_millis`] reads: `1h30m`, `7d`, `1m500ms`; `0s` for zero.
pub(crate) fn write_millis(millis: i64) -> String {
    let mut text = String::new();
    let mut rest = millis.max(0);
    for (unit, label) in [(DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m"), (1000, "s"), (1, "ms")] {
        if rest >= unit {
            text = format!("{text}{}{label}", rest / unit);
            rest %= unit;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_lengths_read_back_exactly() {
        for millis in [1, 999, 1000, 90_061_001, 5_400_000, 30 * DAY_MS, LONGEST_MS] {
            assert_eq!(parse_millis(&write_millis(millis)), Some(millis), "{millis}");
        }
        assert_eq!(write_millis(5_400_000), "1h30m");
        assert_eq!(write_millis(0), "0s");
    }

    #[test]
    fn lengths_read_as_typed() {
        assert_eq!(parse_millis("90s"), Some(90_000));
        assert_eq!(parse_millis("1h30m"), Some(5_400_000));
        assert_eq!(parse_millis("4w"), Some(28 * DAY_MS));
        assert_eq!(parse_millis("250ms"), Some(250));
        for text in ["", "5", "m", "5x", "-5m", "0m", "99999999999d", "5 m", "ä"] {
            assert_eq!(parse_millis(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_that_nobody_may_write_say_why() {
        for (text, why) in [
            ("0m", Some("a duration longer than zero")),
            ("3651d", Some("a duration of at most 3650d")),
            ("99999999999999999999w", Some("a duration of at most 3650d")),
            ("3650d", None),
            ("yesterday", None),
            ("2026-11-20", None),
            ("1763640000", None),
            ("", None),
        ] {
            assert_eq!(out_of_range(text), why, "{text}");
        }
    }

    #[test]
    fn lengths_print_with_two_units() {
        assert_eq!(format_millis(0), "0s");
        assert_eq!(format_millis(11_520_000), "3h 12m");
        assert_eq!(format_millis(12 * DAY_MS + 4 * HOUR_MS + 5), "12d 4h");
        assert_eq!(format_millis(DAY_MS + 5000), "1d");
        assert_eq!(format_millis(1500), "1s 500ms");
    }
}
