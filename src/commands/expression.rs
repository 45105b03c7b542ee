//! Owns the condition of a command: a typed expression, or the name of a declared condition.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Context, selection};
use crate::domain::account::objective::Objective;
use crate::domain::rules::condition::{Condition, Doubt, ExpressionError, MOST_EXAMINED, Owner, Scope, Subject, Term};
use crate::domain::value::selector::Selector;
use crate::failure::Failure;
use crate::manifest::did_you_mean;
use crate::store::Store;

/// Parses an expression, and returns its scope: systems if it uses fields that only systems have.
///
/// # Errors
/// Marks the part that is wrong.
pub(super) fn parse(expression: &str) -> Result<(Term, Scope)> {
    let about_objectives = Term::parse(expression, Owner::Objective).map(|term| (term, Scope::All));
    about_objectives.or_else(|error| {
        let systems = Scope::Systems(Selector::labels(&BTreeMap::new()));
        Term::parse(expression, Owner::System).map(|term| (term, systems)).map_err(|_| refused(expression, error))
    })
}

fn refused(expression: &str, error: ExpressionError) -> anyhow::Error {
    let (line, column) = error.place(expression);
    let place = if line == 1 { format!("column {column}") } else { format!("line {line}, column {column}") };
    let excerpt = error.excerpt(expression);
    let hint = if error.remedy.is_empty() { "see docs/reference/conditions.md".to_owned() } else { error.remedy };
    Failure::with_excerpt(format!("--when, {place}: {}", error.message), excerpt, hint)
}

/// Checks that the objectives and systems in a term exist.
pub(super) fn exist(store: &Store, term: &Term) -> Result<()> {
    for field in term.fields() {
        match &field.subject {
            Subject::This => {}
            Subject::Objective(name) => drop(selection::objective(store, name.as_str())?),
            Subject::System(name) if store.system(name)?.is_some() => {}
            Subject::System(name) => drop(selection::systems(store, &[name.to_string()])?),
        }
    }
    Ok(())
}

/// Warns about what is doubtful in the expression of `--when`.
pub(super) fn tell_doubts(context: &mut Context<'_>, doubts: &[Doubt]) {
    for Doubt { message, remedy } in doubts {
        context.note(&format!("warning: --when: {message}; {remedy}"));
    }
}

/// What is doubtful about the expression of `--when` for the objectives that it covers. A part that leaves some of them out
/// on purpose (`objectiveId != "a"`) is not: parts must be certain for any objective.
pub(super) fn doubts(term: &Term, covered: &[&Objective]) -> Vec<Doubt> {
    let is_certain = covered.len() <= MOST_EXAMINED && term.certainty(covered).is_some();
    [term.fractions(), term.certainties(if is_certain { covered } else { &[] })].concat()
}

/// Picks the declared conditions with these names, in declaration order.
///
/// # Errors
/// If a name is unknown.
pub(super) fn named(declared: Vec<Condition>, names: &[String]) -> Result<Vec<Condition>> {
    let known = || declared.iter().map(|condition| condition.metadata.name.as_str());
    for name in names {
        if !known().any(|known| known == name) {
            let guess = did_you_mean(name, known());
            let hint = if guess.is_empty() { "`slo list conditions` lists them".to_owned() } else { guess };
            return Err(Failure::new(format!("there is no condition {name:?}"), hint));
        }
    }
    let asked = |condition: &Condition| names.iter().any(|name| name == condition.metadata.name.as_str());
    Ok(declared.into_iter().filter(asked).collect())
}
