//! Owns the downtime events that `compute` publishes: those that no later fact changes are kept, the others are
//! recomputed.

use std::collections::BTreeSet;

use anyhow::Result;

use super::outages::notes::Notes;
use super::outages::sparing::{Spared, Sparing};
use super::outages::systems_of;
use super::{Evaluation, Load};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::model::Model;
use crate::domain::account::outage::walk::{Pace, Walk};
use crate::domain::account::outage::{Event, Outage};
use crate::domain::account::tally::Tally;
use crate::domain::budget::assess::Assessment;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;
use crate::store::{Difference, Store};

/// From this length on, history is read in parts.
const LONG_MS: i64 = 7 * DAY_MS;

/// Publishes the events of one objective after the other.
pub(super) struct Events<'s> {
    store: &'s Store,
    as_of: Instant,
    /// The number of objectives.
    count: usize,
    /// Opened when there is uncharged downtime.
    sparing: Option<Sparing<'s>>,
    notes: Notes<'s>,
}

impl<'s> Events<'s> {
    pub(super) fn new(store: &'s Store, count: usize, as_of: Instant) -> Self {
        Self { store, as_of, count, sparing: None, notes: Notes::new(store, as_of) }
    }

    /// Updates the published events of an objective; completed ones are valid up to `known`.
    pub(super) fn publish(
        &mut self,
        assessment: &Assessment<'_>,
        known: Instant,
        chronicle: &mut Chronicle<Load<'s>>,
    ) -> Result<()> {
        let settled = settled(assessment.model, known);
        let mut rows = self.store.publishing_events(&assessment.model.objective.metadata.name, settled, self.as_of)?;
        self.each_part(assessment, settled, chronicle, |events, until| rows.put(events, until))
    }

    /// How the published events of an objective differ from a recomputation: all of them, or with `known`, those
    /// completed while they are known to be valid.
    pub(super) fn differences(
        &mut self,
        assessment: &Assessment<'_>,
        known: Option<Instant>,
        chronicle: &mut Chronicle<Load<'s>>,
    ) -> Result<Vec<Difference>> {
        let by = known.map(|known| settled(assessment.model, known));
        let mut rows = self.store.comparing_events(&assessment.model.objective.metadata.name, by, self.as_of);
        self.each_part(assessment, Instant::MIN, chronicle, |events, until| rows.put(events, until))?;
        Ok(rows.differences())
    }

    /// Calls `hand` with the events that end after an instant, oldest first and part by part, each part with the
    /// instant before which its events begin.
    fn each_part(
        &mut self,
        assessment: &Assessment<'_>,
        after: Instant,
        chronicle: &mut Chronicle<Load<'s>>,
        mut hand: impl FnMut(&[Event], Instant) -> Result<()>,
    ) -> Result<()> {
        let (model, end) = (assessment.model, self.as_of.plus(1));
        let is_corrected =
            !model.system.corrected_in(model.objective.healthcheck.as_ref(), Span::new(after, end)).is_empty();
        let quiet_until = if is_corrected { after } else { quiet_until(assessment, after) };
        let Some(range) = quiet_until.lt(&end).then(|| Span::new(quiet_until, end)) else {
            return hand(&[], Instant::MAX);
        };
        let mut spared = if is_corrected { Some(self.sparing()?.begin(model, range)?) } else { None };
        let pace = self.pace(model, range)?;
        let (model, mut walk) = (model.clone(), Walk::over(range));
        let mut waiting: Vec<Event> = Vec::new();
        for until in pace.ends(range.start, range.end) {
            let mut found = walk.until(until, &model, &pace, chronicle)?;
            self.spare(&model, &mut found, (&mut spared, until, &pace), chronicle)?;
            self.notes.add(&model, &mut found)?;
            let events = found.into_iter().flat_map(|outage| outage.events);
            waiting.extend(events.filter(|event| event.end.is_none_or(|end| end > after)));
            waiting.sort_by_key(|event| event.start);
            // Events that begin later may sort between those of the next part.
            let until = if until == range.end { Instant::MAX } else { until };
            let ready = waiting.partition_point(|event| event.start < until);
            hand(&waiting[..ready], until)?;
            waiting.drain(..ready);
        }
        Ok(())
    }

    /// Adds uncharged downtime.
    fn spare(
        &mut self,
        model: &Model,
        found: &mut Vec<Outage>,
        (spared, until, pace): (&mut Option<Spared>, Instant, &Pace),
        chronicle: &mut Chronicle<Load<'s>>,
    ) -> Result<()> {
        if let Some(spared) = spared {
            return self.sparing()?.add(spared, found, (until, pace), chronicle);
        }
        let (Some(first), Some(last)) = (found.first(), found.last()) else { return Ok(()) };
        if found.iter().all(|outage| outage.uncharged.is_empty()) {
            return Ok(());
        }
        // Only these outages are examined, so charged downtime costs no more.
        let alone = Span::new(first.start, last.end.unwrap_or(self.as_of.plus(1)));
        let sparing = self.sparing()?;
        let mut spared = sparing.begin(model, alone)?;
        sparing.add(&mut spared, found, (alone.end, pace), chronicle)
    }

    fn sparing(&mut self) -> Result<&mut Sparing<'s>> {
        let sparing = match self.sparing.take() {
            Some(known) => known,
            None => Sparing::open(self.store, self.count, None, self.as_of)?,
        };
        Ok(self.sparing.insert(sparing))
    }

    /// How history is divided into parts.
    fn pace(&self, model: &Model, range: Span) -> Result<Pace> {
        if range.millis() < LONG_MS {
            return Ok(Pace::unbroken(self.as_of));
        }
        let mut systems = BTreeSet::new();
        systems_of(model, &mut systems);
        Ok(Pace::new(self.as_of, self.store.cuts(Some(&systems), self.as_of)?))
    }
}

impl<'s> Evaluation<'s> {
    /// Prepares to publish the events of this number of objectives.
    pub(super) fn events(&self, count: usize) -> Events<'s> {
        Events::new(self.store, count, self.as_of)
    }
}

/// When an event must be over so that nothing changes it, if days are known up to `known`.
fn settled(model: &Model, known: Instant) -> Instant {
    if known <= Instant::MIN { Instant::MIN } else { known.plus(-model.objective.hindsight_ms()).max(Instant::MIN) }
}

/// When the first downtime at or after an instant may begin; the end of time if never.
fn quiet_until(assessment: &Assessment<'_>, after: Instant) -> Instant {
    let ledger = &assessment.ledger;
    let calendar = ledger.calendar();
    let is_quiet = |tally: &Tally| {
        tally.strict_us() == 0 && tally.excluded_us == 0 && tally.too_short_us == 0 && tally.not_counted_ms == 0
    };
    for (date, run) in ledger.dated_runs() {
        if !is_quiet(&run.day.tally) && calendar.start(date.plus(run.count.into())) > after {
            return calendar.start(date).max(after);
        }
    }
    assessment.down_from(ledger.end().max(after))
}
