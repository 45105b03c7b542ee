//! Owns writing conditions on burn rates as alert policies of `OpenSLO`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Kept, Policies, description, envelope, node, unreadable};
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::plan::object::Object;
use crate::domain::rules::condition::{Comparison, Condition, Operand, Property, Relation, Scope, Subject, Term};
use crate::domain::value::instant::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::domain::value::name::Name;
use crate::render::declare::manifest::yaml::Node;

/// Per objective, the conditions that can be written as policies.
pub(super) fn policies<'a>(objects: &'a [Object], slos: &BTreeSet<&Name>) -> Policies<'a> {
    let mut policies = Policies::new();
    for object in objects {
        let Object::Condition(condition) = object else { continue };
        let Scope::Objective(objective) = &condition.scope else { continue };
        if slos.contains(objective) && policy(condition).is_ok() {
            policies.entry(objective).or_default().push(&condition.metadata.name);
        }
    }
    policies
}

/// A condition as a policy, or why it cannot be one.
pub(super) fn policy(condition: &Condition) -> Result<Node, String> {
    if !matches!(condition.scope, Scope::Objective(_)) {
        return Err("an alert policy of OpenSLO is referred to by its objective".to_owned());
    }
    let mut kept = Kept::of(&condition.metadata);
    let severity = kept.take("severity").unwrap_or_else(|| condition.severity.as_str().to_owned());
    let about: Value = match kept.take("alertCondition") {
        Some(text) => serde_json::from_str(&text).map_err(|_| unreadable("alertCondition"))?,
        None => serde_json::json!({"metadata": {"name": condition.metadata.name.as_str()}}),
    };
    let metadata = kept.metadata(&condition.metadata, &[])?;
    kept.finish()?;
    let inner = Node::map([
        ("kind", Some(Node::text("AlertCondition"))),
        ("metadata", about.get("metadata").and_then(node)),
        (
            "spec",
            Some(Node::map([
                ("description", about.get("description").and_then(Value::as_str).map(Node::text)),
                ("severity", Some(Node::text(severity))),
                ("condition", Some(burn_rate(condition)?)),
            ])),
        ),
    ]);
    // OpenSLO requires a notification target; this one says that it is whoever runs the check.
    let target = Node::map([
        ("kind", Some(Node::text("AlertNotificationTarget"))),
        ("metadata", Some(Node::map([("name", Some(Node::text("slo-check")))]))),
        ("spec", Some(Node::map([("target", Some(Node::text("slo-check")))]))),
    ]);
    let spec = Node::map([
        ("description", description(&condition.metadata)?),
        ("alertWhenBreaching", Some(Node::plain("true"))),
        ("conditions", Some(Node::List(vec![inner]))),
        ("notificationTargets", Some(Node::List(vec![target]))),
    ]);
    Ok(envelope("AlertPolicy", metadata, spec))
}

fn burn_rate(condition: &Condition) -> Result<Node, String> {
    let refused = || "an alert condition of OpenSLO compares one burn rate with a number".to_owned();
    let spelled = condition.spelled();
    let Term::Compare(Comparison { left: Operand::Field(field), relation, right }) = spelled.when else {
        return Err(refused());
    };
    let (Subject::This, Property::BurnRateOver(lookback)) = (&field.subject, field.property) else {
        return Err(refused());
    };
    let Operand::Number { negative: false, magnitude } = right else { return Err(refused()) };
    let op = match relation {
        Relation::Less => "lt",
        Relation::LessOrEqual => "lte",
        Relation::Greater => "gt",
        Relation::GreaterOrEqual => "gte",
        Relation::Equal | Relation::NotEqual => return Err(refused()),
    };
    if spelled.at_least.is_some() {
        return Err("an alert condition of OpenSLO has no atLeast".to_owned());
    }
    let after = match spelled.held_for {
        None => None,
        Some(millis) => Some(shorthand(millis).ok_or_else(|| "OpenSLO knows whole minutes only".to_owned())?),
    };
    Ok(Node::map([
        ("kind", Some(Node::text("burnrate"))),
        ("op", Some(Node::text(op))),
        ("threshold", Some(Node::plain(magnitude))),
        ("lookbackWindow", Some(Node::text(LOOKBACKS[lookback].0))),
        ("alertAfter", after.map(Node::text)),
    ]))
}

/// A duration as one number and one letter; `None` unless it is whole minutes.
fn shorthand(millis: i64) -> Option<String> {
    let units = [(DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m")];
    let (unit, letter) = units.into_iter().find(|(unit, _)| millis % unit == 0)?;
    Some(format!("{}{letter}", millis / unit))
}
