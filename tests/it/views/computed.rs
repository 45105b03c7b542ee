//! The result of `compute` in the file: tables that depend only on facts, manifests and `as-of` and match the commands,
//! and a log of changed views.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use serde_json::{Map, Value, json};

use crate::cases::one_in;
use crate::downtime::notes::noted;
use crate::harness::Slo;
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, instant, rfc3339};
use crate::reference::difference;
use crate::world::strategy::{revised_worlds, worlds};
use crate::world::{World, feed};

const TABLES: [&str; 6] =
    ["objective_status", "system_status", "daily_snapshot", "downtime_event", "streak", "achievement"];

/// The rows of a table, by column, in the order of its key; without checksums.
fn rows(slo: &Slo, sql: &str) -> Vec<Map<String, Value>> {
    let connection = Connection::open(slo.file()).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let value = |stored: Stored| match stored {
        Stored::Null => Value::Null,
        Stored::Integer(number) => number.into(),
        Stored::Real(number) => number.into(),
        Stored::Text(text) => text.into(),
        Stored::Blob(_) => panic!("a blob"),
    };
    let row = |row: &rusqlite::Row<'_>| {
        let named = names.iter().enumerate().filter(|(_, name)| *name != "checksum");
        Ok(named.map(|(index, name)| (name.clone(), value(row.get(index).unwrap()))).collect())
    };
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

fn table(slo: &Slo, name: &str) -> Vec<Map<String, Value>> {
    rows(slo, &format!("SELECT * FROM {name}"))
}

/// Everything that is computed.
pub(crate) fn tables(slo: &Slo) -> Vec<(&'static str, Vec<Map<String, Value>>)> {
    TABLES.into_iter().map(|name| (name, table(slo, name))).collect()
}

/// Computes, and returns the lines it prints.
fn compute(slo: &Slo, at: Ms) -> Vec<Value> {
    let printed = slo.pass(&["compute", "-o", "json", "--as-of", &rfc3339(at)], b"");
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn computed_afresh(world: &World) -> Slo {
    let slo = Slo::with(&noted(&world.facts), &world.manifests());
    compute(&slo, world.as_of);
    slo
}

fn parsed(slo: &Slo, args: &[&str], at: Ms) -> Value {
    let at = rfc3339(at);
    let args: Vec<&str> = args.iter().copied().chain(["--as-of", &at, "-o", "json"]).collect();
    serde_json::from_str(&slo.run(&args, b"").stdout).unwrap()
}

fn bytes(slo: &Slo) -> [Vec<u8>; 2] {
    let file = slo.file();
    let log = format!("{}-wal", file.display());
    [file, log.into()].map(|path| std::fs::read(path).unwrap_or_default())
}

/// Times before, at and after that of the world.
fn looks() -> impl Strategy<Value = Vec<Ms>> {
    vec((-40..4_i64, -3..=3_i64).prop_map(|(days, hours)| days * DAY + hours * HOUR), 0..3)
}

/// The views of everything, by kind and id, as the commands print them.
fn seen(slo: &Slo, at: Ms) -> BTreeMap<(String, String), Value> {
    let pick = |row: &Value, names: &[&str]| -> Value {
        Value::Object(names.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect())
    };
    let mut seen = BTreeMap::new();
    for row in parsed(slo, &["status"], at)["objectives"].as_array().unwrap() {
        let view = pick(row, &["state", "budgetTier", "isBreaching", "hasOpenDowntime", "fastBurn"]);
        seen.insert(("objective".to_owned(), row["objectiveId"].as_str().unwrap().to_owned()), view);
    }
    for row in parsed(slo, &["health", "--all"], at)["systems"].as_array().unwrap() {
        seen.insert(("system".to_owned(), row["systemId"].as_str().unwrap().to_owned()), pick(row, &["status"]));
    }
    seen
}

proptest! {
    #![proptest_config(one_in(8))]

    #[test]
    fn tables_are_those_of_a_fresh_database(
        world in worlds(), keys in vec(any::<u8>(), 48), cuts in vec(0.0..1.0_f64, 0..3), looks in looks(),
    ) {
        let slo = Slo::new();
        slo.apply(&world.manifests());
        let mut facts: Vec<_> = keys.iter().cycle().zip(&world.facts).collect();
        facts.sort_by_key(|(key, _)| **key);
        let facts: Vec<_> = facts.into_iter().map(|(_, fact)| fact.clone()).collect();
        let mut rest = facts.as_slice();
        for (index, cut) in cuts.iter().enumerate() {
            let (part, after) = rest.split_at((rest.len() as f64 * cut) as usize);
            slo.ingest(&noted(part));
            rest = after;
            compute(&slo, world.as_of + looks.get(index).copied().unwrap_or(0));
            slo.pass(&["db", "verify"], b"");
        }
        slo.ingest(&noted(rest));
        slo.pass(&["db", "verify"], b"");
        compute(&slo, world.as_of);
        slo.pass(&["db", "verify"], b"");
        for (this, that) in tables(&slo).into_iter().zip(tables(&computed_afresh(&world))) {
            prop_assert_eq!(this, that);
        }
    }

    #[test]
    fn tables_follow_manifests((before, after) in revised_worlds(), looks in looks()) {
        let slo = Slo::with(&noted(&before.facts), &before.manifests());
        for look in &looks {
            compute(&slo, before.as_of + look);
        }
        slo.apply(&after.manifests());
        slo.pass(&["db", "verify"], b"");
        compute(&slo, after.as_of);
        slo.pass(&["db", "verify"], b"");
        for (this, that) in tables(&slo).into_iter().zip(tables(&computed_afresh(&after))) {
            prop_assert_eq!(this, that);
        }
    }

    #[test]
    fn computing_twice_changes_not_a_byte(world in worlds()) {
        let slo = computed_afresh(&world);
        let before = bytes(&slo);
        prop_assert_eq!(compute(&slo, world.as_of), Vec::<Value>::new());
        prop_assert!(bytes(&slo) == before);
    }

    #[test]
    fn tables_say_what_the_commands_print(world in worlds()) {
        let slo = computed_afresh(&world);
        let status = parsed(&slo, &["status"], world.as_of);
        let mut objectives: Vec<Value> = status["objectives"].as_array().unwrap().clone();
        objectives.sort_by_key(|objective| objective["objectiveId"].as_str().unwrap().to_owned());
        let stored = table(&slo, "objective_status");
        prop_assert_eq!(stored.len(), objectives.len());
        for (row, objective) in stored.iter().zip(&objectives) {
            let mut left: Vec<String> = flat_fields(objective);
            // Outside of maintenance, there is no name and no end.
            left.retain(|field| field != "inMaintenance");
            for (column, value) in row {
                let field = field_of(column);
                let printed = field.split('.').fold(objective, |value, part| &value[part]);
                let value = match column.as_str() {
                    "labels" | "attribution" => serde_json::from_str(value.as_str().unwrap()).unwrap(),
                    "is_breaching" | "has_open_downtime" | "fast_burn" | "orphaned" | "status_known" => json!(value == 1),
                    _ => value.clone(),
                };
                prop_assert_eq!(difference(column, printed, &value), None);
                left.retain(|name| *name != field);
            }
            prop_assert_eq!(left, Vec::<String>::new());
            let name = objective["objectiveId"].as_str().unwrap();
            let trend = parsed(&slo, &["trend", name, "--days", "36500"], world.as_of);
            let days = rows(&slo, &format!("SELECT * FROM daily_snapshot WHERE objective_id = '{name}'"));
            prop_assert_eq!(difference("snapshots", &trend["snapshots"], &camel(&days)), None);
        }
        let downtime = parsed(&slo, &["downtime", "--all", "--since", "2000-01-01"], world.as_of);
        let mut printed = downtime["events"].as_array().unwrap().clone();
        printed.sort_by_key(|event| (event["objectiveId"].to_string(), event["startTime"].to_string()));
        let mut events = camel(&table(&slo, "downtime_event"));
        for event in events.as_array_mut().unwrap() {
            event["because"] = serde_json::from_str(event["because"].as_str().unwrap()).unwrap();
        }
        prop_assert_eq!(difference("events", &Value::Array(printed), &events), None);
        let streaks = parsed(&slo, &["streaks"], world.as_of);
        let printed = sorted(&streaks["streaks"], "objectiveId");
        prop_assert_eq!(difference("streaks", &printed, &camel(&table(&slo, "streak"))), None);
        let achievements = parsed(&slo, &["achievements"], world.as_of);
        let mut printed = achievements["achievements"].as_array().unwrap().clone();
        printed.sort_by_key(|row| (row["systemId"].to_string(), row["achievement"].to_string()));
        prop_assert_eq!(camel(&table(&slo, "achievement")), Value::Array(printed));
        let health = parsed(&slo, &["health", "--all"], world.as_of);
        let mut printed = sorted(&health["systems"], "systemId");
        for row in printed.as_array_mut().unwrap() {
            let open = row.as_object_mut().unwrap().remove("inMaintenance").unwrap();
            row["maintenance"] = open["name"].clone();
            row["maintenanceUntil"] = open["end"].clone();
            row["retired"] = u8::from(row["retired"] == true).into();
        }
        prop_assert_eq!(difference("systems", &printed, &camel(&table(&slo, "system_status"))), None);
    }

    #[test]
    fn the_log_retells_what_was_seen(world in worlds(), looks in vec(-20..4_i64, 1..5), share in 0.0..1.0_f64) {
        let slo = Slo::new();
        slo.apply(&world.manifests());
        let (early, late) = world.facts.split_at((world.facts.len() as f64 * share) as usize);
        slo.ingest(&feed(early));
        let mut told: BTreeMap<(String, String), Value> = BTreeMap::new();
        let mut printed = Vec::new();
        for (turn, look) in looks.iter().enumerate() {
            if turn == 1 {
                slo.ingest(&feed(late));
            }
            let at = world.as_of + look * DAY;
            let lines = compute(&slo, at);
            let status = parsed(&slo, &["status"], at);
            for line in lines {
                let text = |name: &str| line[name].as_str().unwrap().to_owned();
                let key = (text("kind"), text("id"));
                let (previous, next) = (&line["previous"], &line["next"]);
                prop_assert_eq!(told.get(&key).unwrap_or(&Value::Null), previous);
                prop_assert_ne!(previous, next);
                let names = if next.is_null() { previous } else { next }.as_object().unwrap().keys();
                let differ: Vec<&String> = names.filter(|name| previous[*name] != next[*name]).collect();
                prop_assert_eq!(&line["changedFields"], &json!(differ));
                prop_assert_eq!(line["view"].is_null(), next.is_null());
                if !next.is_null() {
                    whole(&line, &status, &world);
                }
                if key.0 == "achievement" {
                    prop_assert!(next.is_null() || next["unlockedAt"] == line["occurredAt"]);
                } else if key.0 == "system" && !next.is_null() {
                    let moment = instant(line["occurredAt"].as_str().unwrap());
                    let status = |at: Ms| seen(&slo, at).get(&key).map(|view| view["status"].clone());
                    prop_assert!(moment <= at);
                    prop_assert_eq!(status(moment), Some(next["status"].clone()), "{}", line);
                    // Before its first fact, a system is unknown as well.
                    let always = previous.is_null() || next["status"] == "unknown";
                    prop_assert!(always || status(moment - 1) != Some(next["status"].clone()), "{}", line);
                } else {
                    prop_assert_eq!(&line["occurredAt"], &json!(rfc3339(at)));
                }
                if next.is_null() { told.remove(&key); } else { told.insert(key, next.clone()); }
                printed.push(line);
            }
            let mut now = told.clone();
            now.retain(|(kind, _), _| kind != "achievement");
            prop_assert_eq!(now, seen(&slo, at));
        }
        let mut logged = camel(&table(&slo, "change_log"));
        for row in logged.as_array_mut().unwrap() {
            let row = row.as_object_mut().unwrap();
            row.remove("asOf");
            for name in ["previous", "next", "changedFields", "view"] {
                let text = row[name].as_str().map(str::to_owned);
                row[name] = text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
            }
        }
        prop_assert_eq!(logged, Value::Array(printed));
        slo.pass(&["db", "verify"], b"");
    }
}

/// Checks that a change has its owner and current state, as of its computation.
fn whole(line: &Value, status: &Value, world: &World) {
    let (view, id) = (&line["view"], line["id"].as_str().unwrap());
    if line["kind"] != "objective" {
        let system = if line["kind"] == "achievement" { id.split('/').next().unwrap() } else { id };
        assert_eq!(view, &json!({ "systemId": system, "labels": {} }));
        return;
    }
    let row = status["objectives"].as_array().unwrap().iter().find(|row| row["objectiveId"] == id).unwrap();
    let objective = world.objectives.iter().find(|objective| objective.name == id).unwrap();
    assert_eq!(view["labels"].as_object().unwrap().len(), objective.labels.len());
    let fields = view.as_object().unwrap();
    assert_eq!(fields.len(), 16);
    for (name, value) in fields {
        let printed = match name.as_str() {
            "windowStart" => &row["window"]["start"],
            "windowEnd" => &row["window"]["end"],
            "exhaustedAt" => &row["forecast"]["exhaustedAt"],
            name => &row[name],
        };
        assert_eq!(difference(name, printed, value), None);
    }
}

/// `streak_days` → `streakDays`.
fn camel_name(column: &str) -> String {
    let mut parts = column.split('_');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |name, part| name + &part[..1].to_uppercase() + &part[1..])
}

fn camel(rows: &[Map<String, Value>]) -> Value {
    let row = |row: &Map<String, Value>| -> Value {
        Value::Object(row.iter().map(|(column, value)| (camel_name(column), value.clone())).collect())
    };
    rows.iter().map(row).collect()
}

fn sorted(rows: &Value, by: &str) -> Value {
    let mut rows = rows.as_array().unwrap().clone();
    rows.sort_by_key(|row| row[by].as_str().unwrap().to_owned());
    Value::Array(rows)
}

/// The path of an `objective_status` column in the answer of `status`.
fn field_of(column: &str) -> String {
    match column.split_once('_') {
        Some(("burn", rest)) if rest != "rate" => rest.replace("rate_", "burnRates."),
        Some(("window", rest)) if rest != "days" => format!("window.{rest}"),
        Some(("maintenance", _)) => "inMaintenance.end".to_owned(),
        None if column == "maintenance" => "inMaintenance.name".to_owned(),
        Some((_, "at")) => format!("forecast.{}", camel_name(column)),
        _ => camel_name(column),
    }
}

/// The fields of an objective that columns must cover: all but the streak's, which have a table of their own, and the
/// calendar unit, which is the manifest's.
fn flat_fields(objective: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    for (name, value) in objective.as_object().unwrap() {
        match value {
            Value::Object(inner) if name != "labels" => {
                fields.extend(inner.keys().map(|key| format!("{name}.{key}")));
            }
            _ => fields.push(name.clone()),
        }
    }
    let elsewhere = |name: &String| name.contains("treak") || name == "window.calendar";
    fields.retain(|name| !elsewhere(name));
    fields
}

#[test]
fn a_system_that_moved_twice_between_two_computations_is_told_twice() {
    let mut feed = String::new();
    for (time, status) in [("09:00:00", "up"), ("10:01:02.003", "down"), ("10:20:00", "degraded"), ("10:30:00", "up")] {
        feed.push_str(&format!("{{\"ts\":\"2026-10-01T{time}Z\",\"system\":\"shop\",\"status\":\"{status}\"}}\n"));
    }
    let slo = Slo::new();
    slo.ingest(&feed);
    let start = instant("2026-10-01T10:00:00Z");
    let told = |at: Ms| -> Vec<(String, Value, Value)> {
        let lines = compute(&slo, at).into_iter();
        lines
            .map(|line| {
                let at = line["occurredAt"].as_str().unwrap()[11..23].to_owned();
                (at, line["previous"]["status"].clone(), line["next"]["status"].clone())
            })
            .collect()
    };
    assert_eq!(told(start), [("09:00:00.000".to_owned(), Value::Null, json!("healthy"))]);
    let turn = |at: &str, from: &str, to: &str| (at.to_owned(), json!(from), json!(to));
    assert_eq!(
        told(start + 40 * MINUTE),
        [
            turn("10:01:02.003", "healthy", "unhealthy"),
            turn("10:20:00.000", "unhealthy", "degraded"),
            turn("10:30:00.000", "degraded", "healthy"),
        ]
    );
    // A late fact: it was still down as of the last computation.
    slo.ingest("{\"ts\":\"2026-10-01T10:35:00Z\",\"system\":\"shop\",\"status\":\"down\"}\n");
    slo.ingest("{\"ts\":\"2026-10-01T10:50:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n");
    assert_eq!(
        told(start + HOUR),
        [turn("10:35:00.000", "healthy", "unhealthy"), turn("10:50:00.000", "unhealthy", "healthy")]
    );
    assert_eq!(told(start + HOUR), []);
    slo.pass(&["db", "verify"], b"");
}

#[test]
fn what_is_pruned_leaves_the_tables_and_is_told_once() {
    let world = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: shop }\nspec:\n  \
                 systemRef: { kind: System, name: shop }\n  target: 99.9\n  windowDays: 7\n";
    let slo = Slo::with("{\"ts\":\"2026-10-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n", world);
    let at = instant("2026-10-20T00:00:00.000Z");
    compute(&slo, at);
    assert_eq!(table(&slo, "daily_snapshot").len(), 19);
    slo.apply(&world.replace("name: shop }\nspec", "name: store }\nspec"));
    let kinds = |lines: Vec<Value>| -> Vec<(Value, Value, bool)> {
        lines
            .into_iter()
            .map(|line| (line["id"].clone(), line["next"]["state"].clone(), line["next"].is_null()))
            .collect()
    };
    let expected = vec![(json!("shop"), Value::Null, true), (json!("store"), json!("healthy"), false)];
    let told: Vec<_> = kinds(compute(&slo, at)).into_iter().filter(|(id, ..)| id == "shop" || id == "store").collect();
    assert_eq!(told, expected);
    assert_eq!(kinds(compute(&slo, at)), []);
    let names = rows(&slo, "SELECT DISTINCT objective_id FROM daily_snapshot");
    assert_eq!(camel(&names), json!([{ "objectiveId": "store" }]));
}

#[test]
fn an_objective_that_its_set_has_dropped_is_orphaned_wherever_it_is_told() {
    let objective = |name: &str| {
        format!(
            "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {name} }}\n\
             spec: {{ systemRef: {{ kind: System, name: a }}, target: 99, windowDays: 7 }}\n"
        )
    };
    let feed = "{\"ts\":\"2026-11-01\",\"system\":\"a\",\"status\":\"up\"}\n";
    let slo = Slo::with(feed, &(objective("kept") + &objective("dropped")));
    let folder = slo.write_manifests(&objective("kept"));
    slo.pass(&["apply", folder.to_str().unwrap()], b"");
    slo.pass(&["compute", "--as-of", "2026-11-20"], b"");
    let stored = rows(&slo, "SELECT objective_id, orphaned FROM objective_status ORDER BY objective_id");
    let told: Vec<(&str, i64)> =
        stored.iter().map(|row| (row["objective_id"].as_str().unwrap(), row["orphaned"].as_i64().unwrap())).collect();
    assert_eq!(told, [("dropped", 1), ("kept", 0)]);
    slo.pass(&["db", "verify"], b"");
}

#[test]
fn an_event_names_the_window_that_excuses_it_as_it_is_called_now() {
    let at = |time: &str, status: &str| {
        format!("{{\"ts\":\"2026-10-{time}:00Z\",\"system\":\"shop\",\"status\":\"{status}\"}}\n")
    };
    let feed = [at("01T00:00", "up"), at("02T10:00", "down"), at("02T11:00", "up")].concat();
    let manifests = |window: &str, correction: &str| {
        format!(
            "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: shop }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, \
             target: 99, windowDays: 7, excludeMaintenanceWindows: true }}\n---\napiVersion: slo/v1\nkind: MaintenanceWindow\n\
             metadata: {{ name: {window} }}\nspec: {{ systemRefs: [{{ kind: System, name: shop }}], start: 2026-10-02T10:10:00Z, \
             end: 2026-10-02T10:20:00Z }}\n---\napiVersion: slo/v1\nkind: Correction\nmetadata: {{ name: {correction} }}\n\
             spec: {{ systemRef: {{ kind: System, name: shop }}, start: 2026-10-02T10:40:00Z, end: 2026-10-02T11:00:00Z, \
             status: healthy, reason: wrong }}\n"
        )
    };
    let slo = Slo::with(&feed, &manifests("upgrade", "probe"));
    let noon = instant("2026-10-20T12:00:00Z");
    let told = || -> Vec<String> {
        compute(&slo, noon);
        slo.pass(&["db", "verify"], b"");
        let rows = rows(&slo, "SELECT start_time, accounting, because FROM downtime_event");
        let text = |row: &Map<String, Value>, name: &str| row[name].as_str().unwrap().to_owned();
        rows.iter()
            .map(|row| {
                format!("{} {} {}", &text(row, "start_time")[11..16], text(row, "accounting"), text(row, "because"))
            })
            .collect()
    };
    let expected = |window: &str, correction: &str| {
        vec![
            "10:00 charged []".to_owned(),
            format!("10:10 excluded [\"{window}\"]"),
            "10:20 charged []".to_owned(),
            format!("10:40 corrected [\"{correction}\"]"),
        ]
    };
    assert_eq!(told(), expected("upgrade", "probe"));
    slo.apply(&manifests("move", "probe"));
    assert_eq!(told(), expected("move", "probe"));
    slo.apply(&manifests("move", "dns"));
    assert_eq!(told(), expected("move", "dns"));
}
