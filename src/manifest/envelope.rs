//! Owns what all kinds share: version, kind and metadata of a document, and calling the kind's own reader.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::kind::reference::Reference;
use super::kind::{condition, correction, feed, healthcheck, maintenance_window, objective, system};
use super::mapping::fields::{Field, Fields};
use super::mapping::shape::{Content, FieldShape, Shape};
use super::problem::{Position, Problem, Report, Severity};
use super::wording::{closest, or_list, quote};
use super::yaml::tree::{Node, Tree, Value};
use crate::domain::account::objective::{Metadata, System};
use crate::domain::health::feed::Feed;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::label;
use crate::domain::value::name::Name;

/// Version of this project's own manifests.
pub(super) const VERSION: &str = "slo/v1";
/// The other version under which `System` and `SLO` are accepted.
pub(super) const OTHER_VERSION: &str = "checkstack.io/v1alpha1";

/// The kind of feeds, which are used when records are read and never applied.
pub(super) const FEED: &str = "Feed";

/// The fields of every document.
pub(super) static DOCUMENT: Shape = Shape {
    name: "Document",
    about: "A manifest",
    fields: &[
        FieldShape::required("apiVersion", Content::Text, "Version of the manifest format"),
        FieldShape::required("kind", Content::Text, "Kind of object"),
        FieldShape::required("metadata", Content::Object(&METADATA), "Name, labels and annotations"),
        FieldShape::required("spec", Content::Any, "What the object declares"),
    ],
    one_of: &[],
};

/// The metadata of every object.
pub(super) static METADATA: Shape = Shape {
    name: "Metadata",
    about: "Name, labels and annotations of an object",
    fields: &[
        FieldShape::required("name", Content::Name, "Unique among objects of its kind; case-sensitive"),
        FieldShape::optional("title", Content::Text, "Display name"),
        FieldShape::optional("description", Content::Text, "Description"),
        FieldShape::optional("labels", Content::Pairs(&Content::Label), "Labels to select by, as with -l key=value"),
        FieldShape::optional("annotations", Content::Pairs(&Content::Text), "Free-form notes"),
    ],
    one_of: &[],
};

/// A document with a known kind and name.
pub(super) struct Draft {
    pub(super) file: Arc<str>,
    /// Counted from 1 within the file.
    pub(super) document: usize,
    pub(super) kind: Kind,
    pub(super) name: Name,
    pub(super) name_at: Position,
    /// `None` if the document has errors.
    pub(super) object: Option<Rc<Object>>,
    pub(super) references: Vec<Reference>,
    /// Where the fields are that warnings about the entire object are about, by [`places`].
    pub(super) places: Vec<(String, Position)>,
}

impl Draft {
    /// The position of a field of the specification; that of the name if it was not written.
    pub(super) fn place(&self, field: &str) -> Position {
        self.places.iter().find(|(path, _)| path == field).map_or(self.name_at, |(_, at)| *at)
    }

    /// A problem with it; the remedy may be empty.
    pub(super) fn problem(&self, severity: Severity, at: Position, message: String, remedy: &str) -> Problem {
        let remedy = Some(remedy.to_owned()).filter(|remedy| !remedy.is_empty());
        let (file, subject) = (Arc::clone(&self.file), Some(self.subject()));
        Problem { severity, file, at: Some(at), subject, message, remedy, excerpt: None }
    }

    /// Kind and name for messages.
    pub(super) fn subject(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

/// Reads one document; reports and returns `None` if it lacks its kind or name.
pub(super) fn read(tree: &Tree, document: usize, report: &mut Report) -> Option<Draft> {
    let root = tree.root.as_ref()?;
    let (kind, name) = identify(root);
    report.subject = kind.map(|kind| match &name {
        Some((name, _)) => format!("{kind} {name}"),
        None => kind.to_string(),
    });
    if let Some(subject) = &report.subject {
        // Problems found before the name concern the object too.
        report.problems.iter_mut().for_each(|problem| problem.subject = Some(subject.clone()));
    }
    let mut references = Vec::new();
    let object = if tree.complete { decode(root, kind, &mut references, report) } else { None };
    let (kind, (name, name_at)) = kind.zip(name)?;
    let object = object.filter(|_| !report.has_errors()).map(Rc::new);
    let places = root.child("spec").map_or_else(Vec::new, |spec| places(kind, spec));
    Some(Draft { file: Arc::clone(&report.file), document, kind, name, name_at, object, references, places })
}

/// The positions in a specification that checks of entire objects need: `when` and `selector` of a condition, and
/// `check CHECK` and `quorum CHECK` of a system.
pub(super) fn places(kind: Kind, spec: &Node) -> Vec<(String, Position)> {
    let field = |name: &str| spec.child(name).map(|node| (name.to_owned(), node.at));
    match kind {
        Kind::Condition => ["when", "selector"].into_iter().filter_map(field).collect(),
        Kind::System => {
            let Some(Value::List(checks)) = spec.child("checks").map(|checks| &checks.value) else { return Vec::new() };
            let mut places = Vec::new();
            for check in checks {
                let Some(node) = check.child("name") else { continue };
                let name = node.as_text().unwrap_or_default();
                places.push((check_of(name), node.at));
                places.extend(check.child("quorum").map(|quorum| (quorum_of(name), quorum.at)));
            }
            places
        }
        Kind::Objective | Kind::MaintenanceWindow | Kind::Correction => Vec::new(),
    }
}

/// The place of a check.
pub(super) fn check_of(check: &str) -> String {
    format!("check {check}")
}

/// The place of a check's quorum.
pub(super) fn quorum_of(check: &str) -> String {
    format!("quorum {check}")
}

/// Whether a document is a feed.
pub(super) fn is_feed(root: &Node) -> bool {
    root.child("kind").and_then(Node::as_text) == Some(FEED)
}

/// Reads a feed.
pub(super) fn read_feed(tree: &Tree, report: &mut Report) -> Option<Feed> {
    let root = tree.root.as_ref()?;
    let name = root.child("metadata").and_then(|metadata| metadata.child("name")).and_then(Node::as_text);
    report.subject = Some(name.map_or_else(|| FEED.to_owned(), |name| format!("{FEED} {name}")));
    report.problems.iter_mut().for_each(|problem| problem.subject.clone_from(&report.subject));
    if !tree.complete {
        return None;
    }
    let inner = [("metadata", &METADATA), ("spec", &feed::shapes::SPEC)];
    let fields = Fields::around(&Field::root(root), &DOCUMENT, &inner, report)?;
    let remedy = format!("write apiVersion: {VERSION}");
    if let Some(field) = fields.require("apiVersion", &remedy, report)
        && let Some(version) = field.text(report)
        && version != VERSION
    {
        report.error(field.at, format!("apiVersion {} has no {FEED}", quote(version)), remedy);
    }
    let metadata = fields.require("metadata", "write metadata: { name: … }", report);
    let metadata = metadata.and_then(|field| read_metadata(&field, report));
    let spec = fields.require("spec", "", report)?;
    let feed = feed::read(&spec, metadata, report);
    // The fields of a feed are read in an order of their own.
    report.problems.sort_by_key(|problem| problem.at);
    feed.filter(|_| !report.has_errors())
}

/// Kind and name if they can be read, without reporting anything.
fn identify(root: &Node) -> (Option<Kind>, Option<(Name, Position)>) {
    let kind = root.child("kind").and_then(Node::as_text).and_then(Kind::parse);
    let name = root.child("metadata").and_then(|metadata| metadata.child("name"));
    let name = name.and_then(|node| Some((Name::parse(node.as_text()?).ok()?, node.at)));
    (kind, name)
}

fn decode(root: &Node, kind: Option<Kind>, references: &mut Vec<Reference>, report: &mut Report) -> Option<Object> {
    let root = Field::root(root);
    if matches!(root.node.value, Value::List(_)) {
        root.expected("a mapping", "separate documents with ---", report);
        return None;
    }
    if root.entries(report)?.iter().all(|entry| entry.key != "apiVersion" && entry.key != "kind") {
        let message = "not a manifest: it has neither apiVersion nor kind";
        report.error(
            root.at,
            message,
            format!("write apiVersion: {VERSION} and kind: {}", or_list(Kind::ALL.map(Kind::as_str))),
        );
        return None;
    }
    let spec = kind.map(|kind| ("spec", spec_of(kind)));
    let inner: Vec<_> = std::iter::once(("metadata", &METADATA)).chain(spec).collect();
    let fields = Fields::around(&root, &DOCUMENT, &inner, report)?;
    if check_kind(&fields, report) {
        check_version(&fields, kind, report);
    }
    let metadata = fields.require("metadata", "write metadata: { name: … }", report);
    let metadata = metadata.and_then(|field| read_metadata(&field, report));
    let spec = match kind {
        // A system may have only a name.
        Some(Kind::System) if fields.get("spec").is_none() && !fields.has_misspelled("spec") => {
            return metadata.map(System::bare).map(Object::System);
        }
        _ => fields.require("spec", "write spec: and below it what is declared", report),
    };
    // Without a kind the specification cannot be read; that has been reported.
    let (spec, kind) = spec.zip(kind)?;
    match kind {
        Kind::System => system::read(&spec, metadata, references, report).map(Object::System),
        Kind::Objective => objective::read(&spec, metadata, references, report).map(Object::Objective),
        Kind::MaintenanceWindow => {
            maintenance_window::read(&spec, metadata, references, report).map(Object::MaintenanceWindow)
        }
        Kind::Correction => correction::read(&spec, metadata, references, report).map(Object::Correction),
        Kind::Condition => condition::read(&spec, metadata, references, report).map(Object::Condition),
    }
}

fn spec_of(kind: Kind) -> &'static Shape {
    match kind {
        Kind::System => &system::SPEC,
        Kind::Objective => &objective::SPEC,
        Kind::MaintenanceWindow => &maintenance_window::SPEC,
        Kind::Correction => &correction::SPEC,
        Kind::Condition => &condition::SPEC,
    }
}

/// Returns whether the version can be checked; an unknown kind probably has another project's version.
fn check_kind(fields: &Fields<'_>, report: &mut Report) -> bool {
    let supported: Vec<&str> = Kind::ALL.map(Kind::as_str).into_iter().chain([FEED]).collect();
    let list = format!("supported are {}", supported.join(", "));
    let Some(field) = fields.require("kind", &list, report) else { return true };
    let Some(kind) = field.text(report) else { return true };
    if Kind::parse(kind).is_some() {
        return true;
    }
    if kind == healthcheck::KIND {
        let message = format!("kind {} is only read with apiVersion {OTHER_VERSION}", quote(kind));
        report.error(field.at, message, format!("write apiVersion: {OTHER_VERSION}, or list the check in a System"));
        return false;
    }
    let remedy = closest(kind, supported).map_or(list, |guess| format!("did you mean {guess}?"));
    report.error(field.at, format!("kind {} is not supported", quote(kind)), remedy);
    false
}

fn check_version(fields: &Fields<'_>, kind: Option<Kind>, report: &mut Report) {
    let remedy = format!("write apiVersion: {VERSION}");
    let Some(field) = fields.require("apiVersion", &remedy, report) else { return };
    let Some(version) = field.text(report) else { return };
    if version == OTHER_VERSION && matches!(kind, Some(Kind::MaintenanceWindow | Kind::Correction | Kind::Condition)) {
        let message = format!("apiVersion {OTHER_VERSION} is accepted for System, SLO and Healthcheck only");
        report.error(field.at, message, remedy);
    } else if version != VERSION && version != OTHER_VERSION {
        report.error(field.at, format!("apiVersion {} is not supported", quote(version)), remedy);
    }
}

pub(super) fn read_metadata(field: &Field<'_>, report: &mut Report) -> Option<Metadata> {
    let fields = Fields::of(field, &METADATA, report)?;
    let name = fields.require("name", "", report).and_then(|field| field.name(report));
    let title = fields.text("title", report);
    let description = fields.text("description", report);
    let labels = pairs(&fields, "labels", report);
    let annotations = pairs(&fields, "annotations", report);
    for (value, at) in labels.values() {
        if let Err(rule) = label::check_value(value) {
            report.error(*at, format!("the label value {} is not valid", quote(value)), rule);
        }
    }
    let texts = |pairs: BTreeMap<String, (String, Position)>| {
        pairs.into_iter().map(|(key, (value, _))| (key, value)).collect::<BTreeMap<_, _>>()
    };
    Some(Metadata { name: name?, title, description, labels: texts(labels).into(), annotations: texts(annotations) })
}

/// Labels or annotations: keys by Kubernetes' rules, values that are texts.
fn pairs(fields: &Fields<'_>, key: &str, report: &mut Report) -> BTreeMap<String, (String, Position)> {
    let mut pairs = BTreeMap::new();
    let Some(field) = fields.get(key) else { return pairs };
    for entry in field.entries(report).unwrap_or_default() {
        if let Err(rule) = label::check_key(&entry.key) {
            report.error(entry.key_at, format!("the key {} in {} is not valid", quote(&entry.key), field.path), rule);
        }
        let value = Field { path: format!("{}.{}", field.path, entry.key), at: entry.value.at, node: &entry.value };
        if let Some(text) = value.text(report) {
            pairs.insert(entry.key.clone(), (text.to_owned(), value.at));
        }
    }
    pairs
}

impl Node {
    pub(super) fn child(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
}
