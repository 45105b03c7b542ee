//! Owns reading the alert policies of `OpenSLO`: each becomes a condition for every objective that refers to it.

mod burn;
pub(in crate::manifest) mod shapes;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::json;

use super::metadata;
use super::{Document, Raw, description, entry, reference};
use crate::domain::account::objective::Metadata;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::name::Name;
use crate::manifest::envelope::{Draft, places};
use crate::manifest::kind::condition;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::{Position, Problem, Report};
use crate::manifest::wording::did_you_mean;
use crate::manifest::yaml::tree::{Entry, Node, Value};
use burn::{Burn, read_condition};
use shapes::{CONDITION_OR_REF, POLICY, POLICY_OR_REF, TARGET, TARGET_OR_REF};

/// The notification target that slo supports: its exit code.
const OWN_TARGET: &str = "slo-check";

/// The policies and the documents they refer to.
#[derive(Default)]
pub(super) struct Policies {
    conditions: BTreeMap<Name, Option<Burn>>,
    /// The target of each notification target.
    targets: BTreeMap<Name, String>,
    policies: BTreeMap<Name, Option<Policy>>,
    /// Those inside an objective.
    inline: Vec<(Policy, Name)>,
    /// The objectives that refer to each policy.
    wanted: BTreeMap<Name, BTreeSet<Name>>,
    used: BTreeSet<(&'static str, Name)>,
    pub(super) problems: Vec<Problem>,
}

/// A policy that alerts while its condition holds.
#[derive(Clone)]
struct Policy {
    file: Arc<str>,
    document: usize,
    at: Position,
    metadata: Metadata,
    burn: Burn,
}

impl Policies {
    /// Adds a policy, or a document that policies refer to; referenced documents come first.
    pub(super) fn take(&mut self, document: &mut Document<'_>, kind: &'static str, name: Name) {
        let Document { metadata, spec, report, raw, .. } = document;
        let heading = metadata.as_ref().and_then(|field| metadata::read(field, &[], report));
        let Some(spec) = spec.as_ref() else { return };
        match kind {
            "AlertCondition" => {
                let burn = read_condition(spec, metadata.as_ref(), report).filter(|_| heading.is_some());
                self.conditions.insert(name, burn);
            }
            "AlertNotificationTarget" => {
                let target = read_target(spec, report).unwrap_or_default();
                self.targets.insert(name, target);
            }
            "AlertPolicy" => {
                let at = document.name.as_ref().map_or(raw.root.at, |(_, at)| *at);
                let policy = heading.and_then(|heading| self.policy(spec, heading.metadata?, (raw, at), report));
                self.policies.insert(name, policy.filter(|_| !report.has_errors()));
            }
            _ => {}
        }
    }

    fn policy(
        &mut self,
        spec: &Field<'_>,
        metadata: Metadata,
        (raw, at): (&Raw, Position),
        report: &mut Report,
    ) -> Option<Policy> {
        let fields = Fields::of(spec, &POLICY, report)?;
        let description = description(&fields, report);
        check_occasions(&fields, report);
        self.check_targets(&fields, report);
        let burn = self.condition(&fields, report)?;
        let mut metadata = Metadata { description, ..metadata };
        let mut keep = |name: &str, value: Option<String>| {
            metadata.annotations.extend(value.map(|value| (format!("slo/{name}"), value)));
        };
        keep("severity", burn.called.clone());
        let usual = json!({"metadata": {"name": metadata.name.as_str()}});
        let about = burn.about.as_ref().filter(|about| **about != usual);
        metadata.annotations.extend(about.map(|about| ("slo/alertCondition".to_owned(), about.to_string())));
        Some(Policy { file: Arc::clone(&raw.file), document: raw.document, at, metadata, burn })
    }

    /// The single condition of a policy, inline or referenced.
    fn condition(&mut self, fields: &Fields<'_>, report: &mut Report) -> Option<Burn> {
        let list = fields.require("conditions", "write conditions: [{ conditionRef: … }]", report)?;
        let items = list.items(report);
        let [item] = items.as_slice() else {
            if matches!(list.node.value, Value::List(_)) {
                let message = format!("{} has {} conditions", list.path, items.len());
                report.error(list.at, message, "write exactly one, and a policy for each other one");
            }
            return None;
        };
        let fields = Fields::of(item, &CONDITION_OR_REF, report)?;
        match either(item, &fields, "conditionRef", report)? {
            Either::Inline(spec) => {
                fields.get("kind").and_then(|field| field.word(&[("AlertCondition", ())], report));
                let metadata = fields.get("metadata");
                let heading = metadata.as_ref().map(|field| metadata::read(field, &[], report));
                let burn = read_condition(&spec, metadata.as_ref(), report);
                burn.filter(|_| !matches!(heading, Some(None)))
            }
            Either::Reference(field) => {
                let name = field.name(report)?;
                self.used.insert(("AlertCondition", name.clone()));
                match self.conditions.get(&name) {
                    Some(Some(burn)) => Some(burn.placed(field.at)),
                    Some(None) => {
                        let message = format!("{} names the AlertCondition {name}, which is not valid", field.path);
                        report.error(field.at, message, "see the problems of that document");
                        None
                    }
                    None => {
                        let known = self.conditions.keys().map(Name::as_str);
                        let remedy = did_you_mean(name.as_str(), known);
                        let message =
                            format!("{} names the AlertCondition {name}, which no document declares", field.path);
                        report.error(field.at, message, remedy);
                        None
                    }
                }
            }
        }
    }

    /// Warns once about a policy whose notifications are never sent.
    fn check_targets(&mut self, fields: &Fields<'_>, report: &mut Report) {
        let Some(list) = fields.get("notificationTargets") else { return };
        let mut elsewhere = false;
        for item in fields.list("notificationTargets", report) {
            let Some(fields) = Fields::of(&item, &TARGET_OR_REF, report) else { continue };
            let target = match either(&item, &fields, "targetRef", report) {
                None => continue,
                Some(Either::Inline(spec)) => {
                    fields.get("kind").and_then(|field| field.word(&[("AlertNotificationTarget", ())], report));
                    if let Some(field) = fields.get("metadata") {
                        metadata::read(&field, &[], report);
                    }
                    read_target(&spec, report)
                }
                Some(Either::Reference(field)) => field.name(report).map(|name| {
                    let target = self.targets.get(&name).cloned().unwrap_or_default();
                    self.used.insert(("AlertNotificationTarget", name));
                    target
                }),
            };
            elsewhere |= target.is_some_and(|target| target != OWN_TARGET);
        }
        if elsewhere {
            let message = "slo sends no notifications: this policy becomes a condition, which `slo check` reports by its exit code";
            report.warn(list.at, message, format!("run `slo check` in CI or cron; target: {OWN_TARGET} says so"));
        }
    }

    /// Records the policies an objective refers to.
    pub(super) fn refer(
        &mut self,
        spec: &Field<'_>,
        objective: Option<&(Name, Position)>,
        raw: &Raw,
        report: &mut Report,
    ) {
        let Value::Map(entries) = &spec.node.value else { return };
        let written = entries.iter().find(|entry| entry.key == "alertPolicies" && !entry.value.is_null());
        let Some(Entry { value, .. }) = written else { return };
        let list = Field { path: format!("{}.alertPolicies", spec.path), at: value.at, node: value };
        for item in list.items(report) {
            let Some(fields) = Fields::of(&item, &POLICY_OR_REF, report) else { continue };
            match either(&item, &fields, "alertPolicyRef", report) {
                None => {}
                Some(Either::Reference(field)) => self.refer_to(&field, objective, report),
                Some(Either::Inline(inner)) => {
                    fields.get("kind").and_then(|field| field.word(&[("AlertPolicy", ())], report));
                    let metadata = fields.get("metadata");
                    let at =
                        metadata.as_ref().and_then(|field| field.node.child("name")).map_or(item.at, |name| name.at);
                    let heading = metadata.and_then(|field| metadata::read(&field, &[], report));
                    let metadata = heading.and_then(|heading| heading.metadata);
                    let policy = metadata.and_then(|metadata| self.policy(&inner, metadata, (raw, at), report));
                    self.inline.extend(policy.zip(objective.map(|(name, _)| name.clone())));
                }
            }
        }
    }

    fn refer_to(&mut self, field: &Field<'_>, objective: Option<&(Name, Position)>, report: &mut Report) {
        let Some(name) = field.name(report) else { return };
        self.used.insert(("AlertPolicy", name.clone()));
        match self.policies.get(&name) {
            Some(Some(_)) => {
                let objectives = self.wanted.entry(name).or_default();
                objectives.extend(objective.map(|(name, _)| name.clone()));
            }
            Some(None) => {
                let message = format!("{} names the AlertPolicy {name}, which is not valid", field.path);
                report.error(field.at, message, "see the problems of that document");
            }
            None => {
                let remedy = did_you_mean(name.as_str(), self.policies.keys().map(Name::as_str));
                let message = format!("{} names the AlertPolicy {name}, which no document declares", field.path);
                report.error(field.at, message, remedy);
            }
        }
    }

    /// Whether any document refers to this one.
    pub(super) fn uses(&self, kind: &'static str, name: &Name) -> bool {
        self.used.contains(&(kind, name.clone()))
    }

    /// A condition for every policy and objective: named like the policy, or like both if several objectives share it.
    pub(super) fn conditions(&mut self) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for (policy, objective) in std::mem::take(&mut self.inline) {
            drafts.push(self.draft(&policy, policy.metadata.name.clone(), &objective));
        }
        for (name, objectives) in std::mem::take(&mut self.wanted) {
            let Some(Some(policy)) = self.policies.get(&name).cloned() else { continue };
            for objective in &objectives {
                let both = Name::parse(&format!("{name}/{objective}")).ok().filter(|_| objectives.len() > 1);
                drafts.push(self.draft(&policy, both.unwrap_or_else(|| name.clone()), objective));
            }
        }
        drafts
    }

    fn draft(&mut self, policy: &Policy, name: Name, objective: &Name) -> Draft {
        let Policy { file, document, at, metadata, burn } = policy;
        let mut entries = vec![
            entry("objectiveRef", reference("SLO", *at, objective)),
            entry("when", burn.when.clone()),
            entry("severity", burn.severity.clone()),
        ];
        entries.extend(burn.lasting.clone().map(|lasting| entry("for", lasting)));
        let node = Node { at: *at, value: Value::Map(entries) };
        let spec = Field { path: "spec".to_owned(), at: *at, node: &node };
        let metadata = Metadata { name: name.clone(), ..metadata.clone() };
        let mut report = Report::new(file);
        report.subject = Some(format!("AlertPolicy {}", policy.metadata.name));
        let mut references = Vec::new();
        let object = condition::read(&spec, Some(metadata), &mut references, &mut report);
        let object = object.filter(|_| !report.has_errors()).map(Object::Condition);
        self.problems.append(&mut report.problems);
        let (file, document) = (Arc::clone(file), *document);
        let object = object.map(Rc::new);
        let places = places(Kind::Condition, &node);
        Draft { file, document, kind: Kind::Condition, name, name_at: *at, object, references, places }
    }
}

/// An inline specification, or a reference to one.
enum Either<'a> {
    Inline(Field<'a>),
    Reference(Field<'a>),
}

fn either<'a>(item: &Field<'_>, fields: &Fields<'a>, key: &str, report: &mut Report) -> Option<Either<'a>> {
    let (reference, spec) = (fields.get(key), fields.get("spec"));
    if let Some(reference) = reference {
        let inline = ["spec", "metadata", "kind"].into_iter().find(|part| fields.get(part).is_some());
        let Some(part) = inline else { return Some(Either::Reference(reference)) };
        report.error(reference.at, format!("{} and {part} contradict each other", reference.path), "keep one of them");
        return None;
    }
    if spec.is_none() && !fields.has_misspelled(key) && !fields.has_misspelled("spec") {
        report.error(item.at, format!("{} has neither {key} nor spec", item.path), "write one of them");
    }
    let spec = spec?;
    // What lacks its kind or name is read all the same, to report its other problems.
    fields.require("kind", "write the kind of what is written here", report);
    fields.require("metadata", "write metadata: { name: … }", report);
    Some(Either::Inline(spec))
}

/// Conditions are evaluated on demand; alerts that are over or lack data are not reported.
fn check_occasions(fields: &Fields<'_>, report: &mut Report) {
    for (key, remedy) in [
        ("alertWhenResolved", "remove it: `slo check` reports what is firing, not what has ended"),
        ("alertWhenNoData", "remove it: `slo check --no-data` decides about that"),
    ] {
        if fields.flag(key, report) {
            let at = fields.get(key).map_or(fields.at, |field| field.at);
            report.error(at, format!("spec.{key}: true is not supported"), remedy);
        }
    }
    let Some(field) = fields.require("alertWhenBreaching", "write alertWhenBreaching: true", report) else { return };
    let faults = report.problems.len();
    if !fields.flag("alertWhenBreaching", report) && report.problems.len() == faults {
        report.error(
            field.at,
            "with alertWhenBreaching: false, there is nothing to alert on",
            "write alertWhenBreaching: true",
        );
    }
}

fn read_target(spec: &Field<'_>, report: &mut Report) -> Option<String> {
    let fields = Fields::of(spec, &TARGET, report)?;
    description(&fields, report);
    fields.require("target", &format!("write target: {OWN_TARGET}"), report)?.text(report).map(str::to_owned)
}
