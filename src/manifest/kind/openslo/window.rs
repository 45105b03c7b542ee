//! Owns the time windows and durations of `OpenSLO`.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use super::shapes::{CALENDAR, TIME_WINDOW};
use super::{entry, plain, text};
use crate::domain::value::instant::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;
use crate::manifest::yaml::tree::{Entry, Node, Value};

/// One integer and one letter of `m h d w M Q Y`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shorthand {
    pub(super) count: u32,
    pub(super) unit: char,
}

impl Shorthand {
    /// Reads a duration; reports an invalid one.
    pub(super) fn read(field: &Field<'_>, report: &mut Report) -> Option<Self> {
        let found = field.scalar().and_then(Self::parse);
        if found.is_none() {
            let shape = "a whole number and one letter of m h d w M Q Y";
            field.expected(shape, "write for example 5m, 1h, 28d, 4w, 1M, 1Q or 1Y", report);
        }
        found
    }

    fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().last().filter(|unit| "mhdwMQY".contains(*unit))?;
        let digits = &text[..text.len() - 1];
        let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self { count: digits.parse().ok().filter(|_| is_whole)?, unit })
    }

    /// Milliseconds; `None` for calendar units, which have no fixed length.
    pub(super) fn millis(self) -> Option<i64> {
        let unit = match self.unit {
            'm' => MINUTE_MS,
            'h' => HOUR_MS,
            'd' => DAY_MS,
            'w' => 7 * DAY_MS,
            _ => return None,
        };
        Some(i64::from(self.count) * unit)
    }
}

/// The single time window, as a field in this project's own form.
pub(super) fn read(fields: &Fields<'_>, report: &mut Report) -> Option<Entry> {
    let remedy = "write timeWindow: [{ duration: 30d, isRolling: true }]";
    let list = fields.require("timeWindow", remedy, report)?;
    let items = list.items(report);
    let [item] = items.as_slice() else {
        if matches!(list.node.value, Value::List(_)) {
            report.error(list.at, format!("{} has {} windows", list.path, items.len()), "write exactly one");
        }
        return None;
    };
    let fields = Fields::of(item, &TIME_WINDOW, report)?;
    let duration = fields.require("duration", "write for example 30d", report);
    let length = duration.as_ref().and_then(|field| Shorthand::read(field, report));
    let says_rolling = fields.get("isRolling").is_some();
    let is_rolling = fields.flag("isRolling", report);
    match (fields.get("calendar"), is_rolling) {
        (None, true) => rolling(&duration?, length?, report),
        (Some(calendar), false) => calendar_window(&calendar, duration.as_ref().zip(length), report),
        (Some(calendar), true) => {
            let message = format!("{} and isRolling: true contradict each other", calendar.path);
            report.error(calendar.at, message, "keep one of them");
            None
        }
        (None, false) => {
            let lack = if says_rolling {
                "is not rolling and has no calendar"
            } else {
                "is neither rolling nor of a calendar"
            };
            report.error(item.at, format!("{} {lack}", item.path), "write isRolling: true, or a calendar");
            None
        }
    }
}

fn rolling(field: &Field<'_>, length: Shorthand, report: &mut Report) -> Option<Entry> {
    let days = length.millis().filter(|millis| *millis > 0 && millis % DAY_MS == 0 && length.unit != 'm');
    let Some(days) = days.map(|millis| millis / DAY_MS) else {
        let remedy = match length.unit {
            'M' => format!("write days, such as {}d, or a calendar", length.count.max(1).saturating_mul(30)),
            'Q' => format!("write days, such as {}d, or a calendar", length.count.max(1).saturating_mul(90)),
            'Y' => format!("write days, such as {}d, or a calendar", length.count.max(1).saturating_mul(365)),
            _ => "write days, such as 1d".to_owned(),
        };
        let text = field.scalar().unwrap_or_default();
        report.error(field.at, format!("{} {text}: a rolling window of slo is whole days", field.path), remedy);
        return None;
    };
    Some(entry("windowDays", plain(field.at, days.to_string())))
}

/// A calendar window of a length, if that is valid.
fn calendar_window(
    calendar: &Field<'_>,
    length: Option<(&Field<'_>, Shorthand)>,
    report: &mut Report,
) -> Option<Entry> {
    let fields = Fields::of(calendar, &CALENDAR, report)?;
    let zone = fields.require("timeZone", "write an IANA name such as Europe/Berlin", report);
    // Checked here, where its path is known.
    let zone = zone.and_then(|field| field.zone(report).map(|_| field));
    let (duration, length) = length?;
    let unit = match (length.count, length.unit) {
        (1, 'd') => "day",
        (1, 'w') => "week",
        (1, 'M') => "month",
        (1, 'Q') => "quarter",
        (1, 'Y') => "year",
        _ => {
            let message =
                format!("{} {}{}: a calendar window of slo is one period", duration.path, length.count, length.unit);
            report.error(duration.at, message, "write 1d, 1w, 1M, 1Q or 1Y");
            return None;
        }
    };
    if let Some(start) = fields.get("startTime") {
        check_start(&start, unit, report)?;
    }
    let at = calendar.at;
    let fields = vec![entry("calendar", text(duration.at, unit)), entry("timezone", zone?.node.clone())];
    Some(entry("window", Node { at, value: Value::Map(fields) }))
}

/// Periods of slo begin at midnight: weeks on Monday, others on their first day.
fn check_start(field: &Field<'_>, unit: &str, report: &mut Report) -> Option<()> {
    let written = field.scalar().unwrap_or_default();
    let shapes = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
    let parsed = shapes.iter().find_map(|shape| NaiveDateTime::parse_from_str(written, shape).ok());
    let midnight = || Some(NaiveDate::parse_from_str(written, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN));
    let Some(start) = parsed.or_else(midnight) else {
        let message = format!("{} {} is not a local time", field.path, quote(written));
        report.error(field.at, message, "write it as 2024-01-01 00:00:00, its zone being timeZone");
        return None;
    };
    let begins = match unit {
        "week" => start.weekday() == chrono::Weekday::Mon,
        "month" => start.day() == 1,
        "quarter" => start.day() == 1 && start.month0() % 3 == 0,
        "year" => start.ordinal() == 1,
        _ => true,
    };
    if begins && start.time() == NaiveTime::MIN {
        return Some(());
    }
    let message = format!("{} {written} ({}) is not the start of a {unit}", field.path, start.format("%A"));
    let remedy =
        "periods of slo begin at midnight, weeks on Monday: write 2024-01-01 00:00:00, which begins all of them";
    report.error(field.at, message, remedy);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_one_number_and_one_letter() {
        let parse = |text| Shorthand::parse(text).map(|length| (length.count, length.unit));
        assert_eq!(parse("28d"), Some((28, 'd')));
        assert_eq!(parse("1M"), Some((1, 'M')));
        for text in ["", "d", "1h30m", "1.5d", "-1d", "1 d", "1s", "1D", "99999999999d", "ä"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
