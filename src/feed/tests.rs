//! Tests of the feed as a unit: the result of each line, and the helpers of these tests.

mod bounds;
mod csv;
mod laws;
mod opening;

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::fields::{Field, Fields};
use super::*;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::Status;
use crate::domain::value::name::Name;

/// 2025-11-20T14:05:00Z.
const NOW: i64 = 1_763_647_500_000;

fn options(format: Format) -> Options {
    let now = Instant::from_millis(NOW);
    Options { format, latest: now.plus(600_000), now, batch_rows: 1000, follow: false, plans: false }
}

/// The result of an input.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Outcome {
    /// `system source check@location`, milliseconds, status, note.
    rows: Vec<(String, i64, Status, Option<String>)>,
    /// Line, reason and bytes.
    rejects: Vec<(u64, String, Vec<u8>)>,
    read: u64,
    rejected: u64,
    ignored: Vec<String>,
    error: Option<String>,
}

impl Outcome {
    fn reasons(&self) -> Vec<(u64, &str)> {
        self.rejects.iter().map(|(line, reason, _)| (*line, &**reason)).collect()
    }

    fn systems(&self) -> Vec<&str> {
        self.rows.iter().map(|(stream, ..)| stream.split(' ').next().unwrap()).collect()
    }
}

fn read(input: impl Read, options: Options) -> Outcome {
    read_with(input, options, Names::default())
}

fn read_with(input: impl Read, options: Options, names: Names) -> Outcome {
    let mut reader = Reader::new(input, options, names);
    let mut outcome = Outcome::default();
    let mut streams: Vec<StreamName> = Vec::new();
    let mut complete = true;
    loop {
        let rejects = &mut outcome.rejects;
        let mut on_reject = |reject: &Reject<'_>| {
            match &reject.reason {
                Some(reason) => {
                    assert!(complete, "a line begins before the last one is complete");
                    rejects.push((reject.line, reason.clone(), reject.raw.to_vec()));
                }
                None => rejects.last_mut().unwrap().2.extend_from_slice(reject.raw),
            }
            complete = reject.complete;
            Ok(())
        };
        let batch = match reader.next_batch(&mut on_reject) {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(error) => {
                outcome.error = Some(format!("{error:#}"));
                break;
            }
        };
        if batch.restart {
            streams.clear();
        }
        streams.extend(batch.new_streams);
        for (index, row) in batch.rows.iter().enumerate() {
            let key = &streams[row.stream()];
            let check = key.check.as_ref().map_or("-", Name::as_str);
            let at = key.location.as_ref().map_or(String::new(), |location| format!("@{location}"));
            let stream = format!("{} {} {check}{at}", key.system, key.source.as_str());
            let note = batch.notes.iter().find(|(of, _)| *of as usize == index).map(|(_, note)| note.to_string());
            outcome.rows.push((stream, row.at().millis(), row.status(), note));
        }
        outcome.read += batch.read;
        outcome.rejected += batch.rejected;
    }
    assert!(complete, "the last rejected line is never complete");
    assert_eq!(outcome.read, outcome.rows.len() as u64 + outcome.rejected, "{outcome:?}");
    assert_eq!(outcome.rejected, outcome.rejects.len() as u64);
    outcome.ignored = reader.ignored_fields().to_vec();
    outcome
}

fn auto(input: impl AsRef<[u8]>) -> Outcome {
    read(input.as_ref(), options(Format::Auto))
}

/// The result of a single line: accepted, or the reason.
fn one(line: impl AsRef<[u8]>) -> Result<(String, i64, Status, Option<String>), String> {
    let outcome = read(line.as_ref(), options(Format::Jsonl));
    assert_eq!((outcome.read, &outcome.error), (1, &None), "{outcome:?}");
    match outcome.rows.into_iter().next() {
        Some(row) => Ok(row),
        None => Err(outcome.rejects[0].1.clone()),
    }
}

/// Returns its bytes in pieces of the given sizes, repeatedly.
struct Drip<'b> {
    rest: &'b [u8],
    sizes: Vec<usize>,
    turn: usize,
}

impl<'b> Drip<'b> {
    fn new(rest: &'b [u8], sizes: &[usize]) -> Self {
        Self { rest, sizes: sizes.to_vec(), turn: 0 }
    }
}

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()].max(1);
        self.turn += 1;
        let room = size.min(into.len());
        self.rest.read(&mut into[..room])
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const GOOD: &str = r#"{"ts":1763640000,"system":"a","status":"up"}"#;

fn good(system: &str) -> String {
    format!("{{\"ts\":1763640000,\"system\":\"{system}\",\"status\":\"up\"}}\n")
}

#[test]
fn each_reason_names_the_value_and_what_to_write() {
    for (line, reason) in [
        ("oops", "not a JSON object: oops"),
        (r#"["a"]"#, r#"not a JSON object: ["a"]"#),
        ("42", "not a JSON object: 42"),
        ("{", "invalid JSON: not closed at column 1"),
        (r#"{"ts":1763640000,"system":"a","status":"up"} x"#, "invalid JSON: trailing characters at column 46"),
        (r#"{"ts":1763640000,"system":"a","status":"up",}"#, "invalid JSON: trailing comma at column 45"),
        (r#"{"ts":NaN,"system":"a","status":"up"}"#, "invalid JSON: expected value at column 7"),
        (r#"{"ts":Infinity,"system":"a","status":"up"}"#, "invalid JSON: expected value at column 7"),
        (r#"{"ts":1e400,"system":"a","status":"up"}"#, "invalid JSON: number out of range at column 11"),
        (r#"{"ts":01,"system":"a","status":"up"}"#, "invalid JSON: invalid number at column 8"),
        (r#"{"ts":{"a":1},"system":"a","status":"up"}"#, "ts must be a string or a number, not an object at column 7"),
        (r#"{"ts":[1],"system":"a","status":"up"}"#, "ts must be a string or a number, not a list at column 7"),
        (r#"{"ts":null,"system":"a","status":"up"}"#, "missing ts (also called time, timestamp, at)"),
        (r#"{"system":"a","status":"up"}"#, "missing ts (also called time, timestamp, at)"),
        (r#"{"ts":1763640000,"status":"up"}"#, "missing system (also called systemId, service)"),
        (r#"{"ts":1763640000,"system":"a"}"#, "missing status (also called newStatus)"),
        (r#"{"ts":1,"ts":2,"system":"a","status":"up"}"#, "ts is given twice at column 14"),
        (
            r#"{"ts":1,"at":2,"system":"a","status":"up"}"#,
            "ts is given twice (`at` is another name for it) at column 14",
        ),
        (r#"{"ts":1763640000,"system":true,"status":"up"}"#, "system true is not a string; put it in quotes"),
        (
            r#"{"ts":1763640000,"system":"a","status":"up","check":"日本"}"#,
            "check \"日本\": a name consists of the characters A-Z a-z 0-9 . _ / : -",
        ),
        (
            r#"{"ts":1763640000,"system":"a b","status":"up"}"#,
            "system \"a b\": a name consists of the characters A-Z a-z 0-9 . _ / : -; write a-b, or use --slug",
        ),
        (
            r#"{"ts":1763640000,"system":"a","status":"sideways"}"#,
            "unknown status \"sideways\"; expected healthy, degraded, unhealthy or unknown, or an alias such as up or down",
        ),
        (
            r#"{"ts":1763640000,"system":"a","status":"up","source":"cat"}"#,
            "unknown source \"cat\"; expected healthcheck or incident",
        ),
        (
            r#"{"ts":"yesterday","system":"a","status":"up"}"#,
            "ts \"yesterday\" is not a time; write RFC 3339 (2026-11-20T14:05:00Z), 2026-11-20, 2026-11-20 14:05, or Unix \
             seconds or milliseconds",
        ),
        (
            r#"{"ts":-1,"system":"a","status":"up"}"#,
            "ts \"-1\" is outside 2000–2262: as Unix time it is 1969-12-31T23:59:59.000Z; write for example 2026-11-20T14:05:00Z",
        ),
        (
            r#"{"ts":20261003,"system":"a","status":"up"}"#,
            "ts \"20261003\" is a number that looks like a date; write 2026-10-03",
        ),
        (
            r#"{"ts":"20261003","system":"a","status":"up"}"#,
            "ts \"20261003\" is a number that looks like a date; write 2026-10-03",
        ),
        (
            r#"{"ts":46298.5,"system":"a","status":"up"}"#,
            "ts \"46298.5\" is a number that looks like a spreadsheet date; write 2026-10-03 12:00",
        ),
        (
            r#"{"ts":"1969-12-31T23:59:59Z","system":"a","status":"up"}"#,
            "ts \"1969-12-31T23:59:59Z\" is outside 2000–2262",
        ),
        (r#"{"ts":"9999-01-01","system":"a","status":"up"}"#, "ts \"9999-01-01\" is outside 2000–2262"),
        (
            r#"{"ts":"2025-11-20T16:05:00Z","system":"a","status":"up"}"#,
            "ts \"2025-11-20T16:05:00Z\" is 2h after this machine's clock; correct it, or allow more with --max-skew",
        ),
    ] {
        assert_eq!(one(line), Err(reason.to_owned()), "{line}");
    }
    let reason = one(b"{\"ts\":1763640000,\"system\":\"\xff\",\"status\":\"up\"}").unwrap_err();
    assert!(reason.starts_with("not UTF-8 from byte 28 on: "), "{reason}");
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    assert_eq!(one(&deep), Err("invalid JSON: not closed at column 100005".to_owned()));
    let long = format!("{{\"ts\":1763640000,\"system\":\"{}\",\"status\":\"up\"}}", "n".repeat(254));
    let reason = one(&long).unwrap_err();
    assert!(reason.ends_with("a name has at most 253 characters, this one has 254"), "{reason}");
    assert!(reason.len() < 200, "{reason}");
}

#[test]
fn what_a_line_may_look_like() {
    for line in [
        GOOD,
        " \t{ \"ts\" : 1763640000 , \"system\" : \"a\" , \"status\" : \"up\" } \t\r",
        r#"{"time":1763640000000,"systemId":"a","status":"OK"}"#,
        r#"{"timestamp":"2025-11-20T12:00:00Z","service":"a","status":1}"#,
        r#"{"at":1.76364e9,"system":"a","status":true}"#,
        r#"{"Time":"2025-11-20 12:00 UTC","SERVICE":"a","newStatus":"operational"}"#,
        r#"{"TIMESTAMP":"2025-11-20T14:00+0200","SystemId":"a","NewStatus":"RESOLVED","checkid":null}"#,
        r#"{"at":1763640000.0,"system":"\u0061","status":"Passing","note":null,"check":"","source":""}"#,
        r#"{"ts":"2025-11-20T13:00:00+01:00","system":"a","status":1.0,"unknown":{"deep":[1,{"x":null}]}}"#,
    ] {
        assert_eq!(one(line), Ok(("a healthcheck -".to_owned(), 1_763_640_000_000, Status::Healthy, None)), "{line}");
    }
    let edge = one(r#"{"ts":"2025-11-20T14:15:00Z","system":"a","status":"up"}"#);
    assert_eq!(edge.map(|row| row.1), Ok(NOW + 600_000), "just within the skew");
    let line = r#"{"ts":1763640000,"system":"A/b:c.d_e-f","status":"down","source":"Incident","check":"x","note":5}"#;
    let at = 1_763_640_000_000;
    assert_eq!(one(line), Ok(("A/b:c.d_e-f incident x".to_owned(), at, Status::Unhealthy, Some("5".to_owned()))));
    let line = r#"{"ts":1763640000,"system":"a","status":"up","note":"\u0000 \"\u00fc\"\n"}"#;
    assert_eq!(one(line).map(|row| row.3), Ok(Some("\0 \"ü\"\n".to_owned())));
    let line = r#"{"ts":1763640000,"system":7,"status":"major_outage","check":42}"#;
    assert_eq!(one(line), Ok(("7 healthcheck 42".to_owned(), at, Status::Unhealthy, None)), "a number is a name");
}

#[test]
fn a_location_tells_streams_apart_whatever_it_is_called() {
    let line =
        |rest: &str| one(format!(r#"{{"ts":1763640000,"system":"a","newStatus":"down","previousStatus":"up"{rest}}}"#));
    let at = |stream: &str| Ok((stream.to_owned(), 1_763_640_000_000, Status::Unhealthy, None));
    assert_eq!(line(r#","check":"http","location":"eu-1""#), at("a healthcheck http@eu-1"));
    assert_eq!(line(r#","check":"http","Region":"us""#), at("a healthcheck http@us"));
    assert_eq!(line(r#","satellite":"berlin""#), at("a healthcheck -@berlin"));
    assert_eq!(line(r#","location":"","check":"http""#), at("a healthcheck http"));
    assert_eq!(line(r#","location":null,"source":"incident""#), at("a incident -"));
    let reason =
        "location \"eu west\": a name consists of the characters A-Z a-z 0-9 . _ / : -; write eu-west, or use --slug";
    assert_eq!(line(r#","location":"eu west""#), Err(reason.to_owned()));
    // The same letters in other columns make other streams.
    let lines = ["ab,", "a,b", "b,a", ",ab", "ab,"].map(|names| format!("2025-11-20,s,up,{names}\n"));
    let outcome = auto(format!("ts,system,status,check,location\n{}", lines.concat()));
    let streams: Vec<&str> = outcome.rows.iter().map(|(stream, ..)| &**stream).collect();
    let one = "s healthcheck";
    assert_eq!(streams, ["ab", "a@b", "b@a", "-@ab", "ab"].map(|rest| format!("{one} {rest}")));
}

#[test]
fn empty_inputs_and_blank_lines_are_nothing() {
    for text in ["", "\n", "\r\n\n  \t \n", "\u{feff}", "\u{feff}\n"] {
        assert_eq!(auto(text), Outcome::default(), "{text:?}");
    }
    assert_eq!(read(io::empty(), options(Format::Csv)), Outcome::default());
    assert_eq!(auto("ts,system,status\n"), Outcome::default());
}

#[test]
fn line_ends_and_marks_do_not_matter() {
    let expected = ["a", "b"];
    for text in [
        format!("{}{}", good("a"), good("b")),
        format!("{}{}", good("a"), good("b").trim_end()),
        format!("\u{feff}{}\r\n\r\n{}", good("a").trim_end(), good("b")),
        "\u{feff}ts,system,status\r\n2025-11-20,a,up\r\n2025-11-20,b,up".to_owned(),
    ] {
        let outcome = auto(&text);
        assert_eq!((outcome.systems(), outcome.reasons()), (expected.to_vec(), vec![]), "{text:?}");
        let outcome = auto(gzip(text.as_bytes()));
        assert_eq!((outcome.systems(), outcome.reasons()), (expected.to_vec(), vec![]), "gzipped {text:?}");
    }
}

#[test]
fn rejected_lines_are_handed_on_as_they_were() {
    let text = b"x\r\n{\"ts\":1,\0}\n\xff\xfe\x00\n  padded  \n{\"\n".to_vec();
    let outcome = read(&*text, options(Format::Jsonl));
    let raws: Vec<&[u8]> = outcome.rejects.iter().map(|(_, _, raw)| &**raw).collect();
    assert_eq!(raws, [&b"x\r"[..], b"{\"ts\":1,\0}", b"\xff\xfe\x00", b"  padded  ", b"{\""]);
    assert_eq!(outcome.rejects.iter().map(|(line, ..)| *line).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn utf_16_is_named() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let expected = Some("UTF-16 text; slo reads UTF-8".to_owned());
    assert_eq!(auto(utf16("\u{feff}ts,system,status\n")).error, expected);
    assert_eq!(auto(gzip(&utf16("\u{feff}ts,system,status\n"))).error, expected);
    assert_eq!(auto([0xfe, 0xff, 0, b'{']).error, expected);
}

#[test]
fn gzip_comes_in_members_and_its_damage_is_told() {
    let whole = [gzip(good("a").as_bytes()), gzip(b""), gzip(good("b").as_bytes())].concat();
    assert_eq!(auto(&whole).systems(), ["a", "b"]);
    assert_eq!(auto(gzip(b"")), Outcome::default());
    let lines: String = (0..3000).map(|number| good(&format!("s{}", number * 7919 % 3001))).collect();
    let zipped = gzip(lines.as_bytes());
    let truncated = auto(&zipped[..zipped.len() / 2]);
    assert_eq!(truncated.error.as_deref(), Some("the gzip input ends early; it is truncated"));
    assert!(truncated.rows.len() > 1000 && truncated.rejects.is_empty(), "what was whole is kept");
    for length in 2..30 {
        let error = auto(&zipped[..length]).error;
        assert!(error.is_some_and(|text| text.contains("gzip")), "{length} bytes");
    }
    let mut damaged = zipped.clone();
    let middle = damaged.len() - 6;
    damaged[middle] ^= 1;
    let error = auto(&damaged).error.unwrap();
    assert!(error.starts_with("the gzip input is damaged ("), "{error}");
    let error = auto([&zipped[..], b"junk behind the last member"].concat()).error.unwrap();
    assert!(error.starts_with("the gzip input is damaged ("), "{error}");
}

#[test]
fn batches_are_joined_only_while_their_notes_and_rows_are_few() {
    let batch = |rows: usize, note_bytes: usize| {
        let row = Row::new(0, Instant::from_millis(0), Status::Healthy);
        Batch { rows: vec![row; rows], note_bytes, ..Batch::default() }
    };
    assert!(batch(6, MOST_NOTE_BYTES / 2).has_room_for(&batch(4, MOST_NOTE_BYTES / 2), 10));
    assert!(!batch(6, 0).has_room_for(&batch(5, 0), 10));
    assert!(!batch(6, MOST_NOTE_BYTES).has_room_for(&batch(1, 1), 10));
}
