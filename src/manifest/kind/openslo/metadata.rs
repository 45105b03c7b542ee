//! Owns the metadata of `OpenSLO` documents: names, labels, descriptions, and annotations for fields that `OpenSLO`
//! lacks.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::domain::account::objective::Metadata;
use crate::domain::value::label;
use crate::domain::value::name::Name;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::mapping::shape::{Content, FieldShape, Length, Shape};
use crate::manifest::problem::{Position, Report};
use crate::manifest::wording::{closest, one_of, quote};
use crate::manifest::yaml::tree;
use crate::manifest::yaml::tree::{Entry, Node, Value};

/// The prefix of this project's annotations.
const PREFIX: &str = "slo/";
/// Annotations of this project with the same meaning in all manifests.
const SHARED: [&str; 1] = ["renamed-from"];

/// The longest description, in characters.
pub(super) const LONGEST_DESCRIPTION: usize = 1050;

pub(in crate::manifest) static METADATA: Shape = Shape {
    name: "OpenSLOMetadata",
    about: "Name, labels and annotations of an object",
    fields: &[
        FieldShape::required("name", Content::Name, "Unique among objects of its kind; case-sensitive"),
        FieldShape::optional("displayName", Content::Text, "Display name: the title"),
        FieldShape::optional(
            "labels",
            Content::Pairs(&Content::Either(&[Content::Label, Content::List(&Content::Text, Length::Any)])),
            "Labels to select by, as with -l key=value; a label of several values is kept, and not selected by",
        ),
        FieldShape::optional(
            "annotations",
            Content::Pairs(&Content::Text),
            "Those that begin with slo/ say, as YAML, what OpenSLO has no field for: slo/dependencyExclusion: self-only",
        ),
    ],
    one_of: &[],
};

/// The metadata of an object.
pub(super) struct Heading {
    /// `None` if its name is invalid.
    pub(super) metadata: Option<Metadata>,
    /// Fields of a specification from annotations.
    pub(super) carried: Vec<Entry>,
}

/// Reads metadata, whose annotations may hold these fields.
pub(super) fn read(field: &Field<'_>, carries: &[&'static str], report: &mut Report) -> Option<Heading> {
    let fields = Fields::of(field, &METADATA, report)?;
    let name = fields.require("name", "", report).and_then(|field| field.name(report));
    let title = fields.text("displayName", report);
    let mut annotations = BTreeMap::new();
    let mut labels = BTreeMap::new();
    read_labels(&fields, &mut labels, &mut annotations, report);
    let carried = read_annotations(&fields, carries, (&mut labels, &mut annotations), report);
    let metadata = name.map(|name| Metadata { name, title, description: None, labels: labels.into(), annotations });
    Some(Heading { metadata, carried })
}

/// A single value becomes a label; several become an annotation, as a label has one.
fn read_labels(
    fields: &Fields<'_>,
    labels: &mut BTreeMap<String, String>,
    annotations: &mut BTreeMap<String, String>,
    report: &mut Report,
) {
    let Some(field) = fields.get("labels") else { return };
    let mut several: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in field.entries(report).unwrap_or_default() {
        let path = format!("{}.{}", field.path, entry.key);
        check_key(&entry.key, &field.path, entry.key_at, report);
        let value = Field { path, at: entry.value.at, node: &entry.value };
        if !matches!(entry.value.value, Value::List(_)) {
            if let Some(text) = value.text(report) {
                check_value(text, value.at, report);
                labels.insert(entry.key.clone(), text.to_owned());
            }
            continue;
        }
        let values: Vec<String> =
            value.items(report).iter().filter_map(|item| item.text(report).map(str::to_owned)).collect();
        let remedy = format!("-l {}=… does not find it; write one value, or several labels", entry.key);
        report.warn(value.at, format!("the label {} is a list, which is only kept", entry.key), remedy);
        several.insert(&entry.key, values);
    }
    if !several.is_empty() {
        annotations.insert(format!("{PREFIX}openslo-labels"), json!(several).to_string());
    }
}

fn check_key(key: &str, path: &str, at: Position, report: &mut Report) {
    if let Err(rule) = label::check_key(key) {
        report.error(at, format!("the key {} in {path} is not valid", quote(key)), rule);
    }
}

fn check_value(value: &str, at: Position, report: &mut Report) {
    if let Err(rule) = label::check_value(value) {
        report.error(at, format!("the label value {} is not valid", quote(value)), rule);
    }
}

/// Other annotations are kept; this project's are fields of the specification, or labels.
fn read_annotations(
    fields: &Fields<'_>,
    carries: &[&'static str],
    (labels, annotations): (&mut BTreeMap<String, String>, &mut BTreeMap<String, String>),
    report: &mut Report,
) -> Vec<Entry> {
    let mut carried = Vec::new();
    let Some(field) = fields.get("annotations") else { return carried };
    for entry in field.entries(report).unwrap_or_default() {
        let path = format!("{}.{}", field.path, entry.key);
        check_key(&entry.key, &field.path, entry.key_at, report);
        let value = Field { path, at: entry.value.at, node: &entry.value };
        let Some(text) = value.text(report) else { continue };
        let own = entry.key.strip_prefix(PREFIX).filter(|own| !SHARED.contains(own));
        match own {
            None => drop(annotations.insert(entry.key.clone(), text.to_owned())),
            Some("labels") => read_carried_labels(&value, labels, report),
            Some(own) if carries.contains(&own) => {
                carried.extend(parse(&value, report).map(|value| Entry {
                    key: own.to_owned(),
                    key_at: entry.key_at,
                    value,
                }));
            }
            Some(own) => {
                let known = carries.iter().copied().chain(["labels"]);
                let remedy = closest(own, known.clone())
                    .map_or_else(|| one_of(known), |guess| format!("did you mean {PREFIX}{guess}?"));
                report.error(entry.key_at, format!("unknown annotation {}", quote(&entry.key)), remedy);
            }
        }
    }
    carried
}

/// Labels whose keys have prefixes, which OpenSLO does not allow.
fn read_carried_labels(field: &Field<'_>, labels: &mut BTreeMap<String, String>, report: &mut Report) {
    let Some(node) = parse(field, report) else { return };
    let inner = Field { path: field.path.clone(), at: field.at, node: &node };
    for entry in inner.entries(report).unwrap_or_default() {
        check_key(&entry.key, &field.path, entry.key_at, report);
        let value = Field { path: format!("{}.{}", field.path, entry.key), at: field.at, node: &entry.value };
        if let Some(text) = value.text(report) {
            check_value(text, value.at, report);
            labels.insert(entry.key.clone(), text.to_owned());
        }
    }
}

/// Parses an annotation's text as YAML, with all positions at the annotation.
fn parse(field: &Field<'_>, report: &mut Report) -> Option<Node> {
    let text = field.scalar()?;
    let mut inner = Report::new(&report.file);
    let tree = tree::read(text, 0, &mut inner);
    let mut node = tree.root.filter(|_| tree.complete && inner.problems.is_empty());
    match &mut node {
        Some(node) => place(node, field.at),
        None => {
            let cause = inner.problems.first().map_or("it is empty", |problem| &problem.message);
            report.error(field.at, format!("{} is not read as YAML: {cause}", field.path), "");
        }
    }
    node
}

fn place(node: &mut Node, at: Position) {
    node.at = at;
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::List(items) => items.iter_mut().for_each(|item| place(item, at)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_at = at;
            place(&mut entry.value, at);
        }),
    }
}

/// The metadata of an indicator to keep; `None` if it is named like its objective.
pub(super) fn kept(metadata: Option<&Field<'_>>, description: Option<String>, objective: &Name) -> Option<String> {
    let metadata = metadata.map_or_else(|| json!({"name": objective.as_str()}), |field| as_json(field.node));
    if description.is_none() && metadata == json!({"name": objective.as_str()}) {
        return None;
    }
    let mut kept = json!({"metadata": metadata});
    if let Some(description) = description {
        kept["description"] = json!(description);
    }
    Some(kept.to_string())
}

pub(super) fn as_json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { text, .. } => json!(text),
        Value::List(items) => items.iter().map(as_json).collect(),
        Value::Map(entries) => {
            let written = entries.iter().filter(|entry| !entry.value.is_null());
            Json::Object(written.map(|entry| (entry.key.clone(), as_json(&entry.value))).collect())
        }
    }
}
