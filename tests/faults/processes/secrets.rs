//! The text of `--exec` may hold secrets: no file and no output contains it.

#![cfg(unix)]

use std::fs;

use crate::harness::{World, line};

const SECRET: &str = "SECRET-TOKEN-6f1ed002ab5595859014ebf0951522d9";

fn changing() -> World {
    let world = World::in_file().live();
    world.ingest(&line("2024-03-21T10:00:00Z", "shop", "down"));
    world
}

/// Whether a file of the world contains a text.
fn holds(world: &World, text: &str) -> bool {
    fs::read_dir(world.root()).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn the_text_of_a_command_is_kept_in_no_file_and_shown_in_no_output() {
    let world = changing();
    let told = format!(": Bearer {SECRET}; cat >> told");
    let fails = format!(": Bearer {SECRET}; exit 3");
    world.pass(&["compute", "-q", "--as-of", "2024-03-20", "--exec", &told]);
    let output = world.run(&["compute", "--as-of", "2024-03-22", "--exec", &told, "--exec", &fails]);
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("error: --exec sha256:"), "{}", output.stderr);
    assert!(!(output.text() + &output.stderr).contains(SECRET), "{}", output.stderr);
    world.pass(&["db", "backup", "-q", "copy.db"]);
    fs::remove_file(world.path("told")).unwrap();
    assert!(!holds(&world, SECRET));
}

#[test]
fn a_name_keeps_the_position_when_the_text_changes() {
    let world = changing();
    let run = |at: &str, exec: &str, name: &str| {
        world.run(&["compute", "-q", "--as-of", at, "--exec", exec, "--exec-name", name])
    };
    assert_eq!(run("2024-03-20", "cat >> told", "chat").code, 0);
    let first = fs::read_to_string(world.path("told")).unwrap();
    assert_eq!(run("2024-03-22", "exit 1", "chat").code, 1);
    assert_eq!(run("2024-03-22", "cat >> told; : another text", "chat").code, 0);
    let told = fs::read_to_string(world.path("told")).unwrap();
    assert!(told.starts_with(&first) && told.lines().count() > first.lines().count(), "{told}");
    let mut sequences: Vec<_> = told.lines().map(|line| line.split_once(',').unwrap().0).collect();
    let all = sequences.len();
    sequences.dedup();
    assert_eq!(sequences.len(), all, "nothing is told twice: {told}");
    // A hash can be given as a name, too, to continue a position with another text.
    world.pass(&["compute", "-q", "--as-of", "2024-03-22", "--exec", "cat >> hashed"]);
    let name: String = rusqlite::Connection::open(world.db())
        .and_then(|db| db.query_row("SELECT name FROM delivery WHERE name LIKE 'sha256:%'", [], |row| row.get(0)))
        .unwrap();
    assert_eq!(run("2024-03-23", "cat >> later", &name).code, 0);
    world.verifies();
    for (args, what) in [
        (
            &["--exec", "true", "--exec-name", "a", "--exec-name", "b"][..],
            "--exec is given once and --exec-name 2 times",
        ),
        (&["--exec", "true", "--exec", "false", "--exec-name", "a"], "--exec is given 2 times and --exec-name once"),
        (
            &["--exec", "true", "--exec", "false", "--exec-name", "a", "--exec-name", "a"],
            "--exec-name \"a\" is given twice",
        ),
        (&["--exec", "true", "--exec-name", "a b"], "--exec-name \"a b\": "),
    ] {
        world.run(&[&["compute"], args].concat()).refuses(what);
    }
}

/// A database of the schema that stored the texts: they are removed from every byte of it, and nothing is told twice or
/// left out.
#[test]
fn an_older_database_loses_the_texts_and_keeps_the_positions() {
    const OLD: &str = include_str!("../../../fixtures/stores/5.sql");
    const EXEC: &str = ": Bearer SECRET-TOKEN; cat >> told";
    for first in [&["status"][..], &["ingest"], &["compute", "-q", "--as-of", "2026-11-09T12:00:00Z"]] {
        let world = World::in_file();
        world.sql(OLD);
        // Deleted content may remain in free parts of the file, here in a hundred pages.
        world.sql(&format!(
            "CREATE TABLE scratch (text TEXT);
             INSERT INTO scratch SELECT hex(zeroblob(200)) || '{EXEC}' FROM json_each('[{}0]');
             DROP TABLE scratch;",
            "0,".repeat(2000)
        ));
        assert!(holds(&world, "Bearer SECRET-TOKEN"));
        world.pass(first);
        assert!(!holds(&world, "SECRET-TOKEN"), "{first:?}");
        world.verifies();
        // The same text is the same recipient, which was told everything until the 9th.
        world.pass(&["compute", "-q", "--as-of", "2026-11-09T12:00:00Z", "--exec", EXEC]);
        assert!(!world.path("told").exists());
        world.pass(&["compute", "-q", "--as-of", "2026-11-10T10:02:00Z", "--exec", EXEC]);
        let told = fs::read_to_string(world.path("told")).unwrap();
        assert!(told.starts_with("{\"sequence\":5,"), "{told}");
    }
}
