//! Owns reading `OpenSLO` v1: its documents become this project's objects, and unsupported features are rejected.

pub(in crate::manifest) mod alert;
mod indicator;
pub(in crate::manifest) mod metadata;
pub(in crate::manifest) mod shapes;
mod slo;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::system;
use crate::domain::account::objective::Metadata;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::name::Name;
use crate::manifest::envelope::{Draft, OTHER_VERSION, VERSION as OWN_VERSION};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::{Position, Problem, Report};
use crate::manifest::wording::{closest, quote};
use crate::manifest::yaml::tree::{Entry, Node, Value};
use indicator::Indicator;
use metadata::LONGEST_DESCRIPTION;
use shapes::{DOCUMENT, SERVICE};

/// The supported version.
pub(in crate::manifest) const VERSION: &str = "openslo/v1";
/// The prefix of `OpenSLO` versions and their misspellings.
const FAMILY: &str = "openslo";
/// The kinds of `OpenSLO`.
pub(in crate::manifest) const KINDS: [&str; 7] =
    ["Service", "SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "DataSource"];

/// Fields of our own specification that annotations of a service may hold.
const OF_SERVICES: [&str; 6] = ["staleAfter", "checks", "retiredAt", "members", "quorum", "dependencies"];

/// A document, before the documents it refers to are known.
pub(in crate::manifest) struct Raw {
    pub(in crate::manifest) file: Arc<str>,
    /// Counted from 1 within the file.
    pub(in crate::manifest) document: usize,
    pub(in crate::manifest) root: Node,
}

/// The `OpenSLO` documents in a tree: itself, or the items of a list of them; empty for anything else.
pub(in crate::manifest) fn documents(root: &Node) -> Vec<&Node> {
    let text = |node: &Node, key| node.child(key).and_then(Node::as_text).map(str::to_owned);
    let is_one = |node: &Node| {
        let version = text(node, "apiVersion");
        let is_own = version.as_deref().is_none_or(|version| version == OWN_VERSION || version == OTHER_VERSION);
        // A kind that only OpenSLO has is read as its own in any version.
        let is_its_kind =
            text(node, "kind").is_some_and(|kind| KINDS.contains(&&*kind) && Kind::parse(&kind).is_none());
        version.is_some_and(|version| version.to_lowercase().starts_with(FAMILY)) || is_its_kind && !is_own
    };
    match &root.value {
        Value::List(items) if !items.is_empty() && items.iter().all(is_one) => items.iter().collect(),
        _ if is_one(root) => vec![root],
        _ => Vec::new(),
    }
}

/// A problem was found and reported.
struct Reported;

/// A document with its outermost fields.
struct Document<'a> {
    raw: &'a Raw,
    kind: Option<&'static str>,
    /// Whether it has another version, so that nothing more is reported.
    is_dialect: bool,
    name: Option<(Name, Position)>,
    metadata: Option<Field<'a>>,
    spec: Option<Field<'a>>,
    report: Report,
}

/// Reads all documents, each with those it refers to.
pub(in crate::manifest) fn read(raws: &[Raw]) -> (Vec<Draft>, Vec<Problem>) {
    let mut documents: Vec<Document<'_>> = raws.iter().map(open).collect();
    let mut library = Library::new(&mut documents);
    let mut drafts = Vec::new();
    for document in &mut documents {
        match document.kind.filter(|_| !document.is_dialect) {
            Some("Service") => drafts.extend(service(document)),
            Some("SLO") => drafts.extend(slo::read(document, &mut library)),
            _ => drafts.extend(document.unread()),
        }
    }
    drafts.extend(library.policies.conditions());
    for document in &mut documents {
        unused(document, &library);
    }
    let mut problems: Vec<Problem> = documents.into_iter().flat_map(|document| document.report.problems).collect();
    problems.append(&mut library.policies.problems);
    (drafts, problems)
}

fn open(raw: &Raw) -> Document<'_> {
    let mut report = Report::new(&raw.file);
    let text = |key| raw.root.child(key).and_then(Node::as_text);
    let kind = text("kind").and_then(|kind| KINDS.into_iter().find(|known| *known == kind));
    let name = raw.root.child("metadata").and_then(|metadata| metadata.child("name"));
    let name = name.and_then(|node| Some((Name::parse(node.as_text()?).ok()?, node.at)));
    report.subject = kind.map(|kind| match &name {
        Some((name, _)) => format!("{kind} {name}"),
        None => kind.to_owned(),
    });
    let mut document = Document { raw, kind, is_dialect: false, name, metadata: None, spec: None, report };
    let version = raw.root.child("apiVersion").filter(|version| !version.is_null());
    if let Some(version) = version.filter(|version| version.as_text() != Some(VERSION)) {
        let written = version.as_text().map_or_else(|| "a list or a mapping".to_owned(), quote);
        let message = format!("apiVersion {written} is not supported");
        document.report.error(version.at, message, format!("write apiVersion: {VERSION}"));
        document.is_dialect = true;
        return document;
    }
    let Some(fields) = Fields::of(&Field::root(&raw.root), &DOCUMENT, &mut document.report) else { return document };
    let report = &mut document.report;
    fields.require("apiVersion", &format!("write apiVersion: {VERSION}"), report);
    let list = format!("supported are {}", KINDS.join(", "));
    if let Some(field) = fields.require("kind", &list, report)
        && kind.is_none()
        && let Some(text) = field.text(report)
    {
        let remedy = closest(text, KINDS).map_or(list, |guess| format!("did you mean {guess}?"));
        report.error(field.at, format!("OpenSLO has no kind {}", quote(text)), remedy);
    }
    document.metadata = fields.require("metadata", "write metadata: { name: … }", report);
    document.spec = fields.get("spec");
    if document.spec.is_none() && kind.is_some_and(|kind| kind != "Service") {
        fields.require("spec", "", report);
    }
    document
}

impl Document<'_> {
    /// The name declared by a document that is not read, so that references to it are not reported.
    fn unread(&self) -> Option<Draft> {
        match self.kind.filter(|_| self.is_dialect)? {
            "Service" => self.draft(Kind::System, None, Vec::new()),
            "SLO" => self.draft(Kind::Objective, None, Vec::new()),
            _ => None,
        }
    }

    /// The object of a document without errors.
    fn draft(
        &self,
        declares: Kind,
        object: Option<Object>,
        references: Vec<super::reference::Reference>,
    ) -> Option<Draft> {
        let (name, name_at) = self.name.clone()?;
        let object = object.filter(|_| !self.report.has_errors());
        let (file, document) = (Arc::clone(&self.raw.file), self.raw.document);
        let object = object.map(Rc::new);
        Some(Draft { file, document, kind: declares, name, name_at, object, references, places: Vec::new() })
    }
}

/// The documents that others may refer to.
struct Library {
    indicators: BTreeMap<Name, Option<(Indicator, Option<Node>)>>,
    policies: alert::Policies,
    /// Kind and name of each referenced document.
    used: BTreeSet<(&'static str, Name)>,
}

impl Library {
    fn new(documents: &mut [Document<'_>]) -> Self {
        let mut library =
            Self { indicators: BTreeMap::new(), policies: alert::Policies::default(), used: BTreeSet::new() };
        let mut first: BTreeMap<(&str, Name), (Arc<str>, Position)> = BTreeMap::new();
        let mut policies = Vec::new();
        for document in documents {
            let kind = document.kind.filter(|kind| !document.is_dialect && !matches!(*kind, "Service" | "SLO"));
            let Some(kind) = kind else { continue };
            let Some((name, at)) = document.name.clone() else {
                // Nothing can refer to it, but problems with its name are reported.
                document.metadata.as_ref().and_then(|field| metadata::read(field, &[], &mut document.report));
                continue;
            };
            if let Some((file, Position { line, column })) = first.get(&(kind, name.clone())) {
                let message = format!("declared twice, first at {file}:{line}:{column}");
                document.report.error(at, message, "rename or remove one of them");
                continue;
            }
            first.insert((kind, name.clone()), (Arc::clone(&document.raw.file), at));
            if kind == "AlertPolicy" {
                // It may refer to later documents.
                policies.push((document, name));
            } else {
                library.take(document, kind, name);
            }
        }
        for (document, name) in policies {
            library.policies.take(document, "AlertPolicy", name);
        }
        library
    }

    fn take(&mut self, document: &mut Document<'_>, kind: &'static str, name: Name) {
        let report = &mut document.report;
        if kind == "SLI" {
            let metadata = document.metadata.as_ref();
            let heading = metadata.and_then(|field| metadata::read(field, &[], report));
            let found = document.spec.as_ref().and_then(|spec| indicator::read(spec, report));
            let found = heading.and(found).map(|found| (found, metadata.map(|field| field.node.clone())));
            self.indicators.insert(name, found);
        } else {
            self.policies.take(document, kind, name);
        }
    }
}

fn service(document: &mut Document<'_>) -> Option<Draft> {
    let report = &mut document.report;
    let heading = document.metadata.as_ref().and_then(|field| metadata::read(field, &OF_SERVICES, report));
    let fields = document.spec.as_ref().and_then(|spec| Fields::of(spec, &SERVICE, report));
    let description = fields.and_then(|fields| description(&fields, report));
    let mut references = Vec::new();
    let system = heading.and_then(|heading| {
        let at = document.raw.root.at;
        let node = Node { at, value: Value::Map(heading.carried) };
        let spec = Field { path: "metadata.annotations".to_owned(), at, node: &node };
        let metadata = heading.metadata.map(|metadata| Metadata { description, ..metadata });
        let before = report.problems.len();
        let system = system::read(&spec, metadata, &mut references, report);
        name_annotations(&mut report.problems[before..], "metadata.annotations", &OF_SERVICES);
        system
    });
    document.draft(Kind::System, system.map(Object::System), references)
}

/// Names fields as written: by their annotations.
fn name_annotations(problems: &mut [Problem], path: &str, carried: &[&str]) {
    for problem in problems {
        for name in carried {
            problem.message = problem.message.replace(&format!("{path}.{name}"), &format!("slo/{name}"));
        }
    }
}

/// A description, whose length `OpenSLO` limits.
fn description(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let field = fields.get("description")?;
    let text = field.text(report)?;
    let length = text.chars().count();
    if length > LONGEST_DESCRIPTION {
        let message = format!("{} has {length} characters", field.path);
        report.error(field.at, message, format!("OpenSLO allows {LONGEST_DESCRIPTION}"));
    }
    Some(text.to_owned())
}

/// Warns about a document without effect, so that nothing is dropped silently.
fn unused(document: &mut Document<'_>, library: &Library) {
    let Some((kind, (name, at))) = document.kind.zip(document.name.clone()).filter(|_| !document.is_dialect) else {
        return;
    };
    let (message, remedy) = match kind {
        "DataSource" => (
            "slo reads no data sources, so this declares nothing",
            "import transitions with `slo ingest`, and remove this document",
        ),
        "SLI" | "AlertPolicy" | "AlertCondition" | "AlertNotificationTarget"
            if !library.used.contains(&(kind, name.clone())) && !library.policies.uses(kind, &name) =>
        {
            ("nothing refers to it, so it declares nothing", "refer to it from an SLO, or remove it")
        }
        _ => return,
    };
    if !document.report.has_errors() {
        document.report.warn(at, message, remedy);
    }
}

/// A field of a specification in this project's own form.
fn entry(key: &str, value: Node) -> Entry {
    Entry { key: key.to_owned(), key_at: value.at, value }
}

fn text(at: Position, text: impl Into<String>) -> Node {
    Node { at, value: Value::Scalar { text: text.into(), plain: false } }
}

fn plain(at: Position, text: impl Into<String>) -> Node {
    Node { at, value: Value::Scalar { text: text.into(), plain: true } }
}

/// `{ kind: …, name: … }`
fn reference(kind: &str, at: Position, name: &Name) -> Node {
    let fields = vec![entry("kind", text(at, kind)), entry("name", text(at, name.as_str()))];
    Node { at, value: Value::Map(fields) }
}
