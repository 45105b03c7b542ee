//! Owns the downtime events that `compute` publishes: those that no later fact changes stay, the others are drawn again.

use std::collections::BTreeSet;

use anyhow::Result;

use super::notes::Notes;
use super::outages::systems_of;
use super::sparing::{Spared, Sparing};
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

/// From this length on history is read in parts.
const LONG_MS: i64 = 7 * DAY_MS;

/// Events under way, of one objective after the other.
pub(super) struct Events<'s> {
    store: &'s Store,
    as_of: Instant,
    /// How many objectives there are.
    count: usize,
    /// Opened where something is not charged.
    sparing: Option<Sparing<'s>>,
    notes: Notes<'s>,
}

impl<'s> Events<'s> {
    pub(super) fn new(store: &'s Store, count: usize, as_of: Instant) -> Self {
        Self { store, as_of, count, sparing: None, notes: Notes::new(store, as_of) }
    }

    /// Brings the events of an objective in line, given up to when those that are over are known to be right.
    ///
    /// # Errors
    /// Those of the database.
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

    /// How the published events of an objective differ from what they should be: all of them, or those that are over by a moment up to
    /// which they are known to be right.
    ///
    /// # Errors
    /// Those of the database.
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

    /// Hands on the events that are not over by a moment, oldest first and part by part, each with the moment before which its events begin.
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
            // What begins later may come between those of the next part.
            let until = if until == range.end { Instant::MAX } else { until };
            let ready = waiting.partition_point(|event| event.start < until);
            hand(&waiting[..ready], until)?;
            waiting.drain(..ready);
        }
        Ok(())
    }

    /// Adds what is not charged.
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
        // These alone are looked at, so that what is charged costs no more.
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

    /// In which parts history is read.
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
    /// Begins to draw the events of this number of objectives.
    pub(super) fn events(&self, count: usize) -> Events<'s> {
        Events::new(self.store, count, self.as_of)
    }
}

/// By when an event must be over that nothing changes any more, given up to when days are known.
fn settled(model: &Model, known: Instant) -> Instant {
    if known <= Instant::MIN { Instant::MIN } else { known.plus(-model.objective.hindsight_ms()).max(Instant::MIN) }
}

/// Up to when, from a moment on, nothing is down; the end of time where nothing ever is.
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
