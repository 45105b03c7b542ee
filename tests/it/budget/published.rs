//! Published numbers, and real histories.
//!
//! The histories are not part of the project: they are read from `../shared/data` beside the crate, or from
//! `SLO_SHARED_DATA`; without them, the tests that need them pass with a message.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::Slo;
use crate::reference::budget::Budget;
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, SECOND, Unit, Zone, instant, rfc3339};
use crate::reference::history::History;
use crate::reference::model::Model;
use crate::reference::{difference, health, objectives};
use crate::world::{Fact, Objective, Status, Window, World};

/// A file of the shared data, or `None` after a message on stderr.
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "where the data is, is the machine's business")]
pub(crate) fn shared(file: &str) -> Option<String> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let path = std::env::var_os("SLO_SHARED_DATA").map_or_else(beside, PathBuf::from).join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: {} is not there", path.display());
    }
    text
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Reads both `2024-07-10T19:49:12Z` and `…12.5Z`.
fn moment(value: &Value) -> Ms {
    instant(value.as_str().unwrap())
}

pub(crate) fn facts(feed: &str) -> Vec<Fact> {
    let status = |name: &Value| {
        let all = [Status::Unknown, Status::Healthy, Status::Degraded, Status::Unhealthy];
        all.into_iter().find(|status| status.name() == name).unwrap()
    };
    let fact = |row: &Value| Fact::new(moment(&row["ts"]), row["system"].as_str().unwrap(), status(&row["status"]));
    rows(feed).iter().map(fact).collect()
}

/// A world of these facts, in which every system has one objective for each target and window.
fn world_of(facts: Vec<Fact>, targets: &[(i128, Window)]) -> World {
    let mut names: Vec<&str> = facts.iter().map(|fact| fact.system.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut world = World::new(0, &names);
    for name in names {
        for (number, (target, window)) in targets.iter().enumerate() {
            world.objectives.push(Objective::new(&format!("{name}-{number}"), name, *target, *window));
        }
    }
    world.facts = facts;
    world
}

/// The only objective of a world, from the reference and as printed, which must be equal.
#[track_caller]
fn answer(world: &World) -> Value {
    let expected = objectives(world).remove(0);
    let printed = Slo::with(&world.feed(), &world.manifests()).objective(&world.as_of_text());
    assert_eq!(difference("objective", &expected, &printed), None);
    printed
}

#[track_caller]
fn close(actual: &Value, expected: f64) {
    let actual = actual.as_f64().unwrap();
    assert!((actual - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{actual} instead of {expected}");
}

#[test]
fn real_histories_are_read_to_the_last_line() {
    for file in [
        "github-incidents/transitions_all.jsonl",
        "github-incidents/transitions_components.jsonl",
        "cloud-uptime/cloud_transitions.jsonl",
        "upptime-datalab/transitions.jsonl",
    ] {
        let Some(feed) = shared(file) else { continue };
        let slo = Slo::new();
        let counts: Value = serde_json::from_str(&slo.pass(&["ingest", "-o", "json", "-"], feed.as_bytes())).unwrap();
        let count = |field: &str| counts[field].as_u64().unwrap();
        assert_eq!((count("read"), count("rejected")), (feed.lines().count() as u64, 0), "{file}");
        let mut keys: Vec<(Ms, String)> = facts(&feed).into_iter().map(|fact| (fact.ts, fact.system)).collect();
        let (first, last) = (keys.iter().min().unwrap().0, keys.iter().max().unwrap().0);
        keys.sort();
        keys.dedup();
        assert_eq!(count("inserted"), keys.len() as u64, "{file}");
        assert_eq!(counts["firstTs"], rfc3339(first), "{file}");
        assert_eq!(counts["lastTs"], rfc3339(last), "{file}");
    }
}

#[test]
fn real_histories_are_judged_like_the_reference_does() {
    let windows = [
        (99_900_000, Window::Rolling { days: 30 }),
        (99_500_000, Window::Calendar { unit: Unit::Quarter, zone: Zone::Berlin }),
        (95_000_000, Window::Rolling { days: 3650 }),
    ];
    for (file, as_of) in [
        ("github-incidents/transitions_components.jsonl", "2026-08-15T12:00:00Z"),
        ("github-incidents/transitions_components.jsonl", "2024-02-29T00:00:00Z"),
        ("github-incidents/transitions_all.jsonl", "2025-01-01T00:00:00Z"),
    ] {
        let Some(feed) = shared(file) else { continue };
        let world = world_of(facts(&feed), &windows).at(instant(as_of));
        let slo = Slo::with(&feed, &world.manifests());
        let printed = Value::Array(slo.objectives(as_of));
        assert_eq!(difference(file, &Value::Array(objectives(&world)), &printed), None, "at {as_of}");
        let printed = &slo.health(as_of)["systems"];
        assert_eq!(difference(file, &Value::Array(health(&world)), printed), None, "at {as_of}");
    }
}

/// The time, the system and the three percentages of one row published by Upptime.
type Published = (Ms, String, [f64; 3]);

/// The world that Upptime monitored, and what it published about it.
fn upptime() -> Option<(World, Vec<Published>)> {
    let feed = shared("upptime-datalab/transitions.jsonl")?;
    let oracle = rows(&shared("upptime-datalab/oracle_checked.jsonl")?);
    let mut facts = facts(&feed);
    for row in &oracle {
        // Time counts from the start of the first check, which ended when the first transition was recorded.
        facts.push(Fact::new(moment(&row["tracked_since"]), row["system"].as_str().unwrap(), Status::Healthy));
    }
    facts.sort_by_key(|fact| (fact.ts, fact.system.clone()));
    facts.dedup();
    // Since the first check, a day, a week: in the order of `uptime`, `day`, `week`.
    let windows = [3650, 1, 7].map(|days| (99_900_000, Window::Rolling { days }));
    let mut world = world_of(facts, &windows);
    for objective in &mut world.objectives {
        objective.not_counted_unknown = true;
    }
    let published = oracle.iter().map(|row| {
        let percent = |field: &str| row[field].as_str().unwrap().trim_end_matches('%').parse::<f64>().unwrap();
        let at = moment(&row["at"]) - row["plain"]["now_minus_s"].as_i64().unwrap() * SECOND;
        (at, row["system"].as_str().unwrap().to_owned(), ["uptime", "day", "week"].map(percent))
    });
    Some((world, published.collect()))
}

/// Whether a value has the published two decimals: truncated, as in Upptime, or at most 0.006 off, because Upptime
/// counts whole seconds.
fn prints_as(availability: f64, published: f64) -> bool {
    (-0.006..0.01).contains(&(availability - published))
}

#[test]
fn the_reference_reproduces_what_upptime_published() {
    let Some((world, published)) = upptime() else { return };
    assert_eq!(published.len(), 543);
    for (at, system, percentages) in published {
        let model = Model::new(&world, at);
        let of_system = world.objectives.iter().filter(|objective| objective.system == system);
        for (objective, published) in of_system.zip(percentages) {
            let budget = Budget::new(&History::new(&model, objective), at);
            let availability = budget.availability(budget.totals.consumed).unwrap().to_f64();
            assert!(prints_as(availability, published), "{} at {}: {availability}", objective.name, rfc3339(at));
        }
    }
}

#[test]
fn slo_reproduces_what_upptime_published() {
    let Some((world, published)) = upptime() else { return };
    let slo = Slo::with(&world.feed(), &world.manifests());
    for (at, system, percentages) in published {
        let printed = slo.objectives(&rfc3339(at));
        for (number, published) in percentages.into_iter().enumerate() {
            let name = format!("{system}-{number}");
            let objective = printed.iter().find(|objective| objective["objectiveId"] == *name).unwrap();
            let availability = objective["currentAvailability"].as_f64().unwrap();
            assert!(prints_as(availability, published), "{name} at {}: {availability}", rfc3339(at));
        }
    }
}

fn as_of() -> Ms {
    instant("2026-03-27T00:00:00Z")
}

/// `api`, healthy for a year except for one outage.
fn outage(target_micro: i128, days: i64, start: Ms, duration: Ms) -> World {
    let healthy = |ts| Fact::new(ts, "api", Status::Healthy);
    let facts =
        vec![healthy(as_of() - 400 * DAY), Fact::new(start, "api", Status::Unhealthy), healthy(start + duration)];
    world_of(facts, &[(target_micro, Window::Rolling { days })]).at(as_of())
}

/// A lookback at exactly this burn rate spends this share of a budget of `days`.
#[track_caller]
fn burns(days: i64, (lookback, hours): (&str, i64), factor: f64, spent_percent: f64) {
    let down = factor * (hours * HOUR) as f64 / 1000.0;
    assert!((down - down.round()).abs() < 1e-6, "{down} ms");
    let start = as_of() - hours * HOUR;
    let objective = answer(&outage(99_900_000, days, start, down.round() as Ms));
    close(&objective["burnRates"][lookback], factor);
    close(&objective["budgetRemainingPercent"], 100.0 - spent_percent);
}

#[test]
fn a_total_outage_spends_a_month_of_three_nines_in_43_minutes() {
    // SRE workbook, chapter 5, table 5-4: burn rate 1000 exhausts the budget in 43 minutes.
    let mut world = outage(99_900_000, 30, as_of() - 10 * MINUTE, HOUR);
    world.facts.pop();
    let objective = answer(&world);
    close(&objective["burnRates"]["5m"], 1000.0);
    // 43.2 minutes after its start.
    assert_eq!(objective["forecast"]["exhaustedAt"], "2026-03-27T00:33:12.000Z");
}

#[test]
fn the_factors_of_the_multiwindow_policy() {
    // SRE workbook, chapter 5, table 5-8, and slok/sloth, internal/alert/alert_test.go (28 and 7 days).
    let lookbacks = [("1h", 1), ("6h", 6), ("1d", 24), ("3d", 72)];
    for (days, rows) in [
        (30, [(14.4, 2.0), (6.0, 5.0), (3.0, 10.0), (1.0, 10.0)]),
        (28, [(13.44, 2.0), (5.6, 5.0), (2.8, 10.0), (14.0 / 15.0, 10.0)]),
        (7, [(13.44, 8.0), (3.5, 12.5), (1.4, 20.0), (0.98, 42.0)]),
    ] {
        for (lookback, (factor, percent)) in lookbacks.into_iter().zip(rows) {
            burns(days, lookback, factor, percent);
        }
    }
}

#[test]
fn factors_are_those_of_nominal_lengths_whatever_the_month() {
    // SRE book, appendix Availability Table: a year of 365 days, a quarter of 90, a month of 30. SRE workbook, table 5-8: 14.4, 6, 1.
    for (unit, factors) in [
        (Unit::Day, [0.48, 0.2, 0.1, 1.0 / 30.0]),
        (Unit::Week, [3.36, 1.4, 0.7, 7.0 / 30.0]),
        (Unit::Month, [14.4, 6.0, 3.0, 1.0]),
        (Unit::Quarter, [43.2, 18.0, 9.0, 3.0]),
        (Unit::Year, [175.2, 73.0, 36.5, 36.5 / 3.0]),
    ] {
        for as_of in ["2026-02-10T12:00:00Z", "2026-03-29T12:00:00Z", "2026-07-31T12:00:00Z"] {
            let window = Window::Calendar { unit, zone: Zone::Berlin };
            let world = world_of(
                vec![Fact::new(instant("2026-01-01T00:00:00Z"), "api", Status::Healthy)],
                &[(99_900_000, window)],
            );
            let slo = Slo::with(&world.feed(), &world.manifests());
            let shown = slo.pass(&["show", &world.objectives[0].name, "-o", "json", "--as-of", as_of], b"");
            let shown: Value = serde_json::from_str(&shown).unwrap();
            let rules = shown["multiwindow"].as_array().unwrap().iter();
            // The closest float, to the last bit.
            let printed: Vec<u64> = rules.map(|rule| rule["factor"].as_f64().unwrap().to_bits()).collect();
            assert_eq!(printed, factors.map(f64::to_bits), "{unit:?} {as_of}");
        }
    }
}

#[test]
fn budgets_that_were_published() {
    let budget =
        |target, days| answer(&outage(target, days, as_of() - 300 * DAY, MINUTE))["errorBudgetTotalMinutes"].clone();
    // SRE book, appendix Availability Table: 99.9% allows 43.2 min a month, 8.76 h a year; 99.99% 60.5 s a week.
    close(&budget(99_900_000, 30), 43.2);
    close(&budget(99_900_000, 365), 8.76 * 60.0);
    close(&budget(99_990_000, 7), 60.48 / 60.0);
    // OpenSLO, examples/budgeting-method: 95% over 14 days allows 16 h 48 min, 99.95% over a week 5 min 2.4 s.
    close(&budget(95_000_000, 14), 1008.0);
    close(&budget(99_950_000, 7), 302.4 / 60.0);
}

#[test]
fn overlapping_incidents_are_one_outage() {
    // upptime/uptime-monitor, src/helpers/calculate-uptime.spec.ts: two overlapping outages of two hours, one hour
    // shared, leave 87.50% of a day.
    let start = as_of() - DAY;
    let mut world = outage(99_900_000, 1, start, 2 * HOUR);
    for (ts, status) in [(start + HOUR, Status::Unhealthy), (start + 3 * HOUR, Status::Healthy)] {
        world.facts.push(Fact::new(ts, "api", status).incident().check("second"));
    }
    let objective = answer(&world);
    close(&objective["currentAvailability"], 87.5);
    close(&objective["errorBudgetConsumedMinutes"], 180.0);
}

#[test]
fn half_the_requests_at_one_nine_burn_five_times_too_fast() {
    // google/slo-generator, tests/unit/fixtures/slo_report_v2.json: an SLI of 0.5 at a goal of 0.9 burns at 5.
    let objective = answer(&outage(90_000_000, 1, as_of() - DAY, 12 * HOUR));
    close(&objective["burnRate"], 5.0);
    close(&objective["currentAvailability"], 50.0);
    close(&objective["errorBudgetTotalMinutes"], 144.0);
    close(&objective["errorBudgetOverspentMinutes"], 576.0);
}

#[test]
fn degraded_is_up_where_only_outages_count() {
    // help.incident.io/en/articles/7203303: ten minutes operational, thirty degraded and twenty of full outage are 66% of an hour.
    let start = as_of() - HOUR;
    let status = |minutes: i64, status| Fact::new(start + minutes * MINUTE, "api", status);
    let facts = vec![status(0, Status::Healthy), status(10, Status::Degraded), status(40, Status::Unhealthy)];
    let mut world = world_of(facts, &[(99_900_000, Window::Rolling { days: 1 })]).at(as_of());
    world.objectives[0].counts_as_down = vec![Status::Unhealthy];
    world.objectives[0].not_counted_unknown = true;
    close(&answer(&world)["currentAvailability"], 200.0 / 3.0);
}

/// A published duration such as `8.76 hours`, in seconds, and half of its last digit.
fn duration(text: &str) -> (f64, f64) {
    let (number, unit) = text.split_once(' ').unwrap();
    let seconds = match unit {
        "days" => 86_400.0,
        "hours" => 3600.0,
        "minutes" => 60.0,
        "seconds" => 1.0,
        other => panic!("unit {other}"),
    };
    let decimals = number.split_once('.').map_or(0, |(_, digits)| digits.len());
    (number.parse::<f64>().unwrap() * seconds, seconds * 0.5 / 10_f64.powi(decimals as i32) + 1e-9)
}

#[test]
fn the_tables_of_the_sre_books() {
    let Some(vectors) = shared("vectors.json") else { return };
    let vectors: Value = serde_json::from_str(&vectors).unwrap();
    let healthy = vec![Fact::new(as_of() - DAY, "api", Status::Healthy)];
    for cell in vectors["sre_book_availability_table"]["cells"].as_array().unwrap() {
        let seconds = cell["period_s"].as_i64().unwrap();
        if seconds % 86_400 != 0 {
            continue;
        }
        let target: f64 = cell["target"].as_str().unwrap().parse().unwrap();
        let window = Window::Rolling { days: seconds / 86_400 };
        let objective = answer(&world_of(healthy.clone(), &[((target * 1e6).round() as i128, window)]).at(as_of()));
        let budget = objective["errorBudgetTotalMinutes"].as_f64().unwrap() * 60.0;
        close(&json!(budget), cell["budget_s"].as_f64().unwrap());
        let (published, rounding) = duration(cell["published"].as_str().unwrap());
        assert_eq!((published - budget).abs() <= rounding, cell["agrees"], "{cell}");
    }
    for row in vectors["sre_workbook_burn_rates"]["rows"].as_array().unwrap() {
        let (rate, errors) = (row["burn_rate"].as_f64().unwrap(), row["error_rate_pct"].as_f64().unwrap());
        let down = (errors / 100.0 * HOUR as f64).round() as Ms;
        let objective = answer(&outage(99_900_000, 30, as_of() - HOUR, down));
        close(&objective["burnRates"]["1h"], rate);
        let budget = objective["errorBudgetTotalMinutes"].as_f64().unwrap() * 60.0;
        close(&json!(budget / (errors / 100.0)), row["exhaustion_s"].as_f64().unwrap());
    }
}

#[test]
fn the_burn_factors_that_sloth_uses() {
    let Some(vectors) = shared("vectors.json") else { return };
    let vectors: Value = serde_json::from_str(&vectors).unwrap();
    for row in vectors["sloth_burn_factors"]["rows"].as_array().unwrap() {
        let hours = row["long_h"].as_i64().unwrap();
        let lookback = match hours {
            1 => "1h",
            6 => "6h",
            24 => "1d",
            72 => "3d",
            other => panic!("{other} hours"),
        };
        let days = row["period_h"].as_i64().unwrap() / 24;
        let (factor, percent) = (row["expected_factor"].as_f64().unwrap(), row["budget_pct"].as_f64().unwrap());
        burns(days, (lookback, hours), factor, percent);
    }
}
