//! Headers, quotes and line ends of CSV.

use super::*;

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
    let outcome = auto("ts,system,status,healthcheck,source,owner,note\n2025-11-20,a,down,http,incident,eu, kept \n");
    let row = ("a incident http".to_owned(), 1_763_596_800_000, Status::Unhealthy, Some(" kept ".to_owned()));
    assert_eq!((outcome.rows, outcome.ignored), (vec![row], vec!["owner".to_owned()]));
}

#[test]
fn csv_headers_that_cannot_do_say_why() {
    for (text, error) in [
        ("ts,system\n", "the CSV header has no column status: ts,system"),
        ("system;status\n", "the CSV header has no column ts: system;status"),
        ("check;status;ok\n", "the CSV header has no columns ts and system: check;status;ok"),
        ("ts,time,system,status\n", "the CSV header has a field twice: time"),
        ("hello\n", "line 1: expected a JSON object or a CSV header: hello"),
    ] {
        assert_eq!(auto(text).error.as_deref(), Some(error), "{text}");
    }
    let error = read(&b"hello\n"[..], options(Format::Csv)).error;
    assert_eq!(error.as_deref(), Some("the CSV header has no columns ts, system and status: hello"));
    let endless = read(io::repeat(b'\n').take(3 << 20).chain("x\n".repeat(5000).as_bytes()), options(Format::Auto));
    assert_eq!(
        (endless.read, endless.error.as_deref()),
        (0, Some("line 3145729: expected a JSON object or a CSV header: x"))
    );
}

/// The first line that can shows the format; earlier ones are rejected like any invalid line.
#[test]
fn a_bad_first_line_costs_no_good_one() {
    let outcome = auto(format!("half a line\"}}\n{}", good("a")));
    assert_eq!((outcome.systems(), &outcome.error), (vec!["a"], &None));
    assert_eq!(outcome.rejects[0].1, "expected a JSON object or a CSV header");
    let outcome = auto("# made by hand\nts,system,status\n2025-11-20,a,up\n");
    assert_eq!((outcome.systems(), outcome.rejected, &outcome.error), (vec!["a"], 1, &None));
}

/// As in a file of rejected lines of several inputs.
#[test]
fn tables_may_follow_each_other() {
    let text = "ts,system,status\n2025-11-20,a,up\nTS,SYSTEM,STATUS\n2025-11-20,b,up\n\
                status;note;system;time\nup;\"x;\ny\";c;2025-11-20\nts,x,status\n2025-11-20,d,up\n";
    let outcome = auto(text);
    assert_eq!(outcome.systems(), ["a", "b", "c"]);
    let uneven = "1 field, expected 4 as in the header";
    assert_eq!(outcome.reasons(), [(8, uneven), (9, uneven)]);
    // A row that can be read is a row, even if it has the names of columns in it.
    let outcome = auto("ts,system,status,x,y,z\n2025-11-20,a,up,ts,system,status\n2025-11-20,b,up,,,\n");
    assert_eq!((outcome.systems(), outcome.reasons()), (vec!["a", "b"], vec![]));
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
    // A quoted field of more than a mebibyte is an unclosed quote, not a reason to hold the rest.
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
    let reasons = [(6, "1 field, expected 4 as in the header"), (7, "5 fields, expected 4 as in the header")];
    assert_eq!((outcome.systems(), outcome.reasons()), (vec!["a"], reasons.to_vec()));
}

/// A file with the line ends of old Macintoshes is one line, and nothing of it may be lost.
#[test]
fn lone_carriage_returns_end_nothing() {
    let error = auto("ts,system,status\r2025-11-20,a,up\r").error.unwrap();
    assert!(error.starts_with("the CSV header has no column status"), "{error}");
    let outcome = auto("ts,system,status\n2025-11-20,a,up\r2025-11-20,b,up\n");
    assert_eq!((outcome.rows.len(), outcome.rejected), (0, 1));
}
