//! The one law and its consequences, on random small worlds: output depends only on the facts, the manifests and
//! `as-of`.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{DAY, HOUR, MINUTE, Ms, instant, rfc3339};
use crate::reference::{all_health, difference, health, objectives};
use crate::world::busy::busy_worlds;
use crate::world::strategy::{revised_worlds, worlds};
use crate::world::{Fact, Thresholds, World, feed};

/// A database that ingested the world's facts in one batch, in the given order, and then applied its manifests.
fn fresh(world: &World) -> Slo {
    Slo::with(&world.feed(), &world.manifests())
}

/// `status -o json` of a database that passes verification.
fn verified_status(slo: &Slo, world: &World) -> String {
    let status = slo.status(&world.as_of_text());
    slo.pass(&["db", "verify"], b"");
    status
}

/// The output about days: streaks, achievements, and the trend of each objective.
fn days(slo: &Slo, world: &World) -> Vec<String> {
    let as_of = world.as_of_text();
    let print = |args: &[&str]| slo.pass(&[args, &["--as-of", &as_of, "-o", "json"]].concat(), b"");
    let trends = world.objectives.iter().map(|objective| print(&["trend", &objective.name, "--days", "40"]));
    [print(&["streaks"]), print(&["achievements"])].into_iter().chain(trends).collect()
}

/// The facts in the order of `keys`; those whose key is divisible by three come twice.
fn shuffled(facts: &[Fact], keys: &[u8]) -> Vec<Fact> {
    let mut keyed: Vec<(u8, &Fact)> = keys.iter().copied().cycle().zip(facts).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().flat_map(|(key, fact)| vec![fact.clone(); 1 + usize::from(key % 3 == 0)]).collect()
}

/// The objective called `name`.
fn objective_at(slo: &Slo, name: &str, at: Ms) -> Value {
    let mut objectives = slo.objectives(&rfc3339(at));
    objectives.retain(|objective| objective["objectiveId"] == name);
    assert_eq!(objectives.len(), 1, "{name}");
    objectives.remove(0)
}

/// A forecast's claim about an objective at the instant it names.
type Claim = fn(&Value) -> bool;

fn number(objective: &Value, field: &str) -> f64 {
    objective[field].as_f64().unwrap_or_else(|| panic!("{field} is {}", objective[field]))
}

proptest! {
    #[test]
    fn status_equals_the_reference(world in worlds()) {
        let status: Value = serde_json::from_str(&verified_status(&fresh(&world), &world)).unwrap();
        prop_assert_eq!(&status["asOf"], &Value::String(world.as_of_text()));
        prop_assert!(status["schemaVersion"].is_number() || status["schemaVersion"].is_string());
        let expected = Value::Array(objectives(&world));
        prop_assert_eq!(difference("objectives", &expected, &status["objectives"]), None);
    }

    #[test]
    fn health_equals_the_reference(world in worlds(), window in select(vec![MINUTE, 6 * HOUR, 30 * DAY, 3650 * DAY])) {
        let slo = fresh(&world);
        let printed = slo.health(&world.as_of_text());
        prop_assert_eq!(&printed["asOf"], &Value::String(world.as_of_text()));
        let expected = Value::Array(health(&world));
        prop_assert_eq!(difference("systems", &expected, &printed["systems"]), None);
        let (window_text, as_of) = (format!("{}m", window / MINUTE), world.as_of_text());
        let args = ["health", "--all", "--window", &window_text, "-o", "json", "--as-of", &as_of];
        let printed: Value = serde_json::from_str(&slo.pass(&args, b"")).unwrap();
        let expected = Value::Array(all_health(&world, window));
        prop_assert_eq!(difference("systems", &expected, &printed["systems"]), None);
    }

    #[test]
    fn facts_and_manifests_commute(world in worlds()) {
        let slo = Slo::new();
        slo.apply(&world.manifests());
        slo.ingest(&world.feed());
        prop_assert_eq!(verified_status(&slo, &world), verified_status(&fresh(&world), &world));
    }

    #[test]
    fn plan_after_apply_is_empty(world in worlds()) {
        let slo = fresh(&world);
        let folder = slo.write_manifests(&world.manifests());
        let plan = slo.pass(&["plan", "-o", "json", folder.to_str().unwrap()], b"");
        let plan: Value = serde_json::from_str(&plan).unwrap();
        for list in ["create", "update", "delete", "orphaned"] {
            prop_assert_eq!(plan[list].as_array().map(Vec::len), Some(0), "{}: {}", list, plan);
        }
        let objects = [world.systems.len(), world.objectives.len(), world.maintenance.len(), world.corrections.len()];
        let declared: usize = objects.iter().sum();
        prop_assert_eq!(plan["unchanged"].as_array().map(Vec::len), Some(declared));
    }

    #[test]
    fn accounts_add_up(world in worlds()) {
        for objective in fresh(&world).objectives(&world.as_of_text()) {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
            let minutes = |what: &str| number(&objective, &format!("errorBudget{what}Minutes"));
            let spent = minutes("Consumed");
            prop_assert!(close(spent + minutes("Remaining") - minutes("Overspent"), minutes("Total")), "{}", objective);
            let parts = objective["attribution"].as_array().unwrap();
            let sum: f64 = parts.iter().map(|part| number(part, "minutes")).sum();
            prop_assert!(close(sum, minutes("ConsumedStrict")), "{}", objective);
            let own = parts.iter().filter(|part| part["sourceType"] == "self");
            let own: f64 = own.map(|part| number(part, "minutes")).sum();
            let charged = if objective["dependencyExclusion"] == "self-only" { own } else { sum };
            prop_assert!(close(charged, spent), "{}", objective);
            prop_assert_eq!(objective["isBreaching"].as_bool(), Some(minutes("Overspent") > 0.0), "{}", objective);
            for field in ["budgetRemainingPercent", "currentAvailability", "strictAvailability", "coveragePercent"] {
                let percent = objective[field].as_f64();
                prop_assert!(percent.is_none_or(|percent| (0.0..=100.0).contains(&percent)), "{} of {}", field, objective);
            }
        }
    }

    #[test]
    fn the_past_knows_nothing_of_later_facts(world in worlds(), moment in any::<prop::sample::Index>(), shift in -1..=1_i64) {
        // A time at or close to a fact, where using later facts would show.
        let moments: Vec<Ms> = world.facts.iter().map(|fact| fact.ts + shift).chain([world.as_of]).collect();
        let past = world.at(*moment.get(&moments));
        let mut innocent = past.clone();
        innocent.facts.retain(|fact| fact.ts <= past.as_of);
        prop_assert_eq!(verified_status(&fresh(&world), &past), verified_status(&fresh(&innocent), &past));
    }

    #[test]
    fn an_exported_journal_says_the_same(world in worlds()) {
        let slo = fresh(&world);
        let exported = slo.pass(&["export", "journal"], b"");
        let copy = Slo::with(&exported, &world.manifests());
        prop_assert_eq!(verified_status(&copy, &world), verified_status(&slo, &world));
        prop_assert_eq!(copy.pass(&["export", "journal"], b""), exported);
    }

    #[test]
    fn an_export_since_a_time_keeps_every_budget_from_then_on(world in worlds(), days in select(vec![1, 7, 30])) {
        let mut world = world;
        // With these, transitions before the last healthy one can matter.
        for objective in &mut world.objectives {
            (objective.minimum_outage, objective.attribution_grace) = (0, 0);
        }
        for check in world.systems.iter_mut().flat_map(|system| &mut system.checks) {
            let by_row = |thresholds: &_| matches!(thresholds, Thresholds::Consecutive { healthy: None | Some(1), .. });
            check.thresholds = check.thresholds.take().filter(by_row);
        }
        let (as_of, since) = (world.as_of_text(), rfc3339(world.as_of - days * DAY));
        let slo = fresh(&world);
        let exported = slo.pass(&["export", "journal", "--since", &since, "--as-of", &as_of], b"");
        let copy = Slo::with(&exported, &world.manifests());
        for before in slo.objectives(&as_of) {
            if before["window"]["start"].as_str() < Some(&since) {
                continue;
            }
            let after = objective_at(&copy, before["objectiveId"].as_str().unwrap(), world.as_of);
            for field in [
                "errorBudgetTotalMinutes", "errorBudgetConsumedMinutes", "errorBudgetConsumedStrictMinutes",
                "excludedMinutes", "notCountedMinutes", "correctedMinutes", "coveragePercent", "hasOpenDowntime",
                "state", "lastSeen",
            ] {
                prop_assert_eq!(&after[field], &before[field], "{} since {} of {}", field, since, before);
            }
        }
    }

    #[test]
    fn a_forecast_comes_true_and_not_a_millisecond_earlier(world in worlds()) {
        // As forecast: no more facts.
        let mut world = world;
        world.facts.retain(|fact| fact.ts <= world.as_of);
        let slo = fresh(&world);
        for objective in slo.objectives(&world.as_of_text()) {
            let name = objective["objectiveId"].as_str().unwrap();
            let exhausted: Claim = |objective| objective["budgetTier"] == "exhausted";
            let recovered: Claim = |objective| objective["isBreaching"] == false;
            let full: Claim = |objective| number(objective, "errorBudgetConsumedMinutes") == 0.0;
            let named: [(&str, Claim); 3] = [("exhaustedAt", exhausted), ("recoversAt", recovered), ("fullAt", full)];
            for (field, holds) in named {
                let Some(at) = objective["forecast"][field].as_str().map(instant) else { continue };
                prop_assert!(at > world.as_of, "{} of {}", field, objective);
                prop_assert!(holds(&objective_at(&slo, name, at)), "{} of {}", field, objective);
                prop_assert!(!holds(&objective_at(&slo, name, at - 1)), "{} of {}", field, objective);
            }
        }
    }
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn order_batches_and_repetition_change_nothing(
        world in worlds(), keys in vec(any::<u8>(), 48), batch in 1..12_usize,
    ) {
        let expected = verified_status(&fresh(&world), &world);
        let slo = Slo::new();
        let facts = shuffled(&world.facts, &keys);
        for facts in facts.chunks(batch) {
            slo.ingest(&feed(facts));
        }
        // Everything again, in one batch.
        slo.ingest(&feed(&facts));
        slo.apply(&world.manifests());
        prop_assert_eq!(verified_status(&slo, &world), expected);
    }

    #[test]
    fn late_facts_and_looking_in_between_change_nothing(
        world in worlds(), keys in vec(any::<u8>(), 48), share in 0.0..1.0_f64,
    ) {
        let slo = Slo::new();
        slo.apply(&world.manifests());
        let facts = shuffled(&world.facts, &keys);
        let (early, late) = facts.split_at((facts.len() as f64 * share) as usize);
        slo.ingest(&feed(early));
        verified_status(&slo, &world);
        slo.pass(&["compute", "--as-of", &world.as_of_text()], b"");
        days(&slo, &world);
        slo.ingest(&feed(late));
        verified_status(&slo, &world);
        slo.apply(&world.manifests());
        slo.pass(&["compute", "--as-of", &rfc3339(world.as_of + DAY)], b"");
        prop_assert_eq!(verified_status(&slo, &world), verified_status(&fresh(&world), &world));
        prop_assert_eq!(days(&slo, &world), days(&fresh(&world), &world));
    }

    #[test]
    fn manifests_applied_later_are_as_if_there_had_been_no_others((before, after) in revised_worlds()) {
        let slo = fresh(&before);
        verified_status(&slo, &before);
        slo.apply(&after.manifests());
        prop_assert_eq!(verified_status(&slo, &after), verified_status(&fresh(&after), &after));
    }
}

proptest! {
    #![proptest_config(one_in(32))]

    #[test]
    fn long_histories_equal_the_reference_however_they_arrive(
        world in busy_worlds(), keys in vec(any::<u8>(), 61), batch in 100..900_usize,
    ) {
        let slo = Slo::new();
        slo.apply(&world.manifests());
        for facts in shuffled(&world.facts, &keys).chunks(batch) {
            slo.ingest(&feed(facts));
        }
        let status = verified_status(&slo, &world);
        let printed: Value = serde_json::from_str(&status).unwrap();
        let expected = Value::Array(objectives(&world));
        prop_assert_eq!(difference("objectives", &expected, &printed["objectives"]), None);
        let exported = slo.pass(&["export", "journal"], b"");
        let copy = Slo::with(&exported, &world.manifests());
        prop_assert_eq!(verified_status(&copy, &world), status);
        prop_assert_eq!(copy.pass(&["export", "journal"], b""), exported);
    }
}
