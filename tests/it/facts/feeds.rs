//! The built-in feeds: the facts from inputs in the format of the real programs, and the laws for all feeds.

mod databases;
mod first;
mod hostile;
mod inputs;
mod laws;
mod unknown;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

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
        let command = format!("help: `slo ingest --feed {} {path}`", input.feed);
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

/// Most programs answer on one line, which may also be the only record.
#[test]
fn json_on_one_line_is_recognized_however_long() {
    let slo = Slo::new();
    let path = slo.path("one.json");
    let refused = |feed: &str, text: &str| {
        fs::write(&path, text).unwrap();
        let output = slo.run(&["ingest", path.to_str().unwrap()], b"");
        assert_eq!((output.code, output.stderr.lines().count()), (2, 2), "{feed}: {}", output.stderr);
        let first = output.stderr.lines().next().unwrap();
        assert!(first.contains("it looks like the format of the feed") && first.contains(feed), "{first}");
    };
    let mut feeds = BTreeSet::new();
    for input in inputs() {
        let text = input.text();
        match (input.path.extension().and_then(|end| end.to_str()), serde_json::from_str::<Value>(&text)) {
            (Some("json"), Ok(document)) => refused(&input.feed, &document.to_string()),
            (Some("jsonl"), _) => refused(&input.feed, text.lines().next().unwrap()),
            _ => continue,
        }
        feeds.insert(input.feed);
    }
    assert!(feeds.len() >= 12, "{feeds:?}");
    // Of a long series, not even the first record is complete where the format shows.
    let values: Vec<String> = (0..70_000).map(|step| format!("[{},\"1\"]", 1_700_000_000 + 60 * step)).collect();
    let series = format!("{{\"metric\":{{\"job\":\"node\"}},\"values\":[{}]}}", values.join(","));
    let answer = format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{series}]}}}}");
    for text in [&answer, &answer.replace("],[", "],\n[")] {
        refused("prometheus", text);
        let tried = slo.pass(&["feed", "try", path.to_str().unwrap()], b"");
        assert!(tried.starts_with("feed prometheus (json)\n"), "{tried}");
    }
    // A single line of transitions that lacks a field is one, whatever else it has.
    fs::write(&path, "{\"ts\":\"2026-10-01\",\"status\":\"up\",\"tags\":[{\"a\":1}]}\n").unwrap();
    let output = slo.run(&["ingest", path.to_str().unwrap()], b"");
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("rejected: missing system"), "{}", output.stderr);
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

/// One record of an incident: until an end, or open as of an update, on 2026-11-01.
fn record_of(status: &str, end: Option<&str>, updated: &str) -> String {
    let time = |at: &str| format!("\"2026-11-01T{at}:00Z\"");
    let (end, updated) = (end.map_or_else(|| "null".to_owned(), time), time(updated));
    format!(
        "[{{\"id\":\"i0\",\"system\":\"b\",\"start\":\"2026-11-01T09:00Z\",\"end\":{end},\"updated\":{updated},\"status\":\"{status}\"}}]"
    )
}

fn import(slo: &Slo, record: &str) {
    slo.pass(&["ingest", "--feed", "incidents"], record.as_bytes());
}

/// The hours and statuses of the journal, without repetitions.
fn changes(slo: &Slo) -> Vec<String> {
    let lines = exported(slo);
    let facts = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut changes: Vec<(String, String)> = facts
        .map(|fact| (fact["ts"].as_str().unwrap()[11..].to_owned(), fact["status"].as_str().unwrap().to_owned()))
        .collect();
    changes.dedup_by(|next, before| next.1 == before.1);
    changes.into_iter().map(|(at, status)| format!("{} {status}", at.trim_end_matches(":00.000Z"))).collect()
}

#[test]
fn records_of_one_incident_with_different_statuses_give_the_worst_in_any_order() {
    let (mild, bad) = (record_of("degraded", Some("10:00"), "10:00"), record_of("down", Some("16:00"), "16:00"));
    let (open, severe) = (record_of("degraded", None, "11:00"), record_of("down", None, "09:30"));
    let long = record_of("degraded", Some("12:00"), "12:00");
    for (records, expected) in [
        (vec![&mild, &bad], vec!["09:00 unhealthy", "16:00 healthy"]),
        (vec![&open, &bad], vec!["09:00 unhealthy", "16:00 healthy"]),
        (vec![&open, &mild, &bad], vec!["09:00 unhealthy", "16:00 healthy"]),
        (vec![&open, &mild], vec!["09:00 degraded"]),
        // The worse status is confirmed through its last update.
        (vec![&severe, &long, &mild], vec!["09:00 unhealthy", "09:30:00.001Z degraded", "12:00 healthy"]),
        (vec![&severe, &open], vec!["09:00 unhealthy", "09:30:00.001Z degraded"]),
    ] {
        for turn in 0..2 * records.len() {
            let mut order = records.clone();
            order.rotate_left(turn % records.len());
            if turn >= records.len() {
                order.reverse();
            }
            let slo = Slo::new();
            for record in &order {
                import(&slo, record);
            }
            assert_eq!(changes(&slo), expected, "{order:?}");
            // All of them in one file, again, change no status.
            let all =
                format!("[{}]", order.iter().map(|record| &record[1..record.len() - 1]).collect::<Vec<_>>().join(","));
            import(&slo, &all);
            assert_eq!(changes(&slo), expected, "{all}");
            let once = Slo::new();
            import(&once, &all);
            assert_eq!(changes(&once), expected, "{all}");
        }
    }
}

#[test]
fn a_record_of_an_incident_that_was_too_long_can_be_forgotten() {
    let (wrong, right) = (record_of("down", Some("16:00"), "16:00"), record_of("down", Some("10:00"), "10:00"));
    for order in [[&wrong, &right], [&right, &wrong]] {
        let slo = Slo::new();
        for record in &order {
            import(&slo, record);
        }
        assert_eq!(changes(&slo), ["09:00 unhealthy", "16:00 healthy"]);
        let number = if order[0] == &wrong { "1" } else { "2" };
        slo.pass(&["db", "forget", "--ingest", number, "--yes"], b"");
        import(&slo, &right);
        assert_eq!(changes(&slo), ["09:00 unhealthy", "10:00 healthy"], "{order:?}");
        slo.pass(&["db", "verify"], b"");
    }
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
