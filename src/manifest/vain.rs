//! Owns warnings about conditions that are valid but useless: those that never or always hold, or are evaluated for
//! nothing.

use std::collections::BTreeMap;

use super::Known;
use super::envelope::Draft;
use super::problem::{Problem, Severity};
use crate::domain::account::objective::Objective;
use crate::domain::plan::object::Object;
use crate::domain::rules::condition::{Condition, Doubt, Scope};
use crate::domain::value::name::Name;

/// Warns about every condition of the documents that is certain for all objectives it is evaluated for.
pub(super) fn check(drafts: &[Draft], known: &Known) -> Vec<Problem> {
    let mut objectives: BTreeMap<&Name, &Objective> = known.objectives.iter().collect();
    for draft in drafts {
        if let Some(Object::Objective(objective)) = draft.object.as_deref() {
            objectives.insert(&draft.name, objective);
        }
    }
    let mut problems = Vec::new();
    for draft in drafts {
        if let Some(Object::Condition(condition)) = draft.object.as_deref() {
            examine(draft, condition, &objectives, &mut problems);
        }
    }
    problems
}

fn examine(
    draft: &Draft,
    condition: &Condition,
    objectives: &BTreeMap<&Name, &Objective>,
    problems: &mut Vec<Problem>,
) {
    let covered: Vec<&Objective> =
        objectives.values().copied().filter(|objective| condition.scope.covers(&objective.metadata)).collect();
    let mut warn = |field: &str, message: String, remedy: &str| {
        problems.push(draft.problem(Severity::Warning, draft.place(field), message, remedy));
    };
    if covered.is_empty() && !objectives.is_empty() && matches!(condition.scope, Scope::Matching(_)) {
        let remedy = "compare it with the labels of `slo list objectives`";
        warn("selector", "spec.selector matches no objective".to_owned(), remedy);
    }
    for Doubt { message, remedy } in condition.when.certainties(&covered) {
        warn("when", message, &remedy);
    }
}
