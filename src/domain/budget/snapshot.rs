//! Owns daily snapshots: how an objective stood at the close of each day.

use super::assess::Assessment;
use super::balance::Budget;
use super::streak::Streak;
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::member::SystemId;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// An objective at the close of one day: as of the midnight that ends it, in the window to which the day belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot {
    pub(crate) objective: Name,
    pub(crate) date: Date,
    /// The midnight that ends the day.
    pub(crate) at: Instant,
    pub(crate) budget: Budget,
    /// After that day, in days.
    pub(crate) streak: u32,
}

/// The snapshots of the days that end in `(after, as_of]`, oldest first.
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
    for (span, day) in assessment.ledger.days() {
        let at = span.end;
        streak.advance(1, day.verdict, || at);
        if at <= after {
            continue;
        }
        let window = objective.window.closing(at);
        let elapsed = Span::new(window.start, at);
        let tally = assessment.tally(elapsed, chronicle)?;
        let exclusion = objective.dependency_exclusion;
        let budget = Budget { target: objective.target, exclusion, window, elapsed, tally };
        let (objective, date) = (objective.metadata.name.clone(), assessment.ledger.calendar().date(span.start));
        found.push(Snapshot { objective, date, at, budget, streak: streak.current });
    }
    Ok(found)
}
