//! Writing manifests and reading them back: applied to an empty database, what is written means what was read.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use crate::harness::Slo;
use crate::world::World;
use crate::world::strategy::worlds;

/// The lists of `plan -o json` that are not empty, unchanged objects aside.
fn plan(slo: &Slo, manifests: &str) -> String {
    let folder = slo.write_manifests(manifests);
    let output = slo.run(&["plan", "-o", "json", folder.to_str().unwrap()], b"");
    let plan: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}\n{manifests}", output.stderr));
    let lists = ["create", "update", "delete", "orphaned"].into_iter();
    let full = lists.filter(|list| plan[list].as_array().is_none_or(|items| !items.is_empty()));
    full.map(|list| format!("{list}: {}", plan[list])).collect::<Vec<_>>().join("\n")
}

/// Exports, applies the export to an empty database that then hears the same facts, and compares.
fn round_trip(slo: &Slo, world: &World, format: &str) -> Result<(), TestCaseError> {
    let exported = slo.pass(&["export", "manifests", "--format", format], b"");
    prop_assert_eq!(plan(slo, &exported), "", "{}", exported);
    let copy = Slo::new();
    copy.apply(&exported);
    copy.ingest(&world.feed());
    prop_assert_eq!(copy.status(&world.as_of_text()), slo.status(&world.as_of_text()), "{}", exported);
    prop_assert_eq!(copy.pass(&["export", "manifests", "--format", format], b""), exported);
    Ok(())
}

proptest! {
    #[test]
    fn what_is_exported_applies_as_it_was(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        round_trip(&slo, &world, "slo")?;
    }

    #[test]
    fn what_is_exported_as_openslo_applies_as_it_was(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        round_trip(&slo, &world, "openslo")?;
    }
}

#[test]
fn valid_fixtures_survive_every_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests/valid");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // Feeds are read by an ingest, and never applied.
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml") && !path.ends_with("feed.yaml"));
    files.sort();
    for path in files {
        let slo = Slo::new();
        slo.apply(&fs::read_to_string(&path).unwrap());
        for format in ["slo", "openslo"] {
            let exported = slo.pass(&["export", "manifests", "--format", format], b"");
            assert_eq!(plan(&slo, &exported), "", "{}: {exported}", path.display());
        }
    }
}

#[test]
fn a_part_of_the_manifests_comes_with_what_it_needs() {
    let manifests = "\
apiVersion: slo/v1
kind: System
metadata: { name: web }
spec: { dependencies: [{ targetRef: { kind: System, name: db } }] }
---
apiVersion: slo/v1
kind: System
metadata: { name: db }
spec: {}
---
apiVersion: slo/v1
kind: SLO
metadata: { name: web-slo, labels: { team: a } }
spec: { systemRef: { kind: System, name: web }, target: 99.9, windowDays: 30 }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: ghost-slo }
spec: { systemRef: { kind: System, name: ghost }, target: 99.9, windowDays: 30 }
";
    let slo = Slo::with("{\"ts\":1700000000,\"system\":\"ghost\",\"status\":\"up\"}\n", manifests);
    let names = |args: &[&str]| -> Vec<String> {
        let output = slo.run(&[&["export", "manifests"], args].concat(), b"");
        assert_eq!(output.code, 0, "{}", output.stderr);
        let names = output.stdout.lines().filter_map(|line| line.strip_prefix("  name: "));
        names.map(str::to_owned).collect()
    };
    assert_eq!(names(&[]), ["db", "ghost", "web", "ghost-slo", "web-slo"]);
    assert_eq!(names(&["--system", "db"]), ["db"]);
    assert_eq!(names(&["-l", "team=a"]), ["db", "web", "web-slo"]);
    assert_eq!(names(&["--system", "ghost"]), ["ghost", "ghost-slo"]);
    let nothing = slo.run(&["export", "manifests", "-l", "team=z"], b"");
    assert_eq!((nothing.code, nothing.stdout.as_str()), (2, ""), "{}", nothing.stderr);
    assert!(slo.run(&["export", "manifests"], b"").stderr.contains("only the journal knows ghost"));
}

#[test]
fn labels_of_several_values_and_shared_policies_survive_openslo() {
    let slo = Slo::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests/valid/openslo-alerts.yaml");
    let manifests = fs::read_to_string(fixture).unwrap();
    let labelled = "metadata: { name: search, labels: { team: [a, b], tier: [one] } }";
    slo.apply(&manifests.replacen("metadata: { name: search }", labelled, 1));
    let exported = slo.pass(&["export", "manifests", "--format", "openslo"], b"");
    for part in
        ["    team: [a, b]\n", "    tier: [one]\n", "severity: page\n", "alertAfter: 5m\n", "name: three-days\n"]
    {
        assert!(exported.contains(part), "{part}: {exported}");
    }
    // Shared by two objectives, a policy is a condition of each.
    let own = slo.pass(&["export", "manifests"], b"");
    for name in ["fast-burn/search-availability", "fast-burn/search-weekly", "slow-burn", "freeze"] {
        assert!(own.contains(&format!("  name: {name}\n")), "{name}: {own}");
    }
    assert!(own.contains("when: \"burnRates.1h >= 2.5\"\n  for: 5m\n  severity: critical\n"), "{own}");
    assert_eq!(plan(&slo, &exported), "");
}

/// The line of the target in the manifest that `init` writes for one system, down from `since` for `millis`, as of 30 days later.
fn suggested(first: &str, since: &str, millis: i64) -> String {
    let start = chrono::DateTime::parse_from_rfc3339(since).unwrap().timestamp_millis();
    let line = |ts: &str, status: &str| format!("{{\"ts\":{ts},\"system\":\"shop\",\"status\":\"{status}\"}}\n");
    let up = line(&(start + millis).to_string(), "up");
    let slo = Slo::new();
    slo.ingest(&(line(&format!("\"{first}\""), "up") + &line(&start.to_string(), "down") + &up));
    let made = slo.pass(&["init", "--as-of", "2026-10-31T00:00:00Z"], b"");
    let target = made.lines().find(|line| line.starts_with("  target:"));
    target.unwrap_or_else(|| panic!("{made}")).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// SRE book, "Availability Table": 43.2 minutes of 30 days are 99.9 %; a millisecond more is too much for it.
#[test]
fn a_manifest_to_start_from_has_a_target_that_the_last_month_met() {
    let since = "2026-10-10T00:00:00Z";
    for (first, millis, target) in [
        (
            "2026-01-01T00:00:00Z",
            1,
            "99.9 # percent of the window; the availability was 99.999 % over the last 30 days",
        ),
        (
            "2026-01-01T00:00:00Z",
            2_592_000,
            "99.9 # percent of the window; the availability was 99.900 % over the last 30 days",
        ),
        (
            "2026-01-01T00:00:00Z",
            2_592_001,
            "99.5 # percent of the window; the availability was 99.899 % over the last 30 days",
        ),
        (
            "2026-10-07T00:00:00Z",
            86_400_000,
            "95 # percent of the window; the availability was 95.833 % over the last 24 days",
        ),
        (
            "2026-10-07T00:00:00Z",
            345_600_000,
            "99.9 # percent of the window; not met yet: the availability was 83.333 % over the last 24 days",
        ),
    ] {
        assert_eq!(suggested(first, since, millis), format!("target: {target}"));
    }
    assert_eq!(suggested("2026-10-30T12:00:00Z", "2026-10-30T13:00:00Z", 1), "target: 99.9 # percent of the window");
}
