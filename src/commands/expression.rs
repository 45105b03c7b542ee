//! Owns the reading of a condition that is written on the command line: what is wrong with it is shown at its place.

use anyhow::Result;

use crate::domain::condition::{Subject, Term};
use crate::failure::Failure;
use crate::manifest::did_you_mean;
use crate::store::Store;

/// The term of `--when`.
///
/// # Errors
/// When it does not read, or names an objective or a system that does not exist.
pub(super) fn term(store: &Store, text: &str) -> Result<Term> {
    let term = Term::parse(text).map_err(|error| {
        let (_, column) = error.place(text);
        Failure::new(
            format!("--when, column {column}: {}\n{}", error.message, error.excerpt(text)),
            if error.remedy.is_empty() { "see `slo backtest --help`" } else { &error.remedy },
        )
    })?;
    for field in term.fields() {
        let (kind, name, known): (_, _, Vec<String>) = match &field.subject {
            Subject::Objective(name) if store.objective(name)?.is_none() => {
                let all = store.objectives()?.into_iter();
                ("objective", name, all.map(|stored| stored.objective.metadata.name.to_string()).collect())
            }
            Subject::System(name) if store.system(name)?.is_none() => {
                ("system", name, store.systems()?.into_iter().map(|(name, _)| name.to_string()).collect())
            }
            _ => continue,
        };
        let guess = did_you_mean(name.as_str(), known.iter().map(String::as_str));
        let hint = if guess.is_empty() { format!("`slo list {kind}s` shows those there are") } else { guess };
        return Err(Failure::new(format!("--when: {field} looks at a {kind} that does not exist"), hint));
    }
    Ok(term)
}
