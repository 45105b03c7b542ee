//! Owns reading `state`: the status of a system, or the state of an objective.

use super::refer_to;
use super::shapes::STATE;
use crate::domain::rules::condition::{Comparison, Field as Viewed, Operand, Owner, Property, Relation, Subject, Term};
use crate::domain::value::name::Name;
use crate::manifest::kind::reference::Reference;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::wording::or_list;
use crate::manifest::yaml::tree::Value;

pub(super) fn read(
    field: &Field<'_>,
    owner: Owner,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Term> {
    let fields = Fields::of(field, &STATE, report)?;
    let named = match owner {
        // A condition about systems uses the evaluated one by default.
        Owner::System => fields.get("entity"),
        Owner::Objective => fields.require("entity", "write a system's name, or slo.NAME for an objective", report),
    };
    let entity = match (&named, owner) {
        (None, Owner::System) => Some(Viewed { subject: Subject::This, property: Property::Status }),
        (None, Owner::Objective) => None,
        (Some(entity), _) => read_entity(entity, report),
    };
    if let (Some(field), Some(viewed)) = (&named, &entity) {
        refer_to(field, viewed, references);
    }
    // Of an invalid entity, it is unknown whether it is a system or an objective.
    let words = entity.as_ref().map_or_else(either_words, |viewed| viewed.property.words());
    let status = fields.require("status", &format!("write {}", or_list(words.iter().copied())), report);
    let statuses = status.and_then(|field| read_statuses(&field, &words, report));
    let held = fields.get("for").map(|field| field.millis(report));
    let (viewed, statuses) = entity.zip(statuses)?;
    let is = |status: &str| {
        let (left, right) = (Operand::Field(viewed.clone()), Operand::Text(status.to_owned()));
        Term::Compare(Comparison { left, relation: Relation::Equal, right })
    };
    let mut terms: Vec<Term> = statuses.into_iter().map(is).collect();
    let term = if terms.len() == 1 { terms.remove(0) } else { Term::Any(terms) };
    match held {
        None => Some(term),
        Some(for_ms) => Some(Term::Held { term: Box::new(term), for_ms: for_ms? }),
    }
}

/// The statuses of a system and the states of an objective.
fn either_words() -> Vec<&'static str> {
    let mut words = Property::Status.words();
    let states = Property::State.words().into_iter().filter(|word| !words.contains(word)).collect::<Vec<_>>();
    words.extend(states);
    words
}

/// The status of a system, or with `slo.` before its name the state of an objective.
fn read_entity(entity: &Field<'_>, report: &mut Report) -> Option<Viewed> {
    let name: Name = entity.name(report)?;
    let Some(objective) = name.as_str().strip_prefix("slo.") else {
        return Some(Viewed { subject: Subject::System(name), property: Property::Status });
    };
    match Name::parse(objective) {
        Ok(objective) => Some(Viewed { subject: Subject::Objective(objective), property: Property::State }),
        Err(_) => {
            report.error(entity.at, format!("{}: slo. lacks the name of an objective", entity.path), "write slo.NAME");
            None
        }
    }
}

/// One status, or a list of them.
fn read_statuses(field: &Field<'_>, words: &[&'static str], report: &mut Report) -> Option<Vec<&'static str>> {
    let words: Vec<(&'static str, &'static str)> = words.iter().map(|word| (*word, *word)).collect();
    if let Value::Scalar { .. } = &field.node.value {
        return field.word(&words, report).map(|word| vec![word]);
    }
    let items = field.items(report);
    if items.is_empty() && matches!(field.node.value, Value::List(_)) {
        report.error(field.at, format!("{} is empty", field.path), "write at least one status");
    }
    let found: Vec<_> = items.iter().map(|item| item.word(&words, report)).collect();
    let found: Option<Vec<&'static str>> = found.into_iter().collect();
    found.filter(|found| !found.is_empty())
}
