//! Owns the evaluation of a weekly digest: each objective's account is opened once for all of its parts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::outages::systems;
use super::{Evaluation, Load};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::model::Model;
use crate::domain::account::outage::walk::{Pace, Walk};
use crate::domain::budget::achievement::{Contribution, Standing};
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::digest::{Digest, Sightings, Sources};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::domain::value::week::Week;
use crate::store::{Store, Stored};

/// The digest of a week for objectives; facts after `as_of` do not exist. The week is in UTC, but each objective's
/// figures are those at the close of that week in its own zone, or as of `as_of` if it is not over.
pub(crate) fn digest(store: &Store, objectives: Vec<Stored>, week: Week, as_of: Instant) -> Result<Digest> {
    let (since, start, until) = (week.previous().span().start, week.span().start, week.span().end.min(as_of));
    let closes = |stored: &Stored| week.closes(stored.objective.window.calendar());
    let last = objectives.iter().map(|stored| closes(stored).end).max().unwrap_or(until);
    let mut evaluation = Evaluation::open(store, objectives.len(), last.max(until).min(as_of))?;
    let (mut reports, mut states_before) = (Vec::new(), Vec::new());
    let mut seen = Sightings::new(Span::new(start, until), until);
    let mut seen_before = Sightings::new(Span::new(since, start), start);
    let mut contributions: BTreeMap<Name, Vec<Contribution>> = BTreeMap::new();
    let mut drawn = BTreeSet::new();
    for stored in objectives {
        let (system, closes) = (stored.objective.system.clone(), closes(&stored));
        drawn.insert(stored.id);
        let sealed = store.sealed(stored.id, &stored.objective)?;
        let model = evaluation.resolver.model(stored)?;
        let chronicle = &mut evaluation.chronicle;
        let cuts = cuts(store, &model, Span::new(since, until), chronicle)?;
        see(&mut seen, &model, Span::new(start, until), &Pace::new(until, cuts.clone()), chronicle)?;
        see(&mut seen_before, &model, Span::new(since, start), &Pace::new(start, cuts), chronicle)?;
        let mut assessment = Assessment::open(&model, sealed, until, chronicle)?;
        let contribution = Contribution::unlocking(&assessment, chronicle)?;
        contributions.entry(system).or_default().push(contribution);
        // A state does not depend on later facts, so any of them can be computed from all facts.
        if closes.end.min(as_of) != until {
            let settled = assessment.settled().into_owned();
            assessment = Assessment::open(&model, Some(settled), closes.end.min(as_of), chronicle)?;
        }
        if closes.end <= as_of {
            assessment = assessment.at_close();
        }
        reports.push(ObjectiveReport::draw(&assessment, chronicle)?);
        let settled = assessment.settled().into_owned();
        let before = Assessment::open(&model, Some(settled), closes.start, chronicle)?.at_close();
        states_before.push(ObjectiveReport::state(&before, chronicle)?);
    }
    // The achievements of a system depend on all its objectives, selected or not.
    if drawn.len() < store.count_objectives()? {
        for stored in store.objectives()?.into_iter().filter(|stored| !drawn.contains(&stored.id)) {
            if let Some(theirs) = contributions.get_mut(&stored.objective.system) {
                let sealed = store.sealed(stored.id, &stored.objective)?;
                let model = evaluation.resolver.model(stored)?;
                let assessment = Assessment::open(&model, sealed, until, &mut evaluation.chronicle)?;
                theirs.push(Contribution::unlocking(&assessment, &mut evaluation.chronicle)?);
            }
        }
    }
    let unlocked = contributions.iter().flat_map(|(system, theirs)| Standing::of(system, theirs).unlocked).collect();
    Ok(Digest::draw(Sources {
        week,
        until,
        reports,
        states_before,
        downtime: seen.finish(),
        downtime_before: seen_before.finish(),
        unlocked,
    }))
}

/// Where to split a span that is too long for one read.
fn cuts(store: &Store, model: &Model, span: Span, chronicle: &mut Chronicle<Load<'_>>) -> Result<Vec<Instant>> {
    if chronicle.beginning(&model.system, model.scope(), span.start, span.end)?.through < span.end {
        return store.cuts(Some(&systems(std::slice::from_ref(model))), span.end);
    }
    // The account of the two weeks contains everything that outages and recent values need, so it is read once.
    chronicle.pieces(model, span)?;
    Ok(Vec::new())
}

/// Adds all outages of an objective that touch a range.
fn see(
    seen: &mut Sightings,
    model: &Model,
    range: Span,
    pace: &Pace,
    chronicle: &mut Chronicle<Load<'_>>,
) -> Result<()> {
    let mut walk = Walk::over(range);
    for end in pace.ends(range.start, range.end) {
        walk.until(end, model, pace, chronicle)?.iter().for_each(|outage| seen.add(outage));
    }
    Ok(())
}
