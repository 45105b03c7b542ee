//! Owns which condition a command is about: an expression as typed, or a declared condition by its name.

use std::collections::BTreeMap;

use anyhow::Result;

use super::selection;
use crate::domain::rules::condition::{Condition, ExpressionError, Owner, Scope, Subject, Term};
use crate::domain::value::selector::Selector;
use crate::failure::Failure;
use crate::manifest::did_you_mean;
use crate::store::Store;

/// Reads an expression as typed, and says what it is evaluated for: systems, if it looks at fields that a system alone has.
///
/// # Errors
/// With marks under what is wrong.
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

/// Checks that a term names objectives and systems that there are.
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

/// Picks the declared conditions with these names, in the order in which they are declared.
///
/// # Errors
/// When there is none with one of the names.
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
