//! `slo ingest` with feeds of every kind: what is kept, what is rejected, what is reported.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::{Leashed, Output, SLO, World, eventually, line, lines, piped};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn good_lines_are_kept_and_bad_ones_named_counted_and_handed_back() {
    let world = World::new();
    let good = line("2024-03-01T10:00:00Z", "shop", "up");
    let bad: [&[u8]; 7] = [
        b"{\"ts\":\r\n",
        b"\x00\xff\xfe junk\n",
        b"{\"ts\":NaN,\"system\":\"shop\",\"status\":\"up\"}\n",
        b"{\"ts\":{},\"system\":\"shop\",\"status\":\"up\"}\n",
        b"{\"ts\":\"1969-01-01\",\"system\":\"shop\",\"status\":\"up\"}\n",
        b"{\"ts\":1,\"ts\":2,\"system\":\"shop\",\"status\":\"up\"}\n",
        b"{\"ts\":1700000000,\"system\":\"shop\",\"status\":\"sideways\"}",
    ];
    let feed = [good.as_bytes(), &bad[..6].concat(), b"\n", good.replace("10:", "11:").as_bytes(), bad[6]].concat();
    world.write("feed.jsonl", &feed);
    let output = world.run(&["ingest", "feed.jsonl", "--rejects", "bad.jsonl"]);
    assert_eq!(output.code, 1);
    assert!(
        output.text().starts_with("9 lines read: 2 new, 0 already known, 7 rejected\n1 system, "),
        "{}",
        output.text()
    );
    let named: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(named.len(), 7, "{}", output.stderr);
    for (line, number) in named.iter().zip([2, 3, 4, 5, 6, 7, 10]) {
        assert!(line.starts_with(&format!("feed.jsonl:{number}: rejected: ")), "{line}");
    }
    assert!(named[6].contains("unknown status \"sideways\"; expected healthy,"), "{}", named[6]);
    assert!(!output.stderr.contains(['\0', '\u{1b}']));
    let kept = fs::read(world.path("bad.jsonl")).unwrap();
    assert!(kept == [bad.concat(), b"\n".to_vec()].concat(), "{}", String::from_utf8_lossy(&kept));
    assert_eq!(world.journal().lines().count(), 2);
    world.verifies();
}

#[test]
fn many_rejects_are_named_in_part_and_counted_in_full() {
    let world = World::new();
    let feed = format!("{}{}", lines("a", 0, 1), "{\n".repeat(5000));
    let output = world.feed(&["ingest", "--rejects", "bad"], &feed);
    assert_eq!((output.code, output.stderr.lines().count()), (1, 11));
    assert!(output.stderr.ends_with("\n… and 4 990 more like stdin:11\n"), "{}", output.stderr);
    assert_eq!(fs::read(world.path("bad")).unwrap().len(), 10_000);
    let answer = world.feed(&["ingest", "-o", "json"], &feed).json();
    assert_eq!((&answer["read"], &answer["rejected"]), (&5001.into(), &5000.into()));
    // Each reason has its own first lines.
    let output =
        world.feed(&["ingest"], format!("{feed}{}", "{\"ts\":\"x\",\"system\":\"a\",\"status\":\"up\"}\n".repeat(13)));
    assert_eq!(output.stderr.lines().count(), 22, "{}", output.stderr);
    let end =
        "\n… and 4 990 more like stdin:11\n… and 3 more like stdin:5011; --rejects FILE keeps all rejected lines\n";
    assert!(output.stderr.ends_with(end), "{}", output.stderr);
}

#[test]
fn strict_keeps_nothing_unless_all_is_good() {
    let world = World::in_file();
    let mixed = format!("{}oops\n", lines("a", 0, 3));
    let output = world.feed(&["ingest", "--strict"], &mixed);
    assert_eq!(output.code, 1);
    assert!(output.text().ends_with("strict: a line was rejected, so nothing was kept\n"), "{}", output.text());
    let answer = world.feed(&["ingest", "--strict", "-o", "json"], &mixed).json();
    assert_eq!((&answer["read"], &answer["inserted"], &answer["rejected"]), (&4.into(), &0.into(), &1.into()));
    assert!(!world.is_made(), "there is nothing to keep in it");
    assert_eq!(world.feed(&["ingest", "--strict"], lines("a", 0, 3)).code, 0);
    assert_eq!(world.feed(&["ingest", "--strict"], format!("{}oops\n", lines("b", 0, 3))).code, 1);
    assert_eq!(world.journal().lines().count(), 3);
    assert_eq!(world.pass(&["list", "ingests", "-o", "csv"]).lines().count(), 2, "one row and the header");
}

#[test]
fn a_dry_run_counts_and_leaves_no_trace() {
    let world = World::in_file();
    let db = world.path("new/folder/slo.db");
    let args = ["ingest", "--dry-run", "--db", db.to_str().unwrap()];
    let output = world.feed(&args, format!("{}oops\n", lines("a", 0, 3)));
    assert_eq!(output.code, 1);
    assert!(output.text().starts_with("4 lines read: 3 new, 0 already known, 1 rejected\n"), "{}", output.text());
    assert!(output.text().ends_with("dry run: nothing was kept\n"));
    assert!(!world.path("new").exists());
    world.write("slo.db", "");
    assert_eq!(world.feed(&["ingest", "--dry-run"], lines("a", 0, 3)).code, 0);
    assert_eq!(fs::read(world.db()).unwrap(), b"", "an empty file stays one");
    world.ingest(&lines("a", 0, 3));
    let before = world.kept();
    let output = world.feed(&["ingest", "--dry-run"], lines("a", 1, 5));
    assert!(output.text().starts_with("5 lines read: 3 new, 2 already known\n"), "{}", output.text());
    assert!(world.kept() == before);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "what is too far ahead depends on the machine's clock")]
fn moments_ahead_of_the_clock_need_leave() {
    let world = World::new();
    let ahead = |minutes: u64| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        format!("{{\"ts\":{},\"system\":\"a\",\"status\":\"up\"}}\n", now + minutes * 60)
    };
    let output = world.feed(&["ingest", "--as-of", "2262-01-01"], ahead(30));
    assert_eq!(output.code, 1, "--as-of does not move this clock");
    assert!(output.stderr.contains(" after this machine's clock; correct it, or allow more with --max-skew"));
    assert_eq!(world.feed(&["ingest"], ahead(5)).code, 0);
    assert_eq!(world.feed(&["ingest", "--max-skew", "1h"], ahead(30)).code, 0);
    assert_eq!(world.feed(&["ingest", "--max-skew", "1m"], ahead(5)).code, 1);
    assert_eq!(world.feed(&["ingest", "--max-skew", "0s"], ahead(1)).code, 1);
    world.feed(&["ingest", "--max-skew", "soon"], "").code_is(2);
    // Later facts do not exist yet: they are left out, with a note.
    let output = world.run(&["export", "journal"]);
    assert_eq!(output.text(), "");
    assert!(output.stderr.starts_with("note: 2 transitions after "), "{}", output.stderr);
    assert_eq!(world.pass(&["export", "journal", "--as-of", "2262-01-01"]).lines().count(), 2);
}

impl Output {
    #[track_caller]
    fn code_is(&self, code: i32) {
        assert_eq!(self.code, code, "{}", self.stderr);
    }
}

#[test]
fn the_answer_for_programs_has_the_promised_shape() {
    let world = World::new();
    let feed = format!("{}{}oops\n", lines("a", 0, 2), lines("b", 1, 1));
    let answer = world.feed(&["ingest", "-o", "json", "--as-of", "2024-03-01"], &feed).json();
    let expected = serde_json::json!({
        "schemaVersion": 1, "asOf": "2024-03-01T00:00:00.000Z", "read": 4, "inserted": 3, "duplicates": 0, "conflicts": 0,
        "rejected": 1, "skipped": 0, "maintenance": 0, "gaps": 0, "systems": 2, "firstTs": "2023-11-14T22:13:20.000Z", "lastTs": "2023-11-14T22:13:21.000Z",
    });
    assert_eq!(answer, expected);
    let nothing = world.feed(&["ingest", "-o", "json"], "");
    assert_eq!(nothing.code, 0);
    assert_eq!(nothing.json()["firstTs"], serde_json::Value::Null);
}

#[test]
fn duplicates_and_conflicts_are_counted_and_the_worst_status_wins_in_any_order() {
    let statuses = ["up", "unknown", "down", "degraded"];
    let at = |status: &str| line("2024-03-01T10:00:00Z", "shop", status);
    let mut journals = Vec::new();
    for turn in 0..4 {
        for reversed in [false, true] {
            for together in [false, true] {
                let mut order: Vec<String> = (0..4).map(|index| at(statuses[(index + turn) % 4])).collect();
                if reversed {
                    order.reverse();
                }
                let world = World::new();
                let answers: Vec<_> = if together {
                    vec![world.feed(&["ingest", "-o", "json"], order.concat()).json()]
                } else {
                    order.iter().map(|line| world.feed(&["ingest", "-o", "json"], line).json()).collect()
                };
                let sum = |name: &str| answers.iter().map(|answer| answer[name].as_u64().unwrap()).sum::<u64>();
                assert_eq!((sum("inserted"), sum("duplicates"), sum("conflicts")), (1, 0, 3));
                world.verifies();
                journals.push(world.journal());
            }
        }
    }
    journals.dedup();
    assert_eq!(journals, [line("2024-03-01T10:00:00.000Z", "shop", "unhealthy")]);
}

#[test]
fn what_is_known_already_changes_no_byte() {
    let world = World::lived_in();
    let feed =
        "{\"ts\":1700000000,\"system\":\"n\",\"status\":\"up\",\"note\":\"b\"}\n".to_owned() + &lines("n", 1, 2000);
    world.ingest(&feed);
    let before = world.kept();
    for _ in 0..2 {
        let answer = world.feed(&["ingest", "-o", "json"], &feed).json();
        assert_eq!((&answer["inserted"], &answer["duplicates"]), (&0.into(), &2001.into()));
        assert!(world.kept() == before);
    }
}

#[test]
fn any_form_of_the_same_feed_gives_the_same_journal() {
    let json = lines("a", 0, 50);
    let row = |number| format!("{},a,{}\n", 1_700_000_000 + number, if number % 2 == 0 { "UP" } else { "Failed" });
    let rows = (0..50).map(row).collect::<Vec<_>>().concat();
    let csv = format!("Timestamp,SERVICE,Status\n{rows}");
    let plain = World::new();
    plain.ingest(&json);
    for (name, bytes) in [
        ("crlf", json.replace('\n', "\r\n").into_bytes()),
        ("mark", format!("\u{feff}{json}").into_bytes()),
        ("unended", json.trim_end().as_bytes().to_vec()),
        ("blank lines", json.replace('\n', "\n\n \n").into_bytes()),
        ("gz", gzip(json.as_bytes())),
        ("gz of two", [gzip(&json.as_bytes()[..1000]), gzip(&json.as_bytes()[1000..])].concat()),
        ("csv", csv.clone().into_bytes()),
        ("semicolons", csv.replace(',', ";").into_bytes()),
        ("tabs", csv.replace(',', "\t").into_bytes()),
        ("csv.gz", gzip(format!("\u{feff}{csv}").as_bytes())),
    ] {
        let world = World::new();
        world.write("feed", bytes);
        assert_eq!(world.run(&["ingest", "feed"]).code, 0, "{name}");
        assert_eq!(world.journal(), plain.journal(), "{name}");
    }
}

#[test]
fn ten_megabytes_in_one_line_are_one_reject() {
    let world = World::new();
    let long = [b"{\"ts\":\"".to_vec(), vec![b'9'; 10 << 20], b"\"}".to_vec()].concat();
    world.write("feed", [lines("a", 0, 1).as_bytes(), &long, b"\n", lines("a", 1, 1).as_bytes()].concat());
    let output = world.run(&["ingest", "feed", "--rejects", "bad"]);
    assert_eq!((output.code, &*output.stderr), (1, "feed:2: rejected: longer than 1 MiB\n"));
    assert!(fs::read(world.path("bad")).unwrap() == [&long[..], b"\n"].concat());
    assert_eq!(world.journal().lines().count(), 2);
}

#[test]
fn nothing_is_kept_when_a_file_cannot_be_opened() {
    let world = World::new();
    world.write("good", lines("a", 0, 1));
    fs::create_dir(world.path("folder")).unwrap();
    for (wrong, what) in
        [("missing", "cannot read missing: No such file"), ("folder", "cannot read folder: it is a folder")]
    {
        world.run(&["ingest", "good", wrong, "good"]).refuses(what);
        assert!(!world.is_made());
    }
}

#[test]
fn what_was_read_before_an_input_fails_is_kept_and_said() {
    let world = World::new();
    let zipped = gzip(lines("late", 0, 20_000).as_bytes());
    world.write("whole.jsonl", lines("a", 0, 3));
    world.write("cut.gz", &zipped[..zipped.len() / 2]);
    let output = world.run(&["ingest", "whole.jsonl", "cut.gz"]);
    output.refuses("error: cut.gz: the gzip input ends early; it is truncated");
    assert!(output.stderr.contains("help: what was read before this is kept; fix the input"), "{}", output.stderr);
    let kept = world.journal().lines().count();
    assert!((4..20_003).contains(&kept), "{kept}");
    world.verifies();
    world.write("cut.gz", &zipped);
    world.pass(&["ingest", "whole.jsonl", "cut.gz"]);
    assert_eq!(world.journal().lines().count(), 20_003);

    let strict = World::in_file();
    strict.write("cut.gz", &zipped[..zipped.len() / 2]);
    let output = strict.run(&["ingest", "--strict", "cut.gz"]);
    output.refuses("error: cut.gz: the gzip input ends early; it is truncated");
    assert!(output.stderr.contains("help: nothing was kept; "), "{}", output.stderr);
    assert!(!strict.is_made());
    for (name, bytes, what) in [
        (
            "readme",
            b"# Title\n\nText.\n".to_vec(),
            "error: readme: line 1: expected a JSON object or a CSV header: # Title",
        ),
        ("array", b"[{\"ts\":1}]\n".to_vec(), "error: array: line 1: the records have no system"),
        ("header", b"time,system\n".to_vec(), "error: header: the CSV header has no column status: time,system"),
        ("utf16", vec![0xff, 0xfe, b'{', 0], "error: utf16: UTF-16 text; slo reads UTF-8"),
        ("junk.gz", [&zipped[..10], b"not deflated at all"].concat(), "error: junk.gz: the gzip input is damaged ("),
    ] {
        strict.write(name, bytes);
        strict.run(&["ingest", name]).refuses(what);
        strict.run(&["ingest", "--strict", name]).refuses(what);
    }
}

#[test]
fn rejected_lines_never_overwrite_what_is_in_use() {
    let world = World::lived_in();
    let feed = world.write("feed", "oops\n");
    fs::hard_link(&feed, world.path("again")).unwrap();
    let before = world.kept();
    for rejects in ["./feed", "again"] {
        let what = format!("--rejects {rejects} would overwrite the input feed");
        world.run(&["ingest", "feed", "--rejects", rejects]).refuses(&what);
    }
    world.run(&["ingest", "feed", "--rejects", "no/such/folder"]).refuses("--rejects: cannot write no/such/folder: ");
    assert_eq!(fs::read(feed).unwrap(), b"oops\n");
    assert!(world.kept() == before);
}

#[test]
fn a_closed_or_empty_standard_input_is_an_empty_feed() {
    let world = World::new();
    let closed = std::process::Command::new("sh")
        .args(["-c", "exec \"$0\" ingest <&-", SLO])
        .env_clear()
        .env("SLO_DB", world.place())
        .output()
        .unwrap();
    let output = Output::of(&closed);
    assert_eq!((output.code, &*output.text()), (0, "0 lines read: 0 new, 0 already known\n"), "{}", output.stderr);
    assert_eq!(world.run(&["ingest"]).code, 0);
}

#[test]
fn what_a_pipe_sends_is_there_while_it_stays_open() {
    let world = World::new();
    let args = ["ingest", "--follow", "--rejects", "bad"];
    let mut child = Leashed(piped(world.command(&args)).stdout(Stdio::null()).spawn().unwrap());
    let mut pipe = child.0.stdin.take().unwrap();
    for number in 0..3 {
        pipe.write_all(lines("a", number, 1).as_bytes()).unwrap();
        pipe.write_all(b"oops\n{\"ts\":17").unwrap();
        pipe.flush().unwrap();
        let (facts, bad) = (number as usize + 1, number as usize + 1);
        eventually("what was sent is seen by another process", || {
            let seen = world.run(&["export", "journal"]);
            seen.code == 0 && seen.text().lines().count() == facts
        });
        eventually("what was rejected is in its file", || {
            fs::read_to_string(world.path("bad")).is_ok_and(|text| text.lines().count() >= bad)
        });
        pipe.write_all(b"00\n").unwrap();
    }
    assert_eq!(child.0.try_wait().unwrap(), None, "it goes on");
    // Such a process is only ended by force: what was read stays, and nothing is damaged.
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    assert_eq!(world.journal().lines().count(), 3);
    world.verifies();
    assert!(world.pass(&["list", "ingests"]).contains("interrupted"));
}

#[test]
fn a_followed_csv_waits_for_no_open_quote() {
    let world = World::new();
    let mut child = Leashed(piped(world.command(&["ingest", "--follow"])).stdout(Stdio::null()).spawn().unwrap());
    let mut pipe = child.0.stdin.take().unwrap();
    pipe.write_all(b"ts,system,status,note\n2024-03-01,a,up,x\n2024-03-02,a,up,\"open\nstill open").unwrap();
    pipe.flush().unwrap();
    eventually("the whole record is seen", || {
        let seen = world.run(&["export", "journal"]);
        seen.code == 0 && seen.text().lines().count() == 1
    });
    pipe.write_all(b"\nclosed\"\n").unwrap();
    drop(pipe);
    std::thread::sleep(Duration::from_millis(1));
    assert!(child.0.wait().unwrap().success());
    assert!(world.journal().contains("open\\nstill open\\nclosed"));
}

/// A strict ingest is one transaction, but does not block others while waiting for its input.
#[test]
fn a_strict_ingest_of_a_slow_pipe_keeps_nobody_waiting() {
    let world = World::new();
    world.ingest(&lines("first", 0, 1));
    let mut child = Leashed(piped(world.command(&["ingest", "--strict"])).stdout(Stdio::null()).spawn().unwrap());
    let mut pipe = child.0.stdin.take().unwrap();
    pipe.write_all(lines("slow", 0, 3).as_bytes()).unwrap();
    pipe.flush().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    world.ingest(&lines("quick", 0, 3));
    assert_eq!(child.0.try_wait().unwrap(), None);
    drop(pipe);
    assert!(child.0.wait().unwrap().success());
    assert_eq!(world.journal().lines().count(), 7);
}

#[cfg(unix)]
#[test]
fn names_of_files_need_not_be_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let name = std::ffi::OsStr::from_bytes(b"feed-\xff\n.jsonl");
    fs::write(world.root().join(name), format!("{}oops\n", lines("a", 0, 2))).unwrap();
    let mut command = world.command(&["ingest"]);
    let output =
        Output::of(&command.arg(name).env("SLO_DB", std::ffi::OsStr::from_bytes(b"d\xff.db")).output().unwrap());
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(output.stderr.starts_with("feed-\u{fffd}\\n.jsonl:3: rejected: "), "{}", output.stderr);
    assert!(world.root().join(std::ffi::OsStr::from_bytes(b"d\xff.db")).exists());
}

#[test]
fn where_lines_came_from_is_remembered() {
    let world = World::new();
    world.write("one.jsonl", lines("a", 0, 3));
    world.write("two.jsonl", format!("{}oops\n", lines("a", 2, 3)));
    assert_eq!(world.run(&["ingest", "one.jsonl", "two.jsonl"]).code, 1);
    world.ingest(&lines("a", 0, 6));
    let ingests = serde_json::from_str::<serde_json::Value>(&world.pass(&["list", "ingests", "-o", "json"])).unwrap();
    let counts = |index: usize| {
        let row = &ingests["ingests"][index];
        let number = |name: &str| row[name].as_u64().unwrap();
        (
            row["file"].as_str().unwrap().to_owned(),
            number("read"),
            number("inserted"),
            number("duplicates"),
            number("rejected"),
        )
    };
    assert_eq!(counts(0), ("stdin".to_owned(), 6, 1, 5, 0));
    assert_eq!(counts(1), ("two.jsonl".to_owned(), 4, 2, 1, 1));
    assert_eq!(counts(2), ("one.jsonl".to_owned(), 3, 3, 0, 0));
}

/// With any notes, importing an export into an empty database gives the same export.
#[test]
fn an_export_comes_back_the_same() {
    let notes = [
        "plain",
        "say \"hi\", twice",
        "two\nlines",
        "two\r\nlines",
        "\rodd\r",
        "ünïcödé 💥",
        ";\t",
        " padded ",
        "\u{0}",
        "\"",
    ];
    let mut feed = lines("many", 0, 3000);
    for (number, note) in notes.iter().enumerate() {
        let note = serde_json::to_string(note).unwrap();
        let extra = if number % 2 == 0 { ",\"source\":\"incident\",\"check\":\"a/b:c\"" } else { "" };
        feed.push_str(&format!(
            "{{\"ts\":{},\"system\":\"n\",\"status\":\"down\",\"note\":{note}{extra}}}\n",
            1_700_000_000 + number
        ));
    }
    let world = World::new();
    world.ingest(&feed);
    let json = world.journal();
    let csv = world.pass(&["export", "journal", "-o", "csv"]);
    for (text, format) in [(&json, "jsonl"), (&csv, "csv"), (&json, "auto"), (&csv, "auto")] {
        let copy = World::new();
        let output = copy.feed(&["ingest", "--format", format], text);
        assert_eq!((output.code, &*output.stderr), (0, ""), "{format}");
        assert!(copy.journal() == json, "{format}");
        assert!(copy.pass(&["export", "journal", "-o", "csv"]) == csv, "{format}");
        copy.verifies();
    }
}
