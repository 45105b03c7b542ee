//! Owns the range of a command: `--since` and `--until`.

use anyhow::Result;

use super::moment;
use crate::domain::value::instant::Instant;
use crate::failure::Failure;

/// The times given by `--since` and `--until`; equal ones are an empty range.
///
/// # Errors
/// If one is invalid, or the first is later.
pub(super) fn between(since: Option<&str>, until: Option<&str>, as_of: Instant) -> Result<[Option<Instant>; 2]> {
    let at = |text: Option<&str>| text.map(|text| moment(text, as_of)).transpose();
    let (since, until) = (at(since)?, at(until)?);
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        return Err(reversed(since, until));
    }
    Ok([since, until])
}

/// The same for a range of the past, where nothing is later than `as_of`.
///
/// # Errors
/// Also if the range begins after `as_of`.
pub(super) fn past(since: Option<&str>, until: Option<&str>, as_of: Instant) -> Result<[Option<Instant>; 2]> {
    let range = between(since, until, as_of)?;
    match range[0] {
        Some(since) if since > as_of => Err(after_as_of("--since", since, as_of)),
        _ => Ok(range),
    }
}

/// The start of a range: the given one, or the usual one.
///
/// # Errors
/// If only the end is given, and it is before the usual start.
pub(super) fn start(since: Option<Instant>, until: Option<Instant>, usual: Instant) -> Result<Instant> {
    if let (None, Some(until)) = (since, until)
        && until < usual
    {
        return Err(Failure::new(
            format!("--until {until} is before {usual}, the start of the range without --since"),
            "add --since with an earlier time",
        ));
    }
    Ok(since.unwrap_or(usual))
}

/// The error for a range whose ends are swapped.
pub(super) fn reversed(since: Instant, until: Instant) -> anyhow::Error {
    Failure::new(format!("--since {since} is after --until {until}"), "swap the two times")
}

/// The error for a time that is too late to be asked about.
pub(super) fn after_as_of(option: &str, time: Instant, as_of: Instant) -> anyhow::Error {
    Failure::new(format!("{option} {time} is after as-of, {as_of}"), "choose an earlier time, or a later --as-of")
}
