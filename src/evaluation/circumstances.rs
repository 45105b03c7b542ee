//! Owns what is known of outages besides their times: what was written of them, and what was planned.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use crate::domain::account::maintenance::calendar::MaintenanceCalendar;
use crate::domain::account::outage::shared::Shared;
use crate::domain::budget::review::Circumstances;
use crate::domain::health::transition::Status;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::Store;

/// Notes of one system that came with facts other than `healthy`, oldest first.
type Notes = Vec<(Instant, String)>;

/// The circumstances of outages as of a moment, in the order given.
///
/// # Errors
/// Those of the database.
pub(super) fn circumstances(store: &Store, outages: &[Shared<'_>], as_of: Instant) -> Result<Vec<Circumstances>> {
    let mut windows: BTreeMap<Name, Vec<(Name, MaintenanceCalendar)>> = BTreeMap::new();
    for stored in store.objects(Kind::MaintenanceWindow)? {
        let Object::MaintenanceWindow(window) = stored.held.object else { continue };
        if window.cancelled {
            continue;
        }
        for system in &window.systems {
            let calendar = MaintenanceCalendar::of([window.schedule.clone()]);
            windows.entry(system.clone()).or_default().push((window.metadata.name.clone(), calendar));
        }
    }
    let mut notes: HashMap<&Name, Notes> = HashMap::new();
    let mut found = Vec::with_capacity(outages.len());
    for outage in outages {
        if !notes.contains_key(outage.system) {
            notes.insert(outage.system, notes_of(store, outage.system, as_of)?);
        }
        // What is known up to `as_of` includes what is said then.
        let span = Span::new(outage.start, outage.end.unwrap_or(as_of.plus(1)));
        let notes = &notes[outage.system];
        let last = notes[..notes.partition_point(|(at, _)| *at < span.end)].last();
        let of_system = windows.get(outage.system).map_or(&[][..], Vec::as_slice);
        let in_force = of_system.iter().filter(|(_, calendar)| !calendar.touching(span).is_empty());
        found.push(Circumstances {
            note: last.filter(|(at, _)| *at >= span.start).map(|(_, text)| text.clone()),
            maintenance: in_force.map(|(name, _)| name.clone()).collect(),
        });
    }
    Ok(found)
}

fn notes_of(store: &Store, system: &Name, as_of: Instant) -> Result<Notes> {
    let Some(id) = store.system(system)? else { return Ok(Vec::new()) };
    let mut notes = Vec::new();
    store.each_noted(id, |fact, _, note| {
        if fact.at <= as_of && fact.status != Status::Healthy {
            notes.push((fact.at, note.to_owned()));
        }
    })?;
    notes.sort();
    Ok(notes)
}
