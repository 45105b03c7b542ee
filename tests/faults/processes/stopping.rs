//! Signals that ask a command to end: imported facts are kept, started processes end with it, and the process ends by
//! the signal.

#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::harness::{Leashed, SLO, World, eventually, line, lines, piped, skip};

/// The signals that a command receives here: whoever started the tests may have some ignored, as a shell does for
/// background jobs.
pub(crate) fn signals() -> Vec<(&'static str, i32)> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    let ignored = mask.map_or(0, |mask| u64::from_str_radix(mask, 16).unwrap());
    let heard = |(name, number): &(&str, i32)| {
        let hears = ignored & (1 << (number - 1)) == 0;
        if !hears {
            skip(&format!("SIG{name} is ignored here"));
        }
        hears
    };
    [("TERM", 15), ("INT", 2), ("HUP", 1)].into_iter().filter(heard).collect()
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_followed_pipe_is_committed_to_its_last_whole_line_and_the_record_finished() {
    for (name, number) in signals() {
        let world = World::new();
        let mut child = piped(world.command(&["ingest", "--follow", "--rejects", "bad"])).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(lines("a", 0, 1).as_bytes()).unwrap();
        eventually("the first line is committed", || {
            let seen = world.run(&["export", "journal"]);
            seen.code == 0 && seen.text().lines().count() == 1
        });
        // Everything in the pipe is imported, whether read already or not; an incomplete line is reported.
        pipe.write_all((lines("a", 1, 500) + "oops\n" + "{\"ts\":17000").as_bytes()).unwrap();
        send(name, &child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(number), "{name}: {output:?}");
        drop(pipe);
        let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(stdout.starts_with("502 lines read: 501 new, "), "{stdout}");
        assert!(stderr.contains(&format!("note: SIG{name}: what was read from stdin until then is kept")), "{stderr}");
        assert!(stderr.contains("stdin:503: not kept: the line is incomplete"), "{stderr}");
        assert_eq!(world.journal().lines().count(), 501);
        assert_eq!(fs::read_to_string(world.path("bad")).unwrap(), "oops\n");
        let ingests = world.pass(&["list", "ingests", "-o", "json"]);
        assert!(ingests.contains("\"inserted\": 501") && !ingests.contains("\"finishedAt\": null"), "{ingests}");
        assert!(!world.pass(&["list", "ingests"]).contains("interrupted"));
        world.verifies();
    }
}

#[test]
fn a_pipe_that_is_not_followed_keeps_what_it_has_sent_too() {
    let world = World::in_file();
    // A new database is created once there is something to store.
    world.ingest(&lines("first", 0, 1));
    let mut child = piped(world.command(&["ingest", "-q"])).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(lines("a", 0, 3000).as_bytes()).unwrap();
    eventually("it has opened the database", || world.path("slo.db-shm").exists());
    std::thread::sleep(Duration::from_millis(100));
    send("TERM", &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.signal(), &*output.stdout), (Some(15), &b""[..]));
    assert_eq!(world.journal().lines().count(), 3001);
    world.verifies();
}

#[test]
fn a_strict_ingest_that_is_ended_keeps_nothing() {
    let world = World::lived_in();
    let before = world.journal();
    let mut child = piped(world.command(&["ingest", "--strict"])).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(lines("a", 0, 3000).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    send("TERM", &child);
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert_eq!(world.journal(), before);
    world.verifies();
}

/// A second signal does not wait until everything is in order.
#[test]
fn a_second_signal_ends_a_command_at_once() {
    let world = World::in_file().live();
    let before = world.journal();
    let holder = rusqlite::Connection::open(world.db()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut child = Leashed(piped(world.command(&["ingest", "--follow"])).spawn().unwrap());
    child.0.stdin.as_mut().unwrap().write_all(lines("a", 0, 3).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    send("TERM", &child.0);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.0.try_wait().unwrap().is_none(), "it waits until what it has can be committed");
    send("TERM", &child.0);
    assert_eq!(child.0.wait().unwrap().signal(), Some(15));
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(world.journal(), before);
    world.verifies();
}

/// `nohup` asks a process to survive the end of its terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_is_ignored_from_the_start_stays_so() {
    let world = World::new();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" ingest --follow", SLO]).env("SLO_DB", world.place());
    let mut child = piped(command).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for number in 0..2 {
        pipe.write_all(lines("a", number, 1).as_bytes()).unwrap();
        eventually("the line is committed", || {
            let seen = world.run(&["export", "journal"]);
            seen.code == 0 && seen.text().lines().count() == number as usize + 1
        });
        send("HUP", &child);
    }
    drop(pipe);
    assert!(child.wait().unwrap().success());
}

/// A world with a change to tell.
fn changing() -> World {
    let world = World::lived_in();
    world.ingest(&line("2024-03-21T10:00:00Z", "shop", "down"));
    world
}

/// A command told of a change and all its processes end with `slo`, for any reason.
#[test]
fn commands_that_are_told_of_changes_end_with_their_parent() {
    for (name, number) in signals().into_iter().chain([("KILL", 9)]) {
        let world = changing();
        let exec = "echo $$ > one; sleep 60 & echo $! > two; wait; touch survived";
        let mut command =
            world.command(&["compute", "-q", "--as-of", "2024-03-22", "--exec", exec, "--exec-timeout", "1h"]);
        let mut child = command.env("PATH", "/usr/bin:/bin").stderr(Stdio::null()).spawn().unwrap();
        let process =
            |name: &str| fs::read_to_string(world.path(name)).ok().and_then(|id| id.trim().parse::<u32>().ok());
        eventually("the command has started", || process("one").is_some() && process("two").is_some());
        let (one, two) = (process("one").unwrap(), process("two").unwrap());
        send(name, &child);
        assert_eq!(child.wait().unwrap().signal(), Some(number), "{name}");
        let lives = |id: u32| {
            let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            !state.is_empty() && !state.contains(") Z ")
        };
        eventually(&format!("{name}: both have ended"), || !lives(one) && !lives(two));
        assert!(!world.path("survived").exists());
        world.verifies();
        // The change that was not delivered is told by the next computation, once.
        let told = world.run(&["compute", "-q", "--as-of", "2024-03-22", "--exec", exec, "--exec-timeout", "200ms"]);
        assert_eq!(told.code, 1, "{}", told.stderr);
        assert!(told.stderr.contains("did not receive change 1 "), "{}", told.stderr);
    }
}

/// Processes that a command leaves running on purpose survive its success.
#[test]
fn what_a_command_starts_and_leaves_behind_lives_on() {
    let world = changing();
    let exec = "test -e id || { sleep 60 > /dev/null 2>&1 & echo $! > id; }; cat > /dev/null";
    let mut command = world.command(&["compute", "-q", "--as-of", "2024-03-22", "--exec", exec]);
    assert!(command.env("PATH", "/usr/bin:/bin").status().unwrap().success());
    let id = fs::read_to_string(world.path("id")).unwrap();
    let alive = Command::new("kill").args(["-s", "KILL", id.trim()]).status().unwrap();
    assert!(alive.success(), "it was ended with the commands that are told");
}
