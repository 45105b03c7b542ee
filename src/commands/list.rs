//! Owns `slo list`: what the database holds, and what conditions can be made of.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Context, Run};
use crate::cli::{List, ListKind};
use crate::domain::account::maintenance::{Length, Schedule};
use crate::domain::account::objective::System;
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::budget::policy::Urgency;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::plan::reconcile::Held;
use crate::domain::rules::condition::property::Owner;
use crate::domain::rules::condition::{Property, Scope, Term};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::exit::ExitStatus;
use crate::render::condition::spec;
use crate::render::list::{Row, document, moment, sheet};
use crate::render::log::short;
use crate::render::status::marked;
use crate::store::{Access, Store, StoredObject};

/// The windows for which policies' factors are shown, in days.
const POLICY_DAYS: [i64; 4] = [7, 28, 30, 90];

/// Titles of columns.
type Titles = &'static [&'static str];

impl Run for List {
    const NAME: &'static str = "list";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<ExitStatus> {
        let as_of = context.as_of;
        let (name, titles, rows) = match args.kind {
            ListKind::Policies => policies(),
            ListKind::Fields => fields(),
            kind => stored(&context.store(Access::Read)?, kind, as_of)?,
        };
        context.answer(&document(name, &rows, as_of)?, |wide| sheet(titles, &rows, wide))?;
        Ok(ExitStatus::Pass)
    }
}

fn stored(store: &Store, kind: ListKind, as_of: Instant) -> Result<(&'static str, Titles, Vec<Row<Value>>)> {
    Ok(match kind {
        ListKind::Systems => (
            "systems",
            &["SYSTEM", ">STREAMS", "STALE AFTER", "DEPENDS ON", "FILE", "+SET", "+COMMIT"],
            store.read(|store| systems(store, as_of))?,
        ),
        ListKind::Objectives => {
            let titles = &["OBJECTIVE", "SYSTEM", ">TARGET", "WINDOW", "LABELS", "FILE", "+SET", "+COMMIT"];
            ("objectives", titles, store.read(objectives)?)
        }
        ListKind::Maintenance => (
            "maintenance",
            &["MAINTENANCE", "SYSTEMS", "WHEN", "REASON", "FILE", "+SET", "+COMMIT"],
            store.read(maintenance)?,
        ),
        ListKind::Conditions => (
            "conditions",
            &["CONDITION", "SEVERITY", "OBJECTIVES", "EXPRESSION", "FILE", "+SET", "+COMMIT"],
            store.read(conditions)?,
        ),
        ListKind::Ingests => (
            "ingests",
            &["FILE", "STARTED", "FINISHED", ">READ", ">NEW", ">KNOWN", ">CONFLICTS", ">REJECTED"],
            store.read(ingests)?,
        ),
        ListKind::Sets => {
            ("sets", &["SET", ">OBJECTS", ">ORPHANED", "LAST CHANGED", "COMMIT", "BY"], store.read(sets)?)
        }
        ListKind::Policies => policies(),
        ListKind::Fields => fields(),
    })
}

fn conditions(store: &Store) -> Result<Vec<Row<Value>>> {
    let rows = store.objects(Kind::Condition)?.into_iter().filter_map(|stored| {
        let origin = Origin::of(&stored);
        let Object::Condition(condition) = stored.held.object else { return None };
        let expression = condition.when.to_string();
        let objectives = match &condition.scope {
            Scope::All => "all".to_owned(),
            Scope::Objective(name) => name.to_string(),
            Scope::Matching(selector) => selector.to_string(),
        };
        Some(origin.complete(Row {
            cells: vec![
                condition.metadata.name.to_string(),
                condition.severity.as_str().to_owned(),
                objectives,
                expression.clone(),
            ],
            value: json!({
                "conditionId": condition.metadata.name.as_str(),
                "title": condition.metadata.title,
                "labels": condition.metadata.labels,
                "severity": condition.severity.as_str(),
                "expression": expression,
                "spec": spec(&condition),
                "appliedAt": stored.applied_at.to_string(),
            }),
        }))
    });
    Ok(rows.collect())
}

fn policies() -> (&'static str, Titles, Vec<Row<Value>>) {
    let rows = Urgency::ALL.into_iter().flat_map(|urgency| urgency.rules().map(|rule| (urgency, rule)));
    let rows = rows.map(|(urgency, rule)| {
        let lookbacks = [rule.long, rule.short].map(|lookback| LOOKBACKS[lookback].0);
        let mut cells = vec![
            urgency.as_str().to_owned(),
            lookbacks[0].to_owned(),
            lookbacks[1].to_owned(),
            format!("{} %", rule.budget_percent),
        ];
        cells.extend(POLICY_DAYS.map(|days| rule.short_factor(days * DAY_MS).to_string()));
        let by_window: serde_json::Map<String, Value> =
            POLICY_DAYS.into_iter().map(|days| (format!("{days}d"), json!(rule.factor(days * DAY_MS)))).collect();
        Row {
            cells,
            value: json!({
                "policy": urgency.as_str(),
                "expression": Term::Policy(urgency).to_string(),
                "longLookback": lookbacks[0],
                "shortLookback": lookbacks[1],
                "budgetPercent": rule.budget_percent,
                "factors": by_window,
            }),
        }
    });
    let titles = &["POLICY", "LONG", "SHORT", ">BUDGET", ">AT 7d", ">AT 28d", ">AT 30d", ">AT 90d"];
    ("policies", titles, rows.collect())
}

fn fields() -> (&'static str, Titles, Vec<Row<Value>>) {
    let rows = Property::ALL.into_iter().map(|property| {
        let entry = property.entry();
        let written = match entry.owner {
            Owner::Objective => entry.name.to_owned(),
            Owner::System => format!("health.NAME.{}", entry.name),
        };
        let null_when = (!entry.null_when.is_empty()).then_some(entry.null_when);
        Row {
            cells: vec![
                written.clone(),
                entry.shape.kind().to_owned(),
                entry.shape.values(),
                null_when.unwrap_or("never").to_owned(),
                entry.meaning.to_owned(),
            ],
            value: json!({
                "field": written,
                "of": entry.owner.as_str(),
                "type": entry.shape.kind(),
                "values": entry.shape.values(),
                "nullWhen": null_when,
                "meaning": entry.meaning,
            }),
        }
    });
    ("fields", &["FIELD", "TYPE", "UNIT OR VALUES", "NULL WHEN", "MEANING"], rows.collect())
}

/// Where a declared object comes from: the last cells of its row.
#[derive(Default)]
struct Origin {
    file: Option<String>,
    document: Option<usize>,
    set: Option<Name>,
    commit: Option<String>,
    orphaned: bool,
}

impl Origin {
    fn of(stored: &StoredObject) -> Self {
        Self {
            file: Some(stored.file.clone()),
            document: Some(stored.document),
            set: stored.held.set.clone(),
            commit: stored.commit.clone(),
            orphaned: stored.held.orphaned,
        }
    }

    fn complete(self, mut row: Row<Value>) -> Row<Value> {
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

fn systems(store: &Store, as_of: Instant) -> Result<Vec<Row<Value>>> {
    let mut streams = store.all_streams()?;
    for streams in streams.values_mut() {
        streams.retain(|stream| stream.first <= as_of);
    }
    let mut declared: BTreeMap<Name, (System, Origin)> = BTreeMap::new();
    for stored in store.objects(Kind::System)? {
        let origin = Origin::of(&stored);
        if let Object::System(system) = stored.held.object {
            declared.insert(system.metadata.name.clone(), (system, origin));
        }
    }
    let rows = store.systems()?.into_iter().filter_map(|(name, id)| {
        let count = streams.get(&id).map_or(0, Vec::len);
        let (system, origin) = declared.remove(&name).unzip();
        // A system that only later facts name does not exist yet.
        if count == 0 && origin.is_none() {
            return None;
        }
        let stale = system.as_ref().and_then(|system| system.stale_after_ms);
        let upstreams: Vec<String> =
            system.iter().flat_map(|system| &system.dependencies).map(|edge| edge.upstream.to_string()).collect();
        let is_declared = origin.is_some();
        let row = Row {
            cells: vec![
                name.to_string(),
                count.to_string(),
                stale.map_or(String::new(), crate::domain::value::duration::format_millis),
                upstreams.join(", "),
            ],
            value: json!({
                "systemId": name.as_str(),
                "streams": count,
                "staleAfterSeconds": stale.map(|ms| ms as f64 / 1000.0),
                "dependsOn": upstreams,
                "declared": is_declared,
            }),
        };
        Some(origin.unwrap_or_default().complete(row))
    });
    Ok(rows.collect())
}

fn objectives(store: &Store) -> Result<Vec<Row<Value>>> {
    let rows = store.objects(Kind::Objective)?.into_iter().filter_map(|stored| {
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
                "labels": objective.metadata.labels,
                "appliedAt": applied_at.to_string(),
            }),
        }))
    });
    Ok(rows.collect())
}

fn maintenance(store: &Store) -> Result<Vec<Row<Value>>> {
    let rows = store.objects(Kind::MaintenanceWindow)?.into_iter().filter_map(|stored| {
        let origin = Origin::of(&stored);
        let Object::MaintenanceWindow(window) = stored.held.object else { return None };
        let systems: Vec<&str> = window.systems.iter().map(Name::as_str).collect();
        let (when, value) = match &window.schedule {
            Schedule::Once(span) => (
                format!("{} to {}", moment(Some(span.start)), moment(Some(span.end))),
                json!({"start": span.start.to_string(), "end": span.end.to_string()}),
            ),
            Schedule::Recurring(rule) => (
                format!(
                    "{} {}, {}",
                    rule.rule.as_str(),
                    rule.zone,
                    crate::domain::value::duration::format_millis(rule.clock_ms())
                ),
                json!({
                    "start": rule.start.to_string(),
                    "end": if let Length::Until(end) = rule.length { Some(end.to_string()) } else { None },
                    "durationMinutes": crate::render::number::minutes(rule.clock_ms()),
                    "rrule": rule.rule.as_str(),
                    "timezone": rule.zone.name(),
                }),
            ),
        };
        let when = if window.cancelled { format!("cancelled: {when}") } else { when };
        Some(origin.complete(Row {
            cells: vec![
                window.metadata.name.to_string(),
                systems.join(", "),
                when,
                window.reason.clone().unwrap_or_default(),
            ],
            value: json!({
                "maintenanceId": window.metadata.name.as_str(),
                "systems": systems,
                "schedule": value,
                "cancelled": window.cancelled,
                "reason": window.reason,
            }),
        }))
    });
    Ok(rows.collect())
}

fn ingests(store: &Store) -> Result<Vec<Row<Value>>> {
    let rows = store.ingests()?.into_iter().map(|ingest| Row {
        cells: vec![
            ingest.file.clone(),
            moment(Some(ingest.started_at)),
            ingest.finished_at.map_or("interrupted".to_owned(), |at| moment(Some(at))),
            ingest.read.to_string(),
            ingest.inserted.to_string(),
            ingest.duplicates.to_string(),
            ingest.conflicts.to_string(),
            ingest.rejected.to_string(),
        ],
        value: json!({
            "ingestId": ingest.id,
            "file": ingest.file,
            "startedAt": ingest.started_at.to_string(),
            "finishedAt": ingest.finished_at.map(|at| at.to_string()),
            "read": ingest.read,
            "inserted": ingest.inserted,
            "duplicates": ingest.duplicates,
            "conflicts": ingest.conflicts,
            "rejected": ingest.rejected,
        }),
    });
    Ok(rows.collect())
}

fn sets(store: &Store) -> Result<Vec<Row<Value>>> {
    let mut counts: BTreeMap<Name, (usize, usize)> = BTreeMap::new();
    for set in store.sets()? {
        counts.insert(set, (0, 0));
    }
    for kind in Kind::ALL {
        for Held { set, orphaned, .. } in store.objects(kind)?.into_iter().map(|stored| stored.held) {
            if let Some((objects, gone)) = set.and_then(|set| counts.get_mut(&set)) {
                *objects += 1;
                *gone += usize::from(orphaned);
            }
        }
    }
    let rows = counts.into_iter().map(|(set, (objects, orphaned))| {
        let last = store.applies(Some(&set), &[], 1)?.into_iter().next();
        let (at, commit, author) =
            last.map_or((None, None, None), |last| (Some(last.applied_at), last.commit, last.author));
        Ok(Row {
            cells: vec![
                set.to_string(),
                objects.to_string(),
                orphaned.to_string(),
                moment(at),
                commit.as_deref().map_or_else(String::new, short),
                author.clone().unwrap_or_default(),
            ],
            value: json!({
                "set": set.as_str(),
                "objects": objects,
                "orphaned": orphaned,
                "lastChangedAt": at.map(|at| at.to_string()),
                "commit": commit,
                "author": author,
            }),
        })
    });
    rows.collect()
}
