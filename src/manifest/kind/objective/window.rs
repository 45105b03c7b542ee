//! Owns recognizing windows written as one word or length.

use std::fmt;

use crate::domain::value::calendar::CalendarUnit;
use crate::domain::value::duration::parse_millis;
use crate::domain::value::instant::DAY_MS;
use crate::domain::value::window::LONGEST_DAYS;
use crate::manifest::wording::closest;

/// A window in this project's own form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meant {
    Days(u32),
    Period(CalendarUnit),
}

impl fmt::Display for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "windowDays: {days}"),
            Self::Period(unit) => write!(f, "window: {{ calendar: {} }}", unit.as_str()),
        }
    }
}

/// The window that `30`, `30d`, `4w`, `month`, `monthly`, `1M` or the like means; a length must be full days.
pub(super) fn meant(text: &str) -> Option<Meant> {
    let period = |name: &str| CalendarUnit::ALL.into_iter().find(|unit| unit.as_str() == name).map(Meant::Period);
    let millis = text.parse().ok().and_then(|days: i64| days.checked_mul(DAY_MS)).or_else(|| parse_millis(text));
    if let Some(millis) = millis {
        let days = u32::try_from(millis / DAY_MS).ok().filter(|days| (1..=LONGEST_DAYS).contains(days));
        return days.filter(|_| millis % DAY_MS == 0).map(Meant::Days);
    }
    match text {
        "1M" | "P1M" => return period("month"),
        "1Q" => return period("quarter"),
        "1Y" | "1y" | "P1Y" => return period("year"),
        "daily" => return period("day"),
        _ => {}
    }
    let lower = text.trim().to_ascii_lowercase();
    let known = CalendarUnit::ALL.map(CalendarUnit::as_str);
    period(lower.strip_suffix("ly").unwrap_or(&lower)).or_else(|| period(closest(&lower, known)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_lengths_are_windows() {
        for (text, expected) in [
            ("30d", Some("windowDays: 30")),
            ("30", Some("windowDays: 30")),
            ("4w", Some("windowDays: 28")),
            ("720h", Some("windowDays: 30")),
            ("1w1d", Some("windowDays: 8")),
            ("month", Some("window: { calendar: month }")),
            ("Monthly", Some("window: { calendar: month }")),
            ("months", Some("window: { calendar: month }")),
            ("quarterly", Some("window: { calendar: quarter }")),
            ("daily", Some("window: { calendar: day }")),
            ("1M", Some("window: { calendar: month }")),
            ("1Y", Some("window: { calendar: year }")),
            ("0", None),
            ("-1", None),
            ("3651d", None),
            ("90m", None),
            ("sprint", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(meant(text).map(|meant| meant.to_string()).as_deref(), expected, "{text}");
        }
    }
}
