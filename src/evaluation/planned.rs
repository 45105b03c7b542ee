//! Owns which maintenance is in force, system by system: all windows read once, or those of few systems as they are asked for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;

use super::is_most;
use crate::domain::account::maintenance::{MaintenanceWindow, in_force};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::InMaintenance;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::Store;

/// Maintenance windows by the systems that they name.
pub(super) struct Planned<'s> {
    store: &'s Store,
    of_systems: RefCell<HashMap<Name, Vec<Rc<MaintenanceWindow>>>>,
    /// Whether all have been read.
    complete: bool,
}

impl<'s> Planned<'s> {
    /// What is planned, for this number of objectives or systems.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn open(store: &'s Store, count: usize) -> Result<Self> {
        let complete = is_most(store, count)?;
        let mut of_systems: HashMap<Name, Vec<Rc<MaintenanceWindow>>> = HashMap::new();
        let all = if complete { store.maintenance_windows()? } else { Vec::new() };
        for window in all.into_iter().map(Rc::new) {
            for system in &window.systems {
                of_systems.entry(system.clone()).or_default().push(Rc::clone(&window));
            }
        }
        Ok(Self { store, of_systems: RefCell::new(of_systems), complete })
    }

    /// The window of a system that is in force at a moment; of several, the one that ends last.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn in_force(&self, system: &Name, at: Instant) -> Result<Option<InMaintenance>> {
        let mut of_systems = self.of_systems.borrow_mut();
        if !self.complete && !of_systems.contains_key(system) {
            let windows = self.store.windows_of(system)?;
            of_systems.insert(system.clone(), windows.into_iter().map(Rc::new).collect());
        }
        Ok(in_force(of_systems.get(system).into_iter().flatten().map(Rc::as_ref), at))
    }

    /// The same report, which says so.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn told(&self, report: ObjectiveReport, at: Instant) -> Result<ObjectiveReport> {
        Ok(ObjectiveReport { maintenance: self.in_force(&report.system, at)?, ..report })
    }
}
