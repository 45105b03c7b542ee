//! Owns the offset from UTC in the text of a time.

/// The offset from UTC in a time's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Offset {
    /// No offset, which means UTC.
    Absent,
    Utc,
    Minutes(i64),
}

impl Offset {
    /// The offset of a text that is a valid time.
    pub(crate) fn of(text: &str) -> Self {
        let text = text.trim();
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let upper = text.to_ascii_uppercase();
        if digits || upper.ends_with('Z') || upper.ends_with("UTC") || upper.ends_with("GMT") {
            return Self::Utc;
        }
        // Earlier signs belong to the date.
        let Some((sign, offset)) =
            text.get(10..).and_then(|time| time.rfind(['+', '-']).map(|at| time[at..].split_at(1)))
        else {
            return Self::Absent;
        };
        let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
        let (hours, minutes) = digits.split_at_checked(2).unwrap_or((&digits, ""));
        let number = |text: &str| text.parse::<i64>().unwrap_or(0);
        Self::Minutes((number(hours) * 60 + number(minutes)) * if sign == "-" { -1 } else { 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_told_from_the_text() {
        for (text, offset) in [
            ("2026-01-05T02:00:00+02:00", Offset::Minutes(120)),
            ("2026-01-05T02:00:00-0330", Offset::Minutes(-210)),
            ("2026-01-05 02:00+02", Offset::Minutes(120)),
            ("2026-01-05T02:00:00Z", Offset::Utc),
            ("2026-01-05 02:00 UTC", Offset::Utc),
            ("1767578400", Offset::Utc),
            ("2026-01-05", Offset::Absent),
            ("2026-01-05 02:00", Offset::Absent),
        ] {
            assert_eq!(Offset::of(text), offset, "{text}");
        }
    }
}
