//! The help: every example in it runs, it fits a terminal, and an invalid command line gets a suggestion.

use std::fs;

use crate::commands::groups;
use crate::world::{MOMENT, World};

/// The widest line of the list of commands.
const WIDTH: usize = 80;

/// Every command with an answer, as typed.
fn commands(world: &World) -> Vec<String> {
    let named = groups(&world.stdout(&["--help"]));
    let mut found = Vec::new();
    for command in named.into_iter().flat_map(|(_, commands)| commands) {
        let help = world.stdout(&[&command, "-h"]);
        let held = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        let held = held.filter(|line| !line.starts_with("   "));
        let held: Vec<&str> = held.filter_map(|line| line.split_whitespace().next()).collect();
        if held.is_empty() {
            found.push(command);
        } else {
            found.extend(held.iter().filter(|sub| **sub != "help").map(|sub| format!("{command} {sub}")));
        }
    }
    found
}

fn examples(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| !line.is_empty());
    lines.map(str::trim).collect()
}

/// Makes what examples name: files to import, a folder of manifests, a program that uses the network.
fn furnish(world: &World) {
    let from = |file: &str| fs::read(world.path().join("demo").join(file)).unwrap();
    let here = |file: &str, bytes: &[u8]| fs::write(world.path().join(file), bytes).unwrap();
    here("checks.jsonl", &from("feed/checks.jsonl"));
    here("incidents.jsonl", &from("feed/incidents.jsonl"));
    fs::create_dir(world.path().join("objectives")).unwrap();
    for file in ["systems.yaml", "objectives.yaml", "maintenance.yaml"] {
        here(&format!("objectives/{file}"), &from(&format!("manifests/{file}")));
    }
    // One more system, without a manifest.
    here("outages.json", br#"{"incidents":[{"id":"a","system":"shop","start":"2026-11-01T00:00:00Z","end":null}]}"#);
    here("blog.jsonl", b"{\"ts\":\"2026-11-01\",\"system\":\"blog\",\"status\":\"up\"}\n");
    for args in [
        &["ingest", "blog.jsonl"][..],
        &["ingest", "--db", "other.db", "blog.jsonl"],
        &["apply", "--adopt", "objectives"],
    ] {
        let output = world.slo(args);
        assert!(output.status.success(), "{output:?}");
    }
    // The network is not used.
    drop(world.bare("slo"));
    std::os::unix::fs::symlink("/bin/true", world.path().join(".bin/curl")).unwrap();
}

#[test]
fn every_example_runs() {
    let world = World::new();
    furnish(&world);
    let all = commands(&World::empty());
    assert!(all.len() >= 32, "{all:?}");
    for command in all {
        let words: Vec<&str> = command.split(' ').chain(["-h"]).collect();
        let help = world.stdout(&words);
        let examples = examples(&help);
        assert!(!examples.is_empty(), "slo {command} -h has no example");
        for example in examples {
            assert!(example.contains(&format!("slo {command}")), "{example}: not of slo {command}");
            let mut shell = world.bare("sh");
            shell.args(["-c", example]).env("SLO_DB", world.path().join("demo/slo.db"));
            // A probe is always of the current time.
            if command != "probe" {
                shell.env("SLO_AS_OF", MOMENT);
            }
            let output = shell.output().unwrap();
            let code = output.status.code().unwrap();
            let fails = matches!(command.as_str(), "check" | "plan") && code == 1;
            assert!(code == 0 || fails, "{example}: {output:?}");
        }
    }
}

#[test]
fn the_list_of_commands_fits_a_terminal() {
    let help = World::empty().stdout(&["--help"]);
    let list = help.lines().take_while(|line| *line != "Options:").skip(1);
    let wide: Vec<&str> = list.filter(|line| line.chars().count() > WIDTH).collect();
    assert!(wide.is_empty(), "{wide:?}");
}

#[test]
fn slo_alone_says_what_to_do_first() {
    let world = World::empty();
    let alone = world.slo(&[]);
    let text = String::from_utf8(alone.stderr).unwrap();
    assert_eq!((alone.status.code(), text.lines().count()), (Some(2), 10), "{text}");
    for part in ["slo demo", "slo ingest", "slo init", "slo apply", "slo status", "slo check", "slo --help"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let first = world.slo(&["status"]);
    let text = String::from_utf8(first.stderr).unwrap();
    assert!(text.contains("no database") && text.contains("slo ingest") && text.contains("slo demo"), "{text}");
}

#[test]
fn a_wrong_command_line_is_answered_with_what_was_meant() {
    let world = World::empty();
    for (line, said) in [
        ("stat", "error: unknown command \"stat\"\nhelp: did you mean `slo status`?\n"),
        ("hist", "error: unknown command \"hist\"\nhelp: did you mean `slo history`?\n"),
        ("statsu", "error: unknown command \"statsu\"\nhelp: did you mean `slo status`?\n"),
        ("db verfy", "error: unknown command \"verfy\"\nhelp: did you mean `slo db verify`?\n"),
        ("import", "error: unknown command \"import\"\nhelp: did you mean `slo ingest`?\n"),
        ("verify", "error: unknown command \"verify\"\nhelp: did you mean `slo db verify`?\n"),
        ("metrics", "error: unknown command \"metrics\"\nhelp: did you mean `slo export metrics`?\n"),
        ("maintenance", "error: unknown command \"maintenance\"\nhelp: did you mean `slo list maintenance`?\n"),
        ("feed list", "error: unknown command \"list\"\nhelp: `slo feed --help` lists the commands\n"),
        ("lint", "error: unknown command \"lint\"\nhelp: did you mean `slo validate`?\n"),
        ("remove", "error: unknown command \"remove\"\nhelp: `slo --help` lists the commands\n"),
        ("xyzzy", "error: unknown command \"xyzzy\"\nhelp: `slo --help` lists the commands\n"),
        ("status --month", "error: unknown option --month\nhelp: `slo status --help` lists the options\n"),
        ("status --sytem x", "error: unknown option --sytem\nhelp: did you mean --system?\n"),
        ("show a b", "error: unexpected argument \"b\"\nhelp: `slo show --help` lists the options\n"),
        ("show", "error: missing NAME\nhelp: usage: slo show <NAME>\n"),
        (
            "list",
            "error: missing KIND\nhelp: expected systems, objectives, maintenance, corrections, conditions, policies, fields, \
             ingests, sets or feeds\n",
        ),
        ("completions", "error: missing SHELL\nhelp: expected bash, zsh, fish, elvish or powershell\n"),
        ("help statsu", "error: unknown command \"statsu\"\nhelp: did you mean `slo status`?\n"),
        ("help db bakcup", "error: unknown command \"bakcup\"\nhelp: did you mean `slo db backup`?\n"),
        ("help xyzzy", "error: unknown command \"xyzzy\"\nhelp: `slo --help` lists the commands\n"),
        ("probe", "error: missing SYSTEM and COMMAND\nhelp: usage: slo probe <SYSTEM> -- <COMMAND>...\n"),
        (
            "probe a --retries -1 -- true",
            "error: invalid value \"-1\" for --retries\nhelp: expected a number from 0 to 100\n",
        ),
        (
            "status -o xml",
            "error: invalid value \"xml\" for --output\nhelp: expected table, wide, json, yaml, csv or markdown\n",
        ),
        ("trend a --days 0", "error: invalid value \"0\" for --days\nhelp: expected a number from 1 to 36500\n"),
        ("trend a --days x", "error: invalid value \"x\" for --days\nhelp: expected a whole number\n"),
        (
            "probe a --timeout 0s -- true",
            "error: invalid value \"0s\" for --timeout\nhelp: expected a duration longer than zero\n",
        ),
        (
            "check --max-age 4000d",
            "error: invalid value \"4000d\" for --max-age\nhelp: expected a duration of at most 3650d\n",
        ),
        (
            "status --as-of 0s",
            "error: --as-of \"0s\" must be a duration longer than zero\nhelp: write the time itself, such as 2015-01-31\n",
        ),
        (
            "db rename-system a b,c",
            "error: invalid value \"b,c\" for NEW\nhelp: a name consists of the characters A-Z a-z 0-9 . _ / : -; write b-c\n",
        ),
        ("status --as-of", "error: --as-of needs a value\nhelp: write it after --as-of\n"),
        (
            "ingest --format cvs",
            "error: invalid value \"cvs\" for --format\nhelp: did you mean csv? expected auto, jsonl or csv\n",
        ),
        ("check --all --condition x", "error: --all cannot be used with --condition\nhelp: leave one of them out\n"),
    ] {
        let refused = world.slo(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(refused.status.code(), Some(2), "{line}");
        assert_eq!(String::from_utf8(refused.stderr).unwrap(), said, "{line}");
    }
    // A typed text cannot print lines of its own.
    let refused = world.slo(&["status", "--x\nerror: y\u{1b}[2J"]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}
