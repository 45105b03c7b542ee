//! Laws on worlds that combine everything that can be declared.

use proptest::prelude::*;
use serde_json::Value;

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::Ms;
use crate::reference::{difference, health, objectives};
use crate::world::World;
use crate::world::strategy::rich::rich_worlds;

/// What is wrong with the output for a world as of its time.
fn wrong(slo: &Slo, world: &World) -> Option<String> {
    let as_of = world.as_of_text();
    let printed = Value::Array(slo.objectives(&as_of));
    let systems = slo.health(&as_of)["systems"].clone();
    difference("objectives", &Value::Array(objectives(world)), &printed)
        .or_else(|| difference("systems", &Value::Array(health(world)), &systems))
        .map(|difference| format!("as of {as_of}: {difference}"))
}

proptest! {
    #![proptest_config(one_in(2))]

    /// Every field of `status` and `health`, as of the world's time and close to the times of facts.
    #[test]
    fn everything_at_once_equals_the_reference(
        world in rich_worlds(), moments in prop::collection::vec((any::<prop::sample::Index>(), -1..=1_i64), 3),
    ) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let beside = moments.iter().map(|(fact, shift)| fact.get(&world.facts).ts + shift);
        for at in std::iter::once(world.as_of).chain(beside).collect::<Vec<Ms>>() {
            prop_assert_eq!(wrong(&slo, &world.at(at)), None);
        }
        slo.pass(&["compute", "--as-of", &world.as_of_text()], b"");
        slo.pass(&["db", "verify"], b"");
    }
}
