//! Owns `slo streaks`: days in a row on which objectives kept their budgets, longest first.
//!
//! | `slo streaks [NAME…]` | how many days in a row budgets were kept | |

use anyhow::Result;

use crate::cli::Streaks;
use crate::commands::{Answer, Context, Run, selection};
use crate::evaluation::streaks;
use crate::render::Looks;
use crate::render::look::streaks::{document, sheet};
use crate::store::Access;

impl Run for Streaks {
    const NAME: &'static str = "streaks";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let store = context.store(Access::Read)?;
        let mut found = store.read(|store| streaks(store, selection::objectives(store, &args.selection)?, as_of))?;
        selection::tell_none(context, found.is_empty(), &args.selection);
        found.sort_by(|a, b| (b.streak.current, &a.objective).cmp(&(a.streak.current, &b.objective)));
        Ok(Looks::of(found).document(move |it| document(it, as_of)).sheet(|it, _| sheet(it)).into())
    }
}
