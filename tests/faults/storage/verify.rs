//! `slo db verify` after manual corruption: each kind is found and named, with exit code 1.

use rusqlite::Connection;

use crate::harness::{World, lines};

/// Finds one corruption of a world.
#[track_caller]
fn finds(sql: &str, what: &str) {
    let world = World::in_file().live();
    world.ingest(&lines("many", 0, 3000));
    world.verifies();
    let connection = Connection::open(world.db()).unwrap();
    connection.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch(sql).unwrap();
    assert!(connection.changes() > 0, "{sql} changed nothing");
    drop(connection);
    let output = world.run(&["db", "verify"]);
    assert_eq!(output.code, 1, "{sql}: {}{}", output.text(), output.stderr);
    let text = output.text();
    assert!(text.lines().next().unwrap().starts_with("difference: "), "{text}");
    assert!(text.contains(what), "{what:?} is missing: {text}");
    assert!(!text.contains("Day {") && !text.contains("Some("), "{text}");
    let answer = world.run(&["db", "verify", "-o", "json"]);
    assert_eq!((answer.code, &answer.json()["ok"]), (1, &false.into()));
    assert!(answer.json()["differences"][0].as_str().is_some_and(|text| !text.is_empty()));
    // Whatever is wrong, other commands answer or refuse.
    for args in
        [&["status"][..], &["downtime"], &["history", "many"], &["export", "journal"], &["check"], &["db", "info"]]
    {
        world.run(args);
    }
    world.feed(&["ingest"], lines("many", 1, 2));
}

/// The segment that the second line of `many` falls into.
const FIRST: &str = "(SELECT id FROM segment WHERE stream = (SELECT max(id) FROM stream) ORDER BY first_ts LIMIT 1)";

#[test]
fn a_flipped_bit_in_a_segment_is_found_wherever_it_is() {
    let world = World::in_file().live();
    world.ingest(&lines("many", 0, 3000));
    let connection = Connection::open(world.db()).unwrap();
    let read = format!("SELECT id, body FROM segment WHERE id = {FIRST}");
    let (id, body): (i64, Vec<u8>) = connection.query_row(&read, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let write = |body: &[u8]| connection.execute("UPDATE segment SET body = ?2 WHERE id = ?1", (id, body)).unwrap();
    for at in [0, 1, 2, 3, body.len() / 2, body.len() - 7, body.len() - 5, body.len() - 1] {
        for bit in [0, 1, 2, 7] {
            let mut broken = body.clone();
            broken[at] ^= 1 << bit;
            write(&broken);
            let output = world.run(&["db", "verify"]);
            assert_eq!(output.code, 1, "byte {at}, bit {bit}");
            assert!(output.text().contains(&format!("segment {id} of stream ")), "{}", output.text());
            world.feed(&["ingest"], lines("many", 1, 2)).refuses("does not match its checksum");
            world.run(&["status"]);
            world.run(&["export", "journal"]).refuses_after_output("does not match its checksum");
        }
    }
    write(&body);
    world.verifies();
}

impl crate::harness::Output {
    /// It failed, maybe after printing a part of its answer.
    #[track_caller]
    fn refuses_after_output(&self, what: &str) {
        assert_eq!(self.code, 2, "{}", self.stderr);
        assert!(self.stderr.contains(what) && self.stderr.contains("help: "), "{}", self.stderr);
    }
}

#[test]
fn rows_that_contradict_their_segments_are_found() {
    for (change, what) in [
        ("count = count - 1", "does not decode"),
        ("count = count + 1", "does not decode"),
        ("count = 1000000000000", "does not decode"),
        ("count = -1", "segment"),
        ("first_ts = first_ts - 1", "its last transition is at "),
        ("last_ts = last_ts + 1", "its last transition is at "),
        ("first_ts = 0, last_ts = 9000000000000000000", "its last transition is at "),
        ("first_ts = -5", "does not decode"),
        ("body = x''", "does not decode"),
        ("body = x'01'", "does not decode"),
        ("body = zeroblob(2000)", "does not decode"),
        ("stream = 999", "refers to a row of stream that does not exist"),
    ] {
        finds(&format!("UPDATE segment SET {change} WHERE id = {FIRST}"), what);
    }
}

#[test]
fn segments_in_each_others_way_are_found() {
    finds(
        "INSERT INTO segment (stream, first_ts, last_ts, count, body)
         SELECT stream, first_ts + 1, last_ts + 1, count, body FROM segment ORDER BY id LIMIT 1",
        "overlaps the one before it",
    );
    finds("DELETE FROM segment WHERE stream = (SELECT max(stream) FROM segment)", "has no segment");
    finds("UPDATE stream SET first_ts = first_ts + 1 WHERE id = 1", "stream 1: first_ts is ");
    finds("DELETE FROM stream WHERE id = 1", "refers to a row of stream that does not exist");
    finds("DELETE FROM ingest", "names an ingest that does not exist");
    finds(
        "INSERT INTO note (stream, ts, text) VALUES (1, 5, 'x')",
        "the note of stream 1 at 5 belongs to no transition",
    );
}

#[test]
fn wrong_caches_are_found_and_named() {
    let unlike = |row: &str| format!("{row} does not match its checksum");
    finds("UPDATE seal SET fingerprint = fingerprint + 1", &unlike("seal 1"));
    finds("UPDATE seal SET sealed_until = sealed_until + 1", &unlike("seal 1"));
    finds("UPDATE seal SET sealed_until = 9223372036854775807", &unlike("seal 1"));
    finds("UPDATE ledger SET body = x'01'", &unlike("ledger 1"));
    finds("UPDATE ledger SET body = zeroblob(100)", &unlike("ledger 1"));
    finds("UPDATE ledger SET checksum = checksum + 1", &unlike("ledger 1"));
    finds("UPDATE input_digest SET objectives = 7 WHERE system = 1", &unlike("input_digest 1"));
    finds("DELETE FROM ledger", "objective shop-availability: its sealed days are damaged");
    finds(
        "INSERT INTO dependency_input VALUES (2, 1, 1)",
        "dependency_input: system 2 has the dependents 1 (transitive); the manifests say none",
    );
    finds(
        "INSERT INTO member_input VALUES (2, 1)",
        "member_input: system 2 has the composite systems 1; the manifests say none",
    );
    finds("DELETE FROM objective_input", "objective_input: objective 1 has the systems none; the manifests say 1");
    finds(
        "INSERT INTO objective_input VALUES (2, 1)",
        "objective_input: objective 1 has the systems 1, 2; the manifests say 1",
    );
    // What no checksum shows: a bug in slo.
    for (sql, what) in [
        ("UPDATE seal SET fingerprint = fingerprint + 1", "its days were sealed from another manifest"),
        ("UPDATE seal SET sealed_until = sealed_until + 86400000", "its days are sealed until "),
        ("UPDATE seal SET sealed_until = -1", "its sealed days are damaged"),
        ("UPDATE ledger SET body = x'01'", "its sealed days are damaged"),
    ] {
        let world = World::in_file().live();
        world.forge(sql);
        let output = world.run(&["db", "verify"]);
        let told = format!("objective shop-availability: {what}");
        assert!(output.code == 1 && output.text().contains(&told), "{sql}: {}", output.text());
    }
    finds("DELETE FROM system WHERE name = 'shop'", "refers to a row of system that does not exist");
}

/// One sealed day with a tally that differs from the journal's.
#[test]
fn a_wrong_sealed_day_is_named_with_what_it_should_be() {
    let world = World::in_file().live();
    let connection = Connection::open(world.db()).unwrap();
    let body: Vec<u8> = connection.query_row("SELECT body FROM ledger", [], |row| row.get(0)).unwrap();
    // One minute is 60 000 ms: e0 d4 03 as a varint.
    let at = body.windows(3).position(|bytes| bytes == [0xe0, 0xd4, 0x03]).expect("a day with a minute of downtime");
    let mut wrong = body.clone();
    wrong[at] += 1;
    connection.execute("UPDATE ledger SET body = ?1", [&wrong]).unwrap();
    crate::checksum::resum(&connection);
    let output = world.run(&["db", "verify"]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    let text = output.text();
    assert!(text.contains("objective shop-availability: the sealed day that ends 2024-03-"), "{text}");
    assert!(text.contains("with 60001000 µs own") && text.contains("with 60000000 µs own"), "{text}");
}

#[test]
fn a_sound_database_passes_after_everything() {
    let world = World::lived_in();
    world.ingest(&lines("many", 0, 5000));
    world.ingest(&lines("many", -500, 800));
    world.ingest(&crate::harness::line("2024-03-05T10:00:30Z", "shop", "degraded"));
    world.pass(&["apply", "--prune", "shop.yaml"]);
    world.verifies();
    assert_eq!(world.run(&["db", "verify", "-o", "json"]).json()["ok"], true);
}
