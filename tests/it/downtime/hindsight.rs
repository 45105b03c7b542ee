//! Hindsight: outages that are too short to count at first, and upstreams that are seen to fail late.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::harness::Slo;
use crate::reference::calendar::{Ms, SECOND, instant, rfc3339};
use crate::world::World;
use crate::world::strategy::worlds;

/// `ts system status`, one per line.
fn feed(lines: &[String]) -> String {
    let line = |line: &String| {
        let [ts, system, status] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        format!("{{\"ts\":\"{ts}\",\"system\":\"{system}\",\"status\":\"{status}\"}}\n")
    };
    lines.iter().map(line).collect()
}

fn objective(spec: &str) -> String {
    format!(
        "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: shop }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, {spec} }}\n\
         ---\napiVersion: slo/v1\nkind: System\nmetadata: {{ name: shop }}\nspec: {{ dependencies: [{{ targetRef: {{ kind: System, name: db }} }}] }}\n\
         ---\napiVersion: slo/v1\nkind: System\nmetadata: {{ name: db }}\nspec: {{}}\n"
    )
}

/// The shop, up since 1 October, with outages of this many seconds from these times on.
fn outages(of: &[(&str, i64)]) -> Vec<String> {
    let mut lines = vec!["2026-10-01T00:00:00Z shop up".to_owned()];
    for (start, seconds) in of {
        lines.push(format!("{start} shop down"));
        lines.push(format!("{} shop up", rfc3339(instant(start) + seconds * SECOND)));
    }
    lines
}

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    serde_json::from_str(&slo.run(args, b"").stdout).unwrap()
}

/// Some fields of the shop as of `as_of`.
fn fields<const N: usize>(slo: &Slo, as_of: Ms, names: [&str; N]) -> [Value; N] {
    let row = slo.objectives(&rfc3339(as_of)).remove(0);
    names.map(|name| row[name].clone())
}

#[test]
fn an_outage_counts_from_its_start_once_it_has_lasted_for_the_minimum() {
    let start = instant("2026-10-20T10:00:00Z");
    for lasts in [59, 60, 61] {
        let facts = outages(&[("2026-10-20T10:00:00Z", lasts)]);
        let slo = Slo::with(&feed(&facts), &objective("target: 99.9, windowDays: 30, minimumOutage: 60s"));
        let names = ["errorBudgetConsumedMinutes", "tooShortMinutes", "hasOpenDowntime", "downSince"];
        for (age, millis) in (0..=62).map(|age| (age, 0)).chain([(59, 999), (60, 1), (3600, 0)]) {
            let past = (age * SECOND + millis).min(lasts * SECOND);
            let counts = past >= 60 * SECOND;
            let open = counts && age * SECOND + millis < lasts * SECOND;
            let minutes = |counts: bool| json!(if counts { past as f64 / 60_000.0 } else { 0.0 });
            let since = if open { json!("2026-10-20T10:00:00.000Z") } else { Value::Null };
            let expected = [minutes(counts), minutes(!counts), json!(open), since];
            assert_eq!(
                fields(&slo, start + age * SECOND + millis, names),
                expected,
                "{lasts} after {age} s and {millis} ms"
            );
        }
        let downtime = parsed(&slo, &["downtime", "--as-of", "2026-10-21T00:00:00Z", "-o", "json"]);
        let expected = if lasts < 60 { (0, 0) } else { (1, lasts) };
        assert_eq!(
            (&downtime["totals"]["outages"], &downtime["totals"]["totalSeconds"]),
            (&json!(expected.0), &json!(expected.1))
        );
    }
}

#[test]
fn a_day_closes_as_of_its_midnight_and_holds_what_is_known_later() {
    // Two minutes, starting half a minute before midnight.
    let facts = outages(&[("2026-10-20T23:59:30Z", 120)]);
    let spec = "target: 99.99, window: { calendar: day }, minimumOutage: 60s";
    let slo = Slo::with(&feed(&facts), &objective(spec));
    slo.pass(&["compute", "--as-of", "2026-10-23T00:00:00Z"], b"");
    slo.pass(&["db", "verify"], b"");
    let trend = parsed(&slo, &["trend", "shop", "--days", "3", "--as-of", "2026-10-23T00:00:00Z", "-o", "json"]);
    let consumed: Vec<_> =
        trend["snapshots"].as_array().unwrap().iter().map(|day| day["budgetConsumedMinutes"].clone()).collect();
    // At the close of the first day, nothing counted; the second has the part in it.
    assert_eq!(consumed, [json!(0.0), json!(1.5), json!(0.0)]);
    let names = ["errorBudgetConsumedMinutes", "state"];
    for (as_of, minutes, state) in [
        ("2026-10-20T23:59:59.999Z", 0.0, "healthy"),
        ("2026-10-21T00:00:29.999Z", 0.0, "healthy"),
        ("2026-10-21T00:00:30Z", 0.5, "breaching"),
    ] {
        assert_eq!(fields(&slo, instant(as_of), names), [json!(minutes), json!(state)], "{as_of}");
    }
}

#[test]
fn an_open_outage_exhausts_the_budget_when_it_begins_to_count() {
    let facts = ["2026-10-01T00:00:00Z shop up".to_owned(), "2026-10-20T10:00:00Z shop down".to_owned()];
    // A budget of 8.64 s: the minute that counts at once exceeds it.
    let slo = Slo::with(&feed(&facts), &objective("target: 99.99, windowDays: 1, minimumOutage: 60s"));
    let row = slo.objectives("2026-10-20T10:00:05Z").remove(0);
    assert_eq!(row["forecast"]["exhaustedAt"], json!("2026-10-20T10:01:00.000Z"));
    let status = slo.run(&["status", "--as-of", "2026-10-20T10:00:05Z"], b"").stdout;
    assert!(status.contains("too short so far"), "{status}");
    let since =
        |at: &str| parsed(&slo, &["check", "--when", "isBreaching", "--as-of", at, "-o", "json"])["results"][0].clone();
    assert_eq!(since("2026-10-20T10:00:59.999Z")["firing"], json!(false));
    assert_eq!(since("2026-10-20T10:03:00Z")["since"], json!("2026-10-20T10:01:00.000Z"));
}

#[test]
fn maintenance_inside_an_outage_does_not_make_it_two() {
    let facts = outages(&[("2026-10-20T10:00:00Z", 90)]);
    let maintenance = "---\napiVersion: slo/v1\nkind: MaintenanceWindow\nmetadata: { name: m }\nspec: { systemRefs: [{ kind: System, name: shop }], start: 2026-10-20T10:00:40Z, duration: 10s }\n";
    let spec = "target: 99.9, windowDays: 30, minimumOutage: 60s, excludeMaintenanceWindows: true";
    let slo = Slo::with(&feed(&facts), &(objective(spec) + maintenance));
    let names = ["errorBudgetConsumedMinutes", "excludedMinutes", "tooShortMinutes"];
    let as_of = instant("2026-10-20T11:00:00Z");
    assert_eq!(fields(&slo, as_of, names), [json!(80.0 / 60.0), json!(10.0 / 60.0), json!(0.0)]);
}

#[test]
fn an_upstream_that_is_seen_to_fail_late_excuses_within_its_grace() {
    let facts = [
        "2026-10-01T00:00:00Z shop up",
        "2026-10-01T00:00:00Z db up",
        "2026-10-20T10:00:00Z shop down",
        "2026-10-20T10:00:50Z db down",
        "2026-10-20T10:10:00Z db up",
        "2026-10-20T10:10:30Z shop up",
    ]
    .map(str::to_owned);
    let spec = "target: 99.9, windowDays: 30, dependencyExclusion: self-only";
    let consumed = |grace: &str| {
        let slo = Slo::with(&feed(&facts), &objective(&format!("{spec}{grace}")));
        let at = |as_of: &str| fields(&slo, instant(as_of), ["errorBudgetConsumedMinutes"])[0].clone();
        ["2026-10-20T10:00:49.999Z", "2026-10-20T10:00:50Z", "2026-10-20T11:00:00Z"].map(at)
    };
    assert_eq!(consumed(""), [json!(49_999.0 / 60_000.0), json!(50.0 / 60.0), json!(80.0 / 60.0)]);
    // With 50 s, everything is charged to the database as soon as it is seen; with 40, the ten seconds before are the
    // shop's own.
    assert_eq!(consumed(", attributionGrace: 50s"), [json!(49_999.0 / 60_000.0), json!(0.0), json!(0.0)]);
    assert_eq!(
        consumed(", attributionGrace: 40s"),
        [json!(49_999.0 / 60_000.0), json!(10.0 / 60.0), json!(10.0 / 60.0)]
    );
    // With a minute, all of the outage and the minute after it: 10 minutes and 30 seconds that cost nothing.
    assert_eq!(consumed(", attributionGrace: 1m"), [json!(49_999.0 / 60_000.0), json!(0.0), json!(0.0)]);
    // Together with a minimum: nothing counts until the database is known to be the cause.
    assert_eq!(consumed(", attributionGrace: 1m, minimumOutage: 50s"), [json!(0.0), json!(0.0), json!(0.0)]);
    assert_eq!(
        consumed(", attributionGrace: 1m, minimumOutage: 49s"),
        [json!(49_999.0 / 60_000.0), json!(0.0), json!(0.0)]
    );
}

/// The charges of each objective before an instant, piece by piece, as of a later one.
fn charged_before(slo: &Slo, until: impl Fn(&str) -> Ms, as_of: Ms) -> Vec<Value> {
    let args = ["downtime", "--since", "2001-01-01T00:00:00Z", "--as-of", &rfc3339(as_of), "-o", "json"];
    let mut found: Vec<Value> = Vec::new();
    for mut event in parsed(slo, &args)["events"].as_array().unwrap().clone() {
        let until = until(event["objectiveId"].as_str().unwrap());
        let end = event["endTime"].as_str().map_or(as_of, instant).min(until);
        if instant(event["startTime"].as_str().unwrap()) >= end {
            continue;
        }
        event["endTime"] = json!(rfc3339(end));
        event.as_object_mut().unwrap().remove("durationSeconds");
        found.push(event);
    }
    found.sort_by_key(|event| (event["objectiveId"].to_string(), event["startTime"].to_string()));
    found
}

fn hindsight(world: &World, objective: &str) -> Ms {
    let objective = world.objectives.iter().find(|known| known.name == objective).unwrap();
    objective.minimum_outage.max(objective.attribution_grace)
}

proptest! {
    /// What is further back than the hindsight of an objective is final.
    #[test]
    fn no_later_fact_changes_an_account_further_back_than_hindsight(
        world in worlds(), moment in any::<Index>(), shift in -1..=1_i64,
    ) {
        let moments: Vec<Ms> = world.facts.iter().map(|fact| fact.ts + shift).filter(|at| *at <= world.as_of).collect();
        prop_assume!(!moments.is_empty());
        let then = *moment.get(&moments);
        let slo = Slo::with(&world.feed(), &world.manifests());
        let settled = |objective: &str| then - hindsight(&world, objective);
        prop_assert_eq!(charged_before(&slo, settled, then), charged_before(&slo, settled, world.as_of));
    }
}
