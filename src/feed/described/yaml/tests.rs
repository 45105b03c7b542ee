//! Owns the tests of reading YAML as JSON.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// The values of a text, and its error.
fn read(text: &str, size: usize) -> (Vec<Value>, Option<String>) {
    let (json, error) = raw(text.as_bytes(), size);
    let values = serde_json::Deserializer::from_slice(&json).into_iter::<Value>();
    (values.map_while(Result::ok).collect(), error)
}

fn raw(text: &[u8], size: usize) -> (Vec<u8>, Option<String>) {
    let mut yaml = Yaml::new(Input::new(text));
    let (mut json, mut piece) = (Vec::new(), vec![0; size]);
    loop {
        match yaml.read(&mut piece) {
            Ok(0) => return (json, None),
            Ok(count) => json.extend_from_slice(&piece[..count]),
            Err(error) => return (json, Some(error.to_string())),
        }
    }
}

#[test]
fn yaml_is_the_json_that_says_the_same() {
    for (text, expected) in [
        (
            "- a: 1\n  b: [x, 'y z', \"q\\\"\\n\"]\n- {c: , d: ~}\n",
            vec![json!([{"a":1,"b":["x","y z","q\"\n"]},{"c":null,"d":null}])],
        ),
        (
            "a: 1.10\nb: 1.5\nc: 007\nd: 0x1f\ne: 2026-10-01\nf: yes\ng: True\nh: '1'\ni: !!str 1\nj: -3\nk: +3\n",
            vec![
                json!({"a":"1.10","b":1.5,"c":"007","d":"0x1f","e":"2026-10-01","f":"yes","g":true,"h":"1","i":"1","j":-3,"k":"+3"}),
            ],
        ),
        ("1: x\ntrue: y\n~: z\n", vec![json!({"1":"x","true":"y","~":"z"})]),
        ("---\na: 1\n---\n---\n- b\n...\n", vec![json!({"a":1}), json!(["b"])]),
        (
            "a: &x {b: [1, &y two]}\nc: *x\n*y : *y\n",
            vec![json!({"a":{"b":[1,"two"]},"c":{"b":[1,"two"]},"two":"two"})],
        ),
        ("a: |\n  one\n  two\nb: >\n  folded\n  text\n", vec![json!({"a":"one\ntwo\n","b":"folded text\n"})]),
        ("{\"a\": [1, {\"b\": null}]}", vec![json!({"a":[1,{"b":null}]})]),
        ("äöü: [日本, 🟥]", vec![json!({"äöü":["日本","🟥"]})]),
        ("", vec![]),
        ("# nothing\n", vec![]),
    ] {
        for size in [1, 7, 100_000] {
            let (values, error) = read(text, size);
            assert_eq!((&values, error), (&expected, None), "{text}");
        }
    }
}

#[test]
fn every_value_is_on_the_line_on_which_it_is_in_the_yaml() {
    let text = "# first\n\n- a: 1\n  b: |\n    x\n    y\n\n- a: 2\n-\n  - z\n";
    let (json, error) = raw(text.as_bytes(), 1000);
    assert_eq!(error, None);
    let json = String::from_utf8(json).unwrap();
    let line = |what: &str| json[..json.find(what).unwrap()].matches('\n').count() + 1;
    assert_eq!((line("{\"a\""), line("\"x\\ny\\n\""), line("2"), line("\"z\"")), (3, 5, 8, 10), "{json}");
}

#[test]
fn what_is_wrong_is_told_with_its_line_behind_what_came_before_it() {
    for (text, before, expected) in [
        ("hello", "", "line 1: not a list or a mapping of records but \"hello\""),
        ("- a\n- [b\nc: d", "[\"a\"", "line 3: not valid YAML"),
        ("- a\n- &y 2\n- {*y : e}", "[\"a\",2", "line 3: a key must be a string, not a list or a mapping"),
        ("- a\n- {[b]: c}", "[\"a\"", "line 2: a key must be a string, not a list or a mapping"),
        ("- a\n- *b\n", "[\"a\"", "line 2: not valid YAML"),
        ("- a\n- &b [*b]\n", "[\"a\"", "line 2: an alias stands for a value that it is in"),
        ("- a\n- some more text\n- b\0\n", "[\"a\"", "line 3: a NUL character"),
    ] {
        let (json, error) = raw(text.as_bytes(), 10);
        let json: String = String::from_utf8(json).unwrap().split_whitespace().collect();
        assert!(json.starts_with(before), "{text}: {json}");
        let error = error.unwrap();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let (_, error) = raw(b"- a\n- \xff\n", 10);
    assert_eq!(error.unwrap(), "line 2: not UTF-8");
    let (_, error) = raw(b"- a\n- \xe2\x82", 10);
    assert_eq!(error.unwrap(), "line 2: not UTF-8");
}

#[test]
fn nothing_makes_it_long_or_deep() {
    let deep = "[".repeat(100_000);
    assert!(raw(deep.as_bytes(), 1000).1.unwrap().contains("nested too deep"));
    let long = format!("- \"{}\"", "x".repeat(9 << 20));
    assert!(raw(long.as_bytes(), 100_000).1.unwrap().contains("longer than 8 MiB"));
    // Nine times nine times nine …
    let mut bomb = "- &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        bomb += &format!("- &a{level} [{}]\n", [alias.as_str(); 9].join(", "));
    }
    let (json, error) = raw(bomb.as_bytes(), 100_000);
    assert!(json.len() < 200 << 20, "{}", json.len());
    assert!(error.unwrap().contains("alias"));
    let repeats = format!("- &a [{}]\n{}", "x, ".repeat(1 << 16), "- *a\n".repeat(10_000));
    assert!(raw(repeats.as_bytes(), 100_000).1.unwrap().contains("far longer"));
    let anchors: String = (0..100_001).map(|index| ["- &a", &index.to_string(), " x\n"].concat()).collect();
    assert!(raw(anchors.as_bytes(), 100_000).1.unwrap().contains("more than 100000 anchors"));
}

fn values() -> impl Strategy<Value = Value> {
    let text = "[ -~äß🟥\n\t]{0,12}".prop_map(Value::from);
    let leaf = prop_oneof![
        text,
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null)
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec(("[a-z ]{1,8}", inner), 0..5).prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    /// YAML written by another program reads back, and so does JSON, which is YAML too.
    #[test]
    fn what_is_written_as_yaml_is_read(items in vec(values(), 0..6), size in 1_usize..50) {
        let value = Value::from(items);
        let expected = (vec![value.clone()], None);
        let block = serde_yaml::to_string(&value).unwrap();
        let (found, error) = read(&block, size);
        prop_assert_eq!((&found, &error), (&expected.0, &expected.1), "{}", block);
        let line = value.to_string();
        prop_assert_eq!(read(&line, size), expected, "{}", line);
    }
}
