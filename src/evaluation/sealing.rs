//! Owns the cache of sealed days: how it follows facts and manifests, and how it is compared with a recomputation.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Evaluation;
use crate::domain::account::model::{Member, Model, SystemId};
use crate::domain::account::tally::Tally;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::day::{Day, Ledger, Verdict};
use crate::domain::value::instant::Instant;
use crate::store::{Difference, Inputs, Resolver, Seal, Store, Stored};

/// The work one ingest spends on sealing days, in transitions read and runs of equal days drawn up; later ones go on from there.
const SEALING_ALLOWANCE: usize = 8_000;
/// What sealing the days of one busy objective takes of it, about: some weeks of its systems' transitions.
const WORK_OF_ONE: usize = 500;

impl Evaluation<'_> {
    /// Seals all days of an objective that are over at the moment of this evaluation, and keeps them, given those that are sealed.
    /// Runs in a write transaction. Returns how much was read and drawn up.
    fn seal(&mut self, id: i64, model: &Model, sealed: Option<(Ledger, Seal)>) -> Result<usize> {
        let (sealed, seal) = sealed.unzip();
        let known = sealed.as_ref().map_or(0, |ledger| ledger.runs().len());
        let read = self.chronicle.folded();
        let assessment = Assessment::open(model, sealed, self.as_of, &mut self.chronicle)?;
        if assessment.first.is_none() {
            self.store.drop_sealed(id)?;
            return Ok(1);
        }
        let published_until = seal.map_or(Instant::MIN, |seal| seal.published_until);
        self.store.keep_sealed(id, model, &assessment.ledger, published_until)?;
        Ok(self.chronicle.folded() - read + assessment.ledger.runs().len().saturating_sub(known) + 1)
    }
}

/// Goes on sealing days of objectives that depend on systems that an ingest touched, as far as an allowance that grows with what
/// was ingested reaches. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(super) fn seal_some(
    store: &Store,
    touched: &BTreeMap<SystemId, Instant>,
    inserted: u64,
    now: Instant,
) -> Result<()> {
    let mut allowance = SEALING_ALLOWANCE + usize::try_from(inserted).unwrap_or(usize::MAX / 8) * 4;
    let mut behind = BTreeSet::new();
    for system in touched.keys() {
        behind.extend(store.unsealed(*system, now, allowance)?);
        if behind.len() >= allowance {
            break;
        }
    }
    if behind.is_empty() {
        return Ok(());
    }
    // A small ingest gets to few of them, however many are behind.
    let reached = behind.len().min(allowance / WORK_OF_ONE);
    let mut evaluation = Evaluation::open(store, reached, now)?;
    for id in behind {
        let model = evaluation.resolver.model(store.objective_by_id(id)?)?;
        let sealed = store.sealed_and_seal(id, model.objective.window.calendar())?;
        allowance = allowance.saturating_sub(evaluation.seal(id, &model, sealed)?);
        if allowance == 0 {
            break;
        }
    }
    Ok(())
}

/// An objective by its id, and whether the systems that decide it are those that were known.
pub(super) struct Derived {
    id: i64,
    model: Model,
    known: bool,
}

/// Derives from the manifests which systems decide which objectives, and which have maintenance. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(super) fn derive_inputs(store: &Store) -> Result<Vec<Derived>> {
    store.derive_maintenance_inputs()?;
    let stored = store.inputs()?;
    let mut resolver = Resolver::new(store, true)?;
    let mut derived = Vec::new();
    for Stored { id, objective, .. } in store.objectives()? {
        let model = resolver.declared(objective)?;
        let inputs = inputs(&model);
        let known = stored.objectives.get(&id) == Some(&inputs);
        if !known {
            store.put_inputs(id, &inputs)?;
        }
        derived.push(Derived { id, model, known });
    }
    store.digest_inputs()?;
    Ok(derived)
}

/// Derives anew which systems decide which objectives, outdates what was computed, forgets days sealed from another model, and
/// seals what is missing. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(super) fn settle(store: &Store, now: Instant) -> Result<()> {
    store.outdate_computed()?;
    let derived = derive_inputs(store)?;
    let mut evaluation = Evaluation::open(store, derived.len(), now)?;
    for Derived { id, model, known } in derived {
        let calendar = model.objective.window.calendar();
        // Days whose systems were not known may not have followed their facts.
        let sealed = store.sealed_and_seal(id, calendar)?;
        let sealed = sealed.filter(|(_, seal)| known && seal.fingerprint == model.fingerprint());
        if sealed.is_none() {
            store.drop_sealed(id)?;
        }
        if sealed.as_ref().is_none_or(|(_, seal)| seal.until < calendar.day_start(now)) {
            evaluation.seal(id, &model, sealed)?;
        }
    }
    Ok(())
}

/// The systems whose facts decide a model's numbers, sorted.
fn inputs(model: &Model) -> Vec<SystemId> {
    let members = std::iter::once(&model.system).chain(&model.upstreams);
    let mut systems: Vec<SystemId> = members.map(|member: &Member| member.id).collect();
    systems.sort_unstable();
    systems.dedup();
    systems
}

/// Compares every cache and derived table with a recomputation from facts and manifests.
///
/// # Errors
/// Those of the database.
pub(crate) fn verify_caches(store: &Store) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let mut tell = |text: String| differences.push(Difference(text));
    let mut resolver = Resolver::new(store, true)?;
    let mut derived = Inputs { objectives: BTreeMap::new(), windows: store.covered()? };
    derived.windows.retain(|_, systems| !systems.is_empty());
    for stored in store.objectives()? {
        let name = stored.objective.metadata.name.clone();
        let model = resolver.declared(stored.objective)?;
        derived.objectives.insert(stored.id, inputs(&model));
        let calendar = model.objective.window.calendar();
        let Some((sealed, Seal { fingerprint, until, .. })) = store.sealed_and_seal(stored.id, calendar)? else {
            if store.has_sealed(stored.id)? {
                tell(format!("objective {name}: its sealed days are damaged"));
            }
            continue;
        };
        if fingerprint != model.fingerprint() {
            tell(format!("objective {name}: its days were sealed from another manifest"));
            continue;
        }
        if sealed.end() < calendar.day_start(until) && sealed.end() > sealed.start() {
            tell(format!(
                "objective {name}: its days are sealed until {until}, but the last one ends {}",
                sealed.end()
            ));
        }
        let mut afresh = Evaluation::open(store, 1, until)?;
        let assessment = Assessment::open(&model, None, until, &mut afresh.chronicle)?;
        if let Some(text) = first_difference(&sealed, &assessment.ledger) {
            tell(format!("objective {name}: {text}"));
        }
    }
    let stored = store.inputs()?;
    if let Some(text) = first_unequal(&stored.objectives, &derived.objectives) {
        tell(format!("objective_input: objective {text}"));
    }
    if let Some(text) = first_unequal(&stored.windows, &derived.windows) {
        tell(format!("maintenance_input: maintenance window {text}"));
    }
    Ok(differences)
}

/// The first object whose systems are not those the manifests give it.
fn first_unequal(stored: &BTreeMap<i64, Vec<SystemId>>, derived: &BTreeMap<i64, Vec<SystemId>>) -> Option<String> {
    let list = |systems: Option<&Vec<SystemId>>| {
        let ids: Vec<String> = systems.into_iter().flatten().map(|system| system.0.to_string()).collect();
        if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
    };
    let unequal = stored.keys().chain(derived.keys()).find(|id| stored.get(id) != derived.get(id))?;
    let (is, should) = (list(stored.get(unequal)), list(derived.get(unequal)));
    Some(format!("{unequal} has the systems {is}; the manifests say {should}"))
}

fn first_difference(sealed: &Ledger, drawn: &Ledger) -> Option<String> {
    if sealed.end() <= sealed.start() {
        return None;
    }
    if sealed.start() != drawn.start() {
        return Some(format!("sealed days begin {}, the journal's first day is {}", sealed.start(), drawn.start()));
    }
    let mut drawn = drawn.days();
    for (span, day) in sealed.days() {
        let end = span.end;
        let expected = drawn.next();
        if expected.map(|(_, day)| day) != Some(day) {
            let (is, should) = (in_words(day), expected.map_or("none".to_owned(), |(_, day)| in_words(day)));
            return Some(format!("the sealed day that ends {end} is {is}; recomputed it is {should}"));
        }
    }
    None
}

fn in_words(day: &Day) -> String {
    let Tally { own_ms, upstream_ms, excluded_ms, not_counted_ms, unknown_ms } = &day.tally;
    let upstream: Vec<String> = upstream_ms.iter().map(i64::to_string).collect();
    let verdict = match day.verdict {
        Verdict::Broken => "broken",
        Verdict::Held => "held",
        Verdict::Kept => "kept",
        Verdict::Skipped => "skipped",
    };
    format!(
        "{verdict} with {own_ms} ms own, [{}] ms upstream, {excluded_ms} ms excluded, {not_counted_ms} ms not counted, \
         {unknown_ms} ms unknown",
        upstream.join(", ")
    )
}
