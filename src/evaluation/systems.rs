//! Owns the status changes of systems between two computations, each at its own instant.

use anyhow::Result;

use super::Evaluation;
use crate::domain::health::report::{Health, TRANSITIONS_WINDOW_MS};
use crate::domain::health::timeline::{BEGINNING, END};
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;

/// The status changes of systems between the last computation and this one.
pub(super) struct Moves {
    /// The last computation, if there was one before the one that is made.
    last: Option<Instant>,
}

impl Moves {
    pub(super) fn between(last: Option<Instant>, as_of: Instant) -> Self {
        Self { last: last.filter(|last| *last < as_of) }
    }

    /// The statuses of a system since the last computation, each with its start, beginning with the one in force then,
    /// as late facts may have changed it.
    pub(super) fn of(&self, evaluation: &mut Evaluation<'_>, health: &Health) -> Result<Vec<(Instant, Status)>> {
        // A status that has not changed since then has at most one turn, which the difference of views shows.
        let moved = self.last.filter(|last| health.in_status_since.is_some_and(|since| since > *last));
        moved.map_or(Ok(Vec::new()), |last| statuses(evaluation, health, last))
    }
}

/// The status of a system as of an instant with its start, if it had reported by then, and all later ones.
fn statuses(evaluation: &mut Evaluation<'_>, health: &Health, last: Instant) -> Result<Vec<(Instant, Status)>> {
    let member = evaluation.resolver.member(&health.system)?;
    let mut back = TRANSITIONS_WINDOW_MS;
    let timeline = loop {
        let timeline = evaluation.chronicle.timeline(&member, last.plus(-back).max(BEGINNING), evaluation.as_of)?;
        if Health::is_settled(&timeline, TRANSITIONS_WINDOW_MS, last) {
            break timeline;
        }
        back = back.saturating_mul(4).min(END.millis());
    };
    let then = Health::draw(health.system.clone(), &timeline, TRANSITIONS_WINDOW_MS, last);
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
