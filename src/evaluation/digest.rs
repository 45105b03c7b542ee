//! Owns how stored facts and manifests become a weekly digest: each objective's account is opened once for all of its parts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Evaluation;
use crate::domain::account::outage::outages;
use crate::domain::budget::achievement::{Contribution, Standing};
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::digest::{Digest, Sources};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::domain::value::week::Week;
use crate::store::{Store, Stored};

/// The digest of a week for objectives; facts after `as_of` do not exist. The week is one of UTC, and each objective's figures are
/// those at the close of that week in its own zone, or as of `as_of` where it is not over.
///
/// # Errors
/// Those of the database.
pub(crate) fn digest(store: &Store, objectives: Vec<Stored>, week: Week, as_of: Instant) -> Result<Digest> {
    let (since, start, until) = (week.previous().span().start, week.span().start, week.span().end.min(as_of));
    let closes = |stored: &Stored| week.closes(stored.objective.window.calendar());
    let last = objectives.iter().map(|stored| closes(stored).end).max().unwrap_or(until);
    let mut evaluation = Evaluation::open(store, objectives.len(), last.max(until).min(as_of))?;
    let (mut reports, mut states_before) = (Vec::new(), Vec::new());
    let (mut found, mut found_before) = (Vec::new(), Vec::new());
    let mut contributions: BTreeMap<Name, Vec<Contribution>> = BTreeMap::new();
    let mut drawn = BTreeSet::new();
    for stored in objectives {
        let (system, closes) = (stored.objective.system.clone(), closes(&stored));
        drawn.insert(stored.id);
        let sealed = store.sealed(stored.id, &stored.objective)?;
        let model = evaluation.resolver.model(stored)?;
        let chronicle = &mut evaluation.chronicle;
        // What the outages are drawn from, two weeks, holds all that the rest of the recent past is: so it is read once.
        chronicle.pieces(&model, Span::new(since, until))?;
        found.extend(outages(&model, Span::new(start, until), until, chronicle)?);
        found_before.extend(outages(&model, Span::new(since, start), start, chronicle)?);
        let mut assessment = Assessment::open(&model, sealed, until, chronicle)?;
        let contribution = Contribution::unlocking(&assessment, chronicle)?;
        contributions.entry(system).or_default().push(contribution);
        // A state depends on nothing that came after its moment, so any may be told from all that is known.
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
    // A system achieves what it does with all of its objectives, selected or not.
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
        outages: found,
        outages_before: found_before,
        unlocked,
    }))
}
