//! Owns how stored facts and manifests become a weekly digest.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{achievements, downtime, reports};
use crate::domain::digest::{Digest, Sources};
use crate::domain::instant::Instant;
use crate::domain::name::Name;
use crate::domain::week::Week;
use crate::store::{Store, Stored};

/// The digest of a week for objectives, up to a moment within the week or its end; facts after that do not exist.
///
/// # Errors
/// Those of the database.
pub(crate) fn digest(store: &Store, objectives: &[Stored], week: Week, until: Instant) -> Result<Digest> {
    let start = week.span().start;
    let systems: BTreeSet<Name> = objectives.iter().map(|stored| stored.objective.system.clone()).collect();
    Ok(Digest::draw(Sources {
        week,
        until,
        reports: reports(store, objectives.to_vec(), until)?,
        reports_before: reports(store, objectives.to_vec(), start)?,
        events: downtime(store, objectives.to_vec(), week.previous().span().start, until, until)?,
        unlocked: achievements(store, &systems.into_iter().collect::<Vec<_>>(), until)?,
    }))
}
