//! Owns finding the systems in maintenance that no objective is about.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::InMaintenance;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::Store;

/// The systems in maintenance as of an instant that none of the reports is about, without retired ones, each with the
/// window that ends last.
pub(crate) fn maintained_besides(
    store: &Store,
    reports: &[ObjectiveReport],
    as_of: Instant,
) -> Result<BTreeMap<Name, InMaintenance>> {
    let reported: BTreeSet<&Name> = reports.iter().map(|report| &report.system).collect();
    let mut found: BTreeMap<Name, InMaintenance> = BTreeMap::new();
    store.each_schedule(|window, systems, schedule| {
        let others: Vec<Name> = systems.into_iter().filter(|system| !reported.contains(system)).collect();
        // Occurrences are unfolded only if they are needed.
        let Some(until) = others.first().and_then(|_| schedule.until(as_of)) else { return };
        for system in others {
            let ends_later = |known: &InMaintenance| (known.until, &window) > (until, &known.window);
            if !found.get(&system).is_some_and(ends_later) {
                found.insert(system, InMaintenance { window: window.clone(), until });
            }
        }
    })?;
    let mut active = BTreeMap::new();
    for (system, open) in found {
        let declared = store.object(Kind::System, &system)?;
        let retired_at = match declared {
            Some(Object::System(declared)) => declared.retired_at,
            _ => None,
        };
        if retired_at.is_none_or(|at| at > as_of) {
            active.insert(system, open);
        }
    }
    Ok(active)
}
