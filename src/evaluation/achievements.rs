//! Owns the evaluation of achievements: the objectives of each system, replayed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Evaluation;
use crate::domain::budget::achievement::{Contribution, Standing, Unlocked};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::{Store, Stored};

/// The achievements of systems as of an instant: systems in the order given, each with the oldest first.
pub(crate) fn achievements(store: &Store, systems: &[Name], as_of: Instant) -> Result<Vec<Unlocked>> {
    Ok(standings(store, systems, as_of)?.into_iter().flat_map(|standing| standing.unlocked).collect())
}

/// The achievements of systems as of an instant and the progress towards the rest, in the order given.
pub(crate) fn standings(store: &Store, systems: &[Name], as_of: Instant) -> Result<Vec<Standing>> {
    let mut objectives: BTreeMap<Name, Vec<Stored>> = BTreeMap::new();
    // For a few of many systems, only their objectives are read.
    let is_few = systems.len() <= 1 || systems.len() * 8 < store.count_objectives()?;
    let all = if is_few {
        let systems: BTreeSet<&Name> = systems.iter().collect();
        let theirs = systems.into_iter().map(|system| store.objectives_of(system)).collect::<Result<Vec<_>>>()?;
        theirs.concat()
    } else {
        store.objectives()?
    };
    for stored in all {
        objectives.entry(stored.objective.system.clone()).or_default().push(stored);
    }
    let count = systems.iter().filter_map(|system| objectives.get(system)).map(Vec::len).sum();
    let mut evaluation = Evaluation::open(store, count, as_of)?;
    systems
        .iter()
        .map(|system| {
            let mine = objectives.get(system).map_or(&[][..], Vec::as_slice);
            let contributions = mine
                .iter()
                .map(|stored| evaluation.assess(stored.clone(), Contribution::draw))
                .collect::<Result<Vec<_>>>()?;
            Ok(Standing::of(system, &contributions))
        })
        .collect()
}
