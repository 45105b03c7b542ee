//! Metrics as Prometheus itself reads them: the messages of `promtool`, and a backfill that it accepts. Skipped without
//! it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::Slo;

const FEED: &str = r#"{"ts":"2026-11-01T00:00:00Z","system":"shop","check":"http","status":"up"}
{"ts":"2026-11-19T10:00:00Z","system":"shop","check":"http","status":"down","note":"out of memory"}
{"ts":"2026-11-19T11:00:00Z","system":"shop","check":"http","status":"up"}
"#;
const MANIFESTS: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop, labels: { team: web, tier: critical } }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }
";
const NOW: &str = "2026-11-20T12:00:00Z";

/// A `promtool` that can be run.
#[expect(clippy::print_stderr, reason = "that a test was skipped must be seen")]
fn promtool() -> Option<Command> {
    let there = Command::new("promtool").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_ok_and(|status| status.success()) {
        return Some(Command::new("promtool"));
    }
    eprintln!("skipped: there is no promtool, which is part of Prometheus");
    None
}

fn world() -> Slo {
    Slo::with(FEED, MANIFESTS)
}

#[test]
fn promtool_finds_nothing_but_the_names_of_recording_rules() {
    let Some(mut promtool) = promtool() else { return };
    let metrics = world().pass(&["export", "metrics", "--as-of", NOW], b"");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().unwrap();
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // Sloth's dashboards use names with colons, which are meant for recording rules.
    let other: Vec<&str> = said
        .lines()
        .filter(|line| !(line.starts_with("slo:") && line.ends_with("metric names should not contain ':'")))
        .collect();
    assert!(other.is_empty() && said.contains("slo:sli_error:ratio_rate1h"), "{said}");
}

#[test]
fn prometheus_takes_a_backfill() {
    let Some(mut promtool) = promtool() else { return };
    let slo = world();
    let metrics = slo.pass(&["export", "metrics", "--since", "2d", "--step", "30m", "--as-of", NOW], b"");
    let (file, folder) = (slo.write("backfill.om", &metrics), slo.path("tsdb"));
    let output = promtool.args(["tsdb", "create-blocks-from", "openmetrics"]).args([&file, &folder]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(blocks(&folder) >= 24, "two days are blocks of two hours: {}", blocks(&folder));
}

fn blocks(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().join("meta.json").exists()).count()
}
