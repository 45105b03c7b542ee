//! Worked examples of schedules: which time counts, in local time, and the effect on every view.

use serde_json::{Value, json};

use crate::harness::Slo;

/// Office hours in Berlin, except on 27 October 2026, a Tuesday.
const OFFICE: &str = "schedule: [{ weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\", before: \"17:00\", exceptDates: [2026-10-27] }]";

fn objective(spec: &str) -> String {
    format!(
        "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: shop }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, {spec} }}\n\
         ---\napiVersion: slo/v1\nkind: System\nmetadata: {{ name: shop }}\nspec: {{}}\n"
    )
}

/// `ts status`, one per line.
fn feed(lines: &[&str]) -> String {
    let line = |line: &&str| {
        let (ts, status) = line.split_once(' ').unwrap();
        format!("{{\"ts\":\"{ts}\",\"system\":\"shop\",\"status\":\"{status}\"}}\n")
    };
    lines.iter().map(line).collect()
}

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&slo.run(args, b"").stdout).unwrap()
}

#[test]
fn eight_hours_a_day_are_eight_hours_across_both_changes_of_clocks() {
    // Down from Friday 16:00 to Monday 10:00 in Berlin: an hour of office time on either side of the weekend.
    let autumn = ["2026-10-01T00:00:00Z up", "2026-10-23T14:00:00Z down", "2026-10-26T09:00:00Z up"];
    let spring = ["2026-03-01T00:00:00Z up", "2026-03-27T15:00:00Z down", "2026-03-30T08:00:00Z up"];
    for (facts, spec, as_of, counted_hours) in [
        // A week has five days of eight hours, whether it lasts 167, 168 or 169 hours; one of them is excluded.
        (autumn, "window: { calendar: week }", "2026-10-25T22:00:00Z", 40),
        (autumn, "window: { calendar: month }", "2026-10-31T22:00:00Z", 21 * 8),
        (spring, "window: { calendar: week }", "2026-03-29T20:00:00Z", 40),
        (spring, "window: { calendar: month }", "2026-03-31T20:00:00Z", 22 * 8),
        // Rolling windows are days of 24 hours: the first office hour of the 26th has left the window by then.
        (autumn, "windowDays: 7", "2026-11-02T09:00:00Z", 4 * 8),
    ] {
        let slo =
            Slo::with(&feed(&facts), &objective(&format!("target: 99, timezone: Europe/Berlin, {spec}, {OFFICE}")));
        let row = slo.objectives(as_of).remove(0);
        // Only the elapsed part of the period excludes time outside of office hours.
        let budget = row["errorBudgetTotalMinutes"].as_f64().unwrap();
        let start = &row["window"]["start"];
        let passed = row["notCountedMinutes"].as_f64().unwrap();
        let length = minutes_between(start.as_str().unwrap(), row["window"]["end"].as_str().unwrap());
        let elapsed = minutes_between(start.as_str().unwrap(), as_of);
        assert!((elapsed - passed - f64::from(counted_hours * 60)).abs() < 1e-9, "{spec} {as_of}: {row}");
        assert!((budget - (length - passed) / 100.0).abs() < 1e-9, "{spec} {as_of}: {row}");
        slo.pass(&["db", "verify"], b"");
    }
    let slo = Slo::with(
        &feed(&autumn),
        &objective(&format!("target: 99, timezone: Europe/Berlin, windowDays: 30, {OFFICE}")),
    );
    let row = slo.objectives("2026-10-31T00:00:00Z").remove(0);
    // Friday from 16:00 to 17:00 and Monday from 09:00 to 10:00, out of 21 days of eight hours.
    assert_eq!(row["errorBudgetConsumedMinutes"], json!(120.0));
    assert_eq!(row["notCountedMinutes"], json!(f64::from((30 * 24 - 21 * 8) * 60)));
    assert_eq!(row["errorBudgetTotalMinutes"], json!(21.0 * 8.0 * 60.0 / 100.0));
    assert_eq!(row["excludedMinutes"], json!(0.0));
    // One outage, with two charged parts.
    let downtime =
        parsed(&slo, &["downtime", "--since", "2026-10-01", "--as-of", "2026-10-31T00:00:00Z", "-o", "json"]);
    let events: Vec<(&str, &str)> = downtime["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["startTime"].as_str().unwrap(), event["endTime"].as_str().unwrap()))
        .collect();
    let expected = [
        ("2026-10-23T14:00:00.000Z", "2026-10-23T15:00:00.000Z"),
        ("2026-10-26T08:00:00.000Z", "2026-10-26T09:00:00.000Z"),
    ];
    assert_eq!(events, expected);
    assert_eq!((&downtime["totals"]["outages"], &downtime["totals"]["longestSeconds"]), (&json!(1), &json!(67 * 3600)));
}

fn minutes_between(start: &str, end: &str) -> f64 {
    let at = |text: &str| crate::reference::calendar::instant(text);
    (at(end) - at(start)) as f64 / 60_000.0
}

#[test]
fn a_shift_may_cross_midnight_and_begins_and_ends_to_the_millisecond() {
    let spec = "target: 50, windowDays: 1, schedule: [{ after: \"22:00\", before: \"02:00\" }]";
    let slo = Slo::with(&feed(&["2026-10-01T00:00:00Z up", "2026-10-05T12:00:00Z down"]), &objective(spec));
    for (as_of, consumed_ms, open) in [
        ("2026-10-05T22:00:00.000Z", 0, true),
        ("2026-10-05T21:59:59.999Z", 0, false),
        ("2026-10-05T22:00:00.001Z", 1, true),
        ("2026-10-06T01:59:59.999Z", 4 * 3_600_000 - 1, true),
        ("2026-10-06T02:00:00.000Z", 4 * 3_600_000, false),
        ("2026-10-06T11:00:00.000Z", 4 * 3_600_000, false),
    ] {
        let row = slo.objectives(as_of).remove(0);
        let consumed = row["errorBudgetConsumedMinutes"].as_f64().unwrap() * 60_000.0;
        assert!((consumed - f64::from(consumed_ms)).abs() < 1e-6, "{as_of}: {row}");
        assert_eq!(row["hasOpenDowntime"], json!(open), "{as_of}: {row}");
    }
    // It is still down, and people are told why that costs nothing.
    let shown = slo.run(&["status", "--as-of", "2026-10-06T11:00:00Z"], b"").stdout;
    assert!(shown.contains("spends no budget: shop since 2026-10-05 12:00 UTC (outside schedule)"), "{shown}");
    // Half of the four hours are allowed, and spent at midnight.
    let row = slo.objectives("2026-10-05T21:00:00Z").remove(0);
    assert_eq!(row["forecast"]["exhaustedAt"], json!("2026-10-06T00:00:00.000Z"));
}

#[test]
fn where_no_time_is_counted_there_is_no_budget_and_nothing_is_available() {
    let spec = "target: 99, windowDays: 1, schedule: [{ weekday: Mon }]";
    let slo = Slo::with(&feed(&["2026-10-01T00:00:00Z up", "2026-10-03T00:00:00Z down"]), &objective(spec));
    let row = slo.objectives("2026-10-04T12:00:00Z").remove(0);
    let shown =
        ["errorBudgetTotalMinutes", "errorBudgetConsumedMinutes", "currentAvailability", "budgetRemainingPercent"];
    assert_eq!(shown.map(|field| row[field].clone()), [json!(0.0), json!(0.0), Value::Null, json!(100.0)]);
    assert_eq!(row["state"], json!("healthy"));
}

#[test]
fn a_plan_shows_a_schedule_and_what_it_does() {
    let slo = Slo::with(
        &feed(&["2026-10-01T00:00:00Z up", "2026-10-24T00:00:00Z down", "2026-10-24T12:00:00Z up"]),
        &objective("target: 99, windowDays: 30, timezone: Europe/Berlin"),
    );
    let changed =
        slo.write_manifests(&objective(&format!("target: 99, windowDays: 30, timezone: Europe/Berlin, {OFFICE}")));
    let plan = slo.run(&["plan", changed.to_str().unwrap(), "--as-of", "2026-10-31T00:00:00Z"], b"").stdout;
    assert!(plan.contains("spec.schedule: (none) → [Mon-Fri 09:00-17:00 except 2026-10-27]"), "{plan}");
    assert!(plan.contains("✖ breaching → ✔ healthy"), "{plan}");
    slo.pass(&["apply", changed.to_str().unwrap()], b"");
    slo.pass(&["db", "verify"], b"");
    let exported = slo.pass(&["export", "manifests"], b"");
    let line =
        "    - { weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\", before: \"17:00\", exceptDates: [2026-10-27] }";
    assert!(exported.contains(line), "{exported}");
    let shown = slo.pass(&["show", "shop", "--as-of", "2026-10-31T00:00:00Z"], b"");
    assert!(shown.contains("schedule: Mon-Fri 09:00-17:00 except 2026-10-27, Europe/Berlin"), "{shown}");
    assert!(shown.contains("taken out of the window's length (outside the schedule): 23d"), "{shown}");
}

#[test]
fn an_outage_that_one_objective_of_a_system_does_not_count_is_reported_once() {
    // Sunday 4 October 2026, half an hour.
    let feed = feed(&["2026-09-01T00:00:00Z up", "2026-10-04T08:00:00Z down", "2026-10-04T08:30:00Z up"]);
    let always = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: always }\n\
                  spec: { systemRef: { kind: System, name: shop }, target: 99, windowDays: 30 }\n---\n";
    let office = objective(&format!("target: 99, windowDays: 30, {OFFICE}"));
    let report = ["report", "--period", "2026-10", "--as-of", "2026-11-10T00:00:00Z"];
    let listed = |manifests: &str| {
        let slo = Slo::with(&feed, manifests);
        let answer = parsed(&slo, &[&report[..], &["-o", "json"]].concat());
        let fields = ["objectiveIds", "downtimeSeconds", "excludedSeconds", "counted"];
        let rows: Vec<_> =
            answer["outages"].as_array().unwrap().iter().map(|row| fields.map(|f| row[f].clone())).collect();
        (rows, answer["total"]["outages"].clone(), slo.pass(&report, b""))
    };
    let (rows, total, text) = listed(&format!("{always}{office}"));
    assert_eq!(rows, [[json!(["always", "shop"]), json!(1800), json!(0), json!(true)]]);
    assert!(total == json!(1) && text.contains("\n1 outage\n"), "{text}");
    let (rows, total, text) = listed(&office);
    assert_eq!(rows, [[json!(["shop"]), json!(0), json!(0), json!(false)]]);
    assert!(total == json!(0) && text.contains("outside the schedule"), "{text}");
    assert!(text.contains("\n1 outage, 1 of them not charged\n"), "{text}");
}
