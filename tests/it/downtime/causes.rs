//! Causes over long chains of dependencies: all objectives together give the same as the reference and as each alone.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{HOUR, MINUTE, Ms, instant};
use crate::reference::{difference, objectives};
use crate::world::{Dependency, Fact, Objective, Status, Window, World};

/// The number of objectives evaluated together; the last may have almost as many upstreams.
const SYSTEMS: usize = 72;

/// A system's upstreams, by their distance before it, and its reports: gaps in minutes.
type Part = (Vec<(usize, bool)>, Vec<(i64, Status)>);

fn part() -> impl Strategy<Value = Part> {
    let status = prop_oneof![2 => Just(Status::Healthy), 2 => Just(Status::Unhealthy), 1 => Just(Status::Degraded)];
    // Gaps of whole hours cause ties.
    let gap = prop_oneof![Just(0), 1..300_i64, (1..200_i64).prop_map(|hours| hours * 60)];
    (vec((1..9_usize, prop::bool::weighted(0.8)), 0..4), vec((gap, status), 0..7))
}

fn world(parts: &[Part], as_of: Ms) -> World {
    let names: Vec<String> = (0..parts.len()).map(|index| format!("s{:02}", (index * 31) % 97)).collect();
    let mut world = World::new(as_of, &names.iter().map(String::as_str).collect::<Vec<_>>());
    for (index, (edges, facts)) in parts.iter().enumerate() {
        let mut at = as_of - 400 * HOUR;
        for (gap, status) in facts {
            at += gap * MINUTE;
            if at <= as_of + HOUR {
                world.facts.push(Fact::new(at, &names[index], *status));
            }
        }
        let mut targets: Vec<(usize, bool)> =
            edges.iter().filter_map(|(back, on)| Some((index.checked_sub(*back)?, *on))).collect();
        targets.sort_unstable();
        targets.dedup_by_key(|(target, _)| *target);
        let edge = |(target, transitive): (usize, bool)| {
            let impact = if target % 7 == 3 { "informational" } else { "critical" };
            Dependency { target: names[target].clone(), impact, transitive }
        };
        world.systems[index].dependencies = targets.into_iter().map(edge).collect();
        let mut objective =
            Objective::new(&format!("o-{}", names[index]), &names[index], 99_900_000, Window::Rolling { days: 30 });
        objective.self_only = index % 3 != 0;
        if index % 11 == 5 {
            objective.excluded_dependencies = vec![names[index - 1].clone()];
        }
        world.objectives.push(objective);
    }
    world
}

fn printed(slo: &Slo, args: &[&str], world: &World) -> Value {
    let as_of = world.as_of_text();
    serde_json::from_str(&slo.pass(&[args, &["--as-of", &as_of, "-o", "json"]].concat(), b"")).unwrap()
}

proptest! {
    #![proptest_config(one_in(16))]

    #[test]
    fn all_objectives_together_say_what_the_reference_and_each_alone_do(
        parts in vec(part(), SYSTEMS), asked in vec(0..SYSTEMS, 3),
    ) {
        let world = world(&parts, instant("2026-11-20T14:05:00Z"));
        let slo = Slo::with(&world.feed(), &world.manifests());
        let together = printed(&slo, &["status"], &world);
        let expected = Value::Array(objectives(&world));
        prop_assert_eq!(difference("objectives", &expected, &together["objectives"]), None);
        let downtime = printed(&slo, &["downtime", "--since", "30d"], &world);
        let of = |all: &Value, list: &str, name: &str| -> Vec<Value> {
            let all = all[list].as_array().unwrap().iter();
            all.filter(|one| one["objectiveId"] == name).cloned().collect()
        };
        for index in asked {
            let name = &world.objectives[index].name;
            let alone = printed(&slo, &["status", name], &world);
            prop_assert_eq!(of(&alone, "objectives", name), of(&together, "objectives", name));
            let alone = printed(&slo, &["downtime", name, "--since", "30d"], &world);
            prop_assert_eq!(of(&alone, "events", name), of(&downtime, "events", name));
        }
        slo.pass(&["db", "verify"], b"");
    }
}
