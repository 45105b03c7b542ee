//! Owns the order of events: the parts of outages are printed by start, like outages themselves.

use std::collections::BTreeMap;

use super::{Event, Outage};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// Events that wait for their turn: oldest first, then by objective.
#[derive(Default, Debug)]
pub(crate) struct Waiting(BTreeMap<(Instant, Name), Event>);

impl Waiting {
    /// Adds an event of an outage that was passed to [`Self::before`].
    pub(crate) fn push(&mut self, event: Event) {
        self.0.insert((event.start, event.objective.clone()), event);
    }

    /// Calls `hand` with the events that come before an outage and all later ones.
    pub(crate) fn before<E>(
        &mut self,
        outage: &Outage,
        mut hand: impl FnMut(&Event) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(first) = self.0.first_entry() {
            let (start, objective) = first.key();
            if (start, objective) >= (&outage.start, &outage.objective) {
                break;
            }
            hand(&first.remove())?;
        }
        Ok(())
    }

    /// Calls `hand` with all remaining events.
    pub(crate) fn rest<E>(self, mut hand: impl FnMut(&Event) -> Result<(), E>) -> Result<(), E> {
        self.0.values().try_for_each(&mut hand)
    }
}
