//! Outages and being down now, with numbers: what one outage is, how long it lasts, its cause, and where it is shown.

use serde_json::{Value, json};

use crate::harness::Slo;
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, SECOND, instant, rfc3339};
use crate::reference::difference;
use crate::reference::downtime::{downtime, outages, totals};
use crate::world::{Dependency, Fact, Maintenance, Objective, Status, Window, World};

const MONTH: Window = Window::Rolling { days: 30 };

/// One objective on `shop`, which is up since 1 November.
fn shop(as_of: &str, target_micro: i128) -> World {
    let mut world = World::new(instant(as_of), &["shop"]);
    world.facts.push(Fact::new(instant("2026-11-01T00:00:00Z"), "shop", Status::Healthy));
    world.objectives.push(Objective::new("shop", "shop", target_micro, MONTH));
    world
}

fn maintenance(name: &str, start: Ms, end: Ms) -> Maintenance {
    let systems = vec!["shop".to_owned()];
    let (name, duration) = (name.to_owned(), end - start);
    Maintenance { name, systems, start, duration, returns: None, except: Vec::new(), cancelled: false }
}

fn slo(world: &World) -> Slo {
    Slo::with(&world.feed(), &world.manifests())
}

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&slo.pass(&[args, &["-o", "json"]].concat(), b"")).unwrap()
}

#[test]
fn a_maintenance_window_inside_an_outage_does_not_make_two() {
    let mut world = shop("2026-11-13T00:00:00Z", 99_000_000);
    let at = |time: &str| instant(&format!("2026-11-12T{time}Z"));
    let (start, end) = (at("11:43:08"), at("13:02:52"));
    world.facts.push(Fact::new(start, "shop", Status::Unhealthy));
    world.facts.push(Fact::new(end, "shop", Status::Healthy));
    world.maintenance.push(maintenance("reboot", at("11:45:15"), at("11:45:51")));
    world.objectives[0].exclude_maintenance = true;
    let found = slo(&world);
    let answer = parsed(&found, &["downtime", "--as-of", &world.as_of_text()]);
    // 79 min 44 s from start to end, 36 s of them excused.
    let expected = json!({
        "count": 2, "outages": 1, "open": 0, "totalSeconds": 4748, "longestSeconds": 4784, "mttrSeconds": 4784,
    });
    assert_eq!(answer["totals"], expected);
    assert_eq!(difference("events", &Value::Array(downtime(&world)), &answer["events"]), None);
    assert_eq!(difference("totals", &totals(&world, &outages(&world, 0, Ms::MAX)), &answer["totals"]), None);
    // The same if only its end is in the range, and in the digest.
    let late = parsed(&found, &["downtime", "--since", "2026-11-12T12:00:00Z", "--as-of", &world.as_of_text()]);
    assert_eq!(
        (&late["totals"]["count"], &late["totals"]["outages"], &late["totals"]["longestSeconds"]),
        (&json!(1), &json!(1), &json!(4784))
    );
    let digest = parsed(&found, &["digest", "--as-of", &world.as_of_text()]);
    assert_eq!(
        (&digest["downtime"]["outages"], &digest["downtime"]["minutes"]),
        (&json!(1), &json!(79.0 + 8.0 / 60.0))
    );
    // In an outage, it is down since the start, even if a part is excused by maintenance, within which it is not open.
    for (time, since) in
        [("11:45:14.999", Some(start)), ("11:45:15", None), ("11:45:51", Some(start)), ("13:02:52", None)]
    {
        let status = found.objective(&rfc3339(at(time)));
        assert_eq!(status["downSince"], json!(since.map(rfc3339)), "{time}");
        assert_eq!(status["hasOpenDowntime"], json!(since.is_some()), "{time}");
    }
    let page = found.pass(&["status", "--as-of", &rfc3339(at("11:45:30"))], b"");
    assert!(page.contains("▽ down, spends no budget: shop since 2026-11-12 11:43 UTC (maintenance)"), "{page}");
}

#[test]
fn an_outage_that_maintenance_excuses_as_a_whole_is_none() {
    let mut world = shop("2026-11-13T00:00:00Z", 99_000_000);
    let start = instant("2026-11-12T10:00:00Z");
    world.objectives[0].exclude_maintenance = true;
    world.facts.push(Fact::new(start, "shop", Status::Unhealthy));
    world.facts.push(Fact::new(start + 2 * MINUTE, "shop", Status::Healthy));
    world.maintenance.push(maintenance("upgrade", start - HOUR, start + HOUR));
    let answer = parsed(&slo(&world), &["downtime", "--as-of", &world.as_of_text()]);
    assert_eq!((&answer["totals"]["outages"], &answer["totals"]["mttrSeconds"]), (&json!(0), &Value::Null));
    let achieved = slo(&world).pass(&["achievements", "--as-of", &world.as_of_text(), "-o", "json"], b"");
    let unlocked = |text: &str| {
        let answer: Value = serde_json::from_str(text).unwrap();
        answer["achievements"].as_array().unwrap().iter().any(|row| row["achievement"] == "rapid_recovery")
    };
    assert!(!unlocked(&achieved));
    // If its last minute is charged, it counts, with its full length: 2 minutes.
    world.maintenance[0].duration = HOUR + MINUTE;
    let found = slo(&world);
    let answer = parsed(&found, &["downtime", "--as-of", &world.as_of_text()]);
    let totals = &answer["totals"];
    assert_eq!(
        (&totals["outages"], &totals["totalSeconds"], &totals["mttrSeconds"]),
        (&json!(1), &json!(60), &json!(120))
    );
    assert!(unlocked(&found.pass(&["achievements", "--as-of", &world.as_of_text(), "-o", "json"], b"")));
}

#[test]
fn until_is_exclusive_and_without_it_what_begins_now_is_there() {
    let mut world = shop("2026-11-12T10:00:00Z", 99_000_000);
    world.facts.push(Fact::new(world.as_of, "shop", Status::Unhealthy));
    let found = slo(&world);
    let count = |args: &[&str]| {
        let answer = parsed(&found, &[&["downtime", "--as-of", "2026-11-12T10:00:00Z"], args].concat());
        answer["events"].as_array().unwrap().len()
    };
    assert_eq!(count(&[]), 1);
    assert_eq!(count(&["--open"]), 1);
    assert_eq!(count(&["--until", "2026-11-12T10:00:00Z"]), 0);
    let later = parsed(&found, &["downtime", "--until", "2026-11-12T10:00:00.001Z", "--as-of", "2026-11-12T11:00:00Z"]);
    assert_eq!(later["events"].as_array().unwrap().len(), 1);
}

#[test]
fn a_check_that_fell_silent_beside_an_incident_is_no_source_unless_silence_counts() {
    let mut world = shop("2026-11-12T12:00:00Z", 99_000_000);
    let start = world.as_of - HOUR;
    world.systems[0].stale_after = Some(15 * MINUTE);
    world.objectives[0].counts_as_down = vec![Status::Unhealthy, Status::Unknown];
    world.objectives[0].healthcheck = Some("http".to_owned());
    let sources = |world: &World| -> Vec<String> {
        let answer = parsed(&slo(world), &["downtime", "--as-of", &world.as_of_text()]);
        assert_eq!(difference("events", &Value::Array(downtime(world)), &answer["events"]), None);
        let of = |event: &Value| {
            let at = &event["startTime"].as_str().unwrap()[11..16];
            format!("{at} {}", event["source"].as_str().unwrap())
        };
        answer["events"].as_array().unwrap().iter().map(of).collect()
    };
    // The check has reported, goes silent after 15 minutes, and by itself makes the objective down from then on.
    world.facts = vec![
        Fact::new(start, "shop", Status::Healthy).check("http"),
        Fact::new(start + 5 * MINUTE, "shop", Status::Unhealthy).incident(),
    ];
    assert_eq!(sources(&world), ["11:05 incident", "11:15 healthcheck"]);
    // If unknown does not count as down, it has no effect.
    world.objectives[0].counts_as_down = vec![Status::Unhealthy];
    assert_eq!(sources(&world), ["11:05 incident"]);
    // A check that never reported makes nothing down, whatever counts as down.
    world.objectives[0].counts_as_down = vec![Status::Unhealthy, Status::Unknown];
    world.facts[0].check = Some("ping".to_owned());
    assert_eq!(sources(&world), ["11:00 healthcheck", "11:05 incident"]);
}

#[test]
fn a_digest_counts_each_outage_once_however_many_objectives_saw_it() {
    let monday = instant("2026-11-09T00:00:00Z");
    let mut world = World::new(monday + 7 * DAY, &["db", "api", "mail"]);
    let needs = |target: &str| Dependency { target: target.to_owned(), impact: "critical", transitive: false };
    world.systems[1].dependencies = vec![needs("db")];
    for (name, system) in [("api", "api"), ("api-slow", "api"), ("db", "db"), ("mail", "mail")] {
        world.objectives.push(Objective::new(name, system, 99_000_000, MONTH));
    }
    let mut down = |system: &str, from: Ms, minutes: i64| {
        world.facts.push(Fact::new(monday + from, system, Status::Unhealthy));
        world.facts.push(Fact::new(monday + from + minutes * MINUTE, system, Status::Healthy));
    };
    // The database for an hour, the API with it and ten minutes longer; the API again by itself; mail in the meantime.
    down("db", DAY, 60);
    down("api", DAY, 70);
    down("api", 2 * DAY, 5);
    down("mail", DAY + 30 * MINUTE, 20);
    let digest = parsed(&slo(&world), &["digest", "--as-of", &world.as_of_text()]);
    let expected = json!({
        "minutes": 95.0, "outages": 3,
        "attribution": [
            { "sourceType": "self", "systemId": "db", "objectives": 3, "minutes": 60.0 },
            { "sourceType": "self", "systemId": "mail", "objectives": 1, "minutes": 20.0 },
            { "sourceType": "self", "systemId": "api", "objectives": 2, "minutes": 15.0 },
        ],
    });
    assert_eq!(digest["downtime"], expected);
    let text = slo(&world).pass(&["digest", "--as-of", &world.as_of_text()], b"");
    assert!(text.contains("Each outage counted once: 95m in 3 outages"), "{text}");
}

#[test]
fn the_worst_of_a_digest_are_ordered_by_minutes_overspent() {
    let monday = instant("2026-11-09T00:00:00Z");
    // Of four, two are the worst.
    let mut world = World::new(monday + 7 * DAY, &["a", "b", "c", "d"]);
    for name in ["c", "d"] {
        world.objectives.push(Objective::new(name, name, 99_000_000, MONTH));
        world.facts.push(Fact::new(monday - 40 * DAY, name, Status::Healthy));
    }
    // 99.99% of 30 days allows 4 min 19.2 s, 99% 7 h 12 min: b overspends less of its budget, but more minutes.
    for (name, target, hours) in [("a", 99_990_000, 1), ("b", 99_000_000, 9)] {
        world.objectives.push(Objective::new(name, name, target, MONTH));
        world.facts.push(Fact::new(monday - 40 * DAY, name, Status::Healthy));
        world.facts.push(Fact::new(monday, name, Status::Unhealthy));
        world.facts.push(Fact::new(monday + hours * HOUR, name, Status::Healthy));
    }
    let digest = parsed(&slo(&world), &["digest", "--as-of", &world.as_of_text()]);
    let worst: Vec<&Value> =
        digest["worstPerformers"].as_array().unwrap().iter().map(|row| &row["objectiveId"]).collect();
    assert_eq!(worst, ["b", "a"]);
}

/// A shop that spent twice its budget and is down again, and one that is up.
fn breaching_and_down() -> World {
    let mut world = shop("2026-11-20T14:05:00Z", 99_900_000);
    let earlier = instant("2026-11-18T10:00:00Z");
    world.facts.push(Fact::new(earlier, "shop", Status::Unhealthy));
    world.facts.push(Fact::new(earlier + 2 * HOUR, "shop", Status::Healthy));
    world.facts.push(Fact::new(instant("2026-11-20T13:41:07Z"), "shop", Status::Unhealthy));
    world.systems.extend(World::new(0, &["mail"]).systems);
    world.facts.push(Fact::new(instant("2026-11-01T00:00:00Z"), "mail", Status::Healthy));
    world.objectives.push(Objective::new("mail", "mail", 99_900_000, MONTH));
    world
}

#[test]
fn down_now_is_seen_in_every_form_whatever_the_state() {
    let world = breaching_and_down();
    let found = slo(&world);
    let as_of = world.as_of_text();
    let say = |args: &[&str]| found.pass(&[args, &["--as-of", &as_of]].concat(), b"");
    let since = "2026-11-20T13:41:07.000Z";
    let status = found.objectives(&as_of);
    assert_eq!((&status[0]["state"], &status[0]["downSince"]), (&json!("breaching"), &json!(since)));
    assert_eq!((&status[1]["state"], &status[1]["downSince"]), (&json!("healthy"), &Value::Null));
    let table = say(&["status"]);
    let line = table.lines().find(|line| line.contains("breaching")).unwrap();
    assert!(line.starts_with("✖ breaching  ▼ 13:41     shop"), "{table}");
    assert!(table.contains("▼ down now: shop since 2026-11-20 13:41 UTC (23m)"), "{table}");
    assert!(say(&["status", "-o", "wide"]).contains("▼ 2026-11-20 13:41"));
    // At the close of a period that is over, nothing is now.
    let closed = ["status", "--period", "2026-11-20", "--as-of", "2026-11-21T06:00:00Z"];
    assert!(found.pass(&closed, b"").contains("▼ down at the close: shop since 2026-11-20 13:41 UTC"));
    let grouped = found.pass(&[&closed[..], &["--by", "objective"]].concat(), b"");
    assert!(grouped.contains("DOWN: down at the close, those in breach included"), "{grouped}");
    assert!(say(&["status", "-o", "markdown"]).contains("| ✖ breaching | ▼ 13:41 | shop |"));
    let csv = say(&["status", "-o", "csv"]);
    let column = csv.lines().next().unwrap().split(',').position(|name| name == "downSince").unwrap();
    assert!(csv.lines().nth(1).unwrap().split(',').nth(column) == Some(since), "{csv}");
    assert!(say(&["status", "-o", "yaml"]).contains("downSince: \"2026-11-20T13:41:07.000Z\""));
    assert!(say(&["show", "shop"]).contains("Now        down since 2026-11-20 13:41 UTC; "));
    for (show, message) in [
        ("state", "breaching, down since 2026-11-20 13:41 UTC"),
        ("availability", "99.66%, down"),
        ("streak", "0 days, down"),
    ] {
        let badge = parsed(&found, &["badge", "shop", "--show", show, "--as-of", &as_of]);
        assert_eq!((badge["message"].as_str(), &badge["downSince"]), (Some(message), &json!(since)), "{badge}");
        let svg = say(&["badge", "shop", "--show", show]);
        assert!(svg.contains("down since 2026-11-20 13:41") && svg.contains(message), "{svg}");
    }
    let digest = parsed(&found, &["digest", "--as-of", &as_of]);
    let expected = json!([{ "objectiveId": "shop", "systemId": "shop", "state": "breaching", "downSince": since }]);
    assert_eq!(digest["down"], expected);
    for args in [&["digest"][..], &["digest", "-o", "markdown"], &["digest", "-o", "html"]] {
        let text = say(args);
        assert!(text.contains("▼ down now: shop since 2026-11-20 13:41 UTC (23m)"), "{text}");
        assert!(text.contains("✖ breaching ▼ down"), "{text}");
    }
    let page = say(&["report", "--html", "-"]);
    assert!(page.contains("<b class=\"down\">1 down now</b>"), "{page}");
    assert_eq!(page.matches("▼ down since 2026-11-20 13:41 UTC</span></b>").count(), 2, "{page}");
    assert!(page.contains(&format!("data-field=\"downSince\" data-value=\"{since}\"")));
    // A check of `down` fails, and so does a condition on its duration: 23 min 53 s.
    let check = |when: &str| found.run(&["check", "shop", "--when", when, "--as-of", &as_of], b"").code;
    assert_eq!(found.run(&["check", "shop", "--fail-on", "down", "--as-of", &as_of], b"").code, 1);
    assert_eq!((check("downFor >= 23m53s"), check("downFor > 23m53s")), (1, 0));
    assert_eq!((check("downFor > 0s && state == \"breaching\""), check("state == \"down\"")), (1, 0));
    let refused = found.run(&["check", "shop", "--when", "downSince > 5m", "--as-of", &as_of], b"");
    assert!(refused.code == 2 && refused.stderr.contains("downFor is the time since then"), "{}", refused.stderr);
}

#[test]
fn down_since_reaches_back_beyond_every_window_and_lookback() {
    let mut world = shop("2026-11-30T00:00:00Z", 99_900_000);
    let start = instant("2016-02-03T04:05:06Z") + 789;
    world.objectives[0].window = Window::Rolling { days: 1 };
    world.facts = vec![
        Fact::new(start - SECOND, "shop", Status::Healthy),
        Fact::new(start, "shop", Status::Unhealthy),
        Fact::new(start + DAY, "shop", Status::Degraded),
        Fact::new(start + 400 * DAY, "shop", Status::Degraded),
    ];
    let found = slo(&world);
    assert_eq!(found.objective(&world.as_of_text())["downSince"], json!(rfc3339(start)));
    let answer = parsed(&found, &["downtime", "--since", "1h", "--as-of", &world.as_of_text()]);
    assert_eq!(answer["events"][0]["startTime"], json!(rfc3339(start)));
    let lasted = (world.as_of - start) / SECOND;
    assert_eq!((&answer["totals"]["open"], &answer["totals"]["longestSeconds"]), (&json!(1), &json!(lasted)));
    // Never before the first transition, even if unknown counts.
    world.objectives[0].counts_as_down = vec![Status::Unknown];
    world.facts = vec![Fact::new(start, "shop", Status::Unknown)];
    assert_eq!(slo(&world).objective(&world.as_of_text())["downSince"], json!(rfc3339(start)));
}
