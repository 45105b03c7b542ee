//! Owns how the status of systems has moved between two computations: each turn at its own moment, also where there were several.

use anyhow::Result;

use super::Evaluation;
use crate::domain::health::report::{Health, TRANSITIONS_WINDOW_MS};
use crate::domain::health::timeline::{BEGINNING, END};
use crate::domain::health::transition::Status;
use crate::domain::rules::change::{Change, ChangeKind, View};
use crate::domain::value::instant::Instant;
use crate::store::{Store, Views};

/// The changes of systems that lie between the last computation and this one, if there was one that is not later: those that lead from
/// what was seen `before` to what is seen now, which takes the place of it. A system of which late facts say that it was otherwise as of
/// the last computation begins with that, since it was so.
///
/// # Errors
/// Those of the database.
pub(super) fn moved(
    store: &Store,
    systems: &[Health],
    before: &mut Views,
    (last, as_of): (Option<Instant>, Instant),
) -> Result<Vec<Change>> {
    let Some(last) = last.filter(|last| *last < as_of) else { return Ok(Vec::new()) };
    let mut evaluation = Evaluation::open(store, systems.len(), as_of)?;
    let mut changes = Vec::new();
    // What has not changed its status since then has one turn at the most, which differences tell.
    for health in systems.iter().filter(|health| health.in_status_since.is_some_and(|since| since > last)) {
        let key = (ChangeKind::System, health.system.to_string());
        for (at, status) in statuses(&mut evaluation, health, last)? {
            let (previous, view) = (before.get(&key).cloned(), View::of_status(status));
            changes.extend(Change::between(key.0, key.1.clone(), at, previous, Some(view.clone())));
            before.insert(key.clone(), view);
        }
    }
    Ok(changes)
}

/// The status of a system as of a moment, if it had reported by then, since when it had it, and all later ones.
fn statuses(evaluation: &mut Evaluation<'_>, health: &Health, last: Instant) -> Result<Vec<(Instant, Status)>> {
    let member = evaluation.resolver.member(&health.system)?;
    let mut back = TRANSITIONS_WINDOW_MS;
    let timeline = loop {
        let timeline = evaluation.chronicle.timeline(&member, last.plus(-back).max(BEGINNING), evaluation.as_of)?;
        if Health::is_settled(&timeline, last) {
            break timeline;
        }
        back = back.saturating_mul(4).min(END.millis());
    };
    let then = Health::draw(health.system.clone(), &timeline, last);
    let mut found: Vec<(Instant, Status)> = Vec::new();
    found.extend(then.in_status_since.filter(|since| *since <= last).map(|since| (since, then.status)));
    let first = timeline.first.unwrap_or(END);
    for change in timeline.changes.iter().filter(|change| change.at > last && change.at <= evaluation.as_of) {
        if change.at >= first && found.last().is_none_or(|(_, status)| *status != change.status()) {
            found.push((change.at, change.status()));
        }
    }
    Ok(found)
}
