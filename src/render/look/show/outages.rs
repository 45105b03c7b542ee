//! Owns the outages that `slo show` prints: held if they are few, read again if there are too many.

use std::collections::VecDeque;

use anyhow::Result;

use super::drawing::Cells;
use super::{MOST_EVENTS, Portrait};
use crate::domain::account::outage::{Event, Outage};
use crate::domain::value::instant::Instant;

/// The most outages that are held.
const MOST_HELD: usize = 10_000;

/// Reads outages, oldest first.
type Source = Box<dyn Fn(&mut dyn FnMut(Outage) -> Result<()>) -> Result<()>>;

/// Outages of one objective, oldest first. There may be millions.
#[derive(Default)]
pub(crate) struct Outages {
    /// All of them, or none if there are too many.
    held: Vec<Outage>,
    /// The last one, if there are too many.
    last: Option<Outage>,
    again: Option<Source>,
}

impl Outages {
    /// Adds the next outage.
    pub(crate) fn push(&mut self, outage: Outage) {
        if self.last.is_none() && self.held.len() < MOST_HELD {
            return self.held.push(outage);
        }
        self.held = Vec::new();
        self.last = Some(outage);
    }

    /// The last outage.
    pub(crate) fn last(&self) -> Option<&Outage> {
        self.last.as_ref().or(self.held.last())
    }

    /// The same outages with a way to read them again if they are not held.
    pub(crate) fn again(self, again: Source) -> Self {
        let again = self.last.is_some().then_some(again);
        Self { again, ..self }
    }

    /// Calls `each` with every outage, oldest first.
    pub(super) fn each(&self, mut each: impl FnMut(&Outage) -> Result<()>) -> Result<()> {
        self.held.iter().try_for_each(&mut each)?;
        self.again.as_ref().map_or(Ok(()), |again| again(&mut |outage| each(&outage)))
    }
}

/// What `show` prints about outages, collected in one pass.
pub(super) struct Seen {
    pub(super) events: usize,
    /// The last events, oldest first.
    pub(super) last: VecDeque<Event>,
    pub(super) cells: Cells,
    /// The start of the outage that leaves the window at each of the given instants.
    leaving: Vec<(Instant, Instant)>,
}

impl Seen {
    /// Collects the outages of a portrait, with a timeline of this number of columns.
    pub(super) fn of(portrait: &Portrait, columns: usize) -> Result<Self> {
        let budget = &portrait.report.budget;
        let cells = Cells::new(budget.elapsed, columns);
        let mut seen = Self { events: 0, last: VecDeque::new(), cells, leaving: Vec::new() };
        let forecast = portrait.report.forecast;
        let asked: Vec<Instant> = forecast.recovers_at.into_iter().chain(forecast.full_at).collect();
        portrait.outages.each(|outage| {
            for at in &asked {
                // The outage at the start of the window leaves it.
                let start = at.plus(-budget.window.millis());
                if outage.start < start && outage.end.is_none_or(|end| start <= end) {
                    seen.leaving.push((*at, outage.start));
                }
            }
            for event in &outage.events {
                seen.events += 1;
                seen.cells.add(event, portrait.as_of);
                if seen.last.len() == MOST_EVENTS {
                    seen.last.pop_front();
                }
                seen.last.push_back(event.clone());
            }
            Ok(())
        })?;
        Ok(seen)
    }

    /// The start of the outage that leaves the window at a forecast instant.
    pub(super) fn leaving(&self, at: Instant) -> Option<Instant> {
        self.leaving.iter().find(|(asked, _)| *asked == at).map(|(_, start)| *start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::name::Name;

    fn outage(start: i64) -> Outage {
        let name = Name::parse("shop").unwrap();
        let (start, end) = (Instant::from_millis(start), Some(Instant::from_millis(start + 1)));
        let (events, uncharged) = (Vec::new(), Vec::new());
        Outage { objective: name.clone(), system: name, start, end, events, uncharged, too_short: false }
    }

    #[test]
    fn too_many_are_read_again_and_are_the_same() {
        for count in [0, 1, MOST_HELD - 1, MOST_HELD, MOST_HELD + 1, MOST_HELD + 2] {
            let mut outages = Outages::default();
            (0..count).for_each(|place| outages.push(outage(2 * place as i64)));
            assert_eq!(
                outages.last().map(|last| last.start.millis()),
                (2 * count as i64).checked_sub(2).filter(|at| *at >= 0)
            );
            let again: Source = Box::new(move |hand| (0..count).try_for_each(|place| hand(outage(2 * place as i64))));
            let outages = outages.again(again);
            assert_eq!(
                outages.held.len() + usize::from(outages.last.is_some()),
                if count > MOST_HELD { 1 } else { count }
            );
            let mut starts = Vec::new();
            outages
                .each(|outage| {
                    starts.push(outage.start.millis());
                    Ok(())
                })
                .unwrap();
            assert_eq!(starts, (0..count).map(|place| 2 * place as i64).collect::<Vec<_>>());
        }
    }
}
