//! Boundaries where a millisecond, a millionth of a percent or an hour of summer time matters.

use serde_json::{Value, json};

use crate::harness::Slo;
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, SECOND, Unit, Zone, instant};
use crate::reference::{difference, objectives};
use crate::world::{Fact, Maintenance, Objective, Returns, Status, Window, World};

fn as_of() -> Ms {
    instant("2026-11-10T09:30:00Z")
}

/// One objective on `api`, which has been healthy for eleven years except for one outage.
fn outage(as_of: Ms, target_micro: i128, window: Window, start: Ms, duration: Ms) -> World {
    let mut world = World::new(as_of, &["api"]);
    world.objectives.push(Objective::new("o", "api", target_micro, window));
    world.facts.push(Fact::new(instant("2015-11-01T00:00:00Z"), "api", Status::Healthy));
    if duration > 0 {
        world.facts.push(Fact::new(start, "api", Status::Unhealthy));
        world.facts.push(Fact::new(start + duration, "api", Status::Healthy));
    }
    world
}

/// The fields calculated by hand, then everything else from the reference.
#[track_caller]
fn expect(world: &World, fields: &Value) {
    let expected = objectives(world).remove(0);
    for (field, value) in fields.as_object().unwrap() {
        assert_eq!(difference(field, value, &expected[field]), None, "in the reference");
    }
    let printed = Slo::with(&world.feed(), &world.manifests()).objective(&world.as_of_text());
    assert_eq!(difference("objective", &expected, &printed), None);
}

const MONTH: Window = Window::Rolling { days: 30 };

#[test]
fn a_budget_spent_to_the_millisecond_is_not_breached() {
    let start = as_of() - 3 * DAY;
    let exact = outage(as_of(), 99_900_000, MONTH, start, 2592 * SECOND);
    expect(
        &exact,
        &json!({
            "isBreaching": false, "errorBudgetTotalMinutes": 43.2, "errorBudgetConsumedMinutes": 43.2,
            "errorBudgetRemainingMinutes": 0, "errorBudgetOverspentMinutes": 0, "budgetRemainingPercent": 0,
            "currentAvailability": 99.9, "state": "at-risk", "budgetTier": "exhausted", "burnRate": 1,
        }),
    );
    let over = outage(as_of(), 99_900_000, MONTH, start, 2592 * SECOND + 1);
    expect(
        &over,
        &json!({
            "isBreaching": true, "errorBudgetRemainingMinutes": 0, "errorBudgetOverspentMinutes": 1.0 / 60_000.0,
            "state": "breaching", "budgetTier": "exhausted",
        }),
    );
    let under = outage(as_of(), 99_900_000, MONTH, start, 2592 * SECOND - 1);
    expect(&under, &json!({ "isBreaching": false, "budgetTier": "critical", "state": "at-risk" }));
}

#[test]
fn a_fifth_left_is_at_risk_and_a_millisecond_more_is_not() {
    let start = as_of() - 3 * DAY;
    let spent = |millis: Ms| outage(as_of(), 99_900_000, MONTH, start, millis);
    expect(&spent(2_073_600), &json!({ "state": "at-risk", "budgetTier": "critical", "budgetRemainingPercent": 20 }));
    expect(&spent(2_073_599), &json!({ "state": "healthy", "budgetTier": "warning" }));
    expect(&spent(1_296_000), &json!({ "state": "healthy", "budgetTier": "warning", "budgetRemainingPercent": 50 }));
    expect(&spent(1_295_999), &json!({ "state": "healthy", "budgetTier": "ok" }));
}

#[test]
fn a_fast_burn_starts_at_its_multiplier() {
    // 5 times 0.1% of an hour is 18 seconds.
    let spent = |millis: Ms| outage(as_of(), 99_900_000, MONTH, as_of() - HOUR, millis);
    expect(&spent(18 * SECOND), &json!({ "fastBurn": true }));
    expect(&spent(18 * SECOND - 1), &json!({ "fastBurn": false }));
    let half_outside = outage(as_of(), 99_900_000, MONTH, as_of() - HOUR - 9 * SECOND, 18 * SECOND);
    expect(&half_outside, &json!({ "fastBurn": false, "errorBudgetConsumedMinutes": 0.3 }));
}

#[test]
fn at_a_target_of_everything_a_millisecond_breaches() {
    let clean = outage(as_of(), 100_000_000, MONTH, as_of(), 0);
    expect(
        &clean,
        &json!({
            "errorBudgetTotalMinutes": 0, "budgetRemainingPercent": 100, "isBreaching": false, "state": "healthy",
            "budgetTier": "ok", "burnRate": 0, "fastBurn": false, "currentAvailability": 100,
        }),
    );
    let touched = outage(as_of(), 100_000_000, MONTH, as_of() - 1, 1);
    expect(
        &touched,
        &json!({
            "errorBudgetTotalMinutes": 0, "budgetRemainingPercent": 0, "isBreaching": true, "state": "breaching",
            "budgetTier": "exhausted", "burnRate": null, "fastBurn": false, "errorBudgetOverspentMinutes": 1.0 / 60_000.0,
            "burnRates": { "5m": null, "30m": null, "1h": null, "2h": null, "6h": null, "1d": null, "3d": null },
            "forecast": { "exhaustedAt": null, "recoversAt": "2026-12-10T09:30:00.000Z", "fullAt": "2026-12-10T09:30:00.000Z" },
        }),
    );
    // As of the last instant before it, nothing is spent, and nothing will be.
    expect(&touched.at(as_of() - 1), &json!({ "hasOpenDowntime": true, "isBreaching": false, "state": "down" }));
    expect(&touched.at(as_of() - 2), &json!({ "hasOpenDowntime": false, "isBreaching": false, "state": "healthy" }));
}

#[test]
fn eight_nines_in_a_month_are_25_milliseconds() {
    let spent = |millis: Ms| outage(as_of(), 99_999_999, MONTH, as_of() - DAY, millis);
    // 30 days / 10⁸ = 25.92 ms.
    expect(&spent(25), &json!({ "isBreaching": false, "errorBudgetTotalMinutes": 25.92 / 60_000.0 }));
    expect(&spent(26), &json!({ "isBreaching": true, "errorBudgetOverspentMinutes": 0.08 / 60_000.0 }));
}

#[test]
fn the_shortest_and_the_longest_window() {
    let day = Window::Rolling { days: 1 };
    // 86.4 s a day at three nines; half of them were before the window began.
    let start = as_of() - DAY - 86_400 / 2;
    expect(&outage(as_of(), 99_900_000, day, start, 86_400), &json!({ "errorBudgetConsumedMinutes": 0.72 }));
    expect(&outage(as_of(), 99_900_000, day, start + 43_200, 86_400), &json!({ "isBreaching": false }));
    expect(&outage(as_of(), 99_900_000, day, start + 43_200, 86_401), &json!({ "isBreaching": true }));
    let decade = Window::Rolling { days: 3650 };
    let start = as_of() - 3650 * DAY;
    let budget = 3650 * 86_400;
    expect(
        &outage(as_of(), 99_900_000, decade, start, budget),
        &json!({ "isBreaching": false, "errorBudgetTotalMinutes": 5256, "errorBudgetConsumedMinutes": 5256 }),
    );
    expect(&outage(as_of(), 99_900_000, decade, start, budget + 1), &json!({ "isBreaching": true }));
    expect(&outage(as_of(), 99_900_000, decade, start - 1, budget + 1), &json!({ "isBreaching": false }));
}

#[test]
fn october_in_berlin_has_an_hour_more_of_budget() {
    let october = Window::Calendar { unit: Unit::Month, zone: Zone::Berlin };
    let start = instant("2026-10-10T00:00:00Z");
    let budget = 745 * HOUR / 1000;
    let mut world = outage(instant("2026-10-20T00:00:00Z"), 99_900_000, october, start, budget);
    expect(
        &world,
        &json!({
            "isBreaching": false, "errorBudgetTotalMinutes": 44.7, "errorBudgetConsumedMinutes": 44.7, "windowDays": null,
            "window": {
                "type": "calendar", "calendar": "month", "timezone": "Europe/Berlin",
                "start": "2026-09-30T22:00:00.000Z", "end": "2026-10-31T23:00:00.000Z",
            },
            // Over the elapsed part: 458 hours.
            "currentAvailability": 100.0 - 100.0 * 44.7 / (458.0 * 60.0),
        }),
    );
    world.facts[2].ts += 1;
    expect(&world, &json!({ "isBreaching": true }));
    // The last millisecond of the month still breaches, the next month starts with the budget of its full 720 hours.
    expect(&world.at(instant("2026-10-31T22:59:59.999Z")), &json!({ "isBreaching": true, "currentStreak": 0 }));
    expect(
        &world.at(instant("2026-10-31T23:00:00Z")),
        &json!({
            "isBreaching": false, "errorBudgetTotalMinutes": 43.2, "errorBudgetConsumedMinutes": 0, "coveragePercent": null,
            "currentAvailability": null, "strictAvailability": null, "burnRate": 0, "currentStreak": 0,
        }),
    );
    // In UTC the same month has 744 hours.
    world.objectives[0].window = Window::Calendar { unit: Unit::Month, zone: Zone::Utc };
    expect(&world, &json!({ "isBreaching": true, "errorBudgetTotalMinutes": 44.64 }));
}

#[test]
fn a_window_of_nothing_counted_has_no_budget_and_no_availability() {
    let mut world = outage(as_of(), 99_900_000, MONTH, as_of(), 0);
    world.objectives[0].not_counted_unknown = true;
    world.facts.clear();
    expect(
        &world,
        &json!({
            "errorBudgetTotalMinutes": 0, "currentAvailability": null, "budgetRemainingPercent": 100, "burnRate": 0,
            "notCountedMinutes": 43_200, "coveragePercent": 0, "state": "no-data",
        }),
    );
}

#[test]
fn a_stream_is_stale_at_the_millisecond_it_says() {
    let mut world = outage(as_of(), 99_900_000, MONTH, as_of() - 15 * MINUTE, 0);
    world.systems[0].stale_after = Some(15 * MINUTE);
    world.objectives[0].counts_as_down = vec![Status::Unknown];
    world.facts = vec![Fact::new(as_of() - 15 * MINUTE, "api", Status::Healthy)];
    expect(&world, &json!({ "hasOpenDowntime": true, "errorBudgetConsumedMinutes": 0 }));
    world.facts[0].ts += 1;
    expect(&world, &json!({ "hasOpenDowntime": false, "errorBudgetConsumedMinutes": 0 }));
    world.facts[0].ts -= MINUTE;
    expect(&world, &json!({ "hasOpenDowntime": true, "errorBudgetConsumedMinutes": 1.0 - 1.0 / 60_000.0 }));
    // All other facts still count.
    world.objectives[0].counts_as_down = vec![Status::Unhealthy];
    world.facts[0] = Fact::new(as_of() - 20 * MINUTE, "api", Status::Unhealthy);
    expect(&world, &json!({ "hasOpenDowntime": true, "errorBudgetConsumedMinutes": 20 }));
}

#[test]
fn whole_budgets_are_equal_and_go_by_name() {
    // 98.5% of 3650 days divided by itself is 100%, and so is nothing of nothing.
    let decade = Window::Rolling { days: 3650 };
    let mut world = outage(as_of(), 1_500_000, decade, as_of(), 0);
    world.objectives.push(Objective::new("p", "api", 100_000_000, MONTH));
    world.objectives.insert(0, Objective::new("n", "api", 99_999_999, MONTH));
    let printed = Slo::with(&world.feed(), &world.manifests()).objectives(&world.as_of_text());
    assert_eq!(difference("objectives", &Value::Array(objectives(&world)), &Value::Array(printed.clone())), None);
    assert_eq!(printed.iter().map(|objective| &objective["objectiveId"]).collect::<Vec<_>>(), ["n", "o", "p"]);
    assert!(printed.iter().all(|objective| objective["budgetRemainingPercent"].as_f64().unwrap() <= 100.0));
}

/// `api`, down for ten hours, with an objective of 99% over a day that excludes maintenance.
fn down_for_long(maintenance: Maintenance) -> World {
    let mut world = outage(as_of(), 99_000_000, Window::Rolling { days: 1 }, as_of() - 10 * HOUR, DAY);
    world.facts.pop();
    world.objectives[0].exclude_maintenance = true;
    world.maintenance.push(maintenance);
    world
}

fn maintenance(start: &str, duration: Ms, returns: Option<Returns>) -> Maintenance {
    let (name, systems, start) = ("m".to_owned(), vec!["api".to_owned()], instant(start));
    Maintenance { name, systems, start, duration, returns, except: Vec::new(), cancelled: false }
}

#[test]
fn a_forecast_sees_maintenance_that_comes_after_more_than_a_window() {
    // Planned in three days, for two days: a day after its start, minus the 14 minutes 24 seconds that 99% allows.
    let planned = maintenance("2026-11-13T09:30:00Z", 2 * DAY, None);
    let forecast = json!({
        "exhaustedAt": null, "recoversAt": "2026-11-14T09:15:36.000Z", "fullAt": "2026-11-14T09:30:00.000Z",
    });
    expect(&down_for_long(planned), &json!({ "isBreaching": true, "forecast": forecast }));
}

#[test]
fn a_forecast_sees_maintenance_that_always_returns() {
    // A Tuesday; every weekend, from Saturday to Monday in Berlin, since the last one in August.
    let returns = Some(Returns { zone: Zone::Berlin, days: 7, by_end: true });
    let weekends = maintenance("2026-08-28T22:00:00Z", 2 * DAY, returns);
    let forecast = json!({
        "exhaustedAt": null, "recoversAt": "2026-11-14T22:45:36.000Z", "fullAt": "2026-11-14T23:00:00.000Z",
    });
    expect(&down_for_long(weekends), &json!({ "isBreaching": true, "forecast": forecast }));
    // An hour every night never adds up to a day.
    let nights =
        maintenance("2026-08-28T22:00:00Z", HOUR, Some(Returns { zone: Zone::Berlin, days: 1, by_end: false }));
    let never = json!({ "exhaustedAt": null, "recoversAt": null, "fullAt": null });
    expect(&down_for_long(nights), &json!({ "isBreaching": true, "forecast": never }));
}

#[test]
fn a_weekend_by_its_end_is_47_or_49_hours_where_clocks_change() {
    // Friday 18:00 to Sunday 18:00 in Berlin. Down all week, so the excluded time is the maintenance.
    let excluded = |as_of: &str, by_end: bool| {
        let mut world = down_for_long(maintenance(
            "2026-01-02T17:00:00Z",
            2 * DAY,
            Some(Returns { zone: Zone::Berlin, days: 7, by_end }),
        ));
        world.as_of = instant(as_of);
        world.facts[1].ts = instant("2026-01-01T00:00:00Z");
        world.objectives[0].window = Window::Rolling { days: 7 };
        world
    };
    for (as_of, by_end, hours) in [
        ("2026-03-30T12:00:00Z", true, 47),
        ("2026-03-30T12:00:00Z", false, 48),
        ("2026-10-26T12:00:00Z", true, 49),
        ("2026-10-26T12:00:00Z", false, 48),
        ("2026-11-09T12:00:00Z", true, 48),
    ] {
        expect(&excluded(as_of, by_end), &json!({ "excludedMinutes": hours * 60 }));
    }
}

#[test]
fn a_start_in_the_second_of_two_equal_hours_is_that_one() {
    // 02:30 in Berlin is at 00:30 and at 01:30 UTC; down from 01:00 to 02:00.
    for (start, excluded) in [("2026-10-25T00:30:00Z", 0), ("2026-10-25T01:30:00Z", 20)] {
        let mut world = outage(
            instant("2026-10-25T03:00:00Z"),
            99_000_000,
            Window::Rolling { days: 1 },
            instant("2026-10-25T01:00:00Z"),
            HOUR,
        );
        world.objectives[0].exclude_maintenance = true;
        let returns = Some(Returns { zone: Zone::Berlin, days: 7, by_end: false });
        world.maintenance.push(maintenance(start, 20 * MINUTE, returns));
        expect(&world, &json!({ "excludedMinutes": excluded, "errorBudgetConsumedMinutes": 60 - excluded }));
    }
}
