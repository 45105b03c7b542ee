//! Owns worlds with streams of hundreds or thousands of transitions, for what only shows in long histories.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::strategy::{stream, worlds};
use super::{Fact, Status, World};
use crate::reference::calendar::{HOUR, MINUTE, Ms, SECOND};

/// A stream that keeps reporting: steps, and a cycle of statuses.
#[derive(Clone, Debug)]
struct Burst {
    system: Index,
    stream: usize,
    count: usize,
    step: Ms,
    /// How many of `count` are after `as-of`.
    ahead: usize,
    cycle: Vec<Status>,
}

fn burst() -> impl Strategy<Value = Burst> {
    let step = select(vec![1, 7 * SECOND, MINUTE, 17 * MINUTE, HOUR]);
    let status = select(vec![Status::Healthy, Status::Healthy, Status::Degraded, Status::Unhealthy, Status::Unknown]);
    let cycle = prop::collection::vec(status, 2..7);
    (any::<Index>(), 0..5_usize, 200..1500_usize, step, 0..50_usize, cycle)
        .prop_map(|(system, stream, count, step, ahead, cycle)| Burst { system, stream, count, step, ahead, cycle })
}

impl Burst {
    fn facts(&self, world: &World) -> Vec<Fact> {
        let system = &self.system.get(&world.systems).name;
        let (source, check) = stream(system, self.stream);
        let fact = |number: usize| {
            let ts = world.as_of + (number as Ms + self.ahead as Ms - self.count as Ms) * self.step;
            let status = self.cycle[number % self.cycle.len()];
            Fact { source, check: check.clone(), ..Fact::new(ts, system, status) }
        };
        (0..self.count).map(fact).collect()
    }
}

/// A small world with one or two such streams.
pub(crate) fn busy_worlds() -> impl Strategy<Value = World> {
    (worlds(), prop::collection::vec(burst(), 1..3)).prop_map(|(mut world, bursts)| {
        let facts: Vec<Fact> = bursts.iter().flat_map(|burst| burst.facts(&world)).collect();
        world.facts.extend(facts);
        world
    })
}
