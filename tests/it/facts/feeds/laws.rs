//! Laws of every built-in feed: any order, a longer export later, a truncated export, a damaged record.

use std::fs;

use serde_json::Value;

use super::inputs::{Input, exported, inputs, journal};
use crate::harness::Slo;

/// The tree of a document; YAML may be written as JSON, too.
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

/// A document with every list of records cut to `keep`.
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
    // A status page describes an incident differently before its later updates, which another test covers.
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

/// Copies of a text, each with one time damaged; times are recognized by their format.
fn spoilt(text: &str) -> Vec<String> {
    let marks = ["2026-", "179", "178"];
    let places = text.char_indices().filter(|(at, _)| {
        let begins = !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        begins && marks.iter().any(|mark| text[*at..].starts_with(mark))
    });
    places.map(|(at, _)| format!("{}9999{}", &text[..at], &text[at + 4..])).collect()
}

/// Facts without their notes.
pub(super) fn facts(journal: &str) -> Vec<[String; 5]> {
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
                // The remaining facts were there before, except for those that are unknown because of the damage.
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
fn an_export_that_is_cut_off_costs_nothing_once_it_is_whole() {
    for input in inputs().iter().filter(|input| input.path.extension().is_some_and(|end| end == "json")) {
        let (text, expected) = (input.text(), journal(input, &input.text()));
        for part in 1..8 {
            let cut = text.floor_char_boundary(text.len() * part / 8);
            let slo = Slo::new();
            let path = slo.path(input.path.file_name().unwrap().to_str().unwrap());
            let args = ["ingest", "--feed", &input.feed, path.to_str().unwrap()];
            fs::write(&path, &text[..cut]).unwrap();
            let output = slo.run(&args, b"");
            assert_eq!(output.code, 2, "{} {cut}: {}", path.display(), output.stderr);
            assert!(output.stderr.lines().count() <= 3 && output.stderr.contains("\nhelp: "), "{}", output.stderr);
            fs::write(&path, &text).unwrap();
            slo.pass(&args, b"");
            assert_eq!(exported(&slo), expected, "{} {cut}", path.display());
        }
    }
}

/// A status page at an earlier time: without later updates, and with incidents resolved later still open.
fn said_by(page: &Value, moment: &str) -> Value {
    let is_past = |at: &Value| at.as_str().is_some_and(|at| at <= moment);
    let mut page = page.clone();
    let incidents = page["incidents"].as_array_mut().unwrap();
    incidents.retain(|incident| is_past(&incident["created_at"]));
    for incident in incidents {
        if !is_past(&incident["resolved_at"]) {
            incident["resolved_at"] = Value::Null;
            let known = incident["updated_at"].as_str().unwrap_or(moment).min(moment).to_owned();
            incident["updated_at"] = known.into();
        }
        incident["incident_updates"].as_array_mut().unwrap().retain(|update| is_past(&update["display_at"]));
    }
    page
}

#[test]
fn a_status_page_that_grows_only_adds() {
    let input = inputs().into_iter().find(|input| input.path.ends_with("statuspage/incidents.json")).unwrap();
    let (page, expected) = (serde_json::from_str(&input.text()).unwrap(), journal(&input, &input.text()));
    let moments = |page: &Value| -> Vec<String> {
        let incidents = page["incidents"].as_array().unwrap().iter();
        let updates = incidents.clone().flat_map(|incident| incident["incident_updates"].as_array().unwrap());
        let ends = incidents.map(|incident| &incident["resolved_at"]);
        updates.map(|update| &update["display_at"]).chain(ends).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut moments = moments(&page);
    moments.sort();
    let path_of = |slo: &Slo| slo.path("incidents.json");
    let all = Slo::new();
    for moment in &moments {
        let one = Slo::new();
        for slo in [&one, &all] {
            fs::write(path_of(slo), said_by(&page, moment).to_string()).unwrap();
            slo.pass(&["ingest", "--feed", "statuspage", path_of(slo).to_str().unwrap()], b"");
        }
        fs::write(path_of(&one), input.text()).unwrap();
        one.pass(&["ingest", "--feed", "statuspage", path_of(&one).to_str().unwrap()], b"");
        assert_eq!(exported(&one), expected, "{moment}");
    }
    assert_eq!(exported(&all), expected);
}
