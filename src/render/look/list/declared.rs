//! Owns the rows of lists of declared objects, and their origin.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{List, Row, moment};
use crate::domain::account::objective::System;
use crate::domain::health::correction::{Correction, Target};
use crate::domain::health::transition::Source;
use crate::domain::plan::object::Object;
use crate::domain::plan::stored::StoredObject;
use crate::domain::rules::condition::Scope;
use crate::domain::value::duration::format_millis;
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::render::declare::condition::spec;
use crate::render::declare::log::short;
use crate::render::look::status::marked;

/// Declared conditions.
pub(crate) fn conditions(stored: Vec<StoredObject>) -> List {
    let rows = stored.into_iter().filter_map(|stored| {
        let origin = Origin::of(&stored);
        let Object::Condition(condition) = stored.held.object else { return None };
        let expression = condition.when.to_string();
        let scope = match &condition.scope {
            Scope::All => "objectives".to_owned(),
            Scope::Objective(name) => format!("objective {name}"),
            Scope::Matching(selector) => format!("objectives {selector}"),
            Scope::System(name) => format!("system {name}"),
            Scope::Systems(selector) => format!("systems {selector}").trim_end().to_owned(),
        };
        Some(origin.complete(Row {
            cells: vec![
                condition.metadata.name.to_string(),
                condition.severity.as_str().to_owned(),
                scope,
                expression.clone(),
            ],
            value: json!({
                "conditionId": condition.metadata.name.as_str(),
                "title": condition.metadata.title,
                "labels": pairs(&condition.metadata.labels),
                "severity": condition.severity.as_str(),
                "expression": expression,
                "spec": spec(&condition),
                "appliedAt": stored.applied_at.to_string(),
            }),
        }))
    });
    List::new(
        "conditions",
        &["CONDITION", "SEVERITY", "~EVALUATED FOR", "~EXPRESSION", "?FILE", "+SET", "+COMMIT"],
        rows,
    )
}

/// The origin of a declared object: the last cells of its row.
#[derive(Default)]
pub(super) struct Origin {
    file: Option<String>,
    document: Option<usize>,
    set: Option<Name>,
    commit: Option<String>,
    orphaned: bool,
}

impl Origin {
    pub(super) fn of(stored: &StoredObject) -> Self {
        Self {
            file: Some(stored.file.clone()),
            document: Some(stored.document),
            set: stored.held.set.clone(),
            commit: stored.commit.clone(),
            orphaned: stored.held.orphaned,
        }
    }

    pub(super) fn complete(self, mut row: Row) -> Row {
        row.cells[0] = marked(&row.cells[0], self.orphaned);
        row.cells.push(self.file.clone().unwrap_or_default());
        row.cells.push(self.set.as_ref().map_or_else(String::new, Name::to_string));
        row.cells.push(self.commit.as_deref().map_or_else(String::new, short));
        if let Value::Object(fields) = &mut row.value {
            fields.insert("file".to_owned(), json!(self.file));
            fields.insert("document".to_owned(), json!(self.document));
            fields.insert("set".to_owned(), json!(self.set.as_ref().map(Name::as_str)));
            fields.insert("commit".to_owned(), json!(self.commit));
            fields.insert("orphaned".to_owned(), json!(self.orphaned));
        }
        row
    }
}

/// A system of a list.
pub(crate) struct KnownSystem {
    pub(crate) name: Name,
    pub(crate) streams: usize,
    /// Its manifest, if it has one.
    pub(crate) declared: Option<StoredObject>,
}

/// Systems that have reported or are declared.
pub(crate) fn systems(known: Vec<KnownSystem>) -> List {
    let rows = known.into_iter().map(|KnownSystem { name, streams, declared }| {
        let origin = declared.as_ref().map(Origin::of);
        let system = declared.and_then(|stored| match stored.held.object {
            Object::System(system) => Some(system),
            _ => None,
        });
        let stale = system.as_ref().and_then(|system| system.stale_after_ms);
        let upstreams: Vec<String> =
            system.iter().flat_map(|system| &system.dependencies).map(|edge| edge.upstream.to_string()).collect();
        let members: Vec<&str> = system.iter().flat_map(System::members).map(Name::as_str).collect();
        let quorum = system.as_ref().and_then(|system| system.members.as_ref()).map(|members| members.quorum);
        let retired_at = system.as_ref().and_then(|system| system.retired_at).map(|at| at.to_string());
        let composition = quorum.map_or(String::new(), |quorum| format!("{quorum} of {}", members.join(", ")));
        let row = Row {
            cells: vec![
                name.to_string(),
                streams.to_string(),
                stale.map_or(String::new(), format_millis),
                upstreams.join(", "),
                composition,
                retired_at.clone().unwrap_or_default(),
            ],
            value: json!({
                "systemId": name.as_str(),
                "streams": streams,
                "staleAfterSeconds": stale.map(|ms| ms as f64 / 1000.0),
                "dependsOn": upstreams,
                "members": members,
                "quorum": quorum.map(|quorum| quorum.to_string()),
                "retiredAt": retired_at,
                "declared": origin.is_some(),
            }),
        };
        origin.unwrap_or_default().complete(row)
    });
    List::new(
        "systems",
        &["SYSTEM", ">STREAMS", "?STALE AFTER", "~DEPENDS ON", "+MEMBERS", "+RETIRED AT", "?FILE", "+SET", "+COMMIT"],
        rows,
    )
}

/// Labels as JSON.
fn pairs(labels: &Labels) -> BTreeMap<&str, &str> {
    labels.iter().collect()
}

/// Declared objectives.
pub(crate) fn objectives(stored: Vec<StoredObject>) -> List {
    let rows = stored.into_iter().filter_map(|stored| {
        let (origin, applied_at) = (Origin::of(&stored), stored.applied_at);
        let Object::Objective(objective) = stored.held.object else { return None };
        let labels: Vec<String> =
            objective.metadata.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Some(origin.complete(Row {
            cells: vec![
                objective.metadata.name.to_string(),
                objective.system.to_string(),
                objective.target.percent().to_string(),
                objective.window.to_string(),
                labels.join(","),
            ],
            value: json!({
                "objectiveId": objective.metadata.name.as_str(),
                "systemId": objective.system.as_str(),
                "healthcheck": objective.healthcheck.as_ref().map(Name::as_str),
                "target": objective.target.percent().to_f64(),
                "window": objective.window.to_string(),
                "title": objective.metadata.title,
                "labels": pairs(&objective.metadata.labels),
                "appliedAt": applied_at.to_string(),
            }),
        }))
    });
    List::new(
        "objectives",
        &["OBJECTIVE", "?SYSTEM", ">TARGET", "~WINDOW", "?LABELS", "?FILE", "+SET", "+COMMIT"],
        rows,
    )
}

const CORRECTIONS: [&str; 10] =
    ["CORRECTION", "SYSTEM", "~ONLY", "@START", "@END", "STATUS", "?REASON", "?FILE", "+SET", "+COMMIT"];

/// Declared corrections.
pub(crate) fn corrections(stored: Vec<StoredObject>) -> List {
    let rows = stored.into_iter().filter_map(|stored| {
        let origin = Origin::of(&stored);
        let Object::Correction(declared) = stored.held.object else { return None };
        let Correction { start, end, target: Target { check, source, location }, status } = &declared.correction;
        let name = |name: &Option<Name>| name.as_ref().map(Name::to_string);
        let what = [name(check), source.map(|source| source.as_str().to_owned()), name(location)];
        let what: Vec<String> = what.into_iter().flatten().collect();
        Some(origin.complete(Row {
            cells: vec![
                declared.metadata.name.to_string(),
                declared.system.to_string(),
                what.join(", "),
                moment(*start),
                moment(*end),
                status.as_str().to_owned(),
                declared.reason.clone().unwrap_or_default(),
            ],
            value: json!({
                "correctionId": declared.metadata.name.as_str(),
                "systemId": declared.system.as_str(),
                "check": name(check),
                "source": source.map(Source::as_str),
                "location": name(location),
                "start": start.map(|at| at.to_string()),
                "end": end.map(|at| at.to_string()),
                "status": status.as_str(),
                "reason": declared.reason,
                "appliedAt": stored.applied_at.to_string(),
            }),
        }))
    });
    List::new("corrections", &CORRECTIONS, rows)
}
