//! Owns the weekly digest: the state of objectives at the end of a week, its downtime, and the changes since the week
//! before.

mod downtime;

use std::cmp::Ordering;

use super::achievement::Unlocked;
use super::balance::State;
use super::report::{ObjectiveReport, worst_first};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::week::Week;

pub(crate) use downtime::{Downtime, Sightings};

/// How many objectives are listed as best, and as worst.
const NAMED: usize = 3;

/// One week of objectives, up to its end or, if it is not over, to an instant within it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Digest {
    pub(crate) week: Week,
    /// The instant up to which the week is summarized.
    pub(crate) until: Instant,
    pub(crate) counts: Counts,
    /// As of the start of the week.
    pub(crate) counts_before: Counts,
    /// The best by availability, best first; ties: the longest streak, then by name. Disjoint from `worst`.
    pub(crate) top: Vec<ObjectiveReport>,
    /// The worst by the remaining share of the budget, worst first; ties: the most overspent time, then by name.
    pub(crate) worst: Vec<ObjectiveReport>,
    /// Those that are down as of `until`, in any state, worst first.
    pub(crate) down: Vec<ObjectiveReport>,
    pub(crate) downtime: Downtime,
    /// Of the week before.
    pub(crate) downtime_before: Downtime,
    /// After the start of the week, oldest first.
    pub(crate) unlocked: Vec<Unlocked>,
    /// Objectives whose state differs from the start of the week, worst first.
    pub(crate) changes: Vec<StateChange>,
}

/// How many objectives are in each state, in the order of [`State::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts([usize; 5]);

impl Counts {
    fn of(states: &(impl Iterator<Item = State> + Clone)) -> Self {
        Self(State::ALL.map(|state| states.clone().filter(|known| *known == state).count()))
    }

    pub(crate) fn of_state(self, state: State) -> usize {
        State::ALL.iter().position(|known| *known == state).map_or(0, |index| self.0[index])
    }

    pub(crate) fn total(self) -> usize {
        self.0.iter().sum()
    }
}

/// An objective whose state differs from a week before.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct StateChange {
    pub(crate) objective: Name,
    pub(crate) system: Name,
    pub(crate) before: State,
    pub(crate) after: State,
}

/// The inputs of a digest, for objectives in one order.
pub(crate) struct Sources {
    pub(crate) week: Week,
    pub(crate) until: Instant,
    /// As of `until`.
    pub(crate) reports: Vec<ObjectiveReport>,
    /// As of the start of the week.
    pub(crate) states_before: Vec<State>,
    /// Of the week, as of `until`.
    pub(crate) downtime: Downtime,
    /// Of the week before, as of its end.
    pub(crate) downtime_before: Downtime,
    /// As of `until`.
    pub(crate) unlocked: Vec<Unlocked>,
}

/// The best and the worst objectives, disjoint: if there are few, half of them each, and the middle one is among the
/// best.
fn named(reports: &[ObjectiveReport]) -> (Vec<ObjectiveReport>, Vec<ObjectiveReport>) {
    type Order = fn(&ObjectiveReport, &ObjectiveReport) -> Ordering;
    let by_remaining: Order =
        |a, b| a.budget.compare_remaining(&b.budget).then_with(|| b.budget.overspent().cmp(&a.budget.overspent()));
    let by_availability: Order =
        |a, b| b.budget.compare_availability(&a.budget).then_with(|| b.streak.current.cmp(&a.streak.current));
    // Objectives that never reported are not ranked.
    let mut seen: Vec<&ObjectiveReport> = reports.iter().filter(|one| one.state != State::NoData).collect();
    let mut first = |order: Order, count: usize| -> Vec<ObjectiveReport> {
        seen.sort_by(|a, b| order(a, b).then_with(|| a.objective.cmp(&b.objective)));
        seen.drain(..count.min(seen.len())).cloned().collect()
    };
    let count = reports.iter().filter(|one| one.state != State::NoData).count();
    let worst = first(by_remaining, NAMED.min(count / 2));
    (first(by_availability, NAMED), worst)
}

impl Digest {
    /// Computes a digest.
    pub(crate) fn draw(sources: Sources) -> Self {
        let Sources { week, until, reports, states_before, downtime, downtime_before, mut unlocked } = sources;
        let start = week.span().start;
        unlocked.retain(|unlocked| unlocked.unlocked_at > start);
        unlocked
            .sort_by(|a, b| (a.unlocked_at, &a.system, a.achievement).cmp(&(b.unlocked_at, &b.system, b.achievement)));
        let changed = reports.iter().zip(&states_before).filter(|(after, before)| after.state != **before);
        let mut changes: Vec<StateChange> = changed
            .map(|(after, before)| StateChange {
                objective: after.objective.clone(),
                system: after.system.clone(),
                before: *before,
                after: after.state,
            })
            .collect();
        changes.sort_by(|a, b| (a.after, a.before, &a.objective).cmp(&(b.after, b.before, &b.objective)));
        let (top, worst) = named(&reports);
        let mut down: Vec<ObjectiveReport> = reports.iter().filter(|report| report.down.is_some()).cloned().collect();
        worst_first(&mut down);
        Self {
            week,
            until,
            down,
            counts: Counts::of(&reports.iter().map(|report| report.state)),
            counts_before: Counts::of(&states_before.iter().copied()),
            top,
            worst,
            downtime,
            downtime_before,
            unlocked,
            changes,
        }
    }

    /// Whether the week is over.
    pub(crate) fn is_complete(&self) -> bool {
        self.until == self.week.span().end
    }
}
