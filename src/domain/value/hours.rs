//! Owns hours of the day and days of the week in a zone: their notation and validation.

mod occurring;

use chrono::{NaiveTime, Timelike, Weekday};
use chrono_tz::Tz;

use crate::domain::value::wording::{closest, quote};

/// Hours of the day and days of the week in a zone. `after` later than `before` spans midnight; the weekday is that of
/// the instant.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Hours {
    /// From this time of day on; none: from midnight.
    pub(crate) after: Option<NaiveTime>,
    /// Until just before this time of day; none: until midnight.
    pub(crate) before: Option<NaiveTime>,
    /// Sorted from Monday; empty: every day.
    pub(crate) weekdays: Vec<Weekday>,
    pub(crate) zone: Tz,
}

/// The days in order, Monday first.
pub(crate) const WEEKDAYS: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// Why hours cannot be read: cause and remedy.
pub(crate) type Fault = (String, String);

impl Hours {
    /// Checks hours.
    ///
    /// # Errors
    /// When there is no limit at all, or both times of day are the same.
    pub(crate) fn new(
        after: Option<NaiveTime>,
        before: Option<NaiveTime>,
        mut weekdays: Vec<Weekday>,
        zone: Tz,
    ) -> Result<Self, Fault> {
        if after.is_none() && before.is_none() && weekdays.is_empty() {
            let message = "a time needs after, before or weekday".to_owned();
            return Err((message, "write time(after: \"22:00\", before: \"06:00\")".to_owned()));
        }
        if after.is_some() && after == before {
            let message = "after and before are the same time of day".to_owned();
            return Err((message, "leave both out for the whole day".to_owned()));
        }
        weekdays.sort_by_key(Weekday::num_days_from_monday);
        weekdays.dedup();
        Ok(Self { after, before, weekdays, zone })
    }

    /// Prints a time of day: `22:00`, or `22:00:30` with seconds.
    pub(crate) fn clock(time: NaiveTime) -> String {
        time.format(if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
    }
}

/// Reads `22:00` or `22:00:30`.
///
/// # Errors
/// When it is not a time of day.
pub(crate) fn parse_time(text: &str) -> Result<NaiveTime, Fault> {
    time(text).ok_or_else(|| {
        let remedy = match padded(text) {
            _ if text.starts_with("24:00") => "midnight is \"00:00\"".to_owned(),
            Some(padded) => format!("write \"{padded}\""),
            None => "write hours and minutes, such as \"22:00\"".to_owned(),
        };
        (format!("{} is not a time of day", quote(text)), remedy)
    })
}

fn time(text: &str) -> Option<NaiveTime> {
    let digits = |part: &str| {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok()).flatten()
    };
    let parts: Option<Vec<u32>> = text.split(':').map(digits).collect();
    match parts.as_deref() {
        Some([hour, minute]) => NaiveTime::from_hms_opt(*hour, *minute, 0),
        Some([hour, minute, second]) => NaiveTime::from_hms_opt(*hour, *minute, *second),
        _ => None,
    }
}

/// `09:00` for `9:00`, `09.00`, `0900` or `9`.
fn padded(text: &str) -> Option<String> {
    let (hour, minutes) = match text.split_once([':', '.']) {
        Some(parts) => parts,
        None if text.len() == 4 => text.split_at_checked(2)?,
        None => (text, "00"),
    };
    let hour: u32 = hour.parse().ok().filter(|_| hour.bytes().all(|byte| byte.is_ascii_digit()))?;
    let padded = format!("{hour:02}:{minutes}");
    time(&padded).map(|_| padded)
}

/// Reads `Sat` or `Saturday`, in any case.
///
/// # Errors
/// When it is not a day of the week.
pub(crate) fn parse_weekday(text: &str) -> Result<Weekday, Fault> {
    text.parse().map_err(|_| {
        let remedy = days_between(text).map_or_else(
            || "write Mon, Tue, Wed, Thu, Fri, Sat or Sun".to_owned(),
            |days| format!("list the days: [{}]", days.join(", ")),
        );
        (format!("{} is not a day of the week", quote(text)), remedy)
    })
}

/// The days of `Mon-Fri`, for which YAML needs a list.
fn days_between(text: &str) -> Option<Vec<String>> {
    let (first, last) = text.split_once(['-', '–'])?;
    let day = |text: &str| text.trim().parse::<Weekday>().ok();
    let (first, last) = (day(first)?, day(last)?);
    let count = last.days_since(first) as usize + 1;
    Some(std::iter::successors(Some(first), |day| Some(day.succ())).take(count).map(|day| day.to_string()).collect())
}

/// Reads a zone of the IANA database.
///
/// # Errors
/// When the zone is unknown.
pub(crate) fn parse_zone(text: &str) -> Result<Tz, Fault> {
    text.parse().map_err(|_| (format!("{} is not a known time zone", quote(text)), zone_remedy(text)))
}

/// The remedy for an unknown zone: the zone of that city, or one with a similar name.
pub(crate) fn zone_remedy(text: &str) -> String {
    // Etc/GMT+1 is an hour behind UTC, not ahead.
    let is_place = |name: &&str| !name.starts_with("Etc/") && !name.starts_with("GMT");
    let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).filter(is_place);
    let city = text.trim().replace(' ', "_");
    let is_there = |name: &&str| name.rsplit_once('/').is_some_and(|(_, last)| last.eq_ignore_ascii_case(&city));
    // An abbreviation is similar to too many names for a guess.
    let guess = names().find(is_there).or_else(|| closest(text, names()).filter(|_| text.len() > 4));
    guess
        .map_or_else(|| "write an IANA name such as Europe/Berlin".to_owned(), |guess| format!("did you mean {guess}?"))
}
