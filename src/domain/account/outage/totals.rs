//! Owns what outages come to: how many there are, how long they last, and how much of them is charged, of all or by a key.

use std::collections::BTreeMap;

use super::shared::{Shared, shared};
use super::{Event, Outage};
use crate::domain::account::weights::heaviest;
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::{Span, union};

/// By what outages are summed up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum By {
    Objective,
    System,
    /// The value of a label, by objective; those that are not listed are a group as well.
    Label(String, BTreeMap<Name, String>),
    /// The upstream that events belong to.
    Upstream,
    /// Days of this calendar.
    Day(Calendar),
}

/// The range in which outages are looked at, which may be another one for each objective.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) within: &'a dyn Fn(&Outage) -> Span,
    /// Whether only downtime within the range is summed up, and only outages are counted that begin in it. Else all of an outage
    /// is summed up that touches the range.
    pub(crate) clipped: bool,
}

/// What outages come to, each once however many objectives of its system saw it. Outages of which nothing is charged are not counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Totals {
    /// Of events.
    pub(crate) count: usize,
    pub(crate) outages: usize,
    pub(crate) open: usize,
    /// Charged downtime, in microseconds.
    pub(crate) total_us: i64,
    /// The longest outage, with what is excused of it.
    pub(crate) longest_ms: Option<i64>,
    /// Mean time to recovery: the mean length of outages that are over, with what is excused of them.
    pub(crate) mttr_ms: Option<i64>,
}

/// What one outage adds to a sum.
#[derive(Clone, Copy)]
struct Share {
    events: usize,
    charged_us: i64,
    lasted_ms: i64,
    open: bool,
    counted: bool,
}

impl Totals {
    /// The totals of outages with charged events.
    pub(crate) fn of<'o>(outages: impl IntoIterator<Item = &'o Outage>, part: Part<'_>, as_of: Instant) -> Self {
        Self::sum(shared(outages).iter().map(|outage| whole(outage, part, as_of)))
    }

    fn sum(shares: impl Iterator<Item = Share>) -> Self {
        let (mut totals, mut over_ms) = (Self::default(), 0);
        for share in shares {
            totals.count += share.events;
            totals.total_us += share.charged_us;
            if !share.counted {
                continue;
            }
            totals.outages += 1;
            totals.longest_ms = totals.longest_ms.max(Some(share.lasted_ms));
            if share.open {
                totals.open += 1;
            } else {
                over_ms += share.lasted_ms;
            }
        }
        totals.mttr_ms = over_ms.checked_div((totals.outages - totals.open) as i64);
        totals
    }
}

impl Part<'_> {
    /// The events of an outage that touch the range.
    pub(crate) fn events<'o>(&self, outage: &'o Outage) -> impl Iterator<Item = &'o Event> {
        let range = (self.within)(outage);
        outage.events.iter().filter(move |event| event.touches(range))
    }

    /// The range of what is summed up of an outage.
    fn summed(self, outage: &Outage, as_of: Instant) -> Span {
        if self.clipped { (self.within)(outage) } else { Span::new(outage.start, outage.span(as_of).end) }
    }

    /// Whether an outage is counted.
    fn counts(self, outage: &Shared<'_>) -> bool {
        let range = (self.within)(outage.seen[0]);
        !self.clipped || range.start <= outage.start && outage.start < range.end
    }
}

fn whole(outage: &Shared<'_>, part: Part<'_>, as_of: Instant) -> Share {
    Share {
        events: outage.seen.iter().map(|seen| part.events(seen).count()).sum(),
        charged_us: outage.charged_us(as_of, |seen| part.summed(seen, as_of)),
        lasted_ms: outage.span(as_of).millis(),
        open: outage.end.is_none(),
        counted: part.counts(outage),
    }
}

/// The totals by key. An objective, a system and the objectives with a label have whole outages. An upstream has of each outage what
/// belongs to it, and a day what is charged on it within the range: that much of an outage is then how long it lasts.
pub(crate) fn groups(outages: &[Outage], by: &By, part: Part<'_>, as_of: Instant) -> BTreeMap<String, Totals> {
    let key = |outage: &Outage| match by {
        By::Objective => outage.objective.to_string(),
        By::Label(_, values) => values.get(&outage.objective).cloned().unwrap_or_default(),
        By::System | By::Upstream | By::Day(_) => outage.system.to_string(),
    };
    let of_cause = |outage: &Outage, event: &Event| {
        let cause = event.upstream.as_ref().map_or("self".to_owned(), ToString::to_string);
        vec![(cause, event.span(as_of).intersect(part.summed(outage, as_of)))]
    };
    match by {
        By::Upstream => parts(outages, part, of_cause),
        By::Day(calendar) => {
            parts(outages, part, |outage, event| days(*calendar, event.span(as_of).intersect((part.within)(outage))))
        }
        By::Objective | By::System | By::Label(..) => {
            let mut sets: BTreeMap<String, Vec<&Outage>> = BTreeMap::new();
            for outage in outages {
                sets.entry(key(outage)).or_default().push(outage);
            }
            sets.into_iter().map(|(key, set)| (key, Totals::of(set, part, as_of))).collect()
        }
    }
}

/// The totals of parts of events by their keys.
fn parts(
    outages: &[Outage],
    part: Part<'_>,
    split: impl Fn(&Outage, &Event) -> Vec<(String, Span)>,
) -> BTreeMap<String, Totals> {
    let mut groups: BTreeMap<String, Vec<Share>> = BTreeMap::new();
    for outage in &shared(outages) {
        let mut keys: BTreeMap<String, Vec<(i64, Span)>> = BTreeMap::new();
        for seen in &outage.seen {
            for event in part.events(seen) {
                for (key, span) in split(seen, event) {
                    keys.entry(key).or_default().push((event.weight, span));
                }
            }
        }
        for (key, weighted) in keys {
            let events = weighted.len();
            let spans = weighted.iter().map(|(_, span)| *span).collect();
            let lasted_ms = union(spans).into_iter().map(Span::millis).sum();
            let charged_us = heaviest(weighted);
            let (open, counted) = (outage.end.is_none(), part.counts(outage));
            groups.entry(key).or_default().push(Share { events, charged_us, lasted_ms, open, counted });
        }
    }
    groups.into_iter().map(|(key, shares)| (key, Totals::sum(shares.into_iter()))).collect()
}

/// The days on which a stretch lies, and which part of it.
fn days(calendar: Calendar, span: Span) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let mut day = calendar.day(span.start);
    while day.start < span.end && !span.is_empty() {
        found.push((calendar.date(day.start).to_string(), day.intersect(span)));
        day = calendar.day(day.end);
    }
    found
}
