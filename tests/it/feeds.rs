//! The built-in feeds: what each makes of an input in the shape of the real program's, and the laws that hold for all of them.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use crate::harness::Slo;

/// An input, and the feed it is of.
struct Input {
    feed: String,
    path: PathBuf,
}

impl Input {
    /// The name under which it lies in a world; a database is made of its statements.
    fn place(&self, slo: &Slo) -> PathBuf {
        let to = slo.path(self.path.file_name().unwrap().to_str().unwrap());
        if self.is_database() {
            let to = to.with_extension("db");
            let _ = fs::remove_file(&to);
            Connection::open(&to).unwrap().execute_batch(&fs::read_to_string(&self.path).unwrap()).unwrap();
            return to;
        }
        fs::copy(&self.path, &to).unwrap();
        to
    }

    fn is_database(&self) -> bool {
        self.path.extension().is_some_and(|end| end == "sql")
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    fn expected(&self) -> PathBuf {
        PathBuf::from(format!("{}.expected", self.path.display()))
    }
}

fn inputs() -> Vec<Input> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds");
    let entries = |folder: &Path| {
        let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    };
    let mut found = Vec::new();
    for folder in entries(&root) {
        let feed = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let files = entries(&folder).into_iter().filter(|path| path.extension().is_none_or(|end| end != "expected"));
        found.extend(files.map(|path| Input { feed: feed.clone(), path }));
    }
    found
}

/// What a world has after it has ingested a text as the input of a feed.
fn journal(input: &Input, text: &str) -> String {
    let slo = Slo::new();
    let path = slo.path(input.path.file_name().unwrap().to_str().unwrap());
    fs::write(&path, text).unwrap();
    slo.pass(&["ingest", "--feed", &input.feed, path.to_str().unwrap()], b"");
    exported(&slo)
}

fn exported(slo: &Slo) -> String {
    let mut lines: Vec<String> = slo.pass(&["export", "journal"], b"").lines().map(str::to_owned).collect();
    lines.sort_by_key(|line| serde_json::from_str::<Value>(line).unwrap()["system"].to_string());
    lines.into_iter().map(|line| line + "\n").collect()
}

/// What an ingest says, the journal after it, and the maintenance that was told of.
fn outcome(slo: &Slo, input: &Input, path: &str) -> String {
    let plans = slo.path("plans.yaml");
    let told = slo.pass(&["ingest", "--feed", &input.feed, path, "--maintenance", plans.to_str().unwrap()], b"");
    told + &exported(slo) + &fs::read_to_string(&plans).unwrap()
}

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
        // Without the feed it is refused once, with the command that reads it.
        let refused = slo.run(&["ingest", path], b"");
        assert_eq!((refused.code, refused.stderr.lines().count()), (2, 2), "{path}: {}", refused.stderr);
        // A log of Icinga is one of Nagios by its looks; then both are named.
        let command = format!("help: slo ingest --feed {} {path}", input.feed);
        let other = format!(" (or {})", input.feed);
        assert!(refused.stderr.contains(&command) || refused.stderr.contains(&other), "{}", refused.stderr);
        let found = outcome(&slo, input, path);
        assert_eq!(found, fs::read_to_string(input.expected()).unwrap_or_default(), "{path}");
        // The same export twice changes nothing.
        let again = slo.pass(&["ingest", "--feed", &input.feed, path], b"");
        assert!(again.contains(" 0 new,"), "{path}: {again}");
        assert!(slo.run(&["feed", "try", path], b"").code == 0, "{path}");
    }
}

#[test]
fn what_is_maintenance_can_be_applied() {
    let slo = Slo::new();
    for input in inputs().iter().filter(|input| input.text().to_uppercase().contains("DOWNTIME") || input.is_database())
    {
        let (path, plans) = (input.place(&slo), slo.path("plans.yaml"));
        let args = ["ingest", "--feed", &input.feed, path.to_str().unwrap(), "--maintenance", plans.to_str().unwrap()];
        slo.pass(&args, b"");
        let text = fs::read_to_string(&plans).unwrap();
        assert_eq!(text.matches("kind: MaintenanceWindow").count(), 1, "{text}");
        slo.pass(&["validate", plans.to_str().unwrap()], b"");
    }
}

/// The tree of a document; what is YAML may be written as JSON, too.
fn tree(input: &Input, text: &str) -> Option<Value> {
    match input.path.extension()?.to_str()? {
        "json" => Some(serde_json::from_str(text).unwrap()),
        "yaml" => Some(serde_yaml::from_str(text).unwrap()),
        _ => None,
    }
}

/// A text with its records in another order: lines, or the items of every list of objects or lists.
fn turned(input: &Input, text: &str, turn: usize) -> String {
    if let Some(mut value) = tree(input, text) {
        turn_lists(&mut value, turn);
        return value.to_string();
    }
    let header = usize::from(input.path.extension().is_some_and(|end| end == "csv"));
    let mut lines: Vec<&str> = text.lines().collect();
    turn_items(&mut lines[header..], turn);
    lines.join("\n")
}

fn turn_items<T>(items: &mut [T], turn: usize) {
    if items.len() > 1 {
        let by = turn % items.len();
        items.rotate_left(by);
        if turn % 2 == 1 {
            items.reverse();
        }
    }
}

fn turn_lists(value: &mut Value, turn: usize) {
    match value {
        Value::Array(items) => {
            if items.iter().all(|item| item.is_object() || item.is_array()) {
                turn_items(items, turn);
            }
            for item in items {
                turn_lists(item, turn);
            }
        }
        Value::Object(fields) => {
            for field in fields.values_mut() {
                turn_lists(field, turn);
            }
        }
        _ => {}
    }
}

#[test]
fn any_order_of_records_gives_the_same_journal() {
    for input in inputs().iter().filter(|input| !input.is_database()) {
        let expected = journal(input, &input.text());
        for turn in 1..7 {
            let text = turned(input, &input.text(), turn);
            assert_eq!(journal(input, &text), expected, "{} {turn}:\n{text}", input.path.display());
        }
    }
}

/// Every place of a list of records, as the way to it.
fn shortened(value: &Value, keep: usize) -> Value {
    match value {
        Value::Array(items) if items.iter().all(|item| item.is_object() || item.is_array()) => {
            Value::Array(items.iter().take(keep).map(|item| shortened(item, keep)).collect())
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, field)| (key.clone(), shortened(field, keep))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn a_later_longer_export_only_adds() {
    // An update that has not been written yet changes what a status page says of an incident, so its turn is another test's.
    for input in inputs().iter().filter(|input| !input.is_database() && input.feed != "statuspage") {
        let expected = journal(input, &input.text());
        for keep in 0..4 {
            let text = input.text();
            let earlier = if let Some(tree) = tree(input, &text) {
                shortened(&tree, keep).to_string()
            } else {
                text.lines().take(keep + 1).map(|line| line.to_owned() + "\n").collect()
            };
            let slo = Slo::new();
            for text in [&earlier, &text, &earlier] {
                let path = slo.path(input.path.file_name().unwrap().to_str().unwrap());
                fs::write(&path, text).unwrap();
                slo.pass(&["ingest", "--feed", &input.feed, path.to_str().unwrap()], b"");
            }
            assert_eq!(exported(&slo), expected, "{} {keep}:\n{earlier}", input.path.display());
        }
    }
}

/// Texts with one time after the other spoilt; which of them are times is told by their looks.
fn spoilt(text: &str) -> Vec<String> {
    let marks = ["2026-", "179", "178"];
    let places = text.char_indices().filter(|(at, _)| {
        let begins = !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        begins && marks.iter().any(|mark| text[*at..].starts_with(mark))
    });
    places.map(|(at, _)| format!("{}9999{}", &text[..at], &text[at + 4..])).collect()
}

/// Facts without their notes.
fn facts(journal: &str) -> Vec<[String; 5]> {
    let fact = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        ["ts", "system", "check", "source", "status"].map(|key| value[key].as_str().unwrap_or_default().to_owned())
    };
    journal.lines().map(fact).collect()
}

#[test]
fn a_damaged_record_is_rejected_by_name_and_the_rest_is_kept() {
    let mut rejected = 0;
    for input in inputs().iter().filter(|input| !input.is_database()) {
        let whole = journal(input, &input.text());
        for text in spoilt(&input.text()) {
            let slo = Slo::new();
            let path = slo.path(input.path.file_name().unwrap().to_str().unwrap());
            fs::write(&path, &text).unwrap();
            let output = slo.run(&["ingest", "--feed", &input.feed, path.to_str().unwrap()], b"");
            assert!(output.code <= 1, "{}: {}", path.display(), output.stderr);
            if output.code == 1 {
                rejected += 1;
                assert!(output.stderr.contains(": rejected: ") && output.stderr.contains("9999"), "{}", output.stderr);
                // What is left was there before, but for what is unknown for want of what was spoilt.
                let kept = exported(&slo);
                let (known, left) = (facts(&whole), facts(&kept));
                let strange: Vec<_> =
                    left.iter().filter(|fact| !known.contains(fact) && fact[4] != "unknown").collect();
                assert!(strange.is_empty(), "{}: {strange:?}\n{whole}", path.display());
            }
        }
    }
    assert!(rejected > 40, "{rejected}");
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
    // An export from before says nothing new.
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

#[test]
fn hostile_inputs_end_soon_and_say_why() {
    let slo = Slo::new();
    let cases: Vec<(&str, Vec<u8>, u8)> = vec![
        ("incidents", format!("[{}", "[".repeat(1 << 20)).into_bytes(), 2),
        ("incidents", format!("[{{\"system\":\"a\",\"start\":1,\"x\":\"{}\"}},{{\"system\":\"a\",\"id\":1,\"start\":\"2026-10-01\",\"end\":null}}]", "x".repeat(20 << 20)).into_bytes(), 1),
        ("incidents", b"[{\"system\":\"a\"".to_vec(), 2),
        ("prometheus", format!("{{\"data\":{{\"result\":{}1", "[".repeat(100_000)).into_bytes(), 2),
        ("nagios", vec![b'['; 30 << 20], 1),
        ("nagios", "[x] nothing\n".repeat(5000).into_bytes(), 2),
        ("uptimerobot", b"SQLite format 3\0".to_vec(), 2),
        ("uptime-kuma", b"SQLite format 3\0".to_vec(), 2),
        ("uptime-kuma", b"PK\x03\x04".to_vec(), 2),
        ("pagerduty", b"\xff\xfe\x00\x00".to_vec(), 2),
    ];
    for (feed, input, code) in cases {
        let output = slo.run(&["ingest", "--feed", feed], &input);
        assert_eq!(output.code, code, "{feed}: {}", output.stderr);
        assert!(output.stderr.lines().count() <= 3 && output.stderr.len() < 2000, "{feed}: {}", output.stderr);
    }
    let broken = slo.path("kuma.db");
    fs::write(&broken, b"SQLite format 3\0 and nothing else").unwrap();
    let output = slo.run(&["ingest", "--feed", "uptime-kuma", broken.to_str().unwrap()], b"");
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("file is not a database"), "{}", output.stderr);
}

/// Exports of programs that no built-in feed reads, each in a folder with the feed that was made of its draft, the draft and what becomes of it.
fn unknown() -> Vec<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/unknown");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let export = |folder: &Path| {
        ["csv", "json"].map(|end| folder.join(format!("export.{end}"))).into_iter().find(|it| it.exists())
    };
    folders.into_iter().map(|folder| (export(&folder).unwrap(), folder)).collect()
}

/// The draft that is made for an export, and what becomes of the export with the finished feed.
fn described(slo: &Slo, export: &Path, folder: &Path) -> (String, String) {
    let path = slo.path(export.file_name().unwrap().to_str().unwrap());
    fs::copy(export, &path).unwrap();
    let (name, feed) = (path.file_name().unwrap().to_str().unwrap(), folder.join("feed.yaml"));
    let refused = slo.run(&["ingest", path.to_str().unwrap()], b"");
    assert_eq!((refused.code, refused.stderr.lines().count()), (2, 2), "{}", refused.stderr);
    assert!(refused.stderr.contains("slo feed try FILE > feed.yaml"), "{}", refused.stderr);
    let tried = slo.run(&["feed", "try", path.to_str().unwrap()], b"");
    assert_eq!(tried.code, 1, "{}", tried.stderr);
    let draft = tried.stdout.replace(path.to_str().unwrap(), name);
    let (feed, path) = (feed.to_str().unwrap(), path.to_str().unwrap());
    assert_eq!(slo.run(&["feed", "try", "--feed", feed, path], b"").code, 0, "{feed}");
    let told = slo.pass(&["ingest", "--feed", feed, path], b"");
    (draft, told + &exported(slo))
}

#[test]
#[ignore = "writes what is expected anew"]
fn rewrite_unknown() {
    for (export, folder) in unknown() {
        let (draft, outcome) = described(&Slo::new(), &export, &folder);
        fs::write(folder.join("draft.yaml"), draft).unwrap();
        fs::write(folder.join("expected"), outcome).unwrap();
    }
}

#[test]
fn an_unknown_export_comes_from_file_to_status_by_its_draft() {
    let all = unknown();
    assert_eq!(all.len(), 5);
    for (export, folder) in all {
        let slo = Slo::new();
        let (draft, outcome) = described(&slo, &export, &folder);
        assert_eq!(draft, fs::read_to_string(folder.join("draft.yaml")).unwrap(), "{}", folder.display());
        assert_eq!(outcome, fs::read_to_string(folder.join("expected")).unwrap(), "{}", folder.display());
        let manifests = slo.path("slo.yaml");
        slo.pass(&["init", manifests.to_str().unwrap()], b"");
        slo.pass(&["apply", manifests.to_str().unwrap()], b"");
        let status: Value =
            serde_json::from_str(&slo.pass(&["status", "-o", "json", "--as-of", "2026-10-06"], b"")).unwrap();
        assert!(!status["objectives"].as_array().unwrap().is_empty(), "{status}");
    }
}
