//! Achievements: each equals the reference, and its time is confirmed by evaluating as of then and a millisecond
//! earlier.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::achievements::{ALL, achievements};
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, instant, rfc3339};
use crate::world::strategy::worlds;
use crate::world::{Dependency, Fact, Objective, Status, Window, World};

fn answer(slo: &Slo, as_of: Ms) -> Value {
    let args = ["achievements", "--as-of", &rfc3339(as_of), "-o", "json"];
    serde_json::from_str(&slo.pass(&args, b"")).unwrap()
}

fn unlocked(slo: &Slo, as_of: Ms) -> Vec<Value> {
    answer(slo, as_of)["achievements"].as_array().unwrap().clone()
}

/// What the reference unlocks, as printed.
fn expected(world: &World) -> Vec<Value> {
    let mut systems: Vec<&String> = world.objectives.iter().map(|objective| &objective.system).collect();
    systems.sort();
    systems.dedup();
    let mut rows = Vec::new();
    for system in systems {
        let firsts = achievements(world, system);
        let mut of_system: Vec<(Ms, &str)> =
            firsts.iter().zip(ALL).filter_map(|(at, name)| at.map(|at| (at, name))).collect();
        of_system.sort_by_key(|(at, _)| *at);
        rows.extend(
            of_system
                .into_iter()
                .map(|(at, name)| json!({ "systemId": system, "achievement": name, "unlockedAt": rfc3339(at) })),
        );
    }
    rows
}

proptest! {
    #![proptest_config(one_in(2))]

    #[test]
    fn achievements_equal_a_replay_and_come_true_not_a_millisecond_earlier(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let printed = unlocked(&slo, world.as_of);
        prop_assert_eq!(&printed, &expected(&world));
        for row in printed {
            let at = instant(row["unlockedAt"].as_str().unwrap());
            prop_assert!(unlocked(&slo, at).contains(&row), "{} is not there then", row);
            let before = unlocked(&slo, at - 1);
            let same = |other: &&Value| ["systemId", "achievement"].iter().all(|field| other[field] == row[field]);
            prop_assert_eq!(before.iter().find(same), None, "{} was there before", row);
        }
    }

    #[test]
    fn what_is_lacking_follows_from_status_and_downtime(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let answer = answer(&slo, world.as_of);
        let (unlocked, progress) = (answer["achievements"].as_array().unwrap(), answer["progress"].as_array().unwrap());
        let status = slo.objectives(&world.as_of_text());
        let mut systems: Vec<&String> = world.objectives.iter().map(|objective| &objective.system).collect();
        systems.sort();
        systems.dedup();
        for system in systems {
            let of = |rows: &[Value], name: &str| -> Vec<Value> {
                rows.iter().filter(|row| row["systemId"] == **system && row["achievement"] == name).cloned().collect()
            };
            let mine: Vec<&Value> = status.iter().filter(|row| row["systemId"] == **system).collect();
            for name in ALL {
                let (has, lacks) = (of(unlocked, name), of(progress, name));
                prop_assert_eq!(has.len() + lacks.len(), 1, "{} of {}", name, system);
                let Some(lack) = lacks.first() else { continue };
                let (current, required) = (lack["current"].as_f64(), lack["required"].as_f64());
                let seen = mine[0]["state"] != "no-data";
                match name {
                    "first_steps" | "full_coverage" => {
                        let count = if seen { mine.len() as f64 } else { 0.0 };
                        prop_assert_eq!(current, Some(count));
                    }
                    "iron_uptime" | "diamond_uptime" => {
                        let longest = mine.iter().map(|row| row["currentStreak"].as_i64().unwrap()).max().unwrap();
                        let need = if name == "iron_uptime" { 7 } else { 30 };
                        prop_assert_eq!((current, required), (Some(longest.min(need) as f64), Some(need as f64)));
                    }
                    "budget_miser" | "nines_club" if lack["unit"] == "percent" => {
                        let objective = mine.iter().find(|row| row["objectiveId"] == lack["objectiveId"]).unwrap();
                        let field = if name == "nines_club" { "currentAvailability" } else { "budgetRemainingPercent" };
                        let value = objective[field].as_f64().unwrap_or(0.0);
                        prop_assert!((value - current.unwrap()).abs() < 1e-9, "{} {}", objective, lack);
                        prop_assert!(current < required, "{}", lack);
                    }
                    "cascade_breaker" | "rapid_recovery" => prop_assert_eq!((current, required), (None, None)),
                    _ => {
                        prop_assert_eq!(&lack["unit"], "days");
                        prop_assert!(0.0 <= current.unwrap() && current <= required, "{}", lack);
                    }
                }
            }
        }
    }
}

/// A system with an upstream, and an objective of 99% over a week.
fn shop() -> World {
    let mut world = World::new(instant("2026-03-01T00:00:00Z"), &["db", "shop"]);
    let edge = Dependency { target: "db".to_owned(), impact: "critical", transitive: false };
    world.systems[1].dependencies.push(edge);
    world.objectives.push(Objective::new("shop-availability", "shop", 99_000_000, Window::Rolling { days: 7 }));
    world
}

const BEGUN: &str = "2026-01-01T10:00:00Z";

fn found(world: &World) -> Vec<(String, String)> {
    let slo = Slo::with(&world.feed(), &world.manifests());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = unlocked(&slo, world.as_of);
    assert_eq!(rows, expected(world));
    rows.iter().map(|row| (text(&row["achievement"]), text(&row["unlockedAt"]))).collect()
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(name, at)| ((*name).to_owned(), (*at).to_owned())).collect()
}

#[test]
fn a_quiet_system_earns_what_time_brings() {
    let mut world = shop();
    world.facts.push(Fact::new(instant(BEGUN), "shop", Status::Healthy));
    let expected = [
        ("first_steps", "2026-01-01T10:00:00.000Z"),
        // Seven midnights after the first transition.
        ("iron_uptime", "2026-01-08T00:00:00.000Z"),
        // 168 hours after it.
        ("budget_miser", "2026-01-08T10:00:00.000Z"),
        ("clean_sheet", "2026-01-08T10:00:00.000Z"),
        ("diamond_uptime", "2026-01-31T00:00:00.000Z"),
    ];
    assert_eq!(found(&world), pairs(&expected));
    // Three objectives from the first transition on; a year's streak without downtime.
    for name in ["two", "three"] {
        world.objectives.push(Objective::new(name, "shop", 99_000_000, Window::Rolling { days: 7 }));
    }
    let expected = [&expected[..1], &[("full_coverage", "2026-01-01T10:00:00.000Z")], &expected[1..]].concat();
    assert_eq!(found(&world), pairs(&expected));
    let mut later = world.at(instant("2027-01-01T00:00:00Z"));
    let expected = [&expected[..], &[("nines_club", "2027-01-01T00:00:00.000Z")]].concat();
    assert_eq!(found(&later), pairs(&expected));
    later.as_of -= 1;
    assert_eq!(found(&later).len(), expected.len() - 1);
}

#[test]
fn a_budget_is_spared_from_the_millisecond_on_at_which_nine_tenths_are_left() {
    // 99% of a week allows 6048 s; nine tenths are left while at most 604.8 s are spent.
    let mut world = shop();
    let (begun, down) = (instant(BEGUN), instant("2026-01-05T12:00:00Z"));
    world.facts.push(Fact::new(begun, "shop", Status::Healthy));
    world.facts.push(Fact::new(down, "shop", Status::Unhealthy));
    world.facts.push(Fact::new(down + HOUR, "shop", Status::Healthy));
    let at = |name: &str, world: &World| found(world).into_iter().find(|(found, _)| found == name).map(|(_, at)| at);
    // Everything but 604 800 ms of the hour has left the window.
    let expected = down + HOUR - 604_800 + 7 * DAY;
    assert_eq!(at("budget_miser", &world), Some(rfc3339(expected)));
    assert_eq!(at("clean_sheet", &world), Some(rfc3339(down + HOUR + 7 * DAY)));
    // After an outage this short, enough is left as soon as the window is full.
    world.facts[2].ts = down + 604_800;
    assert_eq!(at("budget_miser", &world), Some(rfc3339(begun + 7 * DAY)));
    world.facts[2].ts += 1;
    assert_eq!(at("budget_miser", &world), Some(rfc3339(down + 1 + 7 * DAY)));
}

#[test]
fn a_calendar_window_is_full_when_a_whole_period_is_over() {
    let mut world = shop();
    let unit = crate::reference::calendar::Unit::Month;
    world.objectives[0].window = Window::Calendar { unit, zone: crate::reference::calendar::Zone::Berlin };
    world.facts.push(Fact::new(instant(BEGUN), "shop", Status::Healthy));
    // January began before the first transition, so February is the first complete month; it ends at midnight in
    // Berlin.
    let clean = |world: &World| found(world).into_iter().find(|(name, _)| name == "clean_sheet");
    assert_eq!(clean(&world).map(|(_, at)| at).as_deref(), Some("2026-02-28T23:00:00.000Z"));
    world.as_of = instant("2026-02-28T22:59:59.999Z");
    assert_eq!(clean(&world), None);
}

#[test]
fn an_outage_is_over_in_time_up_to_five_minutes() {
    let down = instant("2026-01-02T23:58:00Z");
    let recovered = |to: Ms, status: Status| {
        let mut world = shop();
        world.facts.push(Fact::new(instant(BEGUN), "shop", Status::Healthy));
        world.facts.push(Fact::new(down, "shop", Status::Degraded));
        world.facts.push(Fact::new(down + MINUTE, "shop", Status::Unhealthy));
        world.facts.push(Fact::new(to, "shop", status));
        found(&world).into_iter().find(|(name, _)| name == "rapid_recovery").map(|(_, at)| at)
    };
    assert_eq!(recovered(down + 5 * MINUTE, Status::Healthy), Some(rfc3339(down + 5 * MINUTE)));
    assert_eq!(recovered(down + 5 * MINUTE + 1, Status::Healthy), None);
    // An outage is over when it is no longer down, even if the status is unknown then.
    assert_eq!(recovered(down + 2 * MINUTE, Status::Unknown), Some(rfc3339(down + 2 * MINUTE)));
}

#[test]
fn a_cascade_is_broken_while_all_downtime_comes_from_upstream() {
    let mut world = shop();
    let down = instant("2026-01-05T12:00:00Z");
    world.facts.push(Fact::new(instant(BEGUN), "shop", Status::Healthy));
    world.facts.push(Fact::new(instant(BEGUN), "db", Status::Healthy));
    for (at, system, status) in [
        (down, "db", Status::Unhealthy),
        (down, "shop", Status::Unhealthy),
        (down + HOUR, "db", Status::Healthy),
        (down + HOUR, "shop", Status::Healthy),
    ] {
        world.facts.push(Fact::new(at, system, status));
    }
    let breaker =
        |world: &World| found(world).into_iter().find(|(name, _)| name == "cascade_breaker").map(|(_, at)| at);
    assert_eq!(breaker(&world), Some(rfc3339(down + 1)));
    // A second of its own downtime a day earlier prevents it until that and the outage have left the window.
    let earlier = down - DAY;
    world.facts.push(Fact::new(earlier, "shop", Status::Unhealthy));
    world.facts.push(Fact::new(earlier + 1000, "shop", Status::Healthy));
    assert_eq!(breaker(&world), Some(rfc3339(earlier + 1000 + 7 * DAY)));
}
