//! Owns the evaluation of objectives over a requested period instead of their own windows.

use std::collections::BTreeMap;

use anyhow::Result;

use super::outages::circumstances::circumstances;
use super::resolver::Resolver;
use super::{Evaluation, Load, in_maintenance, is_most};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::model::Model;
use crate::domain::account::outage::shared::{Shared, shared};
use crate::domain::account::outage::{Outage, outages};
use crate::domain::account::tally::Tally;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::day::Ledger;
use crate::domain::budget::grouping::GroupBy;
use crate::domain::budget::level::{Level, LevelDay};
use crate::domain::budget::rejudge::rejudged;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::review::{Interruption, Review};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::domain::value::span::Span;
use crate::domain::value::window::Window;
use crate::store::{ManifestId, Store, Stored};

impl<'s> Evaluation<'s> {
    /// Opens the account of an objective with the period as its window, at its close if it is over, and calls `work`
    /// with it. No fact after the period may be known.
    fn assess_over<T>(
        &mut self,
        mut stored: Stored,
        frame: &Frame,
        work: &mut impl FnMut(&Assessment<'_>, &mut Chronicle<Load<'s>>) -> Result<T>,
    ) -> Result<T> {
        let (id, declared) = (stored.id, stored.objective.window);
        let over = frame.span(declared).end <= self.as_of;
        stored.objective.window = frame.window(declared);
        let model = self.resolver.model(stored)?;
        let sealed = self.sealed((id, declared), &model)?;
        let assessment = Assessment::open(&model, sealed, self.as_of, &mut self.chronicle)?;
        let assessment = if over { assessment.at_close() } else { assessment };
        work(&assessment, &mut self.chronicle)
    }

    /// The sealed days of an objective with the declared window, for a model whose window may differ.
    pub(super) fn sealed(&mut self, (id, declared): (ManifestId, Window), model: &Model) -> Result<Option<Ledger>> {
        let objective = &model.objective;
        if objective.window == declared {
            return self.store.sealed(id, objective);
        }
        if objective.window.calendar() != declared.calendar() || objective.hindsight_ms() > 0 {
            return Ok(None);
        }
        let Some(mut ledger) = self.store.sealed(id, objective)? else { return Ok(None) };
        ledger.truncate(self.as_of);
        rejudged(model, &ledger, &mut self.chronicle).map(Some)
    }
}

/// Evaluates objectives over a period, in the order given. Facts after the period do not exist, as a completed period
/// is evaluated at its close.
fn each_over<'s, T>(
    store: &'s Store,
    objectives: Vec<Stored>,
    frame: &Frame,
    as_of: Instant,
    mut work: impl FnMut(&Assessment<'_>, &mut Chronicle<Load<'s>>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut by_moment: BTreeMap<Instant, Vec<(usize, Stored)>> = BTreeMap::new();
    for (place, stored) in objectives.into_iter().enumerate() {
        let moment = frame.span(stored.objective.window).end.min(as_of);
        by_moment.entry(moment).or_default().push((place, stored));
    }
    let mut found: Vec<(usize, T)> = Vec::new();
    for (moment, objectives) in by_moment {
        let mut evaluation = Evaluation::open(store, objectives.len(), moment)?;
        for (place, stored) in objectives {
            found.push((place, evaluation.assess_over(stored, frame, &mut work)?));
        }
    }
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().map(|(_, it)| it).collect())
}

/// The reports of objectives over a period, in the order given.
pub(crate) fn reports_over(
    store: &Store,
    objectives: Vec<Stored>,
    frame: &Frame,
    as_of: Instant,
) -> Result<Vec<ObjectiveReport>> {
    let count = objectives.len();
    let mut resolver = Resolver::new(store, is_most(store, count)?)?.asked(count, as_of);
    let reports = each_over(store, objectives, frame, as_of, ObjectiveReport::draw)?;
    // No maintenance is active in a completed period.
    let is_over = |report: &ObjectiveReport| report.budget.window.end <= as_of;
    let report = |report| if is_over(&report) { Ok(report) } else { in_maintenance(report, &mut resolver) };
    reports.into_iter().map(report).collect()
}

/// The outages of each objective that touch a period, in the order given, with their true starts and ends as of an
/// instant.
fn outages_over(store: &Store, objectives: Vec<Stored>, frame: &Frame, as_of: Instant) -> Result<Vec<Vec<Outage>>> {
    let mut evaluation = Evaluation::open(store, objectives.len(), as_of)?;
    let mut found = Vec::with_capacity(objectives.len());
    for stored in objectives {
        let span = frame.span(stored.objective.window);
        let model = evaluation.resolver.model(stored)?;
        found.push(outages(&model, span, as_of, &mut evaluation.chronicle)?);
    }
    Ok(found)
}

/// The review of objectives over a period, in groups on request.
pub(crate) fn review(
    store: &Store,
    objectives: Vec<Stored>,
    (frame, by): (Frame, Option<GroupBy>),
    as_of: Instant,
) -> Result<Review> {
    let before = levels(store, objectives.clone(), &frame.before(), as_of)?;
    let levels = levels(store, objectives, &frame, as_of)?;
    let outages = interruptions(store, &levels, as_of)?;
    Ok(Review::draw(frame, by, levels, before, outages, as_of))
}

/// The outages of objectives, charged or not, each once however many objectives of its system saw it.
fn interruptions(store: &Store, levels: &[Level], as_of: Instant) -> Result<Vec<Interruption>> {
    let periods: BTreeMap<&Name, Span> = levels.iter().map(|level| (&level.report.objective, level.period())).collect();
    let (charged, excused): (Vec<&Outage>, Vec<&Outage>) =
        levels.iter().flat_map(|level| &level.outages).partition(|outage| !outage.events.is_empty());
    let mut found = shared(charged);
    for outage in shared(excused) {
        let is_same = |known: &&mut Shared<'_>| {
            known.system == outage.system && !known.span(as_of).intersect(outage.span(as_of)).is_empty()
        };
        match found.iter_mut().find(is_same) {
            Some(known) => known.seen.extend(outage.seen),
            None => found.push(outage),
        }
    }
    found.sort_by(|a, b| (a.start, a.system).cmp(&(b.start, b.system)));
    let circumstances = circumstances(store, &found, as_of)?;
    let of = |(outage, circumstances)| {
        Interruption::of(outage, circumstances, as_of, |seen: &Outage| periods[&seen.objective])
    };
    Ok(found.iter().zip(circumstances).map(of).collect())
}

/// The service levels of objectives over a period, in the order given.
fn levels(store: &Store, objectives: Vec<Stored>, frame: &Frame, as_of: Instant) -> Result<Vec<Level>> {
    let outages = outages_over(store, objectives.clone(), frame, as_of)?;
    let mut outages = outages.into_iter();
    let drawn = each_over(store, objectives, frame, as_of, |assessment, chronicle| {
        Ok(Level {
            title: assessment.model.objective.metadata.title.clone(),
            report: ObjectiveReport::draw(assessment, chronicle)?,
            outages: Vec::new(),
            days: days(assessment, chronicle)?,
        })
    })?;
    let with = |level: Level| Level { outages: outages.next().unwrap_or_default(), ..level };
    Ok(drawn.into_iter().map(with).collect())
}

/// The days of the period that have begun.
fn days(assessment: &Assessment<'_>, chronicle: &mut Chronicle<Load<'_>>) -> Result<Vec<LevelDay>> {
    let (calendar, exclusion) = (assessment.ledger.calendar(), assessment.model.objective.dependency_exclusion);
    let day = |span: Span, tally: &Tally| LevelDay {
        date: calendar.date(span.start),
        elapsed_ms: span.millis(),
        length_ms: span.millis() - tally.not_counted_ms,
        known_ms: span.millis() - tally.unknown_ms,
        consumed_us: tally.consumed_us(exclusion),
    };
    let whole = assessment.ledger.spans(assessment.window.start);
    let mut found: Vec<LevelDay> = whole.into_iter().map(|(span, tally)| day(span, tally)).collect();
    let today = Span::new(assessment.ledger.end().max(assessment.window.start), assessment.as_of);
    if assessment.first.is_some() && !today.is_empty() {
        found.push(day(today, &assessment.lately(today, chronicle)?));
    }
    Ok(found)
}
