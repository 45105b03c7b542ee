//! Owns what `compute` publishes: everything as of one instant, the changes since the last computation, and comparing
//! the tables with a recomputation.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::systems::Moves;
use super::turning::{turns, wrong_turns};
use super::{Evaluation, Load, in_maintenance};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::member::SystemId;
use crate::domain::budget::achievement::{Contribution, Standing};
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::snapshot::{likes, snapshots};
use crate::domain::health::report::Health;
use crate::domain::health::timeline::BEGINNING;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::{Before, Difference, LogRange, ManifestId, Publisher, Seal, Store, Stored};

/// Updates the computed tables to an instant and logs the differences from `before`, whose range it returns; new
/// conditions with their `history` on request. Runs in a write transaction.
pub(super) fn compute_from(store: &Store, before: Before, as_of: Instant, history: bool) -> Result<LogRange> {
    let changes = if matches!(before, Before::Published) && store.is_computed(as_of)? {
        None
    } else {
        let last = store.computed()?.map(|computed| computed.as_of);
        let mut publisher = store.publishing(before, as_of);
        let mut events = None;
        draw(store, (last, as_of), &mut publisher, |evaluation, count, sealed, assessment| {
            let known = published_until(sealed.1, assessment);
            let events = events.get_or_insert_with(|| evaluation.events(count));
            events.publish(assessment, known, &mut evaluation.chronicle)?;
            publish_days(store, sealed, assessment, &mut evaluation.chronicle)
        })?;
        let (aligned, changes) = publisher.changes()?;
        store.put_computed(as_of, aligned)?;
        Some(changes)
    };
    let mut changes = changes.into_iter().flatten().peekable();
    let mut turns = turns(store, as_of, history)?.peekable();
    let in_order = std::iter::from_fn(|| {
        let turn_first = match (changes.peek(), turns.peek()) {
            // At one instant, turns come last, as their kind does.
            (Some(change), Some(turn)) => turn.occurred_at < change.occurred_at,
            (change, _) => change.is_none(),
        };
        if turn_first { turns.next() } else { changes.next() }
    });
    store.log_changes(in_order, as_of)
}

/// Evaluates everything as of an instant, one thing after the other, and the status changes of systems since the last
/// computation. `past` gets the assessment of each objective.
fn draw<'s>(
    store: &'s Store,
    (last, as_of): (Option<Instant>, Instant),
    publisher: &mut Publisher<'_>,
    past: impl FnMut(&mut Evaluation<'s>, usize, (ManifestId, Option<Seal>), &Assessment<'_>) -> Result<()>,
) -> Result<()> {
    let (objectives, systems) = (store.objectives()?, store.systems()?);
    let count = objectives.len().max(systems.len());
    let mut evaluation = Evaluation::of_all(store, &systems, count, as_of)?;
    let (mut healths, contributions) = draw_objectives(&mut evaluation, objectives, publisher, past)?;
    for (system, contributions) in contributions {
        let mut unlocked = Standing::of(&system, &contributions).unlocked;
        unlocked.sort_by_key(|unlocked| unlocked.achievement.as_str());
        unlocked.iter().try_for_each(|unlocked| publisher.achievement(unlocked))?;
    }
    let health = |(name, _): &(Name, SystemId)| healths.remove(name).map_or_else(|| evaluation.health(name), Ok);
    let healths = systems.iter().map(health).collect::<Result<_>>()?;
    let healths = evaluation.there_are(healths)?;
    let moves = Moves::between(last, as_of);
    healths.iter().try_for_each(|health| publisher.system(health, moves.of(&mut evaluation, health)?))
}

/// The health of the systems with objectives, and the contributions of their objectives to their achievements.
type Drawn = (HashMap<Name, Health>, BTreeMap<Name, Vec<Contribution>>);

/// Publishes all objectives.
fn draw_objectives<'s>(
    evaluation: &mut Evaluation<'s>,
    objectives: Vec<Stored>,
    publisher: &mut Publisher<'_>,
    mut past: impl FnMut(&mut Evaluation<'s>, usize, (ManifestId, Option<Seal>), &Assessment<'_>) -> Result<()>,
) -> Result<Drawn> {
    let (count, as_of) = (objectives.len(), evaluation.as_of);
    let mut healths = HashMap::new();
    let mut contributions: BTreeMap<Name, Vec<Contribution>> = BTreeMap::new();
    for stored in objectives {
        let (id, system) = (stored.id, stored.objective.system.clone());
        if !healths.contains_key(&system) {
            healths.insert(system.clone(), evaluation.health_first(&system)?);
        }
        let (sealed, seal) = evaluation.store.sealed_and_seal(id, &stored.objective)?.unzip();
        let model = evaluation.resolver.model(stored)?;
        let assessment = Assessment::open(&model, sealed, as_of, &mut evaluation.chronicle)?;
        past(evaluation, count, (id, seal), &assessment)?;
        let chronicle = &mut evaluation.chronicle;
        let report = ObjectiveReport::draw(&assessment, chronicle)?;
        publisher.objective(&in_maintenance(report, &mut evaluation.resolver)?)?;
        let contribution = Contribution::unlocking(&assessment, chronicle)?;
        contributions.entry(system).or_default().push(contribution);
    }
    Ok((healths, contributions))
}

/// Publishes the days of one objective that may be outdated, and seals those computed for it.
fn publish_days(
    store: &Store,
    (id, seal): (ManifestId, Option<Seal>),
    assessment: &Assessment<'_>,
    chronicle: &mut Chronicle<Load<'_>>,
) -> Result<()> {
    let (until, settled) = (assessment.ledger.end(), assessment.settled());
    let mut held = seal.map(|seal| seal.published_until);
    if assessment.first.is_some() && seal.is_none_or(|seal| seal.until < settled.end()) {
        let published_until = held.unwrap_or(Instant::MIN);
        store.keep_sealed(id, assessment.model, &settled, published_until)?;
        held = Some(published_until);
    }
    let known = published_until(seal, assessment);
    let days = likes(assessment, known, chronicle)?;
    let from = assessment.ledger.calendar().date(known);
    store.publish_days((id, &assessment.model.objective.metadata.name), &days, from, (held, until))
}

/// Up to when the published days of an objective are valid.
fn published_until(seal: Option<Seal>, assessment: &Assessment<'_>) -> Instant {
    seal.map_or(Instant::MIN, |seal| seal.published_until).min(assessment.ledger.end())
}

/// Whether the computed tables match the current facts and manifests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Currency {
    /// Nothing was ever computed.
    Never,
    /// Facts or manifests have changed since: apart from days that are still valid, the tables are outdated.
    Outdated(Instant),
    Current(Instant),
}

/// Compares the computed tables, where they claim to be valid, with a recomputation as of their own instant.
pub(crate) fn verify_computed(store: &Store) -> Result<(Currency, Vec<Difference>)> {
    let mut differences = store.verify_changes()?;
    differences.extend(wrong_turns(store)?);
    let Some(computed) = store.computed()? else { return Ok((Currency::Never, differences)) };
    let mut found = Vec::new();
    let mut publisher = store.comparing(computed.as_of);
    let mut events = None;
    draw(store, (None, computed.as_of), &mut publisher, |evaluation, count, (_, seal), assessment| {
        let known = published_until(seal, assessment);
        let days = snapshots(assessment, BEGINNING, &mut evaluation.chronicle)?;
        let until = (!computed.is_current).then(|| assessment.ledger.calendar().date(known));
        found.extend(store.unpublished_days(&assessment.model.objective.metadata.name, &days, until)?);
        let events = events.get_or_insert_with(|| evaluation.events(count));
        let by = (!computed.is_current).then_some(known);
        found.extend(events.differences(assessment, by, &mut evaluation.chronicle)?);
        Ok(())
    })?;
    let unpublished = publisher.differences()?;
    differences.extend(found);
    if !computed.is_current {
        return Ok((Currency::Outdated(computed.as_of), differences));
    }
    differences.extend(unpublished);
    Ok((Currency::Current(computed.as_of), differences))
}
