//! Memory that grows with the output, not with the data: commands over many facts, with little memory.

use std::process::Command;

use crate::harness::{Output, SLO, World};

/// 400 000 transitions of one system in ten days, every second one `unhealthy`.
const FLAPS: i64 = 400_000;
const GAP_MS: i64 = 2160;
const START_MS: i64 = 1_718_000_000_000;

const OBJECTIVE: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: flappy }
spec: { systemRef: { kind: System, name: flappy }, target: 99, windowDays: 30 }
";

fn flapping() -> World {
    let world = World::new();
    let mut feed = "ts,system,status\n".to_owned();
    for index in 0..FLAPS {
        let status = ["healthy", "unhealthy"][index as usize % 2];
        feed.push_str(&format!("{},flappy,{status}\n", START_MS + index * GAP_MS));
    }
    assert_eq!(world.feed(&["ingest", "-q", "--format", "csv", "-"], feed).code, 0);
    world.write("flappy.yaml", OBJECTIVE);
    world.pass(&["apply", "-q", "flappy.yaml"]);
    world
}

/// Runs a command with this many kilobytes of address space, and returns its output.
fn in_room(world: &World, kilobytes: u32, command: &str) -> String {
    let script = format!("ulimit -v {kilobytes} && exec \"$0\" {command} --as-of 2024-06-21T12:00:00Z");
    let mut run = Command::new("sh");
    run.args(["-c", &script, SLO]).current_dir(world.root()).env("SLO_DB", world.place());
    let done = Output::of(&run.output().unwrap());
    assert_eq!(done.code, 0, "{command}: {}", done.stderr);
    done.text()
}

#[test]
fn downtime_of_many_flaps_needs_little_room_in_every_form() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let world = flapping();
    let room = |command: &str| in_room(&world, 250_000, command);
    let csv = room("downtime -o csv");
    assert_eq!(csv.lines().count() as i64, 1 + FLAPS / 2);
    assert!(
        csv.lines().nth(1).unwrap().starts_with("flappy,flappy,2024-06-10T06:13:22.160Z,2024-06-10T06:13:24.320Z,")
    );
    let json = room("downtime -o json --by day");
    // The last of them is ongoing.
    let tail = json.split("\"totals\": ").nth(1).unwrap();
    assert!(tail.contains("\"count\": 200000,\n    \"outages\": 200000,\n    \"open\": 1,"), "{tail}");
    let table = room("downtime");
    assert_eq!(table.lines().count(), 10_006);
    assert!(table.contains("190000 earlier events not shown; -o csv prints all"), "{}", &table[table.len() - 300..]);
    assert!(room("downtime -o yaml").ends_with("mttrSeconds: 2\n"));
    assert!(room("downtime --last 3").contains("3 outages (1 open)"));
}

#[test]
fn days_of_many_flaps_are_drawn_up_in_parts_and_are_the_same_days() {
    let world = flapping();
    let trend = world.pass(&["trend", "flappy", "--days", "20", "-o", "csv", "--as-of", "2024-06-20T00:00:00Z"]);
    let column = |name: &str| trend.lines().next().unwrap().split(',').position(|field| field == name).unwrap();
    let (day, consumed) = (column("date"), column("budgetConsumedMinutes"));
    // Every second flap is down: half of each full day since 10 June, 06:13:20, minus what is lost where midnight cuts
    // a flap.
    let mut expected = 0.0;
    let mut seen = 0;
    for line in trend.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        expected += match cells[day] {
            "2024-06-10" => (17.0 * 60.0 + 46.0 + 2.0 / 3.0) / 2.0,
            date if date > "2024-06-10" => 720.0,
            _ => continue,
        };
        seen += 1;
        let consumed: f64 = cells[consumed].parse().unwrap();
        assert!((consumed - expected).abs() < 0.1, "{line}: {expected}");
    }
    assert_eq!(seen, 10);
    world.verifies();
}

#[test]
fn one_objective_with_many_outages_is_shown_in_little_room() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let world = flapping();
    let room = |command: &str| in_room(&world, 250_000, command);
    let text = room("show flappy");
    // As if all of them were held: of the last ones, of how many there are, and of the one that leaves the window first.
    assert!(text.contains("… and 199995 more in the window: `slo downtime flappy`"), "{text}");
    assert!(text.contains("2024-06-20 06:13  down 29h so far, cause: self (healthcheck)"), "{text}");
    assert!(text.contains("2024-06-20 06:13  down  2.1s, cause: self (healthcheck)"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&room("show flappy -o json")).unwrap();
    let events = json["events"].as_array().unwrap();
    assert_eq!(events.len() as i64, FLAPS / 2);
    assert_eq!(events[0]["startTime"], "2024-06-10T06:13:22.160Z");
    assert_eq!(events.last().unwrap()["endTime"], serde_json::Value::Null);
    assert_eq!(json["latestOutage"]["startTime"], events.last().unwrap()["startTime"]);
    let yaml = room("show flappy -o yaml");
    assert_eq!(yaml.matches("attributionType: self\n").count() as i64, FLAPS / 2);
}
