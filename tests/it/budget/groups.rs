//! Groups of objectives: each has its own summary, and together they add up to the total.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::Slo;
use crate::reference::objectives;
use crate::world::strategy::worlds;

/// Integers in whole objectives or minutes.
const COUNTS: [&str; 7] =
    ["objectives", "breachingCount", "downCount", "atRiskCount", "healthyCount", "noDataCount", "downNowCount"];
const MINUTES: [&str; 4] = [
    "errorBudgetTotalMinutes",
    "errorBudgetConsumedMinutes",
    "errorBudgetRemainingMinutes",
    "errorBudgetOverspentMinutes",
];

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&slo.pass(&[args, &["-o", "json"]].concat(), b"")).unwrap()
}

/// The summary of a group of rows of `status`.
fn summed(rows: &[&Value]) -> Value {
    let count = |state: &str| rows.iter().filter(|row| row["state"] == state).count();
    let minutes = |field: &str| rows.iter().map(|row| row[field].as_f64().unwrap()).sum::<f64>();
    let mut sum = json!({
        "objectives": rows.len(),
        "breachingCount": count("breaching"),
        "downCount": count("down"),
        "atRiskCount": count("at-risk"),
        "healthyCount": count("healthy"),
        "noDataCount": count("no-data"),
    });
    for field in MINUTES {
        sum[field] = minutes(field).into();
    }
    sum
}

fn near(found: &Value, expected: &Value) -> bool {
    let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
    (found - expected).abs() <= 1e-6 * expected.abs().max(1.0)
}

proptest! {
    #[test]
    fn groups_are_what_their_objectives_come_to_and_sum_to_the_whole(world in worlds(), by in 0..3_usize) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let by = ["system", "objective", "label:team"][by];
        let grouped = parsed(&slo, &["status", "--by", by, "--as-of", &as_of]);
        // The reference has no groups: its rows are grouped here.
        let rows = objectives(&world);
        let mut expected: BTreeMap<Option<String>, Vec<&Value>> = BTreeMap::new();
        for row in &rows {
            let field = match by {
                "system" => &row["systemId"],
                "objective" => &row["objectiveId"],
                _ => &row["labels"]["team"],
            };
            expected.entry(field.as_str().map(str::to_owned)).or_default().push(row);
        }
        let groups = grouped["groups"].as_array().unwrap();
        prop_assert_eq!(groups.len(), expected.len());
        let mut order = Vec::new();
        for group in groups {
            let rows = &expected[&group["key"].as_str().map(str::to_owned)];
            for (field, value) in summed(rows).as_object().unwrap() {
                prop_assert!(near(&group[field], value), "{} of {}: {}, expected {}", field, group["key"], group[field], value);
            }
            prop_assert_eq!(&group["worstObjectiveId"], &rows[0]["objectiveId"]);
            order.push(group["worstObjectiveId"].clone());
        }
        // Groups are sorted by their worst objectives, and all objectives are there, each with its group.
        let all: Vec<&Value> = rows.iter().map(|row| &row["objectiveId"]).collect();
        prop_assert!(order.iter().map(|worst| all.iter().position(|one| *one == worst)).is_sorted());
        let mut listed: Vec<String> =
            grouped["objectives"].as_array().unwrap().iter().map(|row| row["objectiveId"].to_string()).collect();
        let mut known: Vec<String> = all.iter().map(ToString::to_string).collect();
        listed.sort();
        known.sort();
        prop_assert_eq!(listed, known);
        if groups.is_empty() {
            return Ok(());
        }
        for field in COUNTS {
            let sum: u64 = groups.iter().map(|group| group[field].as_u64().unwrap()).sum();
            prop_assert_eq!(&grouped["total"][field], &json!(sum), "{}", field);
        }
        for field in MINUTES {
            let sum: f64 = groups.iter().map(|group| group[field].as_f64().unwrap()).sum();
            prop_assert!(near(&grouped["total"][field], &json!(sum)), "{}", field);
        }
    }
}

/// Three objectives of two teams and one without a team, 99% of a week each: 100.8 minutes of budget.
fn teams() -> Slo {
    let mut manifests = String::new();
    for (name, labels) in
        [("cart", "team: web"), ("pay", "team: payments"), ("refund", "team: payments"), ("legacy", "tier: low")]
    {
        manifests.push_str(&format!(
            "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {name}, labels: {{ {labels} }} }}\n\
             spec: {{ systemRef: {{ kind: System, name: {name} }}, target: 99, windowDays: 7 }}\n"
        ));
    }
    manifests.push_str(
        "---\napiVersion: slo/v1\nkind: System\nmetadata: { name: pay, labels: { team: payments } }\nspec: {}\n",
    );
    let mut feed = String::new();
    let mut fact = |time: &str, system: &str, status: &str| {
        feed.push_str(&format!("{{\"ts\":\"2026-11-{time}Z\",\"system\":\"{system}\",\"status\":\"{status}\"}}\n"));
    };
    for system in ["cart", "pay", "refund", "legacy"] {
        fact("01T00:00:00", system, "up");
    }
    // Two hours: 19.2 minutes too long. Half an hour. A minute so far.
    fact("10T10:00:00", "pay", "down");
    fact("10T12:00:00", "pay", "up");
    fact("11T10:00:00", "cart", "down");
    fact("11T10:30:00", "cart", "up");
    fact("12T11:59:00", "cart", "down");
    Slo::with(&feed, &manifests)
}

#[test]
fn the_status_of_teams_is_their_sums() {
    let slo = teams();
    let as_of = ["--as-of", "2026-11-12T12:00:00Z"];
    let grouped = parsed(&slo, &[&["status", "--by", "label:team"], &as_of[..]].concat());
    let row = |key: Value, counts: [u64; 7], minutes: [f64; 4], worst: &str| {
        let mut row = json!({ "key": key, "worstObjectiveId": worst });
        COUNTS.iter().zip(counts).for_each(|(field, count)| row[*field] = count.into());
        MINUTES.iter().zip(minutes).for_each(|(field, minutes)| row[*field] = minutes.into());
        row
    };
    assert_eq!(
        grouped["groups"],
        json!([
            row(json!("payments"), [2, 1, 0, 0, 1, 0, 0], [201.6, 120.0, 100.8, 19.2], "pay"),
            row(json!("web"), [1, 0, 1, 0, 0, 0, 1], [100.8, 31.0, 69.8, 0.0], "cart"),
            row(Value::Null, [1, 0, 0, 0, 1, 0, 0], [100.8, 0.0, 100.8, 0.0], "legacy"),
        ])
    );
    let total = row(Value::Null, [4, 1, 1, 0, 2, 0, 1], [403.2, 151.0, 271.4, 19.2], "pay");
    assert_eq!(grouped["total"], total);
    let text = slo.pass(&[&["status", "--by", "label:team"], &as_of[..]].concat(), b"");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Summary");
    assert!(lines[2].starts_with("payments               2     0          1        0        1        0"), "{text}");
    assert!(lines[2].ends_with("✖ pay") && lines[5].starts_with("all "), "{text}");
    assert_eq!(lines[7..10], ["DOWN: down now, those in breach included", "", "payments"]);
    assert!(lines[10].starts_with("STATE") && text.contains("\nwithout team\n"), "{text}");
    let csv = slo.pass(&[&["status", "--by", "label:team", "-o", "csv"], &as_of[..]].concat(), b"");
    assert_eq!(csv.lines().count(), 4, "a line for each group: {csv}");
    // Over a period, its own totals.
    let day = parsed(&slo, &["status", "--by", "system", "--period", "2026-11-10", "--as-of", "2026-11-12"]);
    let worst = &day["groups"][0];
    assert_eq!((&worst["key"], &worst["errorBudgetTotalMinutes"]), (&json!("pay"), &json!(14.4)));
    assert_eq!(worst["errorBudgetOverspentMinutes"], json!(105.6));
}

#[test]
fn health_is_selected_by_labels() {
    let slo = teams();
    let names = |args: &[&str]| -> Vec<String> {
        let found = parsed(&slo, &[&["health", "--as-of", "2026-11-12T12:00:00Z"], args].concat());
        let rows = found["systems"].as_array().unwrap().iter();
        rows.map(|row| row["systemId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["-l", "team=payments"]), ["pay"]);
    // Without a manifest, there are no labels.
    assert_eq!(names(&["-l", "!team"]), ["cart", "legacy", "refund"]);
    assert_eq!(names(&["-l", "!team", "legacy", "pay"]), ["legacy"]);
    let fails = |args: &[&str]| {
        slo.run(&[&["health", "--fail-on", "unhealthy", "--as-of", "2026-11-12T12:00:00Z"], args].concat(), b"").code
    };
    assert_eq!((fails(&["-l", "!team"]), fails(&["-l", "team=payments"]), fails(&["-l", "team=none"])), (1, 0, 2));
}

#[test]
fn a_trend_of_several_objectives_ends_where_it_is_told_to() {
    let slo = teams();
    let rows = |args: &[&str]| -> Vec<(String, String)> {
        let found = parsed(&slo, &[&["trend", "--as-of", "2026-11-12T12:00:00Z"], args].concat());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let rows = found["snapshots"].as_array().unwrap().iter();
        rows.map(|row| (text(&row["objectiveId"]), text(&row["date"]))).collect()
    };
    let day = |name: &str, date: &str| (name.to_owned(), format!("2026-11-{date}"));
    assert_eq!(
        rows(&["pay", "cart", "pay", "--days", "2"]),
        [day("pay", "10"), day("pay", "11"), day("cart", "10"), day("cart", "11")]
    );
    // The midnight at the end of the 10th is the first instant of the 11th.
    assert_eq!(rows(&["pay", "--days", "2", "--until", "2026-11-11"]), [day("pay", "09"), day("pay", "10")]);
    assert_eq!(rows(&["pay", "--since", "2026-11-09", "--until", "2026-11-10T23:59:59.999Z"]), [day("pay", "09")]);
    let refused = slo.run(&["trend", "pay", "--since", "2026-11-09", "--until", "2026-11-01"], b"");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("is after --until"), "{}", refused.stderr);
    let table = slo.pass(&["trend", "pay", "cart", "--days", "1", "--as-of", "2026-11-12T12:00:00Z"], b"");
    assert!(table.starts_with("OBJECTIVE  DAY "), "{table}");
    assert!(table.ends_with("2 objectives: 2 days, each at its close\n"), "{table}");
}

#[test]
fn the_last_achievements_come_newest_first() {
    let slo = teams();
    let as_of = ["--as-of", "2026-11-12T12:00:00Z"];
    let all = parsed(&slo, &[&["achievements"], &as_of[..]].concat());
    let mut expected = all["achievements"].as_array().unwrap().clone();
    assert!(expected.len() > 4, "{all}");
    // Stable: those of the same time stay in the order of systems.
    expected.sort_by(|a, b| b["unlockedAt"].as_str().cmp(&a["unlockedAt"].as_str()));
    for count in [1, 4, 100] {
        let recent = parsed(&slo, &[&["achievements", "--recent", &count.to_string()], &as_of[..]].concat());
        assert_eq!(recent["achievements"].as_array().unwrap()[..], expected[..count.min(expected.len())]);
    }
    let text = slo.pass(&[&["achievements", "--recent", "2"], &as_of[..]].concat(), b"");
    assert!(text.ends_with("the last 2 achievements\ntimes in UTC\n"), "{text}");
    assert_eq!(slo.run(&["achievements", "--recent", "0"], b"").code, 2);
}

#[test]
fn a_report_says_what_an_mtbf_of_several_systems_is_about() {
    let objective = |name: &str| {
        format!(
            "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {name} }}\nspec: {{ systemRef: {{ kind: System, name: {name} }}, target: 99, windowDays: 30 }}\n"
        )
    };
    let feed = "ts,system,status\n2026-09-01,a,up\n2026-09-01,b,up\n2026-10-05,a,down\n2026-10-06,a,up\n";
    let slo = Slo::with(feed, &[objective("a"), objective("b")].concat());
    let report =
        |name: &[&str]| slo.pass(&[&["report", "--period", "2026-10", "--as-of", "2026-11-20"], name].concat(), b"");
    let said = "MTBF of a group: the time of all its systems together, divided by their outages";
    assert!(report(&[]).contains(said) && report(&[]).contains("  61d  "), "{}", report(&[]));
    assert!(!report(&["a"]).contains(said) && !report(&["b"]).contains(said));
}

#[test]
fn without_downtime_none_of_it_is_charged() {
    let manifest = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: a }\nspec: { systemRef: { kind: System, name: a }, target: 99, windowDays: 30 }\n";
    let slo = Slo::with("ts,system,status\n2026-09-01,a,up\n2026-10-05,a,down\n2026-10-06,a,up\n", manifest);
    let downtime = |as_of: &str| slo.pass(&["downtime", "--all", "--as-of", as_of], b"");
    assert!(downtime("2026-10-01").contains("\nno downtime\n"), "{}", downtime("2026-10-01"));
    assert!(downtime("2026-10-10").contains("\nall of it is charged\n"), "{}", downtime("2026-10-10"));
}
