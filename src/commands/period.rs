//! Owns which period a command is about: `--period`.

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
use crate::store::{Store, Stored};

/// A period as it is asked for, before it is known for which objectives: `last-month` is that of their zones.
pub(super) struct Wanted {
    text: String,
    zone: Option<Tz>,
}

/// The period that is asked for, if one is.
pub(super) fn wanted(over: &Over, context: &Context<'_>, as_of: Instant) -> Result<Option<Wanted>> {
    told(over.period.as_deref(), context, as_of)
}

fn told(text: Option<&str>, context: &Context<'_>, as_of: Instant) -> Result<Option<Wanted>> {
    let Some(text) = text else { return Ok(None) };
    let wanted = Wanted { text: text.to_owned(), zone: context.zone };
    // What is no period is told before anything is opened.
    wanted.told_from(Calendar::UTC.date(as_of)).map(|_| Some(wanted))
}

/// When a period is that is asked for, if one is, where it is about no objective that has a zone: in that of `--timezone`, or UTC.
///
/// # Errors
/// When it is none, or has not begun.
pub(super) fn of_no_objective(text: Option<&str>, context: &Context<'_>) -> Result<Option<Span>> {
    let calendar = context.zone.map_or(Calendar::UTC, |zone| Calendar { zone });
    let Some(wanted) = told(text, context, context.as_of)? else { return Ok(None) };
    let (as_of, today) = (context.as_of, calendar.date(context.as_of));
    let period = wanted.told_from(today)?;
    let span = period.span(calendar);
    if span.start > as_of { Err(not_begun(period, span.start, (as_of, today))) } else { Ok(Some(span)) }
}

fn not_begun(period: Period, start: Instant, (as_of, today): (Instant, Date)) -> anyhow::Error {
    Failure::new(
        format!("invalid --period: {period} has not begun; it begins at {start}, after {as_of}"),
        format!("the current period of this kind is {}", Period::containing(period.unit(), today)),
    )
}

impl Wanted {
    /// The period for these objectives; refuses one that has not begun for all of them. Without a zone to tell it in, `last-month` and
    /// the like are told from the earliest date that it is for any of them, so that what is over is over for all.
    ///
    /// # Errors
    /// When there is an objective for which it begins after `as_of`.
    pub(super) fn of(&self, objectives: &[Stored], as_of: Instant) -> Result<Frame> {
        let own = objectives.iter().map(|stored| stored.objective.window.calendar());
        let today = match self.zone {
            Some(zone) => Calendar { zone }.date(as_of),
            None => own.map(|calendar| calendar.date(as_of)).min().unwrap_or_else(|| Calendar::UTC.date(as_of)),
        };
        let frame = Frame { period: self.told_from(today)?, zone: self.zone };
        let starts = objectives.iter().map(|stored| frame.span(stored.objective.window).start);
        let Some(start) = starts.max().filter(|start| *start > as_of) else { return Ok(frame) };
        Err(not_begun(frame.period, start, (as_of, today)))
    }

    fn told_from(&self, today: Date) -> Result<Period> {
        Period::parse(&self.text, today).map_err(|error| {
            let remedy = match &error {
                PeriodError::Reversed(from, to) => format!("write --period {from}..{to}"),
                _ => "write for example --period 2026-10, --period last-month or --period 2026-10-01..2026-10-15"
                    .to_owned(),
            };
            Failure::new(format!("invalid --period {:?}: {error}", self.text), remedy)
        })
    }
}

/// The reports of objectives over the period or, without one, over their own windows; and what the period is for them.
///
/// # Errors
/// Those of the database, and when the period has not begun.
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
