//! Owns the effect of deleting or moving facts on the budgets, and the caches after it.

use anyhow::Result;

use super::caches::forget;
use super::{follow_facts, reports, seal_after_ingest};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::rewrite::{Extent, Rewrite};
use crate::domain::plan::reconcile::consequence::{Consequence, worst_first};
use crate::domain::value::instant::Instant;
use crate::store::{Followers, Store, Stored};

/// The result of a rewrite of the journal.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Rewritten {
    pub(crate) extent: Extent,
    /// Every objective that depends on facts of its systems, before and after; worst first.
    pub(crate) consequences: Vec<Consequence>,
}

/// Rewrites the journal, updates all caches, and compares the budgets as of an instant. Runs in a write transaction.
pub(crate) fn rewrite(store: &Store, rewrite: &Rewrite, now: Instant, as_of: Instant) -> Result<Rewritten> {
    let objectives = store.with_caches(|store| decided(store, rewrite), forget)?;
    let before = reports(store, objectives.clone(), as_of)?;
    let known = store.systems()?;
    let (extent, touched) = store.rewrite(rewrite)?;
    let mut followers = Followers::default();
    follow_facts(store, &touched, &mut followers)?;
    seal_after_ingest(store, &touched, &mut followers, (extent.transitions, now))?;
    let after = reports(store, objectives, as_of)?;
    let names = known.into_iter().filter(|(_, id)| touched.contains_key(id)).map(|(name, _)| name);
    store.forget_unknown(&names.collect::<Vec<_>>())?;
    let mut consequences: Vec<Consequence> = before.into_iter().zip(after).map(consequence).collect();
    worst_first(&mut consequences);
    Ok(Rewritten { extent, consequences })
}

fn consequence((before, after): (ObjectiveReport, ObjectiveReport)) -> Consequence {
    Consequence { objective: after.objective.clone(), before: Some(before), after: Some(after) }
}

/// The objectives that depend on the facts of a rewrite, sorted by name.
fn decided(store: &Store, rewrite: &Rewrite) -> Result<Vec<Stored>> {
    let ids = store.decided_by(&store.rewritten_systems(rewrite)?)?;
    let mut objectives = ids.into_iter().map(|id| store.objective_by_id(id)).collect::<Result<Vec<_>>>()?;
    objectives.sort_by(|a, b| a.objective.metadata.name.cmp(&b.objective.metadata.name));
    Ok(objectives)
}
