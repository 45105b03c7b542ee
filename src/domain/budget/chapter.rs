//! Owns the chapter of an objective: its report and the history of its window and last days.

use super::assess::Assessment;
use super::burndown::{Point, burn_down};
use super::day::Verdict;
use super::report::ObjectiveReport;
use super::streak::Streak;
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::member::SystemId;
use crate::domain::account::outage::{Event, Outage, charged, outages};
use crate::domain::account::tally::Tally;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::calendar::{Calendar, Date};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::{Span, union};

/// The fewest and the most complete days a chapter covers.
const FEWEST_DAYS: i64 = 30;
const MOST_DAYS: i64 = 90;

/// One objective with its history, as of one instant.
pub(crate) struct Chapter {
    pub(crate) title: Option<String>,
    pub(crate) report: ObjectiveReport,
    /// Whether downtime under maintenance does not count.
    pub(crate) maintenance_excuses: bool,
    /// Over the elapsed part of the window.
    pub(crate) burn_down: Vec<Point>,
    /// Outages with charged time in the window, oldest first.
    pub(crate) outages: Vec<Outage>,
    /// Downtime in the window that maintenance excuses.
    pub(crate) excluded: Vec<Span>,
    pub(crate) calendar: Calendar,
    /// The first date shown.
    pub(crate) first: Date,
    /// The days since `first` or the system's first day, without gaps; the last one may be incomplete.
    pub(crate) days: Vec<DayAccount>,
}

/// One day of an objective.
#[derive(Clone, Debug)]
pub(crate) struct DayAccount {
    /// Up to `as-of` if the day is not over.
    pub(crate) span: Span,
    pub(crate) tally: Tally,
    /// `None` while the day is not over.
    pub(crate) verdict: Option<Verdict>,
    /// After that day, in days.
    pub(crate) streak: u32,
}

impl Chapter {
    /// The charged parts of its outages, oldest first.
    pub(crate) fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.outages.iter().flat_map(|outage| &outage.events)
    }

    /// Computes the chapter of an assessment.
    pub(crate) fn draw<F, E>(assessment: &Assessment<'_>, chronicle: &mut Chronicle<F>) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let (model, as_of) = (assessment.model, assessment.as_of);
        let elapsed = Span::new(assessment.window.start, as_of);
        // The longest span first; later reads lie within it.
        let pieces = chronicle.pieces(model, elapsed)?;
        let report = ObjectiveReport::draw(assessment, chronicle)?;
        // An outage that begins at `as_of` has no length yet, but is included.
        let range = Span::new(elapsed.start, as_of.plus(1));
        let excluded = pieces.iter().filter(|piece| piece.excluded()).map(|piece| piece.span.intersect(elapsed));
        let whole_days = (report.budget.window.millis() / DAY_MS).clamp(FEWEST_DAYS, MOST_DAYS);
        let calendar = assessment.ledger.calendar();
        let first = calendar.date(as_of).plus(-whole_days);
        Ok(Self {
            title: model.objective.metadata.title.clone(),
            maintenance_excuses: model.objective.exclude_maintenance_windows || model.objective.not_counted.maintenance,
            burn_down: burn_down(&pieces, elapsed, report.budget.exclusion),
            outages: charged(outages(model, range, as_of, chronicle)?, range),
            excluded: union(excluded.collect()),
            calendar,
            first,
            days: days(assessment, calendar.start(first), chronicle)?,
            report,
        })
    }
}

fn days<F, E>(assessment: &Assessment<'_>, since: Instant, chronicle: &mut Chronicle<F>) -> Result<Vec<DayAccount>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let mut found = Vec::new();
    let mut streak = Streak::default();
    for (span, day) in assessment.ledger.days() {
        streak.advance(1, day.verdict, || span.end);
        if span.start >= since {
            let verdict = Some(day.verdict);
            found.push(DayAccount { span, tally: day.tally.clone(), verdict, streak: streak.current });
        }
    }
    let today = Span::new(assessment.ledger.end(), assessment.as_of);
    if assessment.first.is_some() && !today.is_empty() {
        let tally = assessment.lately(today, chronicle)?;
        found.push(DayAccount { span: today, tally, verdict: None, streak: streak.current });
    }
    Ok(found)
}
