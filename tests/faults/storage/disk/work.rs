//! Owns the commands that are struck, and the checks of a database after each of them.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::{OBJECTIVE, Output, World, line, lines};

/// Commands that write, each with its preparation.
pub(super) struct Step {
    pub(super) args: &'static [&'static str],
    /// A file that the command creates, which must be complete if it exists.
    pub(super) makes: Option<&'static str>,
}

pub(super) const STEPS: [Step; 7] = [
    Step { args: &["ingest", "-q", "a.jsonl", "b.jsonl", "c.jsonl"], makes: None },
    Step { args: &["apply", "-q", "shop.yaml"], makes: None },
    Step { args: &["ingest", "-q", "late.jsonl", "c.jsonl"], makes: None },
    Step { args: &["compute", "-q", "--as-of", "2024-03-20"], makes: None },
    Step { args: &["db", "compact", "-q"], makes: None },
    Step { args: &["db", "backup", "-q", "copy.db"], makes: Some("copy.db") },
    Step { args: &["report", "-q", "--html", "page.html", "--as-of", "2024-03-20"], makes: Some("page.html") },
];

/// A world with everything to ingest and nothing ingested; `seed` changes the amount.
pub(super) fn world(seed: u64) -> World {
    let world = World::in_file();
    let size = 40 + (seed % 7) as i64 * 150;
    let mut shop = String::new();
    for day in 1..20 {
        shop.push_str(&line(&format!("2024-03-{day:02}T10:00:00Z"), "shop", "down"));
        shop.push_str(&line(&format!("2024-03-{day:02}T10:01:00Z"), "shop", "up"));
    }
    world.write("a.jsonl", lines("a", 0, size) + &shop);
    world.write("b.jsonl", lines("b", 0, size * 2));
    world.write("c.jsonl", lines("a", size * 2, size) + &lines("c", 0, size));
    // In the middle of the existing facts, and worse than some of them.
    world.write("late.jsonl", lines("a", size / 2, size * 2) + &line("2024-03-05T10:00:30Z", "shop", "down"));
    world.write("shop.yaml", OBJECTIVE);
    world
}

/// The facts in the database; none if it does not exist yet.
pub(super) fn facts(world: &World) -> BTreeSet<String> {
    let journal = world.run(&["export", "journal"]);
    let nothing_yet = journal.stderr.contains("there is no database") || journal.stderr.contains("it is empty");
    assert!(journal.code == 0 || nothing_yet, "{}", journal.stderr);
    journal.text().lines().map(str::to_owned).collect()
}

/// The database is intact, or does not exist yet.
#[track_caller]
pub(super) fn is_sound(world: &World, context: &str) {
    let verified = world.run(&["db", "verify"]);
    let nothing_yet = verified.stderr.contains("there is no database") || verified.stderr.contains("it is empty");
    assert!(verified.code == 0 || nothing_yet, "{context}: {}{}", verified.text(), verified.stderr);
}

/// A file that a command creates is complete if it exists.
#[track_caller]
pub(super) fn is_whole(world: &World, name: &str, context: &str) {
    let path = world.path(name);
    if !path.exists() {
        return;
    }
    if name.ends_with("html") {
        assert!(fs::read_to_string(&path).unwrap().ends_with("</html>\n"), "{context}: a part of a page");
    } else {
        let verified = world.run(&["db", "verify", "--db", name]);
        assert_eq!(verified.code, 0, "{context}: a part of a copy: {}{}", verified.text(), verified.stderr);
    }
}

/// Runs a step again, to its end.
#[track_caller]
pub(super) fn complete(world: &World, step: &Step, context: &str) {
    if step.makes == Some("copy.db") {
        drop(fs::remove_file(world.path("copy.db")));
    }
    let output = world.run(step.args);
    assert_eq!(output.code, 0, "{context}, again: {}", output.stderr);
}

/// A failing command reports it like any other failure.
#[track_caller]
pub(super) fn is_told(output: &Output, context: &str) {
    assert!(output.code == 2 && output.stderr.contains("error: "), "{context}: {} {}", output.code, output.stderr);
}
