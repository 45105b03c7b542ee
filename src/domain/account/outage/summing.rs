//! Owns sums of outages as they arrive, total or by a key, without keeping those that are over.

use std::collections::{BTreeMap, HashMap};

use super::totals::{By, Range, Share, Totals};
use super::{Event, Outage};
use crate::domain::account::weights::heaviest;
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::{Span, union};

/// Sums of outages that arrive by start, then by objective.
///
/// An objective, a system and a label sum entire outages. An upstream sums the part of each outage that belongs to it,
/// and a day the part charged on that day within the range; the length of an outage is then the length of that part.
#[derive(Debug)]
pub(crate) struct Summing<'a> {
    by: Option<&'a By>,
    range: &'a Range,
    as_of: Instant,
    /// The last outage of each system, joined from the objectives that are summed together.
    last: HashMap<Name, HashMap<String, Joined>>,
    totals: BTreeMap<String, Totals>,
}

/// An outage as several objectives saw it so far. One that begins before its end is part of it.
#[derive(Debug)]
struct Joined {
    start: Instant,
    /// `None` while any objective sees it.
    end: Option<Instant>,
    counted: bool,
    /// Charged time by key; the empty key has all of it.
    charged: BTreeMap<String, Charged>,
}

/// Charged downtime, each instant once, with the greatest weight.
#[derive(Default, Debug)]
struct Charged {
    events: usize,
    /// Settled time, which nothing to come overlaps: its downtime in microseconds, and its length whatever the weights.
    settled_us: i64,
    settled_ms: i64,
    /// Time that later events may overlap, with its weight.
    pending: Vec<(i64, Span)>,
    /// How many of these are kept before some are settled.
    room: usize,
}

impl<'a> Summing<'a> {
    pub(crate) fn new(by: Option<&'a By>, range: &'a Range, as_of: Instant) -> Self {
        Self { by, range, as_of, last: HashMap::new(), totals: BTreeMap::new() }
    }

    /// Adds an outage with charged events. It begins no earlier than those added before.
    pub(crate) fn add(&mut self, outage: &Outage) {
        let set = match self.by {
            Some(By::Objective) => outage.objective.as_str(),
            Some(By::Label(_, values)) => values.get(&outage.objective).map_or("", String::as_str),
            _ => "",
        };
        if !self.last.get(&outage.system).is_some_and(|sets| sets.contains_key(set)) {
            let joined = Joined::new(outage, self.range);
            self.last.entry(outage.system.clone()).or_default().insert(set.to_owned(), joined);
        }
        let Some(last) = self.last.get_mut(&outage.system).and_then(|sets| sets.get_mut(set)) else { return };
        if last.end.is_some_and(|end| end <= outage.start) {
            let over = std::mem::replace(last, Joined::new(outage, self.range));
            over.close(self.as_of, key(self.by, &outage.system, set), &mut self.totals);
        }
        last.end = last.end.zip(outage.end).map(|(one, other)| one.max(other));
        let summed = self.range.summed(outage, self.as_of);
        for event in self.range.events(outage) {
            let span = event.span(self.as_of);
            let mut add = |key: &str, span| last.charge(key, (event.weight, span), outage.start);
            match self.by {
                Some(By::Upstream) => add(cause(event), span.intersect(summed)),
                Some(By::Day(calendars)) => {
                    let calendar = calendars.get(&outage.objective).copied().unwrap_or(Calendar::UTC);
                    each_day(calendar, span.intersect(self.range.of(&outage.objective)), add);
                }
                _ => add("", span.intersect(summed)),
            }
        }
    }

    /// The totals by key.
    pub(crate) fn finish(mut self) -> BTreeMap<String, Totals> {
        for (system, sets) in self.last {
            for (set, last) in sets {
                last.close(self.as_of, key(self.by, &system, &set), &mut self.totals);
            }
        }
        self.totals
    }

    /// The totals without a key.
    pub(crate) fn total(self) -> Totals {
        self.finish().remove("").unwrap_or_default()
    }
}

/// The key under which entire outages are summed; `None` when each part has its own.
fn key<'k>(by: Option<&By>, system: &'k Name, set: &'k str) -> Option<&'k str> {
    match by {
        None | Some(By::Objective | By::Label(..)) => Some(set),
        Some(By::System) => Some(system.as_str()),
        Some(By::Upstream | By::Day(_)) => None,
    }
}

/// The cause of an event as a key.
fn cause(event: &Event) -> &str {
    event.upstream.as_ref().map_or("self", Name::as_str)
}

/// Calls `each` with the days of a span, and the part of it on each.
fn each_day(calendar: Calendar, span: Span, mut each: impl FnMut(&str, Span)) {
    let mut day = calendar.day(span.start);
    while day.start < span.end && !span.is_empty() {
        each(&calendar.date(day.start).to_string(), day.intersect(span));
        day = calendar.day(day.end);
    }
}

impl Joined {
    fn new(outage: &Outage, range: &Range) -> Self {
        Self { start: outage.start, end: outage.end, counted: range.counts(outage), charged: BTreeMap::new() }
    }

    /// Charges a part of an event. Nothing charged later lies before `since`.
    fn charge(&mut self, key: &str, weighted: (i64, Span), since: Instant) {
        match self.charged.get_mut(key) {
            Some(charged) => charged.add(weighted, since),
            None => self.charged.entry(key.to_owned()).or_default().add(weighted, since),
        }
    }

    /// Adds it to the totals: entirely under one key, or each part under its own.
    fn close(self, as_of: Instant, key: Option<&str>, totals: &mut BTreeMap<String, Totals>) {
        let Self { start, end, counted, mut charged } = self;
        let mut add = |key: &str, Charged { events, settled_us, settled_ms, .. }, lasted_ms: Option<i64>| {
            let lasted_ms = lasted_ms.unwrap_or(settled_ms);
            let share = Share { events, charged_us: settled_us, lasted_ms, open: end.is_none(), counted };
            match totals.get_mut(key) {
                Some(totals) => totals.add(share),
                None => totals.entry(key.to_owned()).or_default().add(share),
            }
        };
        match key {
            Some(key) => {
                let lasted_ms = Span::new(start, end.unwrap_or(as_of)).millis();
                add(key, charged.remove("").unwrap_or_default().settled(), Some(lasted_ms));
            }
            None => charged.into_iter().for_each(|(key, charged)| add(&key, charged.settled(), None)),
        }
    }
}

impl Charged {
    fn add(&mut self, weighted: (i64, Span), since: Instant) {
        self.events += 1;
        if weighted.1.is_empty() {
            return;
        }
        self.pending.push(weighted);
        if self.pending.len() > self.room {
            self.settle(since);
            self.room = 16 + 2 * self.pending.len();
        }
    }

    /// Sums up everything before an instant.
    fn settle(&mut self, before: Instant) {
        let done = |(weight, span): &(i64, Span)| (*weight, Span::new(span.start, span.end.min(before)));
        let done: Vec<(i64, Span)> = self.pending.iter().map(done).collect();
        let spans = done.iter().map(|(_, span)| *span).collect();
        self.settled_ms += union(spans).into_iter().map(Span::millis).sum::<i64>();
        self.settled_us += heaviest(done);
        self.pending.retain_mut(|(_, span)| {
            span.start = span.start.max(before);
            !span.is_empty()
        });
    }

    /// The same with everything pending summed up.
    fn settled(mut self) -> Self {
        if let Some(end) = self.pending.iter().map(|(_, span)| span.end).max() {
            self.settle(end);
        }
        self
    }
}

#[cfg(test)]
mod tests;
