//! Owns writing declared objects as `OpenSLO` v1, and in slo's own format if that has no kind or field for them.

mod alert;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::yaml::Node;
use super::{
    dependency_exclusion, hindsight, not_counted, objective_spec, schedule, stream, system_spec, thresholds, timezone,
    weights,
};
use crate::domain::account::objective::{Metadata, NotCounted, Objective, System};
use crate::domain::health::transition::Status;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::calendar::CalendarUnit;
use crate::domain::value::name::Name;
use crate::domain::value::window::Window;

/// The longest description that `OpenSLO` allows, in characters.
const LONGEST_DESCRIPTION: usize = 1050;
/// The start of every calendar period: a Monday and the first of January.
const PERIOD_START: &str = "2024-01-01 00:00:00";

/// Per objective, the conditions that are written as its policies.
type Policies<'a> = BTreeMap<&'a Name, Vec<&'a Name>>;

/// The documents, and notes about them.
pub(crate) struct Export {
    pub(crate) text: String,
    pub(crate) notes: Vec<String>,
}

/// The objects as one stream of documents.
pub(crate) fn export(objects: &[Object]) -> Export {
    let mut documents = Vec::new();
    let mut notes = Vec::new();
    let mut odd_names = Vec::new();
    let expressible = |object: &&Object| document(object, &BTreeMap::new()).is_ok();
    let slos: BTreeSet<&Name> = objects
        .iter()
        .filter(|object| object.kind() == Kind::Objective)
        .filter(expressible)
        .map(Object::name)
        .collect();
    let policies = alert::policies(objects, &slos);
    for object in objects {
        match document(object, &policies) {
            Ok(document) => {
                documents.push(document);
                let name = object.name().as_str();
                if !is_dns_label(name) {
                    odd_names.push(name);
                }
            }
            Err(reason) => {
                notes.push(format!("{} is written as slo/v1: {reason}", object.identity()));
                documents.push(super::document(object));
            }
        }
    }
    if !odd_names.is_empty() {
        odd_names.dedup();
        let names = odd_names.join(", ");
        notes.push(format!(
            "OpenSLO promises portability only for names of a-z, 0-9 and -, which these are not: {names}"
        ));
    }
    Export { text: stream(documents.into_iter()), notes }
}

/// The document of an object; an objective has the names of its policies.
fn document(object: &Object, policies: &Policies<'_>) -> Result<Node, String> {
    match object {
        Object::System(system) => service(system),
        Object::Objective(objective) => slo(objective, policies.get(&objective.metadata.name)),
        Object::MaintenanceWindow(_) => Err("OpenSLO has no maintenance windows".to_owned()),
        Object::Correction(_) => Err("OpenSLO has no corrections".to_owned()),
        Object::Condition(condition) => {
            let name = &condition.metadata.name;
            let is_referred = policies.values().flatten().any(|policy| *policy == name);
            alert::policy(condition).and_then(|policy| {
                let refused = || "the objective it is about is not written as OpenSLO".to_owned();
                is_referred.then_some(policy).ok_or_else(refused)
            })
        }
    }
}

fn envelope(kind: &str, metadata: Node, spec: Node) -> Node {
    Node::map([
        ("apiVersion", Some(Node::text("openslo/v1"))),
        ("kind", Some(Node::text(kind))),
        ("metadata", Some(metadata)),
        ("spec", Some(spec)),
    ])
}

fn service(system: &System) -> Result<Node, String> {
    let Node::Map(fields) = system_spec(system) else { return Err("it has no fields".to_owned()) };
    let carried: Vec<(&str, String)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.on_one_line())).collect();
    let mut kept = Kept::of(&system.metadata);
    let metadata = kept.metadata(&system.metadata, &carried)?;
    kept.finish()?;
    let description = description(&system.metadata)?;
    Ok(envelope("Service", metadata, Node::map([("description", description)])))
}

fn slo(objective: &Objective, policies: Option<&Vec<&Name>>) -> Result<Node, String> {
    if objective.target.error_share() == 0 {
        return Err("a target of OpenSLO is below 100%".to_owned());
    }
    let mut carried: Vec<(&str, String)> = Vec::new();
    let Node::Map(fields) = objective_spec(objective) else { return Err("it has no fields".to_owned()) };
    for (name, value) in fields {
        match name.as_str() {
            "excludedDependencyRefs" => carried.push(("excludedDependencyRefs", value.on_one_line())),
            "excludeMaintenanceWindows" => carried.push(("excludeMaintenanceWindows", value.on_one_line())),
            _ => {}
        }
    }
    let mut carry = |name, value: Option<Node>| carried.extend(value.map(|value| (name, value.on_one_line())));
    if matches!(objective.window, Window::Rolling { .. }) {
        carry("timezone", timezone(objective));
    }
    carry("dependencyExclusion", dependency_exclusion(objective));
    // Unknown time that does not count is expressed by the states of the total.
    let maintenance = NotCounted { unknown: false, ..objective.not_counted };
    carry("notCounted", not_counted(maintenance));
    carry("countsAsDown", (!objective.counts_as_down.are_full()).then(|| weights(objective.counts_as_down)));
    carry("minimumOutage", hindsight(objective.minimum_outage_ms));
    carry("attributionGrace", hindsight(objective.attribution_grace_ms));
    carry("schedule", schedule(&objective.schedule));
    carry("burnRateThresholds", thresholds(objective.thresholds));
    let mut kept = Kept::of(&objective.metadata);
    let service = kept.take("service").unwrap_or_else(|| objective.system.to_string());
    let title = kept.take("objective");
    let indicator = indicator(objective, kept.take("indicator"))?;
    let metadata = kept.metadata(&objective.metadata, &carried)?;
    kept.finish()?;
    let target = Node::map([
        ("displayName", title.map(Node::text)),
        ("targetPercent", Some(Node::plain(&objective.target.percent()))),
        ("timeSliceWindow", Some(Node::text("1m"))),
    ]);
    let spec = Node::map([
        ("description", description(&objective.metadata)?),
        ("service", Some(Node::text(service))),
        ("indicator", Some(indicator)),
        ("timeWindow", Some(Node::List(vec![time_window(objective.window)]))),
        ("budgetingMethod", Some(Node::text("RatioTimeslices"))),
        ("objectives", Some(Node::List(vec![target]))),
        (
            "alertPolicies",
            policies.and_then(|names| Node::some(names.iter().map(|name| policy_reference(name)).collect())),
        ),
    ]);
    Ok(envelope("SLO", metadata, spec))
}

fn policy_reference(name: &Name) -> Node {
    Node::map([("alertPolicyRef", Some(Node::text(name.as_str())))])
}

fn time_window(window: Window) -> Node {
    match window {
        Window::Rolling { days, .. } => {
            Node::map([("duration", Some(Node::text(format!("{days}d")))), ("isRolling", Some(Node::plain("true")))])
        }
        Window::Calendar { unit, zone } => {
            let duration = match unit {
                CalendarUnit::Day => "1d",
                CalendarUnit::Week => "1w",
                CalendarUnit::Month => "1M",
                CalendarUnit::Quarter => "1Q",
                CalendarUnit::Year => "1Y",
                CalendarUnit::Days { count, .. } => &format!("{count}d"),
            };
            let calendar =
                Node::map([("startTime", Some(Node::text(PERIOD_START))), ("timeZone", Some(Node::text(zone.name())))]);
            Node::map([
                ("duration", Some(Node::text(duration))),
                ("calendar", Some(calendar)),
                ("isRolling", Some(Node::plain("false"))),
            ])
        }
    }
}

/// The share of bad time: what counts as down, of all counted time.
fn indicator(objective: &Objective, kept: Option<String>) -> Result<Node, String> {
    let kept: Value = match kept {
        Some(text) => serde_json::from_str(&text).map_err(|_| unreadable("indicator"))?,
        None => serde_json::json!({"metadata": {"name": objective.metadata.name.as_str()}}),
    };
    let metadata = kept.get("metadata").and_then(node).ok_or_else(|| unreadable("indicator"))?;
    let description = kept.get("description").and_then(Value::as_str).map(Node::text);
    let source = |states: Vec<Status>| {
        let states = states.into_iter().map(|status| Node::text(status.as_str())).collect();
        let spec = Node::map([
            ("system", Some(Node::text(objective.system.as_str()))),
            ("healthcheck", objective.healthcheck.as_ref().map(|check| Node::text(check.as_str()))),
            ("states", Some(Node::FlowList(states))),
        ]);
        let source = Node::map([("type", Some(Node::text("HealthTransitions"))), ("spec", Some(spec))]);
        Node::map([("metricSource", Some(source))])
    };
    let counted = Status::ALL.into_iter().filter(|status| *status != Status::Unknown || !objective.not_counted.unknown);
    let ratio = Node::map([
        ("counter", Some(Node::plain("false"))),
        ("bad", Some(source(objective.counts_as_down.iter().map(|(status, _)| status).collect()))),
        ("total", Some(source(counted.collect()))),
    ]);
    let spec = Node::map([("description", description), ("ratioMetric", Some(ratio))]);
    Ok(Node::map([("metadata", Some(metadata)), ("spec", Some(spec))]))
}

fn description(metadata: &Metadata) -> Result<Option<Node>, String> {
    match &metadata.description {
        Some(text) if text.chars().count() > LONGEST_DESCRIPTION => {
            Err(format!("a description of OpenSLO has at most {LONGEST_DESCRIPTION} characters"))
        }
        description => Ok(description.as_ref().map(Node::text)),
    }
}

/// Content of `OpenSLO` that was kept in annotations of slo, to restore it.
struct Kept {
    own: BTreeMap<String, String>,
    /// Foreign annotations.
    others: BTreeMap<String, String>,
}

impl Kept {
    fn of(metadata: &Metadata) -> Self {
        let mut kept = Self { own: BTreeMap::new(), others: BTreeMap::new() };
        for (key, value) in &metadata.annotations {
            match key.strip_prefix("slo/") {
                Some(own) if own != "renamed-from" => kept.own.insert(own.to_owned(), value.clone()),
                _ => kept.others.insert(key.clone(), value.clone()),
            };
        }
        kept
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.own.remove(name)
    }

    /// The metadata; what `OpenSLO` has no field for becomes annotations.
    fn metadata(&mut self, metadata: &Metadata, carried: &[(&str, String)]) -> Result<Node, String> {
        let several: BTreeMap<String, Vec<String>> = match self.take("openslo-labels") {
            Some(text) => serde_json::from_str(&text).map_err(|_| unreadable("openslo-labels"))?,
            None => BTreeMap::new(),
        };
        // OpenSLO's label keys have no prefix.
        let is_foreign = |key: &str| key.contains('/');
        let foreign: BTreeMap<&str, &str> = metadata.labels.iter().filter(|(key, _)| is_foreign(key)).collect();
        let mut labels: BTreeMap<String, Node> = metadata
            .labels
            .iter()
            .filter(|(key, _)| !is_foreign(key))
            .map(|(key, value)| (key.to_owned(), Node::text(value)))
            .collect();
        for (key, values) in several {
            if labels.insert(key, Node::FlowList(values.into_iter().map(Node::text).collect())).is_some() {
                return Err(unreadable("openslo-labels"));
            }
        }
        let mut annotations = std::mem::take(&mut self.others);
        if !foreign.is_empty() {
            let text = serde_json::to_string(&foreign).map_err(|error| error.to_string())?;
            annotations.insert("slo/labels".to_owned(), text);
        }
        annotations.extend(carried.iter().map(|(name, value)| (format!("slo/{name}"), value.clone())));
        let labels: Vec<(String, Node)> = labels.into_iter().collect();
        Ok(Node::map([
            ("name", Some(Node::text(metadata.name.as_str()))),
            ("displayName", metadata.title.as_ref().map(Node::text)),
            ("labels", (!labels.is_empty()).then_some(Node::Map(labels))),
            ("annotations", Node::pairs(annotations.iter())),
        ]))
    }

    /// An annotation that is left over would change its meaning when read as `OpenSLO`.
    fn finish(self) -> Result<(), String> {
        match self.own.into_keys().next() {
            Some(name) => Err(format!("its annotation slo/{name} would have a meaning of its own in OpenSLO")),
            None => Ok(()),
        }
    }
}

fn unreadable(name: &str) -> String {
    format!("its annotation slo/{name} is not what reading OpenSLO keeps there")
}

fn node(value: &Value) -> Option<Node> {
    Some(match value {
        Value::String(text) => Node::text(text),
        Value::Array(items) => Node::FlowList(items.iter().map(node).collect::<Option<_>>()?),
        Value::Object(fields) => {
            Node::Map(fields.iter().map(|(key, value)| Some((key.clone(), node(value)?))).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// RFC 1123's rule, which all implementations of `OpenSLO` support.
fn is_dns_label(name: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    name.len() <= 63
        && is_end(name.as_bytes().first())
        && is_end(name.as_bytes().last())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
