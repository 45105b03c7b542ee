//! Owns how stored facts and manifests become reports, and how the cache of sealed days follows them: the one way by
//! which every command evaluates.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::domain::assess::Assessment;
use crate::domain::chronicle::Chronicle;
use crate::domain::day::{Day, Ledger, Verdict};
use crate::domain::event::{Event, events};
use crate::domain::health::Health;
use crate::domain::instant::Instant;
use crate::domain::model::{Member, Model, SystemId};
use crate::domain::name::Name;
use crate::domain::report::ObjectiveReport;
use crate::domain::snapshot::{Snapshot, snapshots};
use crate::domain::streak::Streak;
use crate::domain::tally::Tally;
use crate::domain::timeline::{BEGINNING, END, Scope, fold};
use crate::domain::transition::Status;
use crate::store::{Difference, Inputs, Reader, Resolver, Store, Stored};

/// From so many objectives on, it is cheaper to read everything than to look things up.
const MANY: usize = 64;
/// The work one ingest spends on sealing days, in transitions read and runs of equal days drawn up; later ones go on from there.
const SEALING_ALLOWANCE: usize = 20_000;

/// The reports of objectives as of a moment, in the order given.
///
/// # Errors
/// Those of the database.
pub(crate) fn reports(store: &Store, objectives: Vec<Stored>, as_of: Instant) -> Result<Vec<ObjectiveReport>> {
    let most = objectives.len() >= MANY;
    let mut resolver = Resolver::new(store, most)?;
    let reader = Reader::new(store, as_of, most)?;
    let mut chronicle =
        Chronicle::new(|system, scope: Scope<'_>, from, through| reader.history(system, scope, from, through));
    let mut reports = Vec::with_capacity(objectives.len());
    for stored in objectives {
        let sealed = store.sealed(stored.id)?;
        let model = resolver.model(stored.objective)?;
        let assessment = Assessment::open(&model, sealed, as_of, &mut chronicle)?;
        reports.push(ObjectiveReport::draw(&assessment, &mut chronicle)?);
    }
    Ok(reports)
}

/// The downtime events of objectives that touch `[since, until)`, as of a moment, oldest first, then by objective.
///
/// # Errors
/// Those of the database.
pub(crate) fn downtime(
    store: &Store,
    objectives: Vec<Stored>,
    since: Instant,
    until: Instant,
    as_of: Instant,
) -> Result<Vec<Event>> {
    let most = objectives.len() >= MANY;
    let mut resolver = Resolver::new(store, most)?;
    let reader = Reader::new(store, as_of, most)?;
    let mut chronicle =
        Chronicle::new(|system, scope: Scope<'_>, from, through| reader.history(system, scope, from, through));
    let mut found = Vec::new();
    for stored in objectives {
        let model = resolver.model(stored.objective)?;
        found.extend(events(&model, since, until, as_of, &mut chronicle)?);
    }
    found.sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
    Ok(found)
}

/// The streaks of objectives as of a moment, in the order given, each with its system.
///
/// # Errors
/// Those of the database.
pub(crate) fn streaks(store: &Store, objectives: Vec<Stored>, as_of: Instant) -> Result<Vec<(Name, Name, Streak)>> {
    let most = objectives.len() >= MANY;
    let mut resolver = Resolver::new(store, most)?;
    let reader = Reader::new(store, as_of, most)?;
    let mut chronicle =
        Chronicle::new(|system, scope: Scope<'_>, from, through| reader.history(system, scope, from, through));
    let mut found = Vec::with_capacity(objectives.len());
    for stored in objectives {
        let sealed = store.sealed(stored.id)?;
        let model = resolver.model(stored.objective)?;
        let assessment = Assessment::open(&model, sealed, as_of, &mut chronicle)?;
        let streak = Streak::replay(&assessment.ledger);
        found.push((model.objective.metadata.name, model.system.name, streak));
    }
    Ok(found)
}

/// The daily snapshots of an objective after a moment and up to another, oldest first.
///
/// # Errors
/// Those of the database.
pub(crate) fn trend(store: &Store, stored: Stored, after: Instant, as_of: Instant) -> Result<Vec<Snapshot>> {
    let sealed = store.sealed(stored.id)?;
    let model = Resolver::new(store, false)?.model(stored.objective)?;
    let reader = Reader::new(store, as_of, false)?;
    let mut chronicle =
        Chronicle::new(|system, scope: Scope<'_>, from, through| reader.history(system, scope, from, through));
    let assessment = Assessment::open(&model, sealed, as_of, &mut chronicle)?;
    snapshots(&assessment, after, &mut chronicle)
}

/// The health of systems as of a moment, in the order given.
///
/// # Errors
/// Those of the database.
pub(crate) fn healths(store: &Store, systems: &[(Name, SystemId)], as_of: Instant) -> Result<Vec<Health>> {
    let most = systems.len() >= MANY;
    let mut resolver = Resolver::new(store, most)?;
    let reader = Reader::new(store, as_of, most)?;
    let mut healths = Vec::with_capacity(systems.len());
    for (name, id) in systems {
        let stale_after_ms = resolver.system(name)?.and_then(|system| system.stale_after_ms);
        healths.push(health(&reader, name, *id, stale_after_ms, as_of)?);
    }
    Ok(healths)
}

/// The effective status of a system at each of some moments, which are sorted, as of another.
///
/// # Errors
/// Those of the database.
pub(crate) fn statuses(
    store: &Store,
    name: &Name,
    id: SystemId,
    moments: &[Instant],
    as_of: Instant,
) -> Result<Vec<Status>> {
    let Some(first) = moments.first() else { return Ok(Vec::new()) };
    let stale_after_ms = Resolver::new(store, false)?.system(name)?.and_then(|system| system.stale_after_ms);
    let history = Reader::new(store, as_of, false)?.history(id, Scope::System, *first, as_of)?;
    let changes = fold(&history, Scope::System, stale_after_ms);
    let at = |at: &Instant| changes[changes.partition_point(|change| change.at <= *at).saturating_sub(1)].status();
    Ok(moments.iter().map(at).collect())
}

fn health(
    reader: &Reader<'_>,
    name: &Name,
    id: SystemId,
    stale_after_ms: Option<i64>,
    as_of: Instant,
) -> Result<Health> {
    let mut back = crate::domain::health::TRANSITIONS_WINDOW_MS;
    loop {
        let from = as_of.plus(-back).max(BEGINNING);
        let history = reader.history(id, Scope::System, from, as_of)?;
        let changes = fold(&history, Scope::System, stale_after_ms);
        if Health::is_settled(&changes, history.from <= BEGINNING, as_of) {
            return Ok(Health::draw(name.clone(), &changes, &history.streams, stale_after_ms, history.first, as_of));
        }
        back = back.saturating_mul(4).min(END.millis());
    }
}

/// Seals all whole days of an objective up to `until`, a midnight, and keeps them. Runs in a write transaction.
/// Returns how much was read and drawn up.
///
/// # Errors
/// Those of the database.
fn seal<F>(store: &Store, id: i64, model: &Model, until: Instant, chronicle: &mut Chronicle<F>) -> Result<usize>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<crate::domain::timeline::SystemHistory>,
{
    let sealed = store.sealed(id)?;
    let known = sealed.as_ref().map_or(0, |ledger| ledger.runs().len());
    let read = chronicle.folded();
    let assessment = Assessment::open(model, sealed, until, chronicle)?;
    if assessment.first.is_none() {
        store.drop_sealed(id)?;
        return Ok(1);
    }
    store.keep_sealed(id, model, &assessment.ledger)?;
    Ok(chronicle.folded() - read + assessment.ledger.runs().len().saturating_sub(known) + 1)
}

/// After an ingest: goes on sealing days of objectives that depend on the systems it touched, the furthest behind first,
/// as far as an allowance that grows with what was ingested reaches. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(crate) fn seal_after_ingest(
    store: &Store,
    touched: &BTreeMap<SystemId, Instant>,
    inserted: u64,
    now: Instant,
) -> Result<()> {
    let until = now.day_start();
    let mut allowance = SEALING_ALLOWANCE + usize::try_from(inserted).unwrap_or(usize::MAX / 8) * 4;
    let mut resolver = Resolver::new(store, touched.len() >= MANY)?;
    let reader = Reader::new(store, until, touched.len() >= MANY)?;
    let mut chronicle =
        Chronicle::new(|system, scope: Scope<'_>, from, through| reader.history(system, scope, from, through));
    for system in touched.keys() {
        for id in store.unsealed(*system, until, allowance)? {
            let model = resolver.model(store.objective_by_id(id)?.objective)?;
            let spent = seal(store, id, &model, until, &mut chronicle)?;
            allowance = allowance.saturating_sub(spent);
            if allowance == 0 {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// After manifests changed: derives anew which systems decide which objectives, forgets days sealed from another
/// model, and seals what is missing. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(crate) fn settle_manifests(store: &Store, now: Instant) -> Result<()> {
    store.derive_maintenance_inputs()?;
    let until = now.day_start();
    let known = store.inputs()?;
    let mut resolver = Resolver::new(store, true)?;
    let reader = Reader::new(store, until, true)?;
    let mut chronicle =
        Chronicle::new(|system, scope: Scope<'_>, from, through| reader.history(system, scope, from, through));
    for stored in store.objectives()? {
        let model = resolver.model(stored.objective)?;
        let inputs = inputs(&model);
        if known.objectives.get(&stored.id) != Some(&inputs) {
            store.put_inputs(stored.id, &inputs)?;
        }
        let seal_now = store.seal(stored.id)?;
        if seal_now.is_some_and(|(fingerprint, _)| fingerprint != model.fingerprint()) {
            store.drop_sealed(stored.id)?;
        }
        if !seal_now.is_some_and(|(fingerprint, end)| fingerprint == model.fingerprint() && end >= until) {
            seal(store, stored.id, &model, until, &mut chronicle)?;
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
pub(crate) fn verify_caches(store: &Store, now: Instant) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let mut tell = |text: String| differences.push(Difference(text));
    let mut resolver = Resolver::new(store, true)?;
    let mut derived = Inputs { objectives: BTreeMap::new(), windows: store.covered()? };
    derived.windows.retain(|_, systems| !systems.is_empty());
    for stored in store.objectives()? {
        let name = stored.objective.metadata.name.clone();
        let model = resolver.model(stored.objective)?;
        derived.objectives.insert(stored.id, inputs(&model));
        let Some((fingerprint, until)) = store.seal(stored.id)? else { continue };
        if fingerprint != model.fingerprint() {
            tell(format!("objective {name}: its days were sealed from another manifest"));
            continue;
        }
        if until.in_range().is_err() || until != until.day_start() {
            tell(format!("objective {name}: its days are sealed until {until}, which is no midnight"));
            continue;
        }
        let sealed = match store.sealed(stored.id) {
            Ok(Some(sealed)) => sealed,
            Ok(None) => {
                tell(format!("objective {name}: it has a seal but no ledger"));
                continue;
            }
            Err(error) => {
                tell(format!("objective {name}: {error:#}"));
                continue;
            }
        };
        if sealed.end() < until && sealed.end() > sealed.start() {
            tell(format!(
                "objective {name}: its days are sealed until {until}, but the last one ends {}",
                sealed.end()
            ));
        }
        let reader = Reader::new(store, until.max(now), false)?;
        let mut chronicle =
            Chronicle::new(|system, scope: Scope<'_>, from, through| reader.history(system, scope, from, through));
        let assessment = Assessment::open(&model, None, until, &mut chronicle)?;
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
    for (end, day) in sealed.days() {
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
    };
    format!(
        "{verdict} with {own_ms} ms own, [{}] ms upstream, {excluded_ms} ms excluded, {not_counted_ms} ms not counted, \
         {unknown_ms} ms unknown",
        upstream.join(", ")
    )
}
