//! The JSON Schema of manifests: committed as printed, and consistent with the reader.

use std::fs;
use std::process::{Command, Stdio};

use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::world::{REWRITE, World, binary, repository};

/// Errors of the reader that a schema cannot express: a part of the message, and the reason.
const BEYOND_SCHEMAS: [(&str, &str); 108] = [
    ("is longer than a day", "patterns do not add up lengths"),
    ("countsAsDown is empty", "none of the weights is required by itself"),
    ("has more than 3 decimals", "JSON's numbers are not exact"),
    ("is not a JSONPath", "a grammar of its own"),
    ("is not a regular expression", "a grammar of its own"),
    ("has no group", "a grammar of its own"),
    ("which is not a group of the expression", "a grammar of its own"),
    ("has braces that do not pair", "a grammar of its own"),
    ("is not a time format", "a grammar of its own"),
    ("is a time format without", "a grammar of its own"),
    ("which is read and not understood", "a grammar of its own"),
    ("says its times are in UTC", "one field decides about another"),
    ("must be a SELECT", "a grammar of its own"),
    ("is not known", "a grammar of its own"),
    ("must be a column, key, group or path", "a grammar of its own"),
    ("is not one character", "bytes, not characters"),
    ("fields.ts is missing", "one field decides about another"),
    ("fields.system is missing", "one field decides about another"),
    ("fields.status is missing", "one field decides about another"),
    ("fields.end is missing", "one field decides about another"),
    ("spec.records is missing", "one field decides about another"),
    ("spec.maxGap is missing", "one field decides about another"),
    ("only shape: observations has a maxGap", "one field decides about another"),
    ("only format: csv has a delimiter", "one field decides about another"),
    ("has no meaning in shape", "one field decides about another"),
    ("have no items", "one field decides about another"),
    ("have no keys above them", "one field decides about another"),
    ("has no records to look for", "one field decides about another"),
    ("are all of one kind", "one field decides about another"),
    ("leads into the records of another kind", "compares two values"),
    ("has members nested more than", "other documents decide"),
    ("depend on, each other", "other documents decide"),
    ("is a composite system, which has no check", "other documents decide"),
    ("is a member of itself", "compares two values"),
    ("is declared twice, first on line", "compares two values"),
    ("but there are only", "compares two values"),
    ("more than unhealthy, which is", "compares two values"),
    ("more than size, which is", "compares two values"),
    ("thresholds.size is missing", "one field decides about another"),
    ("has no meaning in mode", "one field decides about another"),
    ("has no number of facts", "any of three fields"),
    ("contradict each other: a composite system", "at most one of two fields"),
    ("which has neither a manifest nor a transition", "other documents decide"),
    ("declared twice", "other documents decide"),
    ("depend on each other", "other documents decide"),
    ("depends on itself", "compares two values"),
    ("not valid YAML", "YAML has its own errors"),
    ("is written twice, first on line", "YAML has its own errors"),
    ("a key must be a string", "YAML has its own errors"),
    ("merge key", "YAML has its own errors"),
    ("the tag", "YAML has its own errors"),
    ("the alias is inside", "YAML has its own errors"),
    ("nested more than", "bounds of the reader"),
    ("bytes of text", "bounds of the reader"),
    ("values, those repeated by aliases", "bounds of the reader"),
    ("a control character", "bounds of the reader"),
    ("is not after spec.start", "compares two values"),
    ("is below warningPercent", "compares two values"),
    ("and spec.timezone", "compares two values"),
    ("both in spec.countsAsDown and in", "compares two values"),
    ("is the zone of spec.rrule, which is missing", "compares two values"),
    ("lists dates of spec.rrule, which is missing", "compares two values"),
    ("spec.exceptDates leaves no occurrence", "the grammar of recurrence rules"),
    ("spec.rrule", "the grammar of recurrence rules"),
    ("is not a time; write RFC 3339", "the calendar; only what begins with no digit is refused"),
    ("is outside 2000–2262", "the calendar"),
    ("has more than 6 decimals", "JSON's numbers are not exact"),
    ("is not a plain decimal number", "JSON takes 1e2 and 100 for one"),
    ("must be a whole number from", "JSON takes 30.0 and 30 for one"),
    ("names the same", "compares two values"),
    ("a second time", "compares two values"),
    ("must be a duration", "zero and more than 3650 days"),
    ("which has no manifest", "other documents decide"),
    ("which no document declares", "other documents decide"),
    ("which is not valid", "other documents decide"),
    ("is a list, which is only kept", "a warning"),
    ("a rolling window of slo is whole days", "one field decides about another"),
    ("a calendar window of slo is one period", "one field decides about another"),
    ("is not rolling and has no calendar", "one field decides about another"),
    ("is neither rolling nor of a calendar", "one field decides about another"),
    ("and isRolling: true contradict each other", "one field decides about another"),
    ("is written alone", "one field decides about another"),
    ("compares a thresholdMetric", "one field decides about another"),
    ("compare a metric that is 1", "one field decides about another"),
    ("rawType is", "one field decides about another"),
    ("is among the statuses of bad time", "one field decides about another"),
    ("is not among the statuses of good time", "one field decides about another"),
    ("no status is left to count as down", "one field decides about another"),
    ("time out, and only unknown time can", "one field decides about another"),
    ("unknown time is bad, and not part", "one field decides about another"),
    ("differs from", "compares two values"),
    ("is not the start of a", "the calendar"),
    ("is not a local time", "the calendar"),
    ("unknown annotation", "the keys of annotations are anybody's"),
    ("is not read as YAML", "stands inside the text of an annotation"),
    ("has more than 8 decimals", "JSON's numbers are not exact"),
    ("slo has no burn rate over that", "lengths that are equal, such as 60m and 1h"),
    ("has no fixed length", "one field decides about another"),
    ("is unknown", "severities are anybody's"),
    ("needs above, below or equals", "any of several fields"),
    ("has equals beside another limit", "at most one of several fields"),
    ("spec.objectiveRef contradict", "at most one of several fields"),
    ("spec.systemSelector contradict", "at most one of several fields"),
    ("spec.systemRef contradict", "at most one of several fields"),
    ("state.entity is missing", "one field decides about another"),
    ("state.status", "one field decides about another"),
    ("policy compares burn rates", "one field decides about another"),
    ("the expression is empty", "the grammar of expressions"),
];

/// Annotations of OpenSLO documents, as texts.
const CARRIED: [&str; 12] = [
    "staleAfter",
    "checks",
    "retiredAt",
    "members",
    "quorum",
    "dependencies",
    "dependencyExclusion",
    "excludedDependencyRefs",
    "excludeMaintenanceWindows",
    "notCounted",
    "burnRateThresholds",
    "labels",
];

fn schema() -> Value {
    serde_json::from_slice(&Command::new(binary()).arg("schema").output().unwrap().stdout).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// The documents of a file, as an editor sees them; `None` for one that is not YAML.
fn documents(text: &str) -> Vec<(String, Option<Value>)> {
    let mut chunks = vec![String::new()];
    for line in text.lines() {
        if line.starts_with("---") || line.starts_with("...") {
            chunks.push(String::new());
        } else {
            let last = chunks.last_mut().unwrap();
            last.push_str(line);
            last.push('\n');
        }
    }
    let empty = |chunk: &String| chunk.lines().all(|line| line.trim().is_empty() || line.starts_with(['#', '%']));
    chunks.retain(|chunk| !empty(chunk));
    let value = |chunk: &String| serde_yaml::from_str(chunk).ok().filter(|value: &Value| !value.is_null());
    chunks.into_iter().map(|chunk| (chunk.clone(), value(&chunk))).collect()
}

fn fixtures(folder: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = fs::read_dir(repository("fixtures/manifests").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), fs::read_to_string(&path).ok()?)))
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// The errors that the reader finds in one document by itself: those that a schema can express, and the others.
fn errors(document: &str) -> (Vec<String>, Vec<String>) {
    let mut command = Command::new(binary());
    command.args(["validate", "-o", "json", "-"]).env_clear().env("SLO_DB", "/nowhere/slo.db");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let Ok(found) = serde_json::from_slice::<Value>(&output.stdout) else { return (Vec::new(), Vec::new()) };
    let problems = found["problems"].as_array().unwrap().iter();
    let all: Vec<String> = problems
        .filter(|problem| problem["severity"] == "error")
        .map(|problem| problem["message"].as_str().unwrap().to_owned())
        .collect();
    all.into_iter().partition(|message| !is_beyond_schemas(message))
}

/// Whether no schema can express the error in this message.
fn is_beyond_schemas(message: &str) -> bool {
    // Expressions have a grammar of their own; the mappings around them do not.
    let is_structure = ["unknown field", "has both", "does not say", "must be", "is missing", "is empty"]
        .iter()
        .any(|part| message.contains(part));
    let in_expression = message.contains("spec.when") && !is_structure;
    let in_annotation = CARRIED.iter().any(|field| message.contains(&format!("slo/{field}")));
    in_expression || in_annotation || BEYOND_SCHEMAS.iter().any(|(part, _)| message.contains(part))
}

#[test]
fn the_committed_schema_is_the_one_that_is_printed() {
    let path = repository("schema/slo-v1.schema.json");
    let shown = String::from_utf8(Command::new(binary()).arg("schema").output().unwrap().stdout).unwrap();
    if std::env::var_os(REWRITE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &shown).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == shown,
        "SLO_REWRITE=1 cargo test --test docs writes it anew"
    );
    jsonschema::draft202012::meta::validate(&schema()).unwrap();
}

#[test]
fn every_valid_manifest_fits_the_schema() {
    let validator = validator();
    for (name, text) in fixtures("valid") {
        for (text, document) in documents(&text) {
            let document = document.unwrap_or_else(|| panic!("{name}: {text}"));
            let found: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(found.is_empty(), "{name}: {found:?}\n{text}");
        }
    }
}

#[test]
fn every_structural_error_breaks_the_schema() {
    let validator = validator();
    let mut compared = 0;
    for (name, text) in fixtures("invalid") {
        for (text, document) in documents(&text) {
            let Some(document) = document else { continue };
            let (structural, others) = errors(&text);
            assert!(structural.is_empty() || !validator.is_valid(&document), "{name} fits: {structural:?}\n{text}");
            let found: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(
                !structural.is_empty() || !others.is_empty() || found.is_empty(),
                "{name} is fine, but for the schema: {found:?}\n{text}"
            );
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

/// A change of a document, and its place.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Rename(&'static str),
    Replace(Value),
}

fn change() -> impl Strategy<Value = Change> {
    let names = vec!["name", "kind", "spec", "target", "windowDays", "window", "end", "duration", "unknown", "states"];
    let values = vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(1),
        json!(7),
        json!(99.5),
        json!(-3),
        json!(""),
        json!("15m"),
        json!("true"),
        json!("System"),
        json!("SLO"),
        json!("99.9"),
        json!("unknown"),
        json!("maintenance"),
        json!("2026-11-20"),
        json!("Europe/Berlin"),
        json!("slo/v1"),
        json!("openslo/v1"),
        json!([]),
        json!(["degraded"]),
        json!(["unhealthy", "unknown"]),
        json!({}),
        json!({"kind": "System", "name": "web"}),
        json!({"calendar": "week"}),
        json!({"team": "a b"}),
    ];
    prop_oneof![
        2 => Just(Change::Remove),
        1 => select(names).prop_map(Change::Rename),
        4 => select(values).prop_map(Change::Replace),
    ]
}

/// The number of values in a value, under keys and in lists.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| 1 + size(item)).sum(),
        Value::Object(fields) => fields.values().map(|field| 1 + size(field)).sum(),
        _ => 0,
    }
}

/// Changes the `at`th value.
fn apply(value: &mut Value, at: &mut usize, change: &Change) {
    match value {
        Value::Array(items) => {
            for index in 0..items.len() {
                if *at == 0 {
                    *at = usize::MAX;
                    match change {
                        Change::Replace(value) => items[index] = value.clone(),
                        _ => drop(items.remove(index)),
                    }
                    return;
                }
                *at = at.wrapping_sub(1);
                apply(&mut items[index], at, change);
                if *at > usize::MAX / 2 {
                    return;
                }
            }
        }
        Value::Object(fields) => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            for key in keys {
                if *at == 0 {
                    *at = usize::MAX;
                    let before = fields.shift_remove(&key);
                    match change {
                        Change::Replace(value) => drop(fields.insert(key, value.clone())),
                        Change::Rename(name) => drop(fields.insert((*name).to_owned(), before.unwrap())),
                        Change::Remove => {}
                    }
                    return;
                }
                *at = at.wrapping_sub(1);
                apply(&mut fields[&key], at, change);
                if *at > usize::MAX / 2 {
                    return;
                }
            }
        }
        _ => {}
    }
}

proptest! {
    /// Random changes of valid documents: reader and schema agree on each, except for errors that no schema can
    /// express.
    #[test]
    fn reader_and_schema_agree(
        document in any::<Index>(), changes in prop::collection::vec((any::<Index>(), change()), 1..4),
    ) {
        thread_local!(static VALIDATOR: Validator = validator());
        let all: Vec<Value> = fixtures("valid")
            .iter()
            .flat_map(|(_, text)| documents(text))
            .filter_map(|(_, document)| document)
            .collect();
        let mut document = document.get(&all).clone();
        for (at, change) in &changes {
            let size = size(&document);
            if size > 0 {
                apply(&mut document, &mut at.index(size), change);
            }
        }
        let text = document.to_string();
        let (structural, others) = errors(&text);
        let found: Vec<String> =
            VALIDATOR.with(|validator| validator.iter_errors(&document).map(|error| error.to_string()).collect());
        prop_assert!(structural.is_empty() || !found.is_empty(), "only the reader refuses: {structural:?}\n{text}");
        let refused = !structural.is_empty() || !others.is_empty();
        prop_assert!(refused || found.is_empty(), "only the schema refuses: {found:?}\n{text}");
    }
}

#[test]
fn a_manifest_to_start_from_is_valid_and_overwrites_nothing() {
    let world = World::empty();
    let slo = |args: &[&str]| {
        let mut command = world.bare("slo");
        command.args(args).env("SLO_DB", world.path().join("slo.db")).output().unwrap()
    };
    let example = String::from_utf8(slo(&["init"]).stdout).unwrap();
    assert!(example.starts_with("# yaml-language-server: $schema=slo-v1.schema.json\n"), "{example}");
    let feed = "{\"ts\":1700000000,\"system\":\"a:b\",\"status\":\"up\",\"check\":\"true\"}\n{\"ts\":1700000000,\"system\":\"123\",\"status\":\"up\"}\n";
    fs::write(world.path().join("feed.jsonl"), feed).unwrap();
    assert!(slo(&["ingest", "feed.jsonl"]).status.success());
    assert!(slo(&["init", "slo.yaml"]).status.success());
    let text = fs::read_to_string(world.path().join("slo.yaml")).unwrap();
    assert!(text.contains("name: \"a:b\"") && text.contains("name: \"123\""), "{text}");
    // Every suggestion is an existing field, or a value that it may have.
    let all = example.lines().fold(String::new(), |all, line| match line.split_once("# ") {
        Some((indent, rest)) if !indent.is_empty() && indent.trim().is_empty() && !rest.starts_with("window:") => {
            format!("{all}{indent}{rest}\n")
        }
        _ => format!("{all}{line}\n"),
    });
    let postgres = "---\napiVersion: slo/v1\nkind: System\nmetadata: { name: postgres }\nspec: {}\n";
    fs::write(world.path().join("all.yaml"), all.clone() + postgres).unwrap();
    assert!(all.contains("\n  staleAfter:") && all.contains("\n  countsAsDown:"), "{all}");
    for file in ["slo.yaml", "all.yaml"] {
        let output = slo(&["validate", file]);
        assert!(output.status.success(), "{}\n{all}", String::from_utf8_lossy(&output.stdout));
    }
    let again = slo(&["init", "slo.yaml"]);
    assert_eq!(again.status.code(), Some(2), "{again:?}");
    assert!(slo(&["apply", "slo.yaml"]).status.success());
    assert_eq!(slo(&["init"]).status.code(), Some(2));
}
