//! Owns recurrence rules of RFC 5545: their text, the subset accepted, and the parsed form.

use chrono::{NaiveDateTime, Weekday};

use crate::domain::value::instant::Instant;

/// The longest rule, in characters.
const LONGEST_RULE: usize = 500;
/// The most positions of `BYSETPOS`.
const MOST_POSITIONS: usize = 8;
/// The weekdays as rules write them, Monday first.
const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
/// The supported parts of a rule.
const PARTS: &str = "FREQ, INTERVAL, COUNT, UNTIL, WKST, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY, BYDAY and BYSETPOS";

/// The length of the periods in which a rule names days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A weekday of `BYDAY`; an ordinal says which one of its month or year, from 1 or, backwards, from −1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Day {
    pub(super) ordinal: Option<i64>,
    pub(super) weekday: Weekday,
}

/// A rule that names at most one occurrence a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Rule {
    text: String,
    pub(super) frequency: Frequency,
    /// At least 1.
    pub(super) interval: i64,
    /// At least 1.
    pub(super) count: Option<usize>,
    /// The last instant at which an occurrence may start.
    pub(super) until: Option<Instant>,
    pub(super) week_start: Weekday,
    /// From 1 to 12.
    pub(super) months: Vec<i64>,
    /// From 1 to 53, or from −53 to −1.
    pub(super) week_numbers: Vec<i64>,
    /// From 1 to 366, or from −366 to −1.
    pub(super) year_days: Vec<i64>,
    /// From 1 to 31, or from −31 to −1.
    pub(super) month_days: Vec<i64>,
    pub(super) days: Vec<Day>,
    /// From 1 to 366, or from −366 to −1.
    pub(super) positions: Vec<i64>,
}

impl Rule {
    /// Reads a rule, with or without `RRULE:`, in any case.
    ///
    /// # Errors
    /// The cause and remedy, when it is not a rule of RFC 5545, or recurs within a day.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = normal(text)?;
        let mut rule = Self {
            text: text.clone(),
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            week_start: Weekday::Mon,
            months: Vec::new(),
            week_numbers: Vec::new(),
            year_days: Vec::new(),
            month_days: Vec::new(),
            days: Vec::new(),
            positions: Vec::new(),
        };
        let mut seen: Vec<&str> = Vec::new();
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                return Err("a recurrence rule looks like FREQ=WEEKLY;BYDAY=SU".to_owned());
            };
            if seen.contains(&name) {
                return Err(format!("{name} appears twice; keep one of them"));
            }
            seen.push(name);
            rule.read(name, value)?;
        }
        if !seen.contains(&"FREQ") {
            return Err("FREQ is missing; a recurrence rule looks like FREQ=WEEKLY;BYDAY=SU".to_owned());
        }
        rule.check()?;
        Ok(rule)
    }

    /// The rule in capitals and without `RRULE:`.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// An upper bound on how many days the rule names: the most in a period, and the fewest days a period lasts.
    pub(super) fn density(&self) -> (i64, i64) {
        let weekdays: usize = self.days.iter().map(|day| if day.ordinal.is_some() { 1 } else { 5 }).sum();
        let (most, days) = match self.frequency {
            Frequency::Daily => (1, 1),
            Frequency::Weekly => (self.days.len().max(1), 7),
            Frequency::Monthly if !self.month_days.is_empty() => (self.month_days.len(), 28),
            Frequency::Monthly => (weekdays.max(1), 28),
            Frequency::Yearly if self.names_only_months() => (self.months.len().max(1), 365),
            Frequency::Yearly => (366, 365),
        };
        (most as i64, days * self.interval)
    }

    /// Whether it names months at most, so that the day is that of the start.
    pub(super) fn names_only_months(&self) -> bool {
        let lists = [&self.week_numbers, &self.year_days, &self.month_days];
        self.days.is_empty() && lists.iter().all(|list| list.is_empty())
    }

    fn read(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "FREQ" => self.frequency = frequency(value)?,
            "INTERVAL" => self.interval = number(name, value, 1, 65_535)?,
            "COUNT" => self.count = Some(number(name, value, 1, 65_535)? as usize),
            "UNTIL" => self.until = Some(until(value)?),
            "WKST" => self.week_start = weekday(name, value)?,
            "BYMONTH" => self.months = numbers(name, value, 12)?,
            "BYWEEKNO" => self.week_numbers = numbers(name, value, 53)?,
            "BYYEARDAY" => self.year_days = numbers(name, value, 366)?,
            "BYMONTHDAY" => self.month_days = numbers(name, value, 31)?,
            "BYDAY" => self.days = value.split(',').map(day).collect::<Result<_, _>>()?,
            "BYSETPOS" => self.positions = numbers(name, value, 366)?,
            "BYHOUR" | "BYMINUTE" | "BYSECOND" => {
                return Err("BYHOUR, BYMINUTE and BYSECOND are not supported; the time of day is that of start".into());
            }
            _ => return Err(format!("unknown part {name}; expected {PARTS}")),
        }
        Ok(())
    }

    /// Checks constraints between parts.
    fn check(&self) -> Result<(), String> {
        if self.until.is_some() && self.count.is_some() {
            return Err("COUNT and UNTIL both say when the rule ends; keep one of them".to_owned());
        }
        if self.months.iter().any(|month| *month < 1) {
            return Err("BYMONTH counts from 1 to 12".to_owned());
        }
        if self.positions.len() > MOST_POSITIONS {
            return Err(format!("BYSETPOS has at most {MOST_POSITIONS} positions"));
        }
        let named = [&self.months, &self.week_numbers, &self.year_days, &self.month_days];
        if !self.positions.is_empty() && self.days.is_empty() && named.iter().all(|list| list.is_empty()) {
            return Err("BYSETPOS chooses among the days of another part, such as BYDAY".to_owned());
        }
        let yearly = self.frequency == Frequency::Yearly;
        if !yearly && !self.week_numbers.is_empty() {
            return Err("BYWEEKNO counts within a year, so FREQ must be YEARLY".to_owned());
        }
        if !yearly && !self.year_days.is_empty() {
            return Err("BYYEARDAY counts within a year, so FREQ must be YEARLY".to_owned());
        }
        if self.frequency == Frequency::Weekly && !self.month_days.is_empty() {
            return Err("BYMONTHDAY cannot be used with FREQ=WEEKLY; write FREQ=MONTHLY, or BYDAY".to_owned());
        }
        self.days.iter().try_for_each(|day| self.check_day(*day))
    }

    fn check_day(&self, day: Day) -> Result<(), String> {
        let Some(ordinal) = day.ordinal else { return Ok(()) };
        let weekday = WEEKDAYS[day.weekday.num_days_from_monday() as usize];
        let written = format!("{ordinal}{weekday}");
        match self.frequency {
            Frequency::Daily | Frequency::Weekly => Err(format!(
                "BYDAY={written} counts within a month or a year, so FREQ must be MONTHLY or YEARLY; for every week write \
                 BYDAY={weekday}"
            )),
            Frequency::Monthly if ordinal.abs() > 5 => {
                Err(format!("BYDAY={written} matches nothing: a month has at most five {weekday}"))
            }
            Frequency::Yearly if !self.week_numbers.is_empty() => {
                Err(format!("BYDAY={written} cannot be used with BYWEEKNO; write BYDAY={weekday}"))
            }
            _ => Ok(()),
        }
    }
}

/// The rule without surrounding spaces and `RRULE:`, in capitals: one line of known characters.
fn normal(rule: &str) -> Result<String, String> {
    let rule = rule.trim().to_ascii_uppercase();
    let rule = rule.strip_prefix("RRULE:").unwrap_or(&rule);
    if rule.len() > LONGEST_RULE {
        return Err(format!("a recurrence rule has at most {LONGEST_RULE} characters"));
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b';' | b',' | b'+' | b'-');
    if rule.is_empty() || !rule.bytes().all(known) {
        return Err("a recurrence rule looks like FREQ=WEEKLY;BYDAY=SU".to_owned());
    }
    Ok(rule.to_owned())
}

fn frequency(value: &str) -> Result<Frequency, String> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        "HOURLY" | "MINUTELY" | "SECONDLY" => {
            Err("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY; for several times a day write several windows"
                .to_owned())
        }
        _ => Err(format!("unknown FREQ={value}; expected DAILY, WEEKLY, MONTHLY or YEARLY")),
    }
}

/// Reads a UTC time; a local one would need a zone.
fn until(value: &str) -> Result<Instant, String> {
    let wrong = || "UNTIL must be a UTC time such as 20271231T235959Z".to_owned();
    let time = NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%SZ").map_err(|_| wrong())?;
    Ok(Instant::from_millis(time.and_utc().timestamp_millis()))
}

fn number(name: &str, value: &str, least: i64, most: i64) -> Result<i64, String> {
    let number = value.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{name}={value} is not valid; expected a number from {least} to {most}"))
}

/// Reads numbers from 1, or backwards from −1.
fn numbers(name: &str, value: &str, most: i64) -> Result<Vec<i64>, String> {
    let mut all: Vec<i64> = value.split(',').map(|one| ordinal(name, one, most)).collect::<Result<_, _>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn ordinal(name: &str, text: &str, most: i64) -> Result<i64, String> {
    let number = text.parse::<i64>().ok().filter(|number| *number != 0 && number.abs() <= most);
    number.ok_or_else(|| format!("{name}={text} is not valid; expected 1 to {most}, or -1 (the last) to -{most}"))
}

fn weekday(name: &str, text: &str) -> Result<Weekday, String> {
    let found = WEEKDAYS.iter().position(|known| *known == text);
    let found = found.and_then(|index| Weekday::try_from(index as u8).ok());
    found.ok_or_else(|| {
        let meant = WEEKDAYS.iter().find(|known| text.len() > 2 && text.starts_with(**known));
        let expected = meant.map_or_else(|| format!("expected {}", WEEKDAYS.join(", ")), |day| format!("write {day}"));
        format!("unknown weekday {name}={text}; {expected}")
    })
}

fn day(text: &str) -> Result<Day, String> {
    let last_two = text.split_at_checked(text.len().saturating_sub(2)).filter(|(_, name)| WEEKDAYS.contains(name));
    let letters = || text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0));
    let (number, name) = last_two.unwrap_or_else(letters);
    let weekday = weekday("BYDAY", name)?;
    if number.is_empty() {
        return Ok(Day { ordinal: None, weekday });
    }
    let counted = number.parse::<i64>().ok().filter(|number| *number != 0 && number.abs() <= 53);
    let ordinal = counted.ok_or_else(|| {
        format!("BYDAY={text} matches nothing; write 1{name} (the first), -1{name} (the last) or {name}")
    })?;
    Ok(Day { ordinal: Some(ordinal), weekday })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(rule: &str) -> String {
        Rule::parse(rule).unwrap_err()
    }

    #[test]
    fn what_the_standard_forbids_is_refused_with_a_remedy() {
        for (rule, cause) in [
            ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO counts within a month or a year"),
            ("FREQ=WEEKLY;BYDAY=MO,+2TU", "for every week write BYDAY=TU"),
            ("freq=daily;byday=-1su", "FREQ must be MONTHLY or YEARLY; for every week write BYDAY=SU"),
            ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY=0MO matches nothing; write 1MO"),
            ("FREQ=MONTHLY;BYDAY=99999MO", "BYDAY=99999MO matches nothing"),
            ("FREQ=YEARLY;BYDAY=XMO", "BYDAY=XMO matches nothing"),
            ("FREQ=MONTHLY;BYDAY=6MO", "a month has at most five MO"),
            ("FREQ=WEEKLY;BYDAY=MO,SUN", "unknown weekday BYDAY=SUN; write SU"),
            ("FREQ=MONTHLY;BYDAY=1Monday", "unknown weekday BYDAY=MONDAY; write MO"),
            ("FREQ=WEEKLY;BYDAY=XX", "unknown weekday BYDAY=XX; expected MO, TU"),
            ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "BYDAY=1MO cannot be used with BYWEEKNO"),
            ("FREQ=MONTHLY;BYWEEKNO=20", "FREQ must be YEARLY"),
            ("FREQ=DAILY;BYYEARDAY=20", "FREQ must be YEARLY"),
            ("FREQ=DAILY;COUNT=3;UNTIL=20301231T000000Z", "keep one of them"),
            ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0 is not valid; expected 1 to 31, or -1 (the last) to -31"),
            ("FREQ=MONTHLY;BYMONTHDAY=0,1", "BYMONTHDAY=0 is not valid"),
            ("FREQ=MONTHLY;BYMONTHDAY=-40", "BYMONTHDAY=-40"),
            ("FREQ=WEEKLY;BYMONTHDAY=-1", "BYMONTHDAY cannot be used with FREQ=WEEKLY"),
            ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH counts from 1 to 12"),
            ("FREQ=DAILY;COUNT=0", "COUNT=0 is not valid; expected a number from 1"),
            ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 is not valid"),
            ("FREQ=MONTHLY;INTERVAL=99999999", "INTERVAL=99999999 is not valid"),
            ("FREQ=DAILY;FREQ=WEEKLY", "FREQ appears twice"),
            ("BYDAY=MO", "FREQ is missing"),
            ("FREQ=FORTNIGHTLY", "unknown FREQ=FORTNIGHTLY"),
            ("FREQ=SECONDLY", "for several times a day write several windows"),
            ("FREQ=DAILY;BYHOUR=1", "the time of day is that of start"),
            ("FREQ=YEARLY;BYEASTER=0", "unknown part BYEASTER"),
            ("FREQ=DAILY;UNTIL=20301231T000000", "UNTIL must be a UTC time"),
            ("FREQ=DAILY;UNTIL=20301231", "UNTIL must be a UTC time"),
            ("FREQ=DAILY;UNTIL=20301331T000000Z", "UNTIL must be a UTC time"),
            ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS chooses among the days of another part"),
            ("FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2,3,4,5,6,7,8,9,10", "at most 8 positions"),
            ("FREQ=DAILY\nDTSTART:20200101T000000Z", "looks like FREQ=WEEKLY;BYDAY=SU"),
            ("nonsense", "looks like"),
            ("FREQ=DAILY;COUNT", "looks like"),
            ("", "looks like"),
        ] {
            assert!(refused(rule).contains(cause), "{rule}: {}", refused(rule));
        }
        assert!(refused(&format!("FREQ=YEARLY;BYMONTHDAY={}", ["1"; 1000].join(","))).contains("at most 500"));
    }

    #[test]
    fn a_rule_is_read_in_any_case_and_kept_in_one() {
        let rule = Rule::parse(" rrule:freq=weekly;byday=su;interval=2 ").unwrap();
        assert_eq!(rule.as_str(), "FREQ=WEEKLY;BYDAY=SU;INTERVAL=2");
        assert_eq!(rule, Rule::parse(rule.as_str()).unwrap());
    }

    #[test]
    fn density_is_never_too_low() {
        let density = |text: &str| Rule::parse(text).unwrap().density();
        assert_eq!(density("FREQ=DAILY"), (1, 1));
        assert_eq!(density("FREQ=DAILY;INTERVAL=3"), (1, 3));
        assert_eq!(density("FREQ=WEEKLY;BYDAY=SA,SU;INTERVAL=2"), (2, 14));
        assert_eq!(density("FREQ=MONTHLY;BYDAY=1MO,-1SU"), (2, 28));
        assert_eq!(density("FREQ=MONTHLY;BYDAY=MO"), (5, 28));
        assert_eq!(density("FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=13"), (1, 28));
        assert_eq!(density("FREQ=YEARLY"), (1, 365));
        assert_eq!(density("FREQ=YEARLY;BYDAY=MO"), (366, 365));
    }
}
