//! The age of the newest fact: in every answer, in conditions, and as a check that fails for a database without new
//! facts.

use serde_json::{Value, json};

use crate::harness::{Output, Slo};

/// A shop whose http check reported every minute until 10:00 on the 11th, and an incident on the 5th.
fn feed() -> String {
    let minutes = (0..=60).map(|minute| {
        let (hour, minute) = (9 + minute / 60, minute % 60);
        format!(r#"{{"ts":"2026-11-11T{hour:02}:{minute:02}:00Z","system":"shop","check":"http","status":"up"}}"#)
    });
    let mut lines: Vec<String> = minutes.collect();
    lines.push(
        r#"{"ts":"2026-11-05T10:00:00Z","system":"shop","source":"incident","status":"degraded"}
{"ts":"2026-11-05T10:43:12Z","system":"shop","source":"incident","status":"healthy"}"#
            .to_owned(),
    );
    lines.join("\n")
}

fn manifests(stale: &str) -> String {
    format!(
        "apiVersion: slo/v1
kind: System
metadata: {{ name: shop }}
spec: {{ {stale} }}
---
apiVersion: slo/v1
kind: SLO
metadata: {{ name: shop }}
spec: {{ systemRef: {{ kind: System, name: shop }}, target: 99.9, windowDays: 30 }}
"
    )
}

const NINE_DAYS_LATER: &str = "2026-11-20T10:00:00Z";

fn check(slo: &Slo, at: &str, args: &[&str]) -> Output {
    slo.run(&[&["check", "--as-of", at][..], args].concat(), b"")
}

fn result(slo: &Slo, at: &str, args: &[&str], condition: &str) -> Value {
    let output = check(slo, at, &[args, &["-o", "json"]].concat());
    let verdict: Value = serde_json::from_str(&output.stdout).unwrap();
    let found = verdict["results"].as_array().unwrap().iter().find(|result| result["condition"] == condition);
    found.unwrap_or_else(|| panic!("{verdict}")).clone()
}

#[test]
fn a_database_that_nobody_has_fed_for_nine_days_does_not_pass_the_gate() {
    let slo = Slo::with(&feed(), &manifests(""));
    // By itself, an old fact stays valid: that is why the check is necessary.
    assert_eq!(check(&slo, NINE_DAYS_LATER, &[]).code, 0);
    let output = check(&slo, NINE_DAYS_LATER, &["--max-age", "15m"]);
    let expected = "\
✖ shop failed: max-age
    last data 9d ago, older than 15m
    since 2026-11-11 10:15 UTC
✖ fail: 1 of 1 objective failed
";
    assert_eq!((output.code, output.stdout.as_str()), (1, expected), "{}", output.stderr);
    // It fails from the millisecond on at which the newest fact is 15 minutes old.
    for (at, code) in [("2026-11-11T10:14:59.999Z", 0), ("2026-11-11T10:15:00.000Z", 1), ("2026-11-11T10:00:00Z", 0)] {
        assert_eq!(check(&slo, at, &["--max-age", "15m"]).code, code, "{at}");
    }
    // One new fact is enough, and the past does not change.
    slo.ingest(r#"{"ts":"2026-11-20T09:59:00Z","system":"shop","check":"http","status":"up"}"#);
    assert_eq!(check(&slo, NINE_DAYS_LATER, &["--max-age", "15m"]).code, 0);
    assert_eq!(check(&slo, "2026-11-20T09:58:59.999Z", &["--max-age", "15m"]).code, 1);
}

#[test]
fn the_result_of_a_check_has_these_fields() {
    let slo = Slo::with(&feed(), &manifests(""));
    let found = result(&slo, NINE_DAYS_LATER, &["--max-age", "9d"], "max-age");
    let expected = json!({
        "objectiveId": "shop",
        "condition": "max-age",
        "expression": "!(dataAgeSeconds < 9d)",
        "severity": "critical",
        "firing": true,
        "since": "2026-11-20T10:00:00.000Z",
        "clearsAt": null,
        "values": { "dataAgeSeconds": 777_600.0 },
    });
    assert_eq!(found, expected);
    let found = result(&slo, NINE_DAYS_LATER, &["--max-age", "216h1m"], "max-age");
    // It was never older since the gap between the incident's end and the check's first report, almost six days.
    assert_eq!((&found["firing"], &found["since"]), (&json!(false), &json!("2026-11-05T10:00:00.000Z")));
    let found = result(&slo, NINE_DAYS_LATER, &["--max-age", "5d"], "max-age");
    assert_eq!(found["since"], "2026-11-16T10:00:00.000Z");
    let found = result(&slo, "2026-11-16T09:59:59.999Z", &["--max-age", "5d"], "max-age");
    assert_eq!((&found["firing"], &found["since"]), (&json!(false), &json!("2026-11-11T09:00:00.000Z")));
}

#[test]
fn every_answer_says_how_old_the_data_is() {
    let slo = Slo::with(&feed(), &manifests(""));
    let at = "2026-11-11T10:09:59.999Z";
    for row in [slo.objective(at), slo.health(at)["systems"][0].clone()] {
        // Whole seconds, truncated.
        assert_eq!((&row["lastSeen"], &row["dataAgeSeconds"]), (&"2026-11-11T10:00:00.000Z".into(), &599.into()));
    }
    // As of a time between facts, later ones do not exist.
    let row = slo.objective("2026-11-05T10:20:00Z");
    assert_eq!((&row["lastSeen"], &row["dataAgeSeconds"]), (&"2026-11-05T10:00:00.000Z".into(), &1200.into()));
    let row = slo.objective("2026-11-05T09:59:59.999Z");
    assert_eq!((&row["lastSeen"], &row["dataAgeSeconds"]), (&Value::Null, &Value::Null));
    let shown = |args: &[&str]| slo.pass(&[args, &["--as-of", NINE_DAYS_LATER]].concat(), b"");
    assert!(shown(&["status"]).ends_with("\nlast data 9d ago\n"), "{}", shown(&["status"]));
    let wide = shown(&["status", "-o", "wide"]);
    assert!(wide.contains("LAST SEEN") && wide.contains(" 9d ago "), "{wide}");
    assert!(
        shown(&["show", "shop"]).contains("last data: 2026-11-11 10:00 UTC, 9d ago\n"),
        "{}",
        shown(&["show", "shop"])
    );
    let csv = shown(&["status", "-o", "csv"]);
    assert!(csv.contains("lastSeen,dataAgeSeconds,") && csv.contains(",2026-11-11T10:00:00.000Z,777600,"), "{csv}");
    slo.pass(&["compute", "-q", "--as-of", NINE_DAYS_LATER], b"");
    let database = rusqlite::Connection::open(slo.file()).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let sql = "SELECT last_seen, data_age_seconds, status_known FROM objective_status";
    let stored: (String, i64, i64) = database.query_row(sql, [], row).unwrap();
    assert_eq!(stored, ("2026-11-11T10:00:00.000Z".to_owned(), 777_600, 1));
}

#[test]
fn an_objective_of_one_check_is_as_fresh_as_that_check_and_the_incidents() {
    let objective = |check: &str| {
        format!(
            "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {check} }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, \
             healthcheckRef: {{ kind: Healthcheck, name: {check} }}, target: 99, windowDays: 30 }}\n"
        )
    };
    let slo = Slo::new();
    slo.ingest("{\"ts\":\"2026-11-11T09:00:00Z\",\"system\":\"shop\",\"check\":\"http\",\"status\":\"up\"}\n");
    slo.apply(&(manifests("") + &objective("http") + &objective("tcp")));
    let seen = |at: &str| -> Vec<(String, Value)> {
        let rows = slo.objectives(at).into_iter();
        rows.map(|row| (row["objectiveId"].as_str().unwrap().to_owned(), row["lastSeen"].clone())).collect()
    };
    let nine = Value::from("2026-11-11T09:00:00.000Z");
    let at = "2026-11-11T09:05:00Z";
    for (name, expected) in [("http", &nine), ("shop", &nine), ("tcp", &Value::Null)] {
        let rows = seen(at);
        assert_eq!(&rows.iter().find(|row| row.0 == name).unwrap().1, expected, "{name}");
    }
    // A check that never reported has the maximum age.
    let code = |name: &str, args: &[&str]| check(&slo, at, &[&[name], args].concat()).code;
    assert_eq!((code("http", &["--max-age", "15m"]), code("tcp", &["--max-age", "15m", "--no-data", "pass"])), (0, 1));
    slo.ingest("{\"ts\":\"2026-11-11T09:04:00Z\",\"system\":\"shop\",\"source\":\"incident\",\"status\":\"up\"}\n");
    assert!(seen(at).iter().all(|(_, seen)| seen == "2026-11-11T09:04:00.000Z"), "{:?}", seen(at));
}

#[test]
fn an_unknown_status_and_a_budget_that_is_exactly_spent_can_fail_the_gate() {
    let slo = Slo::with(&feed(), &manifests("staleAfter: 15m"));
    let unknown = ["--fail-on", "unknown"];
    for (at, code) in [("2026-11-11T10:14:59.999Z", 0), ("2026-11-11T10:15:00Z", 1), (NINE_DAYS_LATER, 1)] {
        assert_eq!(check(&slo, at, &unknown).code, code, "{at}");
    }
    let found = result(&slo, NINE_DAYS_LATER, &unknown, "unknown");
    assert_eq!((&found["since"], &found["expression"]), (&json!("2026-11-11T10:15:00.000Z"), &json!("!statusKnown")));
    // Without staleAfter, the status never becomes unknown.
    let slo = Slo::with(&feed(), &manifests(""));
    assert_eq!(check(&slo, NINE_DAYS_LATER, &unknown).code, 0);
    // 43 min 12 s is the entire budget, and not more.
    let after = "2026-11-11T10:00:00Z";
    for (what, code) in [("breaching", 0), ("exhausted", 1)] {
        assert_eq!(check(&slo, after, &["--fail-on", what]).code, code, "{what}");
    }
    assert_eq!(check(&slo, "2026-11-05T10:43:11.999Z", &["--fail-on", "exhausted"]).code, 0);
    let found = result(&slo, after, &["--fail-on", "exhausted"], "exhausted");
    assert_eq!(found["since"], "2026-11-05T10:43:12.000Z");
}

#[test]
fn what_never_reported_fails_as_before() {
    let slo = Slo::new();
    slo.apply(&manifests(""));
    let output = check(&slo, NINE_DAYS_LATER, &["--max-age", "15m"]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(
        output.stdout.contains("✖ shop failed: no-data\n    nothing has been reported for shop\n"),
        "{}",
        output.stdout
    );
    assert_eq!(check(&slo, NINE_DAYS_LATER, &["--max-age", "15m", "--no-data", "pass"]).code, 0);
    let output = check(&slo, NINE_DAYS_LATER, &["--max-age", "soon"]);
    assert_eq!((output.code, output.stderr.contains("\"soon\"") || output.stderr.contains("'soon'")), (2, true));
}

#[test]
fn an_objective_on_a_misspelled_check_does_not_pass_the_gate() {
    let about = |check: &str| {
        let check = format!("healthcheckRef: {{ kind: Healthcheck, name: {check} }}, target: 99.9");
        manifests("").replace("target: 99.9", &check)
    };
    let slo = Slo::with(
        &feed().lines().filter(|line| !line.contains("incident")).collect::<Vec<_>>().join("\n"),
        &about("htpp"),
    );
    let gate = check(&slo, NINE_DAYS_LATER, &[]);
    let expected = "✖ shop failed: no-data\n    nothing has been reported for its check\n";
    assert!(gate.code == 1 && gate.stdout.starts_with(expected), "{}", gate.stdout);
    assert_eq!(check(&slo, NINE_DAYS_LATER, &["--no-data", "pass"]).code, 0);
    // Its other rules still count.
    assert_eq!(check(&slo, NINE_DAYS_LATER, &["--no-data", "pass", "--min-coverage", "95"]).code, 1);
    slo.apply(&about("http"));
    assert_eq!(check(&slo, NINE_DAYS_LATER, &[]).code, 0);
}
