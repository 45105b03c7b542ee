//! Ranges of `--since` and `--until`: the same faults are the same errors in every command.

use crate::harness::Slo;

const NOW: &str = "2026-11-20T12:00:00Z";
const FEED: &str = "{\"ts\":\"2026-11-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n";
const MANIFEST: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop-slo }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }
";

/// The commands of a range in the past.
const COMMANDS: [&[&str]; 5] = [
    &["history", "shop"],
    &["export", "journal"],
    &["downtime"],
    &["trend", "shop-slo"],
    &["backtest", "--when", "isBreaching"],
];

fn run(slo: &Slo, command: &[&str], range: &[&str]) -> (u8, String) {
    let output = slo.run(&[command, range, &["--as-of", NOW]].concat(), b"");
    (output.code, output.stderr)
}

#[test]
fn a_reversed_range_is_an_error_in_every_command() {
    let slo = Slo::with(FEED, MANIFEST);
    let correct: &[&str] = &["correct", "shop", "--status", "healthy", "--reason", "x"];
    for command in COMMANDS.into_iter().chain([correct]) {
        let (code, stderr) = run(&slo, command, &["--since", "2026-11-19", "--until", "2026-11-10"]);
        assert_eq!(code, 2, "{command:?}: {stderr}");
        let expected = "error: --since 2026-11-19T00:00:00.000Z is after --until 2026-11-10T00:00:00.000Z\nhelp: swap the two times\n";
        assert_eq!(stderr, expected, "{command:?}");
    }
}

#[test]
fn a_range_that_begins_after_as_of_is_an_error_in_every_command() {
    let slo = Slo::with(FEED, MANIFEST);
    let metrics: &[&str] = &["export", "metrics"];
    for command in COMMANDS.into_iter().chain([metrics]) {
        let (code, stderr) = run(&slo, command, &["--since", "2027-01-01"]);
        assert_eq!(code, 2, "{command:?}: {stderr}");
        let expected = "error: --since 2027-01-01T00:00:00.000Z is after as-of, 2026-11-20T12:00:00.000Z\n\
                        help: choose an earlier time, or a later --as-of\n";
        assert_eq!(stderr, expected, "{command:?}");
    }
    // A correction of the future is one.
    let correct = ["correct", "shop", "--status", "healthy", "--reason", "x"];
    assert_eq!(run(&slo, &correct, &["--since", "2027-01-01"]).0, 0);
}

#[test]
fn an_end_before_the_usual_start_asks_for_a_start() {
    let slo = Slo::with(FEED, MANIFEST);
    for (command, usual) in [(COMMANDS[0], "2026-11-13T12:00"), (COMMANDS[2], "2026-10-21T12:00")] {
        let (code, stderr) = run(&slo, command, &["--until", "2026-10-01"]);
        let expected =
            format!("--until 2026-10-01T00:00:00.000Z is before {usual}:00.000Z, the start of the range without");
        assert!(code == 2 && stderr.contains(&expected), "{command:?}: {stderr}");
        assert!(stderr.contains("help: add --since with an earlier time"), "{stderr}");
        assert_eq!(run(&slo, command, &["--until", "2026-10-01", "--since", "2026-09-01"]).0, 0, "{command:?}");
    }
    // The others begin that long before their end.
    for command in [COMMANDS[1], COMMANDS[3], COMMANDS[4]] {
        assert_eq!(run(&slo, command, &["--until", "2026-11-10"]).0, 0, "{command:?}");
    }
    // An empty range has nothing.
    for command in &COMMANDS[..4] {
        assert_eq!(run(&slo, command, &["--since", "2026-11-10", "--until", "2026-11-10"]).0, 0, "{command:?}");
    }
}
