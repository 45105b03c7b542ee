//! Uncharged downtime: every instant that an objective is down, or was recorded as down, is listed once by
//! `downtime --all`, with the reason.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::Slo;
use crate::reference::calendar::{DAY, MINUTE, Ms, instant};
use crate::reference::difference;
use crate::reference::downtime::accounted;
use crate::world::strategy::worlds;
use crate::world::{Correction, Fact, Maintenance, Objective, Status, Window, World};

fn all(slo: &Slo, as_of: &str, more: &[&str]) -> Value {
    let args = ["downtime", "--all", "--since", "2000-01-01", "--as-of", as_of, "-o", "json"];
    serde_json::from_str(&slo.pass(&[&args, more].concat(), b"")).unwrap()
}

proptest! {
    #[test]
    fn everything_that_is_or_was_recorded_as_down_is_accounted_for(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let printed = all(&slo, &as_of, &[]);
        prop_assert_eq!(difference("events", &Value::Array(accounted(&world)), &printed["events"]), None);
        // What is charged, and its totals, are the same without the rest.
        let args = ["downtime", "--since", "2000-01-01", "--as-of", &as_of, "-o", "json"];
        let charged: Value = serde_json::from_str(&slo.pass(&args, b"")).unwrap();
        let events = printed["events"].as_array().unwrap().iter();
        let of_all: Vec<&Value> = events.filter(|event| event["accounting"] == "charged").collect();
        prop_assert_eq!(charged["events"].as_array().unwrap().iter().collect::<Vec<_>>(), of_all);
        prop_assert_eq!(&charged["totals"], &printed["totals"]);
        // For one objective, the window has as many minutes of each kind as `status` says.
        for objective in slo.objectives(&as_of) {
            let name = objective["objectiveId"].as_str().unwrap();
            let (start, end) = (objective["window"]["start"].as_str(), objective["window"]["end"].as_str());
            let (start, end) = (instant(start.unwrap()), instant(end.unwrap()));
            let until = end.min(world.as_of);
            let minutes = |word: &str| -> f64 {
                let events = printed["events"].as_array().unwrap().iter();
                let of_it = events.filter(|event| event["objectiveId"] == name && event["accounting"] == word);
                let lasts = |event: &Value| {
                    let from = instant(event["startTime"].as_str().unwrap()).max(start);
                    let to = event["endTime"].as_str().map_or(until, instant).min(until);
                    (to - from).max(0) as f64 * event["weight"].as_f64().unwrap() / MINUTE as f64
                };
                of_it.map(lasts).sum()
            };
            for (word, field) in [("excluded", "excludedMinutes"), ("too-short", "tooShortMinutes")] {
                let (summed, said) = (minutes(word), objective[field].as_f64().unwrap());
                prop_assert!((summed - said).abs() < 1e-6, "{} {}: {} {}", name, field, summed, said);
            }
        }
    }
}

/// An objective that excludes maintenance and outages under two minutes, with one outage of each kind.
fn shop() -> World {
    let mut world = World::new(instant("2026-11-13T00:00:00Z"), &["shop"]);
    let at = |time: &str| -> Ms { instant(&format!("2026-11-12T{time}Z")) };
    let mut objective = Objective::new("shop", "shop", 99_000_000, Window::Rolling { days: 30 });
    (objective.exclude_maintenance, objective.minimum_outage) = (true, 2 * MINUTE);
    world.objectives.push(objective);
    world.facts.push(Fact::new(at("00:00:00") - 30 * DAY, "shop", Status::Healthy));
    let outages =
        [("08:00:00", "08:01:59"), ("10:00:00", "10:30:00"), ("12:00:00", "12:20:00"), ("14:00:00", "14:02:00")];
    for (start, end) in outages {
        world.facts.push(Fact::new(at(start), "shop", Status::Unhealthy));
        world.facts.push(Fact::new(at(end), "shop", Status::Healthy));
    }
    for (name, start, end) in [("upgrade", "10:10:00", "10:20:00"), ("backup", "10:15:00", "10:25:00")] {
        world.maintenance.push(Maintenance {
            name: name.to_owned(),
            systems: vec!["shop".to_owned()],
            start: at(start),
            duration: at(end) - at(start),
            returns: None,
            except: Vec::new(),
            cancelled: false,
        });
    }
    world.corrections.push(Correction {
        name: "false-alarm".to_owned(),
        system: "shop".to_owned(),
        check: None,
        source: None,
        location: None,
        start: Some(at("12:05:00")),
        end: Some(at("13:00:00")),
        status: Some(Status::Healthy),
    });
    world
}

#[test]
fn each_kind_of_downtime_says_because_of_what_it_is_not_charged() {
    let world = shop();
    let slo = Slo::with(&world.feed(), &world.manifests());
    let printed = all(&slo, &world.as_of_text(), &[]);
    assert_eq!(difference("events", &Value::Array(accounted(&world)), &printed["events"]), None);
    let row = |event: &Value| {
        let time = |field: &str| event[field].as_str().unwrap()[11..19].to_owned();
        let because: Vec<&str> =
            event["because"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let accounting = event["accounting"].as_str().unwrap();
        format!("{}-{} {accounting} {}", time("startTime"), time("endTime"), because.join(" ")).trim().to_owned()
    };
    let rows: Vec<String> = printed["events"].as_array().unwrap().iter().map(row).collect();
    let expected = [
        "08:00:00-08:01:59 too-short",
        "10:00:00-10:10:00 charged",
        "10:10:00-10:15:00 excluded upgrade",
        "10:15:00-10:20:00 excluded backup upgrade",
        "10:20:00-10:25:00 excluded backup",
        "10:25:00-10:30:00 charged",
        "12:00:00-12:05:00 charged",
        "12:05:00-12:20:00 corrected false-alarm",
        "14:00:00-14:02:00 charged",
    ];
    assert_eq!(rows, expected);
    assert_eq!(printed["totals"]["totalSeconds"], (15 + 5 + 2) * 60);
    let sum = |accounting: &str, count: i64, seconds: i64| json!({ "accounting": accounting, "count": count, "totalSeconds": seconds });
    let sums =
        json!([sum("excluded", 3, 900), sum("not-counted", 0, 0), sum("too-short", 1, 119), sum("corrected", 1, 900)]);
    assert_eq!(printed["uncharged"], sums);
    let table = slo.pass(&["downtime", "--all", "--as-of", &world.as_of_text()], b"");
    for text in ["NOT CHARGED", "maintenance backup, upgrade", "corrected by false-alarm", "too short"] {
        assert!(table.contains(text), "{text}: {table}");
    }
    let line = "not charged: 15m excluded by maintenance, 1.9m too short, 15m corrected";
    assert!(table.contains(line), "{table}");
    let csv = slo.pass(&["downtime", "--all", "-o", "csv", "--as-of", &world.as_of_text()], b"");
    assert_eq!(csv.lines().count(), 10, "{csv}");
    assert!(csv.lines().next().unwrap().ends_with("weight,accounting,because,note"), "{csv}");
    // The last two of all; what a correction took back belongs to the outage that it shortened.
    let last = all(&slo, &world.as_of_text(), &["--last", "2"]);
    let rows: Vec<String> = last["events"].as_array().unwrap().iter().map(row).collect();
    assert_eq!(rows, expected[6..]);
}

#[test]
fn a_correction_of_a_check_takes_back_an_incident_of_that_check_for_objectives_on_other_checks() {
    let mut world = World::new(instant("2026-11-13T00:00:00Z"), &["shop"]);
    let mut objective = Objective::new("shop", "shop", 99_000_000, Window::Rolling { days: 30 });
    objective.healthcheck = Some("ping".to_owned());
    world.objectives.push(objective);
    let mut incident = Fact::new(instant("2026-11-12T08:00:00Z"), "shop", Status::Unhealthy).incident();
    incident.check = Some("http".to_owned());
    world.facts.push(incident);
    world.corrections.push(Correction {
        name: "false-alarm".to_owned(),
        system: "shop".to_owned(),
        check: Some("http".to_owned()),
        source: None,
        location: None,
        start: None,
        end: None,
        status: None,
    });
    let slo = Slo::with(&world.feed(), &world.manifests());
    let printed = all(&slo, &world.as_of_text(), &[]);
    assert_eq!(difference("events", &Value::Array(accounted(&world)), &printed["events"]), None);
    assert_eq!(
        (&printed["events"][0]["accounting"], &printed["events"][0]["because"]),
        (&json!("corrected"), &json!(["false-alarm"]))
    );
}
