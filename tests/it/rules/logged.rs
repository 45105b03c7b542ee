//! When declared conditions fire, as `compute` logs it: whenever it runs and however late facts are, the log matches
//! `slo backtest`.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, instant, rfc3339};
use crate::world::strategy::worlds;
use crate::world::{World, feed};

/// Conditions of every kind, as manifests write them.
const CONDITIONS: &str = r#"
---
apiVersion: slo/v1
kind: Condition
metadata: { name: down }
spec:
  when: { numeric_state: { value: burnRates.5m, above: 0 } }
---
apiVersion: slo/v1
kind: Condition
metadata: { name: spent }
spec:
  when:
    or:
      - numeric_state: { value: budgetRemainingPercent, below: 50 }
      - not: { numeric_state: { value: currentStreak, above: 1 } }
  for: 90m
---
apiVersion: slo/v1
kind: Condition
metadata: { name: flapping }
spec:
  when: { numeric_state: { value: burnRates.30m, above: 3 } }
  atLeast: { times: 2, within: 1d }
---
apiVersion: slo/v1
kind: Condition
metadata: { name: at-night }
spec:
  when:
    and:
      - numeric_state: { value: burnRate, above: 0.5 }
      - time: { after: "22:00", before: "06:00", timezone: Europe/Berlin }
"#;
const NAMES: [&str; 4] = ["down", "spent", "flapping", "at-night"];

/// Starts and ends of firings, by condition and objective.
type Held = BTreeMap<String, Vec<(Ms, Option<Ms>)>>;

/// Computes, and returns the changes of conditions.
fn compute(slo: &Slo, at: Ms) -> Vec<Value> {
    let printed = slo.pass(&["compute", "-o", "json", "--with-history", "--as-of", &rfc3339(at)], b"");
    let lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == "condition").collect()
}

/// The firings of `slo backtest`, from the beginning on.
fn tested(slo: &Slo, at: Ms) -> Held {
    let mut held = Held::new();
    for name in NAMES {
        let args = ["backtest", "--condition", name, "--since", "2000-01-01", "-o", "json", "--as-of", &rfc3339(at)];
        let answer: Value = serde_json::from_str(&slo.pass(&args, b"")).unwrap();
        for firing in answer["firings"].as_array().unwrap() {
            let id = format!("{name} {}", firing["objectiveId"].as_str().unwrap());
            let moment = |value: &Value| value.as_str().map(instant);
            held.entry(id).or_default().push((moment(&firing["start"]).unwrap(), moment(&firing["end"])));
        }
    }
    held
}

/// The firings in a log: each line replaces earlier lines about its time and later.
fn said(log: &[Value]) -> Held {
    let mut turns: BTreeMap<String, Vec<(Ms, bool)>> = BTreeMap::new();
    for line in log {
        let turns = turns.entry(line["id"].as_str().unwrap().to_owned()).or_default();
        let at = instant(line["occurredAt"].as_str().unwrap());
        turns.retain(|(known, _)| *known < at);
        let Some(holds) = line["next"]["firing"].as_bool() else {
            turns.clear();
            continue;
        };
        if turns.last().is_some_and(|(_, known)| *known) != holds {
            turns.push((at, holds));
        }
        let since = line["next"]["since"].as_str().map(instant);
        assert_eq!(turns.last().map(|(at, _)| *at), since, "{line}");
    }
    let mut held = Held::new();
    for (id, turns) in turns {
        for (at, holds) in turns {
            let spans = held.entry(id.clone()).or_default();
            match (holds, spans.last_mut()) {
                (true, _) => spans.push((at, None)),
                (false, Some(last)) => last.1 = Some(at),
                (false, None) => panic!("{id} stops before it starts"),
            }
        }
    }
    held.retain(|_, spans| !spans.is_empty());
    held
}

fn manifests(world: &World) -> String {
    format!("{}{CONDITIONS}", world.manifests())
}

/// The log without its sequence numbers, sorted by when it happened.
fn happened(log: &[Value]) -> Vec<Value> {
    let mut rows = log.to_vec();
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("sequence");
    }
    rows.sort_by_key(|row| (row["occurredAt"].to_string(), row["id"].to_string()));
    rows
}

fn looks() -> impl Strategy<Value = Vec<Ms>> {
    vec((0..40 * DAY).prop_map(|back| back / MINUTE * MINUTE), 0..5)
}

proptest! {
    #![proptest_config(one_in(8))]

    #[test]
    fn computing_often_logs_what_computing_once_logs(world in worlds(), looks in looks()) {
        let once = Slo::with(&world.feed(), &manifests(&world));
        let at_once = compute(&once, world.as_of);
        prop_assert_eq!(said(&at_once), tested(&once, world.as_of));
        let often = Slo::new();
        often.apply(&manifests(&world));
        let mut log = Vec::new();
        let mut moments: Vec<Ms> = looks.into_iter().map(|back| world.as_of - back).collect();
        moments.push(world.as_of);
        moments.sort_unstable();
        let mut seen = Ms::MIN;
        for at in moments {
            // Facts are ingested as they happen.
            let new: Vec<_> = world.facts.iter().filter(|fact| seen < fact.ts && fact.ts <= at).cloned().collect();
            often.ingest(&feed(&new));
            log.extend(compute(&often, at));
            prop_assert_eq!(compute(&often, at), Vec::<Value>::new());
            seen = at;
        }
        prop_assert_eq!(happened(&log), happened(&at_once));
        often.pass(&["db", "verify"], b"");
    }

    #[test]
    fn late_facts_are_put_right(
        world in worlds(), keys in vec(any::<u8>(), 48), cuts in vec((0.0..1.0_f64, -40..1_i64), 1..4), retarget in any::<bool>(),
    ) {
        let slo = Slo::new();
        slo.apply(&manifests(&world));
        let mut facts: Vec<_> = keys.iter().cycle().zip(&world.facts).collect();
        facts.sort_by_key(|(key, _)| **key);
        let facts: Vec<_> = facts.into_iter().map(|(_, fact)| fact.clone()).collect();
        let mut rest = facts.as_slice();
        let mut log = Vec::new();
        for (cut, hours) in cuts {
            let (part, after) = rest.split_at((rest.len() as f64 * cut) as usize);
            slo.ingest(&feed(part));
            rest = after;
            // The same as of times before the last one.
            log.extend(compute(&slo, world.as_of + hours * 6 * HOUR));
        }
        slo.ingest(&feed(rest));
        if retarget {
            let mut other = world.clone();
            other.objectives.iter_mut().for_each(|objective| objective.target_micro = 97_000_000);
            slo.apply(&manifests(&other));
        }
        log.extend(compute(&slo, world.as_of));
        prop_assert_eq!(said(&log), tested(&slo, world.as_of));
        prop_assert_eq!(compute(&slo, world.as_of), Vec::<Value>::new());
        slo.pass(&["db", "verify"], b"");
    }
}

#[test]
fn what_happens_between_two_runs_is_told_with_its_moments() {
    let manifest = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: web }\nspec:\n  \
                    systemRef: { kind: System, name: web }\n  target: 99\n  windowDays: 30\n---\n\
                    apiVersion: slo/v1\nkind: Condition\nmetadata: { name: burning }\nspec:\n  \
                    when: { numeric_state: { value: burnRates.5m, above: 50 } }\n";
    let slo = Slo::in_file().having("ts,system,status\n2026-01-01,web,up\n", manifest);
    assert_eq!(compute(&slo, instant("2026-01-02T10:00:00Z")), Vec::<Value>::new());
    // Two outages between two runs: at 99%, half of five minutes is a burn rate of 50.
    let feed = "ts,system,status\n2026-01-02T10:10:00Z,web,down\n2026-01-02T10:15:00Z,web,up\n\
                2026-01-02T10:30:00Z,web,down\n2026-01-02T10:33:00Z,web,up\n";
    slo.ingest(feed);
    let brief = |log: &[Value]| -> Vec<(String, bool)> {
        let row = |row: &Value| (row["occurredAt"].as_str().unwrap()[11..].to_owned(), row["next"]["firing"] == true);
        log.iter().map(row).collect()
    };
    let turn = |at: &str, holds| (at.to_owned(), holds);
    let log = compute(&slo, instant("2026-01-02T11:00:00Z"));
    assert_eq!(
        brief(&log),
        [
            turn("10:12:30.001Z", true),
            turn("10:17:30.000Z", false),
            turn("10:32:30.001Z", true),
            turn("10:35:30.000Z", false),
        ]
    );
    assert_eq!(
        log[0],
        json!({
            "sequence": log[0]["sequence"], "kind": "condition", "id": "burning web",
            "occurredAt": "2026-01-02T10:12:30.001Z", "previous": null,
            "next": {"condition": "burning", "objectiveId": "web", "firing": true, "since": "2026-01-02T10:12:30.001Z"},
            "changedFields": ["condition", "objectiveId", "firing", "since"],
            "view": {"severity": "warning", "systemId": "web", "labels": {}, "target": 99.0},
        })
    );
    // A late fact: the first outage ended sooner. Later changes are logged again.
    slo.ingest("ts,system,status\n2026-01-02T10:11:00Z,web,up\n2026-01-02T10:12:00Z,web,up\n");
    let log = compute(&slo, instant("2026-01-02T11:00:00Z"));
    assert_eq!(brief(&log), [turn("10:12:30.001Z", false), turn("10:32:30.001Z", true), turn("10:35:30.000Z", false)]);
    assert_eq!(log[0]["next"], json!({"condition": "burning", "objectiveId": "web", "firing": false}));
    let table = slo.pass(&["compute", "--with-history", "--as-of", "2026-01-02T11:00:00Z", "-q"], b"");
    assert_eq!(table, "");
    // The condition is deleted, and created again.
    slo.apply(manifest.split("---").next().unwrap());
    let log = compute(&slo, instant("2026-01-02T11:00:00Z"));
    assert_eq!((&log[0]["next"], &log[0]["previous"]["firing"]), (&Value::Null, &json!(false)));
    slo.apply(manifest);
    let log = compute(&slo, instant("2026-01-02T11:00:00Z"));
    assert_eq!(brief(&log), [turn("10:32:30.001Z", true), turn("10:35:30.000Z", false)]);
    slo.pass(&["db", "verify"], b"");
    // A foreign change to the log is found.
    let connection = rusqlite::Connection::open(slo.db()).unwrap();
    let forged = connection.execute(
        "DELETE FROM change_log WHERE sequence = (SELECT max(sequence) FROM change_log WHERE kind = 'condition')",
        [],
    );
    assert_eq!(forged, Ok(1));
    drop(connection);
    let output = slo.run(&["db", "verify"], b"");
    assert_eq!(output.code, 1);
    assert!(
        output.stdout.contains("condition burning web was otherwise from 2026-01-02T10:35:30.000Z on"),
        "{}",
        output.stdout
    );
}

#[test]
fn a_system_that_retires_ends_its_conditions_at_that_moment_whenever_it_is_computed() {
    let manifest = "apiVersion: slo/v1\nkind: System\nmetadata: { name: web }\nspec: { retiredAt: 2026-10-11T00:00:00Z }\n---\n\
                    apiVersion: slo/v1\nkind: Condition\nmetadata: { name: down }\nspec:\n  \
                    systemSelector: { matchLabels: {} }\n  when: \"status == 'unhealthy'\"\n---\n\
                    apiVersion: slo/v1\nkind: Condition\nmetadata: { name: silent }\nspec:\n  \
                    systemSelector: { matchLabels: {} }\n  when: \"status == 'unknown'\"\n";
    let feed = "ts,system,status\n2026-10-01,web,up\n2026-10-10T10:00:00Z,web,down\n";
    let turns = |looks: &[&str]| -> Vec<(String, String, Value)> {
        let slo = Slo::new().having(feed, manifest);
        let mut log = Vec::new();
        for at in looks {
            let printed = slo.pass(&["compute", "-o", "json", "--as-of", at], b"");
            let lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            log.extend(lines.filter(|line| line["kind"] == "condition"));
        }
        slo.pass(&["db", "verify"], b"");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        log.iter().map(|row| (text(&row["id"]), text(&row["occurredAt"]), row["next"]["firing"].clone())).collect()
    };
    let row = |at: &str, firing: bool| ("down system web".to_owned(), at.to_owned(), Value::from(firing));
    let whole = [row("2026-10-10T10:00:00.000Z", true), row("2026-10-11T00:00:00.000Z", false)];
    assert_eq!(turns(&["2026-10-09", "2026-10-10T12:00:00Z", "2026-10-15", "2026-10-16"]), whole);
    assert_eq!(turns(&["2026-10-09", "2026-10-15"]), whole);
    // What is retired when it is first seen has no news.
    assert_eq!(turns(&["2026-10-15", "2026-10-16"]), []);
}
