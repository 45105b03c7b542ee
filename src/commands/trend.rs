//! Owns `slo trend`: one objective, day by day.

use anyhow::Result;

use super::{Context, moment, selection};
use crate::cli::Trend;
use crate::domain::instant::DAY_MS;
use crate::evaluation::trend;
use crate::exit::ExitStatus;
use crate::render::trend::{document, sheet};
use crate::store::Access;

pub(super) fn run(context: &mut Context<'_>, args: &Trend) -> Result<ExitStatus> {
    let as_of = context.as_of;
    let after = match &args.since {
        Some(text) => moment(text, as_of)?,
        None => as_of.day_start().plus(-i64::from(args.days) * DAY_MS),
    };
    let store = context.store(Access::Read)?;
    let snapshots = store.read(|store| trend(store, selection::objective(store, &args.name)?, after, as_of))?;
    if snapshots.is_empty() {
        context.note("no midnight has passed since the system's first transition, or none in this range");
    }
    context.answer(&document(&snapshots, as_of)?, |_| sheet(&snapshots))?;
    Ok(ExitStatus::Pass)
}
