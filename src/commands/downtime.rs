//! Owns `slo downtime`: events, and what they come to.

use anyhow::Result;

use super::{Context, moment, selection};
use crate::cli::{Downtime, DowntimeBy};
use crate::domain::instant::DAY_MS;
use crate::evaluation::downtime;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::downtime::{By, Grouping, document, sheet, sums};
use crate::store::Access;

/// How far back events are listed where `--since` does not say.
const USUAL_DAYS: i64 = 30;

pub(super) fn run(context: &mut Context<'_>, args: &Downtime) -> Result<ExitStatus> {
    let as_of = context.as_of;
    let since = args.since.as_deref().map(|text| moment(text, as_of)).transpose()?;
    let since = since.unwrap_or(as_of.plus(-USUAL_DAYS * DAY_MS));
    let until = args.until.as_deref().map(|text| moment(text, as_of)).transpose()?.unwrap_or(as_of).min(as_of);
    if since > until {
        return Err(Failure::new(
            format!("--since {since} is after --until {until}"),
            "give the earlier moment to --since",
        ));
    }
    let store = context.store(Access::Read)?;
    let mut events =
        store.read(|store| downtime(store, selection::objectives(store, &args.selection)?, since, until, as_of))?;
    events.retain(|event| !args.open || event.end.is_none());
    let by = args.by.map(|by| match by {
        DowntimeBy::Objective => By::Objective,
        DowntimeBy::System => By::System,
        DowntimeBy::Upstream => By::Upstream,
        DowntimeBy::Day => By::Day,
    });
    let grouping = by.map(|by| Grouping { by, since, until });
    context.answer(&document(&events, grouping, as_of)?, |_| match grouping {
        Some(grouping) => sums(&events, grouping, as_of),
        None => sheet(&events, since, until, as_of),
    })?;
    Ok(ExitStatus::Pass)
}
