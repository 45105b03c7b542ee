//! Owns totals of outages: their number, their length, and how much is charged; and the range they are taken over.

use std::collections::BTreeMap;

use super::{Event, Outage};
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// How outages are grouped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum By {
    Objective,
    System,
    /// The value of a label, by objective; objectives without it form a group as well.
    Label(String, BTreeMap<Name, String>),
    /// The upstream that events belong to.
    Upstream,
    /// Days of these calendars, by objective.
    Day(BTreeMap<Name, Calendar>),
}

/// The range over which outages are summed.
#[derive(Clone, Debug)]
pub(crate) enum Range {
    /// Every outage that touches the range counts in full.
    Touching(Span),
    /// A range for each objective. Only downtime within it is summed, and only outages that begin in it are counted.
    Within(BTreeMap<Name, Span>),
}

/// Totals of outages, each counted once however many objectives of its system saw it. Outages without charged time are
/// left out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Totals {
    /// The number of events.
    pub(crate) count: usize,
    pub(crate) outages: usize,
    pub(crate) open: usize,
    /// Charged downtime, in microseconds.
    pub(crate) total_us: i64,
    /// The longest outage, including excused time.
    pub(crate) longest_ms: Option<i64>,
    /// The length of outages that are over, including excused time, in milliseconds.
    over_ms: i64,
}

/// What one outage adds to a total.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) events: usize,
    pub(super) charged_us: i64,
    pub(super) lasted_ms: i64,
    pub(super) open: bool,
    pub(super) counted: bool,
}

impl Totals {
    /// Mean time to recovery: the mean length of outages that are over, including excused time, in milliseconds.
    pub(crate) fn mttr_ms(&self) -> Option<i64> {
        self.over_ms.checked_div((self.outages - self.open) as i64)
    }

    pub(super) fn add(&mut self, share: Share) {
        self.count += share.events;
        self.total_us += share.charged_us;
        if !share.counted {
            return;
        }
        self.outages += 1;
        self.longest_ms = self.longest_ms.max(Some(share.lasted_ms));
        if share.open {
            self.open += 1;
        } else {
            self.over_ms += share.lasted_ms;
        }
    }
}

impl Range {
    /// The range of an objective.
    pub(crate) fn of(&self, objective: &Name) -> Span {
        match self {
            Self::Touching(span) => *span,
            Self::Within(spans) => spans.get(objective).copied().unwrap_or(Span::new(Instant::MIN, Instant::MAX)),
        }
    }

    /// The events of an outage that touch the range.
    pub(crate) fn events<'o>(&self, outage: &'o Outage) -> impl Iterator<Item = &'o Event> + use<'o> {
        let range = self.of(&outage.objective);
        outage.events.iter().filter(move |event| event.touches(range))
    }

    /// Whether an outage has charged time: in the range or, if only time within the range is summed anyway, at all.
    pub(crate) fn concerns(&self, outage: &Outage) -> bool {
        match self {
            Self::Touching(_) => self.events(outage).next().is_some(),
            Self::Within(_) => !outage.events.is_empty(),
        }
    }

    /// The range within which an outage is summed.
    pub(super) fn summed(&self, outage: &Outage, as_of: Instant) -> Span {
        match self {
            Self::Touching(_) => outage.span(as_of),
            Self::Within(_) => self.of(&outage.objective),
        }
    }

    /// Whether an outage is counted; `outage` is the first of those joined.
    pub(super) fn counts(&self, outage: &Outage) -> bool {
        let range = self.of(&outage.objective);
        matches!(self, Self::Touching(_)) || range.start <= outage.start && outage.start < range.end
    }
}
