//! Worked examples of weights: the share of downtime in the time of a status.

use serde_json::{Value, json};

use crate::harness::Slo;

/// `ts status`, one per line.
fn feed(lines: &[&str]) -> String {
    let line = |line: &&str| {
        let (ts, status) = line.split_once(' ').unwrap();
        format!("{{\"ts\":\"{ts}\",\"system\":\"shop\",\"status\":\"{status}\"}}\n")
    };
    lines.iter().map(line).collect()
}

fn objective(spec: &str) -> String {
    format!(
        "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: shop }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, {spec} }}\n\
         ---\napiVersion: slo/v1\nkind: System\nmetadata: {{ name: shop }}\nspec: {{}}\n"
    )
}

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&slo.run(args, b"").stdout).unwrap()
}

/// Ten minutes degraded, then five unhealthy.
const FACTS: [&str; 4] = [
    "2026-10-01T00:00:00Z up",
    "2026-10-02T10:00:00Z degraded",
    "2026-10-02T10:10:00Z down",
    "2026-10-02T10:15:00Z up",
];

#[test]
fn ten_minutes_at_half_weight_consume_five() {
    let slo = Slo::with(
        &feed(&FACTS),
        &objective("target: 99.9, windowDays: 1, countsAsDown: { degraded: 0.5, unhealthy: 1 }"),
    );
    let at = |as_of: &str| {
        let row = slo.objectives(as_of).remove(0);
        [&row["errorBudgetConsumedMinutes"], &row["burnRates"]["5m"]].map(|value| value.as_f64().unwrap())
    };
    // At 99.9%, half of five minutes is a burn rate of 500, all of them 1000.
    let close = |[a, b]: [f64; 2], [c, d]: [f64; 2]| (a - c).abs() < 1e-9 && (b - d).abs() < 1e-6;
    for (as_of, expected) in [
        ("2026-10-02T10:10:00Z", [5.0, 500.0]),
        ("2026-10-02T10:15:00Z", [10.0, 1000.0]),
        ("2026-10-02T10:17:30Z", [10.0, 500.0]),
    ] {
        assert!(close(at(as_of), expected), "{as_of}: {:?}", at(as_of));
    }
    // A single millisecond at half weight is half a millisecond.
    let row = slo.objectives("2026-10-02T10:00:00.001Z").remove(0);
    assert_eq!(row["errorBudgetConsumedMinutes"], json!(0.5 / 60_000.0));
    let downtime = parsed(&slo, &["downtime", "--as-of", "2026-10-03T00:00:00Z", "-o", "json"]);
    let weights: Vec<_> = downtime["events"].as_array().unwrap().iter().map(|event| event["weight"].clone()).collect();
    assert_eq!(weights, [json!(0.5), json!(1.0)]);
    let expected = json!({
        "count": 2, "outages": 1, "open": 0, "totalSeconds": 600, "longestSeconds": 900, "mttrSeconds": 900,
    });
    assert_eq!(downtime["totals"], expected);
    slo.pass(&["compute", "--as-of", "2026-10-05T00:00:00Z"], b"");
    slo.pass(&["db", "verify"], b"");
    // Days are sealed with the halves.
    let trend = parsed(&slo, &["trend", "shop", "--days", "4", "--as-of", "2026-10-05T00:00:00Z", "-o", "json"]);
    let consumed: Vec<_> =
        trend["snapshots"].as_array().unwrap().iter().map(|day| day["budgetConsumedMinutes"].clone()).collect();
    assert_eq!(consumed, [json!(0.0), json!(10.0), json!(0.0), json!(0.0)]);
}

#[test]
fn a_budget_is_exhausted_when_the_weighted_downtime_says_so() {
    // A budget of a minute a day; at a quarter of the weight, four minutes spend it.
    let facts = ["2026-10-01T00:00:00Z up", "2026-10-03T10:00:00Z degraded"];
    let spec = "target: 99.930556, windowDays: 1, countsAsDown: { degraded: 0.25, unhealthy: 1 }";
    let slo = Slo::with(&feed(&facts), &objective(spec));
    let row = slo.objectives("2026-10-03T10:00:00Z").remove(0);
    // 59.999616 seconds of budget: 239.998464 seconds later, rounded up to the millisecond.
    assert_eq!(row["forecast"]["exhaustedAt"], json!("2026-10-03T10:03:59.999Z"));
    let tier = |as_of: &str| slo.objectives(as_of).remove(0)["budgetTier"].clone();
    assert_eq!(tier("2026-10-03T10:03:59.998Z"), json!("critical"));
    assert_eq!(tier("2026-10-03T10:03:59.999Z"), json!("exhausted"));
}

#[test]
fn full_weights_are_the_list_of_their_statuses() {
    let slo = Slo::with(
        &feed(&FACTS),
        &objective("target: 99.9, windowDays: 1, countsAsDown: { degraded: 1, unhealthy: 1.0 }"),
    );
    let same = slo.write_manifests(&objective("target: 99.9, windowDays: 1"));
    assert!(slo.pass(&["plan", same.to_str().unwrap()], b"").contains("no changes"));
    let other =
        slo.write_manifests(&objective("target: 99.9, windowDays: 1, countsAsDown: { degraded: 0.5, unhealthy: 1 }"));
    let plan = slo.run(&["plan", other.to_str().unwrap()], b"").stdout;
    assert!(plan.contains("spec.countsAsDown: [degraded, unhealthy] → [degraded 0.5, unhealthy]"), "{plan}");
}
