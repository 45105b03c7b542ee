//! Owns `slo achievements`: what systems have achieved, and what they are near to.
//!
//! | `slo achievements [SYSTEM…]` | what systems have achieved, since when, and which achievement is closest; `-o wide`
//! shows all that are missing | |

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Answer, Context, Run, selection};
use crate::cli::Achievements;
use crate::domain::value::name::Name;
use crate::evaluation::standings;
use crate::render::Looks;
use crate::render::achievements::{document, sheet};
use crate::store::Access;

impl Run for Achievements {
    const NAME: &'static str = "achievements";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let store = context.store(Access::Read)?;
        let standings = store.read(|store| {
            let systems: BTreeSet<Name> = if args.systems.is_empty() {
                store.objectives()?.into_iter().map(|stored| stored.objective.system).collect()
            } else {
                selection::systems(store, &args.systems)?.into_iter().map(|(name, _)| name).collect()
            };
            standings(store, &systems.into_iter().collect::<Vec<_>>(), as_of)
        })?;
        if standings.is_empty() {
            context.note("no objective is declared; `slo apply` declares them");
        }
        Ok(Looks::of(standings).document(move |it| document(it, as_of)).sheet(|it, wide| sheet(it, wide)).into())
    }
}
