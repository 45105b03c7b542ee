//! Owns reading the times of a feed: in its formats, and in its zone if they have no offset.

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use crate::domain::account::maintenance::local::moment_of;
use crate::domain::health::feed::Feed;
use crate::domain::value::instant::{Instant, InstantError};
use crate::feed::fields::quote;
use crate::feed::time::Times;

/// Reads the times of one feed.
pub(super) struct Moments {
    fast: Times,
    /// The feed's own formats; if it has some, no others are tried.
    spellings: Vec<Spelling>,
    zone: Tz,
    /// The formats, for error messages.
    told: String,
}

enum Spelling {
    /// A number since 1970 and its unit.
    Unix(Unit),
    Items(Vec<Item<'static>>),
}

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Moments {
    pub(super) fn of(feed: &Feed) -> Self {
        let spellings = feed.time_formats.iter().map(|format| Spelling::of(format)).collect();
        let told = feed.time_formats.join(" or ");
        Self { fast: Times::new(), spellings, zone: feed.zone.unwrap_or(Tz::UTC), told }
    }

    /// The instant of a text.
    ///
    /// # Errors
    /// With the reason when it is not a time, as a sentence about the field `name`.
    pub(super) fn read(&mut self, name: &str, bytes: &[u8]) -> Result<Instant, String> {
        let is_strict = !self.spellings.is_empty();
        if !is_strict && let Some(at) = self.fast.fast(bytes) {
            return at.in_range().map_err(|error| format!("{name} {} is {error}", quote(bytes)));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| format!("{name} {} is not UTF-8", quote(bytes)))?.trim();
        let found = self.spellings.iter().find_map(|spelling| spelling.read(text, self.zone));
        let parsed = match found {
            Some(at) => at.in_range(),
            None if is_strict => {
                return Err(format!("{name} {} is not a time as timeFormat writes it: {}", quote(bytes), self.told));
            }
            None => Instant::parse_in(text, |millis| moment_of(self.zone, millis)),
        };
        parsed.map_err(|error: InstantError| match error {
            InstantError::Unreadable => {
                format!("{name} {} is {error}; or say in timeFormat how it is written", quote(bytes))
            }
            _ => format!("{name} {} is {error}", quote(bytes)),
        })
    }
}

/// Whether a text is a time in this format.
pub(super) fn reads(format: &str, text: &str) -> bool {
    Spelling::of(format).read(text, Tz::UTC).is_some()
}

/// Whether a time, in this format or a usual one, lacks an offset.
pub(super) fn is_local(format: Option<&str>, text: &str) -> bool {
    match format {
        Some(format) => !["%z", "UTC", "%s"].iter().any(|zone| format.contains(zone)),
        None => {
            let mut is_local = false;
            let read = Instant::parse_in(text, |millis| {
                is_local = true;
                Instant::from_millis(millis)
            });
            is_local && read.is_ok()
        }
    }
}

/// The instants of texts in this format or a usual one.
pub(super) fn all<'t>(format: Option<&str>, texts: impl Iterator<Item = Option<&'t str>>) -> Vec<Option<Instant>> {
    let spelling = format.map(Spelling::of);
    let read = |text: &str| match &spelling {
        Some(spelling) => spelling.read(text.trim(), Tz::UTC),
        None => Instant::parse(text).ok(),
    };
    texts.map(|text| text.and_then(read)).collect()
}

impl Spelling {
    fn of(format: &str) -> Self {
        match format {
            "unix" => Self::Unix(Unit::Seconds),
            "unixMillis" => Self::Unix(Unit::Millis),
            "unixMicros" => Self::Unix(Unit::Micros),
            "unixNanos" => Self::Unix(Unit::Nanos),
            // Formats in manifests are already checked; one without items reads nothing.
            format => Self::Items(StrftimeItems::new(format).parse_to_owned().unwrap_or_default()),
        }
    }

    fn read(&self, text: &str, zone: Tz) -> Option<Instant> {
        match self {
            Self::Unix(unit) => unit.read(text).map(Instant::from_millis),
            Self::Items(items) => {
                let mut parsed = Parsed::new();
                parse(&mut parsed, text, items.iter()).ok()?;
                // A number of seconds is a moment, whatever offset is beside it.
                if let Some(seconds) = parsed.timestamp() {
                    return seconds.checked_mul(1000).map(Instant::from_millis);
                }
                if let Some(offset) = parsed.offset() {
                    let local = local(&parsed)?;
                    return Some(Instant::from_millis(local.and_utc().timestamp_millis() - i64::from(offset) * 1000));
                }
                Some(moment_of(zone, local(&parsed)?.and_utc().timestamp_millis()))
            }
        }
    }
}

/// The local time; midnight if there is only a date, and a full hour without minutes.
fn local(parsed: &Parsed) -> Option<NaiveDateTime> {
    let date = parsed.to_naive_date().ok()?;
    let time = match (parsed.hour_div_12(), parsed.hour_mod_12(), parsed.minute(), parsed.second()) {
        (None, None, None, None) => NaiveTime::MIN,
        (Some(half), Some(hour), None, None) => NaiveTime::from_hms_opt(half * 12 + hour, 0, 0)?,
        _ => parsed.to_naive_time().ok()?,
    };
    Some(date.and_time(time))
}

impl Unit {
    /// Milliseconds; finer fractions are cut off.
    fn read(self, text: &str) -> Option<i64> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        match self {
            Self::Seconds => {
                let millis =
                    fraction.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
                whole.checked_mul(1000)?.checked_add(millis)
            }
            Self::Millis => Some(whole),
            Self::Micros => Some(whole / 1000),
            Self::Nanos => Some(whole / 1_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::health::feed::Format;
    use crate::domain::health::feed::time_format::fault;
    use crate::domain::value::name::Name;

    fn feed(formats: &[&str], zone: Option<Tz>) -> Feed {
        Feed {
            name: Name::parse("x").unwrap(),
            title: None,
            description: None,
            format: Format::Csv,
            delimiter: None,
            kinds: Vec::new(),
            time_formats: formats.iter().map(|&format| format.to_owned()).collect(),
            zone,
            slug: false,
            merges_names: false,
            max_gap_ms: None,
        }
    }

    fn read(formats: &[&str], zone: Option<Tz>, text: &str) -> Result<String, String> {
        Moments::of(&feed(formats, zone)).read("ts", text.as_bytes()).map(|at| at.to_string())
    }

    #[test]
    fn times_are_read_as_their_format_writes_them() {
        let new_york = Some(Tz::America__New_York);
        for (formats, zone, text, expected) in [
            (&["%m/%d/%Y %I:%M %p"][..], new_york, "11/20/2026 09:05 AM", "2026-11-20T14:05:00.000Z"),
            (&["%m/%d/%Y %I:%M %p"], None, "11/20/2026 09:05 PM", "2026-11-20T21:05:00.000Z"),
            (&["%d.%m.%Y"], new_york, "20.11.2026", "2026-11-20T05:00:00.000Z"),
            (&["%Y-%m-%d %H:%M:%S%.f %z"], new_york, "2026-11-20 14:05:00.1239 +0200", "2026-11-20T12:05:00.123Z"),
            (&["%s"], None, "1795183500", "2026-11-20T14:05:00.000Z"),
            (&["%s %z"], None, "1795183500 +0200", "2026-11-20T14:05:00.000Z"),
            (&["%F %H"], new_york, "2026-11-20 09", "2026-11-20T14:00:00.000Z"),
            (&["%F %I %p"], None, "2026-11-20 09 PM", "2026-11-20T21:00:00.000Z"),
            (&["unix"], None, "1795183500.1239", "2026-11-20T14:05:00.123Z"),
            (&["unixMillis"], None, "1795183500123", "2026-11-20T14:05:00.123Z"),
            (&["unixMicros"], None, "1795183500123999", "2026-11-20T14:05:00.123Z"),
            (&["unixNanos"], None, "1795183500123999999", "2026-11-20T14:05:00.123Z"),
            (&["unix", "%Y-%m-%d"], None, "2026-11-20", "2026-11-20T00:00:00.000Z"),
            (&[], new_york, "2026-11-20 09:05", "2026-11-20T14:05:00.000Z"),
            (&[], new_york, "2026-11-20T09:05:00.5", "2026-11-20T14:05:00.500Z"),
            (&[], new_york, "2026-11-20 09:05:06,123", "2026-11-20T14:05:06.123Z"),
            (&[], new_york, "2026-11-20t9:05", "2026-11-20T14:05:00.000Z"),
            (&[], new_york, "2026-11-20", "2026-11-20T05:00:00.000Z"),
            (&[], new_york, "2026-11-20 UTC", "2026-11-20T00:00:00.000Z"),
            (&[], new_york, "2026-11-20 14:05:00,5 GMT", "2026-11-20T14:05:00.500Z"),
            (&[], new_york, "1795183500", "2026-11-20T14:05:00.000Z"),
            (&[], new_york, "2026-11-20T14:05:00Z", "2026-11-20T14:05:00.000Z"),
            (&[], new_york, "2026-11-20T14:05:00+01:00", "2026-11-20T13:05:00.000Z"),
            (&[], None, "2026-11-20 14:05:00.123", "2026-11-20T14:05:00.123Z"),
            (&[], None, "1795183500", "2026-11-20T14:05:00.000Z"),
            // Clocks go back: the first of the two; clocks go forward: shifted by the jump.
            (&[], Some(Tz::Europe__Berlin), "2026-10-25 02:30", "2026-10-25T00:30:00.000Z"),
            (&[], Some(Tz::Europe__Berlin), "2026-03-29 02:30", "2026-03-29T01:30:00.000Z"),
        ] {
            assert_eq!(read(formats, zone, text).as_deref(), Ok(expected), "{formats:?} {text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_local_in_every_spelling() {
        for (format, text, expected) in [
            (None, "2026-11-20 14:05:06,123", true),
            (None, "2026-11-20t14:05", true),
            (None, "2026-11-20", true),
            (None, "2026-11-20 14:05:06,123+01", false),
            (None, "2026-11-20 utc", false),
            (None, "1795183500", false),
            (None, "soon", false),
            (Some("%Y-%m-%d %H:%M:%S UTC"), "2026-11-20 14:05:06 UTC", false),
            (Some("%d.%m.%Y"), "20.11.2026", true),
        ] {
            assert_eq!(is_local(format, text), expected, "{text}");
        }
    }

    /// What is refused in a manifest reads nothing, and what is accepted reads what it writes.
    #[test]
    fn a_format_is_without_fault_if_it_reads_what_it_writes() {
        let now = DateTime::parse_from_rfc3339("2026-11-20T21:05:09.123+02:00").unwrap();
        let dates = [
            "",
            "%Y",
            "%C",
            "%y",
            "%C%y",
            "%m-%d",
            "%b %d",
            "%F",
            "%D",
            "%d.%m.%y",
            "%Y %j",
            "%j",
            "%d %B",
            "%Y-%m",
            "%Y %d",
            "%G-W%V-%u",
            "%g %V %a",
            "%Y-W%V-%u",
            "%G-W%V",
            "%G-%m-%d",
            "%Y %U %a",
            "%Y %W %w",
            "%Y %U",
            "%Y-%q",
            "%x",
            "%v",
            "%e %h %Y",
        ];
        let times = [
            "",
            "%H",
            "%H:%M",
            "%R",
            "%T",
            "%X",
            "%r",
            "%I %p",
            "%I:%M",
            "%I:%M %P",
            "%M",
            "%p",
            "%S",
            "%H:%S",
            "%H:%M%.f",
            "%T%.3f",
            "%k:%M",
            "%l:%M %p",
            "%T %z",
            "%H:%M %:z",
            "%s",
            "%s %z",
        ];
        let pairs = dates.iter().flat_map(|date| times.iter().map(move |time| format!("{date} {time}")));
        for format in pairs.chain(["%c", "%+", "%Y%m%d%H%M%S"].map(str::to_owned)) {
            let format = format.trim();
            let Some(items) = (!format.is_empty()).then(|| StrftimeItems::new(format)) else { continue };
            let written = now.format_with_items(items).to_string();
            assert_eq!(fault(format).is_none(), reads(format, &written), "{format:?}: {written}");
        }
    }

    #[test]
    fn a_time_in_another_format_is_told_with_the_format() {
        assert_eq!(
            read(&["%m/%d/%Y", "unix"], None, "2026-11-20").unwrap_err(),
            "ts \"2026-11-20\" is not a time as timeFormat writes it: %m/%d/%Y or unix"
        );
        assert!(read(&["unix"], None, "-5").is_err());
        assert!(read(&["unix"], None, "99999999999999999999").is_err());
        assert_eq!(read(&["unix"], None, "5").unwrap_err(), "ts \"5\" is outside 2000–2262");
        assert!(read(&[], None, "soon").unwrap_err().starts_with("ts \"soon\" is not a time; write RFC 3339"));
    }
}
