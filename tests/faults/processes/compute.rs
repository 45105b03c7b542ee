//! `slo compute` and the commands it tells of changes: missing, failing, hanging, ignoring input or printing too much;
//! concurrent computations; kills; and files that cannot be written.

#![cfg(unix)]

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use rusqlite::Connection;

use crate::harness::{Leashed, Output, SLO, World, as_nobody, eventually, line, lines, piped, skip};

/// A world in which `shop` was up on 20 March 2024 and went down the day after.
fn changing() -> World {
    changed(World::lived_in())
}

fn changed(world: World) -> World {
    world.ingest(&line("2024-03-21T10:00:00Z", "shop", "down"));
    world
}

const UP: &str = "2024-03-20T12:00:00Z";
const DOWN: &str = "2024-03-21T12:00:00Z";
/// Later still, when nothing has changed.
const STILL: &str = "2024-03-21T12:01:00Z";

fn compute(world: &World, at: &str, exec: &str) -> Output {
    world.run(&["compute", "-q", "--as-of", at, "--exec", exec])
}

/// Measures the time of a test.
#[expect(clippy::disallowed_methods, reason = "a test of time limits reads the clock")]
fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

/// What commands wrote to a file, line by line.
fn told(world: &World, name: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(world.path(name)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sequences(world: &World, name: &str) -> Vec<i64> {
    told(world, name).iter().map(|change| change["sequence"].as_i64().unwrap()).collect()
}

#[test]
fn every_change_is_told_once_in_order_as_it_is_printed() {
    let world = changing();
    let printed = world.pass(&["compute", "-o", "json", "--as-of", UP, "--exec", "cat >> told"]);
    assert_eq!(fs::read_to_string(world.path("told")).unwrap(), printed);
    assert!(printed.lines().count() >= 2, "{printed}");
    let more = world.pass(&["compute", "-o", "json", "--as-of", DOWN, "--exec", "cat >> told"]);
    assert!(more.contains("\"id\":\"shop\"") && more.contains("\"status\":\"unhealthy\""), "{more}");
    assert_eq!(world.pass(&["compute", "-o", "json", "--as-of", DOWN, "--exec", "cat >> told"]), "");
    assert_eq!(fs::read_to_string(world.path("told")).unwrap(), printed + &more);
    world.verifies();
}

#[test]
fn a_command_that_fails_is_reported_and_told_again() {
    let world = changing();
    let exec = "cat > last; test -e allowed || { echo 'no route to host' >&2; exit 3; }; cat last >> told";
    for (round, at) in [UP, DOWN, STILL].into_iter().enumerate() {
        let output = compute(&world, at, exec);
        assert_eq!(output.code, 1, "{}", output.stderr);
        assert!(output.stderr.starts_with("error: --exec "), "{}", output.stderr);
        for part in ["did not receive change 1 (", "exit code 3", "no route to host", "help: it and "] {
            assert!(output.stderr.contains(part), "{part:?} is missing: {}", output.stderr);
        }
        // Order is kept: no change overtakes the one that failed.
        assert_eq!(sequences(&world, "last"), [1], "round {round}");
    }
    world.write("allowed", "");
    let output = compute(&world, STILL, exec);
    assert_eq!((output.code, &*output.stderr), (0, ""));
    let all: Vec<i64> = (1..=i64::try_from(told(&world, "told").len()).unwrap()).collect();
    assert_eq!(sequences(&world, "told"), all);
    assert_eq!(compute(&world, STILL, exec).code, 0);
    assert_eq!(sequences(&world, "told"), all);
}

#[test]
fn a_corrected_command_takes_the_place_of_the_one_that_failed() {
    let world = changing();
    let output = compute(&world, UP, "cat >> told; false");
    let (_, name) = output.stderr.rsplit_once("to change the command, add `--exec-name ").unwrap();
    let name = name.trim_end().trim_end_matches('`');
    fs::remove_file(world.path("told")).unwrap();
    let corrected = world.run(&["compute", "-q", "--as-of", STILL, "--exec", "cat >> told", "--exec-name", name]);
    assert_eq!(corrected.code, 0, "{}", corrected.stderr);
    assert_eq!(sequences(&world, "told").first(), Some(&1));
    // Who gave a name knows how to change a command.
    world.ingest(&line("2024-03-21T12:02:00Z", "shop", "up"));
    let named =
        world.run(&["compute", "-q", "--as-of", "2024-03-21T13:00:00Z", "--exec", "false", "--exec-name", "mail"]);
    assert!(named.code == 1 && !named.stderr.contains("to change the command"), "{}", named.stderr);
}

#[test]
fn what_cannot_be_run_at_all_is_reported() {
    for (exec, what) in [
        ("no-such-program", "exit code 127"),
        ("./not-executable", "exit code 126"),
        ("if", "exit code 2"),
        ("kill -9 $$", "it was ended by signal: 9"),
        ("exit 1", "exit code 1"),
    ] {
        let world = changing();
        world.write("not-executable", "");
        let output = compute(&world, UP, exec);
        assert_eq!(output.code, 1, "{exec}: {}", output.stderr);
        assert!(output.stderr.contains(what), "{exec}: {}", output.stderr);
        assert!(!output.stderr.contains("os error"), "{}", output.stderr);
    }
    let output = World::lived_in().run(&["compute", "--exec", ""]);
    assert_eq!(output.code, 2, "{}", output.stderr);
}

#[test]
fn a_command_that_hangs_is_ended_with_all_it_has_started() {
    let world = changing();
    let exec = "(sleep 31.4159; echo x > survived) & echo $! > child; sleep 31.4159";
    let began = stopwatch();
    let output = world.run(&["compute", "-q", "--as-of", UP, "--exec", exec, "--exec-timeout", "1s"]);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(output.stderr.contains("it took longer than 1s and was killed"), "{}", output.stderr);
    let child = fs::read_to_string(world.path("child")).unwrap();
    let alive = || {
        std::process::Command::new("kill").args(["-0", child.trim()]).stderr(Stdio::null()).status().unwrap().success()
    };
    eventually("its child is gone", || !alive());
    let output = world.run(&["compute", "-q", "--as-of", UP, "--exec", "exec sleep 31", "--exec-timeout", "soon"]);
    assert_eq!(output.code, 2, "{}", output.stderr);
}

#[test]
fn a_command_may_ignore_its_input_close_it_or_talk_without_end() {
    for exec in [
        "true",
        "exec <&-; exit 0",
        "exec <&- >&- 2>&-; sleep 0.05",
        "head -c 1 >/dev/null",
        "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2",
        // Its background processes delay nothing.
        "sleep 31 & true",
    ] {
        let world = changing();
        let began = stopwatch();
        let output = compute(&world, UP, exec);
        assert_eq!((output.code, &*output.stderr), (0, ""), "{exec}");
        assert!(!output.text().contains('\0'), "{exec}");
        assert!(began.elapsed() < Duration::from_secs(20), "{exec} took {:?}", began.elapsed());
    }
    let world = changing();
    let output = compute(&world, UP, "yes talk | head -c 5000000; printf 'the \\033[31mend\\n'; exit 1");
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("the  [31mend") && output.stderr.len() < 4000, "{}", output.stderr);
}

#[test]
fn each_command_is_told_of_everything_from_its_first_run_on() {
    let world = changing();
    world.pass(&["compute", "--as-of", UP]);
    // Nothing has changed since, so a new command is told nothing.
    assert_eq!(compute(&world, UP, "cat >> first").code, 0);
    assert_eq!(told(&world, "first").len(), 0);
    let both =
        ["compute", "-q", "--as-of", DOWN, "--exec", "exit 9", "--exec", "cat >> first", "--exec", "cat >> first"];
    let output = world.run(&both);
    // The failure of one command does not affect another.
    assert_eq!(output.code, 1, "{}", output.stderr);
    let heard = told(&world, "first");
    assert!(!heard.is_empty() && heard.iter().all(|change| change["previous"].is_object()), "{heard:?}");
    // A command that was left out for a while is told what it missed.
    world.ingest(&line("2024-03-22T10:00:00Z", "shop", "up"));
    world.pass(&["compute", "--as-of", "2024-03-22T12:00:00Z"]);
    assert_eq!(compute(&world, "2024-03-22T12:00:00Z", "cat >> first").code, 0);
    assert!(told(&world, "first").len() > heard.len());
}

#[test]
fn commands_see_the_environment_that_slo_saw() {
    let world = changing();
    let mut command = world.command(&["compute", "-q", "--as-of", UP, "--exec", "env > seen"]);
    assert!(command.env("WEBHOOK", "https://example.com/?a=b c").status().unwrap().success());
    let seen = fs::read_to_string(world.path("seen")).unwrap();
    assert!(seen.contains("WEBHOOK=https://example.com/?a=b c\n") && !seen.contains("HOME="), "{seen}");
    // Cron runs without a home: then the database must be named.
    let output = Output::of(&world.command(&["compute"]).env_remove("SLO_DB").output().unwrap());
    output.refuses("none of --db, SLO_DB, XDG_DATA_HOME and HOME is set");
}

#[test]
fn computations_at_once_tell_nothing_twice() {
    let world = changing();
    for (round, at) in [UP, DOWN, UP, DOWN].into_iter().enumerate() {
        let exec = "line=$(cat); sleep 0.05; echo \"$line\" >> told";
        let start = |_| piped(world.command(&["compute", "-q", "--as-of", at, "--exec", exec])).spawn().unwrap();
        let running: Vec<_> = (0..4).map(start).collect();
        for child in running {
            let output = Output::of(&child.wait_with_output().unwrap());
            assert_eq!(output.code, 0, "round {round}: {}", output.stderr);
        }
        // Each computation ends only when everything logged before it has been delivered.
        let told = sequences(&world, "told");
        assert_eq!(told, (1..=i64::try_from(told.len()).unwrap()).collect::<Vec<_>>(), "round {round}");
        let logged = world.pass(&["compute", "-q", "--as-of", at]);
        assert_eq!(logged, "");
    }
    world.verifies();
}

#[test]
fn a_slow_command_holds_nobody_up_who_writes() {
    let world = changing();
    let exec = "touch running; until test -e done; do sleep 0.02; done";
    let child = piped(world.command(&["compute", "-q", "--as-of", UP, "--exec", exec])).spawn().unwrap();
    let mut child = Leashed(child);
    eventually("the command runs", || world.path("running").exists());
    let began = stopwatch();
    world.ingest(&lines("other", 0, 10));
    world.pass(&["compute", "-q", "--as-of", DOWN]);
    world.verifies();
    assert!(began.elapsed() < Duration::from_secs(20));
    world.write("done", "");
    assert!(child.0.wait().unwrap().success());
}

/// Killed at any time, every change is told at least once, and at most one of them twice.
#[test]
fn a_killed_computation_loses_no_change() {
    let world = World::in_file().live();
    let mut feed = String::new();
    for number in 0..30 {
        feed.push_str(&line("2024-03-01T00:00:00Z", &format!("system-{number}"), "up"));
    }
    world.ingest(&feed);
    let args = ["compute", "-q", "--as-of", UP, "--exec", "cat >> told"];
    let mut kills = 0;
    for round in 0..12u64 {
        let mut child = Leashed(piped(world.command(&args)).stdin(Stdio::null()).spawn().unwrap());
        sleep(Duration::from_millis(5 + round * 7));
        kills += u64::from(child.0.try_wait().unwrap().is_none());
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        // What it started may end a little later.
        sleep(Duration::from_millis(50));
        world.verifies();
    }
    world.pass(&args);
    let told = sequences(&world, "told");
    let mut known: Vec<i64> = told.clone();
    known.dedup();
    let count = "SELECT count(*) FROM change_log";
    let logged: i64 = Connection::open(world.db()).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
    assert!(logged > 30);
    assert_eq!(known, (1..=logged).collect::<Vec<_>>(), "{told:?}");
    assert!((told.len() - known.len()) as u64 <= kills, "{told:?}");
}

#[test]
fn a_file_that_may_not_be_written_to_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = changed(World::in_file().live());
    world.write("sub/slo.db", fs::read(world.db()).unwrap());
    fs::set_permissions(world.path("sub/slo.db"), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(world.path("sub"), fs::Permissions::from_mode(0o555)).unwrap();
    let Some(output) = as_nobody(&world, "\"$SLO\" compute --db sub/slo.db") else { return };
    output.refuses("this command cannot open it");
    fs::set_permissions(world.path("sub"), fs::Permissions::from_mode(0o755)).unwrap();
    // If the lock is not available, the computed tables stay, and nobody is told.
    fs::create_dir(world.path("slo.db-delivery")).unwrap();
    let output = compute(&world, UP, "cat >> told");
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("slo.db-delivery") && output.stderr.contains("help: "), "{}", output.stderr);
    fs::remove_dir(world.path("slo.db-delivery")).unwrap();
    assert_eq!(told(&world, "told").len(), 0);
    assert_eq!(compute(&world, UP, "cat >> told").code, 0);
    assert!(told(&world, "told").len() >= 2);
}

/// With a limit on file sizes, a computation is kept completely or not at all.
#[test]
fn a_computation_that_does_not_fit_leaves_the_last_one() {
    let world = World::lived_in();
    world.write(
        "many.yaml",
        (0..60).fold(String::new(), |text, number| {
            text + "---\n" + &crate::harness::OBJECTIVE.replace("shop-availability", &format!("shop-{number}"))
        }),
    );
    world.pass(&["compute", "-q", "--as-of", UP]);
    world.pass(&["apply", "many.yaml"]);
    let script = "trap '' XFSZ; ulimit -f 100 || exit 0; exec \"$0\" compute -q --as-of 2024-06-21T12:00:00Z";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, SLO]).env("SLO_DB", world.place()).current_dir(world.root());
    let output = Output::of(&command.output().unwrap());
    if output.code == 0 {
        return skip("this shell cannot limit the size of files");
    }
    assert_eq!((output.code, &*output.text()), (2, ""), "{}", output.stderr);
    assert!(output.stderr.contains("help: "), "{}", output.stderr);
    world.verifies();
    let changes = world.pass(&["compute", "-o", "json", "--as-of", "2024-06-21T12:00:00Z"]);
    assert!(changes.lines().count() >= 60, "{changes}");
    world.verifies();
}

#[test]
fn a_database_that_is_none_is_neither_made_nor_changed() {
    let world = World::in_file();
    world.run(&["compute"]).refuses("there is no database at");
    assert!(!world.db().exists());
    for bytes in [Vec::new(), b"garbage".to_vec(), vec![0; 100_000]] {
        world.write("slo.db", &bytes);
        world.run(&["compute", "--exec", "touch told"]).refuses("it is ");
        assert!(fs::read(world.db()).unwrap() == bytes && !world.path("told").exists());
    }
    let world = World::in_file().live();
    world.sql("PRAGMA user_version = 99");
    let before = fs::read(world.db()).unwrap();
    world.run(&["compute"]).refuses("it was written by a newer slo");
    assert!(fs::read(world.db()).unwrap() == before);
}

/// One manual corruption of computed tables: found and named until they are computed again, if that can repair it.
#[test]
fn wrong_tables_are_found_and_what_is_out_of_date_is_not_wrong() {
    for (sql, what, repairs) in [
        (
            "UPDATE objective_status SET state = 'healthy'",
            "objective_status: shop-availability has the state healthy; recomputed it is ",
            false,
        ),
        (
            "UPDATE objective_status SET burn_rate = burn_rate + 1",
            "objective_status: shop-availability has the burn_rate ",
            true,
        ),
        ("DELETE FROM streak", "streak: shop-availability is missing", true),
        (
            "INSERT INTO streak VALUES ('ghost', 'shop', 1, 1, NULL, NULL, 0, 0)",
            "streak: ghost should not be there",
            true,
        ),
        (
            "UPDATE system_status SET last_seen = NULL",
            "system_status: shop has the last_seen null; recomputed it is 2024-03-21T10:00:00.000Z",
            true,
        ),
        ("UPDATE snapshot_run SET streak_days = 99", " has the streak_days 99", false),
        ("DELETE FROM snapshot_run WHERE date < '2024-03-10'", "daily_snapshot: shop-availability 2024-03-0", false),
        (
            "INSERT INTO snapshot_run VALUES ('shop-availability', '2024-03-25', 1, 1, 1, 1, 1, 1, 0, 0)",
            "daily_snapshot: shop-availability 2024-03-25 should not be there",
            true,
        ),
        ("DELETE FROM downtime_event", "downtime_event: shop-availability 2024-", false),
        (
            "UPDATE downtime_event SET accounting = 'excluded'",
            " has the accounting excluded; recomputed it is charged",
            false,
        ),
        ("UPDATE change_log SET next = previous WHERE sequence = 1", "change 1 changes nothing", false),
        (
            "UPDATE change_log SET next = '{\"state\":1}' WHERE sequence = 1",
            "change 1: change 1 has a view that does not read",
            false,
        ),
        (
            "UPDATE change_log SET changed_fields = '[]' WHERE sequence = 1",
            "change 1 does not name the fields that differ",
            false,
        ),
        ("UPDATE change_log SET occurred_at = 'then' WHERE sequence = 1", "change 1: change 1 has no moment", false),
        (
            "DELETE FROM change_log WHERE sequence = (SELECT min(sequence) FROM change_log WHERE kind = 'system')",
            "does not continue the one before it",
            false,
        ),
        ("DELETE FROM change_log WHERE sequence = 1", "is not what the changes lead to", false),
        (
            "INSERT INTO delivery VALUES ('cat', 99, 0)",
            "delivery: \"cat\" received a change that does not exist",
            false,
        ),
    ] {
        let world = changed(World::in_file().live());
        world.pass(&["compute", "--as-of", UP]);
        world.pass(&["compute", "--as-of", DOWN]);
        world.verifies();
        world.forge(sql);
        let output = world.run(&["db", "verify"]);
        let said = format!("{}{}", output.text(), output.stderr);
        assert!(output.code >= 1 && said.contains(what), "{sql}: {said}");
        if repairs {
            world.pass(&["compute", "--as-of", DOWN]);
            world.verifies();
        }
    }
    let world = changed(World::in_file().live());
    world.pass(&["compute", "--as-of", DOWN]);
    world.ingest(&line("2024-03-22T10:00:00Z", "shop", "up"));
    // Facts after as-of outdate nothing.
    assert_eq!(world.run(&["db", "verify"]).stderr, "");
    world.ingest(&line("2024-03-15T10:00:30Z", "shop", "up"));
    let output = world.run(&["db", "verify"]);
    assert_eq!(output.code, 0, "{}", output.text());
    assert!(output.stderr.contains("are older than the newest facts or manifests"), "{}", output.stderr);
    // Days before the late fact are still marked as valid.
    world.forge("UPDATE snapshot_run SET streak_days = 99");
    let output = world.run(&["db", "verify"]);
    assert_eq!(output.code, 1, "{}", output.text());
}
