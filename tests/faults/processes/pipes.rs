//! Closed pipes, and environments with few variables.

use std::process::Stdio;

use crate::harness::{OBJECTIVE, Output, SLO, World, lines};

/// Runs a command whose reader is gone before it starts.
fn unread(world: &World, args: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Output::of(&world.command(args).stdout(writer).stderr(Stdio::piped()).output().unwrap())
}

#[test]
fn a_closed_pipe_changes_no_outcome() {
    let world = World::lived_in();
    world.ingest(&lines("many", 0, 20_000));
    // Two hours of 2024-03-19 are down at 99.9% over a week: the budget is spent.
    world.ingest(&crate::harness::line("2024-03-19T10:00:00Z", "shop", "down").replace("10:00", "08:00"));
    for (args, code) in [
        (&["status"][..], 0),
        (&["status", "-o", "json"], 0),
        (&["health"], 0),
        (&["downtime", "--as-of", "2024-03-20"], 0),
        (&["streaks"], 0),
        (&["report", "--html", "-"], 0),
        (&["badge", "shop-availability"], 0),
        (&["trend", "shop-availability"], 0),
        (&["history", "shop", "--as-of", "2024-03-20"], 0),
        (&["list", "systems"], 0),
        (&["export", "journal"], 0),
        (&["export", "journal", "-o", "csv"], 0),
        (&["db", "info"], 0),
        (&["db", "verify"], 0),
        (&["check", "--as-of", "2024-03-20"], 1),
        (&["check", "--as-of", "2024-03-20", "-o", "json"], 1),
        (&["ingest", "--dry-run"], 0),
        (&["validate", "shop.yaml"], 0),
        (&["plan", "shop.yaml"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["completions", "bash"], 0),
        (&["man"], 0),
    ] {
        assert_eq!(world.command(args).stdout(Stdio::null()).status().unwrap().code(), Some(code), "{args:?}, read");
        let output = unread(&world, args);
        assert_eq!((output.code, &*output.stderr), (code, ""), "{args:?}, unread");
    }
    assert_eq!(unread(&world, &["status", "no-such-objective"]).code, 2);
}

#[test]
fn a_shell_pipeline_that_takes_one_line_is_fine() {
    let world = World::lived_in();
    world.ingest(&lines("many", 0, 20_000));
    for pipeline in ["\"$0\" status | head -1", "\"$0\" export journal | head -1", "\"$0\" status -o json | true"] {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", pipeline, SLO]).env_clear().env("PATH", "/usr/bin:/bin").env("SLO_DB", world.place());
        let output = Output::of(&command.output().unwrap());
        assert_eq!((output.code, &*output.stderr), (0, ""), "{pipeline}");
    }
}

#[test]
fn cron_has_no_home() {
    let world = World::new();
    let mut command = world.command(&["status"]);
    let output = Output::of(&command.env_remove("SLO_DB").output().unwrap());
    output.refuses("none of --db, SLO_DB, XDG_DATA_HOME and HOME is set");
    for (name, place) in [("HOME", ".local/share/slo/slo.db"), ("XDG_DATA_HOME", "slo/slo.db")] {
        if cfg!(not(target_os = "linux")) {
            continue;
        }
        let mut command = world.command(&["ingest"]);
        let output = Output::of(&command.env_remove("SLO_DB").env(name, world.root()).output().unwrap());
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(world.path(place).exists(), "{place}");
    }
}

#[test]
fn a_moment_that_is_none_is_refused_by_every_command() {
    let world = World::lived_in();
    for wrong in ["yesterday", "", "NaN", "2024-13-01", "99999999999999999999", "1969-12-31", "2262-01-02", "-5", "7x"]
    {
        for args in [
            &["status"][..],
            &["health"],
            &["check"],
            &["downtime"],
            &["export", "journal"],
            &["ingest"],
            &["db", "verify"],
        ] {
            let flag = format!("--as-of={wrong}");
            let output = world.run(&[args, &[&*flag]].concat());
            output.refuses(&format!("--as-of {wrong:?} is "));
            if !wrong.is_empty() {
                let mut command = world.command(args);
                Output::of(&command.env("SLO_AS_OF", wrong).output().unwrap())
                    .refuses(&format!("SLO_AS_OF {wrong:?} is "));
            }
        }
    }
    for args in [&["--since", "soon"][..], &["--until", "2024-02-30"], &["--since", "99999d"]] {
        world.run(&[&["export", "journal"], args].concat()).refuses(args[1]);
    }
    world.run(&["export", "journal", "-o", "yaml"]).refuses("the journal is written as JSON Lines or CSV");
    world.run(&["export", "journal", "--system", "shopp"]).refuses("there is no system \"shopp\"");
}

#[test]
fn the_name_of_a_system_stands_for_its_only_objective() {
    let world = World::lived_in();
    for command in ["show", "badge", "trend"] {
        assert_eq!(world.pass(&[command, "shop"]), world.pass(&[command, "shop-availability"]));
    }
    let output = world.run(&["status", "shop"]);
    output.refuses("there is no objective \"shop\"");
    let hint = "\"shop\" is a system; `--system shop` selects its objectives: shop-availability";
    assert!(output.stderr.contains(hint), "{}", output.stderr);
    world.write("second.yaml", OBJECTIVE.replace("shop-availability", "shop-strict"));
    world.pass(&["apply", "second.yaml"]);
    let output = world.run(&["show", "shop"]);
    output.refuses("\"shop\" is a system with 2 objectives");
    assert!(output.stderr.contains("name one of them: shop-availability, shop-strict"), "{}", output.stderr);
}
