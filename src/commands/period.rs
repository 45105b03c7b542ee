//! Owns which period a command is about: `--period` and `--timezone`.

use std::ffi::OsStr;

use anyhow::Result;
use chrono_tz::Tz;

use super::Context;
use crate::cli::Over;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::Instant;
use crate::domain::value::period::{Frame, Period, PeriodError};
use crate::evaluation::{reports, reports_over};
use crate::failure::Failure;
use crate::manifest::did_you_mean;
use crate::store::{Store, Stored};

/// The period that is asked for, if one is; `last-month` and the like are told from `as_of`.
///
/// # Errors
/// When it is none, or the time zone is not known.
pub(super) fn frame(over: &Over, context: &Context<'_>, as_of: Instant) -> Result<Option<Frame>> {
    over.period.as_deref().map(|text| read(text, over.timezone.as_deref(), context, as_of)).transpose()
}

fn read(text: &str, timezone: Option<&str>, context: &Context<'_>, as_of: Instant) -> Result<Frame> {
    let from_env = context.env.get(OsStr::new("SLO_TZ")).map(|text| text.to_string_lossy().into_owned());
    let zone = match (timezone, from_env.filter(|text| !text.is_empty())) {
        (Some(text), _) => Some(zone("--timezone", text)?),
        (None, Some(text)) => Some(zone("SLO_TZ", &text)?),
        (None, None) => None,
    };
    let calendar = zone.map_or(Calendar::UTC, |zone| Calendar { zone });
    let period = Period::parse(text, calendar.date(as_of)).map_err(|error| {
        let remedy = match &error {
            PeriodError::Reversed(from, to) => format!("write --period {from}..{to}"),
            _ => {
                "write for example --period 2026-10, --period last-month or --period 2026-10-01..2026-10-15".to_owned()
            }
        };
        Failure::new(format!("invalid --period {text:?}: {error}"), remedy)
    })?;
    Ok(Frame { period, zone })
}

fn zone(name: &str, text: &str) -> Result<Tz> {
    text.parse().map_err(|_| {
        // An abbreviation is like too many names to guess one.
        let guess = did_you_mean(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let guess = if text.len() > 4 { guess } else { String::new() };
        let hint = if guess.is_empty() { "write an IANA name such as Europe/Berlin".to_owned() } else { guess };
        Failure::new(format!("unknown time zone {name} {text:?}"), hint)
    })
}

/// Refuses a period that has not begun for every objective.
///
/// # Errors
/// When there is one for which it begins after `as_of`.
pub(super) fn begun(frame: &Frame, objectives: &[Stored], as_of: Instant) -> Result<()> {
    let starts = objectives.iter().map(|stored| frame.span(stored.objective.window).start);
    let Some(start) = starts.max().filter(|start| *start > as_of) else { return Ok(()) };
    let today = frame.zone.map_or(Calendar::UTC, |zone| Calendar { zone }).date(as_of);
    Err(Failure::new(
        format!("invalid --period: {} has not begun; it begins at {start}, after {as_of}", frame.period),
        format!("the period of this kind that is running is {}", Period::containing(frame.period.unit(), today)),
    ))
}

/// The reports of objectives over the period or, without one, over their own windows.
///
/// # Errors
/// Those of the database, and when the period has not begun.
pub(super) fn reports_in(
    store: &Store,
    objectives: Vec<Stored>,
    frame: Option<&Frame>,
    as_of: Instant,
) -> Result<Vec<ObjectiveReport>> {
    let Some(frame) = frame else { return reports(store, objectives, as_of) };
    begun(frame, &objectives, as_of)?;
    reports_over(store, objectives, frame, as_of)
}
