//! Owns the fields of one line, in any format, and the rules that make them a row.

use std::borrow::Cow;

use super::Options;
use super::intern::{Interner, Stream};
use super::names::{Names, checked};
use super::row::Row;
use super::time::Times;
use crate::domain::health::feed::foreign;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::{Source, Status};
use crate::domain::value::duration::format_millis;
use crate::domain::value::instant::{Instant, InstantError};
use crate::domain::value::wording::{and_list, one_line};

/// The most characters of a value quoted in a reason.
const MOST_QUOTED: usize = 80;

/// A field a line may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Field {
    Ts,
    System,
    Status,
    Check,
    Location,
    Source,
    Note,
}

impl Field {
    #[cfg(test)]
    pub(super) const ALL: [Self; 7] =
        [Self::Ts, Self::System, Self::Status, Self::Check, Self::Location, Self::Source, Self::Note];

    /// The fields required in every line.
    pub(super) const REQUIRED: [Self; 3] = [Self::Ts, Self::System, Self::Status];

    /// The field with this name or alias, in any case.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        // Nearly every name is spelled like this, and each line has several.
        Self::spelled(name).or_else(|| {
            let mut lower = [0u8; 11];
            let lower = lower.get_mut(..name.len())?;
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            Self::spelled(lower)
        })
    }

    fn spelled(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"ts" | b"time" | b"timestamp" | b"at" => Self::Ts,
            b"system" | b"systemId" | b"systemid" | b"service" => Self::System,
            b"status" | b"newStatus" | b"newstatus" => Self::Status,
            b"check" | b"healthcheck" | b"checkId" | b"checkid" => Self::Check,
            b"location" | b"region" | b"satellite" => Self::Location,
            b"source" => Self::Source,
            b"note" => Self::Note,
            _ => return None,
        })
    }

    /// The field that an unknown name probably means.
    pub(super) fn meant(name: &str) -> Option<Self> {
        let word: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        Some(match &*word {
            "when" | "date" | "datetime" | "created" | "createdat" | "checkedat" | "occurredat" | "eventtime"
            | "timestamputc" | "timeutc" | "dateutc" | "datetimeutc" | "unixtime" | "epoch" => Self::Ts,
            "host" | "hostname" | "name" | "systemname" | "servicename" | "monitor" | "monitorname" | "component"
            | "app" | "application" | "site" | "server" | "target" | "node" => Self::System,
            "state" | "newstate" | "health" | "result" | "outcome" | "severity" => Self::Status,
            _ => None?,
        })
    }

    /// Whether a text is a time or a status, if this field is one.
    fn reads(self, text: &str) -> bool {
        match self {
            Self::Ts => Instant::parse(text).is_ok(),
            Self::Status => Status::parse(text.as_bytes()).is_some(),
            _ => true,
        }
    }

    /// What its values are.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Ts => "time",
            _ => self.as_str(),
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ts => "ts",
            Self::System => "system",
            Self::Status => "status",
            Self::Check => "check",
            Self::Location => "location",
            Self::Source => "source",
            Self::Note => "note",
        }
    }
}

/// A value as written in a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value<'v> {
    Text(Cow<'v, [u8]>),
    /// A number or `true`/`false`, as written.
    Bare(Cow<'v, [u8]>),
}

impl Value<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(bytes) | Self::Bare(bytes) => bytes,
        }
    }
}

/// The fields of one line; missing ones equal `null`.
#[derive(Default)]
pub(super) struct Fields<'v> {
    values: [Option<Value<'v>>; 7],
    seen: u8,
}

impl<'v> Fields<'v> {
    /// Sets a field; returns whether it was unset. `None` is a `null`.
    pub(super) fn set(&mut self, field: Field, value: Option<Value<'v>>) -> bool {
        let bit = 1 << field as u8;
        let new = self.seen & bit == 0;
        self.seen |= bit;
        self.values[field as usize] = value;
        new
    }

    pub(super) fn get(&self, field: Field) -> Option<&Value<'v>> {
        self.values[field as usize].as_ref()
    }

    /// A field that is absent if its text is empty.
    fn optional(&self, field: Field) -> Option<&Value<'v>> {
        self.get(field).filter(|value| !value.bytes().is_empty())
    }

    /// The note, if any.
    pub(super) fn note(&self) -> Option<&str> {
        self.optional(Field::Note).and_then(|value| std::str::from_utf8(value.bytes()).ok())
    }

    /// The required fields that are missing.
    pub(super) fn lacking(&self) -> impl Iterator<Item = Field> {
        Field::REQUIRED.into_iter().filter(|field| self.seen & (1 << *field as u8) == 0)
    }

    /// The row of these fields.
    ///
    /// # Errors
    /// With the reason when they are invalid.
    pub(super) fn row(
        &self,
        interner: &mut Interner,
        times: &mut Times,
        names: &mut Names,
        options: &Options,
    ) -> Result<Row, String> {
        let at = self.moment(times, options)?;
        let status = self.required(Field::Status)?;
        let status = Status::parse(status.bytes()).ok_or_else(|| unknown_status(status.bytes()))?;
        Ok(Row::new(self.stream(interner, names)?, at, status))
    }

    /// The stream index of these fields.
    ///
    /// # Errors
    /// With the reason when they are invalid.
    pub(super) fn stream(&self, interner: &mut Interner, names: &mut Names) -> Result<u32, String> {
        let source = match self.optional(Field::Source) {
            None => Source::Healthcheck,
            Some(value) => Source::parse(value.bytes()).ok_or_else(|| unknown_source(value.bytes()))?,
        };
        let system = names.read(Field::System, b"", self.name(Field::System)?)?;
        let mut within = |field| match self.optional(field) {
            None => Ok(None),
            Some(_) => names.read(field, &system, self.name(field)?).map(Some),
        };
        let (check, location) = (within(Field::Check)?, within(Field::Location)?);
        let (system, check, location) = (&*system, check.as_deref(), location.as_deref());
        if self.get(Field::Note).is_some_and(|note| std::str::from_utf8(note.bytes()).is_err()) {
            return Err("note is not UTF-8".to_owned());
        }
        interner.index(&Stream { system, source, check, location }, || {
            Ok(StreamName {
                system: checked(Field::System, system)?,
                source,
                check: check.map(|name| checked(Field::Check, name)).transpose()?,
                location: location.map(|name| checked(Field::Location, name)).transpose()?,
            })
        })
    }

    fn required(&self, field: Field) -> Result<&Value<'v>, String> {
        self.optional(field).ok_or_else(|| missing(field))
    }

    /// The name in a field: a text or a number.
    fn name(&self, field: Field) -> Result<&[u8], String> {
        match self.required(field)? {
            Value::Bare(bare) if !bare.iter().any(u8::is_ascii_digit) => Err(unquoted(field, bare)),
            value => Ok(value.bytes()),
        }
    }

    fn moment(&self, times: &mut Times, options: &Options) -> Result<Instant, String> {
        let value = self.required(Field::Ts)?;
        let bytes = value.bytes();
        let parsed = match times.fast(bytes) {
            Some(at) => at.in_range(),
            None => std::str::from_utf8(bytes).map_err(|_| InstantError::Unreadable).and_then(Instant::parse),
        };
        match parsed {
            Ok(at) if at <= options.latest => Ok(at),
            other => Err(wrong_moment(other, bytes, options)),
        }
    }
}

/// A name of a field, and its value in the first record, if known.
pub(super) type Sample = (String, Option<String>);

/// What to rename so that none of these fields is missing; `None` if that cannot be guessed for all of them.
///
/// # Errors
/// With the reason when a value under such a name would be rejected anyway.
pub(super) fn renaming(missing: &[Field], names: &[Sample]) -> Result<Option<String>, String> {
    let meant = |field: &Field| names.iter().find(|(name, _)| Field::meant(name) == Some(*field));
    let Some(found) = missing.iter().map(meant).collect::<Option<Vec<&Sample>>>() else { return Ok(None) };
    let all = missing.iter().zip(found).map(|(field, (name, value))| {
        let name = excerpt(name.as_bytes());
        match value.as_deref().filter(|value| !value.is_empty() && !field.reads(value)) {
            Some(value) => {
                Err(format!("{} in `{name}` is not a {} that slo reads", quote(value.as_bytes()), field.meaning()))
            }
            None => Ok(format!("`{name}` to `{}`", field.as_str())),
        }
    });
    let all = all.collect::<Result<Vec<String>, String>>()?;
    Ok(Some(format!("rename {}", and_list(all.iter().map(String::as_str)))))
}

// Valid lines never reach these functions. They are kept out of the hot code.

#[cold]
#[inline(never)]
fn missing(field: Field) -> String {
    match field {
        Field::Ts => "missing ts (also called time, timestamp, at)".to_owned(),
        Field::System => "missing system (also called systemId, service)".to_owned(),
        Field::Status => "missing status (also called newStatus)".to_owned(),
        other => format!("missing {}", other.as_str()),
    }
}

#[cold]
#[inline(never)]
fn unquoted(field: Field, bare: &[u8]) -> String {
    format!("{} {} is not a string; put it in quotes", field.as_str(), excerpt(bare))
}

/// Why a time is invalid or too late.
#[cold]
#[inline(never)]
fn wrong_moment(parsed: Result<Instant, InstantError>, bytes: &[u8], options: &Options) -> String {
    let quoted = quote(bytes);
    match parsed {
        Err(error) => format!("ts {quoted} is {error}"),
        Ok(at) => {
            let ahead = format_millis(at.since(options.now));
            format!("ts {quoted} is {ahead} after this machine's clock; correct it, or allow more with --max-skew")
        }
    }
}

#[cold]
#[inline(never)]
fn unknown_source(bytes: &[u8]) -> String {
    format!("unknown source {}; expected healthcheck or incident", quote(bytes))
}

/// Why a status is invalid, with the one probably meant.
#[cold]
#[inline(never)]
fn unknown_status(bytes: &[u8]) -> String {
    let quoted = quote(bytes);
    match foreign::meant(&String::from_utf8_lossy(bytes)) {
        Some(status) => {
            format!(
                "unknown status {quoted}; did you mean {status}? write that, or let a feed map it: `slo feed try FILE`"
            )
        }
        None => format!(
            "unknown status {quoted}; expected healthy, degraded, unhealthy or unknown, or an alias such as up or down"
        ),
    }
}

/// Quotes a value on one line, cut if long.
pub(super) fn quote(bytes: &[u8]) -> String {
    let (text, dots) = beginning(bytes);
    let shown: String = text.chars().flat_map(char::escape_debug).collect();
    // An apostrophe needs no escape between double quotes.
    format!("\"{}{dots}\"", shown.replace("\\'", "'"))
}

/// A value on one line, cut if long; nothing is around it, so that quotes in it are shown as they are.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let (text, dots) = beginning(bytes);
    format!("{}{dots}", one_line(&text))
}

/// The first characters of a value, and dots if there are more.
fn beginning(bytes: &[u8]) -> (String, &'static str) {
    let cut = &bytes[..bytes.len().min(4 * MOST_QUOTED)];
    let text = String::from_utf8_lossy(cut);
    let is_cut = text.chars().nth(MOST_QUOTED).is_some() || cut.len() < bytes.len();
    (text.chars().take(MOST_QUOTED).collect(), if is_cut { "…" } else { "" })
}
