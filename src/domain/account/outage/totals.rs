//! Owns what outages come to: how many there are, how long they last, and how much of them is charged; and the range in which they are
//! looked at.

use std::collections::BTreeMap;

use super::{Event, Outage};
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

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

/// The range in which outages are looked at.
#[derive(Clone, Debug)]
pub(crate) enum Range {
    /// All of an outage is summed up that touches it.
    Touching(Span),
    /// Of each objective its own. Only downtime within it is summed up, and only outages are counted that begin in it.
    Within(BTreeMap<Name, Span>),
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
    /// Of outages that are over, with what is excused of them, in milliseconds.
    over_ms: i64,
}

/// What one outage adds to a sum.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) events: usize,
    pub(super) charged_us: i64,
    pub(super) lasted_ms: i64,
    pub(super) open: bool,
    pub(super) counted: bool,
}

impl Totals {
    /// Mean time to recovery: the mean length of outages that are over, with what is excused of them, in milliseconds.
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

    /// Whether an outage has to do with the range: something of it is charged there or, where only what lies within counts, at all.
    pub(crate) fn concerns(&self, outage: &Outage) -> bool {
        match self {
            Self::Touching(_) => self.events(outage).next().is_some(),
            Self::Within(_) => !outage.events.is_empty(),
        }
    }

    /// The range of what is summed up of an outage.
    pub(super) fn summed(&self, outage: &Outage, as_of: Instant) -> Span {
        match self {
            Self::Touching(_) => outage.span(as_of),
            Self::Within(_) => self.of(&outage.objective),
        }
    }

    /// Whether an outage is counted that an objective saw first.
    pub(super) fn counts(&self, outage: &Outage) -> bool {
        let range = self.of(&outage.objective);
        matches!(self, Self::Touching(_)) || range.start <= outage.start && outage.start < range.end
    }
}
