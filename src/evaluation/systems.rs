//! Owns the status changes of systems between two computations, each at its own instant.

use anyhow::Result;

use super::Evaluation;
use crate::domain::health::report::{Health, TRANSITIONS_WINDOW_MS};
use crate::domain::health::timeline::{BEGINNING, END};
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;
use crate::store::Store;

/// The status changes of systems between the last computation and this one.
pub(super) struct Moves<'s> {
    store: &'s Store,
    /// The last computation, if there was one before `as_of`.
    last: Option<Instant>,
    as_of: Instant,
    systems: usize,
    evaluation: Option<Evaluation<'s>>,
}

impl<'s> Moves<'s> {
    /// For this number of systems.
    pub(super) fn between(store: &'s Store, (last, as_of): (Option<Instant>, Instant), systems: usize) -> Self {
        Self { store, last: last.filter(|last| *last < as_of), as_of, systems, evaluation: None }
    }

    /// The statuses of a system since the last computation, each with its start, beginning with the one in force then,
    /// as late facts may have changed it.
    pub(super) fn of(&mut self, health: &Health) -> Result<Vec<(Instant, Status)>> {
        // A status that has not changed since then has at most one turn, which the difference of views shows.
        let moved = self.last.filter(|last| health.in_status_since.is_some_and(|since| since > *last));
        let Some(last) = moved else { return Ok(Vec::new()) };
        if self.evaluation.is_none() {
            self.evaluation = Some(Evaluation::open(self.store, self.systems, self.as_of)?);
        }
        self.evaluation.as_mut().map_or(Ok(Vec::new()), |evaluation| statuses(evaluation, health, last))
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
