//! Owns that random worlds reach the combinations on which laws are to be tried: each part of one, by itself, changes the answer.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::strategy::worlds;
use super::{Objective, Quorum, Status, System, Window, World};
use crate::reference::budget::Budget;
use crate::reference::calendar::{Ms, Zone};
use crate::reference::history::History;
use crate::reference::model::Model;

/// Worlds that are looked at: as many as a law looks at.
const WORLDS: usize = 256;
/// In how many of them each combination is found at least.
const LEAST: usize = 2;
/// Moments at which statuses are compared, at the most.
const MOMENTS: usize = 60;

/// Something that a world, or one of its objectives, may have; and the world without it.
struct Part {
    has: fn(&World, &Objective) -> bool,
    strip: fn(&mut World),
}

const CORRECTIONS: Part =
    Part { has: |world, _| !world.corrections.is_empty(), strip: |world| world.corrections.clear() };
const THRESHOLDS: Part = Part {
    has: |world, _| world.systems.iter().flat_map(|system| &system.checks).any(|check| check.thresholds.is_some()),
    strip: |world| each_system(world, |system| system.checks.iter_mut().for_each(|check| check.thresholds = None)),
};
const LOCATIONS: Part = Part {
    has: |world, _| {
        let mut checks = world.systems.iter().flat_map(|system| &system.checks);
        checks.any(|check| check.quorum != Quorum::All) && world.facts.iter().any(|fact| fact.location.is_some())
    },
    strip: |world| each_system(world, |system| system.checks.iter_mut().for_each(|check| check.quorum = Quorum::All)),
};
const SILENCE: Part = Part {
    has: |world, _| world.systems.iter().any(|system| system.stale_after.is_some()),
    strip: |world| each_system(world, |system| system.stale_after = None),
};
const COMPOSITES: Part = Part {
    has: |world, _| world.systems.iter().any(is_composite),
    strip: |world| {
        each_system(world, |system| {
            system.quorum = if system.quorum == Quorum::Any { Quorum::All } else { Quorum::Any };
        });
    },
};
const NESTED: Part = Part {
    has: |world, _| world.systems.iter().any(|system| members(world, system).any(is_composite)),
    strip: |world| {
        let composites: Vec<String> =
            world.systems.iter().filter(|system| is_composite(system)).map(|system| system.name.clone()).collect();
        each_system(world, |system| {
            if system.members.len() > 1 {
                system.members.retain(|member| !composites.contains(member));
            }
        });
    },
};
/// An objective of a composite system.
const ON_COMPOSITE: Part = Part {
    has: |world, objective| world.systems.iter().any(|system| system.name == objective.system && is_composite(system)),
    strip: |world| each_system(world, |system| system.members.clear()),
};
const WEIGHTS: Part = Part {
    has: |_, objective| !objective.weights.is_empty(),
    strip: |world| world.objectives.iter_mut().for_each(|objective| objective.weights.clear()),
};
const SCHEDULE: Part = Part {
    has: |_, objective| !objective.schedule.is_empty(),
    strip: |world| world.objectives.iter_mut().for_each(|objective| objective.schedule.clear()),
};
/// Clocks that change: elsewhere hours that are counted lie otherwise.
const CLOCKS: Part = Part {
    has: |_, objective| objective.zone() != Zone::Utc,
    strip: |world| {
        for objective in &mut world.objectives {
            objective.timezone = Zone::Utc;
            if let Window::Calendar { zone, .. } = &mut objective.window {
                *zone = Zone::Utc;
            }
        }
    },
};
const MINIMUM: Part = Part {
    has: |_, objective| objective.minimum_outage > 0,
    strip: |world| world.objectives.iter_mut().for_each(|objective| objective.minimum_outage = 0),
};
const GRACE: Part = Part {
    has: |_, objective| objective.attribution_grace > 0 && objective.self_only,
    strip: |world| world.objectives.iter_mut().for_each(|objective| objective.attribution_grace = 0),
};
const MAINTENANCE: Part =
    Part { has: |world, _| !world.maintenance.is_empty(), strip: |world| world.maintenance.clear() };

fn is_composite(system: &System) -> bool {
    !system.members.is_empty()
}

fn members<'w>(world: &'w World, system: &'w System) -> impl Iterator<Item = &'w System> {
    system.members.iter().filter_map(|member| world.systems.iter().find(|declared| declared.name == *member))
}

fn each_system(world: &mut World, change: impl FnMut(&mut System)) {
    world.systems.iter_mut().for_each(change);
}

/// Moments at which a status may change, evenly chosen.
fn moments(world: &World) -> Vec<Ms> {
    let model = Model::new(world, world.as_of);
    let mut all: Vec<Ms> = world.systems.iter().flat_map(|system| model.edges(&system.name)).collect();
    all.retain(|at| *at <= world.as_of);
    all.sort_unstable();
    all.dedup();
    let step = all.len() / MOMENTS + 1;
    all.into_iter().step_by(step).collect()
}

/// The status of every system at moments.
fn statuses(world: &World, moments: &[Ms]) -> Vec<Status> {
    let model = Model::new(world, world.as_of);
    let at = |at: &Ms| world.systems.iter().map(|system| model.effective(&system.name, *at)).collect::<Vec<_>>();
    moments.iter().flat_map(at).collect()
}

/// What an objective has consumed, and what it may.
fn spent(world: &World, place: usize) -> (i128, i128) {
    let model = Model::new(world, world.as_of);
    let budget = Budget::new(&History::new(&model, &world.objectives[place]), world.as_of);
    (budget.consumed, budget.allowed)
}

/// Whether statuses differ between two worlds.
fn by_status(world: &World, other: &World, _: usize) -> bool {
    let moments = moments(world);
    statuses(world, &moments) != statuses(other, &moments)
}

/// Whether a budget differs.
fn by_budget(world: &World, other: &World, place: usize) -> bool {
    spent(world, place) != spent(other, place)
}

struct Combination {
    name: &'static str,
    parts: &'static [Part],
    differ: fn(&World, &World, usize) -> bool,
}

impl Combination {
    /// Whether a world has all parts, and would give another answer without any one of them.
    fn is_in(&self, world: &World) -> bool {
        (0..world.objectives.len()).any(|place| {
            let objective = &world.objectives[place];
            self.parts.iter().all(|part| (part.has)(world, objective))
                && self.parts.iter().all(|part| {
                    let mut without = world.clone();
                    (part.strip)(&mut without);
                    (self.differ)(world, &without, place)
                })
        })
    }
}

const COMBINATIONS: [Combination; 9] = [
    Combination {
        name: "composites of composites under corrections",
        parts: &[NESTED, COMPOSITES, CORRECTIONS],
        differ: by_status,
    },
    Combination {
        name: "locations with thresholds under corrections",
        parts: &[LOCATIONS, THRESHOLDS, CORRECTIONS],
        differ: by_status,
    },
    Combination {
        name: "composites over locations with thresholds",
        parts: &[COMPOSITES, LOCATIONS, THRESHOLDS],
        differ: by_status,
    },
    Combination {
        name: "silence beside thresholds and corrections",
        parts: &[SILENCE, THRESHOLDS, CORRECTIONS],
        differ: by_status,
    },
    Combination {
        name: "weights under a schedule where clocks change",
        parts: &[WEIGHTS, SCHEDULE, CLOCKS],
        differ: by_budget,
    },
    Combination { name: "a minimum beside a grace", parts: &[MINIMUM, GRACE], differ: by_budget },
    Combination {
        name: "a minimum under maintenance with weights",
        parts: &[MINIMUM, MAINTENANCE, WEIGHTS],
        differ: by_budget,
    },
    Combination {
        name: "a composite with a schedule and weights",
        parts: &[ON_COMPOSITE, SCHEDULE, WEIGHTS],
        differ: by_budget,
    },
    Combination {
        name: "a corrected composite with a minimum",
        parts: &[ON_COMPOSITE, CORRECTIONS, MINIMUM],
        differ: by_budget,
    },
];

#[test]
fn random_worlds_have_every_combination() {
    let mut runner = TestRunner::deterministic();
    let mut found = [0; COMBINATIONS.len()];
    for _ in 0..WORLDS {
        let world = worlds().new_tree(&mut runner).unwrap().current();
        for (count, combination) in found.iter_mut().zip(&COMBINATIONS).filter(|(count, _)| **count < LEAST) {
            *count += usize::from(combination.is_in(&world));
        }
    }
    let rare = COMBINATIONS.iter().zip(found).filter(|(_, count)| *count < LEAST);
    let rare: Vec<String> = rare.map(|(combination, count)| format!("{}: {count}", combination.name)).collect();
    assert!(rare.is_empty(), "of {WORLDS} worlds, too few have\n{}", rare.join("\n"));
}
