//! Writing manifests and reading them back: in an empty database, the written ones mean the same as the read ones.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use crate::cases::one_in;
use crate::harness::Slo;
use crate::world::World;
use crate::world::strategy::worlds;

/// The nonempty lists of `plan -o json`, without unchanged objects.
fn plan(slo: &Slo, manifests: &str) -> String {
    let folder = slo.write_manifests(manifests);
    let output = slo.run(&["plan", "-o", "json", folder.to_str().unwrap()], b"");
    let plan: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}\n{manifests}", output.stderr));
    let lists = ["create", "update", "delete", "orphaned"].into_iter();
    let full = lists.filter(|list| plan[list].as_array().is_none_or(|items| !items.is_empty()));
    full.map(|list| format!("{list}: {}", plan[list])).collect::<Vec<_>>().join("\n")
}

/// Exports, applies the export to an empty database with the same facts, and compares.
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
    #![proptest_config(one_in(2))]

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
    // Feeds are used by ingest, and never applied.
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
    // A policy shared by two objectives becomes a condition of each.
    let own = slo.pass(&["export", "manifests"], b"");
    for name in ["fast-burn/search-availability", "fast-burn/search-weekly", "slow-burn", "freeze"] {
        assert!(own.contains(&format!("  name: {name}\n")), "{name}: {own}");
    }
    assert!(own.contains("when: \"burnRates.1h >= 2.5\"\n  for: 5m\n  severity: critical\n"), "{own}");
    assert_eq!(plan(&slo, &exported), "");
}

/// What OpenSLO has no field for means the same in an annotation, and is written back as an annotation.
#[test]
fn weights_hindsight_and_schedules_survive_openslo() {
    let slo = Slo::new();
    slo.apply(OWN);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests/valid/openslo-annotations.yaml");
    let annotated = fs::read_to_string(fixture).unwrap();
    assert_eq!(plan(&slo, &annotated), "");
    let exported = slo.pass(&["export", "manifests", "--format", "openslo"], b"");
    assert!(
        exported.starts_with("apiVersion: openslo/v1\n") && !exported.contains("slo/v1\nkind: SLO\nspec"),
        "{exported}"
    );
    for part in
        ["slo/countsAsDown: ", "slo/minimumOutage: ", "slo/attributionGrace: ", "slo/schedule: ", "slo/timezone: "]
    {
        assert!(exported.contains(part), "{part}: {exported}");
    }
    assert_eq!(plan(&slo, &exported), "");
    let copy = Slo::new();
    copy.apply(&annotated);
    assert_eq!(copy.pass(&["export", "manifests"], b""), slo.pass(&["export", "manifests"], b""));
    // An error in one is reported with its name, at its place.
    for (from, to, expected) in [
        ("slo/minimumOutage: 60s", "slo/minimumOutage: 25h", "slo/minimumOutage \"25h\" is longer than a day"),
        ("slo/attributionGrace: 1m30s", "slo/attributionGrace: soon", "slo/attributionGrace must be a duration"),
        ("degraded: 0.5", "degraded: 50", "slo/countsAsDown.degraded must be a weight above 0 and at most 1, not 50"),
        (
            "{ degraded: 0.5, unhealthy: 1 }",
            "{ degraded: 0.5 }",
            "slo/countsAsDown weighs degraded, and bad time is degraded and unhealthy",
        ),
        (
            "after: \"10:00\", before: \"14:00\"",
            "after: \"10:00\", before: \"10:00\"",
            "slo/schedule[1]: after and before are the same time",
        ),
        ("weekday: Sat", "weekdays: Sat", "unknown field \"weekdays\" in slo/schedule[1]"),
    ] {
        assert!(annotated.contains(from), "{from}");
        let folder = slo.write_manifests(&annotated.replacen(from, to, 1));
        let refused = slo.run(&["validate", folder.to_str().unwrap()], b"");
        assert_eq!(refused.code, 1, "{to}");
        assert!(refused.stdout.contains(expected), "{expected}: {}", refused.stdout);
    }
}

/// The content of `openslo-annotations.yaml`, in slo's own format.
const OWN: &str = r#"
apiVersion: slo/v1
kind: System
metadata: { name: shop }
spec:
  staleAfter: 15m
  checks:
    - { name: http, quorum: majority, staleAfter: 5m, thresholds: { mode: consecutive, degraded: 2, unhealthy: 3 } }
    - { name: tcp, quorum: any, thresholds: { mode: window, size: 10, degraded: 3, unhealthy: 5 } }
    - { name: old, retiredAt: 2026-10-01T00:00:00Z }
---
apiVersion: slo/v1
kind: System
metadata: { name: fleet }
spec: { members: [{ kind: System, name: shop }, { kind: System, name: store }], quorum: 1, retiredAt: 2027-01-01T00:00:00Z }
---
apiVersion: slo/v1
kind: System
metadata: { name: store }
spec: {}
---
apiVersion: slo/v1
kind: SLO
metadata: { name: office-hours }
spec:
  systemRef: { kind: System, name: fleet }
  target: 99.9
  windowDays: 28
  timezone: Europe/Berlin
  schedule:
    - { weekday: [Mon, Tue, Wed, Thu, Fri], after: "09:00", before: "17:00", exceptDates: [2026-12-25] }
    - { weekday: [Sat], after: "10:00", before: "14:00" }
  countsAsDown: { degraded: 0.5, unhealthy: 1 }
  minimumOutage: 1m
  attributionGrace: 90s
"#;

/// The target line that `init` writes for one system, down from `since` for `millis`, as of 30 days later.
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

/// SRE book, "Availability Table": 43.2 minutes of 30 days are 99.9%; a millisecond more exceeds it.
#[test]
fn a_manifest_to_start_from_has_a_target_that_the_last_month_met() {
    let since = "2026-10-10T00:00:00Z";
    for (first, millis, target) in [
        ("2026-01-01T00:00:00Z", 1, "99.9 # percent of the window; the availability was 99.999% over the last 30 days"),
        (
            "2026-01-01T00:00:00Z",
            2_592_000,
            "99.9 # percent of the window; the availability was 99.900% over the last 30 days",
        ),
        (
            "2026-01-01T00:00:00Z",
            2_592_001,
            "99.5 # percent of the window; the availability was 99.899% over the last 30 days",
        ),
        (
            "2026-10-07T00:00:00Z",
            86_400_000,
            "95 # percent of the window; the availability was 95.833% over the last 24 days",
        ),
        (
            "2026-10-07T00:00:00Z",
            345_600_000,
            "99.9 # percent of the window; not met yet: the availability was 83.333% over the last 24 days",
        ),
    ] {
        assert_eq!(suggested(first, since, millis), format!("target: {target}"));
    }
    // A window without data says nothing: an export may have ended long before.
    let target = "99.5 # percent of the window; the availability was 99.899% over the 30 days until the last data, 2026-08-10 00:43 UTC";
    let found = suggested("2026-01-01T00:00:00Z", "2026-08-10T00:00:00Z", 2_592_001);
    assert_eq!(found, format!("target: {target}"));
    assert_eq!(suggested("2026-10-30T12:00:00Z", "2026-10-30T13:00:00Z", 1), "target: 99.9 # percent of the window");
}

/// The streams of incidents have ids, which `healthcheckRef` cannot name.
#[test]
fn incidents_are_neither_suggested_nor_accepted_as_checks() {
    let slo = Slo::new();
    slo.ingest(
        r#"{"ts":"2026-10-01T00:00:00Z","system":"shop","check":"http","status":"up"}
{"ts":"2026-10-02T00:00:00Z","system":"shop","check":"INC-1","source":"incident","status":"down"}
{"ts":"2026-10-02T00:10:00Z","system":"shop","check":"INC-1","source":"incident","status":"up"}
"#,
    );
    let made = slo.pass(&["init", "--as-of", "2026-10-31T00:00:00Z"], b"");
    assert!(made.contains("# healthcheckRef: { kind: Healthcheck, name: http }") && !made.contains("INC-1"), "{made}");
    let validated = |name: &str| {
        let check = format!("healthcheckRef: {{ kind: Healthcheck, name: {name} }}");
        let manifest = format!(
            "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: a }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, {check}, \
             target: 99.9, windowDays: 30 }}\n"
        );
        let output = slo.run(&["validate", "-", "-o", "json"], manifest.as_bytes());
        assert_eq!(output.code, 0, "{}", output.stderr);
        serde_json::from_str::<Value>(&output.stdout).unwrap()["problems"].to_string()
    };
    assert_eq!(validated("http"), "[]");
    assert!(validated("INC-1").contains("INC-1 is an incident of shop, not a check"), "{}", validated("INC-1"));
    let mistyped = validated("tcp");
    assert!(mistyped.contains("known: http") && !mistyped.contains("INC-1"), "{mistyped}");
}
