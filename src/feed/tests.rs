//! Tests of the feed as a whole: hostile bytes, every way in which they may arrive, and what becomes of each line.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::fields::{Field, Fields};
use super::*;
use crate::domain::transition::Status;

/// 2025-11-20T14:05:00Z.
const NOW: i64 = 1_763_647_500_000;

fn options(format: Format) -> Options {
    let now = Instant::from_millis(NOW);
    Options { format, latest: now.plus(600_000), now, batch_rows: 1000, follow: false }
}

/// What became of an input.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Outcome {
    /// `system/source/check`, milliseconds, status, note.
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
    let mut reader = Reader::new(input, options);
    let mut outcome = Outcome::default();
    let mut streams: Vec<StreamKey> = Vec::new();
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
            let stream = format!("{} {} {check}", key.system, key.source.as_str());
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

/// One line, by itself: accepted, or the reason.
fn one(line: impl AsRef<[u8]>) -> Result<(String, i64, Status, Option<String>), String> {
    let outcome = read(line.as_ref(), options(Format::Jsonl));
    assert_eq!((outcome.read, &outcome.error), (1, &None), "{outcome:?}");
    match outcome.rows.into_iter().next() {
        Some(row) => Ok(row),
        None => Err(outcome.rejects[0].1.clone()),
    }
}

/// Hands its bytes out in pieces of the given sizes, over and over.
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

/// Texts from which lines of JSON are put together, well and badly.
fn json_token() -> impl Strategy<Value = String> {
    let keys = prop::sample::select(vec![
        "ts",
        "time",
        "timestamp",
        "at",
        "system",
        "systemId",
        "service",
        "status",
        "check",
        "healthcheck",
        "checkId",
        "source",
        "note",
        "other",
        "TS",
        "t\\u0073",
        "",
    ]);
    let values = prop::sample::select(vec![
        "1763640000",
        "1763640000000",
        "1763640000.5",
        "\"2025-11-20T14:05:00Z\"",
        "\"2025-11-20\"",
        "0",
        "-1",
        "1e9",
        "00",
        "1E400",
        "99999999999999999999",
        "NaN",
        "Infinity",
        "true",
        "false",
        "null",
        "\"up\"",
        "\"down\"",
        "\"DEGRADED\"",
        "\"\"",
        "\"a\"",
        "\"b c\"",
        "\"ü\"",
        "\"a\\\"b\"",
        "\"\\u0041\"",
        "{}",
        "[1]",
        "{\"a\":1}",
        "1",
        "\"incident\"",
        "\"a",
        "a\"",
        "",
    ]);
    let blank = prop::sample::select(vec!["", " ", "\t", "\r", "  "]);
    (keys, values, blank.clone(), blank)
        .prop_map(|(key, value, before, after)| format!("{before}\"{key}\"{after}:{before}{value}{after}"))
}

fn json_line() -> impl Strategy<Value = Vec<u8>> {
    let whole =
        Just(vec!["\"ts\":1763640000".to_owned(), "\"system\":\"a\"".to_owned(), "\"status\":\"up\"".to_owned()]);
    let some = prop::collection::vec(json_token(), 0..5);
    let open = prop::sample::select(vec!["{", "{", "{", " {", "", "["]);
    let close = prop::sample::select(vec!["}", "}", "}", "} ", "}\r", "", "}}", "} x"]);
    (whole, some, open, close, any::<bool>(), any::<(u16, u8)>(), 0..6u8).prop_map(
        |(whole, some, open, close, complete, (at, byte), mutation)| {
            let mut parts = if complete { whole } else { Vec::new() };
            parts.extend(some);
            let mut line = format!("{open}{}{close}", parts.join(",")).into_bytes();
            let at = usize::from(at) % (line.len() + 1);
            match mutation {
                0 => line.insert(at, byte),
                1 if at < line.len() => line[at] = byte,
                2 if at < line.len() => drop(line.remove(at)),
                3 => line.truncate(at),
                _ => {}
            }
            line.retain(|byte| *byte != b'\n');
            line
        },
    )
}

fn csv_piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "2025-11-20,a,up,x\n",
        "2025-11-20,b,down,\"quoted\"\n",
        "2025-11-20,c,up,\"two\nlines\"\r\n",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        ",",
        ";",
        "\n",
        "\r",
        "2025-11-20,d,up,5\" disk\n",
        "2025-11-20,e,up,\"never closed\n",
        "a",
        "\"a\"b\n",
        "2025-11-20,f,up,\"say \"\"hi\"\"\"\n",
        "\u{fffd}",
        "\0",
        "2025-11-20,g,up,\"\"\n",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever the fast scan accepts, the strict parser reads as the same values.
    #[test]
    fn the_fast_scan_agrees_with_the_strict_parser(line in json_line()) {
        let mut fast = Fields::default();
        if json::scan(&line, &mut fast) {
            let mut strict = Fields::default();
            prop_assert_eq!(json::parse(&line, &mut strict, &mut |_| {}), Ok(()));
            for field in Field::ALL {
                prop_assert_eq!(fast.get(field), strict.get(field));
            }
        }
    }

    /// The strict parser accepts what a JSON library calls an object of scalars, without the same field twice, and nothing else.
    #[test]
    fn lines_that_are_no_json_are_rejected(line in json_line()) {
        let outcome = read(&*line, options(Format::Jsonl));
        if !outcome.rows.is_empty() {
            let value: Result<serde_json::Value, _> = serde_json::from_slice(&line);
            // A number that no float holds is JSON all the same, where nobody needs it.
            let valid = value.map_or_else(|error| error.to_string().contains("out of range"), |value| value.is_object());
            prop_assert!(valid);
        }
    }

    #[test]
    fn how_the_input_arrives_changes_nothing(
        lines in prop::collection::vec(json_line(), 0..8),
        sizes in prop::collection::vec(1..40usize, 1..6),
        end: bool,
    ) {
        let mut bytes = lines.join(&b'\n');
        if end { bytes.push(b'\n'); }
        let whole = auto(&bytes);
        prop_assert_eq!(&read(Drip::new(&bytes, &[1]), options(Format::Auto)), &whole);
        prop_assert_eq!(&read(Drip::new(&bytes, &sizes), options(Format::Auto)), &whole);
        let follow = Options { follow: true, batch_rows: 2, ..options(Format::Auto) };
        prop_assert_eq!(&read(Drip::new(&bytes, &sizes), follow), &whole);
        let zipped = gzip(&bytes);
        prop_assert_eq!(&read(Drip::new(&zipped, &sizes), options(Format::Auto)), &whole);
    }

    #[test]
    fn how_a_csv_arrives_changes_nothing(
        pieces in prop::collection::vec(csv_piece(), 0..12),
        sizes in prop::collection::vec(1..20usize, 1..6),
    ) {
        let bytes = format!("ts,system,status,note\n{}", pieces.concat()).into_bytes();
        let whole = auto(&bytes);
        prop_assert_eq!(&whole.error, &None);
        prop_assert_eq!(&read(Drip::new(&bytes, &[1]), options(Format::Auto)), &whole);
        prop_assert_eq!(&read(Drip::new(&bytes, &sizes), options(Format::Csv)), &whole);
        let follow = Options { follow: true, batch_rows: 2, ..options(Format::Csv) };
        prop_assert_eq!(&read(Drip::new(&bytes, &sizes), follow), &whole);
    }

    #[test]
    fn no_bytes_break_any_format(bytes: Vec<u8>, header: bool, format in 0..3usize) {
        let format = [Format::Auto, Format::Jsonl, Format::Csv][format];
        let mut input = if header { b"ts;system;status;note\n".to_vec() } else { Vec::new() };
        input.extend(bytes);
        let whole = read(&*input, options(format));
        prop_assert_eq!(&read(Drip::new(&input, &[1]), options(format)), &whole);
        if format == Format::Jsonl && whole.error.is_none() && !input.starts_with(&[0x1f, 0x8b]) {
            let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&input);
            let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace));
            prop_assert_eq!(whole.read, lines.count() as u64);
        }
    }

    /// A note of any characters comes through CSV as it was written.
    #[test]
    fn quoted_notes_come_back(note in "[a-z\",;\t\r\n ü\u{2028}]{1,20}", after in "[a-z]{1,5}") {
        let quoted = note.replace('"', "\"\"");
        let text = format!("ts,system,status,note\n2025-11-20,a,up,\"{quoted}\"\n2025-11-20,b,up,{after}\n");
        let outcome = auto(&text);
        prop_assert_eq!(outcome.reasons(), []);
        let notes: Vec<_> = outcome.rows.iter().map(|row| row.3.clone().unwrap()).collect();
        prop_assert_eq!(notes, [note, after]);
    }
}

#[test]
fn each_reason_names_the_value_and_what_to_write() {
    for (line, reason) in [
        ("oops", "not a JSON object: oops"),
        (r#"["a"]"#, r#"not a JSON object: [\"a\"]"#),
        ("42", "not a JSON object: 42"),
        ("{", "EOF while parsing an object at column 1"),
        (r#"{"ts":1763640000,"system":"a","status":"up"} x"#, "trailing characters at column 46"),
        (r#"{"ts":1763640000,"system":"a","status":"up",}"#, "trailing comma at column 45"),
        (r#"{"ts":NaN,"system":"a","status":"up"}"#, "expected value at column 7"),
        (r#"{"ts":Infinity,"system":"a","status":"up"}"#, "expected value at column 7"),
        (r#"{"ts":1e400,"system":"a","status":"up"}"#, "number out of range at column 11"),
        (r#"{"ts":01,"system":"a","status":"up"}"#, "invalid number at column 8"),
        (
            r#"{"ts":{"a":1},"system":"a","status":"up"}"#,
            "invalid type: map, expected text or a number for ts at column 7",
        ),
        (
            r#"{"ts":[1],"system":"a","status":"up"}"#,
            "invalid type: sequence, expected text or a number for ts at column 7",
        ),
        (r#"{"ts":null,"system":"a","status":"up"}"#, "ts is missing (also called time, timestamp, at)"),
        (r#"{"system":"a","status":"up"}"#, "ts is missing (also called time, timestamp, at)"),
        (r#"{"ts":1763640000,"status":"up"}"#, "system is missing (also called systemId, service)"),
        (r#"{"ts":1763640000,"system":"a"}"#, "status is missing"),
        (r#"{"ts":1,"ts":2,"system":"a","status":"up"}"#, "ts is given twice at column 14"),
        (r#"{"ts":1,"at":2,"system":"a","status":"up"}"#, "ts is given twice (at is another name for it) at column 14"),
        (r#"{"ts":1763640000,"system":5,"status":"up"}"#, "system 5 is not text; put it in quotes"),
        (
            r#"{"ts":1763640000,"system":"a b","status":"up"}"#,
            "system \"a b\": a name consists of the characters A-Z a-z 0-9 . _ / : -",
        ),
        (
            r#"{"ts":1763640000,"system":"a","status":"sideways"}"#,
            "status \"sideways\" is none; write healthy, degraded, unhealthy or unknown, or an alias such as up or down",
        ),
        (
            r#"{"ts":1763640000,"system":"a","status":"up","source":"cat"}"#,
            "source \"cat\" is none; write healthcheck or incident",
        ),
        (
            r#"{"ts":"yesterday","system":"a","status":"up"}"#,
            "ts \"yesterday\" is not a time; write RFC 3339 (2026-11-20T14:05:00Z), 2026-11-20, 2026-11-20 14:05, or Unix \
             seconds or milliseconds",
        ),
        (r#"{"ts":-1,"system":"a","status":"up"}"#, "ts \"-1\" is outside 1970–2262"),
        (
            r#"{"ts":"1969-12-31T23:59:59Z","system":"a","status":"up"}"#,
            "ts \"1969-12-31T23:59:59Z\" is outside 1970–2262",
        ),
        (r#"{"ts":"9999-01-01","system":"a","status":"up"}"#, "ts \"9999-01-01\" is outside 1970–2262"),
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
    assert_eq!(one(&deep), Err("EOF while parsing a list at column 100005".to_owned()));
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
        r#"{"at":1763640000.0,"system":"\u0061","status":"Passing","note":null,"check":"","source":""}"#,
        r#"{"ts":"2025-11-20T13:00:00+01:00","system":"a","status":1.0,"unknown":{"deep":[1,{"x":null}]}}"#,
    ] {
        assert_eq!(one(line), Ok(("a healthcheck -".to_owned(), 1_763_640_000_000, Status::Healthy, None)), "{line}");
    }
    let edge = one(r#"{"ts":"2025-11-20T14:15:00Z","system":"a","status":"up"}"#);
    assert_eq!(edge.map(|row| row.1), Ok(NOW + 600_000), "just within the skew");
    let line = r#"{"ts":0,"system":"A/b:c.d_e-f","status":"down","source":"Incident","check":"x","note":5}"#;
    assert_eq!(one(line), Ok(("A/b:c.d_e-f incident x".to_owned(), 0, Status::Unhealthy, Some("5".to_owned()))));
    let line = r#"{"ts":0,"system":"a","status":"up","note":"\u0000 \"\u00fc\"\n"}"#;
    assert_eq!(one(line).map(|row| row.3), Ok(Some("\0 \"ü\"\n".to_owned())));
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
    let expected = Some("the input is UTF-16; convert it to UTF-8 first".to_owned());
    assert_eq!(auto(utf16("\u{feff}ts,system,status\n")).error, expected);
    assert_eq!(auto(gzip(&utf16("\u{feff}ts,system,status\n"))).error, expected);
    assert_eq!(auto([0xfe, 0xff, 0, b'{']).error, expected);
}

#[test]
fn a_line_may_be_one_mebibyte_and_not_a_byte_more() {
    let padded = |length: usize| {
        let mut line = GOOD.as_bytes().to_vec();
        line.resize(length, b' ');
        line
    };
    for end in [&b"\n"[..], b"\r\n", b""] {
        for sizes in [&[usize::MAX][..], &[65_537], &[1 << 20, 1, 1, 1, 1]] {
            for (length, accepted) in
                [(LONGEST_LINE - 1, true), (LONGEST_LINE, true), (LONGEST_LINE + 1, false), (LONGEST_LINE + 2, false)]
            {
                let line = [&padded(length), end].concat();
                let outcome = read(Drip::new(&line, sizes), options(Format::Jsonl));
                assert_eq!(outcome.rows.len() == 1, accepted, "{length} bytes, {end:?}, {sizes:?}");
                if !accepted {
                    assert_eq!(outcome.rejects[0].1, "longer than 1 MiB");
                    let kept = [&padded(length), end.strip_suffix(b"\n").unwrap_or(end)].concat();
                    assert!(outcome.rejects[0].2 == kept);
                }
            }
        }
    }
}

#[test]
fn lines_of_ten_megabytes_pass_in_pieces_and_hide_nothing() {
    let long = vec![b'{'; 10 << 20];
    let mut text = good("a").into_bytes();
    text.extend_from_slice(&long);
    text.push(b'\n');
    text.extend_from_slice(good("b").as_bytes());
    text.extend_from_slice(&long);
    for sizes in [&[usize::MAX][..], &[4096], &[100_000, 7]] {
        let mut reader = Reader::new(Drip::new(&text, sizes), options(Format::Auto));
        let (mut kept, mut largest, mut lines) = (0, 0, Vec::new());
        while let Some(batch) = reader
            .next_batch(&mut |reject| {
                kept += reject.raw.len();
                largest = largest.max(reject.raw.len());
                lines.extend(reject.reason.is_some().then_some(reject.line));
                Ok(())
            })
            .unwrap()
        {
            assert_eq!((batch.rows.len(), batch.read, batch.rejected), (2, 4, 2));
        }
        assert_eq!((kept, lines), (2 * long.len(), vec![2, 4]));
        assert!(largest < 2 << 20, "{largest} bytes were held at once");
    }
    // As the first line of all it says nothing about the format.
    let text = [&long[..], b"\nts,system,status\n2025-11-20,a,up\n"].concat();
    let outcome = auto(text);
    assert_eq!((outcome.systems(), outcome.rejects.len(), &outcome.error), (vec!["a"], 1, &None));
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
fn csv_headers_take_aliases_quotes_and_any_delimiter() {
    for text in [
        "ts,system,status\n2025-11-20,a,up\n",
        "TIME;Service;STATUS\n2025-11-20;a;up\n",
        "status\tsystemid\tTimestamp\nup\ta\t2025-11-20\n",
        "\"ts\",\"system\",\"status\"\n\"2025-11-20\",\"a\",\"up\"\n",
        " ts , SystemId , status \n 2025-11-20 , a , up \n",
        "\n\n\"at\";extra;\"system\";\"status\"\n2025-11-20;\"x;y\";a;up\n",
    ] {
        let outcome = auto(text);
        assert_eq!((outcome.systems(), outcome.reasons()), (vec!["a"], vec![]), "{text}");
    }
    let outcome = auto("ts,system,status,healthcheck,source,region,note\n2025-11-20,a,down,http,incident,eu, kept \n");
    let row = ("a incident http".to_owned(), 1_763_596_800_000, Status::Unhealthy, Some(" kept ".to_owned()));
    assert_eq!((outcome.rows, outcome.ignored), (vec![row], vec!["region".to_owned()]));
}

#[test]
fn csv_headers_that_cannot_do_say_why() {
    for (text, error) in [
        ("ts,system\n", "the CSV header has no column status: ts,system"),
        ("system;status\n", "the CSV header has no column ts: system;status"),
        ("ts,time,system,status\n", "the CSV header names one field twice: time"),
        ("hello\n", "it begins with neither a JSON object nor a CSV header: hello"),
        ("[{}]\n", "it begins with neither a JSON object nor a CSV header: [{}]"),
        ("\0\u{1}\u{2}\n", "it begins with neither a JSON object nor a CSV header: \\0\\u{1}\\u{2}"),
    ] {
        assert_eq!(auto(text).error.as_deref(), Some(error), "{text}");
    }
    let error = read(&b"hello\n"[..], options(Format::Csv)).error;
    assert_eq!(error.as_deref(), Some("the CSV header has no column ts: hello"));
    let endless = read(io::repeat(b'\n').take(3 << 20).chain("x\n".repeat(5000).as_bytes()), options(Format::Auto));
    assert_eq!(endless.rejected, 1000);
    assert!(endless.error.is_some());
}

/// The format is told by the first line that can; those before it are rejected like any other bad line.
#[test]
fn a_bad_first_line_costs_no_good_one() {
    let outcome = auto(format!("half a line\"}}\n{}", good("a")));
    assert_eq!((outcome.systems(), &outcome.error), (vec!["a"], &None));
    assert_eq!(outcome.rejects[0].1, "neither a JSON object nor a CSV header");
    let outcome = auto("# made by hand\nts,system,status\n2025-11-20,a,up\n");
    assert_eq!((outcome.systems(), outcome.rejected, &outcome.error), (vec!["a"], 1, &None));
}

#[test]
fn quotes_that_do_not_pair_cost_one_line() {
    let header = "ts,system,status,note\n";
    let row = |system: &str, note: &str| format!("2025-11-20,{system},up,{note}\n");
    let cases = [
        (vec![row("a", "\"open"), row("b", "x"), row("c", "\"y\"")], vec!["b", "c"], 1),
        (vec![row("a", "\"open"), row("b", "x"), row("c", "y")], vec!["b", "c"], 1),
        (vec![row("a", "x"), row("b", "\"open")], vec!["a"], 1),
        (vec![row("a", "\"a\"b"), row("b", "x")], vec!["b"], 1),
        (vec![row("a", "5\" disk"), row("b", "x"), row("c", "3\" pipe")], vec!["a", "b", "c"], 0),
        (vec![row("a", "\"two\nlines\""), row("b", "x")], vec!["a", "b"], 0),
        (vec![row("a", "\"\""), row("b", "\"\"\"\"")], vec!["a", "b"], 0),
        (vec![row("a", "\"open"), "\"\n".to_owned(), row("b", "x")], vec!["a", "b"], 0),
    ];
    for (rows, systems, rejected) in cases {
        let outcome = auto(format!("{header}{}", rows.concat()));
        assert_eq!((outcome.systems(), outcome.rejected), (systems, rejected), "{rows:?}");
    }
    // A quoted field of more than a mebibyte is an open quote, not a reason to hold the rest.
    let lines = row("b", "x").repeat(100_000);
    for end in ["", "\"\n"] {
        let outcome = auto(format!("{header}{}{lines}{end}", row("a", "\"open")));
        assert_eq!(outcome.rows.len(), 100_000);
        assert_eq!(outcome.reasons()[0], (2, "a quote is not closed, or text follows a closing one"));
    }
}

#[test]
fn lines_are_counted_through_quoted_fields() {
    let outcome = auto("ts,system,status,note\n2025-11-20,a,up,\"1\n2\n3\"\n\nbad\n2025-11-20,b,up,x,y\n");
    let reasons = [(6, "1 fields, the header has 4"), (7, "5 fields, the header has 4")];
    assert_eq!((outcome.systems(), outcome.reasons()), (vec!["a"], reasons.to_vec()));
}

/// A file with the line ends of an old Macintosh is one line; nothing of it may vanish.
#[test]
fn lone_carriage_returns_end_nothing() {
    let error = auto("ts,system,status\r2025-11-20,a,up\r").error.unwrap();
    assert!(error.starts_with("the CSV header has no column status"), "{error}");
    let outcome = auto("ts,system,status\n2025-11-20,a,up\r2025-11-20,b,up\n");
    assert_eq!((outcome.rows.len(), outcome.rejected), (0, 1));
}

#[test]
fn a_pipe_gets_a_batch_for_whatever_has_arrived() {
    /// Answers each read with one piece, and fails once they are spent: whoever asks then has waited in vain.
    struct Pieces(Vec<&'static str>);
    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("asked for more while lines were waiting"));
            }
            let piece = self.0.remove(0);
            into[..piece.len()].copy_from_slice(piece.as_bytes());
            Ok(piece.len())
        }
    }
    let follow = Options { follow: true, ..options(Format::Auto) };
    let csv = "ts,system,status,note\n2025-11-20,a,up,\n2025-11-20,b,up,\"open\nstill open\n";
    let json = "{\"ts\":1763640000,\"system\":\"a\",\"status\":\"up\"}\n{\"ts\":17";
    let rejected = "{\"ts\":1763640000}\n{\"ts\":17";
    for (text, rows) in [(csv, 1), (json, 1), (rejected, 0)] {
        // The first read is of one byte, to look for a mark.
        let mut reader = Reader::new(Pieces(vec![&text[..1], &text[1..]]), follow);
        let batch = reader.next_batch(&mut |_| Ok(())).unwrap().unwrap();
        assert_eq!((batch.rows.len(), batch.read), (rows, 1), "{text}");
        assert!(reader.next_batch(&mut |_| Ok(())).is_err());
    }
}

#[test]
fn more_streams_than_there_are_indices_begin_anew() {
    let most = Row::MOST_STREAMS;
    let total = most + most / 2;
    let mut text = String::new();
    for number in 0..total {
        text.push_str(&good(&format!("s{number}")));
    }
    text.push_str(&good("s0"));
    let outcome = read(text.as_bytes(), Options { batch_rows: 100_000, ..options(Format::Auto) });
    assert_eq!(outcome.rows.len(), total + 1);
    let wrong = outcome
        .rows
        .iter()
        .enumerate()
        .find(|(number, row)| row.0 != format!("s{} healthcheck -", if *number == total { 0 } else { *number }));
    assert_eq!(wrong, None);
}

#[test]
fn long_names_begin_anew_earlier() {
    let name = |number: usize| format!("{number:0>253}");
    let text: String = (0..70_000).map(|number| good(&name(number))).collect();
    let mut reader = Reader::new(text.as_bytes(), options(Format::Auto));
    let (mut restarts, mut streams) = (0, Vec::new());
    while let Some(batch) = reader.next_batch(&mut |_| Ok(())).unwrap() {
        if batch.restart {
            restarts += 1;
            streams.clear();
        }
        streams.extend(batch.new_streams);
        assert!(batch.rows.iter().all(|row| row.stream() < streams.len()));
    }
    assert_eq!(restarts, 1);
}

#[test]
fn notes_bound_a_batch() {
    let line =
        format!("{{\"ts\":1763640000,\"system\":\"a\",\"status\":\"up\",\"note\":\"{}\"}}\n", "n".repeat(500_000));
    let text = line.repeat(20);
    let mut reader = Reader::new(text.as_bytes(), options(Format::Auto));
    let mut sizes = Vec::new();
    while let Some(batch) = reader.next_batch(&mut |_| Ok(())).unwrap() {
        sizes.push(batch.rows.len());
    }
    assert_eq!(sizes, [9, 9, 2]);
}

#[test]
fn ignored_fields_are_remembered_once_and_not_without_end() {
    let long = "x".repeat(300);
    let line = format!("{{\"ts\":1763640000,\"system\":\"a\",\"status\":\"up\",\"{long}\":1}}\n");
    assert_eq!(auto(line.repeat(3)).ignored.len(), 1);
    let many: Vec<String> = (0..100).map(|number| format!("\"f{number}\":1")).collect();
    let line = format!("{{\"ts\":1763640000,\"system\":\"a\",\"status\":\"up\",{}}}\n", many.join(","));
    assert_eq!(auto(line).ignored.len(), 16);
}
