//! Inputs that are not feeds: one error each, with a place and a remedy; and some that only look that way.

use super::*;
use crate::failure::Failure;

/// The error of an input and its remedy; no line is read or rejected.
#[track_caller]
fn refused(input: &[u8]) -> (String, String) {
    let mut reader = Reader::new(input, options(Format::Auto), Names::default());
    let error = loop {
        match reader.next_batch(&mut |reject| panic!("rejected by itself: {reject:?}")) {
            Err(error) => break error,
            Ok(batch) => assert!(batch.is_some_and(|batch| batch.rows.is_empty()), "no error"),
        }
    };
    (format!("{error:#}"), Failure::hint(&error).unwrap().to_owned())
}

/// Files as other programs write them.
#[test]
fn what_other_programs_write_gets_one_error_with_a_remedy() {
    let flips = "[\n  {\n    \"timestamp\": \"2026-10-03T10:18:23+00:00\",\n    \"up\": 1\n  },\n  {\n    \"timestamp\": \
                 \"2026-10-03T10:17:15+00:00\",\n    \"up\": 0\n  }\n]\n";
    let incidents = "{\n  \"incidents\": [\n    {\n      \"id\": \"1\",\n      \"service\": \"Mail Room\",\n      \"type\": \
                     \"down\",\n      \"started_at\": \"2026-10-02T08:45:23.899Z\",\n      \"resolved_at\": \
                     \"2026-10-02T09:00:29.016Z\"\n    }\n  ]\n}\n";
    for (input, told, remedy) in [
        (
            flips,
            "line 2: the records have no system or status: {\"timestamp\"",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "[{\"up\":1}]",
            "line 1: the records have no ts, system or status: {\"up\":1}",
            "describe it: `slo feed try FILE",
        ),
        (
            incidents,
            "line 1: JSON over several lines or in an array, not one object per line; its records have no ts or status",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "\n\n{\n  \"ts\": 1763640000,\n",
            "line 3: JSON over several lines or in an array, not one object per line",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "{\"a\":\n[1,\n2]}\n",
            "line 1: JSON over several lines or in an array, not one object per line",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "[1790985600] LOG ROTATION: DAILY\n[1790985600] LOG VERSION: 2.0\n",
            "line 1: a log, and slo reads JSON Lines and CSV: [1790985600] LOG ROTATION: DAILY",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "\"Event\",\"Monitor\",\"Date-Time\",\"Reason\"\n\"Up\",\"Shop front\",\"2026-10-03 00:12:00\",\"OK\"\n",
            "line 1: the CSV header has no columns ts, system and status: \"Event\",\"Monitor\",\"Date-Time\",\"Reason\"",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "id,incident_number,description,service_id,service_name,created_on,resolved_on,urgency\nP1,11,x,S,Shop,,,\n",
            "line 1: the CSV header has no columns ts, system and status: id,incident_number,",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "id,start,end,title\n1,2026-01-01,,x\n",
            "line 1: the CSV header has no columns ts, system and status: id,start,end,title",
            "if these are incidents, `slo ingest --feed incidents` reads those with columns system, start and end",
        ),
        (
            "{\"name\":\"Shop\",\"clock\":\"2026-01-01T00:00:00Z\",\"value\":\"1\"}\n{\"name\":\"Shop\",\"value\":\"0\"}\n",
            "line 1: the records have no ts, system or status: {\"name\":\"Shop\"",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "{\"flips\":[{\"timestamp\":\"2026-01-01T00:00:00Z\",\"up\":1}]}\n",
            "line 1: the record has no ts, system or status: {\"flips\"",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "{\"status\":\"success\",\"data\":{\"result\":[]}}\n",
            "line 1: the record has no ts or system: {\"status\"",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "{\"service\":\"web\",\"incidents\":[{\"from\":\"2026-11-01\"}]}\n",
            "line 1: the record has no ts or status: {\"service\"",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        (
            "2026-10-03 12:00:01 INFO all is well\n2026-10-03 12:00:02 INFO still\n",
            "line 1: expected a JSON object or a CSV header: 2026-10-03 12:00:01 INFO all is well",
            "describe it: `slo feed try FILE > feed.yaml`",
        ),
        ("SQLite format 3\0\u{10}\0", "a SQLite database, not text", "name the database file itself"),
        ("PK\u{3}\u{4}\u{14}\n\n", "not text but a spreadsheet", "export the records"),
        ("\0\u{1}\u{2}\nx\n", "not text but a binary file", "export the records"),
    ] {
        let (error, hint) = refused(input.as_bytes());
        assert!(error.starts_with(told), "{error}");
        assert!(hint.contains(remedy), "{hint}");
    }
}

#[test]
fn names_that_are_nearly_those_of_fields_are_told_with_what_to_rename() {
    for (input, remedy) in [
        (
            "when,host,state\n2026-10-01 10:00,a,up\n",
            "rename `when` to `ts`, `host` to `system` and `state` to `status` in the first line; or describe it",
        ),
        (
            "ts,Host Name,status\n2026-10-01 10:00,a,up\n",
            "rename `Host Name` to `system` in the first line; or describe it",
        ),
        (
            "when,thing,state\n2026-10-01 10:00,a,up\n",
            "name the columns that hold the time, the system and its status `ts`, `system` and `status` in the first line",
        ),
        (
            "{\"when\":1790933410,\"host\":\"a\",\"state\":\"up\"}\n{\"when\":1}\n",
            "rename `when` to `ts`, `host` to `system` and `state` to `status`; or describe it",
        ),
        // Renaming does not help if the values are written in a way that only a feed can describe.
        (
            "Date,Service,Status\n10/24/2026 11:15 PM,a,Down\n",
            "describe it: `slo feed try FILE > feed.yaml` writes a feed to start from; \"10/24/2026 11:15 PM\" in `Date` is not a \
             time that slo reads",
        ),
        (
            "when,host,state\n2026-10-01 10:00,a,Ausfall\n",
            "describe it: `slo feed try FILE > feed.yaml` writes a feed to start from; \"Ausfall\" in `state` is not a status \
             that slo reads",
        ),
        (
            "{\"date\":\"24.10.2026\",\"host\":\"a\",\"state\":\"up\"}\n{\"date\":1}\n",
            "describe it: `slo feed try FILE",
        ),
    ] {
        let (_, hint) = refused(input.as_bytes());
        assert!(hint.starts_with(remedy), "{hint}");
    }
}

/// A file that is not a feed is neither read to its end nor held, however long it is.
#[test]
fn what_is_no_feed_is_told_soon() {
    for line in ["some log line\n", "{\"a\":1}\n", "{\n", "[1]\n"] {
        let text = line.repeat(500_000);
        let mut input = text.as_bytes();
        let mut reader = Reader::new(&mut input, options(Format::Auto), Names::default());
        let error = reader.next_batch(&mut |reject| panic!("{reject:?}")).unwrap_err();
        drop(reader);
        assert!(input.len() > text.len() / 2, "{line}: {error}");
    }
    let long = format!("[{}", "{\"ts\":1763640000},".repeat(200_000));
    assert!(refused(long.as_bytes()).0.starts_with("line 1: the first records have no system or status: "));
}

#[test]
fn a_good_line_saves_those_that_look_like_nothing() {
    for (before, reason) in [
        ("{\"x\":1}\n{\"y\":2}\n", "missing ts (also called time, timestamp, at)"),
        ("{\"ts\":17", "invalid JSON: not closed at column 8"),
        ("[1763640000] LOG ROTATION\n", "expected a JSON object or a CSV header"),
        ("half a line\"}\n", "expected a JSON object or a CSV header"),
    ] {
        let outcome = auto(format!("{}\n{}", before.trim_end(), good("a")));
        assert_eq!((outcome.systems(), &outcome.error), (vec!["a"], &None), "{before}");
        assert_eq!(outcome.rejects[0].1, reason);
        assert_eq!(outcome.rejected, before.trim_end().lines().count() as u64);
    }
    // A single line may be cut off, or simply invalid.
    for (text, reason) in [
        ("{\"ts\":17\n", "invalid JSON: not closed"),
        ("{\"x\":1}\n", "missing ts"),
        ("{\"ts\":1763640000}\n{\"x\"\n", "missing status"),
    ] {
        let outcome = auto(text);
        assert!(outcome.error.is_none() && outcome.rejects[0].1.starts_with(reason), "{outcome:?}");
    }
}

/// Unambiguous other forms of the same rows.
#[test]
fn quoted_exports_and_arrays_are_read() {
    let item = |system: &str| good(system).trim_end().to_owned();
    let quoted = |system: &str| serde_json::to_string(&item(system)).unwrap();
    let doubled = |system: &str| format!("\"{}\"", item(system).replace('"', "\"\""));
    for text in [
        format!("[\n  {},\n  {}\n]\n", item("a"), item("b")),
        format!("[\r\n{},\r\n{}\r\n]\r\n", item("a"), item("b")),
        format!("[{},{}]", item("a"), item("b")),
        format!("\u{feff} [{},\n{}\n]", item("a"), item("b")),
        format!("[{},{}]", item("a"), item("b")).replace(",\"", ",\n  \"").replace('{', "{\n  "),
        format!("{}\n{}\n", quoted("a"), quoted("b")),
        format!("{}\n{}\n", doubled("a"), doubled("b")),
        "sep=;\nts;system;status\n2025-11-20;a;up\n2025-11-20;b;up\n".to_owned(),
        "\u{feff}\"sep=,\"\r\n\"ts\",\"system\",\"status\"\r\n\"2025-11-20\",\"a\",\"up\"\r\n\"2025-11-20\",\"b\",\"up\"\r\n".to_owned(),
        "\"ts,system,status\"\n\"2025-11-20,a,up\"\n\"2025-11-20,\"\"b\"\",up\"\n".to_owned(),
        "\"ts;\"\"system\"\";status\"\r\n\"2025-11-20;a;up\"\r\n2025-11-20;b;up\r\n".to_owned(),
    ] {
        let outcome = auto(&text);
        assert_eq!((outcome.systems(), outcome.reasons(), &outcome.error), (vec!["a", "b"], vec![], &None), "{text}");
    }
    // An invalid item of an array rejects only itself.
    let outcome = auto(format!("[\n{},\n{{\"x\":1}},\nx,\n{}\n]\n", item("a"), item("b")));
    assert_eq!((outcome.systems(), outcome.rejected), (vec!["a", "b"], 2), "{outcome:?}");
    // If it is cut off, everything before is kept.
    let outcome = auto(format!("[{},\n{},\n{{\"ts\":", item("a"), item("b")));
    assert_eq!((outcome.systems(), outcome.rejected), (vec!["a", "b"], 0), "{outcome:?}");
    assert_eq!(outcome.error.as_deref(), Some("line 3: the JSON ends early; it is truncated"));
    assert_eq!(auto("[]\n"), Outcome::default());
}

fn slugged(text: &str) -> Outcome {
    read_with(text.as_bytes(), options(Format::Auto), Names::new(true))
}

#[test]
fn slugs_make_names_and_refuse_two_that_become_one() {
    let line = |system: &str, check: &str| {
        format!("{{\"ts\":1763640000,\"system\":\"{system}\",\"status\":\"up\",\"check\":\"{check}\"}}\n")
    };
    let text = [line("Shop Front", "HTTP (eu)"), line("a", "HTTP (eu)"), line("Shop Front", "")].concat();
    let outcome = slugged(&text);
    assert_eq!(outcome.reasons(), []);
    let streams: Vec<&str> = outcome.rows.iter().map(|row| &*row.0).collect();
    assert_eq!(streams, ["Shop-Front healthcheck HTTP-eu", "a healthcheck HTTP-eu", "Shop-Front healthcheck -"]);
    let text = [line("Shop Front", ""), line("Shop-Front", ""), line("a", "x y"), line("b", "x-y"), line("a", "x  y")]
        .concat();
    let told = |text: &str, name: &str, other: &str| {
        format!("{text} would become {name}, like \"{other}\"; rename one of the two")
    };
    let (system, check) =
        (told("system \"Shop-Front\"", "Shop-Front", "Shop Front"), told("check \"x  y\"", "x-y", "x y"));
    assert_eq!(slugged(&text).reasons(), [(2, &*system), (5, &*check)]);
    assert_eq!(
        slugged(&line("日本", "")).reasons(),
        [(1, "system \"日本\" has no character that is allowed in a name")]
    );
    assert_eq!(auto(line("Shop Front", "") + &good("a")).rejected, 1, "only where it is asked for");
}

proptest::proptest! {
    /// Slugs change only invalid names, and reading the same input again gives the same rows.
    #[test]
    fn slugs_change_only_what_is_no_name(systems in proptest::collection::vec("[A-Za-z0-9._/:-]{1,6}|[a-c ü]{1,4}", 1..6)) {
        let text: String = systems.iter().map(|system| good(system)).collect();
        let (plain, made) = (auto(&text), slugged(&text));
        proptest::prop_assert_eq!(&slugged(&text), &made);
        if plain.rejected == 0 && plain.error.is_none() {
            proptest::prop_assert_eq!(plain, made);
        } else {
            proptest::prop_assert!(made.rows.iter().all(|row| Name::parse(row.0.split(' ').next().unwrap()).is_ok()));
        }
    }
}
