//! The views of days and events: each equals the reference, or `status` as of the same time.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{DAY, Ms, instant, rfc3339};
use crate::reference::downtime::{by_cause, by_day, downtime, events, outages, parts_by, totals, totals_by};
use crate::reference::model::Model;
use crate::reference::{at_close, difference};
use crate::world::Window;
use crate::world::strategy::worlds;

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&slo.pass(args, b"")).unwrap()
}

fn objective_at(slo: &Slo, name: &str, at: Ms) -> Value {
    parsed(slo, &["status", name, "--as-of", &rfc3339(at), "-o", "json"])["objectives"][0].clone()
}

proptest! {
    #![proptest_config(one_in(2))]

    #[test]
    fn downtime_equals_the_reference(world in worlds(), edges in any::<(Index, Index)>(), shifts in (-1..=1_i64, -1..=1_i64)) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let args = ["downtime", "--since", "2000-01-01", "--as-of", &as_of, "-o", "json"];
        let printed = parsed(&slo, &args);
        let all = outages(&world, Ms::MIN, Ms::MAX);
        let expected = Value::Array(downtime(&world));
        prop_assert_eq!(difference("events", &expected, &printed["events"]), None);
        prop_assert_eq!(difference("totals", &totals(&world, &all), &printed["totals"]), None);
        // Open events are those without an end.
        let open = parsed(&slo, &["downtime", "--open", "--since", "2000-01-01", "--as-of", &as_of, "-o", "json"]);
        let unfinished: Vec<&Value> =
            printed["events"].as_array().unwrap().iter().filter(|event| event["endTime"].is_null()).collect();
        prop_assert_eq!(open["events"].as_array().unwrap().iter().collect::<Vec<_>>(), unfinished);
        // A narrower range, between times at which outages begin or end, lists the events that overlap it, in full.
        let mut moments: Vec<Ms> = all.iter().flat_map(|(_, outage)| [Some(outage.start), outage.end]).flatten().collect();
        let inner = all.iter().flat_map(|(_, outage)| &outage.events).flat_map(|event| [Some(event.start), event.end]);
        moments.extend(inner.flatten().chain([world.as_of - 3 * DAY, world.as_of]));
        let at = |edge: &Index, shift: Ms| (*edge.get(&moments) + shift).clamp(0, world.as_of);
        let (one, other) = (at(&edges.0, shifts.0), at(&edges.1, shifts.1));
        let (since, until) = (one.min(other), one.max(other));
        let within = outages(&world, since, until);
        let (from, to) = (rfc3339(since), rfc3339(until));
        let ask = |more: &[&str]| {
            parsed(&slo, &[&["downtime", "--since", &from, "--until", &to, "--as-of", &as_of, "-o", "json"], more].concat())
        };
        let printed = ask(&[]);
        let expected = Value::Array(events(&world, &within));
        prop_assert_eq!(difference("events", &expected, &printed["events"]), None, "{} {}", from, to);
        prop_assert_eq!(difference("totals", &totals(&world, &within), &printed["totals"]), None, "{} {}", from, to);
        let groups = [
            ("objective", totals_by(&world, &within, |objective| objective.name.clone())),
            ("system", totals_by(&world, &within, |objective| objective.system.clone())),
            ("upstream", parts_by(&within, |_, event| by_cause(&world, event))),
            ("day", parts_by(&within, |objective, event| by_day(&world, (since, until), objective, event))),
        ];
        for (by, expected) in groups {
            let printed = ask(&["--by", by]);
            let expected = expected.into_iter().map(|(key, mut totals)| {
                totals["key"] = key.into();
                totals
            });
            let expected = Value::Array(expected.collect());
            prop_assert_eq!(difference(by, &expected, &printed["groups"]), None, "{} {}", from, to);
        }
    }

    #[test]
    fn every_snapshot_is_the_objective_at_the_close_of_its_day(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        for objective in &world.objectives {
            let args = ["trend", &objective.name, "--days", "5", "--as-of", &as_of, "-o", "json"];
            let first = Model::new(&world, world.as_of).first_transition(&objective.system).unwrap_or(world.as_of);
            let (zone, today) = (objective.zone(), objective.zone().date(world.as_of));
            let mut dates = ((today - 5).max(zone.date(first))..today).rev().map(|date| rfc3339(date * DAY)[..10].to_owned());
            for snapshot in parsed(&slo, &args)["snapshots"].as_array().unwrap().iter().rev() {
                let date = snapshot["date"].as_str().unwrap();
                prop_assert_eq!(dates.next(), Some(date.to_owned()));
                let close = zone.start_of(instant(&format!("{date}T00:00:00Z")) / DAY + 1);
                let status = at_close(&world.at(close), objective);
                // As of its midnight, `status` says the same, except for a period that ends there.
                if matches!(objective.window, Window::Rolling { .. }) {
                    prop_assert_eq!(difference("at close", &status, &objective_at(&slo, &objective.name, close)), None);
                }
                let expected = json!({
                    "objectiveId": status["objectiveId"],
                    "date": date,
                    "availabilityPercent": status["currentAvailability"],
                    "budgetConsumedMinutes": status["errorBudgetConsumedMinutes"],
                    "budgetRemainingPercent": status["budgetRemainingPercent"],
                    "burnRate": status["burnRate"],
                    "streakDays": status["currentStreak"],
                });
                prop_assert_eq!(difference("snapshot", &expected, snapshot), None);
            }
            prop_assert_eq!(dates.next(), None);
        }
    }

    #[test]
    fn streaks_are_those_of_status(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let fields = [
            "objectiveId",
            "systemId",
            "currentStreak",
            "bestStreak",
            "streakStart",
            "bestStreakEnd",
            "lostStreak",
        ];
        let of = |row: &Value| fields.map(|field| row[field].clone());
        let by_name = |rows: &Value| {
            let mut rows: Vec<_> = rows.as_array().unwrap().iter().map(of).collect();
            rows.sort_by_key(|row| row[0].to_string());
            rows
        };
        let streaks = parsed(&slo, &["streaks", "--as-of", &as_of, "-o", "json"]);
        let status = parsed(&slo, &["status", "--as-of", &as_of, "-o", "json"]);
        prop_assert_eq!(by_name(&streaks["streaks"]), by_name(&status["objectives"]));
    }
}

#[test]
fn history_tells_who_brought_what_and_what_it_led_to() {
    let slo = Slo::new();
    slo.ingest(
        "{\"ts\":\"2026-10-01T00:00:00Z\",\"system\":\"shop\",\"check\":\"http\",\"status\":\"up\"}\n\
         {\"ts\":\"2026-10-01T02:00:00Z\",\"system\":\"shop\",\"source\":\"incident\",\"status\":\"down\",\"note\":\"deploy\"}\n",
    );
    slo.ingest("{\"ts\":\"2026-10-01T01:00:00Z\",\"system\":\"shop\",\"check\":\"http\",\"status\":\"degraded\"}\n");
    let history = parsed(&slo, &["history", "shop", "--as-of", "2026-10-02T00:00:00Z", "-o", "json"]);
    let rows: Vec<_> = history["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |field: &str| row[field].as_str().unwrap_or("-").to_owned();
            (text("status"), text("effectiveStatus"), text("note"), row["ingestId"].as_i64().unwrap())
        })
        .collect();
    let expected =
        [("healthy", "healthy", "-", 1), ("degraded", "degraded", "-", 2), ("unhealthy", "unhealthy", "deploy", 1)];
    let expected = expected
        .map(|(status, effective, note, ingest)| (status.to_owned(), effective.to_owned(), note.to_owned(), ingest));
    assert_eq!(rows, expected);
}

#[test]
fn repeats_do_not_drown_changes() {
    let slo = Slo::new();
    let probe = |check: &str, minute: i64, status: &str| {
        let ts = rfc3339(instant("2026-10-01T00:00:00Z") + minute * 60_000);
        format!("{{\"ts\":\"{ts}\",\"system\":\"shop\",\"check\":\"{check}\",\"status\":\"{status}\"}}\n")
    };
    let mut feed: String = (0..30).map(|minute| probe("http", minute, "up") + &probe("ping", minute, "up")).collect();
    feed += &probe("http", 30, "down");
    feed += &probe("http", 31, "down");
    feed += "{\"ts\":\"2026-10-01T00:32:00Z\",\"system\":\"shop\",\"check\":\"http\",\"status\":\"down\",\"note\":\"seen\"}\n";
    feed += &probe("http", 33, "up");
    slo.ingest(&feed);
    let rows = |args: &[&str]| {
        let text = slo.pass(&[&["history", "shop", "--as-of", "2026-10-02T00:00:00Z"], args].concat(), b"");
        let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        text.lines().skip(1).take_while(|line| !line.is_empty()).map(cells).collect::<Vec<_>>()
    };
    let folded: Vec<String> =
        rows(&[]).iter().map(|row| [&row[1], &row[2], &row[3], &row[5]].map(String::as_str).join(" ")).collect();
    let expected = [
        "00:00:00 http healthy 30",
        "00:00:00 ping healthy 30",
        "00:30:00 http unhealthy 2",
        "00:32:00 http unhealthy 1",
        "00:33:00 http healthy 1",
    ];
    assert_eq!(folded, expected);
    assert_eq!(rows(&["--all"]).len(), 64);
    let json = parsed(&slo, &["history", "shop", "--as-of", "2026-10-02T00:00:00Z", "-o", "json"]);
    assert_eq!(json["transitions"].as_array().unwrap().len(), 64);
}

#[test]
fn outages_are_counted_whole_however_the_blame_moves() {
    let slo = Slo::with(
        "{\"ts\":\"2026-10-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n\
         {\"ts\":\"2026-10-02T10:00:00Z\",\"system\":\"shop\",\"status\":\"down\"}\n\
         {\"ts\":\"2026-10-02T10:05:00Z\",\"system\":\"db\",\"status\":\"down\"}\n\
         {\"ts\":\"2026-10-02T10:20:00Z\",\"system\":\"db\",\"status\":\"up\"}\n\
         {\"ts\":\"2026-10-02T10:30:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n",
        "apiVersion: slo/v1\nkind: System\nmetadata: { name: shop }\nspec:\n  dependencies:\n    - targetRef: { kind: System, name: db }\n\
         ---\napiVersion: slo/v1\nkind: SLO\nmetadata: { name: shop }\nspec: { systemRef: { kind: System, name: shop }, target: 99, windowDays: 7 }\n",
    );
    let downtime = parsed(&slo, &["downtime", "--as-of", "2026-10-03T00:00:00Z", "-o", "json"]);
    let expected = json!({
        "count": 3, "outages": 1, "open": 0, "totalSeconds": 1800, "longestSeconds": 1800, "mttrSeconds": 1800,
    });
    assert_eq!(downtime["totals"], expected);
    // Only a part of the window has data: the default verdict passes, one on coverage does not.
    let at = ["--as-of", "2026-10-03T00:00:00Z"];
    assert_eq!(slo.run(&[&["check", "--min-coverage", "20"][..], &at].concat(), b"").code, 0);
    let output = slo.run(&[&["check", "--min-coverage", "95", "-o", "json"][..], &at].concat(), b"");
    let verdict: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((output.code, verdict["results"][1]["expression"].as_str()), (1, Some("coveragePercent < 95")));
}

#[test]
fn manifests_that_cannot_do_what_they_promise_are_told() {
    let slo = Slo::new();
    slo.ingest("{\"ts\":\"2026-10-01T00:00:00Z\",\"system\":\"shop\",\"source\":\"incident\",\"status\":\"down\"}\n");
    let manifests = slo.write_manifests(
        "apiVersion: slo/v1\nkind: System\nmetadata: { name: shop }\nspec: { staleAfter: 15m }\n\
         ---\napiVersion: slo/v1\nkind: MaintenanceWindow\nmetadata: { name: work }\nspec:\n  systemRefs: [{ kind: System, name: shop }]\n  \
         start: 2026-10-01T00:00:00Z\n  duration: 1h\n",
    );
    let output = slo.run(&["apply", manifests.to_str().unwrap()], b"");
    assert_eq!(output.code, 0);
    // Silence does not end an incident, so the system needs no warning.
    assert!(!output.stderr.contains("staleAfter"), "{}", output.stderr);
    assert!(output.stderr.contains("maintenance window work excuses nothing"), "{}", output.stderr);
}
