//! Owns the explanation of a term: its result and those of its parts as of one instant.

use std::rc::Rc;

use super::ask::Ask;
use super::signal::{Reading, Signal};
use super::{holds, moment};
use crate::domain::rules::condition::{Field, Term};
use crate::domain::value::duration::write_millis;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// A term as of one instant, with the results of its parts.
#[derive(Clone, Debug)]
pub(crate) struct Explained {
    pub(crate) expression: String,
    /// The word that joins the parts, if any: `all of`, `not`.
    pub(crate) joint: String,
    /// Whether it is true.
    pub(crate) met: bool,
    pub(crate) values: Vec<(Field, Reading)>,
    pub(crate) parts: Vec<Explained>,
}

/// Explains a term as of `at`.
pub(crate) fn explain<V, E>(term: &Term, at: Instant, views: &mut V) -> Result<Explained, E>
where
    V: FnMut(&Ask, Span) -> Result<Rc<Signal>, E>,
{
    let mut parts = Vec::new();
    for part in term.parts() {
        parts.push(explain(part, at, views)?);
    }
    let mut values = Vec::new();
    for field in if parts.is_empty() { term.telling() } else { Vec::new() } {
        let value = views(&Ask::of(&field), moment(at))?.at(at);
        values.push((field, value));
    }
    let joint = match term {
        Term::All(_) => "all of".to_owned(),
        Term::Any(_) => "any of".to_owned(),
        Term::Not(_) => "not".to_owned(),
        Term::Held { for_ms, .. } => format!("for {}", write_millis(*for_ms)),
        Term::Repeated { times, within_ms, .. } => format!("at least {times} times in {}", write_millis(*within_ms)),
        Term::Compare(_) | Term::Time(_) | Term::Policy(_) => String::new(),
    };
    Ok(Explained { expression: term.to_string(), joint, met: holds(term, at, views)?, values, parts })
}
