//! Owns the downtime of a week: each outage once however many objectives saw it. Only what identifies equal outages is
//! kept, as there may be very many.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::account::outage::Outage;
use crate::domain::account::weights::heaviest;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// Downtime within a span, each outage once however many objectives saw it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Downtime {
    /// The charged downtime of all causes, in microseconds.
    pub(crate) micros: i64,
    /// Objectives that were down for the same cause at the same time count as one outage.
    pub(crate) outages: usize,
    /// By cause, largest first; ties: by name.
    pub(crate) parts: Vec<Part>,
}

/// Downtime that one system caused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    pub(crate) system: Name,
    /// Whether its own objectives saw it, not only those of other systems.
    pub(crate) own: bool,
    /// How many objectives saw it.
    pub(crate) objectives: usize,
    /// The time in which any of them saw it, with the greatest weight, in microseconds.
    pub(crate) micros: i64,
}

/// The outages that objectives saw within a range, as of an instant.
#[derive(Debug)]
pub(crate) struct Sightings {
    range: Span,
    as_of: Instant,
    causes: BTreeMap<Name, Seen>,
    /// For each counted outage, the index of an equal earlier one, or its own.
    same: Vec<u32>,
}

/// The outages of one cause.
#[derive(Default, Debug)]
struct Seen {
    sights: Vec<Sight>,
    objectives: BTreeSet<Name>,
    own: bool,
}

/// When an outage of a cause was seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Sight {
    span: Span,
    outage: u32,
    weight: u32,
}

impl Sightings {
    pub(crate) const fn new(range: Span, as_of: Instant) -> Self {
        Self { range, as_of, causes: BTreeMap::new(), same: Vec::new() }
    }

    /// Adds the events of an outage that are charged within the range.
    pub(crate) fn add(&mut self, outage: &Outage) {
        let index = self.same.len() as u32;
        let mut counts = false;
        for event in &outage.events {
            let span = event.span(self.as_of).intersect(self.range);
            if span.is_empty() {
                continue;
            }
            counts = true;
            let cause = event.cause();
            if !self.causes.contains_key(cause) {
                self.causes.insert(cause.clone(), Seen::default());
            }
            let Some(seen) = self.causes.get_mut(cause) else { continue };
            seen.sights.push(Sight { span, outage: index, weight: event.weight as u32 });
            if !seen.objectives.contains(&event.objective) {
                seen.objectives.insert(event.objective.clone());
            }
            seen.own |= event.upstream.is_none();
        }
        if counts {
            self.same.push(index);
        }
    }

    /// The total.
    pub(crate) fn finish(mut self) -> Downtime {
        for seen in self.causes.values_mut() {
            unite(&mut self.same, &mut seen.sights);
        }
        let part = |(system, seen): (Name, Seen)| {
            let weighted = seen.sights.iter().map(|sight| (sight.weight.into(), sight.span)).collect();
            Part { system, own: seen.own, objectives: seen.objectives.len(), micros: heaviest(weighted) }
        };
        let mut parts: Vec<Part> = self.causes.into_iter().map(part).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.micros));
        let outages = self.same.iter().zip(0..).filter(|(of, index)| *of == index).count();
        Downtime { micros: parts.iter().map(|part| part.micros).sum(), outages, parts }
    }
}

/// Merges outages whose spans touch or overlap; all have one cause.
fn unite(same: &mut [u32], sights: &mut [Sight]) {
    sights.sort_unstable();
    let Some(Sight { span: mut joined, outage: mut last, .. }) = sights.first().copied() else { return };
    for Sight { span, outage, .. } in &sights[1..] {
        if span.start > joined.end {
            joined = *span;
        } else {
            joined.end = joined.end.max(span.end);
            let (one, other) = (root(same, last), root(same, *outage));
            same[one.max(other) as usize] = one.min(other);
        }
        last = *outage;
    }
}

fn root(same: &[u32], mut index: u32) -> u32 {
    while same[index as usize] != index {
        index = same[index as usize];
    }
    index
}
