//! Owns what `compute` publishes: everything as of one moment, what of it has changed since the last time, and how the tables
//! are compared with a recomputation.

use std::collections::BTreeMap;

use anyhow::Result;

use super::planned::Planned;
use super::systems::moved;
use super::turning::{turns, wrong_turns};
use super::{Evaluation, Load, all_healths};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::budget::achievement::{Contribution, Standing};
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::snapshot::snapshots;
use crate::domain::health::timeline::BEGINNING;
use crate::domain::rules::change::{Change, ChangeKind, View};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::{Difference, LogRange, Published, Seal, Store, Views};

/// What is seen of everything now, each with the moment since when, where history itself tells it.
type Seen = BTreeMap<(ChangeKind, String), (View, Option<Instant>)>;

/// Brings the computed tables up to a moment and logs what is seen otherwise than `before`, which it returns the place of; of conditions
/// that are new, with their `history` where that is asked for. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(super) fn compute_from(store: &Store, mut before: Views, as_of: Instant, history: bool) -> Result<LogRange> {
    let last = store.computed()?.map(|computed| computed.as_of);
    let published = draw(store, as_of, publish_days)?;
    let mut changes = moved(store, &published.systems, &mut before, (last, as_of))?;
    let after = views(&published);
    for (_, name) in before.keys().filter(|key| key.0 == ChangeKind::Objective && !after.contains_key(key)) {
        store.withdraw_days(name)?;
    }
    store.publish(&published)?;
    store.put_computed(as_of)?;
    drop(published);
    changes.extend(differences(before, after, as_of));
    changes.sort_by(|a, b| (a.occurred_at, a.kind, &a.id).cmp(&(b.occurred_at, b.kind, &b.id)));
    let (mut changes, mut turns) = (changes.into_iter().peekable(), turns(store, as_of, history)?.peekable());
    let in_order = std::iter::from_fn(|| {
        let turn_first = match (changes.peek(), turns.peek()) {
            // Of one moment, turns come last, as their kind does.
            (Some(change), Some(turn)) => turn.occurred_at < change.occurred_at,
            (change, _) => change.is_none(),
        };
        if turn_first { turns.next() } else { changes.next() }
    });
    store.log_changes(in_order, as_of)
}

/// Draws up everything as of a moment; `days` looks at each objective's account on the way.
fn draw(
    store: &Store,
    as_of: Instant,
    mut days: impl FnMut(&Store, i64, &Assessment<'_>, &mut Chronicle<Load<'_>>) -> Result<()>,
) -> Result<Published> {
    let objectives = store.objectives()?;
    let mut evaluation = Evaluation::open(store, objectives.len(), as_of)?;
    let planned = Planned::open(store, objectives.len())?;
    let mut reports = Vec::with_capacity(objectives.len());
    let mut contributions: BTreeMap<Name, Vec<Contribution>> = BTreeMap::new();
    for stored in objectives {
        let (id, system) = (stored.id, stored.objective.system.clone());
        let (report, contribution) = evaluation.assess(stored, |assessment, chronicle| {
            days(store, id, assessment, chronicle)?;
            Ok((ObjectiveReport::draw(assessment, chronicle)?, Contribution::unlocking(assessment, chronicle)?))
        })?;
        reports.push(planned.told(report, as_of)?);
        contributions.entry(system).or_default().push(contribution);
    }
    let achievements =
        contributions.iter().flat_map(|(system, theirs)| Standing::of(system, theirs).unlocked).collect();
    Ok(Published { objectives: reports, systems: all_healths(store, as_of)?, achievements })
}

/// Publishes the days of one objective that are not known to be right, and seals what had to be computed for that.
fn publish_days(
    store: &Store,
    id: i64,
    assessment: &Assessment<'_>,
    chronicle: &mut Chronicle<Load<'_>>,
) -> Result<()> {
    let (until, settled) = (assessment.ledger.end(), assessment.settled());
    let seal = store.seal(id, &assessment.model.objective)?;
    if assessment.first.is_some() && seal.is_none_or(|seal| seal.until < settled.end()) {
        let published_until = seal.map_or(Instant::MIN, |seal| seal.published_until);
        store.keep_sealed(id, assessment.model, &settled, published_until)?;
    }
    let known = published_until(seal, assessment);
    let days = snapshots(assessment, known, chronicle)?;
    let from = assessment.ledger.calendar().date(known);
    store.publish_days((id, &assessment.model.objective.metadata.name), &days, from, until)
}

/// Up to when the published days of an objective hold.
fn published_until(seal: Option<Seal>, assessment: &Assessment<'_>) -> Instant {
    seal.map_or(Instant::MIN, |seal| seal.published_until).min(assessment.ledger.end())
}

fn views(published: &Published) -> Seen {
    let mut seen = Seen::new();
    for report in &published.objectives {
        seen.insert((ChangeKind::Objective, report.objective.to_string()), (View::of_objective(report), None));
    }
    for health in &published.systems {
        let view = View::of_status(health.status);
        seen.insert((ChangeKind::System, health.system.to_string()), (view, health.in_status_since));
    }
    for unlocked in &published.achievements {
        let id = format!("{}/{}", unlocked.system, unlocked.achievement.as_str());
        seen.insert((ChangeKind::Achievement, id), (View::of_achievement(unlocked), Some(unlocked.unlocked_at)));
    }
    seen
}

/// What is seen differently.
fn differences(mut before: Views, after: Seen, as_of: Instant) -> Vec<Change> {
    let mut changes = Vec::new();
    for ((kind, id), (view, since)) in after {
        let previous = before.remove(&(kind, id.clone()));
        changes.extend(Change::between(kind, id, since.unwrap_or(as_of), previous, Some(view)));
    }
    changes
        .extend(before.into_iter().filter_map(|((kind, id), view)| Change::between(kind, id, as_of, Some(view), None)));
    changes
}

/// Whether the computed tables are those of the facts and manifests there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Currency {
    /// Nothing was ever computed.
    Never,
    /// Facts or manifests have changed since: but for the days that still hold, the tables are of an earlier state.
    Outdated(Instant),
    Current(Instant),
}

/// Compares the computed tables with a recomputation as of their own moment, as far as they claim to hold.
///
/// # Errors
/// Those of the database.
pub(crate) fn verify_computed(store: &Store) -> Result<(Currency, Vec<Difference>)> {
    let mut differences = store.verify_changes()?;
    differences.extend(wrong_turns(store)?);
    let Some(computed) = store.computed()? else { return Ok((Currency::Never, differences)) };
    let mut found = Vec::new();
    let published = draw(store, computed.as_of, |store, id, assessment, chronicle| {
        let calendar = assessment.ledger.calendar();
        let known = calendar.date(published_until(store.seal(id, &assessment.model.objective)?, assessment));
        let days = snapshots(assessment, BEGINNING, chronicle)?;
        let until = (!computed.is_current).then_some(known);
        found.extend(store.unpublished_days(&assessment.model.objective.metadata.name, &days, until)?);
        Ok(())
    })?;
    differences.extend(found);
    if !computed.is_current {
        return Ok((Currency::Outdated(computed.as_of), differences));
    }
    differences.extend(store.unpublished(&published)?);
    Ok((Currency::Current(computed.as_of), differences))
}
