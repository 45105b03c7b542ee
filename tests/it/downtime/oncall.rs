//! What somebody on call sees first: what is down, why, the notes, and the active maintenance.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::Slo;
use crate::reference::calendar::{DAY, Ms, SECOND, instant, rfc3339};
use crate::reference::history::History;
use crate::reference::model::{Attribution, Model};
use crate::reference::recurrence::occurrences;
use crate::world::strategy::worlds;
use crate::world::{Maintenance, Objective, Source};

fn parsed(slo: &Slo, args: &[&str], as_of: &str) -> Value {
    serde_json::from_str(&slo.pass(&[args, &["-o", "json", "--as-of", as_of]].concat(), b"")).unwrap()
}

/// The ongoing outage, charged or not; else the last one with a charge since `window`.
fn latest(model: &Model<'_>, objective: &Objective, window: Ms) -> Value {
    let as_of = model.world.as_of;
    let mut outages = History::new(model, objective).outages(as_of);
    let open = outages.iter().position(|outage| outage.end.is_none());
    let charged = |event: &crate::reference::history::DowntimeEvent| event.end.is_none_or(|end| end > window);
    let last = outages.iter().rposition(|outage| outage.events.iter().any(charged));
    let Some(place) = open.or(last) else { return Value::Null };
    let outage = outages.swap_remove(place);
    // A finished outage is described by its charges in the window.
    let events: Vec<_> = outage.events.iter().filter(|event| open.is_some() || charged(event)).collect();
    let mut causes: Vec<Option<String>> = events
        .iter()
        .map(|event| match &event.attribution {
            Attribution::Own => None,
            Attribution::Upstream(system) => Some(system.clone()),
        })
        .collect();
    causes.sort();
    causes.dedup();
    let causes: Vec<String> = causes.into_iter().map(|cause| cause.unwrap_or("self".to_owned())).collect();
    let sources = [(Source::Healthcheck, "healthcheck"), (Source::Incident, "incident")];
    let sources = sources.iter().filter(|(source, _)| events.iter().any(|event| event.source == *source));
    let end = outage.end.unwrap_or(as_of);
    json!({
        "startTime": rfc3339(outage.start),
        "endTime": outage.end.map(rfc3339),
        "durationSeconds": (end - outage.start).div_euclid(SECOND),
        "causes": causes,
        "sources": sources.map(|(_, name)| *name).collect::<Vec<_>>(),
    })
}

/// What `slo list maintenance` shows for one window.
fn around(window: &Maintenance, as_of: Ms) -> Value {
    // The longest interval in these worlds, and the excepted dates in a row, are less than 40 days.
    let all = if window.cancelled { Vec::new() } else { occurrences(window, as_of.max(window.start) + 40 * DAY) };
    let wire =
        |span: Option<&(Ms, Ms)>| span.map(|(start, end)| json!({"start": rfc3339(*start), "end": rfc3339(*end)}));
    let until = all.iter().filter(|(start, end)| *start <= as_of && as_of < *end).map(|(_, end)| *end).max();
    let next = all.iter().find(|(start, _)| *start > as_of);
    let last = all.iter().rev().find(|(start, _)| *start <= as_of);
    json!({
        "activeUntil": until.map(rfc3339),
        "active": until.is_some(),
        "lastOccurrence": wire(last),
        "nextOccurrence": wire(next),
    })
}

proptest! {
    #[test]
    fn the_latest_outage_is_the_one_that_goes_on_or_the_last_one(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let model = Model::new(&world, world.as_of);
        for objective in &world.objectives {
            let shown = parsed(&slo, &["show", &objective.name], &world.as_of_text());
            let window = instant(shown["objective"]["window"]["start"].as_str().unwrap());
            let expected = latest(&model, objective, window);
            let mut found = shown["latestOutage"].clone();
            if let Some(found) = found.as_object_mut() {
                found.retain(|field, _| expected.get(field).is_some());
            }
            prop_assert_eq!(found, expected, "{}", objective.name);
        }
    }

    #[test]
    fn maintenance_is_listed_with_what_lies_around_the_moment(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let listed = parsed(&slo, &["list", "maintenance"], &world.as_of_text());
        for window in &world.maintenance {
            let rows = listed["maintenance"].as_array().unwrap();
            let row = rows.iter().find(|row| row["maintenanceId"] == window.name.as_str()).unwrap();
            for (field, value) in around(window, world.as_of).as_object().unwrap() {
                prop_assert_eq!(&row[field], value, "{} of {}", field, window.name);
            }
        }
    }
}

const MANIFESTS: &str = "apiVersion: slo/v1
kind: System
metadata: { name: shop }
spec: { dependencies: [{ targetRef: { kind: System, name: db } }] }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: shop-availability }
spec: { systemRef: { kind: System, name: shop }, target: 99, windowDays: 7, excludeMaintenanceWindows: true }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: db-availability }
spec: { systemRef: { kind: System, name: db }, target: 99, windowDays: 7 }
---
apiVersion: slo/v1
kind: MaintenanceWindow
metadata: { name: disk-swap }
spec:
  systemRefs: [{ kind: System, name: db }, { kind: System, name: shop }]
  start: 2026-11-11T00:00:00+01:00
  duration: 30m
  rrule: FREQ=WEEKLY
  timezone: Europe/Berlin
";

/// `db` fails at 10:00 with a note, then `shop` at 10:02, whose check repeats its own note every minute; both are up at
/// 10:10.
fn incident() -> Slo {
    let mut feed = String::new();
    let mut fact = |time: &str, system: &str, status: &str, note: &str| {
        let note = if note.is_empty() { String::new() } else { format!(r#","note":"{note}""#) };
        feed.push_str(&format!(
            "{{\"ts\":\"2026-11-{time}Z\",\"system\":\"{system}\",\"status\":\"{status}\"{note}}}\n"
        ));
    };
    fact("01T00:00:00", "db", "up", "");
    fact("01T00:00:00", "shop", "up", "");
    fact("12T10:00:00", "db", "down", "disk full");
    for minute in ["02", "03", "04"] {
        fact(&format!("12T10:{minute}:00"), "shop", "down", "timeout");
    }
    fact("12T10:05:00", "shop", "degraded", "slow");
    fact("12T10:10:00", "db", "up", "disk cleaned");
    fact("12T10:10:00", "shop", "up", "fine");
    Slo::with(&feed, MANIFESTS)
}

#[test]
fn show_begins_with_the_outage_its_cause_and_what_was_written() {
    let slo = incident();
    let shown = |as_of: &str| slo.pass(&["show", "shop", "--as-of", as_of], b"");
    let text = shown("2026-11-12T10:06:00Z");
    let expected = "\
Now        down since 2026-11-12 10:02 UTC; 4m so far
Cause      db (healthcheck)
Notes      2026-11-12 10:05  slow
           2026-11-12 10:04  timeout (3 times)
           2026-11-12 10:00  db: disk full
Planned    no
Budget ";
    let from = text.find("Now").unwrap();
    assert!(text[from..].starts_with(expected), "{text}");
    assert!(text.contains("if it stays down, spent in 96m, at 2026-11-12 11:42"), "{text}");
    // Rates follow the answer, and the accounting comes last.
    let places = ["Budget", "Forecast", "Downtime", "Burn rate", "Accounting"].map(|head| text.find(head).unwrap());
    assert!(places.is_sorted(), "{text}");

    let text = shown("2026-11-13T00:00:00Z");
    let expected = "\
Now        up; last outage from 2026-11-12 10:02 to 2026-11-12 10:10 UTC, 8m
Cause      db (healthcheck)
Notes      2026-11-12 10:05  slow
";
    assert!(text[text.find("Now").unwrap()..].starts_with(expected), "{text}");
    let json = parsed(&slo, &["show", "shop"], "2026-11-13T00:00:00Z");
    let notes = json!([
        { "systemId": "db", "text": "disk full", "count": 1,
          "firstTime": "2026-11-12T10:00:00.000Z", "lastTime": "2026-11-12T10:00:00.000Z" },
        { "systemId": "shop", "text": "timeout", "count": 3,
          "firstTime": "2026-11-12T10:02:00.000Z", "lastTime": "2026-11-12T10:04:00.000Z" },
        { "systemId": "shop", "text": "slow", "count": 1,
          "firstTime": "2026-11-12T10:05:00.000Z", "lastTime": "2026-11-12T10:05:00.000Z" },
    ]);
    assert_eq!(json["latestOutage"]["notes"], notes);
    assert_eq!(json["latestOutage"]["planned"], json!(false));
    // At that time, there was no outage yet.
    assert!(shown("2026-11-12T09:00:00Z").contains("Now        up; no outage in the window\nBudget"));
}

#[test]
fn maintenance_in_progress_is_named_with_its_end_wherever_somebody_looks() {
    let slo = incident();
    slo.ingest(r#"{"ts":"2026-11-17T23:10:00Z","system":"shop","status":"down","note":"disk swap"}"#);
    let as_of = "2026-11-17T23:20:00Z";
    let open = json!({ "name": "disk-swap", "end": "2026-11-17T23:30:00.000Z" });
    for objective in slo.objectives(as_of) {
        assert_eq!(objective["inMaintenance"], open);
    }
    let run = |args: &[&str]| slo.pass(&[args, &["--as-of", as_of]].concat(), b"");
    let status = run(&["status"]);
    assert!(status.contains("MAINTENANCE\n"), "{status}");
    assert!(status.contains("until 23:30"), "{status}");
    let line =
        "in maintenance now: db until 2026-11-17 23:30 UTC (disk-swap), shop until 2026-11-17 23:30 UTC (disk-swap)\n";
    assert!(status.contains(line), "{status}");
    for (form, words) in
        [("wide", line), ("markdown", "| until 23:30 |"), ("csv", ",disk-swap,2026-11-17T23:30:00.000Z,")]
    {
        let status = run(&["status", "-o", form]);
        assert!(status.contains(words), "{form}: {status}");
    }
    let page = run(&["report", "--html", "-"]);
    assert!(page.contains(" · 2 systems in maintenance"), "{page}");
    let marked = r#"data-field="inMaintenance.end" data-value="2026-11-17T23:30:00.000Z">maintenance disk-swap until"#;
    assert_eq!(page.matches(marked).count(), 4, "on each row and in each chapter");
    let show = run(&["show", "shop"]);
    assert!(show.contains("Now        down since 2026-11-17 23:10 UTC, excused by maintenance; 10m so far"), "{show}");
    assert!(show.contains("Planned    yes: maintenance disk-swap until 2026-11-17 23:30 UTC\n"), "{show}");
    assert!(run(&["show", "db"]).contains("Planned    in maintenance disk-swap until 2026-11-17 23:30 UTC\n"));
    // From its end on, it is no longer active.
    let after = slo.objectives("2026-11-17T23:30:00Z");
    assert!(after.iter().all(|objective| objective["inMaintenance"].is_null()));
    assert!(!slo.pass(&["status", "--as-of", "2026-11-17T23:30:00Z"], b"").contains("maintenance"));
}

#[test]
fn a_list_of_maintenance_says_what_is_active_and_when_it_comes_in_its_own_zone() {
    let slo = incident();
    let row =
        |as_of: &str| slo.pass(&["list", "maintenance", "--as-of", as_of], b"").lines().nth(1).unwrap().to_owned();
    let active = row("2026-11-17T23:20:00Z");
    let expected = "disk-swap    active  db, shop  2026-11-18 00:00 to 00:30  2026-11-25 00:00 to 00:30  Europe/Berlin";
    assert!(active.starts_with(expected), "{active}");
    assert!(row("2026-11-17T23:30:00Z").starts_with("disk-swap    upcoming  db, shop  2026-11-18 00:00 to 00:30"));
    // Clocks have gone forward in the meantime; the local time is the same.
    let summer = parsed(&slo, &["list", "maintenance"], "2027-04-01T00:00:00Z");
    assert_eq!(summer["maintenance"][0]["nextOccurrence"]["start"], "2027-04-06T22:00:00.000Z");
}
