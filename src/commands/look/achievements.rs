//! Owns `slo achievements`: what systems have achieved, and what is next.
//!
//! | `slo achievements [SYSTEM…]` | what systems have achieved, since when, and which achievement is closest; `-o wide`
//! shows all that are missing; `--recent 5`: the last ones, newest first | |

use std::collections::BTreeSet;

use anyhow::Result;

use crate::cli::Achievements;
use crate::commands::{Answer, Context, Run, selection};
use crate::domain::budget::achievement::{Unlocked, newest_first};
use crate::domain::value::name::Name;
use crate::evaluation::standings;
use crate::render::Looks;
use crate::render::look::achievements::{document, recent_document, recent_sheet, sheet};
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
            selection::tell_none_declared(context);
        }
        if let Some(recent) = args.recent {
            let mut unlocked: Vec<Unlocked> = standings.into_iter().flat_map(|standing| standing.unlocked).collect();
            newest_first(&mut unlocked);
            unlocked.truncate(recent as usize);
            let looks = Looks::of(unlocked).document(move |it| recent_document(it, as_of));
            return Ok(looks.sheet(|it, _| recent_sheet(it)).into());
        }
        Ok(Looks::of(standings).document(move |it| document(it, as_of)).sheet(|it, wide| sheet(it, wide)).into())
    }
}
