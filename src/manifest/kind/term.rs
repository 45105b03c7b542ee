//! Owns reading a condition from its YAML spelling.

mod fraction;
mod numeric;
pub(in crate::manifest) mod shapes;
mod state;

use super::hours;
use super::reference::{Reference, Role};
use crate::domain::budget::policy::Urgency;
use crate::domain::rules::condition::{ExpressionError, Field as Viewed, MOST_TIMES, Owner, Subject, Term};
use crate::domain::value::hours::parse_zone;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::wording::or_list;
use crate::manifest::yaml::tree::Value;
use shapes::{AT_LEAST, FORM, FORMS, HOURS};

/// Reads a term of a condition about objectives or systems: a mapping with one form, or an expression.
pub(super) fn read_term(
    field: &Field<'_>,
    owner: Owner,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Term> {
    match &field.node.value {
        Value::Scalar { .. } => return read_expression(field, owner, references, report),
        Value::List(_) => {
            let message = format!("{} must be one condition, not a list", field.path);
            report.error(field.at, message, "write and: or or: before it");
            return None;
        }
        Value::Map(_) => {}
    }
    let fields = Fields::of(field, &FORM, report)?;
    let forms: Vec<&str> = FORMS.iter().copied().filter(|form| fields.get(form).is_some()).collect();
    // All of them are read, to report the problems of each.
    let mut terms: Vec<Option<Term>> =
        forms.iter().map(|form| read_form(form, &fields.get(form)?, owner, references, report)).collect();
    let term = match forms.as_slice() {
        [_] => terms.pop().flatten(),
        [] if FORM.names().any(|form| fields.has_misspelled(form)) => None,
        [] => {
            let message = format!("{} does not say what must be true", field.path);
            report.error(field.at, message, format!("write one of {}", or_list(FORMS.iter().copied())));
            None
        }
        [first, second, ..] => {
            let message = format!("{} has both {first} and {second}", field.path);
            report.error(field.at, message, "put each into its own item of and: or or:");
            None
        }
    };
    suffixed(term, &fields, report)
}

fn read_form(
    form: &str,
    inner: &Field<'_>,
    owner: Owner,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Term> {
    match form {
        "and" => read_several(inner, owner, references, report, Term::All),
        "or" => read_several(inner, owner, references, report, Term::Any),
        "not" => read_term(inner, owner, references, report).map(|term| Term::Not(Box::new(term))),
        "numeric_state" => numeric::read(inner, owner, references, report),
        "state" => state::read(inner, owner, references, report),
        "time" => read_time(inner, report),
        "policy" if owner == Owner::System => {
            let message = format!("{}: policy compares burn rates, which a system does not have", inner.path);
            report.error(inner.at, message, "write it in a condition about objectives");
            None
        }
        "policy" => inner.word(&Urgency::ALL.map(|urgency| (urgency.as_str(), urgency)), report).map(Term::Policy),
        _ => read_expression(inner, owner, references, report),
    }
}

/// Wraps the term in `for` and `atLeast`, if given: it became true this often, each time for this long.
pub(super) fn suffixed(term: Option<Term>, fields: &Fields<'_>, report: &mut Report) -> Option<Term> {
    let held = fields.get("for").map(|field| field.millis(report));
    let repeated = fields.get("atLeast").map(|field| read_at_least(&field, report));
    let mut term = term?;
    if let Some(for_ms) = held {
        term = Term::Held { term: Box::new(term), for_ms: for_ms? };
    }
    if let Some(repeated) = repeated {
        let (times, within_ms) = repeated?;
        term = Term::Repeated { term: Box::new(term), times, within_ms };
    }
    Some(term)
}

fn read_at_least(field: &Field<'_>, report: &mut Report) -> Option<(u32, i64)> {
    let fields = Fields::of(field, &AT_LEAST, report)?;
    let times = fields.require("times", "write a number such as 3", report);
    let within = fields.require("within", "write a duration such as 60m", report);
    let times = times.and_then(|field| field.count(MOST_TIMES, report));
    let within = within.and_then(|field| field.millis(report));
    times.zip(within)
}

fn read_several(
    field: &Field<'_>,
    owner: Owner,
    references: &mut Vec<Reference>,
    report: &mut Report,
    join: impl Fn(Vec<Term>) -> Term,
) -> Option<Term> {
    let items = field.items(report);
    if items.is_empty() {
        if matches!(field.node.value, Value::List(_)) {
            report.error(field.at, format!("{} is empty", field.path), "write at least one condition");
        }
        return None;
    }
    // Read all of them, to report the problems of each.
    let terms: Vec<Option<Term>> = items.iter().map(|item| read_term(item, owner, references, report)).collect();
    let mut terms = terms.into_iter().collect::<Option<Vec<Term>>>()?;
    // A single term needs no join.
    if terms.len() == 1 { terms.pop() } else { Some(join(terms)) }
}

fn read_expression(
    field: &Field<'_>,
    owner: Owner,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Term> {
    let text = field.text(report)?;
    let term = match Term::parse(text, owner) {
        Ok(term) => term,
        Err(error) => {
            refuse(field, text, &error, report);
            return None;
        }
    };
    refer(field, &term, references);
    fraction::warn(field, &term, report);
    Some(term)
}

/// Reports an error in an expression.
fn refuse(field: &Field<'_>, text: &str, error: &ExpressionError, report: &mut Report) {
    let place = match error.place(text) {
        (1, 1) => String::new(),
        (1, column) => format!(", column {column}"),
        (line, column) => format!(", line {line}, column {column}"),
    };
    report.error(field.at, format!("{}{place}: {}", field.path, error.message), &*error.remedy);
}

/// Adds references to the systems and objectives in a term.
fn refer(field: &Field<'_>, term: &Term, references: &mut Vec<Reference>) {
    term.fields().into_iter().for_each(|viewed| refer_to(field, viewed, references));
}

fn refer_to(field: &Field<'_>, viewed: &Viewed, references: &mut Vec<Reference>) {
    let (role, name) = match &viewed.subject {
        Subject::This => return,
        Subject::System(name) => (Role::Observes, name),
        Subject::Objective(name) => (Role::Judges, name),
    };
    let known = |reference: &Reference| reference.role == role && reference.name == *name && reference.at == field.at;
    if !references.iter().any(known) {
        references.push(Reference { role, name: name.clone(), path: field.path.clone(), at: field.at });
    }
}

fn read_time(field: &Field<'_>, report: &mut Report) -> Option<Term> {
    let fields = Fields::of(field, &HOURS, report)?;
    let zone = fields.get("timezone").map_or(Some(chrono_tz::UTC), |field| hours::parsed(&field, parse_zone, report));
    let remedy = "write after: \"22:00\" and before: \"06:00\"";
    hours::read(field, &fields, zone, remedy, report).map(Term::Time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::domain::account::objective::Metadata;
    use crate::domain::plan::object::Object;
    use crate::domain::rules::condition::tests::term_for;
    use crate::domain::rules::condition::{Condition, Owner, Scope, Severity, Subject, Term};
    use crate::domain::value::name::Name;
    use crate::domain::value::selector::Selector;
    use crate::manifest::source::Source;
    use crate::manifest::{Known, read_sources};
    use crate::render::declare::condition::spec;

    /// The manifest of a condition with this specification, read with all names in `names` known.
    fn read(spec: &str, names: &Term) -> Result<Condition, String> {
        let spec = spec.lines().fold(String::new(), |text, line| format!("{text}  {line}\n"));
        let mut text = format!("apiVersion: slo/v1\nkind: Condition\nmetadata: {{ name: c }}\nspec:\n{spec}");
        let mut known = Known::default();
        known.systems.insert(Name::parse("some").unwrap());
        for field in names.fields() {
            match &field.subject {
                Subject::This => {}
                Subject::System(name) => drop(known.systems.insert(name.clone())),
                Subject::Objective(name) => text.push_str(&format!(
                    "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {:?} }}\nspec: {{ systemRef: {{ kind: System, name: some }}, target: 99.9, windowDays: 30 }}\n",
                    name.as_str()
                )),
            }
        }
        let reading = read_sources(
            &[Source { name: "c.yaml".into(), path: "c.yaml".into(), bytes: text.clone().into() }],
            &known,
        );
        let errors: Vec<String> = reading
            .problems
            .iter()
            .filter(|problem| !problem.message.contains("declared twice"))
            .filter(|problem| problem.severity != crate::manifest::Severity::Warning)
            .map(ToString::to_string)
            .collect();
        match reading.objects.into_iter().next().map(|declared| std::rc::Rc::unwrap_or_clone(declared.object)) {
            Some(Object::Condition(condition)) if errors.is_empty() => Ok(condition),
            _ => Err(format!("{errors:?}\n{text}")),
        }
    }

    fn condition(when: Term, owner: Owner) -> Condition {
        let name = Name::parse("c").unwrap();
        let (title, description) = (None, None);
        let (labels, annotations) = Default::default();
        let metadata = Metadata { name, title, description, labels, annotations };
        let scope = match owner {
            Owner::Objective => Scope::All,
            Owner::System => Scope::Systems(Selector::default()),
        };
        Condition { metadata, scope, when, severity: Severity::Info }
    }

    /// A term and the kind it is evaluated for.
    fn terms() -> impl Strategy<Value = (Owner, Term)> {
        prop::sample::select(vec![Owner::Objective, Owner::System])
            .prop_flat_map(|owner| term_for(owner).prop_map(move |term| (owner, term)))
    }

    proptest! {
        #[test]
        fn what_is_written_as_yaml_reads_back_as_the_same_tree((owner, term) in terms()) {
            let condition = condition(term.clone(), owner);
            let yaml = serde_yaml::to_string(&spec(&condition)).unwrap();
            prop_assert_eq!(read(&yaml, &term), Ok(condition), "{}", yaml);
        }

        #[test]
        fn an_expression_in_a_manifest_is_the_same_as_its_yaml((owner, term) in terms()) {
            let condition = condition(term.clone(), owner);
            let mut spec = serde_json::json!({"when": term.to_string(), "severity": "info"});
            if owner == Owner::System {
                spec["systemSelector"] = serde_json::json!({"matchLabels": {}});
            }
            let yaml = serde_yaml::to_string(&spec).unwrap();
            prop_assert_eq!(read(&yaml, &term), Ok(condition), "{}", yaml);
        }
    }

    #[test]
    fn both_spellings_of_an_example_are_one_tree() {
        for (yaml, expression) in [
            ("when: { numeric_state: { value: budgetRemainingPercent, below: 20 } }", "budgetRemainingPercent < 20"),
            (
                "when: { numeric_state: { value: burnRates.1h, above: 1, below: 14.4 } }",
                "burnRates.1h > 1 && burnRates.1h < 14.4",
            ),
            (
                "when: { numeric_state: { value: errorBudgetRemainingMinutes, below: 10m } }",
                "errorBudgetRemainingMinutes < 10m",
            ),
            (
                "when: { state: { entity: postgres, status: unhealthy, for: 10m } }",
                "(health.postgres.status == \"unhealthy\") for 10m",
            ),
            (
                "when: { time: { after: 22:00, before: \"06:00\", weekday: [Sun, sat], timezone: Europe/Berlin } }",
                "time(after: \"22:00\", before: \"06:00\", weekday: [Sat, Sun], timezone: \"Europe/Berlin\")",
            ),
            ("when: { numeric_state: { value: currentStreak, equals: 0 } }", "currentStreak == 0"),
            (
                "when: { state: { entity: postgres, status: [degraded, unhealthy], for: 10m } }",
                "(health.postgres.status == \"degraded\" || health.postgres.status == \"unhealthy\") for 10m",
            ),
            ("when: { state: { entity: slo.shop, status: at-risk } }", "slo.shop.state == \"at-risk\""),
            (
                "systemSelector: { matchLabels: { tier: one } }\nwhen: { state: { status: [unhealthy] } }",
                "status == \"unhealthy\"",
            ),
            (
                "systemRef: { kind: System, name: some }\nwhen: inStatusFor > 5m && !inMaintenance\nfor: 5m",
                "(inStatusFor > 5m && !inMaintenance) for 5m",
            ),
            ("when: { not: { policy: page } }", "!policy(\"page\")"),
            ("when: { and: [isBreaching] }", "isBreaching"),
            ("when: { or: [isBreaching, { expression: currentStreak == 0 }] }", "isBreaching || currentStreak == 0"),
            ("when: isBreaching\nfor: 15m", "(isBreaching) for 15m"),
            (
                "when: isBreaching\nfor: 15m\natLeast: { times: 3, within: 60m }",
                "((isBreaching) for 15m) at least 3 times in 1h",
            ),
            (
                "when: { and: [{ or: [isBreaching, fastBurn], for: 5m }, hasOpenDowntime] }",
                "(isBreaching || fastBurn) for 5m && hasOpenDowntime",
            ),
            (
                "when: { and: [{ expression: fastBurn, atLeast: { times: 2, within: 1d } }], for: 5m }",
                "((fastBurn) at least 2 times in 1d) for 5m",
            ),
        ] {
            let owner = if yaml.contains("system") { Owner::System } else { Owner::Objective };
            let term = Term::parse(expression, owner).unwrap_or_else(|error| panic!("{expression}: {error}"));
            let read = read(yaml, &term).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.when, term, "{yaml}");
        }
    }
}
