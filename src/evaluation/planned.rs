//! Owns finding maintenance in force by system: all windows are read once, or those of a few systems on demand.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use anyhow::Result;

use super::is_most;
use crate::domain::account::maintenance::{MaintenanceWindow, in_force};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::InMaintenance;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::Store;

/// Maintenance windows by system.
pub(super) struct Planned<'s> {
    store: &'s Store,
    /// All of them, if they were read at once.
    all: Option<HashMap<Name, Vec<Rc<MaintenanceWindow>>>>,
    /// Otherwise, the results for each system.
    found: RefCell<HashMap<(Name, Instant), Option<InMaintenance>>>,
}

impl<'s> Planned<'s> {
    /// The maintenance for this number of objectives or systems.
    pub(super) fn open(store: &'s Store, count: usize) -> Result<Self> {
        let found = RefCell::default();
        if !is_most(store, count)? {
            return Ok(Self { store, all: None, found });
        }
        let mut all: HashMap<Name, Vec<Rc<MaintenanceWindow>>> = HashMap::new();
        for window in store.maintenance_windows()?.into_iter().map(Rc::new) {
            for system in &window.systems {
                all.entry(system.clone()).or_default().push(Rc::clone(&window));
            }
        }
        Ok(Self { store, all: Some(all), found })
    }

    /// The window of a system in force at an instant; of several, the one that ends last.
    pub(super) fn in_force(&self, system: &Name, at: Instant) -> Result<Option<InMaintenance>> {
        if let Some(all) = &self.all {
            return Ok(in_force(all.get(system).into_iter().flatten().map(Rc::as_ref), at));
        }
        match self.found.borrow_mut().entry((system.clone(), at)) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(place) => Ok(place.insert(in_force(&self.store.windows_in_force(system, at)?, at)).clone()),
        }
    }

    /// The report with the maintenance in force.
    pub(super) fn told(&self, report: ObjectiveReport, at: Instant) -> Result<ObjectiveReport> {
        Ok(ObjectiveReport { maintenance: self.in_force(&report.system, at)?, ..report })
    }
}
