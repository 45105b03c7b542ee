//! Owns the cache of sealed days: how it follows facts and manifests, and comparing it with a recomputation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use anyhow::Result;

use super::{Evaluation, is_most};
use crate::domain::account::member::{Member, SystemId};
use crate::domain::account::model::Model;
use crate::domain::account::tally::Tally;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::day::{Day, Ledger, Verdict};
use crate::domain::value::instant::Instant;
use crate::evaluation::resolver::Resolver;
use crate::store::{Difference, Followers, Inputs, ManifestId, Seal, Store, Stored};

/// The work one ingest spends on sealing days, in transitions read and runs of equal days computed; later ones
/// continue.
const SEALING_ALLOWANCE: usize = 8_000;
/// The approximate cost of sealing the days of one busy objective: some weeks of its systems' transitions.
const WORK_OF_ONE: usize = 500;

impl Evaluation<'_> {
    /// Seals and stores all days of an objective that are over at the instant of this evaluation, given its sealed
    /// days. Runs in a write transaction. Returns how much was read and computed.
    fn seal(&mut self, id: ManifestId, model: &Model, sealed: Option<(Ledger, Seal)>) -> Result<usize> {
        let (sealed, seal) = sealed.unzip();
        let known = sealed.as_ref().map_or(0, |ledger| ledger.runs().len());
        let read = self.chronicle.folded();
        let assessment = Assessment::open(model, sealed, self.as_of, &mut self.chronicle)?;
        if assessment.first.is_none() {
            self.store.drop_sealed(id)?;
            return Ok(1);
        }
        let published_until = seal.map_or(Instant::MIN, |seal| seal.published_until);
        self.store.keep_sealed(id, model, &assessment.settled(), published_until)?;
        Ok(self.chronicle.folded() - read + assessment.ledger.runs().len().saturating_sub(known) + 1)
    }
}

/// Continues sealing days of objectives that depend on ingested systems, up to an allowance that grows with the ingest.
/// Runs in the write transaction that read `followers`.
pub(super) fn seal_some(
    store: &Store,
    touched: &BTreeMap<SystemId, Instant>,
    followers: &mut Followers,
    (inserted, now): (u64, Instant),
) -> Result<()> {
    let mut allowance = SEALING_ALLOWANCE + usize::try_from(inserted).unwrap_or(usize::MAX / 8) * 4;
    if !followers.has_objectives() && !store.has_inputs()? {
        return Ok(());
    }
    let behind = followers.behind(store, touched.keys().copied(), (now, allowance))?;
    if behind.is_empty() {
        return Ok(());
    }
    // A small ingest seals only a few of them.
    let reached = behind.len().min(allowance / WORK_OF_ONE);
    let mut evaluation = Evaluation::open(store, reached, now)?;
    for id in behind {
        let model = evaluation.resolver.model(store.objective_by_id(id)?)?;
        let sealed = store.sealed_and_seal(id, &model.objective)?;
        allowance = allowance.saturating_sub(evaluation.seal(id, &model, sealed)?);
        if allowance == 0 {
            break;
        }
    }
    Ok(())
}

/// Derives from the manifests the system of each objective, which systems may excuse which, and which have maintenance.
/// Runs in a write transaction.
pub(super) fn derive_inputs(store: &Store) -> Result<()> {
    derive(store, &mut Resolver::whole(store)?, &store.objectives()?).map(drop)
}

/// Inputs that were unknown: days that depend on them may lack facts of their systems.
struct Unknown {
    objectives: BTreeSet<ManifestId>,
    /// Systems whose dependents changed.
    systems: BTreeSet<SystemId>,
    /// Systems whose composites changed.
    members: BTreeSet<SystemId>,
}

impl Unknown {
    fn decides(&self, id: ManifestId, model: &Model) -> bool {
        let is_unknown = |place: &usize| self.systems.contains(&model.dependencies.member(*place).id);
        let has_unknown = |place: &usize| self.is_made_of_unknown(&model.dependencies.member(*place));
        self.objectives.contains(&id)
            || !self.systems.is_empty() && model.upstreams().iter().any(is_unknown)
            || !self.members.is_empty()
                && (self.is_made_of_unknown(&model.system) || model.upstreams().iter().any(has_unknown))
    }

    fn is_made_of_unknown(&self, system: &Member) -> bool {
        let members = system.composition.iter().flat_map(|composition| &composition.members);
        members.into_iter().any(|member| self.members.contains(&member.id) || self.is_made_of_unknown(member))
    }
}

fn derive(store: &Store, resolver: &mut Resolver<'_>, declared: &[Stored]) -> Result<Unknown> {
    let stored = store.inputs()?;
    store.derive_maintenance_inputs(&stored.windows)?;
    let dependents = dependents(resolver)?;
    let systems = stored.dependents.keys().chain(dependents.keys());
    let systems = systems.filter(|id| stored.dependents.get(id) != dependents.get(id)).copied().collect();
    store.put_dependents(&stored.dependents, &dependents)?;
    let composites = composites(resolver)?;
    let members = stored.composites.keys().chain(composites.keys());
    let members = members.filter(|id| stored.composites.get(id) != composites.get(id)).copied().collect();
    store.put_composites(&stored.composites, &composites)?;
    let mut objectives = BTreeSet::new();
    for Stored { id, objective, .. } in declared {
        let system = resolver.member(&objective.system)?.id;
        if stored.objectives.get(id).is_none_or(|known| *known != [system]) {
            store.put_system(*id, system)?;
            objectives.insert(*id);
        }
    }
    store.digest_inputs()?;
    Ok(Unknown { objectives, systems, members })
}

/// The systems that each system may excuse, by id.
fn dependents(resolver: &mut Resolver<'_>) -> Result<BTreeMap<SystemId, Vec<(SystemId, bool)>>> {
    let mut dependents: BTreeMap<SystemId, Vec<(SystemId, bool)>> = BTreeMap::new();
    for (upstream, dependent, transitive) in resolver.edges()? {
        let known = dependents.entry(upstream).or_default();
        match known.last_mut() {
            Some((last, leads_on)) if *last == dependent => *leads_on |= transitive,
            _ => known.push((dependent, transitive)),
        }
    }
    Ok(dependents)
}

/// The composite systems that each system is a member of, by id.
fn composites(resolver: &mut Resolver<'_>) -> Result<BTreeMap<SystemId, Vec<SystemId>>> {
    let mut composites: BTreeMap<SystemId, Vec<SystemId>> = BTreeMap::new();
    for (member, composite) in resolver.memberships()? {
        composites.entry(member).or_default().push(composite);
    }
    Ok(composites)
}

/// Derives which systems decide which objectives, marks computed tables as outdated, drops days sealed from another
/// model, and seals missing ones. Runs in a write transaction.
pub(super) fn settle(store: &Store, now: Instant) -> Result<()> {
    store.outdate_computed()?;
    let mut resolver = Resolver::whole(store)?;
    let objectives = store.objectives()?;
    let unknown = derive(store, &mut resolver, &objectives)?;
    let most = is_most(store, objectives.len())?;
    let mut evaluation = Evaluation::with(store, resolver, most, now)?;
    for stored in objectives {
        let id = stored.id;
        let model = evaluation.resolver.model(stored)?;
        let (calendar, hindsight_ms) = (model.objective.window.calendar(), model.objective.hindsight_ms());
        // Days whose systems were unknown may lack their facts.
        let is_known = !unknown.decides(id, &model);
        let sealed = store.sealed_and_seal(id, &model.objective)?;
        let sealed = sealed.filter(|(_, seal)| is_known && seal.fingerprint == model.fingerprint());
        if sealed.is_none() {
            store.drop_sealed(id)?;
        }
        if sealed.as_ref().is_none_or(|(_, seal)| seal.until < calendar.day_start(now.plus(-hindsight_ms))) {
            evaluation.seal(id, &model, sealed)?;
        }
    }
    Ok(())
}

/// Compares every cache and derived table with a recomputation from facts and manifests.
pub(crate) fn verify_caches(store: &Store) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let mut tell = |text: String| differences.push(Difference(text));
    let mut resolver = Resolver::whole(store)?;
    let dependents = dependents(&mut resolver)?;
    let composites = composites(&mut resolver)?;
    let mut derived = Inputs { objectives: BTreeMap::new(), windows: store.covered()?, dependents, composites };
    derived.windows.retain(|_, systems| !systems.is_empty());
    let objectives = store.objectives()?;
    // Later facts change no settled day, so one instant suffices for all, however far each is sealed.
    let hindsight_ms = objectives.iter().map(|stored| stored.objective.hindsight_ms()).max().unwrap_or(0);
    let latest = store.sealed_until()?.unwrap_or(Instant::MIN).plus(hindsight_ms);
    let mut afresh = Evaluation::with(store, resolver, is_most(store, objectives.len())?, latest)?;
    for stored in objectives {
        let name = stored.objective.metadata.name.clone();
        let model = afresh.resolver.declared(stored.objective)?;
        derived.objectives.insert(stored.id, vec![model.system.id]);
        let calendar = model.objective.window.calendar();
        let Some((sealed, Seal { fingerprint, until, .. })) = store.sealed_and_seal(stored.id, &model.objective)?
        else {
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
        let assessment = Assessment::open(&model, None, latest, &mut afresh.chronicle)?;
        if let Some(text) = first_difference(&sealed, &assessment.ledger) {
            tell(format!("objective {name}: {text}"));
        }
    }
    let stored = store.inputs()?;
    let id = SystemId::to_string;
    if let Some(text) = first_unequal(&stored.objectives, &derived.objectives, "systems", id) {
        tell(format!("objective_input: objective {text}"));
    }
    let edge =
        |(system, leads_on): &(SystemId, bool)| format!("{system}{}", if *leads_on { " (transitive)" } else { "" });
    if let Some(text) = first_unequal(&stored.dependents, &derived.dependents, "dependents", edge) {
        tell(format!("dependency_input: system {text}"));
    }
    if let Some(text) = first_unequal(&stored.composites, &derived.composites, "composite systems", id) {
        tell(format!("member_input: system {text}"));
    }
    if let Some(text) = first_unequal(&stored.windows, &derived.windows, "systems", id) {
        tell(format!("maintenance_input: maintenance window {text}"));
    }
    if differences.is_empty() {
        differences.extend(store.undigested()?);
    }
    Ok(differences)
}

/// The first object whose values differ from those of the manifests.
fn first_unequal<K: Ord + Display, T: PartialEq>(
    stored: &BTreeMap<K, Vec<T>>,
    derived: &BTreeMap<K, Vec<T>>,
    what: &str,
    show: impl Fn(&T) -> String,
) -> Option<String> {
    let list = |known: Option<&Vec<T>>| {
        let shown: Vec<String> = known.into_iter().flatten().map(&show).collect();
        if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
    };
    let unequal = stored.keys().chain(derived.keys()).find(|id| stored.get(id) != derived.get(id))?;
    let (is, should) = (list(stored.get(unequal)), list(derived.get(unequal)));
    Some(format!("{unequal} has the {what} {is}; the manifests say {should}"))
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
    let Tally { own_us, upstream_us, excluded_us, too_short_us, not_counted_ms, unknown_ms } = &day.tally;
    let upstream: Vec<String> =
        upstream_us.iter().map(|(system, micros)| format!("{micros} of {}", system.0)).collect();
    let verdict = match day.verdict {
        Verdict::Broken => "broken",
        Verdict::Held => "held",
        Verdict::Kept => "kept",
        Verdict::Skipped => "skipped",
    };
    format!(
        "{verdict} with {own_us} µs own, [{}] µs upstream, {excluded_us} µs excluded, {too_short_us} µs too short, \
         {not_counted_ms} ms not counted, {unknown_ms} ms unknown",
        upstream.join(", ")
    )
}
