//! Owns the period of a command: `--period`.

use anyhow::Result;
use chrono_tz::Tz;

use super::Context;
use crate::cli::Over;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::calendar::{Calendar, Date};
use crate::domain::value::instant::Instant;
use crate::domain::value::period::{Frame, Period, PeriodError};
use crate::domain::value::span::Span;
use crate::evaluation::{reports, reports_over};
use crate::failure::Failure;
use crate::render::form::moment::zoned;
use crate::store::{Store, Stored};

/// A period as requested, before its objectives are known: `last-month` is that of their zones.
pub(super) struct Wanted {
    text: String,
    zone: Option<Tz>,
}

/// The requested period, if any.
pub(super) fn wanted(over: &Over, context: &Context<'_>, as_of: Instant) -> Result<Option<Wanted>> {
    told(over.period.as_deref(), context, as_of)
}

fn told(text: Option<&str>, context: &Context<'_>, as_of: Instant) -> Result<Option<Wanted>> {
    let Some(text) = text else { return Ok(None) };
    let wanted = Wanted { text: text.to_owned(), zone: context.zone };
    // An invalid period is reported before anything is opened.
    wanted.told_from(Calendar::UTC.date(as_of)).map(|_| Some(wanted))
}

/// The span of the requested period, if any, for answers without an objective's zone: in that of `--timezone`, or UTC.
///
/// # Errors
/// If it is invalid, has not begun, or was skipped.
pub(super) fn of_no_objective(text: Option<&str>, context: &Context<'_>) -> Result<Option<Span>> {
    let calendar = context.zone.map_or(Calendar::UTC, |zone| Calendar { zone });
    let Some(wanted) = told(text, context, context.as_of)? else { return Ok(None) };
    let (as_of, today) = (context.as_of, calendar.date(context.as_of));
    let period = wanted.told_from(today)?;
    let span = period.span(calendar);
    if span.start > as_of {
        return Err(not_begun(period, span.start, today));
    }
    if span.is_empty() { Err(skipped(period, calendar.zone)) } else { Ok(Some(span)) }
}

/// The error for a day that a zone skipped when it crossed the date line.
fn skipped(period: Period, zone: Tz) -> anyhow::Error {
    Failure::new(
        format!("the clocks of {zone} skipped {period}, so there is nothing to report"),
        format!("write the day before or after it, for example --period {}, or another --timezone", period.previous()),
    )
}

fn not_begun(period: Period, start: Instant, today: Date) -> anyhow::Error {
    Failure::new(
        format!("period {period} has not begun; it begins {}", zoned(start)),
        format!("the current period of this kind is {}", Period::containing(period.unit(), today)),
    )
}

impl Wanted {
    /// The period for these objectives. Without a given zone, `last-month` and the like are resolved from the earliest
    /// current date of any of them, so that a finished period is finished for all.
    ///
    /// # Errors
    /// If it begins after `as_of` for any objective, or its zone skipped it.
    pub(super) fn of(&self, objectives: &[Stored], as_of: Instant) -> Result<Frame> {
        let own = objectives.iter().map(|stored| stored.objective.window.calendar());
        let today = match self.zone {
            Some(zone) => Calendar { zone }.date(as_of),
            None => own.map(|calendar| calendar.date(as_of)).min().unwrap_or_else(|| Calendar::UTC.date(as_of)),
        };
        let windows = || objectives.iter().map(|stored| stored.objective.window);
        let frame = Frame::new(self.told_from(today)?, self.zone, windows());
        let starts = windows().map(|window| frame.span(window).start);
        if let Some(start) = starts.max().filter(|start| *start > as_of) {
            return Err(not_begun(frame.period, start, today));
        }
        match windows().find(|window| frame.span(*window).is_empty()) {
            Some(window) => Err(skipped(frame.period, frame.calendar(window.calendar()).zone)),
            None => Ok(frame),
        }
    }

    fn told_from(&self, today: Date) -> Result<Period> {
        Period::parse(&self.text, today).map_err(|error| {
            let what = format!("invalid period {:?}", self.text);
            match &error {
                PeriodError::Unreadable => Failure::new(what, error.to_string()),
                PeriodError::Reversed(from, to) => {
                    Failure::new(format!("{what}: {error}"), format!("write --period {from}..{to}"))
                }
                PeriodError::OutOfRange | PeriodError::TooLong => Failure::new(
                    format!("{what}: {error}"),
                    "write for example --period 2026-10, --period last-month or --period 2026-10-01..2026-10-15",
                ),
            }
        })
    }
}

/// The reports of objectives over the period or, without one, over their own windows; and the frame of the period.
///
/// # Errors
/// If the period has not begun, among others.
pub(super) fn reports_in(
    store: &Store,
    objectives: Vec<Stored>,
    wanted: Option<&Wanted>,
    as_of: Instant,
) -> Result<(Vec<ObjectiveReport>, Option<Frame>)> {
    let Some(wanted) = wanted else { return Ok((reports(store, objectives, as_of)?, None)) };
    let frame = wanted.of(&objectives, as_of)?;
    Ok((reports_over(store, objectives, &frame, as_of)?, Some(frame)))
}
