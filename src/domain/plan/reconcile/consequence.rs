//! Owns what a plan does to an objective's numbers.

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::name::Name;

/// An objective that a plan changes, with both reports of the same instant.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Consequence {
    /// Its new name.
    pub(crate) objective: Name,
    /// `None` if the objective is new.
    pub(crate) before: Option<ObjectiveReport>,
    /// `None` if the objective goes away.
    pub(crate) after: Option<ObjectiveReport>,
}

impl Consequence {
    /// Whether a headline value changes: the target, the remaining budget, the state.
    pub(crate) fn is_felt(&self) -> bool {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return true };
        let told = |report: &ObjectiveReport| {
            let budget = &report.budget;
            (report.state, budget.target, budget.total(), budget.remaining(), budget.overspent())
        };
        told(before) != told(after)
    }
}

/// Sorts consequences worst first: by the new state and remaining share of the budget, then by name. Objectives that go
/// away come last.
pub(crate) fn worst_first(consequences: &mut [Consequence]) {
    consequences.sort_by(|a, b| {
        let judged = match (&a.after, &b.after) {
            (Some(left), Some(right)) => {
                left.state.cmp(&right.state).then_with(|| left.budget.compare_remaining(&right.budget))
            }
            (left, right) => left.is_none().cmp(&right.is_none()),
        };
        judged.then_with(|| a.objective.cmp(&b.objective))
    });
}
