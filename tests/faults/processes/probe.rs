//! `slo probe` and the commands it runs: failing, hanging, ignoring signals, leaving processes behind or printing too
//! much; concurrent probes; signals; and unreachable databases.

#![cfg(unix)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Leashed, Output, SLO, World, as_nobody, eventually, line, piped};
use crate::processes::stopping::signals;

/// Measures the time of a test.
#[expect(clippy::disallowed_methods, reason = "a test of time limits reads the clock")]
fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

fn probe(world: &World, options: &[&str], script: &str) -> Output {
    world.run(&[&["probe", "shop", "--check", "http"], options, &["--", "sh", "-c", script]].concat())
}

/// The facts of a journal: statuses and notes.
fn facts(world: &World) -> Vec<(String, Option<String>)> {
    let fact = |line: &str| {
        let fact: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&fact["system"], &fact["check"]), (&"shop".into(), &"http".into()), "{fact}");
        (fact["status"].as_str().unwrap().to_owned(), fact["note"].as_str().map(str::to_owned))
    };
    world.journal().lines().map(fact).collect()
}

fn lives(id: &str) -> bool {
    Command::new("kill").args(["-0", id.trim()]).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn the_end_of_a_command_is_recorded() {
    for (options, script, status, note) in [
        (&[][..], "echo fine", "healthy", None),
        (&[], "echo; echo '  HTTP 503 '; echo more; exit 22", "unhealthy", Some("HTTP 503")),
        (&[], "echo refused >&2; exit 7", "unhealthy", Some("refused")),
        (&[], "exit 3", "unhealthy", Some("exit code 3")),
        (&[], "kill -9 $$", "unhealthy", Some("ended by signal: 9 (SIGKILL)")),
        (&["--nagios"], "echo 'OK - 3 ms | t=3'", "healthy", None),
        (&["--nagios"], "echo 'DISK WARNING - 9% free | /=91%;80'; exit 1", "degraded", Some("DISK WARNING - 9% free")),
        (&["--nagios"], "echo 'CRITICAL - down'; exit 2", "unhealthy", Some("CRITICAL - down")),
        (&["--nagios"], "echo 'no such host'; exit 3", "unknown", Some("no such host")),
        (&["--nagios"], "exit 127", "unknown", Some("exit code 127")),
        (&[], "printf '\\033[31mna\\377me\\033[0m\\n'; exit 1", "unhealthy", Some("na\u{fffd}me")),
    ] {
        let world = World::new();
        let output = probe(&world, options, script);
        assert_eq!((output.code, &*output.stderr), (0, ""), "{script}");
        let shown = note.map_or_else(String::new, |note| format!(": {note}"));
        assert_eq!(output.text(), format!("recorded: shop (http) is {status}{shown}\n"));
        assert_eq!(facts(&world), [(status.to_owned(), note.map(str::to_owned))], "{script}");
        world.verifies();
    }
}

#[test]
fn a_command_that_cannot_be_started_is_unknown_and_told() {
    let world = World::new();
    world.write("plain", "x");
    for (command, why) in [("./no-such", "no such file or directory"), ("./plain", "permission denied")] {
        let output = world.run(&["probe", "shop", "--check", "http", "--", command]);
        assert_eq!((output.code, output.stderr), (0, format!("warning: {command}: cannot be run: {why}\n")));
        assert_eq!(facts(&world).last().unwrap(), &("unknown".to_owned(), Some(format!("cannot be run: {why}"))));
    }
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_it_has_started() {
    let world = World::new();
    let script =
        "trap '' TERM; (trap '' TERM; sleep 31.4159; echo x > survived) & echo $! > child; echo begun; sleep 31.4159";
    let began = stopwatch();
    let output = probe(&world, &["--timeout", "500ms"], script);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!((output.code, &*output.stderr), (0, ""));
    assert_eq!(facts(&world), [("unhealthy".to_owned(), Some("no result within 500ms: begun".to_owned()))]);
    let child = fs::read_to_string(world.path("child")).unwrap();
    eventually("its child is gone", || !lives(&child));
}

#[test]
fn what_holds_the_outputs_open_is_not_waited_for() {
    let world = World::new();
    let began = stopwatch();
    let output = probe(&world, &["--timeout", "30s"], "sleep 61 & echo $! > child; echo late; exit 1");
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!((output.code, &*output.stderr), (0, ""));
    assert_eq!(facts(&world), [("unhealthy".to_owned(), Some("late".to_owned()))]);
    // A process that a command leaves running on purpose survives.
    let child = fs::read_to_string(world.path("child")).unwrap();
    assert!(lives(&child));
    assert!(Command::new("kill").args(["-9", child.trim()]).status().unwrap().success());
}

#[test]
fn a_gigabyte_of_output_takes_no_room() {
    let world = World::new();
    let script = format!(
        "ulimit -v 500000; exec {SLO} probe shop --check http --timeout 5m -- sh -c 'head -c 1000000000 /dev/zero | tr \"\\0\" x; exit 1'"
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).env("SLO_DB", world.place());
    let output = Output::of(&command.output().unwrap());
    assert_eq!((output.code, &*output.stderr), (0, ""));
    let (status, note) = facts(&world).remove(0);
    assert_eq!((&*status, note.unwrap()), ("unhealthy", "x".repeat(239) + "…"));
}

#[test]
fn the_last_attempt_decides() {
    let count = "echo x >> tries; test $(wc -l < tries) -ge 3 || { echo not yet; exit 1; }";
    for (retries, status, tries, attempts) in
        [("0", "unhealthy", 1, 1), ("1", "unhealthy", 2, 2), ("5", "healthy", 3, 3)]
    {
        let world = World::new();
        let options = ["--retries", retries, "--retry-delay", "10ms", "-o", "json"];
        let told = probe(&world, &options, count).json();
        assert_eq!((&told["status"], &told["attempts"]), (&status.into(), &attempts.into()), "{told}");
        let tried = fs::read_to_string(world.path("tries")).unwrap();
        assert_eq!((tried.lines().count(), facts(&world).len()), (tries, 1));
    }
    // One attempt may be unhealthy and the next one late.
    let world = World::new();
    let slower = "echo x >> tries; test $(wc -l < tries) -lt 2 || sleep 30; exit 1";
    probe(&world, &["--retries", "1", "--timeout", "300ms", "--retry-delay", "10ms"], slower);
    assert_eq!(facts(&world), [("unhealthy".to_owned(), Some("no result within 300ms".to_owned()))]);
}

#[test]
fn the_verdict_is_passed_on_when_asked_for() {
    let world = World::new();
    for (options, script, code) in [
        (&["-q"][..], "exit 1", 0),
        (&["-q", "--fail"], "exit 0", 0),
        (&["-q", "--fail"], "exit 1", 1),
        (&["-q", "--fail", "--nagios"], "exit 1", 1),
        (&["-q", "--fail", "--nagios"], "exit 3", 1),
    ] {
        let output = probe(&world, options, script);
        assert_eq!((output.code, &*output.text(), &*output.stderr), (code, "", ""), "{options:?} {script}");
    }
    let printed = probe(&world, &["--print", "--fail"], "exit 1");
    assert_eq!(printed.code, 1);
    assert_eq!(facts(&world).len(), 5, "what is printed is not stored");
}

#[test]
fn what_is_printed_can_be_ingested() {
    let world = World::new();
    let printed = probe(&world, &["--print", "--as-of", "2024-03-21T10:00:00Z"], "echo 'a \"b\"'; exit 1").text();
    let expected =
        r#"{"ts":"2024-03-21T10:00:00.000Z","system":"shop","status":"unhealthy","check":"http","note":"a \"b\""}"#;
    assert_eq!(printed, format!("{expected}\n"));
    assert!(!world.is_made());
    world.ingest(&printed);
    assert_eq!(world.journal(), printed);
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_runs() {
    let world = World::in_file();
    for (args, what) in [
        (&["probe", "Shop Front", "--", "touch", "ran"][..], "\"Shop Front\""),
        (&["probe", "shop", "--check", "a b", "--", "touch", "ran"], "write a-b"),
        (&["probe", "shop", "--as-of", "7d", "--", "touch", "ran"], "a probe records what is true now"),
        (&["probe", "shop", "--spool", "slo.db", "--", "touch", "ran"], "would overwrite the database"),
    ] {
        world.run(args).refuses(what);
    }
    for args in [
        &["probe", "shop"][..],
        &["probe", "shop", "touch", "ran"],
        &["probe", "--", "touch", "ran"],
        &["probe", "shop", "--print", "--spool", "f", "--", "touch", "ran"],
        &["probe", "shop", "--retries", "101", "--", "touch", "ran"],
        &["probe", "shop", "--timeout", "0s", "--", "touch", "ran"],
    ] {
        assert_eq!(world.run(args).code, 2, "{args:?}");
    }
    assert!(!world.path("ran").exists() && !world.is_made());
}

#[test]
fn a_signal_ends_the_command_and_nothing_is_recorded() {
    for script in ["echo $$ > id; sleep 60; touch survived", "test -e id || { echo $$ > id; exit 1; }; sleep 60"] {
        for (name, number) in signals().into_iter().chain([("KILL", 9)]) {
            let world = World::new();
            let args =
                ["probe", "shop", "--timeout", "1h", "--retries", "3", "--retry-delay", "1h", "--", "sh", "-c", script];
            let mut child = piped(world.command(&args)).spawn().unwrap();
            let id = || fs::read_to_string(world.path("id")).ok().filter(|id| id.ends_with('\n'));
            eventually("the command has started", || id().is_some());
            std::thread::sleep(Duration::from_millis(100));
            let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
            assert!(sent.success());
            let status = child.wait().unwrap();
            assert_eq!(status.signal(), Some(number), "{name}");
            eventually("the command has ended", || !lives(&id().unwrap()));
            assert!(!world.path("survived").exists() && !world.is_made(), "{name}");
        }
    }
}

#[test]
fn probes_at_the_same_time_are_all_recorded() {
    let world = World::new();
    let mut running: Vec<Leashed> = (0..12)
        .map(|number| {
            let check = format!("c{}", number % 3);
            let script = format!("sleep 0.2; echo {number}; exit 1");
            let args = ["probe", "shop", "--check", &check, "-q", "--", "sh", "-c", &script];
            Leashed(piped(world.command(&args)).spawn().unwrap())
        })
        .collect();
    assert!(running.iter_mut().all(|child| child.0.wait().unwrap().success()));
    // Two results of one stream within one millisecond are one fact.
    let (facts, checks) = (world.journal().lines().count(), ["c0", "c1", "c2"]);
    assert!((3..=12).contains(&facts), "{facts}");
    assert!(checks.iter().all(|check| world.journal().contains(&format!("\"check\":\"{check}\""))));
    world.verifies();
}

#[test]
fn a_result_that_cannot_be_stored_is_told_and_spooled_and_stored_by_the_next_probe() {
    let world = World::in_file();
    fs::create_dir(world.db()).unwrap();
    for number in 0..3 {
        let output = probe(&world, &["--spool", "spool"], &format!("echo no {number}; exit 1"));
        assert_eq!((output.code, &*output.text()), (2, ""), "{}", output.stderr);
        let spooled = fs::read_to_string(world.path("spool")).unwrap();
        let (line, rest) = output.stderr.split_once('\n').unwrap();
        assert_eq!(spooled.lines().nth(number), Some(line));
        assert!(rest.starts_with("note: kept in spool until it can be stored\nerror: "), "{rest}");
        assert_eq!(spooled.lines().count(), number + 1);
    }
    // Nothing is lost without a spool either, and -q only affects notes.
    let output = probe(&world, &["-q"], "exit 9");
    assert_eq!(output.code, 2);
    assert!(
        output.stderr.starts_with("{\"ts\":\"") && output.stderr.contains("exit code 9\"}\nerror: "),
        "{}",
        output.stderr
    );
    fs::remove_dir(world.db()).unwrap();
    // A line that was cut short does not damage the next one.
    let torn = fs::read_to_string(world.path("spool")).unwrap() + "{\"ts\":\"20";
    fs::write(world.path("spool"), torn).unwrap();
    let output = probe(&world, &["--spool", "spool"], "exit 0");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stderr.starts_with("spool:4: rejected, and kept in spool.rejected: "), "{}", output.stderr);
    assert_eq!(fs::read_to_string(world.path("spool")).unwrap(), "");
    assert_eq!(fs::read_to_string(world.path("spool.rejected")).unwrap(), "{\"ts\":\"20\n");
    let stored: Vec<_> = facts(&world).into_iter().map(|(_, note)| note.unwrap_or_default()).collect();
    assert_eq!(stored, ["no 0", "no 1", "no 2", ""]);
    let output = probe(&world, &["--spool", "spool"], "exit 0");
    assert_eq!((output.code, &*output.stderr), (0, ""));
    assert_eq!(facts(&world).len(), 5);
    world.verifies();
}

#[test]
fn a_result_is_stored_although_the_spool_cannot_be_read() {
    let world = World::new();
    fs::create_dir(world.path("spool")).unwrap();
    let output = probe(&world, &["--spool", "spool"], "echo no; exit 1");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stderr.starts_with("warning: --spool spool: "), "{}", output.stderr);
    assert!(output.stderr.ends_with("; this result was stored, what the spool holds was not\n"), "{}", output.stderr);
    assert_eq!(facts(&world), [("unhealthy".to_owned(), Some("no".to_owned()))]);
}

#[test]
fn probes_that_spool_at_the_same_time_lose_no_line() {
    let world = World::in_file();
    let run = |count: usize| {
        let args = ["probe", "shop", "--check", "http", "-q", "--spool", "spool", "--"];
        let each = |number: usize| {
            let script = format!("sleep 0.2; echo {number}; exit 1");
            Leashed(piped(world.command(&[&args[..], &["sh", "-c", &script]].concat())).spawn().unwrap())
        };
        let mut running: Vec<Leashed> = (0..count).map(each).collect();
        running.iter_mut().map(|child| child.0.wait().unwrap().code().unwrap()).collect::<Vec<_>>()
    };
    fs::create_dir(world.db()).unwrap();
    assert_eq!(run(8), [2; 8]);
    let spooled = fs::read_to_string(world.path("spool")).unwrap();
    let lines: Vec<Value> = spooled.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 8);
    fs::remove_dir(world.db()).unwrap();
    assert_eq!(run(8), [0; 8]);
    assert_eq!(fs::read_to_string(world.path("spool")).unwrap(), "");
    let journal = world.journal();
    for spooled in lines {
        // Of two results within one millisecond, one note is kept.
        assert!(journal.contains(spooled["ts"].as_str().unwrap()), "{spooled}");
    }
    world.verifies();
}

#[test]
fn a_database_of_somebody_else_and_a_spool_that_cannot_be_written_lose_nothing_either() {
    let world = World::in_file();
    world.ingest(&line("2024-03-01T10:00:00Z", "shop", "up"));
    world.write("spool", "");
    for name in ["slo.db", "spool"] {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(0o444)).unwrap();
    }
    let Some(output) = as_nobody(&world, "$SLO probe shop --spool spool -- sh -c 'echo gone; exit 1'") else { return };
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("\"note\":\"gone\"}\n"), "{}", output.stderr);
    assert!(output.stderr.contains("warning: --spool spool: "), "{}", output.stderr);
    assert_eq!(world.journal().lines().count(), 1);
}

#[test]
fn cron_needs_no_home() {
    let world = World::new();
    let run = |db: bool| {
        let mut command = world.command(&["probe", "shop", "--check", "http", "--spool", "spool", "--", "true"]);
        if !db {
            command.env_remove("SLO_DB");
        }
        Output::of(&command.output().unwrap())
    };
    let lost = run(false);
    assert_eq!((lost.code, lost.stderr.contains("none of --db, SLO_DB")), (2, true), "{}", lost.stderr);
    assert_eq!(run(true).code, 0);
    assert_eq!(facts(&world).len(), 2);
}
