//! The built-in feeds: the facts from inputs in the format of the real programs, and the laws for all feeds.

mod databases;
mod first;
mod hostile;
mod inputs;
mod laws;
mod own;
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

/// The statuses of the starts of incidents, by their id.
fn severities(slo: &Slo) -> Vec<String> {
    let lines = exported(slo);
    let facts = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut found: Vec<String> = facts
        .filter(|fact| fact["status"] != "healthy")
        .map(|fact| format!("{} {}", fact["check"].as_str().unwrap(), fact["status"].as_str().unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn how_bad_an_incident_was_is_said_by_the_first_word_about_it_in_any_spelling() {
    let slo = Slo::new();
    let mut table = "id,service,start,end,status,severity,type,impact\n".to_owned();
    for (id, words) in [
        ("a", "resolved,,,minor"),
        ("b", "closed,,partial,"),
        ("c", "major outage,,,"),
        ("d", "Partial-Outage,,,"),
        ("e", "partially degraded,,,"),
        ("f", "SEV-1,,,"),
        ("g", "Minor,,,Major"),
        ("h", "Monitoring,P1,incident,customers could not pay"),
        ("i", "resolved,Warning,outage,major"),
        ("j", "down,,,minor"),
        ("k", ",,,"),
        ("l", "resolved,,Scheduled maintenance,"),
    ] {
        table += &format!("{id},shop,2026-10-01 10:00,2026-10-01 10:30,{words}\n");
    }
    let told = slo.pass(&["ingest", "--feed", "incidents"], table.as_bytes());
    let counts = "12 records read: 22 new transitions, 0 already known, 1 skipped by the feed\n";
    assert!(told.starts_with(counts), "{told}");
    let (bad, mild) = ("unhealthy", "degraded");
    let expected = [mild, mild, bad, mild, mild, bad, mild, bad, mild, bad, bad];
    let expected = "abcdefghijk".chars().zip(expected).map(|(id, status)| format!("{id} {status}"));
    assert_eq!(severities(&slo), expected.collect::<Vec<_>>());
    // A list of times of health is not one of incidents.
    let list = "[{\"id\":1,\"service\":\"shop\",\"start\":\"2026-10-01\",\"end\":\"2026-10-02\",\"status\":\"Up\"}]";
    let path = slo.write("up.json", list);
    let tried = slo.run(&["feed", "try", path.to_str().unwrap()], b"");
    assert!(tried.stdout.starts_with("# No built-in feed reads "), "{}", tried.stdout);
    let refused = slo.run(&["ingest", "--feed", "incidents", path.to_str().unwrap()], b"");
    assert!(refused.stderr.contains("an incident is degraded or unhealthy, not healthy"), "{}", refused.stderr);
}

#[test]
fn a_value_without_an_entry_is_told_with_where_to_add_it() {
    let slo = Slo::new();
    let list = "{\"data\":[{\"created_at\":\"2026-10-01\",\"status\":\"Timed-Out\"},{\"created_at\":\"2026-10-02\",\"status\":\"UP\"}]}";
    let told = slo.run(&["ingest", "--feed", "statuscake", "--system", "web"], list.as_bytes()).stderr;
    let remedy = "status \"Timed-Out\" has no entry in the feed's values.status; copy the feed with \
                  `slo feed show statuscake > my-feed.yaml` and add what it means, such as \"Timed-Out\": unhealthy";
    assert!(told.contains(remedy) && told.lines().count() == 1, "{told}");
    // Copied and completed, it reads the rest; an entry in the same spelling comes first.
    let copy = slo.pass(&["feed", "show", "statuscake"], b"");
    let entries = "down: unhealthy, timed_out: unhealthy, timed-out: unknown, Timed out: unknown";
    let copy = copy.replace("down: unhealthy", entries);
    let feed = slo.write("my-feed.yaml", &copy);
    let args = ["ingest", "--feed", feed.to_str().unwrap(), "--system", "web"];
    let told = slo.run(&args, list.as_bytes());
    assert!(told.code == 1 && told.stderr.contains("add what it means"), "two meanings are none: {}", told.stderr);
    slo.pass(&args, list.replace("Timed-Out", "timed_out").as_bytes());
    assert!(exported(&slo).contains("\"status\":\"unhealthy\""));
}

#[test]
fn an_answer_to_an_instant_query_is_told_from_one_with_a_history() {
    let slo = Slo::new();
    let answer = "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\": [{\"metric\": {\"__name__\": \"up\", \
                  \"instance\": \"a:9100\"}, \"value\": [1790933410, \"0\"]}]}}";
    let path = slo.write("up.json", answer);
    let path = path.to_str().unwrap();
    for args in [&["ingest"][..], &["ingest", "--feed", "prometheus"], &["feed", "try", "--feed", "prometheus"]] {
        let output = slo.run(&[args, &[path]].concat(), b"");
        assert_eq!((output.code, output.stderr.lines().count()), (2, 2), "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains("the answer to an instant query of Prometheus"), "{}", output.stderr);
        assert!(output.stderr.contains("help: query_range answers with"), "{}", output.stderr);
    }
    // Nobody is told that a target is healthy because its metric is called up.
    let draft = slo.run(&["feed", "try", path], b"");
    assert!(draft.stderr.starts_with("note: ") && draft.stderr.contains("query_range"), "{}", draft.stderr);
    for line in [
        "  #   $.value[1]: 0\n",
        "    system: \"$.metric.instance\"  # guessed\n",
        "    status: \"$.value[1]\"  # guessed\n",
        "      \"0\": \"\"  # to fill in\n",
    ] {
        assert!(draft.stdout.contains(line), "{}", draft.stdout);
    }
    assert!(!draft.stdout.contains("up: healthy"), "{}", draft.stdout);
}
