//! Worked examples of computing a status, step by step, and of what is refused.

use proptest::prelude::*;
use serde_json::Value;

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, instant, rfc3339};
use crate::reference::{difference, health, objectives};
use crate::world::strategy::worlds;
use crate::world::{Check, Fact, Objective, Quorum, Status, System, Thresholds, Window, World};

fn start() -> Ms {
    instant("2026-11-20T10:00:00Z")
}

/// A world with one objective of 99% over a day on `system`.
fn world(names: &[&str], system: &str) -> World {
    let mut world = World::new(start() + 12 * HOUR, names);
    world.objectives = vec![Objective::new("o", system, 99_000_000, Window::Rolling { days: 1 })];
    world
}

/// The output of `slo` for a world, which must equal the reference.
#[track_caller]
fn answer(slo: &Slo, world: &World) -> (Value, Vec<Value>) {
    let as_of = world.as_of_text();
    let (printed, systems) = (slo.objectives(&as_of), slo.health(&as_of)["systems"].clone());
    assert_eq!(difference("objectives", &Value::Array(objectives(world)), &Value::Array(printed.clone())), None);
    assert_eq!(difference("systems", &Value::Array(health(world)), &systems), None);
    slo.pass(&["db", "verify"], b"");
    (systems, printed)
}

fn fresh(world: &World) -> Slo {
    Slo::with(&world.feed(), &world.manifests())
}

#[track_caller]
fn status(slo: &Slo, world: &World, system: &str, at: Ms) -> String {
    let (systems, _) = answer(slo, &world.at(at));
    let of = systems.as_array().unwrap().iter().find(|of| of["systemId"] == system).unwrap();
    format!("{} {}/{}", of["status"].as_str().unwrap(), of["healthyChecks"], of["totalChecks"])
}

#[test]
fn three_failures_in_a_row_at_a_minutes_pace() {
    let mut world = world(&["shop"], "shop");
    let thresholds = Thresholds::Consecutive { healthy: None, degraded: None, unhealthy: Some(3) };
    world.systems[0].checks = vec![Check { thresholds: Some(thresholds), ..Check::new("http") }];
    for (minute, up) in [true, false, false, true, false, false, false, false, true].into_iter().enumerate() {
        let status = if up { Status::Healthy } else { Status::Unhealthy };
        world.facts.push(Fact::new(start() + minute as Ms * MINUTE, "shop", status).check("http"));
    }
    let slo = fresh(&world);
    let (_, objectives) = answer(&slo, &world);
    assert_eq!(objectives[0]["errorBudgetConsumedMinutes"], 2.0);
    assert_eq!(status(&slo, &world, "shop", start() + 6 * MINUTE - 1), "healthy 1/1");
    assert_eq!(status(&slo, &world, "shop", start() + 6 * MINUTE), "unhealthy 0/1");
    assert_eq!(status(&slo, &world, "shop", start() + 8 * MINUTE), "healthy 1/1");
}

#[test]
fn three_regions_of_which_one_prober_is_dead() {
    let mut world = world(&["shop"], "shop");
    world.systems[0].stale_after = Some(10 * MINUTE);
    world.systems[0].checks = vec![Check { quorum: Quorum::Majority, ..Check::new("http") }];
    let fact = |minute: Ms, region: &str, status| {
        Fact::new(start() + minute * MINUTE, "shop", status).check("http").from(region)
    };
    // The prober in Asia stops immediately, so both others must be up for a majority of three.
    world.facts = vec![fact(0, "asia", Status::Healthy)];
    for minute in 0..60 {
        let eu = if (20..30).contains(&minute) { Status::Unhealthy } else { Status::Healthy };
        let us = if (25..45).contains(&minute) { Status::Degraded } else { Status::Healthy };
        world.facts.extend([fact(minute, "eu", eu), fact(minute, "us", us)]);
    }
    let slo = fresh(&world);
    let at = |minute: Ms| status(&slo, &world, "shop", start() + minute * MINUTE);
    assert_eq!(at(5), "healthy 1/1");
    assert_eq!(at(15), "healthy 1/1");
    assert_eq!(at(20), "unhealthy 0/1");
    assert_eq!(at(30), "degraded 0/1");
    assert_eq!(at(45), "healthy 1/1");
    // When all of them are silent, the status is unknown.
    assert_eq!(at(69), "unknown 0/1");
    let (_, objectives) = answer(&slo, &world);
    assert_eq!(objectives[0]["errorBudgetConsumedMinutes"], 25.0);
    let history = slo.pass(&["history", "shop", "--as-of", &world.as_of_text(), "--all"], b"");
    assert!(history.contains("http from asia") && history.contains("http from eu"), "{history}");
}

fn cluster(quorum: Quorum) -> World {
    let mut world = world(&["search-1", "search-2", "search-3", "search"], "search");
    let members = ["search-1", "search-2", "search-3"].map(str::to_owned).to_vec();
    world.systems[3] = System { members, quorum, ..System::new("search") };
    world
}

#[test]
fn two_of_three_replicas_with_one_unknown() {
    let mut world = cluster(Quorum::Number(2));
    let fact = |minute: Ms, system: &str, status| Fact::new(start() + minute * MINUTE, system, status);
    world.facts = vec![
        fact(0, "search-1", Status::Healthy),
        fact(0, "search-2", Status::Healthy),
        fact(10, "search-2", Status::Unhealthy),
        fact(20, "search-3", Status::Healthy),
        fact(30, "search-3", Status::Unknown),
        fact(35, "search-2", Status::Unknown),
        fact(40, "search-2", Status::Healthy),
        fact(50, "search", Status::Degraded).incident(),
        fact(60, "search", Status::Healthy).incident(),
    ];
    let slo = fresh(&world);
    let at = |minute: Ms| status(&slo, &world, "search", start() + minute * MINUTE);
    assert_eq!(at(5), "healthy 2/3", "the third one has not reported yet");
    assert_eq!(at(10), "unhealthy 1/3");
    assert_eq!(at(20), "healthy 2/3");
    assert_eq!(at(30), "unhealthy 1/3", "one is up, one is down");
    assert_eq!(at(35), "unknown 1/3", "only one is known");
    assert_eq!(at(40), "healthy 2/3");
    assert_eq!(at(50), "degraded 2/3", "an incident of its own");
    let (_, objectives) = answer(&slo, &world);
    assert_eq!(objectives[0]["errorBudgetConsumedMinutes"], 25.0);
    // A late fact of a member changes the computed values of the composite system.
    slo.pass(&["compute", "--as-of", &world.as_of_text()], b"");
    let late = [fact(25, "search-1", Status::Unhealthy), fact(27, "search-1", Status::Healthy)];
    slo.ingest(&crate::world::feed(&late));
    world.facts.extend(late);
    let (_, objectives) = answer(&slo, &world);
    assert_eq!(objectives[0]["errorBudgetConsumedMinutes"], 27.0);
}

#[test]
fn what_is_retired_counts_up_to_then() {
    let mut world = world(&["shop", "old"], "shop");
    let retired_at = Some(start() + 30 * MINUTE);
    world.systems[0].checks = vec![Check { retired_at, ..Check::new("http") }];
    world.systems[1].retired_at = retired_at;
    world.facts = vec![
        Fact::new(start(), "shop", Status::Healthy),
        Fact::new(start() + 10 * MINUTE, "shop", Status::Unhealthy).check("http"),
        Fact::new(start() + 40 * MINUTE, "shop", Status::Unhealthy).check("http"),
        Fact::new(start(), "old", Status::Unhealthy),
    ];
    let slo = fresh(&world);
    let (systems, objectives) = answer(&slo, &world);
    assert_eq!(objectives[0]["errorBudgetConsumedMinutes"], 20.0);
    assert_eq!(systems.as_array().unwrap().len(), 1);
    assert_eq!((&systems[0]["status"], &systems[0]["totalChecks"]), (&"healthy".into(), &1.into()));
    assert_eq!(systems[0]["lastSeen"], rfc3339(start() + 10 * MINUTE));
    for args in [&["health", "--all"][..], &["health", "old"]] {
        let as_of = world.as_of_text();
        let args = [args, &["-o", "json", "--as-of", &as_of]].concat();
        let printed: Value = serde_json::from_str(&slo.pass(&args, b"")).unwrap();
        let old = printed["systems"].as_array().unwrap().iter().find(|system| system["systemId"] == "old").unwrap();
        assert_eq!((&old["retired"], &old["status"]), (&true.into(), &"unknown".into()), "{args:?}");
    }
}

#[test]
fn a_retired_composite_system_counts_no_members() {
    let mut world = world(&["search-1", "search-2", "cluster"], "search-1");
    world.systems[2].members = vec!["search-1".to_owned(), "search-2".to_owned()];
    world.systems[2].retired_at = Some(start() + 30 * MINUTE);
    world.facts = vec![
        Fact::new(start(), "search-1", Status::Healthy),
        Fact::new(start(), "search-2", Status::Unhealthy),
        Fact::new(start() + 40 * MINUTE, "search-2", Status::Healthy),
    ];
    let slo = fresh(&world);
    let cluster = |at: Ms| {
        let at = rfc3339(at);
        let printed = slo.pass(&["health", "cluster", "-o", "json", "--as-of", &at], b"");
        let of = serde_json::from_str::<Value>(&printed).unwrap()["systems"][0].clone();
        format!("{} {}/{} {}", of["status"].as_str().unwrap(), of["healthyChecks"], of["totalChecks"], of["retired"])
    };
    assert_eq!(cluster(start() + 30 * MINUTE - 1), "unhealthy 1/2 false");
    for minute in [30, 35, 60] {
        assert_eq!(cluster(start() + minute * MINUTE), "unknown 0/0 true", "minute {minute}");
    }
    let when = ["check", "--when", "health.cluster.totalChecks == 0", "--as-of", &world.as_of_text()];
    assert_eq!(slo.run(&when, b"").code, 1);
    answer(&slo, &world);
}

#[test]
fn members_count_from_the_start_unless_they_are_retired_or_ignored() {
    let mut world = world(&["n1", "n2", "n3", "n4", "cluster"], "n1");
    world.systems[4].members = ["n1", "n2", "n3", "n4"].map(str::to_owned).to_vec();
    world.systems[4].quorum = Quorum::Majority;
    world.systems[3].retired_at = Some(start() + 20 * MINUTE);
    world.systems[1].checks = vec![Check { retired_at: Some(start() + 40 * MINUTE), ..Check::new("http") }];
    world.facts = vec![
        Fact::new(start(), "n1", Status::Healthy),
        Fact::new(start() + 30 * MINUTE, "n2", Status::Healthy).check("http"),
    ];
    let slo = fresh(&world);
    let at = |minute: Ms| status(&slo, &world, "cluster", start() + minute * MINUTE);
    assert_eq!(at(0), "unknown 1/4");
    assert_eq!(at(20), "unknown 1/3", "one is retired");
    assert_eq!(at(30), "healthy 2/3");
    assert_eq!(at(40), "unknown 1/2", "the only check of one is retired");
    let when = ["check", "--when", "health.cluster.totalChecks == 2", "--as-of", &world.as_of_text()];
    assert_eq!(slo.run(&when, b"").code, 1);
}

#[test]
fn changes_of_status_are_counted_over_the_window_that_is_asked_for() {
    let mut world = world(&["shop"], "shop");
    for hour in 0..10 {
        let status = if hour % 2 == 0 { Status::Healthy } else { Status::Unhealthy };
        world.facts.push(Fact::new(start() + hour * HOUR, "shop", status));
    }
    let slo = fresh(&world);
    let as_of = rfc3339(start() + 9 * HOUR + MINUTE);
    let health = |more: &[&str]| slo.pass(&[&["health", "--as-of", &as_of][..], more].concat(), b"");
    let changes = |more: &[&str]| {
        let printed = health(&[more, &["-o", "json"]].concat());
        serde_json::from_str::<Value>(&printed).unwrap()["systems"][0]["transitionsInWindow"].as_i64().unwrap()
    };
    assert_eq!((changes(&[]), changes(&["--window", "60m"]), changes(&["--window", "1m"])), (1, 1, 0));
    assert_eq!(
        (changes(&["--window", "6h"]), changes(&["--window", "361m"]), changes(&["--window", "7d"])),
        (6, 6, 10)
    );
    for (window, title) in
        [("60m", "CHANGES/H "), ("1h", "CHANGES/H "), ("6h", "CHANGES/6h "), ("90m", "CHANGES/1h30m ")]
    {
        assert!(health(&["--window", window]).contains(title), "{window}");
    }
    assert!(health(&[]).contains("CHANGES/H "));
    // Conditions always look at an hour.
    let when = ["check", "--when", "health.shop.transitionsInWindow > 1", "--as-of", &as_of];
    assert_eq!(slo.run(&when, b"").code, 0);
    for wrong in [&["--window", "0m"][..], &["--window", "6"], &["--window", "6h", "--fail-on", "unhealthy"]] {
        assert_eq!(slo.run(&[&["health"][..], wrong].concat(), b"").code, 2, "{wrong:?}");
    }
}

/// Facts that never decide by themselves, in many segments, so that only the first ones give the status.
#[test]
fn thresholds_are_settled_however_far_back_that_is() {
    let mut world = world(&["shop"], "shop");
    let thresholds = Thresholds::Consecutive { healthy: Some(3), degraded: None, unhealthy: Some(3) };
    world.systems[0].checks = vec![Check { thresholds: Some(thresholds), ..Check::new("http") }];
    let fact = |number: Ms, status| {
        // Irregular times need more space, so there are many segments.
        let at = start() - 20 * DAY + number * MINUTE + number * number * 7919 % 59_999;
        Fact::new(at, "shop", status).check("http")
    };
    world.facts = (0..3).map(|number| fact(number, Status::Unhealthy)).collect();
    let flapping = |number: Ms| if number % 3 == 0 { Status::Healthy } else { Status::Unhealthy };
    world.facts.extend((3..20_000).map(|number| fact(number, flapping(number))));
    world.as_of = start() - 6 * DAY;
    let slo = fresh(&world);
    let printed = slo.health(&world.as_of_text());
    assert_eq!(printed["systems"][0]["status"], "unhealthy", "two of three are not enough to be healthy");
    let since = printed["systems"][0]["inStatusSince"].as_str().unwrap();
    assert_eq!(instant(since), world.facts[2].ts);
    slo.pass(&["db", "verify"], b"");
}

#[test]
fn a_composite_system_neither_reports_nor_has_checks() {
    let mut world = cluster(Quorum::All);
    let slo = Slo::new();
    slo.ingest(&crate::world::feed(&[Fact::new(start(), "search", Status::Healthy).check("http")]));
    let folder = slo.write_manifests(&world.manifests());
    let refused = slo.run(&["apply", folder.to_str().unwrap()], b"");
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("search is composite but has checks of its own: http"), "{}", refused.stderr);

    // Its later reports do not count, whatever they are.
    let slo = fresh(&world);
    world.facts = vec![
        Fact::new(start(), "search", Status::Unhealthy).check("http"),
        Fact::new(start(), "search-1", Status::Healthy),
    ];
    let said = slo.run(&["ingest"], world.feed().as_bytes()).stderr;
    assert!(said.contains("warning: search is a composite system, of which only incidents count"), "{said}");
    assert_eq!(status(&slo, &world, "search", world.as_of), "healthy 1/3");
    let probed = fresh(&cluster(Quorum::All)).run(&["probe", "search", "--check", "http", "--", "true"], b"");
    assert_eq!(probed.code, 0);
    assert!(probed.stderr.contains("warning: search is a composite system"), "{}", probed.stderr);

    world.objectives[0].healthcheck = Some("http".to_owned());
    let folder = slo.write_manifests(&world.manifests());
    let refused = slo.run(&["apply", folder.to_str().unwrap()], b"");
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("search is a composite system, which has no check http"), "{}", refused.stderr);
}

#[test]
fn a_check_that_checkstack_disabled_does_not_count() {
    let mut world = world(&["shop"], "shop");
    world.facts = vec![
        Fact::new(start(), "shop", Status::Healthy).check("http"),
        Fact::new(start(), "shop", Status::Unhealthy).check("ping"),
    ];
    let slo = fresh(&world);
    assert_eq!(slo.objective(&world.as_of_text())["errorBudgetConsumedMinutes"], 720.0);
    let disabled = "---\napiVersion: checkstack.io/v1alpha1\nkind: Healthcheck\nmetadata: { name: ping }\n\
                    spec: { strategy: ping, intervalSeconds: 60, enabled: false }\n";
    slo.apply(&(world.manifests() + disabled));
    let folder = slo.write_manifests(&(world.manifests() + disabled));
    let plan = slo.run(&["plan", folder.to_str().unwrap()], b"");
    assert_eq!(
        (plan.code, slo.health(&world.as_of_text())["systems"][0]["status"].clone()),
        (0, "healthy".into()),
        "{}",
        plan.stdout
    );
    assert_eq!(slo.objective(&world.as_of_text())["errorBudgetConsumedMinutes"], 0.0);
    // The export means the same without that document.
    let exported = slo.pass(&["export", "manifests"], b"");
    let copy = Slo::with(&world.feed(), &exported);
    assert_eq!(copy.health(&world.as_of_text()), slo.health(&world.as_of_text()));
}

#[test]
fn locations_survive_export_and_merge() {
    let mut world = world(&["shop"], "shop");
    let fact = |minute: Ms, region: &str, status| {
        Fact::new(start() + minute * MINUTE, "shop", status).check("http").from(region)
    };
    world.facts = vec![
        fact(0, "eu", Status::Healthy),
        fact(0, "us", Status::Unhealthy),
        Fact::new(start(), "shop", Status::Healthy).from("eu"),
    ];
    let slo = fresh(&world);
    let exported = slo.pass(&["export", "journal"], b"");
    assert!(exported.contains(r#""check":"http","location":"eu""#), "{exported}");
    let csv = slo.pass(&["export", "journal", "-o", "csv"], b"");
    assert!(csv.starts_with("ts,system,status,source,check,location,note\n"), "{csv}");
    for copy in [&exported, &csv] {
        assert_eq!(Slo::with(copy, &world.manifests()).pass(&["export", "journal"], b""), exported);
    }
    let other = Slo::new();
    other.pass(&["db", "merge", slo.db().to_str().unwrap()], b"");
    assert_eq!(other.pass(&["export", "journal"], b""), exported);
}

proptest! {
    #![proptest_config(one_in(4))]

    /// Each step and all of them together: a later fact never changes the status at an earlier instant.
    #[test]
    fn a_later_fact_never_changes_an_earlier_status(world in worlds(), moment in any::<prop::sample::Index>(), shift in -1..=1_i64) {
        let moments: Vec<Ms> = world.facts.iter().map(|fact| fact.ts + shift).chain([world.as_of]).collect();
        let at = *moment.get(&moments);
        let mut known = world.clone();
        known.facts.retain(|fact| fact.ts <= at);
        let all = fresh(&world);
        let some = fresh(&known);
        prop_assert_eq!(&all.health(&rfc3339(at))["systems"], &some.health(&rfc3339(at))["systems"]);
        // As of a later time, the status then is the same.
        for system in world.systems.iter().map(|system| &*system.name) {
            let history = |slo: &Slo| {
                let output = slo.run(&["history", system, "-o", "json", "--since", "2000-01-01", "--as-of", &world.as_of_text()], b"");
                let printed: Value = serde_json::from_str(&output.stdout).unwrap();
                let rows = printed["transitions"].as_array().unwrap().clone();
                let early = rows.into_iter().filter(|row| instant(row["ts"].as_str().unwrap()) <= at);
                early.map(|row| (row["ts"].clone(), row["effectiveStatus"].clone())).collect::<Vec<_>>()
            };
            prop_assert_eq!(history(&all), history(&some), "{}", system);
        }
    }
}
