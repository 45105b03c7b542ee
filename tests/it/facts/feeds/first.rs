//! Trying a file for the first time: drafts based on the entire file, correct counts, and refusals that leave nothing
//! behind.

use std::fmt::Write as _;

use rusqlite::Connection;
use serde_json::Value;

use super::inputs::inputs;
use crate::harness::Slo;

/// A check every five minutes, two per host, which fails only late.
fn regular() -> String {
    let mut text = "Checked at,Job,Host,Outcome,Millis\n".to_owned();
    for number in 0..400 {
        let (hour, minute) = (number / 12, number % 12 * 5);
        let (day, hour) = (1 + hour / 24, hour % 24);
        for job in ["http", "ping"] {
            let outcome = match number {
                300..303 => "FAIL",
                390 => "TIMEOUT",
                _ => "OK",
            };
            let _ = writeln!(text, "2026-10-{day:02} {hour:02}:{minute:02}:00,{job},Müller GmbH,{outcome},{number}");
        }
    }
    text
}

#[test]
fn a_draft_knows_what_comes_late_in_the_file_and_what_comes_regularly() {
    let slo = Slo::new();
    let path = slo.write("jobs.csv", &regular());
    let draft = slo.run(&["feed", "try", path.to_str().unwrap()], b"").stdout;
    for line in [
        "# Values in the first 800 records:",
        "ts: Checked at  # guessed",
        "system: Host  # guessed",
        "check: Job  # guessed",
        "status: Outcome  # guessed",
        "OK: healthy  # guessed",
        "FAIL: unhealthy  # guessed",
        "TIMEOUT: unhealthy  # guessed",
        "shape: observations  # guessed, for there is a record every 5m",
        "maxGap: 15m  # guessed: without a record for so long, the status is unknown",
        "timezone: UTC  # guessed: the times name no zone",
    ] {
        assert!(draft.lines().any(|drafted| drafted.trim() == line), "{line}\n{draft}");
    }
    // It is complete, so it reads the file unchanged.
    let feed = slo.write("feed.yaml", &draft);
    let ingested = slo.pass(&["ingest", "--feed", feed.to_str().unwrap(), path.to_str().unwrap()], b"");
    assert_eq!(
        ingested,
        "800 records read: 800 new transitions, 0 already known\n1 system, 2026-10-01 00:00 to 2026-10-02 09:15 UTC\n"
    );
    let systems = slo.pass(&["export", "journal"], b"");
    assert!(systems.contains("\"system\":\"Muller-GmbH\"") && systems.contains("\"check\":\"ping\""), "{systems}");
}

/// A name that `slo ingest` reads as a location is drafted as one, even if no check is made from two of them.
#[test]
fn a_location_is_drafted_and_shown_in_what_becomes_of_a_record() {
    let slo = Slo::new();
    for (name, places) in [("Region", ["eu", "us"]), ("location", ["Berlin", "Berlin"]), ("SATELLITE", ["a", "b"])] {
        let mut text = format!("When,Host,{name},State\n");
        for number in 0..24 {
            for (host, place) in ["web", "api"].into_iter().zip(places) {
                let _ = writeln!(text, "2026-10-01 {number:02}:00,{host},{place},UP");
            }
        }
        let path = slo.write("x.csv", &text);
        let draft = slo.run(&["feed", "try", path.to_str().unwrap()], b"").stdout;
        assert!(draft.contains(&format!("    location: {name}  # guessed\n")), "{draft}");
        let feed = slo.write("feed.yaml", &draft);
        let try_it = ["feed", "try", "--feed", feed.to_str().unwrap(), path.to_str().unwrap()];
        let shown = slo.pass(&try_it, b"");
        assert!(shown.contains(&format!("Z web from {} healthy\n", places[0])), "{shown}");
        let shown: Value = serde_json::from_str(&slo.pass(&[&try_it[..], &["-o", "json"]].concat(), b"")).unwrap();
        assert_eq!(shown["records"][1]["transitions"][0]["location"], places[1], "{shown}");
    }
    // A value that is different in each record is not a place.
    let mut rows = vec!["When,Host,Location,State\n".to_owned()];
    rows.extend((0..24).map(|number| format!("2026-10-01 {number:02}:00,web,page-{number},UP\n")));
    let path = slo.write("x.csv", &rows.concat());
    let draft = slo.run(&["feed", "try", path.to_str().unwrap()], b"").stdout;
    assert!(draft.contains("system: Host") && !draft.contains("    location:"), "{draft}");
}

#[test]
fn a_zone_is_drafted_only_where_times_name_none() {
    let slo = Slo::new();
    let zoned = |time: &str| {
        let path = slo.write("x.csv", &format!("When,Thing,Result\n{time},a,up\n{time},b,down\n"));
        slo.run(&["feed", "try", path.to_str().unwrap()], b"").stdout.contains("timezone: UTC  # guessed")
    };
    for (time, expected) in [
        ("2026-10-01 10:00", true),
        ("2026-10-01", true),
        ("2026-10-01T10:00:00.5", true),
        ("10/13/2026 10:00 AM", true),
        ("2026-10-01T10:00:00Z", false),
        ("2026-10-01 10:00:00+02:00", false),
        ("2026-10-01 10:00:00 UTC", false),
        ("1790933410", false),
    ] {
        assert_eq!(zoned(time), expected, "{time}");
    }
}

#[test]
fn what_is_counted_adds_up() {
    let mut seen = 0;
    for input in inputs() {
        let slo = Slo::new();
        let (path, plans) = (input.place(&slo), slo.path("plans.yaml"));
        // A record of an incident yields one fact or two.
        if slo.pass(&["feed", "show", &input.feed], b"").contains("shape: intervals") {
            continue;
        }
        let args = ["ingest", "--feed", &input.feed, path.to_str().unwrap(), "-o", "json"];
        let with_plans = [&args[..], &["--maintenance", plans.to_str().unwrap()]].concat();
        for args in [&args[..], &args, &with_plans] {
            let report: Value = serde_json::from_str(&slo.pass(args, b"")).unwrap();
            let count = |key: &str| report[key].as_u64().unwrap();
            let parts = ["inserted", "duplicates", "conflicts", "rejected", "skipped", "maintenance"].map(count);
            assert_eq!(count("read") + count("gaps"), parts.iter().sum::<u64>(), "{}: {report}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn maintenance_changes_no_count_of_what_tells_of_health() {
    for input in inputs() {
        let read = |more: &[&str]| {
            let slo = Slo::new();
            let path = input.place(&slo);
            let args = ["ingest", "--feed", &input.feed, path.to_str().unwrap(), "-o", "json"];
            let report: Value = serde_json::from_str(&slo.pass(&[&args[..], more].concat(), b"")).unwrap();
            ["read", "inserted", "duplicates", "conflicts", "rejected", "gaps"].map(|key| report[key].as_u64().unwrap())
        };
        let slo = Slo::new();
        let plans = slo.path("plans.yaml");
        assert_eq!(read(&[]), read(&["--maintenance", plans.to_str().unwrap()]), "{}", input.path.display());
    }
}

#[test]
fn what_is_refused_leaves_no_database_behind() {
    let slo = Slo::in_file();
    let refused = |args: &[&str], stdin: &str, code: u8| {
        let output = slo.run(args, stdin.as_bytes());
        assert_eq!(output.code, code, "{args:?}: {}", output.stderr);
        assert!(!slo.db().exists(), "{args:?}");
        output
    };
    for input in inputs() {
        let path = input.place(&slo);
        refused(&["ingest", path.to_str().unwrap()], "", 2);
    }
    refused(&["ingest"], "ts,host,state\n2026-10-01,a,up\n", 2);
    refused(&["ingest", "--feed", "prometheus"], "{\"data\":{\"result\":[1", 2);
    refused(&["ingest", "missing.jsonl"], "", 2);
    let good = "{\"ts\":\"2026-10-01\",\"system\":\"a\",\"status\":\"up\"}\n";
    let strict = refused(&["ingest", "--strict"], &format!("{good}{{\"ts\":1}}\n"), 1);
    assert!(strict.stdout.ends_with("strict: a line was rejected, so nothing was kept\n"), "{}", strict.stdout);
    refused(&["ingest", "--dry-run"], good, 0);
    assert_eq!(slo.run(&["ingest", "--strict"], good.as_bytes()).code, 0);
    assert!(slo.db().exists());
}

#[test]
fn rows_of_a_database_are_told_by_their_number() {
    let slo = Slo::new();
    let path = slo.path("checks.db");
    let rows = "CREATE TABLE checks (at TEXT, host TEXT, state TEXT); INSERT INTO checks VALUES \
                ('2026-10-01 10:00', 'a', 'up'), ('2026-10-01 10:01', 'a\nb', 'down'), ('2026-10-01 10:02', 'a', 'TIMEOUT');";
    Connection::open(&path).unwrap().execute_batch(rows).unwrap();
    let feed = "apiVersion: slo/v1\nkind: Feed\nmetadata: { name: checks }\nspec:\n  format: sqlite\n  slug: true\n  \
                records: SELECT * FROM checks ORDER BY at\n  fields: { ts: at, system: host, status: state }\n";
    let feed = slo.write("feed.yaml", feed);
    let (feed, path) = (feed.to_str().unwrap(), path.to_str().unwrap());
    let output = slo.run(&["ingest", "--feed", feed, path], b"");
    assert!(
        output.stderr.starts_with(&format!("{path}: row 3: rejected: unknown status \"TIMEOUT\"")),
        "{}",
        output.stderr
    );
    let tried = slo.run(&["feed", "try", "--feed", feed, path], b"").stdout;
    for row in ["\nrow 1\n", "\nrow 2\n", "\nrow 3\n"] {
        assert!(tried.contains(row), "{tried}");
    }
}

#[test]
fn records_that_are_named_as_manifests_are_told_from_them() {
    let slo = Slo::in_file();
    let database = inputs().into_iter().find(|input| input.path.ends_with("kuma.sql")).unwrap().place(&slo);
    let table = slo.write("checks.csv", "ts,system,status\n2026-10-01,a,up\n");
    let lines = slo.write("checks.jsonl", "{\"ts\":\"2026-10-01\",\"system\":\"a\",\"status\":\"up\"}\n");
    for (path, what) in [(&database, "a SQLite database"), (&table, "a table of records"), (&lines, "JSON records")] {
        let path = path.to_str().unwrap();
        for command in ["apply", "validate", "plan"] {
            let output = slo.run(&[command, path], b"");
            let told = output.stderr + &output.stdout;
            assert!(output.code > 0 && told.contains(&format!("{path}: error: not a manifest but {what}")), "{told}");
            assert!(told.contains(&format!("did you mean `slo ingest {path}`?")), "{told}");
        }
    }
    assert!(!slo.db().exists());
}

#[test]
fn what_is_wrong_with_a_feed_is_told_from_top_to_bottom() {
    let slo = Slo::new();
    let feed = "apiVersion: slo/v1\nkind: Feed\nmetadata: { name: x }\nspec:\n  format: text\n  slugg: true\n  \
                values: { status: { up: healty } }\n  fields: { ts: a, sistem: b }\n  timezone: Europe/Berln\n  \
                records:\n    - { at: '(?<a>x', fields: { tz: a } }\n  maxGap: 5\n  timeFormat: \"%Q\"\n";
    let path = slo.write("feed.yaml", feed);
    for args in [&["validate", path.to_str().unwrap()][..], &["ingest", "--feed", path.to_str().unwrap()]] {
        let output = slo.run(args, b"");
        let told = output.stderr + &output.stdout;
        let place = |line: &str| {
            line.strip_prefix(&format!("{}:", path.display())).and_then(|at| at.split(':').next()?.parse().ok())
        };
        let lines: Vec<u32> = told.lines().filter_map(place).collect();
        assert!(lines.len() >= 7 && lines.is_sorted(), "{told}");
    }
}

#[test]
fn a_command_without_dashes_is_told_where_they_go() {
    let slo = Slo::new();
    for args in [
        &["probe", "web", "false"][..],
        &["probe", "web", "curl", "-fsS", "x"],
        &["probe", "web", "--check", "c", "true"],
    ] {
        let output = slo.run(args, b"");
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("help: put `--` before the command: slo probe SYSTEM -- COMMAND"),
            "{}",
            output.stderr
        );
    }
    assert!(slo.run(&["probe", "web", "--chek", "c", "--", "true"], b"").stderr.contains("did you mean --check?"));
}

#[test]
fn a_status_of_another_program_is_told_with_what_it_means() {
    let slo = Slo::new();
    let line = |status: &str| format!("{{\"ts\":\"2026-10-01\",\"system\":\"a\",\"status\":\"{status}\"}}\n");
    for (status, meant) in [
        ("TIMEOUT", "did you mean unhealthy?"),
        ("Degraded Performance", "did you mean degraded?"),
        ("sideways", "expected healthy,"),
    ] {
        let output = slo.run(&["ingest"], (line("up") + &line(status)).as_bytes());
        assert!(output.stderr.contains(meant), "{}", output.stderr);
    }
    let feed = "apiVersion: slo/v1\nkind: Feed\nmetadata: { name: x }\nspec:\n  format: jsonl\n  \
                fields: { ts: ts, system: system, status: status }\n  values: { status: { up: healthy } }\n";
    let feed = slo.write("feed.yaml", feed);
    let output = slo.run(&["ingest", "--feed", feed.to_str().unwrap()], (line("up") + &line("Timed out")).as_bytes());
    assert!(output.stderr.contains("add what it means, such as \"Timed out\": unhealthy"), "{}", output.stderr);
}

#[test]
fn a_draft_of_incidents_knows_how_bad_they_were_and_asks_about_several_systems() {
    let slo = Slo::new();
    let table = "Incident Name,Created At,Resolved At,Impact,Components\n\
                 API errors,2026-11-01 10:00:00 UTC,2026-11-01 10:40:00 UTC,major,\"API, Web Shop\"\n\
                 Slow,2026-11-03 10:00:00 UTC,,minor,API\nOdd,2026-11-04 10:00:00 UTC,2026-11-04 10:40:00 UTC,sideways,API\n";
    let path = slo.write("incidents.csv", table);
    let draft = slo.run(&["feed", "try", path.to_str().unwrap()], b"").stdout;
    for line in [
        "system: { from: Components, split: \",\" }  # guessed, to check: several systems in one value",
        "status: Impact  # guessed",
        "major: unhealthy  # guessed",
        "minor: degraded  # guessed",
        "sideways: unhealthy  # to check",
        "\"*\": unhealthy  # any other value, or none",
    ] {
        assert!(draft.lines().any(|drafted| drafted.trim() == line), "{line}\n{draft}");
    }
    let feed = slo.write("feed.yaml", &draft);
    let shown = slo.pass(&["feed", "try", "--feed", feed.to_str().unwrap(), path.to_str().unwrap()], b"");
    assert!(shown.contains("2026-11-03T10:00:00.000Z degraded\n"), "{shown}");
    // One record is about two systems, each with an incident of its own.
    let first = shown.split("\nline 3\n").next().unwrap();
    for line in ["10:00:00.000Z API incident ", "10:00:00.000Z Web-Shop incident ", "10:40:00.000Z Web-Shop incident "]
    {
        assert!(first.contains(line), "{shown}");
    }
    assert!(shown.contains("\n3 records read: 7 transitions\n"), "{shown}");
    let ingest = ["ingest", "--feed", feed.to_str().unwrap(), path.to_str().unwrap()];
    assert!(slo.pass(&ingest, b"").starts_with("3 records read: 7 new transitions, 0 already known\n2 systems, "));
    // A record is kept for all of its systems, or rejected.
    let strict = slo.write("strict.yaml", &draft.replace("  slug: true\n", ""));
    let output = slo.run(&["feed", "try", "--feed", strict.to_str().unwrap(), path.to_str().unwrap()], b"");
    assert!(output.stdout.contains("rejected: system \"Web Shop\": "), "{}", output.stdout);
    assert!(output.stdout.contains("\n3 records read: 3 transitions, 1 rejected\n"), "{}", output.stdout);
    let split = draft.replace("status: Impact", "status: { from: Impact, split: \",\" }");
    let output = slo.run(&["validate", "-"], split.as_bytes());
    assert!(output.code > 0 && (output.stderr + &output.stdout).contains("only a system is split"));
    // Without a value, nothing is guessed: what stands there is an example.
    let path = slo.write("chat.json", "[{\"ts\":\"1793000000.000200\",\"text\":\"hello\"}]");
    let draft = slo.run(&["feed", "try", path.to_str().unwrap()], b"").stdout;
    assert!(draft.contains("      UP: healthy  # for example\n"), "{draft}");
}

#[test]
fn what_became_of_a_record_is_shown_with_the_values_it_has() {
    let slo = Slo::new();
    let list = "[{\"system\":\"web\",\"start\":\"2026-10-01\",\"end\":null},{\"system\":\"web\",\"start\":\"later\",\"end\":null},\
                {\"system\":\"web\",\"start\":\"2026-10-02\",\"end\":null,\"status\":\"maintenance\"}]";
    let path = slo.write("incidents.json", list);
    let shown = slo.run(&["feed", "try", "--feed", "incidents", path.to_str().unwrap()], b"").stdout;
    let rejected = "line 1\n  start = later\n  system = web\n  rejected: ts \"later\" is not a time";
    assert!(shown.contains(rejected), "{shown}");
    assert!(shown.contains("\n3 records read: 1 transition, 1 skipped, 1 rejected\n"), "{shown}");
}
