//! Owns writing a condition as a manifest.

use serde_json::{Map, Value, json};

use crate::domain::rules::condition::property::Shape;
use crate::domain::rules::condition::{
    Comparison, Condition, Field, Operand, Property, Relation, Scope, Subject, Term,
};
use crate::domain::value::duration::write_millis;
use crate::domain::value::hours::{Hours, WEEKDAYS};
use crate::domain::value::name::Name;
use crate::domain::value::selector::Selector;

/// The specification of a condition; reading it yields the same condition.
pub(crate) fn spec(condition: &Condition) -> Value {
    let mut spec = Map::new();
    match &condition.scope {
        Scope::All => {}
        Scope::Objective(name) => {
            spec.insert("objectiveRef".to_owned(), json!({"kind": "SLO", "name": name.as_str()}));
        }
        Scope::Matching(selector) => drop(spec.insert("selector".to_owned(), labels(selector))),
        Scope::System(name) => {
            spec.insert("systemRef".to_owned(), json!({"kind": "System", "name": name.as_str()}));
        }
        Scope::Systems(selector) => drop(spec.insert("systemSelector".to_owned(), labels(selector))),
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

fn labels(selector: &Selector) -> Value {
    let labels: Map<String, Value> =
        selector.equal().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
    json!({ "matchLabels": labels })
}

fn term(whole: &Term) -> Map<String, Value> {
    let one = |key: &str, value: Value| Map::from_iter([(key.to_owned(), value)]);
    let several = |terms: &[Term]| terms.iter().map(|inner| Value::Object(term(inner))).collect::<Vec<_>>();
    match whole {
        Term::All(terms) => match band(terms) {
            Some(band) => one("numeric_state", band),
            None => one("and", several(terms).into()),
        },
        Term::Any(terms) => match state(whole) {
            Some(state) => one("state", state.into()),
            None => one("or", several(terms).into()),
        },
        Term::Not(inner) => one("not", Value::Object(term(inner))),
        Term::Compare(comparison) => match (limit(comparison), state(whole)) {
            (Some((value, key, bound)), _) => one("numeric_state", json!({"value": value.to_string(), key: bound})),
            (_, Some(state)) => one("state", state.into()),
            _ => one("expression", whole.to_string().into()),
        },
        Term::Time(hours) => one("time", time(hours)),
        Term::Policy(urgency) => one("policy", urgency.as_str().into()),
        Term::Held { term: inner, for_ms } => {
            let held = write_millis(*for_ms);
            if let Some(mut state) = state(inner) {
                state.insert("for".to_owned(), held.into());
                return one("state", state.into());
            }
            suffixed(term(inner), "for", held.into(), &["for", "atLeast"])
        }
        Term::Repeated { term: inner, times, within_ms } => {
            suffixed(term(inner), "atLeast", at_least(*times, *within_ms), &["atLeast"])
        }
    }
}

/// A term with one of its extensions. If the term has one that is read later, it goes into an `and` of its own, which
/// means the same.
fn suffixed(term: Map<String, Value>, key: &str, value: Value, taken: &[&str]) -> Map<String, Value> {
    let is_taken = taken.iter().any(|key| term.contains_key(*key));
    let mut term = if is_taken { Map::from_iter([("and".to_owned(), json!([term]))]) } else { term };
    term.insert(key.to_owned(), value);
    term
}

fn at_least(times: u32, within_ms: i64) -> Value {
    json!({"times": times, "within": write_millis(within_ms)})
}

/// A comparison with a bound: the field, the word, and the bound.
fn limit(comparison: &Comparison) -> Option<(&Field, &'static str, Value)> {
    let Comparison { left: Operand::Field(field), relation, right } = comparison else { return None };
    let key = match relation {
        Relation::Greater => "above",
        Relation::Less => "below",
        Relation::Equal => "equals",
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

/// A number if YAML's numbers are exact enough, else its digits as a text.
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

/// A system and its status, or an objective and its state; also several alternatives.
fn state(whole: &Term) -> Option<Map<String, Value>> {
    let (field, status): (&Field, Value) = match whole {
        Term::Compare(comparison) => {
            let (field, status) = status(comparison)?;
            (field, status.into())
        }
        Term::Any(terms) => {
            let mut all: Vec<(&Field, &str)> = Vec::with_capacity(terms.len());
            for term in terms {
                let Term::Compare(comparison) = term else { return None };
                all.push(status(comparison)?);
            }
            let (field, _) = *all.first()?;
            if !all.iter().all(|(other, _)| *other == field) {
                return None;
            }
            (field, all.into_iter().map(|(_, status)| status).collect())
        }
        _ => return None,
    };
    let entity = match &field.subject {
        Subject::This => None,
        Subject::System(name) => Some(name.to_string()),
        Subject::Objective(name) => Some(format!("slo.{name}")),
    };
    // A name has a maximum length, and what begins with `slo.` is an objective.
    let is_named = |entity: &String| {
        Name::parse(entity).is_ok() && entity.starts_with("slo.") == matches!(field.subject, Subject::Objective(_))
    };
    if entity.as_ref().is_some_and(|entity| !is_named(entity)) {
        return None;
    }
    let entity = entity.map(|entity| ("entity".to_owned(), entity.into()));
    Some(entity.into_iter().chain([("status".to_owned(), status)]).collect())
}

/// A field and its required status or state.
fn status(comparison: &Comparison) -> Option<(&Field, &str)> {
    let Comparison { left: Operand::Field(field), relation: Relation::Equal, right: Operand::Text(status) } =
        comparison
    else {
        return None;
    };
    let is_state = match field.subject {
        Subject::This | Subject::System(_) => field.property == Property::Status,
        Subject::Objective(_) => field.property == Property::State,
    };
    is_state.then_some((field, status))
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
