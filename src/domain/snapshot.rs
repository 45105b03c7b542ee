//! Owns daily snapshots: how an objective stood at each UTC midnight.

use super::assess::Assessment;
use super::budget::Budget;
use super::chronicle::Chronicle;
use super::instant::{DAY_MS, Instant};
use super::model::SystemId;
use super::name::Name;
use super::span::Span;
use super::streak::Streak;
use super::timeline::{Scope, SystemHistory};

/// An objective as of one midnight, for the day that ends there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot {
    pub(crate) objective: Name,
    /// The midnight that ends the day.
    pub(crate) at: Instant,
    pub(crate) budget: Budget,
    /// After that day, in days.
    pub(crate) streak: u32,
}

/// The snapshots of the midnights in `(after, as_of]`, oldest first.
///
/// # Errors
/// Those of the chronicle's loader.
pub(crate) fn snapshots<F, E>(
    assessment: &Assessment<'_>,
    after: Instant,
    chronicle: &mut Chronicle<F>,
) -> Result<Vec<Snapshot>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let objective = &assessment.model.objective;
    let mut found = Vec::new();
    let mut streak = Streak::default();
    for (at, day) in assessment.ledger.days() {
        streak.advance(at.plus(-DAY_MS), 1, day.verdict);
        if at <= after {
            continue;
        }
        let window = objective.window.bounds(at);
        let elapsed = Span::new(window.start, at);
        let tally = assessment.tally(elapsed, chronicle)?;
        let exclusion = objective.dependency_exclusion;
        let budget = Budget { target: objective.target, exclusion, window, elapsed, tally };
        let name = objective.metadata.name.clone();
        found.push(Snapshot { objective: name, at, budget, streak: streak.current });
    }
    Ok(found)
}
