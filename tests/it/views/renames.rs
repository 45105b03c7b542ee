//! What `compute` has published of objectives and systems follows them when they are renamed.

use serde_json::{Value, json};

use super::computed::tables;
use crate::harness::Slo;

const FACTS: &str = r#"{"ts":"2026-01-01T00:00:00Z","system":"shop","status":"up"}
{"ts":"2026-01-10T10:00:00Z","system":"shop","status":"down","note":"disk full"}
{"ts":"2026-01-10T11:00:00Z","system":"shop","status":"up"}
"#;

fn objective(metadata: &str) -> String {
    format!(
        "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ {metadata} }}\n\
         spec: {{ systemRef: {{ kind: System, name: shop }}, target: 99, windowDays: 30 }}\n"
    )
}

#[test]
fn a_renamed_objective_keeps_its_published_days_and_outages() {
    const AT: [&str; 2] = ["--as-of", "2026-01-20T12:00:00Z"];
    let slo = Slo::with(FACTS, &objective("name: old"));
    slo.pass(&[&["compute"][..], &AT].concat(), b"");
    let renamed = objective("name: new, annotations: { slo/renamed-from: old }");
    let file = slo.write_manifests(&renamed);
    slo.pass(&["apply", file.to_str().unwrap()], b"");
    slo.pass(&[&["compute"][..], &AT].concat(), b"");
    slo.pass(&["db", "verify"], b"");
    let afresh = Slo::with(FACTS, &objective("name: new"));
    afresh.pass(&[&["compute"][..], &AT].concat(), b"");
    assert_eq!(tables(&slo), tables(&afresh));
    let rows = |name: &str| tables(&slo).into_iter().find(|(table, _)| *table == name).unwrap().1;
    assert_eq!(rows("daily_snapshot").len(), 19);
    let ids: Vec<Value> =
        rows("downtime_event").into_iter().map(|mut row| row.remove("objective_id").unwrap()).collect();
    assert_eq!(ids, [json!("new")]);
}
