//! Worked examples by hand for the reference itself, and checks of its few shortcuts.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::budget::{Budget, Ratio};
use super::calendar::{DAY, HOUR, MINUTE, Ms, instant, rfc3339};
use super::downtime::downtime;
use super::forecast::{Condition, edges, forecast};
use super::history::History;
use super::model::{Class, Model, last_looked_at};
use super::{difference, health, objectives};
use crate::world::strategy::worlds;
use crate::world::{Dependency, Fact, Maintenance, Objective, Status, Window, World};

const ROLLING: Window = Window::Rolling { days: 30 };

fn as_of() -> Ms {
    instant("2026-10-20T12:00:00Z")
}

/// `api` with a healthy first transition 40 days ago and one objective of 99.9% over 30 days.
fn api(outages: &[(Ms, Ms)]) -> World {
    let mut world = World::new(as_of(), &["api"]);
    world.facts.push(Fact::new(as_of() - 40 * DAY, "api", Status::Healthy));
    for (start, end) in outages {
        world.facts.push(Fact::new(*start, "api", Status::Unhealthy));
        world.facts.push(Fact::new(*end, "api", Status::Healthy));
    }
    world.objectives.push(Objective::new("o", "api", 99_900_000, ROLLING));
    world
}

#[track_caller]
fn expect(world: &World, fields: &Value) {
    let objective = objectives(world).remove(0);
    for (key, value) in fields.as_object().unwrap() {
        assert_eq!(difference(key, value, &objective[key]), None);
    }
}

#[test]
fn a_minute_at_three_nines() {
    let start = as_of() - 10 * DAY;
    let world = api(&[(start, start + 21 * MINUTE + 36_000)]);
    expect(
        &world,
        &json!({
            "errorBudgetTotalMinutes": 43.2, "errorBudgetConsumedMinutes": 21.6, "errorBudgetRemainingMinutes": 21.6,
            "errorBudgetOverspentMinutes": 0, "budgetRemainingPercent": 50, "currentAvailability": 99.95,
            "isBreaching": false, "hasOpenDowntime": false, "state": "healthy", "budgetTier": "warning", "burnRate": 0.5,
            "coveragePercent": 100, "notCountedMinutes": 0, "excludedMinutes": 0, "fastBurn": false,
            "attribution": [{ "sourceType": "self", "systemId": null, "minutes": 21.6 }],
            "currentStreak": 40, "bestStreak": 40, "streakStart": "2026-09-11T00:00:00.000Z", "bestStreakEnd": null,
            "forecast": { "exhaustedAt": null, "recoversAt": null, "fullAt": "2026-11-09T12:21:36.000Z" },
        }),
    );
}

#[test]
fn an_open_outage_breaks_the_streak_and_says_when_it_is_over() {
    // Down for an hour so far: 60 of 43.2 minutes.
    let mut world = api(&[]);
    world.facts.push(Fact::new(as_of() - HOUR, "api", Status::Unhealthy));
    expect(
        &world,
        &json!({
            "errorBudgetOverspentMinutes": 16.8, "state": "breaching", "budgetTier": "exhausted", "fastBurn": true,
            "hasOpenDowntime": true, "currentStreak": 40,
            "burnRates": { "5m": 1000, "30m": 1000, "1h": 1000, "2h": 500, "6h": 1000.0 / 6.0, "1d": 1000.0 / 24.0,
                "3d": 1000.0 / 72.0 },
            "forecast": { "exhaustedAt": null, "recoversAt": null, "fullAt": null },
        }),
    );
    // After half an hour, 13.2 minutes are left.
    let earlier = world.at(as_of() - HOUR / 2);
    expect(
        &earlier,
        &json!({
            "state": "down", "errorBudgetRemainingMinutes": 13.2, "budgetTier": "warning",
            "forecast": { "exhaustedAt": "2026-10-20T11:43:12.000Z", "recoversAt": null, "fullAt": null },
        }),
    );
    // At the following midnights, the objective is breaching: the streak of 40 ends at the first.
    let later = world.at(as_of() + 2 * DAY);
    expect(
        &later,
        &json!({ "currentStreak": 0, "bestStreak": 40, "streakStart": null, "bestStreakEnd": "2026-10-21T00:00:00.000Z" }),
    );
}

#[test]
fn an_outage_that_leaves_the_window_is_forecast_to_the_millisecond() {
    let start = as_of() - 30 * DAY + HOUR;
    let world = api(&[(start, start + 45 * MINUTE)]);
    // 1.8 minutes too many: after 60 + 1.8 minutes, it no longer breaches, after 105 everything is gone.
    let forecast = json!({
        "exhaustedAt": null, "recoversAt": "2026-10-20T13:01:48.000Z", "fullAt": "2026-10-20T13:45:00.000Z",
    });
    expect(&world, &json!({ "isBreaching": true, "forecast": forecast }));
}

#[test]
fn a_streak_counts_midnights_after_the_first_transition() {
    let mut world = api(&[]);
    world.facts[0].ts = instant("2026-10-18T00:00:00Z");
    expect(&world, &json!({ "currentStreak": 2, "streakStart": "2026-10-19T00:00:00.000Z" }));
    world.facts[0].ts -= 1;
    expect(&world, &json!({ "currentStreak": 3, "streakStart": "2026-10-18T00:00:00.000Z" }));
    expect(&world.at(instant("2026-10-18T00:00:00Z")), &json!({ "currentStreak": 1, "bestStreak": 1 }));
    expect(&world.at(instant("2026-10-17T00:00:00Z")), &json!({ "currentStreak": 0, "state": "no-data" }));
}

#[test]
fn maintenance_is_excluded_once_however_it_overlaps() {
    let start = as_of() - DAY;
    let mut world = api(&[(start, start + 2 * HOUR)]);
    for (number, (from, minutes)) in [(start - HOUR, 90), (start, 60), (start + HOUR, 10)].into_iter().enumerate() {
        world.maintenance.push(Maintenance {
            name: format!("m{number}"),
            systems: vec!["api".to_owned()],
            start: from,
            duration: minutes * MINUTE,
            returns: None,
            except: Vec::new(),
            cancelled: false,
        });
    }
    world.objectives[0].exclude_maintenance = true;
    expect(&world, &json!({ "errorBudgetConsumedMinutes": 50, "excludedMinutes": 70, "notCountedMinutes": 0 }));
    world.objectives[0].not_counted_maintenance = true;
    expect(&world, &json!({ "errorBudgetConsumedMinutes": 50, "excludedMinutes": 70, "notCountedMinutes": 130 }));
    expect(&world, &json!({ "errorBudgetTotalMinutes": 43.07 }));
    for window in &mut world.maintenance {
        window.cancelled = true;
    }
    expect(&world, &json!({ "errorBudgetConsumedMinutes": 120, "excludedMinutes": 0, "notCountedMinutes": 0 }));
}

#[test]
fn downtime_belongs_to_the_outage_that_began_first() {
    let start = as_of() - DAY;
    let mut world = api(&[(start, start + 4 * HOUR)]);
    world.systems.extend(World::new(0, &["db", "disk"]).systems);
    let edge = |target: &str, impact, transitive| Dependency { target: target.to_owned(), impact, transitive };
    world.systems[0].dependencies = vec![edge("db", "critical", true)];
    world.systems[1].dependencies = vec![edge("disk", "degraded", false)];
    // db: hours 1 to 3 of the outage; disk: from one hour before it until hour 2.
    world.facts.push(Fact::new(start + HOUR, "db", Status::Degraded));
    world.facts.push(Fact::new(start + 3 * HOUR, "db", Status::Healthy));
    world.facts.push(Fact::new(start - HOUR, "disk", Status::Unhealthy).incident());
    world.facts.push(Fact::new(start + 2 * HOUR, "disk", Status::Healthy).incident());
    let part = |system: Option<&str>, minutes: f64| {
        let kind = if system.is_some() { "upstream" } else { "self" };
        json!({ "sourceType": kind, "systemId": system, "minutes": minutes })
    };
    let all = [part(Some("disk"), 120.0), part(None, 60.0), part(Some("db"), 60.0)];
    world.objectives[0].self_only = true;
    let parts = json!({
        "errorBudgetConsumedMinutes": 60, "errorBudgetConsumedStrictMinutes": 240, "attribution": all,
    });
    expect(&world, &parts);
    // The walk passes an excluded upstream, but that excuses nothing.
    world.objectives[0].excluded_dependencies = vec!["db".to_owned()];
    expect(&world, &json!({ "attribution": [part(None, 120.0), part(Some("disk"), 120.0)] }));
    world.objectives[0].excluded_dependencies.clear();
    world.systems[0].dependencies[0].transitive = false;
    expect(&world, &json!({ "attribution": [part(None, 120.0), part(Some("db"), 120.0)] }));
    world.systems[0].dependencies[0].impact = "informational";
    expect(&world, &json!({ "attribution": [part(None, 240.0)] }));
}

#[test]
fn events_split_where_attribution_or_source_changes() {
    let start = as_of() - DAY;
    let mut world = api(&[(start + HOUR, start + 3 * HOUR)]);
    world.facts.push(Fact::new(start, "api", Status::Unhealthy).incident());
    world.facts.push(Fact::new(start + 4 * HOUR, "api", Status::Degraded).incident());
    let db = Dependency { target: "db".to_owned(), impact: "critical", transitive: false };
    world.systems[0].dependencies = vec![db];
    world.systems.extend(World::new(0, &["db"]).systems);
    world.facts.push(Fact::new(as_of() - HOUR, "db", Status::Unhealthy));
    let event = |from: Ms, to: Option<Ms>, source: &str, upstream: Option<&str>| {
        json!({
            "objectiveId": "o", "systemId": "api", "startTime": rfc3339(from), "endTime": to.map(rfc3339), "source": source,
            "durationSeconds": (to.unwrap_or(as_of()) - from) / 1000, "weight": 1.0,
            "attributionType": if upstream.is_some() { "upstream" } else { "self" }, "upstreamSystemId": upstream,
            "accounting": "charged", "because": [],
        })
    };
    let hours = |count: i64| start + count * HOUR;
    let expected = json!([
        event(start, Some(hours(1)), "incident", None),
        event(hours(1), Some(hours(3)), "healthcheck", None),
        event(hours(3), Some(hours(23)), "incident", None),
        event(hours(23), None, "incident", Some("db")),
    ]);
    assert_eq!(difference("events", &expected, &Value::Array(downtime(&world))), None);
}

#[test]
fn unknown_time_leaves_the_length_only_where_listed() {
    let mut world = api(&[]);
    world.systems[0].stale_after = Some(6 * HOUR);
    world.facts = vec![Fact::new(as_of() - 2 * DAY, "api", Status::Healthy)];
    let quarter_of_a_day = json!({ "coveragePercent": 100.0 * 0.25 / 30.0, "notCountedMinutes": 0 });
    expect(&world, &quarter_of_a_day);
    world.objectives[0].not_counted_unknown = true;
    expect(&world, &json!({ "notCountedMinutes": 29.75 * 1440.0, "errorBudgetTotalMinutes": 0.36 }));
    world.objectives[0].not_counted_unknown = false;
    world.objectives[0].counts_as_down = vec![Status::Unknown];
    // Never before the first transition.
    expect(&world, &json!({ "errorBudgetConsumedMinutes": 1.75 * 1440.0, "hasOpenDowntime": true }));
}

#[test]
fn health_counts_changes_and_checks() {
    let mut world = World::new(as_of(), &["api", "silent"]);
    world.systems[0].stale_after = Some(30 * MINUTE);
    world.facts = vec![
        Fact::new(as_of() - 55 * MINUTE, "api", Status::Degraded).check("http"),
        Fact::new(as_of() - 50 * MINUTE, "api", Status::Healthy).check("http"),
        Fact::new(as_of() - 10 * MINUTE, "api", Status::Healthy).check("http"),
        Fact::new(as_of(), "ghost", Status::Unhealthy).incident(),
        Fact::new(as_of() + 1, "unborn", Status::Unhealthy),
    ];
    let expected = json!([
        { "systemId": "ghost", "status": "unhealthy", "healthyChecks": 0, "totalChecks": 0,
          "inStatusSince": "2026-10-20T12:00:00.000Z", "inStatusForSeconds": 0, "transitionsInWindow": 1,
          "lastSeen": "2026-10-20T12:00:00.000Z", "dataAgeSeconds": 0, "inMaintenance": null, "retired": false },
        { "systemId": "silent", "status": "unknown", "healthyChecks": 0, "totalChecks": 0, "inStatusSince": null,
          "inStatusForSeconds": null, "transitionsInWindow": 0, "lastSeen": null, "dataAgeSeconds": null,
          "inMaintenance": null, "retired": false },
        // Degraded at -55, healthy at -50, stale at -20, healthy at -10.
        { "systemId": "api", "status": "healthy", "healthyChecks": 1, "totalChecks": 1,
          "inStatusSince": "2026-10-20T11:50:00.000Z", "inStatusForSeconds": 600, "transitionsInWindow": 4,
          "lastSeen": "2026-10-20T11:50:00.000Z", "dataAgeSeconds": 600, "inMaintenance": null, "retired": false },
    ]);
    assert_eq!(difference("systems", &expected, &Value::Array(health(&world))), None);
    // If the first transition is `unknown`, that status began with it.
    world.facts = vec![Fact::new(as_of() - 90_500, "api", Status::Unknown)];
    let api = health(&world).remove(0);
    assert_eq!((&api["inStatusForSeconds"], &api["transitionsInWindow"]), (&json!(90), &json!(0)));
}

#[test]
fn silence_never_ends_an_outage() {
    let start = as_of() - HOUR;
    for incident in [false, true] {
        let mut world = api(&[(start, start + 25 * MINUTE)]);
        world.systems[0].stale_after = Some(15 * MINUTE);
        for fact in world.facts.iter_mut().filter(|_| incident) {
            *fact = fact.clone().incident();
        }
        // Down for 25 minutes with a report at either end; healthy again for 15 of the 35 minutes since then.
        expect(
            &world,
            &json!({
                "errorBudgetConsumedMinutes": 25, "hasOpenDowntime": false,
                "coveragePercent": 100.0 * (25.0 + 15.0) / 43_200.0,
            }),
        );
        // After ten minutes, and after an hour without another report.
        expect(&world.at(start + 10 * MINUTE), &json!({ "errorBudgetConsumedMinutes": 10, "hasOpenDowntime": true }));
        world.facts.pop();
        expect(&world, &json!({ "errorBudgetConsumedMinutes": 60, "hasOpenDowntime": true, "state": "breaching" }));
    }
}

#[test]
fn ratios_compare_without_overflow() {
    let huge = 1_i128 << 120;
    let (less, more) = (Ratio::new(huge - 1, huge), Ratio::new(huge, huge + 1));
    assert!(less.compare(more).is_lt() && more.compare(less).is_gt());
    assert!(Ratio::new(1, 3).compare(Ratio::new(2, 6)).is_eq());
}

/// A class without the instant from which it is known, for comparisons.
fn timeless(class: &Class) -> Class {
    Class { known_from: 0, ..class.clone() }
}

proptest! {
    /// Between breakpoints nothing changes, and later knowledge does not change the past.
    #[test]
    fn pieces_are_of_one_class_and_causal(world in worlds(), moments in prop::collection::vec(0.0..1.0_f64, 8)) {
        let model = Model::new(&world, world.as_of);
        // Hindsight is later knowledge that changes the past.
        let at_once = |objective: &&Objective| objective.minimum_outage == 0 && objective.attribution_grace == 0;
        for objective in world.objectives.iter().filter(at_once) {
            let history = History::new(&model, objective);
            for piece in history.pieces.iter().filter(|piece| piece.start < world.as_of) {
                let (start, end) = (piece.start.max(world.as_of - 4000 * DAY).max(history.from), piece.end.min(world.as_of));
                if start >= end {
                    continue;
                }
                let moments = moments.iter().map(|share| start + ((end - 1 - start) as f64 * share) as Ms);
                for at in moments.chain([start, end - 1]) {
                    prop_assert_eq!(&timeless(&model.class(objective, at)), &timeless(&piece.class));
                }
                let then = Model::new(&world, start);
                prop_assert_eq!(&timeless(&then.class(objective, start)), &timeless(&piece.class));
            }
        }
    }

    /// A solution is the first of all instants that satisfy the condition, as far as evaluating shows.
    #[test]
    fn forecasts_name_the_first_instant(world in worlds()) {
        let model = Model::new(&world, world.as_of);
        for objective in &world.objectives {
            let history = History::new(&model, objective);
            let forecast = forecast(&world, &history);
            let Window::Rolling { days } = objective.window else { continue };
            let last = last_looked_at(&world, objective);
            let now = Budget::new(&history, world.as_of);
            let may_exhaust = !now.is_exhausted() && history.class_at(world.as_of).down;
            let named = [
                (Condition::Exhausted, forecast.exhausted, may_exhaust),
                (Condition::NotBreaching, forecast.recovers, now.is_breaching()),
                (Condition::Full, forecast.full, now.consumed > 0),
            ];
            for (condition, at, asked) in named {
                let holds = |at: Ms| condition.holds(&Budget::new(&history, at));
                if let Some(at) = at {
                    prop_assert!(asked && at > world.as_of && holds(at));
                    prop_assert!(at - 1 == world.as_of || !holds(at - 1));
                }
                let before = at.unwrap_or(last + 1);
                let edges = edges(&history, world.as_of, last, days * DAY);
                // Recurring maintenance causes thousands of them, which are similar.
                let step = edges.len() / 200 + 1;
                for edge in edges.into_iter().step_by(step).flat_map(|edge| [edge - 1, edge, edge + 1]) {
                    prop_assert!(!asked || edge <= world.as_of || edge >= before || !holds(edge));
                }
            }
        }
    }
}
