//! Owns the spellings of times that people and programs use, and the probable meaning of a number that is not a time.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::{DAY_MS, HOUR_MS, Instant, InstantError, MINUTE_MS};

/// Numbers smaller than this are Unix seconds, others Unix milliseconds (1e11 s is the year 5138, 1e11 ms is 1973).
const SECONDS_BELOW: i64 = 100_000_000_000;
/// Days from 1899-12-30, the epoch of spreadsheets, to 1970.
const SPREADSHEET_EPOCH_DAYS: i64 = 25_569;
/// The day numbers of spreadsheets for 2000-01-01 and 2100-01-01.
const SPREADSHEET_DAYS: std::ops::Range<i64> = 36_526..73_051;

/// Reads a time in any accepted spelling; `local` is the instant of a time without an offset, from its milliseconds as
/// if in UTC.
pub(super) fn read(text: &str, local: impl FnOnce(i64) -> Instant) -> Result<Instant, InstantError> {
    if let Some(meant) = compact(text) {
        return Err(InstantError::CompactDate(meant));
    }
    match split_number(text) {
        Some(number) => read_number(text, number),
        None => read_date(text, local).ok_or(InstantError::Unreadable)?.in_range(),
    }
}

/// Its sign and the digits before and after its point; `None` if it is not a plain number.
fn split_number(text: &str) -> Option<(bool, &str, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (!whole.is_empty() && all_digits(whole) && all_digits(fraction)).then_some((
        digits.len() < text.len(),
        whole,
        fraction,
    ))
}

/// Unix seconds or milliseconds, distinguished by size; fractions of a second are read to the millisecond.
fn read_number(text: &str, (negative, whole, fraction): (bool, &str, &str)) -> Result<Instant, InstantError> {
    let significant = whole.trim_start_matches('0');
    if significant.len() > 15 {
        return Err(if significant.len() > 19 { InstantError::Unreadable } else { InstantError::TooFine });
    }
    let whole: i64 = whole.parse().map_err(|_| InstantError::Unreadable)?;
    if !negative && SPREADSHEET_DAYS.contains(&whole) {
        return Err(InstantError::SpreadsheetDate(spreadsheet(whole, text)));
    }
    let millis = if whole >= SECONDS_BELOW { whole } else { whole * 1000 + thousandths(fraction) };
    let instant = Instant(if negative { -millis } else { millis });
    if instant < Instant::EARLIEST { Err(InstantError::TooEarly(instant)) } else { instant.in_range() }
}

/// The first three digits after a point, as milliseconds.
fn thousandths(fraction: &str) -> i64 {
    let mut digits = fraction.bytes().map(|digit| i64::from(digit - b'0'));
    (0..3).fold(0, |sum, _| sum * 10 + digits.next().unwrap_or(0))
}

/// The instant of a spreadsheet's day number, to the second.
fn spreadsheet(days: i64, text: &str) -> Instant {
    let part_of_day = text.parse::<f64>().map_or(0.0, f64::fract);
    let seconds = (part_of_day * 86_400.0).round() as i64;
    Instant((days - SPREADSHEET_EPOCH_DAYS) * DAY_MS + seconds * 1000)
}

/// `YYYYMMDD`, optionally followed by `HHMM` or `HHMMSS`, with or without `T` between them, a fraction, and `Z` at the
/// end.
fn compact(text: &str) -> Option<Instant> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let is_fraction = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let digits = digits.split_once('.').filter(|(_, rest)| is_fraction(rest)).map_or(digits, |(whole, _)| whole);
    if !digits.is_ascii() {
        return None;
    }
    let (date, clock) = digits.split_at_checked(8)?;
    let clock = clock.strip_prefix(['T', 't']).unwrap_or(clock);
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok())?;
    let (year, rest) = (number(&date[..4])?, number(&date[4..])?);
    let date =
        NaiveDate::from_ymd_opt(year as i32, rest / 100, rest % 100).filter(|_| (1900..=2262).contains(&year))?;
    let clock = match (clock.len(), clock) {
        (0, _) => NaiveTime::MIN,
        (4, clock) => number(clock).and_then(|hm| NaiveTime::from_hms_opt(hm / 100, hm % 100, 0))?,
        (6, clock) => {
            number(clock).and_then(|hms| NaiveTime::from_hms_opt(hms / 10_000, hms / 100 % 100, hms % 100))?
        }
        _ => return None,
    };
    Some(Instant(date.and_time(clock).and_utc().timestamp_millis()))
}

/// A date, optionally with a time of day and an offset.
fn read_date(text: &str, local: impl FnOnce(i64) -> Instant) -> Option<Instant> {
    let mut rest = Rest(text);
    let year = rest.number(4, 4)?;
    rest.expect("-")?;
    let month = rest.number(1, 2)?;
    rest.expect("-")?;
    let date = NaiveDate::from_ymd_opt(year as i32, month as u32, rest.number(1, 2)? as u32)?;
    let midnight = NaiveDateTime::new(date, NaiveTime::MIN).and_utc().timestamp_millis();
    if !rest.begins_clock() {
        let zone = rest.0.trim_start();
        if zone.is_empty() {
            return Some(local(midnight));
        }
        return (zone.len() < rest.0.len() && is_utc(zone)).then_some(Instant(midnight));
    }
    let millis = midnight + rest.clock()?;
    Some(match rest.offset()? {
        Some(offset) => Instant(millis - offset),
        None => local(millis),
    })
}

fn is_utc(zone: &str) -> bool {
    ["z", "utc", "gmt"].iter().any(|name| zone.eq_ignore_ascii_case(name))
}

/// The unread rest.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let count = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits.parse().ok().filter(|_| count >= least)
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// Whether a time of day follows; consumes what separates it from the date.
    fn begins_clock(&mut self) -> bool {
        let behind = self.0.strip_prefix(['T', 't']).unwrap_or_else(|| self.0.trim_start());
        let begins = behind.len() < self.0.len() && behind.starts_with(|c: char| c.is_ascii_digit());
        if begins {
            self.0 = behind;
        }
        begins
    }

    /// Milliseconds since midnight; finer fractions are cut off.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.number(1, 2).filter(|hour| *hour < 24)?;
        self.expect(":")?;
        let minute = self.number(2, 2).filter(|minute| *minute < 60)?;
        let mut millis = hour * HOUR_MS + minute * MINUTE_MS;
        if self.expect(":").is_some() {
            // A leap second is the first second of the next minute.
            millis += 1000 * self.number(2, 2).filter(|second| *second <= 60)?;
            if let Some(fraction) = self.0.strip_prefix(['.', ',']) {
                let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
                let (digits, rest) = fraction.split_at(count);
                self.0 = rest;
                millis += Some(thousandths(digits)).filter(|_| count > 0)?;
            }
        }
        Some(millis)
    }

    /// How far local time is ahead of UTC, in milliseconds, if the text says so; nothing else may follow.
    #[expect(clippy::option_option, reason = "whether it can be read, and whether there is one")]
    fn offset(&mut self) -> Option<Option<i64>> {
        let zone = self.0.trim_start();
        if zone.is_empty() {
            return Some(None);
        }
        if is_utc(zone) {
            return Some(Some(0));
        }
        let behind = zone.starts_with('-');
        self.0 = zone.strip_prefix(['+', '-'])?;
        let hours = self.number(2, 2).filter(|hours| *hours < 24)?;
        let has_colon = self.expect(":").is_some();
        let minutes =
            if has_colon || self.0.starts_with(|c: char| c.is_ascii_digit()) { self.number(2, 2)? } else { 0 };
        // Go prints the zone's abbreviation after its offset, which suffices.
        let name = self.0.strip_prefix(' ').filter(|name| name.bytes().all(|byte| byte.is_ascii_uppercase()));
        let ends = self.0.is_empty() || name.is_some_and(|name| (1..=5).contains(&name.len()));
        let offset = hours * HOUR_MS + minutes * MINUTE_MS;
        (ends && minutes < 60).then_some(Some(if behind { -offset } else { offset }))
    }
}
