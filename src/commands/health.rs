//! Owns `slo health`: the effective status of systems.
//!
//! | `slo health [SYSTEM…]` | the status of systems, and since when | |

use anyhow::Result;

use super::{Answer, Context, Run, selection};
use crate::cli::Health;
use crate::evaluation::{all_healths, healths};
use crate::render::Looks;
use crate::render::health::{document, sheet};
use crate::store::Access;

impl Run for Health {
    const NAME: &'static str = "health";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let store = context.store(Access::Read)?;
        let as_of = context.as_of;
        let mut healths = store.read(|store| {
            if args.systems.is_empty() {
                return all_healths(store, as_of);
            }
            healths(store, &selection::systems(store, &args.systems)?, as_of)
        })?;
        // One that is named is asked for.
        healths.retain(|health| !health.is_retired || args.all || !args.systems.is_empty());
        healths.sort_by(|a, b| a.rank().cmp(&b.rank()));
        Ok(Looks::of(healths).document(move |it| document(it, as_of)).sheet(|it, _| sheet(it)).into())
    }
}
