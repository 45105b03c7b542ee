//! Sets as laws on random small worlds: applying twice is the same as once, sets are independent, and a plan predicts
//! the effect of an apply.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::sets::{self, Files, Held};
use crate::world::strategy::{revised_worlds, worlds};
use crate::world::{Fact, World};

/// Everything in the database about declared objects, without the time of the apply.
fn content(slo: &Slo) -> Vec<Value> {
    let list = |kind: &str| {
        let list = slo.pass(&["list", kind, "-o", "json"], b"");
        let mut list: Value = serde_json::from_str(&list).unwrap();
        let rows = list[kind].as_array_mut().unwrap();
        for row in rows.iter_mut() {
            row.as_object_mut().unwrap().remove("appliedAt");
        }
        list[kind].take()
    };
    ["systems", "objectives", "maintenance"].map(list).to_vec()
}

fn log(slo: &Slo) -> Vec<Value> {
    let mut log: Value = serde_json::from_str(&slo.pass(&["log", "-o", "json", "-n", "1000"], b"")).unwrap();
    log["applies"].as_array_mut().unwrap().drain(..).collect()
}

/// Applies manifests as the complete set; nothing is deleted unless `prune`.
#[track_caller]
fn apply(slo: &Slo, set: &str, manifests: &str, prune: bool) {
    let folder = slo.write_manifests(manifests);
    let folder = folder.to_str().unwrap();
    let prune: &[&str] = if prune { &["--prune"] } else { &[] };
    slo.pass(&[&["apply", "--set", set, folder], prune].concat(), b"");
    slo.pass(&["db", "verify"], b"");
}

fn plan(slo: &Slo, manifests: &str, as_of: &str) -> Value {
    let folder = slo.write_manifests(manifests);
    let output = slo.run(&["plan", "--prune", "-o", "json", "--as-of", as_of, folder.to_str().unwrap()], b"");
    assert!(output.code <= 1, "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

/// The same world with names of its own.
fn elsewhere(world: &World) -> World {
    let own = |name: &String| format!("else-{name}");
    let mut world = world.clone();
    for system in &mut world.systems {
        system.name = own(&system.name);
        system.dependencies.iter_mut().for_each(|edge| edge.target = own(&edge.target));
        system.members = system.members.iter().map(own).collect();
    }
    for objective in &mut world.objectives {
        (objective.name, objective.system) = (own(&objective.name), own(&objective.system));
        objective.excluded_dependencies = objective.excluded_dependencies.iter().map(own).collect();
    }
    for window in &mut world.maintenance {
        window.name = own(&window.name);
        window.systems = window.systems.iter().map(own).collect();
    }
    for correction in &mut world.corrections {
        (correction.name, correction.system) = (own(&correction.name), own(&correction.system));
    }
    world.facts = world.facts.iter().map(|fact| Fact { system: own(&fact.system), ..fact.clone() }).collect();
    world
}

/// What a plan should show of an objective, taken from `status`.
fn judged(objective: &Value) -> Value {
    let fields = [
        "systemId",
        "target",
        "errorBudgetTotalMinutes",
        "errorBudgetConsumedMinutes",
        "errorBudgetRemainingMinutes",
        "errorBudgetOverspentMinutes",
        "budgetRemainingPercent",
        "currentAvailability",
        "isBreaching",
        "state",
        "currentStreak",
    ];
    fields.iter().map(|field| ((*field).to_owned(), objective[field].clone())).collect::<serde_json::Map<_, _>>().into()
}

/// The files of a repository at a step, each with its systems, the path to apply, and whether with `--prune`.
type Step = (Files, &'static str, bool);

/// Steps that declare every system at most once.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let homes = ["slo/a.yaml", "slo/b.yaml", "slo/deep/c.yaml", "other/d.yaml"];
    let given =
        prop::sample::select(vec!["", "slo", "slo/deep", "other", "slo/a.yaml", "slo/b.yaml", "slo/deep/c.yaml"]);
    let step = (prop::collection::vec(prop::option::of(0..homes.len()), 5), given, prop::bool::weighted(0.3), 0..16_u8);
    let step = step.prop_map(move |(places, given, prune, empty)| {
        let mut files = Files::new();
        for (index, home) in homes.iter().enumerate().filter(|(index, _)| empty & (1 << index) != 0) {
            files.insert((*home).to_owned(), [format!("only-{index}")].into());
        }
        for (system, home) in places.into_iter().enumerate() {
            if let Some(home) = home {
                files.entry(homes[home].to_owned()).or_default().insert(format!("s{system}"));
            }
        }
        (files, given, prune)
    });
    prop::collection::vec(step, 1..6)
}

/// Writes the files into the working copy of a repository.
fn check_out(slo: &Slo, files: &Files) {
    let root = slo.path("repo");
    for folder in ["slo", "other"] {
        drop(fs::remove_dir_all(root.join(folder)));
    }
    for (file, systems) in files {
        let system = |name| format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\nspec: {{}}\n");
        let text = systems.iter().map(system).collect::<Vec<_>>().join("---\n");
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::write(root.join(file), text).unwrap();
    }
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
}

/// The systems in the database.
fn held(slo: &Slo) -> Held {
    let list: Value = serde_json::from_str(&slo.pass(&["list", "systems", "-o", "json"], b"")).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = list["systems"].as_array().unwrap().iter();
    rows.map(|row| (text(row, "systemId"), (text(row, "file"), row["orphaned"].as_bool().unwrap()))).collect()
}

fn named<'v>(objectives: &'v [Value], name: &Value) -> Option<&'v Value> {
    objectives.iter().find(|objective| objective["objectiveId"] == *name)
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn applying_twice_is_applying_once(world in worlds(), prune: bool) {
        let slo = Slo::new();
        slo.ingest(&world.feed());
        apply(&slo, "shop", &world.manifests(), prune);
        let (once, logged) = (content(&slo), log(&slo));
        apply(&slo, "shop", &world.manifests(), prune);
        prop_assert_eq!(content(&slo), once);
        prop_assert_eq!(log(&slo), logged);
    }

    #[test]
    fn with_pruning_only_the_last_apply_counts((before, after) in revised_worlds()) {
        let both = Slo::new();
        both.ingest(&after.feed());
        apply(&both, "shop", &before.manifests(), true);
        apply(&both, "shop", &after.manifests(), true);
        let last = Slo::new();
        last.ingest(&after.feed());
        apply(&last, "shop", &after.manifests(), true);
        prop_assert_eq!(content(&both), content(&last));
        prop_assert_eq!(both.status(&after.as_of_text()), last.status(&after.as_of_text()));
    }

    #[test]
    fn sets_applied_in_either_order_give_the_same_database(world in worlds(), prune: bool) {
        let other = elsewhere(&world);
        let (one, two) = (("one", world.manifests()), ("two", other.manifests()));
        let applied = |sets: [&(&str, String); 2]| {
            let slo = Slo::new();
            slo.ingest(&(world.feed() + &other.feed()));
            for (set, manifests) in sets {
                apply(&slo, set, manifests, prune);
            }
            (content(&slo), slo.status(&world.as_of_text()))
        };
        prop_assert_eq!(applied([&one, &two]), applied([&two, &one]));
    }

    /// Whatever part of a repository is applied, in any order, an object is orphaned if and only if its file was given
    /// or is gone; applying the same again changes nothing.
    #[test]
    fn what_was_not_given_is_left_alone(steps in steps()) {
        let slo = Slo::new();
        let mut expected = Held::new();
        for (files, given, prune) in steps {
            check_out(&slo, &files);
            let path = slo.path("repo").join(given);
            if !path.exists() {
                continue;
            }
            let prune: &[&str] = if prune { &["--prune"] } else { &[] };
            let args = [&["apply", "--allow-empty", path.to_str().unwrap()], prune].concat();
            slo.pass(&args, b"");
            sets::apply(&mut expected, &files, given, !prune.is_empty());
            prop_assert_eq!(&held(&slo), &expected, "{} of {:?}", given, files);
            let (content, log) = (content(&slo), log(&slo));
            slo.pass(&args, b"");
            prop_assert_eq!((self::content(&slo), self::log(&slo)), (content, log));
            let plan = slo.run(&[&["plan", "--allow-empty", path.to_str().unwrap(), "-o", "json"], prune].concat(), b"");
            let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
            for list in ["create", "rename", "update", "delete"] {
                prop_assert_eq!(&plan[list], &Value::Array(Vec::new()), "{}", list);
            }
            slo.pass(&["db", "verify"], b"");
        }
    }

    #[test]
    fn a_plan_foretells_every_budget((before, after) in revised_worlds()) {
        let slo = Slo::with(&before.feed(), &before.manifests());
        let as_of = before.as_of_text();
        let planned = plan(&slo, &after.manifests(), &as_of);
        let was = slo.objectives(&as_of);
        slo.apply(&after.manifests());
        let is = slo.objectives(&as_of);
        let consequences = planned["consequences"].as_array().unwrap();
        for objective in was.iter().chain(&is) {
            let name = &objective["objectiveId"];
            let sides = [named(&was, name), named(&is, name)].map(|side| side.map_or(Value::Null, judged));
            let told = consequences.iter().find(|consequence| consequence["objectiveId"] == *name);
            let Some(told) = told else {
                prop_assert_eq!(&sides[0], &sides[1], "{} changes unforetold", name);
                continue;
            };
            for (side, expected) in ["before", "after"].iter().zip(&sides) {
                let told = if told[side].is_null() { Value::Null } else { judged(&told[side]) };
                prop_assert_eq!(&told, expected, "{} of {}", side, name);
            }
        }
    }
}

#[test]
fn a_plan_after_an_apply_of_a_valid_fixture_is_empty() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests/valid");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Feeds are used by ingest, and never applied.
        if path.ends_with("feed.yaml") {
            continue;
        }
        let slo = Slo::new();
        slo.pass(&["apply", path.to_str().unwrap()], b"");
        let plan: Value =
            serde_json::from_str(&slo.pass(&["plan", "-o", "json", path.to_str().unwrap()], b"")).unwrap();
        for list in ["create", "rename", "update", "delete", "orphaned", "consequences"] {
            assert_eq!(plan[list], Value::Array(Vec::new()), "{list} of {}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 2);
}
