//! Worked examples of maintenance that recurs, except on some dates.

use serde_json::{Value, json};

use crate::harness::Slo;

/// Sundays from 02:00 to 03:00 in Berlin, with more fields of the window.
fn manifests(more: &str) -> String {
    format!(
        "apiVersion: slo/v1
kind: System
metadata: {{ name: shop }}
spec: {{}}
---
apiVersion: slo/v1
kind: SLO
metadata: {{ name: shop }}
spec: {{ systemRef: {{ kind: System, name: shop }}, target: 99.9, windowDays: 28, excludeMaintenanceWindows: true }}
---
apiVersion: slo/v1
kind: MaintenanceWindow
metadata: {{ name: patches }}
spec:
  systemRefs: [{{ kind: System, name: shop }}]
  start: 2026-11-01T02:00:00+01:00
  duration: 1h
  rrule: FREQ=WEEKLY;BYDAY=SU
  timezone: Europe/Berlin
{more}"
    )
}

/// `shop`, down during that hour on the first three Sundays of November.
fn sundays(manifests: &str) -> Slo {
    let mut feed = "{\"ts\":\"2026-10-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n".to_owned();
    for day in ["01", "08", "15"] {
        for (hour, status) in [("01", "down"), ("02", "up")] {
            let line =
                format!("{{\"ts\":\"2026-11-{day}T{hour}:00:00Z\",\"system\":\"shop\",\"status\":\"{status}\"}}\n");
            feed.push_str(&line);
        }
    }
    Slo::with(&feed, manifests)
}

const AS_OF: &str = "2026-11-20T00:00:00Z";
const EXCEPT: &str = "  exceptDates: [2026-11-08]\n";

fn minutes(slo: &Slo) -> [Value; 3] {
    let row = slo.objectives(AS_OF).remove(0);
    ["errorBudgetConsumedMinutes", "excludedMinutes", "isBreaching"].map(|field| row[field].clone())
}

#[test]
fn an_occurrence_on_an_excepted_date_excuses_nothing() {
    let slo = sundays(&manifests(""));
    assert_eq!(minutes(&slo), [json!(0.0), json!(180.0), json!(false)]);
    // Days that are sealed already follow.
    slo.pass(&["db", "verify"], b"");
    let folder = slo.write_manifests(&manifests(EXCEPT));
    let folder = folder.to_str().unwrap();
    let plan = slo.run(&["plan", folder, "--as-of", AS_OF], b"");
    assert_eq!(plan.code, 1, "{}", plan.stderr);
    assert!(plan.stdout.contains("spec.exceptDates: (none) → [2026-11-08]"), "{}", plan.stdout);
    assert!(plan.stdout.contains("✔ healthy → ✖ breaching"), "{}", plan.stdout);
    slo.pass(&["apply", folder], b"");
    assert_eq!(minutes(&slo), [json!(60.0), json!(120.0), json!(true)]);
    slo.pass(&["db", "verify"], b"");
    let log: Value = serde_json::from_str(&slo.pass(&["log", "-o", "json"], b"")).unwrap();
    let change = json!({ "field": "spec.exceptDates", "before": null, "after": "[2026-11-08]" });
    assert_eq!(log["applies"][0]["changes"][0]["fields"], json!([change]), "{log}");
    assert_eq!(slo.run(&["plan", folder], b"").code, 0, "what is applied is no drift");
    // The order in which dates are written has no meaning.
    let dates = |dates: &str| slo.write_manifests(&manifests(&format!("  exceptDates: [{dates}]\n")));
    slo.pass(&["apply", dates("2026-12-27, 2026-12-20").to_str().unwrap()], b"");
    assert_eq!(slo.run(&["plan", dates("2026-12-20, 2026-12-27").to_str().unwrap()], b"").code, 0);
    assert_eq!(minutes(&slo), [json!(0.0), json!(180.0), json!(false)]);
    slo.pass(&["db", "verify"], b"");
}

#[test]
fn excepted_dates_are_exported_and_give_the_same_answers() {
    let slo = sundays(&manifests(EXCEPT));
    let exported = slo.pass(&["export", "manifests"], b"");
    assert!(exported.contains("  timezone: Europe/Berlin\n  exceptDates: [2026-11-08]\n"), "{exported}");
    assert_eq!(minutes(&sundays(&exported)), minutes(&slo));
    assert_eq!(minutes(&slo), [json!(60.0), json!(120.0), json!(true)]);
    let folder = slo.write_manifests(&exported);
    assert_eq!(slo.run(&["plan", folder.to_str().unwrap()], b"").code, 0);
}

#[test]
fn a_list_passes_over_excepted_dates() {
    let slo = sundays(&manifests(EXCEPT));
    let listed = |as_of: &str| {
        let printed = slo.pass(&["list", "maintenance", "-o", "json", "--as-of", as_of], b"");
        serde_json::from_str::<Value>(&printed).unwrap()["maintenance"][0].clone()
    };
    for as_of in ["2026-11-07T00:00:00Z", "2026-11-08T01:30:00Z", "2026-11-14T00:00:00Z"] {
        let row = listed(as_of);
        assert_eq!((&row["state"], &row["active"]), (&json!("upcoming"), &json!(false)), "{as_of}");
        assert_eq!(row["lastOccurrence"]["start"], "2026-11-01T01:00:00.000Z", "{as_of}");
        assert_eq!(row["nextOccurrence"]["start"], "2026-11-15T01:00:00.000Z", "{as_of}");
        assert_eq!(row["schedule"]["exceptDates"], json!(["2026-11-08"]), "{as_of}");
    }
    assert_eq!(listed("2026-11-15T01:30:00Z")["state"], "active");
    let table = slo.pass(&["list", "maintenance", "--as-of", AS_OF], b"");
    assert!(table.contains("FREQ=WEEKLY;BYDAY=SU, 1h, except 2026-11-08"), "{table}");
}
