//! Worked examples of days, weeks and periods at their close, with numbers: in breach, and when clocks change.

use serde_json::{Value, json};

use crate::harness::Slo;

fn objective(spec: &str) -> String {
    format!(
        "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: shop }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, {spec} }}\n"
    )
}

/// Up from the start, and down over each of the spans.
fn feed(since: &str, outages: &[(&str, &str)]) -> String {
    let line = |ts: &str, status: &str| format!("{{\"ts\":\"{ts}\",\"system\":\"shop\",\"status\":\"{status}\"}}\n");
    let outages = outages.iter().map(|(start, end)| line(start, "down") + &line(end, "up"));
    std::iter::once(line(since, "up")).chain(outages).collect()
}

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&slo.pass(args, b"")).unwrap()
}

/// `date`, consumed minutes and streak of each day.
fn trend(slo: &Slo, days: &str, as_of: &str) -> Vec<(String, f64, i64)> {
    let snapshots = parsed(slo, &["trend", "shop", "--days", days, "--as-of", as_of, "-o", "json"]);
    let of = |row: &Value| {
        let date = row["date"].as_str().unwrap().to_owned();
        (date, row["budgetConsumedMinutes"].as_f64().unwrap(), row["streakDays"].as_i64().unwrap())
    };
    snapshots["snapshots"].as_array().unwrap().iter().map(of).collect()
}

fn day(date: &str, consumed: f64, streak: i64) -> (String, f64, i64) {
    (date.to_owned(), consumed, streak)
}

#[test]
fn a_month_that_ends_in_breach_ends_the_streak() {
    // 99.9% of 30 days has a budget of 43.2 minutes.
    let feed = feed("2026-09-01T00:00:00Z", &[("2026-09-20T12:00:00Z", "2026-09-20T13:00:00Z")]);
    let slo = Slo::with(&feed, &objective("target: 99.9, window: { calendar: month }"));
    let days = trend(&slo, "13", "2026-10-02T12:00:00Z");
    assert_eq!(days[0], day("2026-09-19", 0.0, 19));
    assert_eq!(days[1], day("2026-09-20", 60.0, 0));
    assert_eq!(days[11], day("2026-09-30", 60.0, 0));
    assert_eq!(days[12], day("2026-10-01", 0.0, 1));
    let streak = parsed(&slo, &["streaks", "--as-of", "2026-10-02T12:00:00Z", "-o", "json"])["streaks"][0].clone();
    let expected = json!({
        "objectiveId": "shop", "systemId": "shop", "currentStreak": 1, "bestStreak": 19, "lostStreak": 19,
        "streakStart": "2026-10-02T00:00:00.000Z", "bestStreakEnd": "2026-09-21T00:00:00.000Z",
    });
    assert_eq!(streak, expected);
    // The published days are the same, and conditions see the lost streak.
    slo.pass(&["compute", "--as-of", "2026-10-02T12:00:00Z"], b"");
    slo.pass(&["db", "verify"], b"");
    let args = ["check", "--when", "lostStreak == 19 && currentStreak == 1", "--as-of", "2026-10-02T12:00:00Z"];
    let output = slo.run(&[&args[..], &["-o", "json"]].concat(), b"");
    let verdict: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((output.code, &verdict["results"][0]["since"]), (1, &json!("2026-10-02T00:00:00.000Z")), "{verdict}");
}

#[test]
fn a_week_is_reported_at_its_close_in_the_zone_of_each_objective() {
    // 99.5% of a week has a budget of 50.4 minutes.
    let feed = feed("2026-11-01T00:00:00Z", &[("2026-11-11T10:00:00Z", "2026-11-11T12:00:00Z")]);
    for zone in ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"] {
        let spec = format!("target: 99.5, window: {{ calendar: week }}, timezone: {zone}");
        let slo = Slo::with(&feed, &objective(&spec));
        let as_of = ["--as-of", "2026-11-16T09:00:00Z", "-o", "json"];
        let digest = parsed(&slo, &[&["digest", "--week", "last"][..], &as_of].concat());
        assert_eq!((&digest["week"], &digest["breachingCount"]), (&json!("2026-W46"), &json!(1)), "{zone}");
        let availability = digest["topPerformers"][0]["availability"].as_f64().unwrap();
        assert!((availability - 100.0 * (1.0 - 2.0 / 168.0)).abs() < 1e-9, "{zone}: {availability}");
        // The only one is among the best, and no objective is in both lists.
        assert_eq!(digest["worstPerformers"], json!([]), "{zone}");
        // On Monday morning, the new week has its full budget.
        let status = parsed(&slo, &[&["status"][..], &as_of].concat());
        assert_eq!(status["objectives"][0]["isBreaching"], json!(false), "{zone}");
    }
}

#[test]
fn budgets_follow_days_of_23_and_25_hours() {
    for (zone, as_of, start, total) in [
        ("Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-23T22:00:00.000Z", 14.4),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00.000Z", 15.0),
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00.000Z", 13.8),
        // Half an hour on Lord Howe Island.
        ("Australia/Lord_Howe", "2026-10-04T00:00:00Z", "2026-10-03T13:30:00.000Z", 14.1),
        ("Australia/Lord_Howe", "2026-04-05T00:00:00Z", "2026-04-04T13:00:00.000Z", 14.7),
    ] {
        let spec = format!("target: 99, window: {{ calendar: day }}, timezone: {zone}");
        let slo = Slo::with(&feed("2026-03-01T00:00:00Z", &[]), &objective(&spec));
        let objective = slo.objectives(as_of).remove(0);
        assert_eq!(objective["window"]["start"], json!(start), "{zone} {as_of}");
        assert_eq!(objective["errorBudgetTotalMinutes"], json!(total), "{zone} {as_of}");
    }
}

#[test]
fn a_rolling_window_closes_with_the_days_of_its_zone() {
    // A minute of downtime every day at noon, over the end of summer time: a window of 24 hours always contains one of
    // them.
    let outages: Vec<(String, String)> =
        (20..30).map(|day| (format!("2026-10-{day}T12:00:00Z"), format!("2026-10-{day}T12:01:00Z"))).collect();
    let outages: Vec<(&str, &str)> = outages.iter().map(|(start, end)| (start.as_str(), end.as_str())).collect();
    let spec = "target: 99.9, windowDays: 1, timezone: Europe/Berlin";
    let slo = Slo::with(&feed("2026-10-20T00:00:00Z", &outages), &objective(spec));
    let days = trend(&slo, "10", "2026-10-29T23:00:00Z");
    let dates: Vec<&str> = days.iter().map(|(date, _, _)| date.as_str()).collect();
    assert_eq!((dates.first(), dates.last()), (Some(&"2026-10-20"), Some(&"2026-10-29")));
    let consumed: Vec<f64> = days.iter().map(|(_, consumed, _)| *consumed).collect();
    assert_eq!(consumed, [1.0; 10]);
    // The day of 25 hours closes at 23:00 UTC, and its window begins an hour after the day.
    let objective = slo.objectives("2026-10-25T23:00:00Z").remove(0);
    assert_eq!(objective["window"]["start"], json!("2026-10-24T23:00:00.000Z"));
    slo.pass(&["db", "verify"], b"");
}

#[test]
fn a_day_that_the_zone_left_out_is_none() {
    // Apia went from Thursday, 29 December 2011, directly to Saturday.
    let outage = ("2011-12-30T12:00:00Z", "2011-12-30T12:30:00Z");
    let spec = "target: 99, window: { calendar: week }, timezone: Pacific/Apia";
    let slo = Slo::with(&feed("2011-12-27T12:00:00Z", &[outage]), &objective(spec));
    let days = trend(&slo, "7", "2012-01-02T10:00:00Z");
    let expected = [
        day("2011-12-27", 0.0, 1),
        day("2011-12-28", 0.0, 2),
        day("2011-12-29", 0.0, 3),
        day("2011-12-31", 30.0, 4),
        day("2012-01-01", 30.0, 5),
        day("2012-01-02", 0.0, 6),
    ];
    assert_eq!(days, expected);
    // A week of six days: 1% of 144 hours.
    let printed = slo.objectives("2012-01-01T00:00:00Z").remove(0);
    assert_eq!(printed["errorBudgetTotalMinutes"], json!(86.4));
    slo.pass(&["db", "verify"], b"");
    // There is nothing to say about the day itself, except in another zone.
    let journal = ["export", "journal", "--timezone", "Pacific/Apia"];
    for args in [&["status"][..], &["downtime"], &["report"], &["check"], &journal] {
        let refused = slo.run(&[args, &["--period", "2011-12-30"]].concat(), b"");
        let said = "error: the clocks of Pacific/Apia skipped 2011-12-30";
        assert!(refused.code == 2 && refused.stderr.starts_with(said), "{args:?}: {}", refused.stderr);
    }
    slo.pass(&["status", "--period", "2011-12-30", "--timezone", "UTC"], b"");
    slo.pass(&["status", "--period", "2011-12-29..2011-12-30"], b"");
    // The day before Saturday is Thursday, in the answer, its figures and its text.
    let outage = ("2011-12-29T12:00:00Z", "2011-12-29T12:30:00Z");
    let slo = Slo::with(&feed("2011-12-27T12:00:00Z", &[outage]), &objective(spec));
    let report = ["report", "--as-of", "2012-01-03", "--period", "2011-12-31"];
    let answer = parsed(&slo, &[&report[..], &["-o", "json"]].concat());
    assert_eq!(answer["previousPeriod"], json!("2011-12-29"));
    assert_eq!(answer["objectives"][0]["previous"]["downtimeMinutes"], json!(30.0));
    assert!(slo.pass(&report, b"").contains("compared with 2011-12-29"));
    let elsewhere = parsed(&slo, &[&report[..], &["-o", "json", "--timezone", "UTC"]].concat());
    assert_eq!(elsewhere["previousPeriod"], json!("2011-12-30"));
}

#[test]
fn a_period_contains_a_moment_in_an_hour_that_clocks_repeat() {
    // St. John's went back from 00:01 to 23:01: for 59 minutes, clocks showed the day before again.
    let spec = "target: 99, window: { calendar: day }, timezone: America/St_Johns";
    let slo = Slo::with(&feed("2010-11-01T00:00:00Z", &[]), &objective(spec));
    for as_of in ["2010-11-07T02:30:30Z", "2010-11-07T03:00:00Z", "2010-11-07T03:30:00Z"] {
        let window = &slo.objectives(as_of).remove(0)["window"];
        assert_eq!(window["start"], json!("2010-11-07T02:30:00.000Z"), "{as_of}");
        assert_eq!(window["end"], json!("2010-11-08T03:30:00.000Z"), "{as_of}");
    }
}

#[test]
fn one_zone_is_declared_in_either_place() {
    let feed = feed("2026-10-01T00:00:00Z", &[]);
    let spec = "target: 99, window: { calendar: day, timezone: Europe/Berlin }";
    let slo = Slo::with(&feed, &objective(spec));
    let same = slo.write_manifests(&objective("target: 99, window: { calendar: day }, timezone: Europe/Berlin"));
    assert!(slo.pass(&["plan", same.to_str().unwrap()], b"").contains("no changes"));
    let exported = slo.pass(&["export", "manifests"], b"");
    assert!(exported.contains("  window: { calendar: day }\n  timezone: Europe/Berlin\n"), "{exported}");
    // Another zone has other days: the sealed ones are recomputed.
    slo.pass(&["compute", "--as-of", "2026-10-20T00:00:00Z"], b"");
    let other = slo.write_manifests(&objective("target: 99, windowDays: 7, timezone: Asia/Tokyo"));
    let plan = slo.run(&["plan", other.to_str().unwrap()], b"");
    assert!(plan.stdout.contains("spec.timezone: Europe/Berlin → Asia/Tokyo"), "{}", plan.stdout);
    slo.pass(&["apply", other.to_str().unwrap()], b"");
    slo.pass(&["db", "verify"], b"");
    assert_eq!(trend(&slo, "2", "2026-10-20T15:00:00Z")[1], day("2026-10-20", 0.0, 20));
}
