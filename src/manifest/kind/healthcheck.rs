//! Owns `Healthcheck` documents of Checkstack. Only one thing is read from them: a disabled check is retired.
//!
//! The document has no date, and a status must not depend on when it was applied, so the check never counts. This
//! affects the systems read together with the document.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::domain::account::objective::System;
use crate::domain::health::quorum::Quorum;
use crate::domain::health::rules::CheckRules;
use crate::domain::plan::object::Object;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::manifest::envelope::{Draft, OTHER_VERSION};
use crate::manifest::mapping::fields::Field;
use crate::manifest::problem::{Position, Problem, Report, Severity};
use crate::manifest::yaml::tree::{Node, Tree, Value};

/// Their kind.
pub(in crate::manifest) const KIND: &str = "Healthcheck";

/// The check of a document.
pub(in crate::manifest) struct Healthcheck {
    file: Arc<str>,
    name: Name,
    at: Position,
    is_enabled: bool,
}

/// Whether a document is one.
pub(in crate::manifest) fn is_one(root: &Node) -> bool {
    let says = |key, text| root.child(key).and_then(Node::as_text) == Some(text);
    says("apiVersion", OTHER_VERSION) && says("kind", KIND)
}

/// Reads one; whatever else it contains is another program's business.
pub(in crate::manifest) fn read(tree: &Tree, report: &mut Report) -> Option<Healthcheck> {
    let root = tree.root.as_ref()?;
    let Some(node) = root.child("metadata").and_then(|it| it.child("name")).filter(|name| !name.is_null()) else {
        report.error(root.at, "metadata.name is missing", "write metadata: { name: … }");
        return None;
    };
    let name = Field { path: "metadata.name".to_owned(), at: node.at, node }.name(report);
    let at = node.at;
    report.subject = name.as_ref().map(|name| format!("{KIND} {name}"));
    let spec = root.child("spec").filter(|spec| !spec.is_null());
    let is_enabled = spec.and_then(|spec| spec.child("enabled")).filter(|node| !node.is_null());
    let is_enabled = is_enabled.map_or(Some(true), |node| {
        let truth = match &node.value {
            Value::Scalar { text, plain: true } if text == "true" => Some(true),
            Value::Scalar { text, plain: true } if text == "false" => Some(false),
            _ => None,
        };
        if truth.is_none() {
            Field { path: "spec.enabled".to_owned(), at: node.at, node }.expected("true or false", "", report);
        }
        truth
    });
    Some(Healthcheck { file: Arc::clone(&report.file), name: name?, at, is_enabled: is_enabled? })
}

/// Retires disabled checks in all systems that were read; returns problems of the documents.
pub(in crate::manifest) fn retire(healthchecks: &[Healthcheck], drafts: &mut [Draft]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut first: BTreeMap<&Name, &Healthcheck> = BTreeMap::new();
    for healthcheck in healthchecks {
        let Healthcheck { file, name, at, is_enabled } = healthcheck;
        let mut tell = |severity, message, remedy: &str| {
            let (file, subject, remedy) = (Arc::clone(file), Some(format!("{KIND} {name}")), Some(remedy.to_owned()));
            problems.push(Problem { severity, file, at: Some(*at), subject, message, remedy, excerpt: None });
        };
        if let Some(Healthcheck { file, at, .. }) = first.get(name) {
            let message = format!("declared twice, first at {file}:{}:{}", at.line, at.column);
            tell(Severity::Error, message, "rename or remove one of them");
            continue;
        }
        first.insert(name, healthcheck);
        if *is_enabled {
            continue;
        }
        let mut systems = drafts.iter_mut().filter_map(|draft| match draft.object.as_mut().map(Rc::make_mut) {
            Some(Object::System(system)) if system.members.is_none() => Some(system),
            _ => None,
        });
        let mut found = false;
        systems.by_ref().for_each(|system| {
            found = true;
            retire_in(system, name);
        });
        if !found {
            let message =
                format!("{name} is disabled, but no system is declared beside it, so nothing follows from that");
            tell(Severity::Warning, message, "pass the systems together with it, or write retiredAt in spec.checks");
        }
    }
    problems
}

/// A retirement date of the system itself takes precedence.
fn retire_in(system: &mut System, name: &Name) {
    let never = Some(Instant::EARLIEST);
    match system.checks.binary_search_by(|check| check.name.cmp(name)) {
        Ok(place) => system.checks[place].retired_at = system.checks[place].retired_at.or(never),
        Err(place) => {
            let (quorum, name) = (Quorum::All, name.clone());
            let check = CheckRules { name, quorum, stale_after_ms: None, thresholds: None, retired_at: never };
            system.checks.insert(place, check);
        }
    }
}
