//! Copies of the database, its size, and merges: nothing is lost, doubled or overwritten.

use std::fs;
use std::io::Write as _;
use std::thread;

use crate::harness::{Leashed, OBJECTIVE, World, as_nobody, eventually, irregular, lines, piped};

/// An irregular feed in the worst possible order: each fact is earlier than the one before it.
fn backwards(system: &str, count: i64) -> Vec<String> {
    let feed = irregular(system, count);
    let mut lines: Vec<String> = feed.lines().map(|line| format!("{line}\n")).collect();
    lines.reverse();
    lines
}

#[test]
fn a_copy_holds_the_same_facts_manifests_and_answers() {
    let world = World::in_file().live();
    world.pass(&["db", "backup", "copy.db"]);
    let answers = |db: &str| {
        let all = [&["export", "journal"][..], &["status", "-o", "json", "--as-of", "2024-03-20"], &["db", "verify"]];
        all.map(|args| world.pass(&[args, &["--db", db]].concat()))
    };
    assert_eq!(answers("copy.db"), answers("slo.db"));
    world.feed(&["ingest", "--db", "copy.db"], lines("b", 0, 3));
    assert!(!world.journal().contains("\"b\""), "the copy is another file");
}

#[test]
fn a_copy_takes_the_place_of_nothing_and_leaves_nothing_behind_when_it_fails() {
    let world = World::in_file().live();
    world.write("precious", "mine");
    for (to, what) in [
        ("precious", "precious already exists"),
        ("slo.db", "FILE slo.db would overwrite the database file "),
        ("slo.db-wal", "FILE slo.db-wal would overwrite the database file "),
        ("no/such/folder/copy.db", "cannot write no/such/folder/copy.db"),
        ("..", ".. already exists"),
    ] {
        world.run(&["db", "backup", to]).refuses(what);
    }
    assert_eq!(fs::read(world.path("precious")).unwrap(), b"mine");
    world.run(&["db", "backup", "copy.db", "--db", "none.db"]).refuses("there is no database at none.db");
    fs::create_dir(world.path("locked")).unwrap();
    if let Some(output) = as_nobody(&world, "chmod 555 locked 2>/dev/null; \"$SLO\" db backup locked/copy.db") {
        output.refuses("cannot write locked/copy.db");
    }
    assert_eq!(fs::read_dir(world.path("locked")).unwrap().count(), 0);
}

#[test]
fn a_copy_made_while_others_write_holds_together() {
    let world = World::in_file().live();
    thread::scope(|scope| {
        let writer = scope.spawn(|| (0..20).for_each(|batch| world.ingest(&lines("busy", batch * 50, 50))));
        for number in 0..5 {
            let copy = format!("copy-{number}.db");
            world.pass(&["db", "backup", &copy]);
            world.pass(&["db", "verify", "--db", &copy]);
            let journal = world.pass(&["export", "journal", "--db", &copy]);
            let busy = journal.lines().filter(|line| line.contains("busy")).count();
            assert_eq!(busy % 50, 0, "an ingest is in it wholly or not at all");
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_copy_on_standard_output_is_whole_also_while_somebody_follows() {
    use std::io::Write;
    let world = World::in_file().live();
    // Facts that a follower has committed are in the log while it has the database open.
    let mut follower = Leashed(piped(world.command(&["ingest", "--follow"])).spawn().unwrap());
    let mut pipe = follower.0.stdin.take().unwrap();
    pipe.write_all(lines("fresh", 0, 7).as_bytes()).unwrap();
    let fresh = |journal: &str| journal.lines().filter(|line| line.contains("fresh")).count();
    eventually("the follower commits", || fresh(&world.journal()) == 7);
    let output = world.run(&["db", "backup", "-"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stderr.starts_with("standard output: "), "{}", output.stderr);
    assert!(output.stderr.contains("bytes, checked"), "{}", output.stderr);
    world.write("copy.db", &output.stdout);
    assert_eq!(world.pass(&["export", "journal", "--db", "copy.db"]), world.journal());
    world.pass(&["db", "verify", "--db", "copy.db"]);
    assert_eq!(world.run(&["db", "backup", "-", "-q"]).stderr, "");
    // Half a copy is useless: a closed pipe shows in the exit code.
    let mut broken = piped(world.command(&["db", "backup", "-"]));
    let mut child = broken.spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn compacting_changes_the_size_and_nothing_else() {
    let world = World::in_file();
    world.write("shop.yaml", OBJECTIVE);
    for late in backwards("shop", 3000).chunks(100) {
        world.ingest(&late.concat());
    }
    world.pass(&["apply", "shop.yaml"]);
    let seen = || (world.journal(), world.pass(&["status", "-o", "json", "--as-of", "2024-03-20"]));
    let before = (seen(), fs::metadata(world.db()).unwrap().len());
    let told: serde_json::Value = serde_json::from_str(&world.pass(&["db", "compact", "-o", "json"])).unwrap();
    world.verifies();
    assert_eq!(seen(), before.0);
    let bytes = |field: &str| told[field].as_u64().unwrap();
    assert_eq!(bytes("bytesAfter"), fs::metadata(world.db()).unwrap().len());
    // Fewer segments take fewer bytes, but not always a page less.
    assert!(bytes("bytesAfter") <= bytes("bytesBefore") && bytes("segmentsJoined") > 0, "{told}");
    let again: serde_json::Value = serde_json::from_str(&world.pass(&["db", "compact", "-o", "json"])).unwrap();
    assert_eq!((&again["segmentsJoined"], &again["bytesAfter"]), (&0.into(), &told["bytesAfter"]));
    world.ingest(&lines("shop", 0, 10));
    world.verifies();
    World::in_file().run(&["db", "compact"]).refuses("there is no database at");
}

#[test]
fn merging_equals_ingesting_the_others_exports_in_any_order_and_again() {
    let noted = "{\"ts\":1700000009,\"system\":\"shop\",\"status\":\"down\",\"note\":\"disk\",\"check\":\"http\"}\n";
    let worse = "{\"ts\":1700000002,\"system\":\"a\",\"status\":\"down\"}\n";
    let feeds = [lines("a", 0, 40), lines("a", 20, 40) + worse + noted, lines("b", 0, 7)];
    let world = World::lived_in();
    for (number, feed) in feeds.iter().enumerate() {
        world.feed(&["ingest", "--db", &format!("{number}.db")], feed);
    }
    let merged = World::lived_in();
    let from: Vec<_> = [2, 0, 1, 0].map(|number| world.path(&format!("{number}.db")).display().to_string()).to_vec();
    let args: Vec<&str> = ["db", "merge"].into_iter().chain(from.iter().map(String::as_str)).collect();
    let told = merged.pass(&args);
    assert!(told.contains("in conflict (the worse status won)"), "{told}");
    merged.verifies();
    world.ingest(&feeds.concat());
    assert_eq!(merged.journal(), world.journal());
    let before = merged.kept();
    merged.pass(&args);
    assert!(merged.kept() == before, "what is known already changes nothing");
}

#[test]
fn a_merger_takes_all_of_the_others_or_nothing() {
    let world = World::lived_in();
    world.feed(&["ingest", "--db", "good.db"], lines("good", 0, 5));
    world.write("bad.db", "garbage");
    let before = world.journal();
    world.run(&["db", "merge", "good.db", "bad.db"]).refuses("it is not a SQLite database");
    world.run(&["db", "merge", "good.db", "none.db"]).refuses("there is no database at none.db");
    world.run(&["db", "merge", world.place().to_str().unwrap()]).refuses("is the database itself");
    assert_eq!(world.journal(), before);
    let declared = World::in_file().live();
    let output = world.run(&["db", "merge", &declared.db().display().to_string()]);
    assert!(output.stderr.contains("note: 1 object declared in "), "{}", output.stderr);
}

#[test]
fn figures_are_counted_in_words() {
    let world = World::in_file();
    world.ingest(&lines("shop", 0, 1));
    let info = world.pass(&["db", "info"]);
    assert!(info.contains("1 transition in 1 segment (") && info.contains(", 0 notes\n"), "{info}");
    assert!(
        info.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == ["streams", "1,", "of", "1", "system"])
    );
    let other = World::in_file();
    other.ingest(&lines("bank", 0, 1));
    let merged = world.pass(&["db", "merge", &other.db().display().to_string()]);
    assert!(merged.ends_with(": 1 transition, 1 new, 0 already known\n"), "{merged}");
}

#[test]
fn a_followed_pipe_notices_what_is_forgotten_and_renamed_meanwhile() {
    let world = World::in_file();
    let mut child = Leashed(piped(world.command(&["ingest", "--follow"])).spawn().unwrap());
    let mut pipe = child.0.stdin.take().unwrap();
    let mut follow = |from: i64| {
        pipe.write_all(lines("shop", from, 2).as_bytes()).unwrap();
        // 1 700 000 000 is 2023-11-14T22:13:20Z.
        let last = format!("22:13:2{}.", from + 1);
        eventually("the facts are committed", || {
            let seen = world.run(&["export", "journal"]);
            seen.code == 0 && seen.text().lines().any(|line| line.contains("\"shop\"") && line.contains(&last))
        });
    };
    follow(0);
    world.pass(&["db", "forget", "--system", "shop", "--yes"]);
    // Gets the ids that are free now.
    world.ingest(&lines("bank", 0, 1));
    follow(2);
    world.pass(&["db", "rename-system", "shop", "store", "--yes"]);
    follow(4);
    drop(pipe);
    assert!(child.0.wait().unwrap().success());
    let count = |system: &str| world.journal().lines().filter(|line| line.contains(&format!("\"{system}\""))).count();
    assert_eq!(["bank", "store", "shop"].map(count), [1, 2, 2]);
    world.verifies();
}
