//! Owns warnings about conditions that are valid but useless: those that never or always hold, or are evaluated for
//! nothing.

use std::collections::BTreeMap;

use super::Known;
use super::envelope::Draft;
use super::problem::{Problem, Severity};
use crate::domain::account::objective::Objective;
use crate::domain::plan::object::Object;
use crate::domain::rules::condition::{Condition, Scope, Term};
use crate::domain::value::name::Name;

/// The most objectives for which a condition is examined; with more, results certain for all are hardly worth the time.
const MOST_EXAMINED: usize = 1000;

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
    if covered.len() > MOST_EXAMINED {
        return;
    }
    if let Some(holds) = condition.when.certainty(&covered) {
        let why = reason(&condition.when, holds, &covered);
        let (what, remedy) = if holds {
            ("always holds", "compare with another value")
        } else {
            ("can never hold", "compare with another value, or remove it")
        };
        return warn("when", format!("the condition {what}{why}"), remedy);
    }
    for (part, holds) in condition.when.certain_parts(&covered) {
        let what = if holds { "always holds" } else { "can never hold" };
        let why = reason(part, holds, &covered);
        warn("when", format!("its part {part} {what}{why}"), "compare with another value, or remove this part");
    }
}

/// Why the outcome is certain: the bounds of the fields in the deciding comparisons.
fn reason(term: &Term, holds: bool, covered: &[&Objective]) -> String {
    let first = covered.first().copied();
    let mut bounds: Vec<String> = Vec::new();
    let mut is_own = false;
    for (part, _) in term.certain_parts(covered) {
        let bound = match part {
            Term::Compare(comparison) => {
                let bound = comparison.bounds(first);
                is_own |= bound != comparison.bounds(None);
                bound
            }
            _ => {
                is_own = true;
                Some(format!("no outage can reach {part}"))
            }
        };
        bounds.extend(bound.filter(|bound| !bounds.contains(bound)));
    }
    if bounds.is_empty() {
        let why = if holds { "its parts leave nothing out" } else { "its parts contradict each other" };
        return format!(": {why}");
    }
    // With several objectives this is one of them; the others have the same outcome.
    let whose = first.filter(|_| is_own);
    let whose =
        whose.map(|objective| format!(" for {} (target {}%)", objective.metadata.name, objective.target.percent()));
    format!(": {}{}", bounds.join(", and "), whose.unwrap_or_default())
}
