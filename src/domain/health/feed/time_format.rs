//! Owns what a time format must contain, so that what it reads is a moment.

use chrono::format::{Fixed, Item, Numeric, StrftimeItems};

/// Why no text can be read as a moment by a time format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// It is not in the language of strftime, or only literal text.
    Unreadable,
    /// It has the name of a zone, which says no offset.
    ZoneName,
    Lacks(Part),
}

/// A part of a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Year,
    /// The year that weeks after ISO 8601 belong to.
    WeekYear,
    Month,
    Day,
    MonthAndDay,
    Weekday,
    Hour,
    HalfOfDay,
    Minute,
    Second,
}

impl Part {
    /// Its name, with an article.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Year => "a year",
            Self::WeekYear => "the year of its weeks",
            Self::Month => "a month",
            Self::Day => "a day",
            Self::MonthAndDay => "a month and a day",
            Self::Weekday => "a day of the week",
            Self::Hour => "an hour",
            Self::HalfOfDay => "am or pm",
            Self::Minute => "a minute",
            Self::Second => "a second",
        }
    }

    /// How to write it.
    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            Self::Year => "add the year, as %Y or %y; without one, a time may be of any year",
            Self::WeekYear => "write %G for the year, because %V counts its weeks",
            Self::Month => "add the month, as %m, %b or %B",
            Self::Day => "add the day, as %d",
            Self::MonthAndDay => "add the month and the day, as %m and %d",
            Self::Weekday => "add the day of the week, as %u or %a",
            Self::Hour => "add the hour, as %H",
            Self::HalfOfDay => "add %p, or write %H for hours from 0 to 23",
            Self::Minute => "add the minute, as %M",
            Self::Second => "add the second, as %S",
        }
    }
}

/// What is wrong with a time format.
pub(crate) fn fault(format: &str) -> Option<Fault> {
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    let is_wrong = items.iter().any(|item| matches!(item, Item::Error));
    let has_fields = items.iter().any(|item| matches!(item, Item::Numeric(..) | Item::Fixed(_)));
    if is_wrong || !has_fields {
        return Some(Fault::Unreadable);
    }
    if items.iter().any(|item| matches!(item, Item::Fixed(Fixed::TimezoneName))) {
        return Some(Fault::ZoneName);
    }
    let is_whole = |item: &Item<'_>| {
        matches!(item, Item::Numeric(Numeric::Timestamp, _) | Item::Fixed(Fixed::RFC2822 | Fixed::RFC3339))
    };
    if items.iter().any(is_whole) {
        return None;
    }
    let parts = Parts(&items);
    parts.lacking_of_date().or_else(|| parts.lacking_of_time()).map(Fault::Lacks)
}

/// The text at the end of a format that says its times are in UTC, if no offset or number does.
pub(crate) fn utc_at_end(format: &str) -> Option<&str> {
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    let has_offset = |item: &Item<'_>| match item {
        Item::Numeric(Numeric::Timestamp, _) | Item::Fixed(Fixed::RFC2822 | Fixed::RFC3339) => true,
        Item::Fixed(fixed) => matches!(
            fixed,
            Fixed::TimezoneOffset
                | Fixed::TimezoneOffsetZ
                | Fixed::TimezoneOffsetColon
                | Fixed::TimezoneOffsetDoubleColon
                | Fixed::TimezoneOffsetTripleColon
                | Fixed::TimezoneOffsetColonZ
        ),
        _ => false,
    };
    let Some(Item::Literal(end)) = items.last().filter(|_| !items.iter().any(has_offset)) else { return None };
    let word = end.trim_matches(|c: char| !c.is_alphanumeric());
    ["Z", "UTC", "GMT"].iter().any(|utc| word.eq_ignore_ascii_case(utc)).then_some(word)
}

/// The items of a format.
struct Parts<'i>(&'i [Item<'i>]);

impl Parts<'_> {
    fn has(&self, wanted: &Numeric) -> bool {
        self.0.iter().any(|item| matches!(item, Item::Numeric(found, _) if found == wanted))
    }

    fn has_text(&self, wanted: &[Fixed]) -> bool {
        self.0.iter().any(|item| matches!(item, Item::Fixed(found) if wanted.contains(found)))
    }

    fn lacking_of_date(&self) -> Option<Part> {
        let has_year = self.has(&Numeric::Year) || self.has(&Numeric::YearMod100);
        let has_month = self.has(&Numeric::Month) || self.has_text(&[Fixed::ShortMonthName, Fixed::LongMonthName]);
        let has_day = self.has(&Numeric::Day);
        let has_weekday = self.has(&Numeric::NumDaysFromSun)
            || self.has(&Numeric::WeekdayFromMon)
            || self.has_text(&[Fixed::ShortWeekdayName, Fixed::LongWeekdayName]);
        let has_week_year = self.has(&Numeric::IsoYear) || self.has(&Numeric::IsoYearMod100);
        let has_week = self.has(&Numeric::WeekFromSun) || self.has(&Numeric::WeekFromMon);
        // A century alone is an error, whatever else gives the date.
        if !has_year && self.has(&Numeric::YearDiv100) {
            return Some(Part::Year);
        }
        let is_calendar_date =
            has_year && (has_month && has_day || self.has(&Numeric::Ordinal) || has_week && has_weekday);
        if is_calendar_date || has_week_year && self.has(&Numeric::IsoWeek) && has_weekday {
            return None;
        }
        if self.has(&Numeric::IsoWeek) && !(has_month || has_day || has_week || self.has(&Numeric::Ordinal)) {
            return Some(if has_week_year { Part::Weekday } else { Part::WeekYear });
        }
        Some(match (has_month, has_day) {
            _ if !has_year => Part::Year,
            (false, false) if has_week => Part::Weekday,
            (false, false) => Part::MonthAndDay,
            (false, true) => Part::Month,
            (true, _) => Part::Day,
        })
    }

    /// Without any of these parts, a time is midnight; an hour alone is a full one.
    fn lacking_of_time(&self) -> Option<Part> {
        let has_half = self.has_text(&[Fixed::LowerAmPm, Fixed::UpperAmPm]);
        let has_fraction = self.has(&Numeric::Nanosecond)
            || self.has_text(&[Fixed::Nanosecond, Fixed::Nanosecond3, Fixed::Nanosecond6, Fixed::Nanosecond9]);
        let (has_minute, has_second) = (self.has(&Numeric::Minute), self.has(&Numeric::Second));
        if !self.has(&Numeric::Hour) {
            if self.has(&Numeric::Hour12) {
                return (!has_half).then_some(Part::HalfOfDay).or_else(|| finer(has_minute, has_second, has_fraction));
            }
            return (has_half || has_minute || has_second || has_fraction).then_some(Part::Hour);
        }
        finer(has_minute, has_second, has_fraction)
    }
}

/// The part that is missing between an hour and a finer part.
fn finer(has_minute: bool, has_second: bool, has_fraction: bool) -> Option<Part> {
    match (has_minute, has_second, has_fraction) {
        (false, true, _) | (false, _, true) => Some(Part::Minute),
        (true, false, true) => Some(Part::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_without_a_part_of_a_moment_is_told_what_it_lacks() {
        for (format, expected) in [
            ("%b %d %H:%M:%S", Part::Year),
            ("%H:%M", Part::Year),
            ("%m-%d", Part::Year),
            ("%C-%m-%d", Part::Year),
            ("%j", Part::Year),
            ("%G-%m-%d", Part::Year),
            ("%Y", Part::MonthAndDay),
            ("%Y-%q", Part::MonthAndDay),
            ("%Y %H:%M", Part::MonthAndDay),
            ("%Y-%m", Part::Day),
            ("%Y-%d", Part::Month),
            ("%Y week %U", Part::Weekday),
            ("%Y-W%V-%u", Part::WeekYear),
            ("%G-W%V", Part::Weekday),
            ("%F %M", Part::Hour),
            ("%F %p", Part::Hour),
            ("%F %I:%M", Part::HalfOfDay),
            ("%F %H:%S", Part::Minute),
            ("%F %H:%M%.f", Part::Second),
        ] {
            assert_eq!(fault(format), Some(Fault::Lacks(expected)), "{format}");
        }
        for format in ["", "today", "%Y-%Q", "%"] {
            assert_eq!(fault(format), Some(Fault::Unreadable), "{format}");
        }
        assert_eq!(fault("%F %T %Z"), Some(Fault::ZoneName));
    }

    #[test]
    fn a_format_that_ends_with_the_name_of_utc_says_so() {
        for (format, expected) in [
            ("%FT%TZ", Some("Z")),
            ("%F %T%.3fz", Some("z")),
            ("%F %T UTC", Some("UTC")),
            ("%F %T (GMT)", Some("GMT")),
            ("%F %T", None),
            ("%F %T CEST", None),
            ("%F %T %z UTC", None),
            ("%s UTC", None),
            ("%+", None),
        ] {
            assert_eq!(utc_at_end(format), expected, "{format}");
        }
    }
}
