//! `slo ingest --feed` and `slo feed try` with inputs made to take much time or memory: each ends soon, in little
//! memory, with one error or one rejected record. `SLO_NIGHT` makes each that many times as long.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::harness::{Output, SLO, World, night, tell};

/// The memory limit in KiB.
const MOST_MEMORY_KIB: u64 = 400_000;

/// Bytes of endless content.
fn size() -> u64 {
    night() * (9 << 20)
}

/// Runs a script whose last command is `$slo` with limited memory; returns its result, and how long it took.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test may look how long something took")]
fn bounded(world: &World, script: &str) -> (Output, Duration) {
    let mut command = std::process::Command::new("sh");
    let bounds = format!("slo() {{ (ulimit -v {MOST_MEMORY_KIB}; exec \"{SLO}\" \"$@\"); }}; {script}");
    command.args(["-c", &bounds]).current_dir(world.root()).env("SLO_DB", world.place());
    let begun = Instant::now();
    let output = Output::of(&command.output().unwrap());
    (output, begun.elapsed())
}

/// Feeds of every format that read `ts`, `system` and `status`.
fn feeds(world: &World) {
    let fields = "fields: { ts: ts, system: system, status: status }";
    for (format, records) in [
        ("csv", ""),
        ("jsonl", ""),
        ("json", "records: $[*]"),
        ("yaml", "records: $[*]"),
        ("text", r"records: '^(?<ts>\S+) (?<system>\S+) (?<status>\S+)$'"),
    ] {
        let text = format!(
            "apiVersion: slo/v1\nkind: Feed\nmetadata: {{ name: {format} }}\nspec:\n  format: {format}\n  {fields}\n  {records}\n"
        );
        world.write(&format!("{format}.yaml"), text);
    }
}

/// A record of a format, and the beginning of one with an endless system.
const FORMS: [(&str, &str, &str, &str); 5] = [
    ("csv", r"ts,system,status\n2024-03-01,a,up\n", "2024-03-02,", r"\n2024-03-03,a,down\n"),
    (
        "jsonl",
        r#"{"ts":"2024-03-01","system":"a","status":"up"}\n"#,
        r#"{"ts":"2024-03-02","system":""#,
        r#"\n{"ts":"2024-03-03","system":"a","status":"down"}\n"#,
    ),
    (
        "json",
        r#"[{"ts":"2024-03-01","system":"a","status":"up"},\n"#,
        r#"{"ts":"2024-03-02","system":""#,
        r#""},{"ts":"2024-03-03","system":"a","status":"down"}]\n"#,
    ),
    (
        "yaml",
        r"- { ts: 2024-03-01, system: a, status: up }\n- { ts: 2024-03-01, system: b, status: up }\n",
        r"- ts: 2024-03-02\n  system: ",
        r"\n- { ts: 2024-03-03, system: a, status: down }\n",
    ),
    ("text", r"2024-03-01 a up\n", "2024-03-02 ", r"\n2024-03-03 a down\n"),
];

#[test]
fn a_text_without_end_costs_its_record_and_no_memory() {
    let mut figures = String::new();
    for (format, before, begins, after) in FORMS {
        let world = World::new();
        feeds(&world);
        let endless = format!("head -c {} /dev/zero | tr '\\0' x", size());
        let script = format!(
            "{{ printf '%b' '{before}{begins}'; {endless}; printf '%b' '{after}'; }} | slo ingest --feed {format}.yaml"
        );
        let (output, took) = bounded(&world, &script);
        // A document too large for the parser ends YAML input; in other formats, only the record is rejected.
        let (code, kept) = if format == "yaml" { (2, 1) } else { (1, 2) };
        assert_eq!(output.code, code, "{format}: {}", output.stderr);
        assert!(output.stderr.contains("longer than"), "{format}: {}", output.stderr);
        assert!(world.journal().lines().count() >= kept, "{format}: {}", world.journal());
        assert!(took < Duration::from_secs(20 * night()), "{format}: {took:?}");
        write!(figures, " {format} {:.1} s,", took.as_secs_f64()).unwrap();
    }
    tell(&format!("a text of {} MiB in {MOST_MEMORY_KIB} KiB:{figures}", size() >> 20));
}

#[test]
fn brackets_without_end_are_refused() {
    for (format, bracket) in [("json", "["), ("json", "{\"a\":"), ("jsonl", "["), ("yaml", "["), ("yaml", "{a: ")] {
        let world = World::new();
        feeds(&world);
        let brackets = format!("yes '{bracket}' | tr -d '\\n' | head -c {}", size());
        let (output, took) = bounded(&world, &format!("{brackets} | slo ingest --feed {format}.yaml"));
        assert!(output.code > 0 && output.stderr.len() < 2000, "{format}: {}", output.stderr);
        assert!(took < Duration::from_secs(20 * night()), "{format}: {took:?}");
    }
}

#[test]
fn a_small_file_that_unpacks_to_a_large_one_is_read_in_bounded_memory() {
    for packer in ["gzip -1", "zstd -q -1", "xz -0"] {
        let world = World::new();
        feeds(&world);
        let packed = format!("head -c {} /dev/zero | tr '\\0' x | {packer} > bomb 2> /dev/null", size());
        let (output, took) = bounded(&world, &format!("{packed} || exit 1; slo ingest --feed jsonl.yaml bomb"));
        if output.stderr.is_empty() {
            crate::harness::skip(&format!("there is no {packer}"));
            continue;
        }
        assert!(output.stderr.contains("longer than 1 MiB"), "{packer}: {}", output.stderr);
        assert!(took < Duration::from_secs(20 * night()), "{packer}: {took:?}");
    }
}

#[test]
fn an_expression_made_to_be_slow_is_not() {
    let world = World::new();
    let feed = |expression: &str| {
        let text = format!(
            "apiVersion: slo/v1\nkind: Feed\nmetadata: {{ name: slow }}\nspec:\n  format: text\n  records: '{expression}'\n  \
             fields: {{ ts: ts, system: {{ value: a }}, status: s }}\n"
        );
        world.write("slow.yaml", text);
    };
    // Other engines need time that doubles with every character of these.
    for expression in ["^(?<ts>(a+)+)(?<s>b)$", "^(?<ts>(a|aa|a*)*)(?<s>b)$", "^(?<ts>(.*)(.*)(.*)(.*)(.*))(?<s>b)$"] {
        feed(expression);
        let lines =
            "for n in 1 2 3; do head -c 1000000 /dev/zero | tr '\\0' a; echo; done | slo ingest --feed slow.yaml";
        let (output, took) = bounded(&world, lines);
        assert_eq!(output.code, 2, "{}", output.stderr);
        assert!(output.stderr.contains("no expression of the feed matches"), "{}", output.stderr);
        assert!(took < Duration::from_mins(1), "{expression}: {took:?}");
    }
    // Nor may it be large.
    feed("^(?<ts>((a{900}){900}){900})(?<s>b)$");
    let (output, took) = bounded(&world, "echo a | slo ingest --feed slow.yaml");
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("slow.yaml:6:12: error: Feed slow: "), "{}", output.stderr);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_database_that_is_none_or_that_is_damaged_is_refused_with_its_name() {
    let world = World::new();
    world.write("header.db", b"SQLite format 3\0");
    world.write("text.db", "name,time\n");
    let page = [&b"SQLite format 3\0"[..], &[0xff; 8000]].concat();
    world.write("page.db", page);
    let schema = "CREATE TABLE monitor (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE heartbeat (monitor_id, status, time, msg);\
                  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)\
                  INSERT INTO heartbeat SELECT 1, 1, datetime(1700000000 + i * 60, 'unixepoch'), '' FROM n;\
                  INSERT INTO monitor VALUES (1, 'web');";
    let path = world.path("kuma.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(schema).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xff);
    world.write("damaged.db", &bytes);
    for name in ["header.db", "text.db", "page.db", "damaged.db"] {
        for command in ["ingest", "feed try"] {
            let (output, took) = bounded(&world, &format!("slo {command} --feed uptime-kuma {name}"));
            assert_eq!(output.code, 2, "{command} {name}: {}{}", output.text(), output.stderr);
            assert!(output.stderr.lines().count() <= 3, "{command} {name}: {}", output.stderr);
            assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        }
    }
}
