//! Owns which maintenance is in force, system by system: all windows read once, for everything that asks as of a moment.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;

use crate::domain::account::maintenance::{MaintenanceWindow, in_force};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::InMaintenance;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::Store;

/// All maintenance windows by the systems that they name.
pub(super) struct Planned(HashMap<Name, Vec<Rc<MaintenanceWindow>>>);

impl Planned {
    pub(super) fn read(store: &Store) -> Result<Self> {
        let mut of_systems: HashMap<Name, Vec<Rc<MaintenanceWindow>>> = HashMap::new();
        for window in store.maintenance_windows()?.into_iter().map(Rc::new) {
            for system in &window.systems {
                of_systems.entry(system.clone()).or_default().push(Rc::clone(&window));
            }
        }
        Ok(Self(of_systems))
    }

    /// The window of a system that is in force at a moment; of several, the one that ends last.
    pub(super) fn in_force(&self, system: &Name, at: Instant) -> Option<InMaintenance> {
        in_force(self.0.get(system).into_iter().flatten().map(Rc::as_ref), at)
    }

    /// The same report, which says so.
    pub(super) fn told(&self, report: ObjectiveReport, at: Instant) -> ObjectiveReport {
        ObjectiveReport { maintenance: self.in_force(&report.system, at), ..report }
    }
}
