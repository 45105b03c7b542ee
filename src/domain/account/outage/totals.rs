//! Owns what outages come to: how many there are, how long they last, and how much of them is charged, of all or by a key.

use std::collections::BTreeMap;

use super::{Event, Outage};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// By what outages are summed up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    Objective,
    System,
    /// The upstream that events belong to.
    Upstream,
    /// UTC days.
    Day,
}

/// What outages come to. Outages of which nothing is charged are not counted; the others are counted whole, each once.
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
}

impl Totals {
    /// The totals of outages with charged events.
    pub(crate) fn of(outages: &[Outage], as_of: Instant) -> Self {
        Self::sum(outages.iter().map(|outage| whole(outage, as_of)))
    }

    fn sum(shares: impl Iterator<Item = Share>) -> Self {
        let (mut totals, mut over_ms) = (Self::default(), 0);
        for share in shares {
            totals.count += share.events;
            totals.outages += 1;
            totals.total_us += share.charged_us;
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

fn whole(outage: &Outage, as_of: Instant) -> Share {
    Share {
        events: outage.events.len(),
        charged_us: outage.events.iter().map(|event| event.downtime_us(event.span(as_of).millis())).sum(),
        lasted_ms: outage.span(as_of).millis(),
        open: outage.end.is_none(),
    }
}

/// The totals by key. An objective and a system have whole outages. An upstream has of each outage what belongs to it, and a day what
/// is charged on it within `range`: that much of an outage is then how long it lasts.
pub(crate) fn groups(outages: &[Outage], by: By, range: Span, as_of: Instant) -> BTreeMap<String, Totals> {
    let mut groups: BTreeMap<String, BTreeMap<usize, Share>> = BTreeMap::new();
    for (index, outage) in outages.iter().enumerate() {
        let mut add = |key: String, event: &Event, lasted_ms: i64| {
            let none = Share { events: 0, charged_us: 0, lasted_ms: 0, open: outage.end.is_none() };
            let share = groups.entry(key).or_default().entry(index).or_insert(none);
            share.events += 1;
            share.charged_us += event.downtime_us(lasted_ms);
            share.lasted_ms += lasted_ms;
        };
        for event in &outage.events {
            let span = event.span(as_of);
            match by {
                By::Objective => add(outage.objective.to_string(), event, span.millis()),
                By::System => add(outage.system.to_string(), event, span.millis()),
                By::Upstream => {
                    add(event.upstream.as_ref().map_or("self".to_owned(), ToString::to_string), event, span.millis());
                }
                By::Day => {
                    let within = span.intersect(range);
                    let mut day = within.start.day_start();
                    while day < within.end && !within.is_empty() {
                        let part = Span::new(day, day.plus(DAY_MS)).intersect(within);
                        add(day.to_chrono().format("%Y-%m-%d").to_string(), event, part.millis());
                        day = day.plus(DAY_MS);
                    }
                }
            }
        }
    }
    let is_whole = matches!(by, By::Objective | By::System);
    let total = |shares: BTreeMap<usize, Share>| {
        let share = |(index, share): (usize, Share)| if is_whole { whole(&outages[index], as_of) } else { share };
        Totals::sum(shares.into_iter().map(share))
    };
    groups.into_iter().map(|(key, shares)| (key, total(shares))).collect()
}
