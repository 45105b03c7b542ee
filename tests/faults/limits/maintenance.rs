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
