//! Owns the tests of walking JSON.

use super::scanner::SHOWN;
use super::*;
use crate::domain::health::feed::steps;

/// Returns its bytes in pieces of one size.
struct Pieces<'b>(&'b [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        let (piece, rest) = self.0.split_at(count);
        into[..count].copy_from_slice(piece);
        self.0 = rest;
        Ok(count)
    }
}

fn walk(text: &str, ways: &[&str], size: usize) -> (Vec<String>, Option<String>) {
    let ways = ways.iter().map(|way| steps(way).unwrap().0).collect();
    let mut stream = Walk::new(Pieces(text.as_bytes(), size), ways);
    let mut found = Vec::new();
    loop {
        match stream.next() {
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error.to_string())),
            Ok(Some(value)) => {
                let raw = String::from_utf8_lossy(value.raw).into_owned();
                found.push(format!("{:?} {} {} {raw}", value.ways, value.line, value.key.unwrap_or_default()));
            }
        }
    }
}

#[test]
fn values_at_the_end_of_ways_come_out_in_order() {
    for size in [1, 3, 1000] {
        for (text, ways, expected) in [
            ("[1, {\"a\":[2]}\n, \"]\" ]", &["$[*]"][..], &["[0] 1  1", "[0] 1  {\"a\":[2]}", "[0] 2  \"]\""][..]),
            ("{\"x\":{\"y\":[1,2]},\"a\":{\"b\":[3,{}]}}", &["$.a.b[*]"], &["[0] 1 b 3", "[0] 1 b {}"]),
            ("{\"a\":{\"k\":[1],\"l\":[2]}}", &["$.a.*"], &["[0] 1 k [1]", "[0] 1 l [2]"]),
            ("{\"a\":{\"k\":[1],\"l\":[2]}}", &["$.a.*[*]"], &["[0] 1 k 1", "[0] 1 l 2"]),
            ("{\"a\":[1],\"b\":[2]}", &["$.a[*]", "$.b[*]"], &["[0] 1 a 1", "[1] 1 b 2"]),
            ("{\"a\":[1]}", &["$.a[*]", "$.a[*]"], &["[0, 1] 1 a 1"]),
            ("[[1,2],[3]]", &["$[*][0]"], &["[0] 1  1", "[0] 1  3"]),
            ("{\"a\":1}\n{\"a\":2}", &["$"], &["[0] 1  {\"a\":1}", "[0] 2  {\"a\":2}"]),
            ("{\"a\\\"b\":{\"é\":\"\\\\\"}}", &["$.*.*"], &["[0] 1 é \"\\\\\""]),
            ("{\"a\":null,\"b\":1.5e3,\"c\":true}", &["$.*"], &["[0] 1 a null", "[0] 1 b 1.5e3", "[0] 1 c true"]),
            ("  ", &["$[*]"], &[]),
            ("[]", &["$[*]"], &[]),
        ] {
            let expected: Vec<String> = expected.iter().map(|&text| text.to_owned()).collect();
            assert_eq!(walk(text, ways, size), (expected, None), "{text} {ways:?} in {size}s");
        }
    }
}

#[test]
fn the_place_of_records_is_there_if_it_is_found_or_a_list_on_its_way_is_empty() {
    for (text, way, expected) in [
        ("{\"a\":{\"b\":null}}", "$.a.b", true),
        ("{\"a\":{\"c\":1}}", "$.a.b", false),
        ("{\"a\":{}}", "$.a.b", false),
        ("{}", "$.a", false),
        ("{\"a\":[]}", "$.a[*]", true),
        ("{\"a\":{}}", "$.a.*", true),
        ("{\"a\":[]}", "$.a[*].b", true),
        ("{\"a\":[]}", "$.a[0].b", true),
        ("{\"a\":{}}", "$.a[0]", false),
        ("{\"a\":[{\"c\":1}]}", "$.a[*].b", false),
        ("{\"a\":[{\"c\":1},{\"b\":[]}]}", "$.a[*].b[*]", true),
        ("{\"a\":null}", "$.a[*]", false),
        ("{\"b\":[]}", "$.a[*]", false),
        ("[]", "$[*]", true),
        ("{\"c\":1}\n{\"a\":1}", "$.a", true),
        (" ", "$.a", true),
    ] {
        let mut stream = Walk::new(text.as_bytes(), vec![steps(way).unwrap().0]);
        while stream.next().unwrap().is_some() {}
        assert_eq!(stream.has_reached(), expected, "{text} {way}");
    }
}

#[test]
fn what_is_not_json_is_told_with_its_line_and_what_came_before_is_kept() {
    for size in [1, 1000] {
        for (text, count, told) in [
            ("[1,\n2", 1, "line 2: the JSON ends early; it is truncated"),
            ("[1 2]", 1, "line 1: expected a comma or ], found \"2\""),
            ("{\"a\" 1}", 0, "line 1: expected a colon, found \"1\""),
            ("{a:1}", 0, "line 1: expected a key in quotes, found \"a\""),
            ("[\"x", 0, "line 1: the JSON ends early, inside a string; it is truncated"),
            ("[1,}", 1, "line 1: expected a value, found \"}\""),
        ] {
            let (found, error) = walk(text, &["$[*]"], size);
            assert_eq!((found.len(), error.as_deref()), (count, Some(told)), "{text}");
        }
    }
}

#[test]
fn a_value_that_is_too_long_is_passed_and_the_rest_is_read() {
    let long = "x".repeat(3 * LONGEST_VALUE);
    for inner in [format!("\"{long}\""), format!("{{\"a\":[\"{long}\"]}}"), format!("[{}]", "1,".repeat(LONGEST_VALUE))]
    {
        let text = format!("[{inner},7]");
        let mut stream = Walk::new(text.as_bytes(), vec![vec![Step::Each]]);
        let first = stream.next().unwrap().unwrap();
        assert!(first.is_cut && first.raw.len() == SHOWN && text.as_bytes()[1..].starts_with(first.raw));
        assert_eq!(stream.next().unwrap().unwrap().raw, b"7");
        assert!(stream.next().unwrap().is_none());
        assert!(stream.scanner.room() < 2 * LONGEST_VALUE, "{}", stream.scanner.room());
    }
}

#[test]
fn a_key_that_is_too_long_is_refused_and_never_cut() {
    for length in [LONGEST_VALUE / 8, LONGEST_VALUE + 1, LONGEST_VALUE + 300_000, 2 * LONGEST_VALUE] {
        let text = format!("{{\"a\":{{\"{}\":1}}}}", "k".repeat(length));
        let (found, error) = walk(&text, &["$.a.*"], 100_000);
        assert_eq!((found.len(), error.as_deref()), (0, Some("line 1: a key is longer than 1 MiB")), "{length}");
    }
}

#[test]
fn nesting_takes_no_memory_where_it_is_passed_and_has_a_bound_where_it_is_walked() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(walk(&deep, &["$.a"], 1000).1.unwrap(), "line 1: the JSON ends early; it is truncated");
    let each = "[*]".repeat(300);
    assert_eq!(walk(&deep, &[&format!("${each}")], 1000).1.unwrap(), "line 1: lists and objects are nested too deep");
}

proptest::proptest! {
    /// In whatever pieces input arrives, the result is the same, and the walk ends.
    #[test]
    fn any_bytes_are_safe(text in "[\\[\\]{}\",:1a \\\\\n]{0,40}", size in 1usize..5) {
        proptest::prop_assert_eq!(walk(&text, &["$[*]", "$.a.*"], size), walk(&text, &["$[*]", "$.a.*"], 1000));
    }
}
