//! Owns the order of events: outages come in the order of their starts, and so must the parts of them.

use std::collections::BTreeMap;

use super::{Event, Outage};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// Events that wait for their turn: oldest first, then by objective.
#[derive(Default, Debug)]
pub(crate) struct Waiting(BTreeMap<(Instant, Name), Event>);

impl Waiting {
    /// Adds an event of an outage that was handed to [`Self::before`].
    pub(crate) fn push(&mut self, event: Event) {
        self.0.insert((event.start, event.objective.clone()), event);
    }

    /// Hands on the events whose turn comes before all of an outage, and of the outages after it.
    ///
    /// # Errors
    /// Those of `hand`.
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

    /// Hands on all.
    ///
    /// # Errors
    /// Those of `hand`.
    pub(crate) fn rest<E>(self, mut hand: impl FnMut(&Event) -> Result<(), E>) -> Result<(), E> {
        self.0.values().try_for_each(&mut hand)
    }
}
