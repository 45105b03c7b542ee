//! Owns what a plan does to an objective's numbers.

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::name::Name;

/// An objective that is judged by other rules once a plan is carried out, with both judgements of the same moment.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Consequence {
    /// Its name afterwards.
    pub(crate) objective: Name,
    /// `None` when there was no such objective.
    pub(crate) before: Option<ObjectiveReport>,
    /// `None` when there will be none.
    pub(crate) after: Option<ObjectiveReport>,
}

impl Consequence {
    /// Whether what people look at first is another: the target, what is left of the budget, the state.
    pub(crate) fn is_felt(&self) -> bool {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return true };
        let told = |report: &ObjectiveReport| {
            let budget = &report.budget;
            (report.state, budget.target, budget.total(), budget.remaining(), budget.overspent())
        };
        told(before) != told(after)
    }
}

/// Sorts consequences worst first: by the state and the share of the budget there will be, then by name. Objectives that
/// go away come last.
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
