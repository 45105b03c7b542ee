//! Owns `slo trend`: one objective, day by day.
//!
//! | `slo trend NAME` | one objective day by day, each at its close, in the objective's time zone | |

use anyhow::Result;

use super::{Answer, Context, Run, moment, selection};
use crate::cli::Trend;
use crate::evaluation::trend;
use crate::render::Looks;
use crate::render::trend::{document, sheet};
use crate::store::Access;

impl Run for Trend {
    const NAME: &'static str = "trend";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let since = args.since.as_deref().map(|text| moment(text, as_of)).transpose()?;
        let store = context.store(Access::Read)?;
        let snapshots = store.read(|store| {
            let stored = selection::objective(store, &args.name)?;
            let calendar = stored.objective.window.calendar();
            let after = since.unwrap_or_else(|| calendar.days_before(as_of, args.days.into()));
            trend(store, stored, after, as_of)
        })?;
        if snapshots.is_empty() {
            context.note("no midnight has passed since the system's first transition, or none in this range");
        }
        Ok(Looks::of(snapshots).document(move |it| document(it, as_of)).sheet(|it, _| sheet(it)).into())
    }
}
