//! `check --period`: a verdict over a period is that of a calendar objective at its close, or so far.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::periods::{expected, framed, moment, written};
use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{DAY, Ms, Unit, Zone, period, rfc3339};
use crate::world::strategy::worlds;

/// Rules, each after the option that gives it.
const RULES: [(&str, &str); 9] = [
    ("--fail-on", "breaching"),
    ("--fail-on", "down"),
    ("--fail-on", "at-risk"),
    ("--fail-on", "exhausted"),
    ("--fail-on", "warning"),
    ("--fail-on", "critical"),
    ("--fail-on", "fast-burn"),
    ("--when", "(isBreaching) for 10m"),
    ("--when", "currentStreak < 2 || downFor > 5m"),
];

/// Whether a rule should fire, according to a row of `status`, if that shows it.
fn wanted(rule: &str, row: &Value) -> Option<bool> {
    let is = |field: &str| row[field] == true;
    let tier = |tiers: &[&str]| tiers.contains(&row["budgetTier"].as_str().unwrap());
    let down = is("isBreaching") || is("hasOpenDowntime");
    Some(match rule {
        "breaching" => is("isBreaching"),
        "down" => down,
        "at-risk" => down || row["state"] == "at-risk",
        "exhausted" => tier(&["exhausted"]),
        "warning" => !tier(&["ok"]),
        "critical" => tier(&["critical", "exhausted"]),
        "fast-burn" => is("fastBurn"),
        _ => return None,
    })
}

fn results(slo: &Slo, args: &[&str]) -> Vec<Value> {
    let output = slo.run(&[&["check", "--no-data", "pass", "--explain", "-o", "json"], args].concat(), b"");
    assert!(output.code <= 1, "{args:?}: {}", output.stderr);
    let answer: Value = serde_json::from_str(&output.stdout).unwrap();
    answer["results"].as_array().unwrap().clone()
}

fn of<'r>(rows: &'r [Value], name: &str) -> Option<&'r Value> {
    rows.iter().find(|row| row["objectiveId"] == name && row["condition"] != "no-data")
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn a_check_of_a_period_is_that_of_a_calendar_objective_at_its_close(
        world in worlds(), unit in select(Unit::ALL.to_vec()), zone in proptest::option::of(select(Zone::ALL.to_vec())),
        place in any::<Index>(), shift in select(vec![-DAY, -1, 0, 1, DAY]), rule in select(RULES.to_vec()),
    ) {
        let at = moment(&world, place, shift);
        let text = written(unit, zone.unwrap_or(Zone::Utc), at);
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let mut args = vec![rule.0, rule.1, "--period", &text, "--as-of", &as_of];
        args.extend(zone.iter().flat_map(|zone| ["--timezone", zone.name()]));
        let framed = framed(&world, unit, zone);
        let first = zone.unwrap_or(Zone::Utc).date(period(unit, zone.unwrap_or(Zone::Utc), at).0);
        let spans: Vec<(Ms, Ms)> =
            framed.objectives.iter().map(|it| period(unit, it.zone(), it.zone().start_of(first))).collect();
        if spans.iter().any(|(start, _)| *start > world.as_of) {
            let output = slo.run(&[&["check"], &args[..]].concat(), b"");
            prop_assert!(output.code == 2 && output.stderr.contains("has not begun"), "{}", output.stderr);
            return Ok(());
        }
        let printed = results(&slo, &args);
        let calendar = Slo::with(&framed.feed(), &framed.manifests());
        for ((objective, declared), (start, end)) in framed.objectives.iter().zip(&world.objectives).zip(spans) {
            // A schedule stays in its declared zone, which this world cannot express.
            if !declared.schedule.is_empty() && zone.is_some_and(|zone| zone != declared.zone()) {
                continue;
            }
            let Some(found) = of(&printed, &objective.name) else { continue };
            let row = expected(&framed, objective, unit, objective.zone(), start);
            if let Some(wanted) = wanted(rule.1, &row) {
                prop_assert_eq!(&found["firing"], &json!(wanted), "{} of {}", rule.1, row);
            }
            // While it runs, everything is as if it were the window, except that no other one begins; at its close, as a
            // millisecond before, except for the forecast.
            let is_over = end <= world.as_of;
            let then = rfc3339(if is_over { end - 1 } else { world.as_of });
            let own = results(&calendar, &[&objective.name, rule.0, rule.1, "--as-of", &then]);
            let Some(own) = of(&own, &objective.name) else { continue };
            if is_over {
                prop_assert_eq!(&found["clearsAt"], &Value::Null);
            } else {
                let clears = own["clearsAt"].as_str().filter(|at| **at < *rfc3339(end));
                prop_assert_eq!((&found["firing"], found["clearsAt"].as_str()), (&own["firing"], clears));
            }
            if found["firing"] == own["firing"] {
                prop_assert_eq!(&found["since"], &own["since"], "{} of {} in {}", rule.1, objective.name, text);
            }
        }
        // The same with sealed days.
        slo.pass(&["compute", "--as-of", &as_of], b"");
        prop_assert_eq!(results(&slo, &args), printed);
    }
}

/// October: down for 50 minutes, of which 99.9% allows 44.64, and 10 minutes in November.
fn shop() -> Slo {
    let line =
        |at: &str, status: &str| format!("{{\"ts\":\"2026-{at}:00Z\",\"system\":\"shop\",\"status\":\"{status}\"}}\n");
    let feed = [
        line("09-01T00:00", "up"),
        line("10-07T10:00", "down"),
        line("10-07T10:50", "up"),
        line("11-03T10:00", "down"),
        line("11-03T10:10", "up"),
    ];
    Slo::with(
        &feed.concat(),
        "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: shop }\nspec: { systemRef: { kind: System, name: shop }, \
         target: 99.9, windowDays: 7 }\n---\napiVersion: slo/v1\nkind: Condition\nmetadata: { name: whole }\nspec: { systemRef: \
         { kind: System, name: shop }, when: { state: { entity: shop, status: [unhealthy] } } }\n",
    )
}

#[test]
fn a_period_fails_since_its_budget_was_spent() {
    let slo = shop();
    let check = |args: &[&str]| slo.run(&[&["check", "--as-of", "2026-11-20T12:00:00Z"], args].concat(), b"");
    assert_eq!(check(&[]).code, 0);
    let october = check(&["--period", "last-month"]);
    assert_eq!(october.code, 1, "{}", october.stderr);
    // 44.64 of the 50 minutes were allowed: 10:00 plus 44 min 38.4 s.
    for said in ["shop failed: breaching", "since 2026-10-07 10:44", "period 2026-10 in the zone of each objective"] {
        assert!(october.stdout.contains(said), "{said}: {}", october.stdout);
    }
    assert!(!october.stdout.contains("clears"), "{}", october.stdout);
    let json: Value = serde_json::from_str(&check(&["--period", "2026-10", "-o", "json"]).stdout).unwrap();
    assert_eq!((&json["verdict"], &json["period"]), (&json!("fail"), &json!("2026-10")));
    assert_eq!(json["results"][0]["since"], "2026-10-07T10:44:38.401Z");
    assert_eq!(json["results"][0]["values"]["errorBudgetConsumedMinutes"], 50.0);
    assert_eq!(check(&["--period", "this-month"]).code, 0);
    // While it runs, no other period has a new budget for it.
    let running = ["--period", "2026-10", "--as-of", "2026-10-20T12:00:00Z"];
    let text = slo.run(&[&["check"], &running[..]].concat(), b"").stdout;
    assert!(text.contains("since 2026-10-07 10:44") && !text.contains("clears"), "{text}");
    let text = slo.pass(&[&["status"], &running[..]].concat(), b"");
    assert!(text.contains("breaching") && !text.contains("a new period begins"), "{text}");
    assert_eq!(check(&["--period", "2026-W41", "--fail-on", "critical"]).code, 1);
    for (args, said) in [
        (&["--period", "2027"][..], "has not begun"),
        (&["--period", "october"], "invalid period \"october\""),
        (&["--period", "2026-10", "--all"], "condition whole is about systems, which have no period"),
        (&["--period", "2026-10", "--wait", "1m"], "--wait"),
    ] {
        let output = check(args);
        assert!(output.code == 2 && output.stderr.contains(said), "{args:?}: {}", output.stderr);
    }
}

#[test]
fn objectives_whose_periods_end_at_different_times_are_not_compared() {
    let named = |name: &str, zone: &str| {
        format!(
            "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {name} }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, \
             target: 99.9, windowDays: 7, timezone: {zone} }}\n---\n"
        )
    };
    let slo = shop();
    slo.apply(&[named("here", "UTC"), named("there", "America/New_York")].concat());
    let check = |period: &str, more: &[&str]| {
        let args = ["check", "--as-of", "2026-11-20T12:00:00Z", "--period", period];
        slo.run(&[&args[..], &["--when", "slo.here.errorBudgetConsumedMinutes == 50"], more].concat(), b"")
    };
    // As of the close of October in New York, it is November in UTC.
    let refused = check("2026-10", &[]);
    let said = "--when compares there with here, whose 2026-10 ends at another time\nhelp: add --timezone";
    assert!(refused.code == 2 && refused.stderr.contains(said), "{}", refused.stderr);
    let same = check("2026-10", &["--timezone", "UTC", "-o", "json"]);
    assert_eq!((same.code, same.stdout.matches("\"firing\": true").count()), (1, 2), "{}", same.stdout);
    // While it runs, both are looked at now.
    assert_eq!(check("2026-11", &[]).code, 0);
}

#[test]
fn a_journal_is_exported_by_period() {
    let slo = shop();
    let export =
        |args: &[&str]| slo.run(&[&["export", "journal", "--as-of", "2026-11-20T12:00:00Z"], args].concat(), b"");
    let lines = |args: &[&str]| export(args).stdout.lines().count();
    // Each begins with what was in force at its start.
    assert_eq!((lines(&[]), lines(&["--period", "last-month"]), lines(&["--period", "2026-11-03"])), (5, 3, 3));
    assert_eq!(lines(&["--period", "2026-09"]), 1);
    // In Apia, September begins eleven or more hours earlier than in UTC, in Honolulu later.
    assert_eq!(lines(&["--period", "2026-08", "--timezone", "Pacific/Honolulu"]), 1);
    let same = export(&["--since", "2026-10-01", "--until", "2026-11-01"]).stdout;
    assert_eq!(export(&["--period", "2026-10"]).stdout, same);
    // An outage that is going on at the start is whole; a healthy transition at the start needs none before it.
    for (since, count) in [("2026-10-07T10:30", 5), ("2026-10-07T10:50", 3), ("2026-11-19", 1)] {
        assert_eq!(lines(&["--since", since]), count, "{since}");
    }
    assert_eq!(lines(&["--since", "2026-10-07T10:30", "--until", "2026-10-07T10:30"]), 0);
    for (args, said) in
        [(&["--period", "2027"][..], "has not begun"), (&["--period", "2026", "--since", "1d"], "--since")]
    {
        let output = export(args);
        assert!(output.code == 2 && output.stderr.contains(said), "{args:?}: {}", output.stderr);
    }
}
