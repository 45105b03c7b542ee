//! Much maintenance: the time grows with its amount, not with the square of it.

use std::fmt::Write as _;
use std::time::Duration;

use crate::harness::{World, line};

/// Ten times what it takes on an idle machine, and a fraction of what unfolding once per day of a window would take.
const PATIENCE: Duration = Duration::from_secs(20);

const AS_OF: &str = "2026-11-20T14:05:00Z";

fn window(text: &mut String, name: usize, start: &str, rest: &str) {
    writeln!(
        text,
        "---\napiVersion: slo/v1\nkind: MaintenanceWindow\nmetadata: {{ name: m{name} }}\nspec: {{ systemRefs: [{{ kind: System, \
         name: s }}], start: {start}, {rest} }}"
    )
    .unwrap();
}

/// An objective over a year that excludes maintenance, on a system that goes up and down every day.
fn world(windows: &str) -> World {
    let world = World::new();
    let facts: String = (0..400)
        .flat_map(|day| {
            let at = |hour: i64| (1_760_000_000 + day * 86_400 + hour * 3600).to_string();
            [line(&at(0), "s", "down"), line(&at(5), "s", "up")]
        })
        .collect();
    world.ingest(&facts);
    let objective = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: o }\nspec: { systemRef: { kind: System, name: s }, \
                     target: 99.9, windowDays: 365, excludeMaintenanceWindows: true }\n";
    world.write("m.yaml", format!("{objective}{windows}"));
    world.pass(&["apply", "m.yaml", "--set", "s"]);
    world
}

#[expect(clippy::disallowed_methods, reason = "it measures how long a command takes")]
fn status_is_quick(world: &World) -> serde_json::Value {
    let begun = std::time::Instant::now();
    let output = world.run(&["status", "-o", "json", "--as-of", AS_OF]);
    let taken = begun.elapsed();
    assert!(taken < PATIENCE, "slo status took {taken:?}");
    output.json()["objectives"][0].clone()
}

#[test]
fn two_hundred_daily_windows_over_a_year_are_unfolded_once() {
    let mut windows = String::new();
    for number in 0..200 {
        let start = format!("2025-01-02T{:02}:{:02}:00Z", 9 + number / 60, number % 60);
        window(&mut windows, number, &start, "duration: 50s, rrule: FREQ=DAILY");
    }
    let objective = status_is_quick(&world(&windows));
    assert!(objective["excludedMinutes"].as_f64().unwrap() > 0.0, "{objective}");
}

#[test]
fn ten_thousand_windows_of_one_system_are_no_burden() {
    let mut windows = String::new();
    for number in 0..10_000 {
        let start = 1_770_000_000 + number as i64 * 1800;
        window(&mut windows, number, &start.to_string(), "duration: 60s");
    }
    let objective = status_is_quick(&world(&windows));
    assert!(objective["excludedMinutes"].as_f64().unwrap() > 0.0, "{objective}");
}

/// Windows are looked up or, if a system has many, all read at once: either way, each objective gets its own.
#[test]
fn however_windows_are_read_each_system_has_its_own() {
    let world = World::new();
    let mut facts = String::new();
    let mut manifests = String::new();
    // The system is always down, with a window of 60 s in every half hour.
    let systems = [("many", 1_500_i64), ("some", 7), ("none", 0)];
    let begin = 1_795_183_500 - 1_500 * 1_800;
    for (system, count) in systems {
        facts.push_str(&line(&begin.to_string(), system, "down"));
        manifests.push_str(&format!(
            "---\napiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {system} }}\nspec: {{ systemRef: {{ kind: System, name: {system} \
             }}, target: 99, windowDays: 365, excludeMaintenanceWindows: true }}\n"
        ));
        let mut add = |name: String, start: i64, rest: &str| {
            writeln!(
                manifests,
                "---\napiVersion: slo/v1\nkind: MaintenanceWindow\nmetadata: {{ name: {system}-{name} }}\nspec: {{ systemRefs: [{{ \
                 kind: System, name: {system} }}], start: {start}, {rest} }}"
            )
            .unwrap();
        };
        (0..count).for_each(|place| add(format!("w{place}"), begin + place * 1_800, "duration: 60s"));
        if count > 0 {
            // In force: two that end at the same time, one that ends earlier, and two that do not count.
            let now = 1_795_183_500;
            add("b".to_owned(), now - 60, "duration: 120s");
            add("a".to_owned(), now - 30, "duration: 90s");
            add("0".to_owned(), now - 30, "duration: 31s");
            add("00".to_owned(), now - 30, "duration: 1h, cancelled: true");
            add("over".to_owned(), now - 30, "duration: 30s");
        }
    }
    world.ingest(&facts);
    world.write("m.yaml", manifests);
    world.pass(&["apply", "m.yaml", "--set", "s"]);
    let objectives = |args: &[&str]| {
        let output = world.run(&[&["status", "-o", "json", "--as-of", AS_OF], args].concat()).json();
        let mut found = output["objectives"].as_array().unwrap().clone();
        found.sort_by_key(|objective| objective["objectiveId"].as_str().unwrap().to_owned());
        found
    };
    let all = objectives(&[]);
    let each = ["many", "none", "some"].map(|name| objectives(&[name])[0].clone());
    assert_eq!(all, each);
    for ((system, count), objective) in [systems[0], systems[2], systems[1]].into_iter().zip(&all) {
        // The last 60 s, of which 30 s are `over` already, and all of which is `b`.
        let excluded = if count == 0 { 0.0 } else { count as f64 + 1.0 };
        assert_eq!(objective["excludedMinutes"], excluded, "{system}");
        let active = &objective["inMaintenance"]["name"];
        let expected = if count == 0 { serde_json::Value::Null } else { format!("{system}-a").into() };
        assert_eq!(*active, expected, "{system}");
    }
    // In the 30 days that are usual, there are 48 half hours a day.
    let told = world.run(&["downtime", "many", "--all", "-o", "csv", "--as-of", AS_OF]).text();
    assert_eq!(told.matches("many-w").count(), 30 * 48, "{}", &told[..2000]);
}
