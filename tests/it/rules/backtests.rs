//! `slo backtest` against the reference, instant by instant, and its suggestions against all possible ones.

use std::time::Instant as Clock;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::budget::published::shared;
use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, instant, rfc3339};
use crate::reference::{difference, objectives};
use crate::world::World;
use crate::world::strategy::worlds;

/// A condition as an expression, and its value according to `status`.
type Told = (&'static str, fn(&Value) -> bool);

/// Conditions that floats evaluate without rounding.
const QUESTIONS: [Told; 5] = [
    ("isBreaching", |objective| objective["isBreaching"] == true),
    ("hasOpenDowntime && !isBreaching", |o| o["hasOpenDowntime"] == true && o["isBreaching"] == false),
    ("fastBurn || budgetTier == \"exhausted\"", |o| o["fastBurn"] == true || o["budgetTier"] == "exhausted"),
    ("state == \"at-risk\" || state == \"down\"", |o| o["state"] == "at-risk" || o["state"] == "down"),
    ("burnRates.1h > 0 && burnRates.5m == 0", |o| {
        let rate = |name: &str| o["burnRates"][name].as_f64();
        rate("1h").is_some_and(|rate| rate > 0.0) && rate("5m") == Some(0.0)
    }),
];

/// The answer of `slo backtest -o json`.
#[track_caller]
fn backtest(slo: &Slo, as_of: &str, args: &[&str]) -> Value {
    let all = [&["backtest", "-o", "json", "--as-of", as_of], args].concat();
    serde_json::from_str(&slo.pass(&all, b"")).unwrap()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().unwrap()
}

fn at(value: &Value) -> Ms {
    instant(value.as_str().unwrap())
}

/// Whether any firing of an objective covers an instant.
fn fires(answer: &Value, objective: &str, t: Ms) -> bool {
    let of = list(answer, "firings").iter().filter(|firing| firing["objectiveId"] == objective);
    of.into_iter().any(|firing| at(&firing["start"]) <= t && (firing["end"].is_null() || t < at(&firing["end"])))
}

/// What the reference says of an objective as of an instant, if its system had reported by then.
fn judged(world: &World, objective: &str, t: Ms) -> Option<Value> {
    let all = objectives(&world.clone().at(t));
    let found = all.into_iter().find(|found| found["objectiveId"] == objective).unwrap();
    (found["state"] != "no-data").then_some(found)
}

proptest! {
    #![proptest_config(one_in(8))]

    #[test]
    fn firings_are_the_moments_at_which_the_reference_agrees(
        world in worlds(), question in 0..QUESTIONS.len(), back in 1..60 * DAY, probes in vec(0.0..1.0_f64, 6),
    ) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let (expression, holds) = QUESTIONS[question];
        let until = world.as_of;
        let since = until - back;
        let answer = backtest(&slo, &world.as_of_text(), &["--when", expression, "--since", &rfc3339(since)]);
        for objective in &world.objectives {
            let name = objective.name.as_str();
            let says = |t: Ms| judged(&world, name, t).is_some_and(|judged| holds(&judged));
            let mut moments: Vec<Ms> = probes.iter().map(|part| since + (back as f64 * part) as Ms).collect();
            moments.extend([since, until]);
            moments.extend(world.facts.iter().flat_map(|fact| [fact.ts, fact.ts + 5 * MINUTE, fact.ts + HOUR]));
            moments.retain(|t| (since..=until).contains(t));
            moments.truncate(10);
            for t in moments {
                prop_assert_eq!(fires(&answer, name, t), says(t), "{} of {} at {}", expression, name, rfc3339(t));
            }
            let mut before = Ms::MIN;
            for firing in list(&answer, "firings").iter().filter(|firing| firing["objectiveId"] == name) {
                let start = at(&firing["start"]);
                prop_assert!(start > before && start <= until);
                prop_assert!(says(start), "{} of {} from {}", expression, name, rfc3339(start));
                prop_assert!(!says(start - 1), "{} of {} before {}", expression, name, rfc3339(start));
                let last = if firing["end"].is_null() { until } else { at(&firing["end"]) - 1 };
                prop_assert!(last >= since && says(last));
                prop_assert!(firing["end"].is_null() || !says(last + 1));
                prop_assert_eq!(firing["durationSeconds"].as_f64(), Some((if firing["end"].is_null() { until } else { last + 1 } - start) as f64 / 1000.0));
                for (field, t) in [("budgetRemainingPercentAtStart", start), ("budgetRemainingPercentAtEnd", (last + 1).min(until))] {
                    let expected = judged(&world, name, t).unwrap();
                    prop_assert_eq!(difference(field, &expected["budgetRemainingPercent"], &firing[field]), None);
                }
                before = last + 1;
            }
        }
    }
}

proptest! {
    /// The same facts in a backtest that ends earlier: later ones do not exist for it.
    #[test]
    fn an_earlier_end_is_an_earlier_as_of(world in worlds(), back in 1..40 * DAY) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let earlier = rfc3339(world.as_of - back);
        let args = ["--when", "burnRate > 1 || hasOpenDowntime", "--since", "30d"];
        let mut ended = backtest(&slo, &world.as_of_text(), &[&args[..], &["--until", &earlier]].concat());
        ended["asOf"] = json!(earlier);
        prop_assert_eq!(ended, backtest(&slo, &earlier, &args));
    }

    #[test]
    fn a_suggested_target_was_met_and_no_higher_one_was(world in worlds(), count in 1..4_u32) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let answer = backtest(&slo, &world.as_of_text(), &["--suggest", "target", "--windows", &count.to_string()]);
        for (objective, suggestion) in world.objectives.iter().zip(list(&answer, "suggestions")) {
            prop_assert_eq!(&suggestion["objectiveId"], &json!(objective.name));
            let windows = list(suggestion, "windows");
            prop_assert!(windows.len() <= count as usize);
            let Some(target) = suggestion["suggestedTarget"].as_f64() else { continue };
            let micro = (target * 1e6).round() as i128;
            let breaches = |micro: i128| {
                let mut world = world.clone();
                world.objectives.iter_mut().find(|other| other.name == objective.name).unwrap().target_micro = micro;
                // A calendar period is evaluated as of its last millisecond, with its full budget.
                windows.iter().filter(|window| {
                    let end = at(&window["end"]);
                    let rolling = matches!(objective.window, crate::world::Window::Rolling { .. });
                    let judged = judged(&world, &objective.name, if rolling { end } else { end - 1 });
                    judged.is_some_and(|judged| judged["isBreaching"] == true)
                }).count()
            };
            prop_assert_eq!(breaches(micro), 0, "{} meets {}", objective.name, target);
            // If the last millisecond is down, that evaluation does not include it yet.
            let whole = matches!(objective.window, crate::world::Window::Rolling { .. });
            prop_assert!(!whole || micro == 100_000_000 || breaches(micro + 1) > 0, "{} meets more than {}", objective.name, target);
        }
    }

    #[test]
    fn a_suggested_threshold_catches_all_and_no_higher_one_does(world in worlds(), grid in vec(0..2_000_000_000_u64, 4)) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let shape = |x: &str| format!("burnRates.1h > {x} && burnRates.30m > {x}");
        let args = ["--suggest", "threshold", "--when", &shape("1"), "--since", "60d", "-o", "json", "--as-of", &as_of];
        let output = slo.run(&[&["backtest"], &args[..]].concat(), b"");
        if output.code == 2 {
            prop_assert!(output.stderr.contains("no objective started to breach"), "{}", output.stderr);
            return Ok(());
        }
        let answer: Value = serde_json::from_str(&output.stdout).unwrap();
        let suggestion = &list(&answer, "suggestions")[0];
        let caught = |micro: u64| {
            let x = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
            let tested = backtest(&slo, &as_of, &["--when", &shape(&x), "--since", "60d"]);
            (tested["summary"]["detectedEvents"].as_u64().unwrap(), tested["summary"].clone())
        };
        let Some(threshold) = suggestion["threshold"].as_f64() else {
            prop_assert_eq!(caught(0).0, 0);
            return Ok(());
        };
        let micro = (threshold * 1e6).round() as u64;
        let (all, summary) = caught(micro);
        prop_assert_eq!(&suggestion["summary"], &summary);
        prop_assert_eq!(caught(0).0, all);
        prop_assert!(caught(micro + 1).0 < all);
        for other in grid {
            let (found, _) = caught(other);
            prop_assert!(found <= all && (other > micro || found == all) && (other <= micro || found < all));
        }
    }
}

/// Four years of GitHub's public incidents, with 99.9% over 30 days.
fn github() -> Option<Slo> {
    let feed = shared("github-incidents/transitions_all.jsonl")?;
    let manifest = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: github }\nspec:\n  \
                    systemRef: { kind: System, name: github }\n  target: 99.9\n  windowDays: 30\n";
    Some(Slo::with(&feed, manifest))
}

#[test]
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "how long it took is told with the test")]
fn every_firing_over_four_years_of_github_is_confirmed_as_of_its_start_and_its_end() {
    let Some(slo) = github() else { return };
    let as_of = "2026-08-15T12:00:00Z";
    let begun = Clock::now();
    let expression = "burnRates.1h > 14.4 && burnRates.5m > 14.4";
    let answer = backtest(&slo, as_of, &["--when", expression, "--since", "2022-01-01"]);
    let took = begun.elapsed();
    let firings = list(&answer, "firings");
    eprintln!("{} firings in {took:?}", firings.len());
    assert!(firings.len() > 300, "{}", firings.len());
    let over = |t: Ms| {
        let output = slo.run(&["check", "--when", expression, "--as-of", &rfc3339(t)], b"");
        assert!(output.code <= 1, "{}", output.stderr);
        output.code == 1
    };
    for firing in firings {
        let (start, end) = (at(&firing["start"]), at(&firing["end"]));
        assert!(over(start) && !over(start - 1), "{firing}");
        assert!(over(end - 1) && !over(end), "{firing}");
        assert!(firing["peaks"]["burnRates.1h"].as_f64().unwrap() > 14.4);
    }
    // The public incidents are the source of these outages.
    let path = slo.write("incidents.jsonl", &shared("github-incidents/incidents.jsonl").unwrap());
    let args = ["--when", "hasOpenDowntime", "--since", "2022-04-01", "--against", path.to_str().unwrap()];
    let against = backtest(&slo, as_of, &[&args[..], &["--impact", "major,critical"]].concat());
    let summary = &against["summary"];
    assert!(list(&against, "events").len() > 150, "{summary}");
    // Some ended at their start, and are no outage.
    let missed = list(&against, "events").iter().filter(|event| event["detectedAt"].is_null());
    assert!(missed.into_iter().all(|event| event["start"] == event["end"]), "{summary}");
    assert_eq!(summary["events"], json!(list(&against, "events").len()));
}

#[test]
fn incidents_are_matched_with_firings_and_bad_files_are_refused_line_by_line() {
    let manifest = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: web }\nspec:\n  \
                    systemRef: { kind: System, name: web }\n  target: 99\n  windowDays: 1\n";
    let feed = "ts,system,status\n2026-01-01,web,up\n2026-01-02T10:00:00Z,web,down\n2026-01-02T10:30:00Z,web,up\n\
                2026-01-03T10:00:00Z,web,down\n2026-01-03T10:10:00Z,web,up\n2026-01-04T20:00:00Z,web,down\n";
    let slo = Slo::with(feed, manifest);
    let incidents = "{\"id\":\"a\",\"start\":\"2026-01-02T09:55:00Z\",\"end\":\"2026-01-02T10:20:00Z\",\"impact\":\"major\"}\n\
                     {\"id\":\"b\",\"start\":\"2026-01-03T08:00:00Z\",\"end\":\"2026-01-03T08:00:00Z\",\"system\":\"web\"}\n\
                     {\"id\":\"c\",\"start\":\"2026-01-04T19:00:00Z\",\"objective\":\"web\",\"impact\":\"minor\"}\n\
                     {\"id\":\"d\",\"start\":\"2026-01-03T10:00:00Z\",\"objective\":\"other\"}\n";
    let path = slo.write("incidents.jsonl", incidents);
    let path = path.to_str().unwrap();
    let as_of = "2026-01-04T20:10:00Z";
    let args = ["--when", "hasOpenDowntime", "--since", "2026-01-01", "--against", path];
    let answer = backtest(&slo, as_of, &args);
    let seconds = |mean: f64, max: f64| json!({"mean": mean, "median": mean, "max": max});
    assert_eq!(
        answer["summary"],
        json!({
            "firings": 3, "usefulFirings": 2, "precision": 2.0 / 3.0,
            "events": 3, "detectedEvents": 2, "recall": 2.0 / 3.0,
            // Five minutes after the start of a, an hour after that of c.
            "detectionSeconds": seconds(1950.0, 3600.0), "leadSeconds": null,
            // a ended ten minutes before the alert did; c has not ended.
            "resetSeconds": seconds(600.0, 600.0),
            "firingMinutes": 50.0, "usefulMinutes": 40.0, "noiseMinutes": 10.0,
        })
    );
    let ends: Vec<&Value> = list(&answer, "firings").iter().map(|firing| &firing["end"]).collect();
    assert_eq!(ends, [&json!("2026-01-02T10:30:00.000Z"), &json!("2026-01-03T10:10:00.000Z"), &Value::Null]);
    let ids: Vec<&Value> = list(&answer, "events").iter().map(|event| &event["id"]).collect();
    assert_eq!(ids, [&json!("a"), &json!("b"), &json!("c")]);
    let graced = backtest(&slo, as_of, &[&args[..], &["--grace", "3h"]].concat());
    assert_eq!(graced["summary"]["recall"], json!(1.0));
    let major = backtest(&slo, as_of, &[&args[..], &["--impact", "major"]].concat());
    assert_eq!((&major["summary"]["events"], &major["summary"]["precision"]), (&json!(1), &json!(1.0 / 3.0)));
    // Of several impacts, one that does not occur is only noted.
    let two = [&["backtest", "--as-of", as_of, "-o", "json"][..], &args, &["--impact", "major,critical"]].concat();
    let output = slo.run(&two, b"");
    let told = format!("note: no incident of {path} has the impact \"critical\"; known: major, minor\n");
    assert!(output.code == 0 && output.stderr.contains(&told), "{}", output.stderr);
    let answer: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(answer["summary"], major["summary"]);
    // A firing that is listed but not counted is accounted for. A peak is shown if it is clear of what.
    let table =
        |when: &str| slo.pass(&["backtest", "--as-of", as_of, "--when", when, "--since", "2026-01-02T10:10:00Z"], b"");
    let burning = table("burnRates.5m > 14.4 && burnRates.1h > 1");
    assert!(burning.contains("PEAK") && burning.contains("1 firing began before and is not counted\n"), "{burning}");
    let mixed = table("budgetRemainingPercent < 1 || burnRates.5m > 14.4");
    assert!(!mixed.contains("PEAK") && mixed.contains("BUDGET LEFT"), "{mixed}");
    let nothing = backtest(&slo, as_of, &["--when", "burnRate > 999999", "--since", "1d"]);
    let summary = &nothing["summary"];
    assert_eq!((&summary["precision"], &summary["detectionSeconds"]), (&Value::Null, &Value::Null));
    let refused = |args: &[&str], expected: &str| {
        let output = slo.run(&[&["backtest", "--as-of", as_of], args].concat(), b"");
        assert_eq!(output.code, 2, "{args:?}: {}", output.stdout);
        assert!(output.stderr.contains(expected), "{args:?}: {}", output.stderr);
    };
    let bad = slo.write("bad.jsonl", "{\"start\":\"2026-01-02\"}\n{\"start\":\"later\"}\n{\"end\":1}\n");
    let bad = bad.to_str().unwrap();
    refused(&["--when", "isBreaching", "--against", bad], "line 2: ts \"later\" is not a time");
    refused(
        &["--when", "isBreaching", "--against", bad],
        "line 3: missing start (also called startTime, started_at, startedAt)",
    );
    refused(&["--when", "isBreaching", "--against", "nowhere.jsonl"], "--against nowhere.jsonl: cannot be read");
    refused(&["--when", "isBreaching", "--against", path, "--impact", "mayor"], "did you mean major?");
    refused(&["--when", "isBreaching", "--against", path, "--impact", "a,b"], "known: major, minor");
    refused(&["--when", "isBreaching", "--impact", "major"], "--impact works only with incidents");
    refused(&["--when", "isBreaching", "--feed", "pagerduty"], "--feed works only with incidents");
    refused(&["--when", "isBreaching", "--against", path, "--feed", "gatus"], "the feed gatus reads transitions, not");
    refused(&["--when", "isBreaching", "--against", path, "--feed", "pagerduti"], "did you mean pagerduty?");
    refused(&["--when", "isBreaching", "--since", "2026-02-01"], "is after as-of");
    refused(&["--when", "isBreaching", "--until", "2026-02-01"], "is after as-of");
    refused(&["--when", "isBreeching"], "isBreaching");
    refused(&["--when", "health.wep.status == \"unhealthy\""], "did you mean web?");
    refused(&["--when", "isBreaching", "-l", "team=none"], "nothing to test");
    refused(&["--suggest", "threshold", "--when", "burnRate > 1"], "does not compare burn rates");
    refused(&["--suggest", "target", "--when", "isBreaching"], "a target does not depend on a condition");
    refused(&["--suggest", "threshold", "--until", "2026-01-01T12:00:00Z"], "no objective started to breach");
    refused(&[], "--when");
}

/// The events that a backtest compares with: the id, objective or system, start and end of each incident.
fn events(slo: &Slo, args: &[&str]) -> Vec<[String; 3]> {
    let args = [&["--when", "hasOpenDowntime", "--since", "2026-01-01"], args].concat();
    let answer = backtest(slo, "2026-01-10T00:00:00Z", &args);
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or("-").replace(":00.000Z", "");
    list(&answer, "events").iter().map(|event| ["id", "start", "end"].map(|key| text(event, key))).collect()
}

#[test]
fn incidents_are_read_as_feeds_read_them_whatever_their_form() {
    let manifest = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: web }\nspec:\n  \
                    systemRef: { kind: System, name: web }\n  target: 99\n  windowDays: 1\n";
    let slo = Slo::with("ts,system,status\n2026-01-01,web,up\n", manifest);
    let expected = [["1", "2026-01-02T00:00", "2026-01-02T01:00"], ["2", "2026-01-03T00:00", "-"]];
    let read = |file: &str, text: &str, feed: &[&str]| {
        let path = slo.write(file, text);
        let found = events(&slo, &[&["--against", path.to_str().unwrap()], feed].concat());
        assert_eq!(found, expected, "{file}");
    };
    let (a, b) = ("2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z");
    let records = [
        format!("{{\"id\":1,\"service\":\"web\",\"startTime\":\"{a}\",\"endTime\":\"{b}\"}}"),
        "{\"id\":\"2\",\"objective\":\"web\",\"start\":\"2026-01-03\",\"impact\":\"catastrophe\"}".to_owned(),
    ];
    read("lines.jsonl", &records.join("\n"), &[]);
    read("one.jsonl", &format!("{}\n\n{}\n", records[0], records[1]), &["--feed", "incidents"]);
    read("list.json", &format!("[{}]", records.join(",\n")), &[]);
    read("object.json", &format!("{{\n\"incidents\": [{}]}}", records.join(",")), &[]);
    read(
        "list.yaml",
        &format!("- {{id: 1, system: web, start: {a}, end: {b}}}\n- id: 2\n  start: 2026-01-03\n  end:\n"),
        &[],
    );
    read("table.csv", &format!("id;start;end;objective\n1;{a};{b};\n2;2026-01-03;;web\n"), &[]);
    let pagerduty = |id: &str, ended: &str| {
        format!(
            "{{\"id\":\"{id}\",\"created_at\":\"{a}\",\"status\":\"x\",\"resolved_at\":{ended},\"service\":{{\"summary\":\"web\"}}}}"
        )
    };
    let second = pagerduty("2", "null").replace(a, "2026-01-03T00:00:00Z");
    let text = format!("{{\"incidents\":[{},{second}]}}", pagerduty("1", &format!("\"{b}\"")));
    read("pagerduty.json", &text, &["--feed", "pagerduty"]);
    // Without the feed, it is refused, and the feed that reads it is named.
    let path = slo.write("pagerduty.json", &text);
    let args = ["backtest", "--when", "isBreaching", "--against", path.to_str().unwrap()];
    let refused = slo.run(&args, b"");
    assert_eq!(refused.code, 2, "{}", refused.stdout);
    assert!(refused.stderr.contains("--feed pagerduty"), "{}", refused.stderr);
    // One record per change.
    let update = |at: &str, status: &str| {
        format!(
            "{{\"display_at\":\"{at}\",\"affected_components\":[{{\"name\":\"web\",\"new_status\":\"{status}\"}}]}}"
        )
    };
    let incident = |id: &str, updates: &str| {
        format!("{{\"id\":\"{id}\",\"resolved_at\":null,\"components\":[],\"incident_updates\":[{updates}]}}")
    };
    let first =
        [update(b, "operational"), update("2026-01-02T00:30:00Z", "degraded_performance"), update(a, "major_outage")];
    let text = format!(
        "{{\"incidents\":[{},{}]}}",
        incident("1", &first.join(",")),
        incident("2", &update("2026-01-03T00:00:00Z", "partial_outage"))
    );
    read("page.json", &text, &["--feed", "statuspage"]);
}

#[test]
fn an_incident_that_several_records_tell_of_counts_once_and_is_followed() {
    let manifest = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: web }\nspec:\n  \
                    systemRef: { kind: System, name: web }\n  target: 99\n  windowDays: 1\n";
    let slo = Slo::with("ts,system,status\n2026-01-01,web,up\n", manifest);
    let record = |end: &str, updated: &str| {
        let time = |time: &str| if time == "-" { String::new() } else { format!("2026-01-02T{time}:00Z") };
        format!("1,web,{},{},{}\n", time("10:00"), time(end), time(updated))
    };
    for (records, expected) in [
        (vec![record("11:00", "11:00")], vec![("10:00", "11:00")]),
        // The end was changed, with the records in any order.
        (vec![record("-", "10:05"), record("11:00", "11:00"), record("12:00", "12:00")], vec![("10:00", "12:00")]),
        (vec![record("12:00", "12:00"), record("-", "10:05"), record("11:00", "11:00")], vec![("10:00", "12:00")]),
        // It was reopened.
        (vec![record("11:00", "11:00"), record("-", "11:30")], vec![("10:00", "-")]),
        (vec![record("10:00", "-"), record("10:00", "-")], vec![("10:00", "10:00")]),
    ] {
        let text = format!("id,system,start,end,updated\n{}2,web,2026-01-03,2026-01-03,\n", records.concat());
        let path = slo.write("incidents.csv", &text);
        let found = events(&slo, &["--against", path.to_str().unwrap()]);
        let day = |time: &str| if time == "-" { time.to_owned() } else { format!("2026-01-02T{time}") };
        let mut wanted: Vec<[String; 3]> =
            expected.iter().map(|(start, end)| ["1".to_owned(), day(start), day(end)]).collect();
        wanted.push(["2", "2026-01-03T00:00", "2026-01-03T00:00"].map(str::to_owned));
        assert_eq!(found, wanted, "{text}");
    }
}
