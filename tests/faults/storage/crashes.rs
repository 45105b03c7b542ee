//! Concurrent processes, and killed ones.

use std::io::Write;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::harness::{Leashed, Output, World, eventually, lines, piped};

/// Two ingests race to create a file while others read it: none fails, and no row is lost.
#[test]
fn ingests_and_readers_do_not_disturb_each_other() {
    for round in 0..3 {
        let world = World::new();
        let names = ["a", "b", "c", "d"];
        for name in names {
            // Several files per process, so several transactions. All share a stream.
            for part in 0..5 {
                let shared = lines("shared", part * 500, 1000);
                world.write(&format!("{name}{part}"), format!("{}{shared}", lines(name, part * 500, 500)));
            }
        }
        let start = |name: &&str| {
            let files: Vec<String> = (0..5).map(|part| format!("{name}{part}")).collect();
            let args: Vec<&str> = std::iter::once("ingest").chain(files.iter().map(String::as_str)).collect();
            piped(world.command(&args)).stdin(Stdio::null()).spawn().unwrap()
        };
        let mut running: Vec<_> = names.iter().map(start).collect();
        let mut seen = 0;
        while running.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
            let status = world.run(&["status"]);
            assert!(status.code == 0 || seen == 0, "{}", status.stderr);
            let journal = world.run(&["export", "journal"]);
            if journal.code == 0 {
                let now = journal.text().lines().count();
                assert!(now >= seen, "facts vanished: {now} after {seen}");
                seen = now;
                world.verifies();
            } else {
                // Before the first commit, readers report that there is nothing to read.
                let nothing_yet = journal.says_nothing_is_there();
                assert!(seen == 0 && nothing_yet, "{seen} facts seen, then: {}", journal.stderr);
            }
        }
        for child in running {
            let output = Output::of(&child.wait_with_output().unwrap());
            assert_eq!(output.code, 0, "round {round}: {}", output.stderr);
        }
        assert_eq!(world.journal().lines().count(), 4 * 2500 + 3000);
        world.verifies();
    }
}

#[cfg(unix)]
#[test]
fn an_ingest_killed_at_any_moment_is_completed_by_running_it_again() {
    let files: Vec<String> = (0..12).map(|part| format!("part{part}")).collect();
    let args: Vec<&str> = std::iter::once("ingest").chain(files.iter().map(String::as_str)).collect();
    let fill = |world: &World| {
        for (part, file) in files.iter().enumerate() {
            world.write(file, lines(&format!("s{}", part % 3), part as i64 * 700, 1500));
        }
    };
    let whole = World::new();
    fill(&whole);
    whole.pass(&args);
    let expected = whole.journal();
    let mut interrupted = 0;
    let mut world = World::new();
    fill(&world);
    for round in 0..24u64 {
        let mut child = Leashed(world.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        sleep(Duration::from_micros(round * round * 400));
        interrupted += u64::from(child.0.try_wait().unwrap().is_none());
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        let verified = world.run(&["db", "verify"]);
        let nothing_yet = verified.says_nothing_is_there();
        assert!(verified.code == 0 || nothing_yet, "{}{}", verified.text(), verified.stderr);
        if round % 4 == 3 {
            world.pass(&args);
            world.verifies();
            assert!(world.journal() == expected, "round {round}");
            world.unmake();
        }
    }
    assert!(interrupted > 0, "no round killed anything");
}

/// Once another process has seen a fact, it survives a kill.
#[cfg(unix)]
#[test]
fn what_was_committed_survives_a_kill() {
    let world = World::new();
    let mut expected = 0;
    for round in 0..4i64 {
        let mut child = Leashed(piped(world.command(&["ingest", "--follow"])).stdout(Stdio::null()).spawn().unwrap());
        let mut pipe = child.0.stdin.take().unwrap();
        pipe.write_all(lines("a", round * 100, 100).as_bytes()).unwrap();
        pipe.flush().unwrap();
        expected += 100;
        eventually("the lines are seen", || {
            let seen = world.run(&["export", "journal"]);
            seen.code == 0 && seen.text().lines().count() == expected
        });
        pipe.write_all(lines("b", 0, 3).as_bytes()).unwrap();
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        let kept = world.journal();
        assert!(kept.lines().filter(|line| line.contains("\"a\"")).count() == expected, "round {round}");
        world.verifies();
        expected = kept.lines().count();
    }
}
