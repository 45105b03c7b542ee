//! Owns finding the maintenance windows of a system that touch a span.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use crate::domain::account::maintenance::Schedule;
use crate::domain::account::maintenance::calendar::MaintenanceCalendar;
use crate::domain::account::outage::uncharged::Named;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::evaluation::MANY;
use crate::store::Store;

/// The windows of one system that are not cancelled. There may be very many.
#[derive(Default)]
pub(super) struct Windows {
    /// One-off windows, sorted.
    once: Vec<(Span, Name)>,
    /// The longest of these, in milliseconds.
    longest_ms: i64,
    recurring: Vec<(Name, MaintenanceCalendar)>,
}

impl Windows {
    fn add(&mut self, name: Name, schedule: Schedule) {
        match schedule {
            Schedule::Once(span) => {
                self.longest_ms = self.longest_ms.max(span.millis());
                self.once.push((span, name));
            }
            Schedule::Recurring(_) => self.recurring.push((name, MaintenanceCalendar::of([schedule]))),
        }
    }

    fn sorted(mut self) -> Self {
        self.once.sort_unstable();
        self
    }

    /// The windows that are active within a span, sorted by name, each with the times that touch it.
    pub(super) fn touching(&self, span: Span) -> Vec<Named> {
        // No window that starts earlier reaches into the span.
        let earliest = span.start.plus(-self.longest_ms);
        let first = self.once.partition_point(|(once, _)| once.start < earliest);
        let once = self.once[first..].iter().take_while(|(once, _)| once.start < span.end);
        let once = once.filter(|(once, _)| once.end > span.start).map(|(once, name)| (name.clone(), vec![*once]));
        let recurring = self.recurring.iter().map(|(name, calendar)| (name.clone(), calendar.touching(span).to_vec()));
        let mut found: Vec<Named> = once.chain(recurring.filter(|(_, spans)| !spans.is_empty())).collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found
    }
}

/// The windows of the given systems, or of all, by system.
pub(super) fn windows(store: &Store, systems: Option<&BTreeSet<&Name>>) -> Result<HashMap<Name, Windows>> {
    let few = systems.filter(|systems| systems.len() < if store.is_shared() { 2 } else { MANY });
    let looked_up = few.map(|systems| look_up(store, systems)).transpose()?.flatten();
    let found = looked_up.map_or_else(|| read(store, systems), Ok)?;
    Ok(found.into_iter().map(|(system, windows)| (system, windows.sorted())).collect())
}

/// The windows of a few systems, unless reading all is cheaper.
fn look_up(store: &Store, systems: &BTreeSet<&Name>) -> Result<Option<HashMap<Name, Windows>>> {
    let mut found = HashMap::new();
    for system in systems {
        let mut of_it = Windows::default();
        if let Some(id) = store.system(system)? {
            if store.are_most_windows(id, systems.len())? {
                return Ok(None);
            }
            store.each_schedule_of((id, system), |name, schedule| of_it.add(name, schedule))?;
        }
        found.insert((*system).clone(), of_it);
    }
    Ok(Some(found))
}

fn read(store: &Store, systems: Option<&BTreeSet<&Name>>) -> Result<HashMap<Name, Windows>> {
    let mut found: HashMap<Name, Windows> = HashMap::new();
    store.each_schedule(|name, covered, schedule| {
        for system in covered.into_iter().filter(|system| systems.is_none_or(|systems| systems.contains(system))) {
            found.entry(system).or_default().add(name.clone(), schedule.clone());
        }
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::value::instant::Instant;

    fn span(start: i64, millis: i64) -> Span {
        Span::new(Instant::from_millis(start), Instant::from_millis(start + millis))
    }

    proptest! {
        #[test]
        fn those_that_touch_are_found_wherever_they_begin(
            windows in proptest::collection::vec((0..100_i64, 1..40_i64), 0..20), start in 0..140_i64, millis in 1..50_i64,
        ) {
            let mut all = Windows::default();
            for (place, (start, millis)) in windows.iter().enumerate() {
                all.add(Name::parse(&format!("w{place:02}")).unwrap(), Schedule::Once(span(*start, *millis)));
            }
            let asked = span(start, millis);
            let expected: Vec<String> = windows
                .iter()
                .enumerate()
                .filter(|(_, (start, millis))| !span(*start, *millis).intersect(asked).is_empty())
                .map(|(place, _)| format!("w{place:02}"))
                .collect();
            let found = all.sorted().touching(asked);
            prop_assert_eq!(found.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>(), expected);
            prop_assert!(found.iter().all(|(_, spans)| spans.len() == 1));
        }
    }
}
