//! `slo history`: no change of the system's status is hidden, whether a transition reports it or not.

use serde_json::{Value, json};

use crate::harness::Slo;

const AS_OF: &str = "2026-11-20T12:00:00Z";

/// The rows of the table for people, without the date.
fn rows(slo: &Slo) -> Vec<String> {
    let text = slo.pass(&["history", "shop", "--as-of", AS_OF, "--since", "1d"], b"");
    let lines = text.lines().skip(1).take_while(|line| !line.is_empty());
    lines.map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")).collect()
}

/// What programs read of the changes without a transition.
fn changes(slo: &Slo, system: &str) -> Value {
    let text = slo.pass(&["history", system, "--as-of", AS_OF, "--since", "1d", "-o", "json"], b"");
    serde_json::from_str::<Value>(&text).unwrap()["changesWithoutTransition"].clone()
}

fn each_minute(check: &str, statuses: &[&str]) -> String {
    let line = |(minute, status): (usize, &&str)| {
        format!(
            "{{\"ts\":\"2026-11-20T10:{minute:02}:00Z\",\"system\":\"shop\",\"check\":\"{check}\",\"status\":\"{status}\"}}\n"
        )
    };
    statuses.iter().enumerate().map(line).collect()
}

fn system(name: &str, spec: &str) -> String {
    format!("---\napiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\nspec: {{ {spec} }}\n")
}

#[test]
fn a_repeat_that_changes_the_status_of_the_system_has_a_row() {
    let feed = each_minute("http", &["up", "down", "down", "up", "down", "down", "down", "down", "up"]);
    let thresholds = "checks: [{ name: http, thresholds: { mode: consecutive, unhealthy: 3 } }]";
    let slo = Slo::with(&feed, &system("shop", thresholds));
    let shown = rows(&slo);
    let expected = [
        "10:00:00 http healthy healthy 1",
        "10:01:00 http unhealthy healthy 2",
        "10:03:00 http healthy healthy 1",
        "10:04:00 http unhealthy healthy 2",
        "10:06:00 http unhealthy unhealthy 2",
        "10:08:00 http healthy healthy 1",
    ];
    for (row, expected) in shown.iter().zip(expected) {
        assert!(row.starts_with(expected), "{row}: {shown:?}");
    }
    assert_eq!(shown.len(), expected.len(), "{shown:?}");
    assert_eq!(changes(&slo, "shop"), json!([]));
    // The repeats of another check stay together: the row of the one that failed shows the change.
    slo.ingest(&each_minute("tcp", &["up"; 9]));
    let shown = rows(&slo);
    assert_eq!(shown.iter().filter(|row| row.contains(" tcp ")).count(), 2, "{shown:?}");
}

#[test]
fn a_status_that_changes_without_a_transition_has_a_row_with_the_reason() {
    let correction = "---\napiVersion: slo/v1\nkind: Correction\nmetadata: { name: probe }\n\
                      spec: { systemRef: { kind: System, name: shop }, check: http, start: 2026-11-20T10:01:00Z, \
                      end: 2026-11-20T10:01:30Z, status: healthy }\n";
    let retired = "staleAfter: 30m, retiredAt: 2026-11-20T11:00:00Z";
    let members = "members: [{ kind: System, name: shop }]";
    let manifests = [&*system("shop", retired), &system("all", members), correction].concat();
    let slo = Slo::with(&each_minute("http", &["up", "down", "up"]), &manifests);
    let change = |ts: &str, status: &str, reason: &str, correction: Option<&str>| {
        let ts = format!("2026-11-20T{ts}.000Z");
        json!({"ts": ts, "effectiveStatus": status, "reason": reason, "correction": correction})
    };
    assert_eq!(
        changes(&slo, "shop"),
        json!([
            change("10:01:30", "unhealthy", "correction-ends", Some("probe")),
            change("10:32:00", "unknown", "silence", None)
        ])
    );
    let shown = rows(&slo);
    assert_eq!(shown[2], "10:01:30 – – unhealthy correction probe ends", "{shown:?}");
    assert_eq!(shown[4], "10:32:00 – – unknown silent for staleAfter", "{shown:?}");
    assert_eq!(shown.len(), 5, "{shown:?}");
    let text = slo.pass(&["history", "shop", "--as-of", AS_OF, "--since", "1d"], b"");
    assert!(text.contains("3 transitions; 2 changes of status without one\n"), "{text}");
    // As of an earlier time, none of that has happened yet.
    let earlier = slo.pass(&["history", "shop", "--as-of", "2026-11-20T10:01:29Z", "--since", "1d"], b"");
    assert!(earlier.contains("2 transitions\n"), "{earlier}");
    // A composite system has no transitions of its own.
    let members: Vec<Value> = ["10:00:00", "10:01:30", "10:02:00", "10:32:00"]
        .into_iter()
        .zip(["healthy", "unhealthy", "healthy", "unknown"])
        .map(|(ts, status)| change(ts, status, "member", None))
        .collect();
    assert_eq!(changes(&slo, "all"), json!(members));
    // A check that is down does not grow silent, but it may be retired.
    slo.ingest("{\"ts\":\"2026-11-20T10:40:00Z\",\"system\":\"shop\",\"check\":\"http\",\"status\":\"down\"}\n");
    assert_eq!(changes(&slo, "shop")[2], change("11:00:00", "unknown", "retirement", None));
}
