//! The weekly digest: it matches status, downtime and achievements at both ends of the week.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{
    DAY, HOUR, MINUTE, Ms, WEEK, civil_from_days, days_from_civil, instant, rfc3339, weekday,
};
use crate::reference::downtime::{outages, weighed};
use crate::reference::model::Attribution;
use crate::reference::{at_close, difference, objectives};
use crate::world::strategy::worlds;
use crate::world::{Fact, Objective, Status, Window, World};

/// The Monday at or before an instant.
fn monday(at: Ms) -> Ms {
    let day = at.div_euclid(DAY);
    (day - weekday(day)) * DAY
}

/// `2026-W47`: the year is that of the week's Thursday, and the number counts Thursdays.
fn name_of(monday: Ms) -> String {
    let thursday = monday.div_euclid(DAY) + 3;
    let (year, _, _) = civil_from_days(thursday);
    format!("{year:04}-W{:02}", (thursday - days_from_civil(year, 1, 1)) / 7 + 1)
}

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&slo.pass(args, b"")).unwrap()
}

/// Downtime within `[since, until)`, by definition: for each cause, the time in which any objective was down because of
/// it. Objectives that were down because of one cause at the same time, or directly after each other, had one outage.
fn downtime_within(world: &World, since: Ms, until: Ms) -> Value {
    let world = world.at(until);
    let mut seen: BTreeMap<String, Vec<(Ms, Ms, usize, i128)>> = BTreeMap::new();
    let found = outages(&world, since, until);
    let mut own: BTreeSet<String> = BTreeSet::new();
    let mut names: BTreeSet<(String, String)> = BTreeSet::new();
    let mut incidents: Vec<BTreeSet<usize>> = Vec::new();
    for (index, (objective, outage)) in found.iter().enumerate() {
        for event in &outage.events {
            let (start, end) = (event.start.max(since), event.end.unwrap_or(until).min(until));
            if end <= start {
                continue;
            }
            let cause = match &event.attribution {
                Attribution::Own => {
                    own.insert(objective.system.clone());
                    objective.system.clone()
                }
                Attribution::Upstream(system) => system.clone(),
            };
            names.insert((cause.clone(), objective.name.clone()));
            seen.entry(cause).or_default().push((start, end, index, event.weight));
            incidents.push(BTreeSet::from([index]));
        }
    }
    let mut parts = Vec::new();
    for (cause, mut spans) in seen {
        spans.sort_unstable();
        let weights: Vec<(Ms, Ms, i128)> =
            spans.iter().map(|(start, end, _, weight)| (*start, *end, *weight)).collect();
        let touching = |a: &(Ms, Ms, usize, i128), b: &(Ms, Ms, usize, i128)| a.0 <= b.1 && b.0 <= a.1;
        for (index, one) in spans.iter().enumerate() {
            let also = spans[index..].iter().filter(|other| touching(one, other));
            incidents.push(also.map(|(_, _, outage, _)| *outage).collect());
        }
        parts.push((weighed(&weights), cause));
    }
    // Sets with a common element are one outage.
    let mut merged: Vec<BTreeSet<usize>> = Vec::new();
    for mut set in incidents {
        let (common, others): (Vec<_>, Vec<_>) = merged.into_iter().partition(|known| !known.is_disjoint(&set));
        set.extend(common.into_iter().flatten());
        merged = others;
        merged.push(set);
    }
    let minutes = |micros: i128| micros as f64 / (MINUTE * 1000) as f64;
    let total: i128 = parts.iter().map(|(micros, _)| micros).sum();
    parts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let attribution: Vec<Value> = parts
        .into_iter()
        .map(|(micros, cause)| {
            let kind = if own.contains(&cause) { "self" } else { "upstream" };
            let objectives = names.iter().filter(|(of, _)| *of == cause).count();
            json!({ "sourceType": kind, "systemId": cause, "objectives": objectives, "minutes": minutes(micros) })
        })
        .collect();
    json!({ "minutes": minutes(total), "outages": merged.len(), "attribution": attribution })
}

/// The objectives that are down, in any state, in the order of `status`.
fn down(rows: &[Value]) -> Vec<Value> {
    let down = rows.iter().filter(|row| !row["downSince"].is_null());
    let fields = ["objectiveId", "systemId", "state", "downSince"];
    down.map(|row| fields.iter().map(|field| ((*field).to_owned(), row[*field].clone())).collect()).collect()
}

/// Every objective at the close of the week that ends with a Monday's midnight in UTC, in its own zone; as of `as-of`
/// if it is not over.
fn at_the_end(world: &World, monday: Ms) -> Vec<Value> {
    let row = |objective: &Objective| {
        let close = objective.zone().start_of(monday / DAY);
        if close <= world.as_of {
            return at_close(&world.at(close), objective);
        }
        objectives(world).into_iter().find(|row| row["objectiveId"] == objective.name).unwrap()
    };
    let mut rows: Vec<Value> = world.objectives.iter().map(row).collect();
    // Worst first, as `slo status` lists them.
    rows.sort_by(|a, b| {
        let left = |row: &Value| row["budgetRemainingPercent"].as_f64().unwrap();
        let state = state_rank(&a["state"]).cmp(&state_rank(&b["state"]));
        state
            .then(left(a).total_cmp(&left(b)))
            .then_with(|| a["objectiveId"].to_string().cmp(&b["objectiveId"].to_string()))
    });
    rows
}

fn state_rank(state: &Value) -> usize {
    ["no-data", "breaching", "down", "at-risk", "healthy"].iter().position(|name| state == name).unwrap()
}

/// The expected digest of the week that begins on a Monday.
fn expected(slo: &Slo, world: &World, monday: Ms) -> Value {
    let until = (monday + WEEK).min(world.as_of);
    let (now, before) = (at_the_end(world, monday + WEEK), at_the_end(world, monday));
    let count = |rows: &[Value], state: &str| rows.iter().filter(|row| row["state"] == state).count();
    let mut changes = Vec::new();
    for row in &now {
        let was = before.iter().find(|was| was["objectiveId"] == row["objectiveId"]).unwrap();
        if was["state"] != row["state"] {
            changes.push(json!({
                "objectiveId": row["objectiveId"], "systemId": row["systemId"],
                "previous": was["state"], "next": row["state"],
            }));
        }
    }
    changes.sort_by_key(|row| (state_rank(&row["next"]), state_rank(&row["previous"]), row["objectiveId"].to_string()));
    let achieved = |at: Ms| {
        let answer = parsed(slo, &["achievements", "--as-of", &rfc3339(at), "-o", "json"]);
        answer["achievements"].as_array().unwrap().clone()
    };
    let had = achieved(monday);
    let mut unlocked: Vec<Value> = achieved(until).into_iter().filter(|row| !had.contains(row)).collect();
    unlocked.sort_by_key(|row| (row["unlockedAt"].to_string(), row["systemId"].to_string()));
    json!({
        "schemaVersion": 1,
        "asOf": rfc3339(until),
        "week": name_of(monday),
        "start": rfc3339(monday),
        "end": rfc3339(monday + WEEK),
        "complete": until == monday + WEEK,
        "totalObjectives": now.len(),
        "breachingCount": count(&now, "breaching"),
        "atRiskCount": count(&now, "at-risk"),
        "healthyCount": count(&now, "healthy"),
        "downCount": count(&now, "down"),
        "noDataCount": count(&now, "no-data"),
        "down": down(&now),
        "downtime": downtime_within(world, monday, until),
        "achievements": unlocked,
        "changes": changes,
        "previous": {
            "week": name_of(monday - WEEK),
            "breachingCount": count(&before, "breaching"),
            "atRiskCount": count(&before, "at-risk"),
            "healthyCount": count(&before, "healthy"),
            "downCount": count(&before, "down"),
            "noDataCount": count(&before, "no-data"),
            "downtime": downtime_within(world, monday - WEEK, monday),
        },
    })
}

/// The first difference between a digest and the expected one. Best and worst are compared by their order, because
/// printed floats may be equal although the exact values are not.
fn disagreement(slo: &Slo, world: &World, monday: Ms, mut digest: Value) -> Option<String> {
    let status = at_the_end(world, monday + WEEK);
    let seen = status.iter().filter(|row| row["state"] != "no-data").count();
    let mut named = BTreeSet::new();
    for (list, field, sign) in
        [("topPerformers", "currentAvailability", -1.0), ("worstPerformers", "budgetRemainingPercent", 1.0)]
    {
        let rows = match digest.as_object_mut()?.remove(list) {
            Some(Value::Array(rows)) => rows,
            other => return Some(format!("{list} is {other:?}")),
        };
        let expected = if list == "worstPerformers" { (seen / 2).min(3) } else { seen.div_ceil(2).min(3) };
        if rows.len() != expected {
            return Some(format!("{list} has {} entries of {seen}", rows.len()));
        }
        if let Some(twice) = rows.iter().find(|row| !named.insert(row["objectiveId"].to_string())) {
            return Some(format!("{twice} is both among the best and the worst"));
        }
        let mut last = f64::NEG_INFINITY;
        for row in rows {
            let of = status.iter().find(|of| of["objectiveId"] == row["objectiveId"])?;
            let mut wanted = json!({
                "objectiveId": of["objectiveId"], "systemId": of["systemId"], "availability": of["currentAvailability"],
            });
            match list {
                "topPerformers" => wanted["streakDays"] = of["currentStreak"].clone(),
                _ => wanted["budgetRemainingPercent"] = of["budgetRemainingPercent"].clone(),
            }
            if difference("row", &wanted, &row).is_some() {
                return Some(format!("{list} has {row}, expected {wanted}"));
            }
            // No availability at all comes last.
            let value = of[field].as_f64().map_or(f64::INFINITY, |value| value * sign);
            if value < last - 1e-12 {
                return Some(format!("{list} is out of order at {row}"));
            }
            last = value;
        }
    }
    difference("digest", &expected(slo, world, monday), &digest)
}

proptest! {
    #![proptest_config(one_in(8))]

    #[test]
    fn a_digest_says_what_the_ends_of_its_week_say(world in worlds(), back in 0..60_i64) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let this = monday(world.as_of - 1);
        let then = this - back * WEEK;
        for (monday, args) in [
            (this, vec!["digest"]),
            (this - WEEK, vec!["digest", "--week", "last"]),
            (then, vec!["digest", "--week", &name_of(then)]),
        ] {
            let digest = parsed(&slo, &[&args[..], &["--as-of", &as_of, "-o", "json"]].concat());
            prop_assert_eq!(disagreement(&slo, &world, monday, digest), None, "{:?}", args);
        }
        // A week that is over in every zone never changes any more.
        let ends = world.objectives.iter().map(|objective| objective.zone().start_of(then / DAY + 7));
        let end = ends.chain([then + WEEK]).max().unwrap();
        if end <= world.as_of {
            let week = name_of(then);
            let later = slo.pass(&["digest", "--week", &week, "--as-of", &as_of, "-o", "html"], b"");
            let then = slo.pass(&["digest", "--week", &week, "--as-of", &rfc3339(end), "-o", "html"], b"");
            prop_assert_eq!(then, later);
        }
    }
}

#[test]
fn three_are_named_and_ties_go_by_what_was_spent_and_by_name() {
    let begun = instant("2026-03-02T00:00:00Z");
    let names = ["e", "d", "c", "b", "a"];
    let mut world = World::new(begun + 21 * DAY, &names);
    for (index, name) in names.iter().enumerate() {
        world.objectives.push(Objective::new(name, name, 99_900_000, Window::Rolling { days: 7 }));
        world.facts.push(Fact::new(begun, name, Status::Healthy));
        // e: none; d: none; c: 20 minutes; b and a: an hour, which is more than the full budget of ten minutes.
        let lasted = [0, 0, 20 * MINUTE, HOUR, HOUR][index];
        if lasted > 0 {
            world.facts.push(Fact::new(begun + 16 * DAY, name, Status::Unhealthy));
            world.facts.push(Fact::new(begun + 16 * DAY + lasted, name, Status::Healthy));
        }
    }
    let slo = Slo::with(&world.feed(), &world.manifests());
    let digest = parsed(&slo, &["digest", "--as-of", &world.as_of_text(), "-o", "json"]);
    assert_eq!((digest["week"].as_str(), digest["complete"].as_bool()), (Some("2026-W12"), Some(true)));
    let named = |list: &str| -> Vec<String> {
        digest[list].as_array().unwrap().iter().map(|row| row["objectiveId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(named("topPerformers"), ["d", "e", "c"]);
    // c would be the third worst, but of five objectives, three are the best.
    assert_eq!(named("worstPerformers"), ["a", "b"]);
    assert_eq!((&digest["breachingCount"], &digest["previous"]["breachingCount"]), (&json!(3), &json!(0)));
    assert_eq!(digest["downtime"]["minutes"], json!(140.0));
    assert_eq!(digest["downtime"]["outages"], json!(3));
}

#[test]
fn weeks_that_are_none_or_to_come_are_refused() {
    let slo = Slo::new();
    slo.ingest("{\"ts\":\"2026-10-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n");
    for (week, told) in [("2026-W54", "invalid week"), ("next", "invalid week"), ("2026-W41", "has not begun")] {
        let output = slo.run(&["digest", "--week", week, "--as-of", "2026-10-05T00:00:00Z"], b"");
        assert_eq!(output.code, 2, "{week}");
        assert!(output.stderr.contains(told) && output.stderr.contains("help: "), "{}", output.stderr);
    }
    let output = slo.run(&["status", "-o", "html"], b"");
    assert_eq!((output.code, output.stdout.as_str()), (2, ""));
    assert!(output.stderr.contains("only for `slo digest` and `slo report`"), "{}", output.stderr);
}
