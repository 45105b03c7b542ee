//! Databases that are missing, broken, foreign, newer, locked or unreachable.

use std::fs;
use std::thread::{sleep, spawn};
use std::time::Duration;

use rusqlite::Connection;

use crate::harness::{Output, SLO, World, as_nobody, irregular, lines, skip};

const READERS: [&[&str]; 12] = [
    &["downtime"],
    &["streaks"],
    &["trend", "shop-availability"],
    &["history", "shop"],
    &["status"],
    &["health"],
    &["check"],
    &["list", "systems"],
    &["export", "journal"],
    &["db", "info"],
    &["db", "verify"],
    &["plan", "shop.yaml"],
];
const WRITERS: [&[&str]; 3] = [&["ingest"], &["apply", "shop.yaml"], &["ingest", "--dry-run"]];

/// Every command refuses the database, says why, and leaves every byte of it unchanged.
#[track_caller]
fn all_refuse(world: &World, what: &str) {
    world.write("shop.yaml", crate::harness::OBJECTIVE);
    let before = fs::read(world.db()).ok();
    for args in READERS.into_iter().chain(WRITERS) {
        let output = world.feed(args, lines("a", 0, 1));
        output.refuses(what);
        assert!(output.stderr.contains("slo.db"), "{args:?} names no file: {}", output.stderr);
        assert!(fs::read(world.db()).ok() == before, "{args:?} changed the file");
    }
}

#[test]
fn a_missing_database_is_no_empty_one() {
    let world = World::in_file();
    world.write("shop.yaml", crate::harness::OBJECTIVE);
    for db in ["slo.db", "no/such/folder/slo.db"] {
        for args in &READERS[..11] {
            let output = Output::of(&world.command(args).env("SLO_DB", db).output().unwrap());
            output.refuses(&format!("there is no database at {db}"));
            assert!(!world.path(db).exists());
        }
        let mut command = world.command(&["ingest"]);
        assert!(command.env("SLO_DB", world.path(db)).status().unwrap().success());
        assert!(world.path(db).exists());
    }
}

#[test]
fn a_database_that_is_none_is_refused_and_left_alone() {
    let world = World::in_file();
    fs::create_dir(world.db()).unwrap();
    all_refuse(&world, "it is a folder");
    for (bytes, what) in [
        (b"garbage".to_vec(), "it is not a SQLite database"),
        (b"SQLite format 3\0".to_vec(), "it is not a SQLite database"),
        (lines("a", 0, 1000).into_bytes(), "it is not a SQLite database"),
        (vec![0; 100_000], "it is not a SQLite database"),
    ] {
        let world = World::in_file();
        world.write("slo.db", bytes);
        all_refuse(&world, what);
    }
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    for sql in [
        "CREATE TABLE bookmark (url TEXT)",
        "PRAGMA user_version = 1; CREATE TABLE segment (id INTEGER)",
        "PRAGMA application_id = 252006675; CREATE TABLE t (x)",
        "PRAGMA application_id = 252006675",
        "PRAGMA user_version = 7",
    ] {
        let world = World::in_file();
        world.sql(sql);
        all_refuse(&world, "this SQLite file does not belong to slo");
        let world = World::in_file().live();
        world.sql("PRAGMA application_id = 0");
        all_refuse(&world, "this SQLite file does not belong to slo");
    }
}

#[test]
fn a_newer_database_is_refused_by_its_version() {
    let world = World::in_file().live();
    world.sql("PRAGMA user_version = 99");
    all_refuse(&world, "it was written by a newer slo (schema 99; this one knows schemas up to ");
    world.sql("PRAGMA user_version = 0");
    all_refuse(&world, "its schema 0 is unknown");
    world.sql("PRAGMA user_version = -1");
    all_refuse(&world, "its schema -1 is unknown");
}

#[test]
fn an_empty_file_becomes_a_database_only_when_something_is_written() {
    let world = World::in_file();
    world.write("slo.db", "");
    for args in &READERS[..11] {
        world.run(args).refuses("it is empty");
    }
    assert_eq!(fs::read(world.db()).unwrap(), b"");
    world.ingest(&lines("a", 0, 1));
    world.verifies();
}

#[test]
fn names_that_sqlite_takes_for_something_else_are_files() {
    let world = World::in_file();
    for name in [":memory:", "./file:x?mode=memory", "a b%20#?.db", "at-12:30.db", "ü.db"] {
        let feed = world.feed(&["ingest", "--db", name], lines("a", 0, 3));
        assert_eq!(feed.code, 0, "{}", feed.stderr);
        assert_eq!(world.run(&["export", "journal", "--db", name]).text().lines().count(), 3, "{name}");
        assert!(world.path(name).exists(), "{name}");
    }
    assert_eq!(world.run(&["status", "--db="]).code, 2);
}

#[test]
fn a_url_is_no_file_wherever_a_database_is_named() {
    let world = World::in_file().live();
    for url in ["jdbc:postgresql://user:secret@host/slo", "mysql://host/slo", "file:///tmp/slo.db", "sqlite:slo.db"] {
        let all = READERS.into_iter().chain(WRITERS).chain([&["validate", "shop.yaml"][..], &["init"], &["demo"]]);
        for args in all {
            let output = world.feed(&[args, &["--db", url]].concat(), lines("a", 0, 1));
            output.refuses("is not a database");
            assert!(!output.stderr.contains("secret"), "{}", output.stderr);
        }
        Output::of(&world.command(&["status"]).env("SLO_DB", url).output().unwrap()).refuses("is not a database");
        world.run(&["db", "merge", url]).refuses("is not a database");
        world.run(&["db", "backup", url]).refuses("is not a database");
    }
    for made in fs::read_dir(world.root()).unwrap() {
        let name = made.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with("slo.db") || name == "shop.yaml", "{name} was made");
    }
}

/// A truncated file is damaged wherever it is cut; nothing in it is trusted, and nothing panics.
#[test]
fn a_truncated_database_is_told() {
    let whole = World::in_file().live();
    whole.ingest(&irregular("many", 30_000));
    let bytes = fs::read(whole.db()).unwrap();
    let world = World::in_file();
    for length in [1, 99, 100, 4096, 8192, 20_000, bytes.len() / 2, bytes.len() - 8192, bytes.len() - 1] {
        world.write("slo.db", &bytes[..length]);
        for args in [&["status"][..], &["export", "journal"], &["db", "verify"], &["ingest"], &["check"]] {
            let output = world.feed(args, lines("many", 0, 1));
            if output.code == 2 {
                assert!(output.stderr.contains("help: "), "{}", output.stderr);
            }
            if args[0] == "db" {
                assert_ne!(output.code, 0, "cut at {length}: {}", output.text());
            }
        }
    }
}

/// Flipped bits never crash a command, and `db verify` finds those that matter to SQLite's structure.
#[test]
fn flipped_bits_bring_no_command_down() {
    let whole = World::in_file().live();
    whole.ingest(&lines("many", 0, 3000));
    let bytes = fs::read(whole.db()).unwrap();
    let world = World::in_file();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..40 {
        let mut broken = bytes.clone();
        for _ in 0..20 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (seed >> 24) as usize % broken.len();
            broken[at] ^= 1 << (seed >> 61);
        }
        world.write("slo.db", &broken);
        drop(fs::remove_file(world.path("slo.db-wal")));
        for args in [&["status"][..], &["export", "journal"], &["db", "verify"], &["ingest"]] {
            let output = world.feed(args, lines("many", 1, 2));
            assert!(output.code < 2 || output.stderr.contains("error: "), "{}", output.stderr);
        }
    }
}

#[test]
fn a_command_waits_for_the_one_that_writes() {
    let world = World::in_file().live();
    let db = world.db();
    let holder = Connection::open(&db).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE; UPDATE ingest SET file = file").unwrap();
    // Readers do not wait: they see the state before.
    world.pass(&["status"]);
    world.verifies();
    let release = spawn(move || {
        sleep(Duration::from_millis(700));
        holder.execute_batch("COMMIT").unwrap();
    });
    world.ingest(&lines("a", 0, 5));
    release.join().unwrap();
    assert_eq!(world.journal().lines().count(), 38 + 5);
    world.verifies();
}

#[test]
fn a_new_file_that_is_locked_is_waited_for_too() {
    let world = World::in_file();
    let holder = Connection::open(world.db()).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let release = spawn(move || {
        sleep(Duration::from_millis(700));
        holder.execute_batch("ROLLBACK").unwrap();
    });
    world.ingest(&lines("a", 0, 5));
    release.join().unwrap();
    world.verifies();
}

#[cfg(unix)]
#[test]
fn permissions_are_told_and_reading_needs_no_more_than_reading() {
    use std::os::unix::fs::PermissionsExt;
    let allow = |world: &World, name: &str, mode: u32| {
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let world = World::in_file().live();
    world.write("feed", lines("a", 0, 1));
    world.write("secret", lines("a", 0, 1));
    world.write("sub/slo.db", fs::read(world.db()).unwrap());
    allow(&world, "secret", 0o000);
    allow(&world, "sub/slo.db", 0o444);
    allow(&world, "sub", 0o555);
    let status = world.pass(&["status", "-o", "json", "--as-of", "2024-03-20"]);
    let Some(seen) = as_nobody(&world, "\"$SLO\" status -o json --as-of 2024-03-20 --db sub/slo.db") else { return };
    assert_eq!((seen.code, seen.text()), (0, status), "{}", seen.stderr);
    for script in ["\"$SLO\" db verify --db sub/slo.db", "\"$SLO\" export journal --db sub/slo.db"] {
        let output = as_nobody(&world, script).unwrap();
        assert_eq!((output.code, &*output.stderr), (0, ""), "{script}");
    }
    for (script, what) in [
        ("\"$SLO\" ingest feed --db sub/slo.db", "this command cannot open it"),
        ("\"$SLO\" ingest feed --db sub/new.db", "this command cannot open it"),
        ("\"$SLO\" ingest feed --db sub/new/folder/slo.db", "cannot make the folder"),
        ("\"$SLO\" ingest secret --db sub/slo.db", "cannot read secret: Permission denied"),
        ("\"$SLO\" ingest feed --rejects sub/bad", "--rejects: cannot write sub/bad: Permission denied"),
    ] {
        as_nobody(&world, script).unwrap().refuses(what);
    }
    allow(&world, "sub", 0o755);
    allow(&world, "slo.db", 0o000);
    for args in ["status", "ingest feed", "db verify"] {
        as_nobody(&world, &format!("\"$SLO\" {args}")).unwrap().refuses("this command cannot open it");
    }
    let validated = as_nobody(&world, "\"$SLO\" validate --db sub/slo.db secret shop.yaml").unwrap();
    assert_eq!(validated.code, 2);
    assert!(validated.text().contains("secret: error: cannot be read: Permission denied"), "{}", validated.text());
}

/// A file system of 450 kB, which is gone with the shell that made it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_costs_nothing_that_was_kept() {
    let world = World::in_file();
    world.write("small", lines("a", 0, 100));
    world.write("large", (0..200).map(|number| lines(&format!("system-{number}"), 0, 400)).collect::<String>());
    fs::create_dir(world.path("disk")).unwrap();
    let script = "mount -t tmpfs -o size=450k tmpfs disk || exit 99
        export SLO_DB=disk/slo.db
        \"$0\" ingest small >/dev/null || exit 98
        \"$0\" ingest large >out 2>err; echo $? >code
        \"$0\" db verify >/dev/null || exit 97
        \"$0\" export journal >journal || exit 96
        mount -o remount,size=10m disk && \"$0\" ingest large >/dev/null || exit 95
        \"$0\" export journal >whole && \"$0\" db verify >/dev/null || exit 94";
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", script, SLO]).current_dir(world.root());
    let Ok(output) = command.output() else { return skip("there is no unshare") };
    let stderr = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => {}
        Some(94..=98) | None => panic!("{:?}: {stderr}", output.status),
        Some(_) => return skip(&format!("cannot mount a small file system: {stderr}")),
    }
    let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
    assert_eq!(read("code"), "2\n");
    assert!(read("err").starts_with("error: database disk/slo.db: the disk is full ("), "{}", read("err"));
    assert!(read("err").contains("help: free some space"), "{}", read("err"));
    assert_eq!((read("journal").lines().count(), read("whole").lines().count()), (100, 80_100));
}

/// With a limit on file sizes, writing fails in yet another way.
#[cfg(unix)]
#[test]
fn a_limit_on_file_sizes_is_told() {
    let world = World::in_file();
    world.write("small", lines("a", 0, 100));
    world.write("large", (0..200).map(|number| lines(&format!("system-{number}"), 0, 400)).collect::<String>());
    world.pass(&["ingest", "small"]);
    let script = "trap '' XFSZ; ulimit -f 400 || exit 0; exec \"$0\" ingest large";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, SLO]).env("SLO_DB", world.place()).current_dir(world.root());
    let output = Output::of(&command.output().unwrap());
    if output.code == 0 {
        return skip("this shell cannot limit the size of files");
    }
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("help: "), "{}", output.stderr);
    assert_eq!(world.journal().lines().count(), 100);
    world.verifies();
    world.pass(&["ingest", "large"]);
    assert_eq!(world.journal().lines().count(), 80_100);
}
