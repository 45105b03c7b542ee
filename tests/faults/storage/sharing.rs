//! Databases that several users read and write, and read-only media: the answers are the same, and the owner of the
//! database is never locked out.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::{Command, Stdio};

use crate::harness::{Leashed, Output, SLO, World, as_nobody, eventually, lines, piped, skip};

const STATUS: [&str; 5] = ["status", "-o", "json", "--as-of", "2024-03-20"];

fn allow(world: &World, name: &str, mode: u32) {
    fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

/// A database whose log has facts that are not in the file, as after a killed writer.
fn with_log() -> World {
    let world = World::in_file().live();
    let mut child = Leashed(piped(world.command(&["ingest", "--follow"])).stdout(Stdio::null()).spawn().unwrap());
    child.0.stdin.as_mut().unwrap().write_all(lines("logged", 0, 50).as_bytes()).unwrap();
    eventually("the facts are committed", || world.journal().contains("logged"));
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    assert!(fs::metadata(world.path("slo.db-wal")).unwrap().len() > 0);
    world
}

/// Runs a script with the database in `disk`, a file system of this size, after these further commands.
fn on_a_disk(world: &World, script: &str) -> Option<Output> {
    fs::create_dir_all(world.path("disk")).unwrap();
    let script = format!("mount -t tmpfs -o size=2m tmpfs disk || exit 99\nexport SLO_DB=disk/slo.db\n{script}");
    let mut command = Command::new("unshare");
    let output = command.args(["-m", "sh", "-c", &script, SLO]).current_dir(world.root()).output();
    match output {
        Ok(output) if output.status.code() != Some(99) && output.status.code() != Some(1) => Some(Output::of(&output)),
        other => {
            skip(&format!("cannot mount a file system: {other:?}"));
            None
        }
    }
}

#[test]
fn somebody_who_only_reads_leaves_nothing_in_the_way_of_the_owner() {
    let world = World::in_file().live();
    allow(&world, "slo.db", 0o644);
    let expected = world.pass(&STATUS);
    drop(fs::remove_file(world.path("slo.db-wal")));
    drop(fs::remove_file(world.path("slo.db-shm")));
    if as_nobody(&world, "true").is_none() {
        return;
    }
    // A folder in which everybody may create files, as shared ones are.
    allow(&world, ".", 0o777);
    let script = "\"$SLO\" status -o json --as-of 2024-03-20";
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", script]);
    nobody.current_dir(world.root()).env("SLO", world.path("slo")).env("SLO_DB", world.place());
    let output = Output::of(&nobody.output().unwrap());
    assert_eq!((output.code, output.text()), (0, expected), "{}", output.stderr);
    let foreign = fs::read_dir(world.root()).unwrap().filter(|entry| {
        let entry = entry.as_ref().unwrap();
        entry.metadata().unwrap().uid() == 65534
    });
    assert_eq!(foreign.count(), 0, "a reader made files in the owner's folder");
}

/// If no companion can be created, the log of a killed writer is still read.
#[test]
fn a_log_with_content_is_read_where_nothing_can_be_written() {
    let world = with_log();
    let expected = (world.journal(), world.pass(&STATUS));
    assert!(expected.0.contains("logged"));
    for keeps_index in [true, false] {
        let place = if keeps_index { "with" } else { "without" };
        for name in ["slo.db", "slo.db-wal", "slo.db-shm"] {
            if keeps_index || !name.ends_with("-shm") {
                world.write(&format!("{place}/{name}"), fs::read(world.path(name)).unwrap());
                allow(&world, &format!("{place}/{name}"), 0o444);
            }
        }
        allow(&world, place, 0o555);
        let run = |args: &str| as_nobody(&world, &format!("\"$SLO\" {args} --db {place}/slo.db"));
        let Some(journal) = run("export journal") else { return };
        assert_eq!((journal.code, journal.text()), (0, expected.0.clone()), "{place}: {}", journal.stderr);
        let status = run(&STATUS.join(" ")).unwrap();
        assert_eq!((status.code, status.text()), (0, expected.1.clone()), "{place}: {}", status.stderr);
        let verified = run("db verify").unwrap();
        assert_eq!((verified.code, &*verified.stderr), (0, ""), "{place}: {}", verified.text());
        allow(&world, place, 0o755);
    }
}

#[test]
fn reading_needs_no_free_byte_and_counts_the_log() {
    let world = with_log();
    world.write("expected", world.pass(&STATUS) + &world.journal());
    let script = "cp slo.db slo.db-wal disk/ || exit 98
        dd if=/dev/zero of=disk/fill bs=4k >/dev/null 2>&1
        { \"$0\" status -o json --as-of 2024-03-20; \"$0\" export journal; } > seen 2> err; echo $? > code
        rm disk/fill; \"$0\" db verify > /dev/null && \"$0\" export journal | wc -l > later || exit 95";
    let Some(output) = on_a_disk(&world, script) else { return };
    let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
    assert_eq!((output.code, &*read("code"), &*read("err")), (0, "0\n", ""), "{}", output.stderr);
    assert!(read("seen") == read("expected"));
    assert_eq!(read("later").trim(), world.journal().lines().count().to_string());
}

#[test]
fn reading_works_on_a_medium_that_is_read_only() {
    let world = with_log();
    world.write("expected", world.pass(&STATUS) + &world.journal());
    for copy in ["cp slo.db slo.db-wal disk/", "\"$0\" db backup disk/slo.db --db slo.db -q"] {
        let script = format!(
            "{copy} || exit 98
             mount -o remount,ro disk || exit 97
             {{ \"$0\" status -o json --as-of 2024-03-20; \"$0\" export journal; }} > seen 2> err; echo $? > code
             \"$0\" db backup -q copied.db || exit 96
             \"$0\" ingest seen 2> refused; test $? = 2 || exit 95"
        );
        let Some(output) = on_a_disk(&world, &script) else { return };
        let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
        assert_eq!((output.code, &*read("code"), &*read("err")), (0, "0\n", ""), "{copy}: {}", output.stderr);
        assert!(read("seen") == read("expected"), "{copy}");
        assert_eq!(world.pass(&["export", "journal", "--db", "copied.db"]), world.journal(), "{copy}");
        fs::remove_file(world.path("copied.db")).unwrap();
        assert!(read("refused").starts_with("error: database disk/slo.db: "), "{}", read("refused"));
    }
}

#[test]
fn a_companion_of_somebody_else_is_named_with_its_owner_and_the_way_out() {
    let world = World::in_file().live();
    if as_nobody(&world, "true").is_none() || fs::metadata(world.root()).unwrap().uid() != 0 {
        return;
    }
    let own = |name: &str| chown(world.path(name), Some(65534), Some(65534)).unwrap();
    allow(&world, ".", 0o777);
    own("slo.db");
    world.write("feed", lines("a", 0, 3));
    for (suffix, bytes, hint) in [
        ("-shm", &[0; 4096][..], "it holds no facts: delete it while no slo uses the database"),
        ("-wal", &[], "it holds no facts: delete it while no slo uses the database"),
        ("-wal", &[7; 100], "it holds committed facts, so never delete it"),
    ] {
        drop(fs::remove_file(world.path("slo.db-shm")));
        drop(fs::remove_file(world.path("slo.db-wal")));
        let name = format!("slo.db{suffix}");
        world.write(&name, bytes);
        allow(&world, &name, 0o644);
        let mut nobody = Command::new("setpriv");
        nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", "exec \"$SLO\" ingest -q feed"]);
        nobody.current_dir(world.root()).env("SLO", world.path("slo")).env("SLO_DB", world.place());
        let output = Output::of(&nobody.output().unwrap());
        output.refuses(&format!("{name} belongs to user 0 and cannot be written"));
        assert!(output.stderr.contains(hint), "{}", output.stderr);
        fs::remove_file(world.path(&name)).unwrap();
    }
}
