//! Owns how stored facts and manifests become a weekly digest: each objective's account is opened once for all of its parts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Evaluation;
use crate::domain::achievement::{Contribution, Standing};
use crate::domain::assess::Assessment;
use crate::domain::digest::{Digest, Sources};
use crate::domain::instant::Instant;
use crate::domain::name::Name;
use crate::domain::outage::outages;
use crate::domain::report::ObjectiveReport;
use crate::domain::span::Span;
use crate::domain::week::Week;
use crate::store::{Store, Stored};

/// The digest of a week for objectives, up to a moment within the week or its end; facts after that do not exist.
///
/// # Errors
/// Those of the database.
pub(crate) fn digest(store: &Store, objectives: Vec<Stored>, week: Week, until: Instant) -> Result<Digest> {
    let (start, since) = (week.span().start, week.previous().span().start);
    let mut evaluation = Evaluation::open(store, objectives.len(), until)?;
    let (mut reports, mut states_before, mut found) = (Vec::new(), Vec::new(), Vec::new());
    let mut contributions: BTreeMap<Name, Vec<Contribution>> = BTreeMap::new();
    let mut drawn = BTreeSet::new();
    for stored in objectives {
        let system = stored.objective.system.clone();
        drawn.insert(stored.id);
        let sealed = store.sealed(stored.id)?;
        let model = evaluation.resolver.model(stored)?;
        let chronicle = &mut evaluation.chronicle;
        // What the outages are drawn from, two weeks, holds all that the rest of the recent past is: so it is read once.
        found.extend(outages(&model, Span::new(since, until), until, chronicle)?);
        let assessment = Assessment::open(&model, sealed, until, chronicle)?;
        reports.push(ObjectiveReport::draw(&assessment, chronicle)?);
        let contribution = Contribution::unlocking(&assessment, chronicle)?;
        // A state depends on nothing that came after its moment, so it may be told from what is known by `until`.
        let before = Assessment::open(&model, Some(assessment.ledger), start, chronicle)?;
        states_before.push(ObjectiveReport::state(&before, chronicle)?);
        contributions.entry(system).or_default().push(contribution);
    }
    // A system achieves what it does with all of its objectives, selected or not.
    if drawn.len() < store.count_objectives()? {
        for stored in store.objectives()?.into_iter().filter(|stored| !drawn.contains(&stored.id)) {
            if let Some(theirs) = contributions.get_mut(&stored.objective.system) {
                theirs.push(evaluation.assess(stored, Contribution::unlocking)?);
            }
        }
    }
    let unlocked = contributions.iter().flat_map(|(system, theirs)| Standing::of(system, theirs).unlocked).collect();
    Ok(Digest::draw(Sources { week, until, reports, states_before, outages: found, unlocked }))
}
