//! Files that commands write: never in place of a database or another user's file, complete or missing, and never with
//! too many permissions.

#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Stdio;
use std::thread;

use crate::harness::{Leashed, OBJECTIVE, World, eventually, lines, night, piped};

fn mode(world: &World, name: &str) -> u32 {
    fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777
}

fn names(world: &World) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(world.root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_dash_is_standard_output_and_never_a_file() {
    let world = World::in_file();
    world.ingest(&lines("a", 0, 3));
    assert_eq!(world.pass(&["init", "-"]), world.pass(&["init"]));
    let correct = ["correct", "a", "--status", "healthy", "--reason", "x"];
    for (what, args) in [
        ("--rejects", &["ingest", "--rejects", "-"][..]),
        ("--maintenance", &["ingest", "--feed", "gatus", "--maintenance", "-"]),
        ("--spool", &["probe", "a", "--spool", "-", "--", "true"]),
        ("--write", &[&correct[..], &["--write", "-"]].concat()),
    ] {
        world.run(args).refuses(&format!("{what} - must be a file, not standard output"));
    }
    assert!(!world.path("-").exists());
}

/// Every flag and argument for an output file, with every name of a database and its companions.
#[test]
fn no_output_overwrites_the_database_or_its_companions_by_any_name() {
    let world = World::in_file().live();
    world.write("bad", "oops\n");
    fs::hard_link(world.db(), world.path("hard")).unwrap();
    symlink("slo.db", world.path("soft")).unwrap();
    // The log of a killed writer has facts that are nowhere else.
    let mut child = Leashed(piped(world.command(&["ingest", "--follow"])).stdout(Stdio::null()).spawn().unwrap());
    child.0.stdin.as_mut().unwrap().write_all(lines("logged", 0, 3).as_bytes()).unwrap();
    eventually("the facts are committed", || world.journal().contains("logged"));
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    assert!(fs::metadata(world.path("slo.db-wal")).unwrap().len() > 0);
    fs::hard_link(world.path("slo.db-wal"), world.path("log")).unwrap();
    let journal = world.journal();
    for name in
        ["slo.db", "./slo.db", "hard", "soft", "slo.db-wal", "log", "slo.db-shm", "slo.db-journal", "slo.db-delivery"]
    {
        for (what, args) in [
            ("--html", &["report", "--html", name][..]),
            ("--rejects", &["ingest", "bad", "--rejects", name]),
            ("FILE", &["db", "backup", name]),
            ("FILE", &["init", name]),
        ] {
            world.run(args).refuses(&format!("{what} {name} would overwrite the database file "));
        }
        let mut check = world.command(&["check", "--as-of", "2024-03-20", "-o", "github"]);
        let output = check.env("GITHUB_STEP_SUMMARY", name).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stderr).contains("would overwrite the database file"), "{output:?}");
        assert_eq!(world.journal(), journal, "{name}");
    }
    assert!(!world.path("slo.db-journal").exists() && !world.path("slo.db-delivery").exists());
    world.verifies();
}

#[test]
fn files_of_others_are_neither_deleted_nor_written_through() {
    let world = World::in_file().live();
    world.write("copy.db.partial", "precious");
    world.write("target", "precious");
    symlink("target", world.path("page.html.tmp")).unwrap();
    world.pass(&["db", "backup", "copy.db"]);
    world.pass(&["report", "--html", "page.html", "--as-of", "2024-03-20"]);
    // Only the name is replaced: another name of the same file keeps its content.
    world.write("bad", "the rejects of last week\n");
    fs::hard_link(world.path("bad"), world.path("kept")).unwrap();
    world.write("feed", lines("a", 0, 1) + "oops\n");
    assert_eq!(world.run(&["ingest", "feed", "--rejects", "bad"]).code, 1);
    let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
    assert_eq!((&*read("bad"), &*read("kept")), ("oops\n", "the rejects of last week\n"));
    assert_eq!((&*read("copy.db.partial"), &*read("target")), ("precious", "precious"));
    assert!(!names(&world).iter().any(|name| name.starts_with(".slo-")), "{:?}", names(&world));
}

#[test]
fn a_copy_is_never_more_open_than_the_database() {
    let world = World::in_file().live();
    for open in [0o600, 0o640, 0o644] {
        fs::set_permissions(world.db(), fs::Permissions::from_mode(open)).unwrap();
        let copy = format!("copy-{open:o}.db");
        world.pass(&["db", "backup", &copy]);
        assert_eq!(mode(&world, &copy) & !open, 0, "{open:o}");
        assert!(fs::metadata(world.path(&copy)).unwrap().nlink() == 1);
    }
    // A page that only its owner may read stays private.
    world.write("page.html", "old");
    fs::set_permissions(world.path("page.html"), fs::Permissions::from_mode(0o600)).unwrap();
    world.pass(&["report", "--html", "page.html", "--as-of", "2024-03-20"]);
    assert_eq!(mode(&world, "page.html"), 0o600);
}

/// Each of several copies that exits with 0 has left a complete file; one remains at the end, and nothing beside it.
#[test]
fn copies_to_one_name_at_the_same_time_end_well() {
    let world = World::in_file().live();
    for round in 0..8 * night() {
        let name = format!("copy-{round}.db");
        let codes: Vec<i32> = thread::scope(|scope| {
            let start = || scope.spawn(|| world.run(&["db", "backup", "-q", &name]));
            let running: Vec<_> = (0..3).map(|_| start()).collect();
            let ended = running.into_iter().map(|one| one.join().unwrap());
            ended
                .inspect(|output| assert!(output.code == 0 || output.stderr.contains("already exists"), "{output:?}"))
                .map(|output| output.code)
                .collect()
        });
        assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
        world.pass(&["db", "verify", "--db", &name]);
        fs::remove_file(world.path(&name)).unwrap();
    }
    assert!(!names(&world).iter().any(|name| name.starts_with(".slo-")), "{:?}", names(&world));
}

#[test]
fn pages_to_one_name_at_the_same_time_end_well() {
    let world = World::in_file().live();
    let args = ["report", "--html", "page.html", "--as-of", "2024-03-20"];
    world.pass(&args);
    let page = fs::read(world.path("page.html")).unwrap();
    thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| (0..5).for_each(|_| drop(world.pass(&args))))));
        (0..200).for_each(|_| assert!(fs::read(world.path("page.html")).unwrap() == page, "a part of a page was seen"));
    });
}

/// A database that is restored from a copy while a pipe is followed: nothing is reported that is not in a file.
#[test]
fn a_followed_pipe_ends_when_its_database_is_replaced_or_removed() {
    for restore in [true, false] {
        let world = World::in_file();
        let mut child = Leashed(piped(world.command(&["ingest", "--follow"])).spawn().unwrap());
        let mut pipe = child.0.stdin.take().unwrap();
        pipe.write_all(lines("a", 0, 3).as_bytes()).unwrap();
        eventually("the facts are committed", || {
            let seen = world.run(&["export", "journal"]);
            seen.code == 0 && seen.text().lines().count() == 3
        });
        world.pass(&["db", "backup", "copy.db"]);
        for name in ["slo.db", "slo.db-wal", "slo.db-shm"] {
            drop(fs::remove_file(world.path(name)));
        }
        if restore {
            fs::rename(world.path("copy.db"), world.db()).unwrap();
            // A process that used the old file removes nothing from the new one when it ends.
            world.ingest(&lines("b", 0, 3));
        }
        pipe.write_all(lines("a", 3, 3).as_bytes()).unwrap();
        let ended =
            std::mem::replace(&mut child.0, world.command(&["--version"]).stdout(Stdio::null()).spawn().unwrap());
        let output = crate::harness::Output::of(&ended.wait_with_output().unwrap());
        output.refuses("it was replaced or removed while this command used it");
        if restore {
            assert_eq!(world.journal().lines().count(), 6);
            world.verifies();
        }
        world.ingest(&lines("a", 0, 6));
        assert_eq!(world.journal().lines().filter(|line| line.contains("\"a\"")).count(), 6);
        world.verifies();
    }
}

#[test]
fn a_command_that_delivers_ends_when_the_database_is_replaced() {
    let world = World::in_file().live();
    world.write("shop.yaml", OBJECTIVE);
    world.pass(&["db", "backup", "copy.db"]);
    let replace = "rm -f slo.db slo.db-wal slo.db-shm; mv copy.db slo.db; cat > told";
    let mut command = world.command(&["compute", "--as-of", "2024-03-20", "--exec", replace]);
    let output = crate::harness::Output::of(&command.env("PATH", "/usr/bin:/bin").output().unwrap());
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("it was replaced or removed"), "{}", output.stderr);
    world.verifies();
}
