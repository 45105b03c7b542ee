//! Owns reading outages while they are printed: once, in order, and only as many as needed.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use anyhow::{Result, anyhow};

use super::Asked;
use crate::domain::account::outage::last::Last;
use crate::domain::account::outage::order::Waiting;
use crate::domain::account::outage::summing::Summing;
use crate::domain::account::outage::totals::Totals;
use crate::domain::account::outage::{Accounting, Event, Outage};

/// Passes outages sorted by start, then by objective.
pub(crate) type Source = Box<dyn FnOnce(&mut dyn FnMut(Outage) -> Result<()>) -> Result<()>>;

/// Outages that are read when needed.
pub(crate) struct Reading {
    asked: Asked,
    source: RefCell<Option<Source>>,
    sums: OnceCell<Sums>,
}

/// The totals of the outages.
pub(super) struct Sums {
    pub(super) totals: Totals,
    /// By key, if grouped.
    pub(super) groups: BTreeMap<String, Totals>,
    /// Uncharged downtime by reason, if requested.
    pub(super) uncharged: Vec<(&'static str, Totals)>,
}

impl Reading {
    pub(crate) fn new(asked: Asked, source: Source) -> Self {
        Self { asked, source: RefCell::new(Some(source)), sums: OnceCell::new() }
    }

    pub(super) const fn asked(&self) -> &Asked {
        &self.asked
    }

    /// Passes the events, oldest first, then by objective. They can be read once.
    ///
    /// # Errors
    /// Errors of the source and of `hand`, and if they were already read.
    pub(super) fn read(&self, hand: impl FnMut(&Event) -> Result<()>) -> Result<()> {
        let source = self.source.take().ok_or_else(|| anyhow!("these outages have been read"))?;
        let sums = pass(&self.asked, source, hand)?;
        self.sums.set(sums).map_err(|_| anyhow!("these outages have been summed up"))
    }

    /// The totals; reads the events for them unless they were read.
    pub(super) fn sums(&self) -> Result<&Sums> {
        if self.sums.get().is_none() {
            self.read(|_| Ok(()))?;
        }
        self.sums.get().ok_or_else(|| anyhow!("these outages have not been summed up"))
    }
}

fn pass(asked: &Asked, source: Source, mut hand: impl FnMut(&Event) -> Result<()>) -> Result<Sums> {
    let Asked { range, by, as_of, .. } = asked;
    let mut totals = Summing::new(None, range, *as_of);
    let mut groups = by.as_ref().map(|by| Summing::new(Some(by), range, *as_of));
    let words = if asked.all { &Accounting::WORDS[1..] } else { &[] };
    let mut uncharged: Vec<_> = words.iter().map(|word| (*word, Summing::new(None, range, *as_of))).collect();
    let mut waiting = Waiting::default();
    let mut add = |outage: Outage| {
        for (word, sum) in &mut uncharged {
            let part = outage.only(word);
            if range.concerns(&part) {
                sum.add(&part);
            }
        }
        let charged =
            if asked.all { Cow::Owned(outage.only(Accounting::Charged.as_str())) } else { Cow::Borrowed(&outage) };
        if range.concerns(&charged) {
            totals.add(&charged);
            if let Some(groups) = &mut groups {
                groups.add(&charged);
            }
        }
        waiting.before(&outage, &mut hand)?;
        range.events(&outage).for_each(|event| waiting.push(event.clone()));
        Ok(())
    };
    let mut last = asked.last.map(Last::new);
    source(&mut |mut outage| {
        if asked.open {
            outage.events.retain(|event| event.end.is_none());
        }
        if !range.concerns(&outage) {
            return Ok(());
        }
        let Some(last) = &mut last else { return add(outage) };
        last.add(outage);
        Ok(())
    })?;
    last.map(Last::finish).unwrap_or_default().into_iter().try_for_each(&mut add)?;
    waiting.rest(hand)?;
    let uncharged = uncharged.into_iter().map(|(word, sum)| (word, sum.total())).collect();
    Ok(Sums { totals: totals.total(), groups: groups.map(Summing::finish).unwrap_or_default(), uncharged })
}
