//! Answers of commands: in whose days they count, what they select, and what they say beside it.

use serde_json::{Value, json};

use crate::harness::Slo;

/// Half an hour before and after midnight UTC, which is an evening in New York.
const FEED: &str = "ts,system,status
2026-10-01,a,up
2026-10-01,db,up
2026-10-31T23:30:00Z,a,down
2026-11-01T00:30:00Z,a,up
";
const MANIFESTS: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: o, labels: { team: web } }
spec: { systemRef: { kind: System, name: a }, target: 99.9, windowDays: 30, timezone: America/New_York }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: of-check }
spec: { systemRef: { kind: System, name: a }, target: 99, windowDays: 30, timezone: America/New_York, minimumOutage: 10m }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: other, labels: { team: data } }
spec: { systemRef: { kind: System, name: db }, target: 99, windowDays: 30 }
---
apiVersion: slo/v1
kind: System
metadata: { name: idle, labels: { tier: two } }
spec: {}
---
apiVersion: slo/v1
kind: System
metadata: { name: gone }
spec: { retiredAt: 2026-10-20T00:00:00Z }
---
apiVersion: slo/v1
kind: MaintenanceWindow
metadata: { name: move }
spec:
  systemRefs: [{ kind: System, name: idle }, { kind: System, name: gone }]
  start: 2026-11-04T23:00:00Z
  end: 2026-11-05T03:00:00Z
";
const AS_OF: [&str; 2] = ["--as-of", "2026-11-05T00:00:00Z"];

fn slo() -> Slo {
    Slo::with(FEED, MANIFESTS)
}

fn pass(slo: &Slo, args: &[&str]) -> String {
    slo.pass(&[args, &AS_OF].concat(), b"")
}

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&pass(slo, &[args, &["-o", "json"]].concat())).unwrap()
}

#[test]
fn days_of_downtime_are_days_of_the_objective_or_of_the_given_zone() {
    let slo = slo();
    let days = |args: &[&str]| {
        let answer = parsed(&slo, &[&["downtime", "--by", "day"], args].concat());
        let day = |group: &Value| (group["key"].as_str().unwrap().to_owned(), group["totalSeconds"].as_i64().unwrap());
        let days: Vec<_> = answer["groups"].as_array().unwrap().iter().map(day).collect();
        (days, answer["timezone"].clone())
    };
    let evening = vec![("2026-10-31".to_owned(), 3600)];
    assert_eq!(days(&["o"]), (evening.clone(), json!("America/New_York")));
    assert_eq!(days(&["o", "--period", "2026-10-31"]), (evening.clone(), json!("America/New_York")));
    assert_eq!(days(&[]), (evening, Value::Null));
    let both = vec![("2026-10-31".to_owned(), 1800), ("2026-11-01".to_owned(), 1800)];
    assert_eq!(days(&["--timezone", "UTC"]), (both, json!("UTC")));
    assert!(pass(&slo, &["downtime", "--by", "day", "o"]).contains("days in America/New_York\n"));
    assert!(pass(&slo, &["downtime", "--by", "day"]).contains("days in the zone of each objective\n"));
}

#[test]
fn the_last_outages_are_outages_of_systems_with_all_their_events() {
    let slo = slo();
    slo.ingest("ts,system,status\n2026-11-02T00:00:00Z,db,down\n2026-11-02T00:10:00Z,db,up\n");
    let last = |count: &str| {
        let answer = parsed(&slo, &["downtime", "--last", count]);
        let name = |event: &Value| event["objectiveId"].as_str().unwrap().to_owned();
        let events: Vec<_> = answer["events"].as_array().unwrap().iter().map(name).collect();
        (answer["totals"]["outages"].as_u64().unwrap(), events)
    };
    assert_eq!(last("1"), (1, vec!["other".to_owned()]));
    assert_eq!(last("2"), (2, ["o", "of-check", "other"].map(str::to_owned).to_vec()));
    let none = pass(&slo, &["downtime", "--last", "0", "--timezone", "Europe/Berlin"]);
    assert!(none.contains("events up to 2026-11-05 01:00 CET\n"), "{none}");
    let none = pass(&slo, &["downtime", "--since", "1d", "--timezone", "Europe/Berlin"]);
    assert!(none.contains("events from 2026-11-04 01:00 to 2026-11-05 01:00 CET\n"), "{none}");
}

#[test]
fn status_of_everything_names_systems_in_maintenance_that_have_no_objective() {
    let slo = slo();
    let said = "in maintenance now, without objectives: idle until 2026-11-05 03:00 UTC (move)";
    for form in ["table", "markdown"] {
        let text = pass(&slo, &["status", "-o", form]);
        assert!(text.contains(said) && !text.contains("gone"), "{text}");
    }
    assert!(!pass(&slo, &["status", "o"]).contains("in maintenance"));
    assert!(!pass(&slo, &["status", "-l", "team"]).contains("in maintenance"));
}

#[test]
fn watching_needs_later_facts() {
    let slo = slo();
    for (env, args) in
        [(&[][..], &["status", "--watch", "--as-of", "1d"][..]), (&[("SLO_AS_OF", "1d")], &["status", "--watch"])]
    {
        let output = slo.run_where(env, args, b"");
        assert_eq!((output.code, output.stdout.as_str()), (2, ""));
        assert!(output.stderr.contains("--watch shows later facts"), "{}", output.stderr);
    }
}

#[test]
fn a_doubtful_expression_is_warned_about() {
    let slo = slo();
    let told = |args: &[&str]| slo.run(&[args, &AS_OF].concat(), b"").stderr;
    for command in ["check", "backtest"] {
        let fraction = told(&[command, "other", "--when", "currentAvailability < 0.999"]);
        assert!(
            fraction.contains(
                "warning: --when: currentAvailability is a percentage, so 0.999 is 0.999%; did you mean 99.9?\n"
            ),
            "{fraction}"
        );
        let never = told(&[command, "other", "--when", "burnRates.1h > 200"]);
        assert!(never.contains("warning: --when: the condition can never hold: "), "{never}");
        let good = told(&[command, "other", "--when", "burnRates.1h > 20"]);
        assert!(!good.contains("warning"), "{good}");
        assert!(!told(&[command, "-q", "other", "--when", "currentAvailability < 0.999"]).contains("warning"));
    }
}

#[test]
fn lists_and_trends_select_like_other_commands() {
    let slo = slo();
    let ids = |args: &[&str], list: &str, id: &str| {
        let answer = parsed(&slo, args);
        let mut ids: Vec<String> =
            answer[list].as_array().unwrap().iter().map(|row| row[id].as_str().unwrap().to_owned()).collect();
        ids.dedup();
        ids
    };
    assert_eq!(ids(&["list", "objectives", "-l", "team=web"], "objectives", "objectiveId"), ["o"]);
    assert_eq!(ids(&["list", "objectives", "--system", "a"], "objectives", "objectiveId"), ["o", "of-check"]);
    assert_eq!(ids(&["list", "systems", "-l", "tier=two"], "systems", "systemId"), ["idle"]);
    assert_eq!(ids(&["trend", "--system", "a"], "snapshots", "objectiveId"), ["o", "of-check"]);
    assert_eq!(ids(&["trend", "-l", "team"], "snapshots", "objectiveId"), ["o", "other"]);
    assert_eq!(ids(&["trend", "db", "o", "-l", "team=data"], "snapshots", "objectiveId"), ["other"]);
    for (args, said) in [
        (&["trend"][..], "missing NAME"),
        (&["list", "sets", "-l", "team"], "--system and -l are only for objectives and systems"),
        (&["list", "objectives", "--system", "nobody"], "there is no system \"nobody\""),
        (&["status", "-l", "a", "-l", "b"], "-l is given twice"),
        (&["status", "--as-of", "1d", "--as-of", "2d"], "--as-of is given twice"),
        (&["status", "-l", "team=x,"], "-l \"team=x,\": a label is missing"),
        (&["report", "--period", "2026-10", "--details", "5"], "--details"),
        (&["check", "-o", "html"], "use -o table, wide, json, yaml, csv, markdown, junit or github here"),
        (&["report", "-o", "junit"], "use -o table, wide, json, yaml, csv, markdown or html here"),
        (&["schema", "-o", "junit"], "use -o json (the default)"),
        (&["check", "o", "--when", "status == \"healthy\""], "the names select objectives"),
    ] {
        let output = slo.run(args, b"");
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains(said), "{args:?}: {}", output.stderr);
    }
}

#[test]
fn quiet_commands_print_nothing_if_all_is_well() {
    let slo = slo();
    let folder = slo.write_manifests(MANIFESTS);
    let folder = folder.to_str().unwrap();
    for args in
        [&["validate", folder][..], &["plan", folder], &["apply", folder], &["db", "verify"], &["check", "other"]]
    {
        let output = slo.run(&[args, &["-q"], &AS_OF].concat(), b"");
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (0, "", ""), "{args:?}");
    }
    let folder = slo.write_manifests(&MANIFESTS.replace("99.9", "99.8"));
    let plan = slo.run(&["plan", "-q", folder.to_str().unwrap()], b"");
    assert!(plan.code == 1 && plan.stdout.contains("99.9 → 99.8"), "{}", plan.stdout);
}

#[test]
fn nothing_is_an_empty_table_for_programs() {
    let slo = slo();
    for args in
        [&["downtime", "other"][..], &["status", "-l", "team=nobody"], &["list", "conditions"], &["history", "idle"]]
    {
        assert_eq!(pass(&slo, &[args, &["-o", "csv"]].concat()), "", "{args:?}");
    }
    let empty = Slo::new();
    empty.ingest(FEED);
    let status = empty.run(&["status"], b"");
    assert!(
        status.stderr.contains("no objective is declared; `slo init slo.yaml` writes a manifest"),
        "{}",
        status.stderr
    );
    let folder = empty.path("none");
    std::fs::create_dir(&folder).unwrap();
    let plan = empty.pass(&["plan", "--allow-empty", folder.to_str().unwrap()], b"");
    assert!(plan.ends_with("no changes in set none\n"), "{plan}");
}

#[test]
fn a_verdict_counts_each_rule_once_and_names_its_command() {
    let slo = slo();
    let output = slo.run(&[&["check", "o", "--fail-on", "breaching,breaching"], &AS_OF[..]].concat(), b"");
    assert_eq!((output.code, output.stdout.matches("o failed").count()), (1, 1), "{}", output.stdout);
    let suites = slo.run(&[&["health", "--fail-on", "unhealthy", "-o", "junit"], &AS_OF[..]].concat(), b"").stdout;
    assert!(suites.contains("name=\"slo health\"") && !suites.contains("slo check"), "{suites}");
}

#[test]
fn a_condition_about_a_retired_system_says_so() {
    let slo = slo();
    let condition = "---
apiVersion: slo/v1
kind: Condition
metadata: { name: c }
spec: { systemRef: { kind: System, name: gone }, when: 'status == \"unhealthy\"' }
---
apiVersion: slo/v1
kind: Condition
metadata: { name: every }
spec: { selector: {}, when: 'state.health.db.status == \"unhealthy\"' }
";
    slo.apply(&[MANIFESTS, condition].concat());
    let output = slo.run(&[&["check", "--condition", "c"], &AS_OF[..]].concat(), b"");
    let said = "the condition c is about system gone, which is retired since 2026-10-20 00:00 UTC";
    assert!(output.code == 2 && output.stderr.contains(said), "{}", output.stderr);
    let listed = parsed(&slo, &["check", "--condition", "every", "--explain"]);
    assert_eq!(listed["results"].as_array().unwrap().len(), 3);
}

#[test]
fn budgets_below_a_millisecond_are_not_nothing() {
    let manifest = "apiVersion: slo/v1
kind: SLO
metadata: { name: tiny }
spec: { systemRef: { kind: System, name: a }, target: 99.999999, windowDays: 1 }
";
    let slo = Slo::with("ts,system,status\n2026-10-01,a,up\n1793836800000,a,down\n1793836800001,a,up\n", manifest);
    let as_of = ["--as-of", "2026-11-05T12:00:00Z"];
    let status = slo.pass(&[&["status"], &as_of[..]].concat(), b"");
    assert!(status.contains("-<1ms"), "{status}");
    let show = slo.pass(&[&["show", "tiny"], &as_of[..]].concat(), b"");
    assert!(show.contains("overspent by <1ms; the budget is <1ms") && show.contains("limit  0.48"), "{show}");
}
