//! What `--rejects` keeps: it can be fixed and imported again.

use std::fs;

use serde_json::Value;

use crate::harness::Slo;

/// Ingests files, each with its name and content, and returns what was rejected.
fn rejected(slo: &Slo, feed: &[&str], files: &[(&str, &str)]) -> String {
    let bad = slo.path("bad");
    let paths: Vec<String> =
        files.iter().map(|(name, text)| slo.write(name, text).to_str().unwrap().to_owned()).collect();
    let files: Vec<&str> = paths.iter().map(String::as_str).collect();
    let output = slo.run(&[&["ingest", "--rejects", bad.to_str().unwrap()], feed, &files].concat(), b"");
    assert_eq!(output.code, 1, "{}", output.stderr);
    fs::read_to_string(bad).unwrap()
}

/// Ingests a text that was fixed.
fn fixed(slo: &Slo, feed: &[&str], text: &str) -> String {
    let path = slo.write("fixed", text);
    slo.pass(&[&["ingest"], feed, &[path.to_str().unwrap()]].concat(), b"")
}

#[test]
fn rows_follow_the_header_of_their_file() {
    let slo = Slo::new();
    let bad = rejected(
        &slo,
        &[],
        &[
            ("a.csv", "ts,system,status\n2026-10-01 10:00,a,up\n2026-10-01 11:00,a,sideways\nnever,a,up\n"),
            ("b.csv", "ts,system,status\n2026-10-01 11:00,b,sideways\n"),
            ("good.csv", "system,status,ts\na,up,2026-10-01 09:00\n"),
            ("c.csv", "Status;Note;System;Time\r\nsideways;\"x;\n\"\"y\"\"\";c;2026-10-01 11:00\r\n"),
            ("d.csv", "\"ts\",\"system\",\"status\"\n2026-10-01 11:00,d,sideways\n"),
        ],
    );
    let (same, quoted) = ("ts,system,status", "\"ts\",\"system\",\"status\"");
    assert_eq!(
        bad,
        format!(
            "{same}\n2026-10-01 11:00,a,sideways\nnever,a,up\n2026-10-01 11:00,b,sideways\n\
             Status;Note;System;Time\r\nsideways;\"x;\n\"\"y\"\"\";c;2026-10-01 11:00\r\n\
             {quoted}\n2026-10-01 11:00,d,sideways\n"
        )
    );
    let told = fixed(&slo, &[], &bad.replace("sideways", "down").replace("never", "2026-10-01 12:00"));
    assert!(told.starts_with("5 lines read: 5 new, 0 already known\n"), "{told}");
    assert!(slo.pass(&["export", "journal"], b"").contains("\"note\":\"x;\\n\\\"y\\\"\""));
}

#[test]
fn rows_of_a_feed_follow_the_header_of_their_file() {
    let slo = Slo::new();
    let feed = slo.write(
        "feed.yaml",
        "apiVersion: slo/v1\nkind: Feed\nmetadata: { name: x }\nspec:\n  format: csv\n  \
         fields: { ts: When, system: Host, status: State }\n  values: { status: { UP: healthy, DOWN: unhealthy } }\n",
    );
    let feed = ["--feed", feed.to_str().unwrap()];
    let files = [
        ("a.csv", "When,Host,State\n2026-10-01 10:00,a,UP\n2026-10-01 11:00,a,?\n2026-10-01 12:00,a,!\n"),
        ("b.csv", "Id;State;Host;When\n1;UP;b;2026-10-01 10:00\n2;?;b;2026-10-01 11:00\n"),
    ];
    let bad = rejected(&slo, &feed, &files);
    assert_eq!(
        bad,
        "When,Host,State\n2026-10-01 11:00,a,?\n2026-10-01 12:00,a,!\nId;State;Host;When\n2;?;b;2026-10-01 11:00\n"
    );
    let told = fixed(&slo, &feed, &bad.replace(['?', '!'], "DOWN"));
    assert!(told.starts_with("3 records read: 3 new transitions, 0 already known\n"), "{told}");
}

/// The items of a record have no meaning without it.
#[test]
fn a_record_is_kept_whole_and_once_however_many_of_its_items_are_rejected() {
    let slo = Slo::new();
    let text = "{\"data\": {\"result\": [\n  {\n    \"metric\": {\"job\": \"web\"},\n    \
                \"values\": [[1790985600, \"1\"], [1790985660, \"?\"], [1790985720, \"!\"]]\n  },\n  \
                {\"metric\": {\"job\": \"api\"}, \"values\": [[1790985600, \"1\"]]}\n]}}\n";
    let feed = ["--feed", "prometheus"];
    let bad = rejected(&slo, &feed, &[("up.json", text)]);
    assert_eq!(
        bad,
        "{\"metric\": {\"job\": \"web\"},\"values\": [[1790985600, \"1\"], [1790985660, \"?\"], [1790985720, \"!\"]]}\n"
    );
    let records: Vec<Value> =
        bad.replace(['?', '!'], "0").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = fixed(&slo, &feed, &serde_json::json!({"data": {"result": records}}).to_string());
    assert!(told.starts_with("3 records read: 2 new transitions, 1 already known\n"), "{told}");
}

#[test]
fn objects_of_an_array_are_written_one_per_line() {
    let slo = Slo::new();
    let object = |ts: &str, status: &str| {
        format!("  {{\n    \"ts\": \"{ts}\",\n    \"system\": \"a b\",\n    \"status\": \"{status}\"\n  }}")
    };
    let text = format!("[\n{},\n{}\n]\n", object("2026-10-01", "up"), object("2026-10-02", "sideways"));
    let bad = rejected(&slo, &[], &[("a.json", &text)]);
    let line = |ts: &str, status: &str| format!("{{\"ts\": \"{ts}\",\"system\": \"a b\",\"status\": \"{status}\"}}\n");
    assert_eq!(bad, line("2026-10-01", "up") + &line("2026-10-02", "sideways"));
    let told = fixed(&slo, &[], &bad.replace("a b", "a").replace("sideways", "down"));
    assert!(told.starts_with("2 lines read: 2 new, 0 already known\n"), "{told}");
}
