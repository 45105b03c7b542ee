//! Owns how a condition is written in a manifest.

use serde_json::{Map, Value, json};

use crate::domain::rules::condition::property::Shape;
use crate::domain::rules::condition::{
    Comparison, Condition, Field, Operand, Property, Relation, Scope, Subject, Term,
};
use crate::domain::value::duration::write_millis;
use crate::domain::value::hours::{Hours, WEEKDAYS};

/// The specification of a condition, such that reading it gives the same condition.
pub(crate) fn spec(condition: &Condition) -> Value {
    let mut spec = Map::new();
    match &condition.scope {
        Scope::All => {}
        Scope::Objective(name) => {
            spec.insert("objectiveRef".to_owned(), json!({"kind": "SLO", "name": name.as_str()}));
        }
        Scope::Matching(selector) => {
            let labels: Map<String, Value> =
                selector.equal().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
            spec.insert("selector".to_owned(), json!({ "matchLabels": labels }));
        }
    }
    let spelled = condition.spelled();
    spec.insert("when".to_owned(), Value::Object(term(spelled.when)));
    if let Some(held_for) = spelled.held_for {
        spec.insert("for".to_owned(), write_millis(held_for).into());
    }
    if let Some((times, within_ms)) = spelled.at_least {
        spec.insert("atLeast".to_owned(), at_least(times, within_ms));
    }
    spec.insert("severity".to_owned(), condition.severity.as_str().into());
    Value::Object(spec)
}

fn term(whole: &Term) -> Map<String, Value> {
    let one = |key: &str, value: Value| Map::from_iter([(key.to_owned(), value)]);
    let several = |terms: &[Term]| terms.iter().map(|inner| Value::Object(term(inner))).collect::<Vec<_>>();
    match whole {
        Term::All(terms) => match band(terms) {
            Some(band) => one("numeric_state", band),
            None => one("and", several(terms).into()),
        },
        Term::Any(terms) => one("or", several(terms).into()),
        Term::Not(inner) => one("not", Value::Object(term(inner))),
        Term::Compare(comparison) => match (limit(comparison), status(comparison)) {
            (Some((value, key, bound)), _) => one("numeric_state", json!({"value": value.to_string(), key: bound})),
            (_, Some((entity, status))) => one("state", json!({"entity": entity, "status": status})),
            _ => one("expression", whole.to_string().into()),
        },
        Term::Time(hours) => one("time", time(hours)),
        Term::Policy(urgency) => one("policy", urgency.as_str().into()),
        Term::Held { term: inner, for_ms } => {
            let held = write_millis(*for_ms);
            if let Term::Compare(comparison) = &**inner
                && let Some((entity, status)) = status(comparison)
            {
                return one("state", json!({"entity": entity, "status": status, "for": held}));
            }
            suffixed(term(inner), "for", held.into(), &["for", "atLeast"])
        }
        Term::Repeated { term: inner, times, within_ms } => {
            suffixed(term(inner), "atLeast", at_least(*times, *within_ms), &["atLeast"])
        }
    }
}

/// A term with one of its extensions. Where one that is read later is there already, the term stands alone in a list, which
/// is the term itself.
fn suffixed(term: Map<String, Value>, key: &str, value: Value, taken: &[&str]) -> Map<String, Value> {
    let is_taken = taken.iter().any(|key| term.contains_key(*key));
    let mut term = if is_taken { Map::from_iter([("and".to_owned(), json!([term]))]) } else { term };
    term.insert(key.to_owned(), value);
    term
}

fn at_least(times: u32, within_ms: i64) -> Value {
    json!({"times": times, "within": write_millis(within_ms)})
}

/// Strictly above or below a value: the field, the word, and the bound.
fn limit(comparison: &Comparison) -> Option<(&Field, &'static str, Value)> {
    let Comparison { left: Operand::Field(field), relation, right } = comparison else { return None };
    let key = match relation {
        Relation::Greater => "above",
        Relation::Less => "below",
        _ => return None,
    };
    let is_amount = matches!(right, Operand::Number { .. } | Operand::Duration(_));
    let ordered = matches!(field.property.shape(), Shape::Number(_) | Shape::Duration);
    (is_amount && ordered).then(|| (field, key, amount(right)))
}

/// `above` and `below` of one field, in this order.
fn band(terms: &[Term]) -> Option<Value> {
    let [Term::Compare(above), Term::Compare(below)] = terms else { return None };
    match (limit(above)?, limit(below)?) {
        ((field, "above", low), (same, "below", high)) if field == same => {
            Some(json!({"value": field.to_string(), "above": low, "below": high}))
        }
        _ => None,
    }
}

/// A number where YAML's numbers are exact enough, else its digits as a text.
fn amount(operand: &Operand) -> Value {
    let text = operand.to_string();
    if let (Operand::Number { .. }, Ok(whole)) = (operand, text.parse::<i64>()) {
        return whole.into();
    }
    match text.parse::<f64>() {
        // Smaller ones would be written with an exponent.
        Ok(number) if number.to_string() == text && number.abs() >= 0.001 => number.into(),
        _ => text.into(),
    }
}

/// A system and the status it must have.
fn status(comparison: &Comparison) -> Option<(&str, &str)> {
    match comparison {
        Comparison {
            left: Operand::Field(Field { subject: Subject::System(name), property: Property::Status }),
            relation: Relation::Equal,
            right: Operand::Text(status),
        } => Some((name.as_str(), status)),
        _ => None,
    }
}

fn time(hours: &Hours) -> Value {
    let mut time = Map::new();
    for (key, at) in [("after", hours.after), ("before", hours.before)] {
        if let Some(at) = at {
            time.insert(key.to_owned(), Hours::clock(at).into());
        }
    }
    if !hours.weekdays.is_empty() {
        let days: Vec<String> =
            WEEKDAYS.iter().filter(|day| hours.weekdays.contains(day)).map(ToString::to_string).collect();
        time.insert("weekday".to_owned(), days.into());
    }
    if hours.zone != chrono_tz::UTC {
        time.insert("timezone".to_owned(), hours.zone.name().into());
    }
    Value::Object(time)
}
