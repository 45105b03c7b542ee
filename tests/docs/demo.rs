//! `slo demo`: it is quick, harmless, and its commands print what it says.

use std::fs;

use crate::world::{MOMENT, World};

#[test]
fn the_demo_shows_every_state_and_what_to_do_next() {
    let world = World::empty();
    let shown = world.slo(&["demo"]);
    assert_eq!(shown.status.code(), Some(0));
    assert!(shown.stderr.is_empty(), "{shown:?}");
    let text = String::from_utf8(shown.stdout).unwrap();
    for state in ["breaching", "down", "at-risk", "healthy"] {
        assert!(text.contains(state), "{state} is missing from\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
}

#[test]
fn every_command_the_demo_prints_runs_and_says_the_same_again() {
    let world = World::empty();
    let text = world.stdout(&["demo"]);
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  slo ")).collect();
    assert_eq!(commands.len(), 3, "{text}");
    for command in commands {
        let run = || world.bare("sh").args(["-c", &format!("slo {command}")]).output().unwrap();
        let (first, second) = (run(), run());
        assert_eq!(first, second, "{command}");
        let expected = i32::from(command.starts_with("check"));
        assert_eq!(first.status.code(), Some(expected), "{command}: {first:?}");
    }
}

#[test]
fn a_kept_demo_holds_feed_and_manifests_that_match_its_database() {
    let world = World::new();
    let again = world.slo(&["ingest", "demo/feed/checks.jsonl", "demo/feed/incidents.jsonl"]);
    let text = String::from_utf8(again.stdout).unwrap();
    // The demo's time may be ahead of the machine's clock.
    assert!(text.contains("0 new") || text.contains("rejected"), "{text}");
    assert_eq!(world.slo(&["plan", "demo/manifests"]).status.code(), Some(0));
    assert_eq!(world.slo(&["db", "verify"]).status.code(), Some(0));
}

#[test]
fn the_demo_touches_no_database_that_is_there() {
    let world = World::new();
    let db = world.path().join("demo/slo.db");
    let before = fs::read(&db).unwrap();
    // SLO_DB names it, and the demo does not use it.
    assert_eq!(world.slo(&["demo"]).status.code(), Some(0));
    for args in [["demo", "--db", "demo/slo.db"], ["demo", "--keep", "demo"]] {
        let refused = world.slo(&args);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("already exists"), "{refused:?}");
    }
    assert_eq!(fs::read(&db).unwrap(), before);
    assert_eq!(world.slo(&["demo", "--db", "mine.db"]).status.code(), Some(0));
    assert_eq!(world.slo(&["status", "--db", "mine.db"]).stdout, world.slo(&["status"]).stdout);
}

#[test]
fn programs_get_the_answer_alone() {
    let world = World::empty();
    let text = world.stdout(&["demo", "-o", "json"]);
    assert!(text.starts_with("{\n"), "{text}");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["asOf"], MOMENT.replace("00Z", "00.000Z"));
    assert_eq!(document["objectives"].as_array().map(Vec::len), Some(6));
}
