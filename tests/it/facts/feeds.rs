//! The built-in feeds: the facts from inputs in the format of the real programs, and the laws for all feeds.

mod databases;
mod first;
mod hostile;
mod inputs;
mod laws;
mod unknown;

use std::collections::BTreeSet;
use std::fs;

use crate::harness::Slo;
use inputs::{exported, inputs, outcome};

#[test]
#[ignore = "writes what is expected anew"]
fn rewrite_expected() {
    for input in inputs() {
        let slo = Slo::new();
        let path = input.place(&slo);
        fs::write(input.expected(), outcome(&slo, &input, path.to_str().unwrap())).unwrap();
    }
}

#[test]
fn each_built_in_feed_makes_of_its_input_what_is_expected() {
    let all = inputs();
    assert!(all.len() >= 22, "{}", all.len());
    for input in &all {
        let slo = Slo::new();
        let path = input.place(&slo);
        let path = path.to_str().unwrap();
        // Without the feed, it is refused once, with the command that reads it.
        let refused = slo.run(&["ingest", path], b"");
        assert_eq!((refused.code, refused.stderr.lines().count()), (2, 2), "{path}: {}", refused.stderr);
        // A log of Icinga looks like one of Nagios; then both are named.
        let command = format!("help: slo ingest --feed {} {path}", input.feed);
        let other = format!(" (or {})", input.feed);
        assert!(refused.stderr.contains(&command) || refused.stderr.contains(&other), "{}", refused.stderr);
        let found = outcome(&slo, input, path);
        assert_eq!(found, fs::read_to_string(input.expected()).unwrap_or_default(), "{path}");
        // The same export twice changes nothing.
        let again = slo.pass(&["ingest", "--feed", &input.feed, path], b"");
        assert!(again.contains(" 0 new transitions,"), "{path}: {again}");
        assert!(slo.run(&["feed", "try", path], b"").code == 0, "{path}");
    }
}

#[test]
fn what_is_maintenance_can_be_applied() {
    let slo = Slo::new();
    let (mut told, mut able) = (BTreeSet::new(), BTreeSet::new());
    for input in inputs() {
        let (path, plans) = (input.place(&slo), slo.path("plans.yaml"));
        let args = ["ingest", "--feed", &input.feed, path.to_str().unwrap(), "--maintenance", plans.to_str().unwrap()];
        let dry = slo.pass(&[&args[..], &["--dry-run"]].concat(), b"");
        assert!(dry.ends_with("dry run: nothing was kept\n") && !plans.exists(), "{dry}");
        slo.pass(&args, b"");
        let text = fs::read_to_string(&plans).unwrap();
        fs::remove_file(&plans).unwrap();
        if text.contains("kind: MaintenanceWindow") {
            slo.pass(&["validate", "-"], text.as_bytes());
            told.insert(input.feed.clone());
        }
        if slo.pass(&["feed", "show", &input.feed], b"").contains("shape: maintenance") {
            able.insert(input.feed);
        }
    }
    assert_eq!(told, able);
    assert!(["nagios", "statuspage", "uptime-kuma"].iter().all(|feed| able.contains(*feed)), "{able:?}");
}

#[test]
fn an_incident_that_is_opened_again_or_ends_later_is_followed() {
    let slo = Slo::new();
    let record = |end: &str, updated: &str| {
        format!(
            "[{{\"id\":\"P1\",\"system\":\"web\",\"start\":\"2026-10-01T10:00:00Z\",\"end\":{end},\"updated\":\"2026-10-01T{updated}:00Z\"}}]"
        )
    };
    let ended = |at: &str| format!("\"2026-10-01T{at}:00Z\"");
    let ingest = |text: String| {
        slo.pass(&["ingest", "--feed", "incidents"], text.as_bytes());
    };
    let manifests = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: web }\n\
                     spec: { systemRef: { kind: System, name: web }, target: 90, windowDays: 1 }\n---\n\
                     apiVersion: slo/v1\nkind: System\nmetadata: { name: web }\nspec: {}\n";
    slo.apply(manifests);
    let outage = || slo.objective("2026-10-01T20:00:00Z")["errorBudgetConsumedMinutes"].as_f64().unwrap() as i64;
    ingest(record("null", "10:05"));
    assert_eq!(outage(), 600);
    ingest(record(&ended("11:00"), "11:00"));
    assert_eq!(outage(), 60);
    // An earlier export adds nothing new.
    ingest(record("null", "10:05"));
    assert_eq!(outage(), 60);
    ingest(record("null", "11:30"));
    assert_eq!(outage(), 600, "it was opened again");
    ingest(record(&ended("12:00"), "12:00"));
    assert_eq!(outage(), 120, "and ended later");
    ingest(record(&ended("11:00"), "11:00"));
    assert_eq!(outage(), 120);
}

#[test]
fn codes_are_never_guessed() {
    let slo = Slo::new();
    let feed = slo.path("feed.yaml");
    let text = |values: &str| {
        format!(
            "apiVersion: slo/v1\nkind: Feed\nmetadata: {{ name: x }}\nspec:\n  format: csv\n  fields: {{ ts: when, system: host, status: state }}\n{values}"
        )
    };
    let table = "when,host,state\n2026-10-01 10:00,web,1\n2026-10-01 10:01,web,0\n2026-10-01 10:02,web,true\n2026-10-01 10:03,web,ok\n";
    let ingest = || slo.run(&["ingest", "--feed", feed.to_str().unwrap()], table.as_bytes());
    fs::write(&feed, text("")).unwrap();
    let output = ingest();
    assert_eq!(output.code, 1);
    assert_eq!(output.stderr.matches("is a code, which some programs mean one way and some the other").count(), 3);
    fs::write(&feed, text("  values: { status: { \"0\": healthy, \"1\": unhealthy, \"*\": skip } }\n")).unwrap();
    assert_eq!(ingest().code, 0);
    let lines = exported(&slo);
    assert!(lines.contains("10:00:00.000Z\",\"system\":\"web\",\"status\":\"unhealthy\""), "{lines}");
    // 1 is a problem in Zabbix, 1 is down and 2 is up in UptimeRobot, 0 is down and 1 is up in Uptime Kuma.
    for (feed, value) in
        [("zabbix", "\"1\":unhealthy"), ("uptimerobot", "\"1\":unhealthy"), ("uptime-kuma", "\"1\":healthy")]
    {
        let shown = slo.pass(&["feed", "show", feed], b"").replace(' ', "");
        assert!(shown.contains(value), "{shown}");
    }
}
