//! Owns reading the specification of a `Condition`.

use std::collections::BTreeMap;

use super::reference::{self, Reference, Role};
use super::term::shapes::{AT_LEAST, FORM};
use super::term::{read_term, suffixed};
use crate::domain::account::objective::Metadata;
use crate::domain::rules::condition::{Condition, Owner, Scope, Severity};
use crate::domain::value::label;
use crate::domain::value::selector::Selector;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::mapping::shape::{Content, FieldShape, Shape};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;

/// The specification of a condition.
pub(in crate::manifest) static SPEC: Shape = Shape {
    name: "ConditionSpec",
    about: "A condition, and the objectives or systems it applies to",
    fields: &[
        FieldShape::optional(
            "selector",
            Content::Object(&SELECTOR),
            "The objectives it is evaluated for; without any of these four, all objectives",
        ),
        FieldShape::optional(
            "objectiveRef",
            Content::Object(&reference::OBJECTIVE),
            "The only objective it is evaluated for",
        ),
        FieldShape::optional(
            "systemSelector",
            Content::Object(&SYSTEM_SELECTOR),
            "The systems it is evaluated for instead of objectives; with no label, all systems",
        ),
        FieldShape::optional("systemRef", Content::Object(&reference::SYSTEM), "The only system it is evaluated for"),
        FieldShape::required(
            "when",
            Content::Either(&[Content::Text, Content::Object(&FORM)]),
            "When it is true: an expression, or a tree of terms",
        ),
        FieldShape::optional("for", Content::Duration, "How long it must have been true without a gap"),
        FieldShape::optional("atLeast", Content::Object(&AT_LEAST), "How often it must have become true"),
        FieldShape::optional("severity", Content::Word(|| Severity::ALL.map(Severity::as_str).to_vec()), "Severity")
            .or("\"warning\""),
    ],
    one_of: &[],
};

static SELECTOR: Shape = Shape {
    name: "LabelSelector",
    about: "Objectives by their labels",
    fields: &[FieldShape::optional(
        "matchLabels",
        Content::Pairs(&Content::Label),
        "Labels that an objective must have, all of them; without any, all objectives",
    )],
    one_of: &[],
};

static SYSTEM_SELECTOR: Shape = Shape {
    name: "SystemLabelSelector",
    about: "Systems by their labels",
    fields: &[FieldShape::optional(
        "matchLabels",
        Content::Pairs(&Content::Label),
        "Labels that a system must have, all of them; without any, all systems",
    )],
    one_of: &[],
};

/// The fields that select what a condition is evaluated for.
const SCOPES: [&str; 4] = ["selector", "objectiveRef", "systemSelector", "systemRef"];

/// Reads the specification; without metadata, only to report problems.
pub(in crate::manifest) fn read(
    spec: &Field<'_>,
    metadata: Option<Metadata>,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Condition> {
    let fields = Fields::of(spec, &SPEC, report)?;
    let scope = read_scope(&fields, references, report);
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    let severity = fields.word("severity", Severity::Warning, &severities, report);
    let field = fields.require("when", "write a condition such as when: budgetRemainingPercent < 20", report);
    let about_systems = fields.get("systemSelector").is_some() || fields.get("systemRef").is_some();
    let owner = if about_systems { Owner::System } else { Owner::Objective };
    let term = field.as_ref().and_then(|field| read_term(field, owner, references, report));
    let when = suffixed(term, &fields, report);
    if let (Some(term), Some(field)) = (&when, &field)
        && let Err(cause) = term.check_size()
    {
        report.error(field.at, format!("{}: {cause}", field.path), "split it into several conditions");
        return None;
    }
    Some(Condition { metadata: metadata?, scope: scope?, when: when?, severity })
}

fn read_scope(fields: &Fields<'_>, references: &mut Vec<Reference>, report: &mut Report) -> Option<Scope> {
    let given: Vec<(&str, Field<'_>)> = SCOPES.iter().filter_map(|name| Some((*name, fields.get(name)?))).collect();
    let mut scopes: Vec<Option<Scope>> =
        given.iter().map(|(name, field)| read_one_scope(name, field, references, report)).collect();
    match given.as_slice() {
        [] => Some(Scope::All),
        [_] => scopes.pop().flatten(),
        [(first, _), (second, field), ..] => {
            let message = format!("spec.{first} and spec.{second} contradict each other");
            report.error(field.at, message, "keep one of them");
            None
        }
    }
}

fn read_one_scope(
    name: &str,
    field: &Field<'_>,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Scope> {
    let (kind, role) = match name {
        "selector" => {
            let labels = read_selector(field, &SELECTOR, report)?;
            // Without labels, all objectives match.
            return Some(if labels.is_empty() { Scope::All } else { Scope::Matching(Selector::labels(&labels)) });
        }
        "systemSelector" => {
            let labels = read_selector(field, &SYSTEM_SELECTOR, report)?;
            return Some(Scope::Systems(Selector::labels(&labels)));
        }
        "systemRef" => ("System", Role::Observes),
        _ => ("SLO", Role::Judges),
    };
    let reference = reference::read(field, kind, role, report)?;
    let name = reference.name.clone();
    references.push(reference);
    Some(if role == Role::Observes { Scope::System(name) } else { Scope::Objective(name) })
}

fn read_selector(field: &Field<'_>, shape: &'static Shape, report: &mut Report) -> Option<BTreeMap<String, String>> {
    let fields = Fields::of(field, shape, report)?;
    // As in Kubernetes, no label matches all.
    let Some(labels) = fields.get("matchLabels") else { return Some(BTreeMap::new()) };
    let mut wanted = BTreeMap::new();
    let mut valid = true;
    for entry in labels.entries(report)? {
        let value = Field { path: format!("{}.{}", labels.path, entry.key), at: entry.value.at, node: &entry.value };
        let Some(text) = value.text(report) else {
            valid = false;
            continue;
        };
        let rule = label::check_key(&entry.key).map_err(|rule| (entry.key_at, "key", &*entry.key, rule));
        let rule = rule.and_then(|()| label::check_value(text).map_err(|rule| (value.at, "value", text, rule)));
        if let Err((at, what, shown, rule)) = rule {
            report.error(at, format!("the label {what} {} in {} is not valid", quote(shown), labels.path), rule);
            valid = false;
        }
        wanted.insert(entry.key.clone(), text.to_owned());
    }
    valid.then_some(wanted)
}
