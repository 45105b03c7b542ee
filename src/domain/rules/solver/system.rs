//! Owns the signals of a system's properties over a stretch: all are steps, except how long the status has lasted,
//! which grows evenly between its changes.

use std::collections::BTreeMap;

use super::linear::{Linear, Quotient};
use super::signal::{Signal, Value};
use crate::domain::health::report::{Health, TRANSITIONS_WINDOW_MS};
use crate::domain::health::timeline::{END, Timeline};
use crate::domain::health::transition::Status;
use crate::domain::rules::condition::Property;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// One system as of every instant of a stretch.
pub(crate) struct SystemView {
    stretch: Span,
    timeline: Timeline,
    /// The changes of the effective status; the first is where the history begins.
    turns: Vec<(Instant, Status)>,
}

impl SystemView {
    /// Since when a history must be known to evaluate a system since `since`.
    pub(crate) fn reach(since: Instant) -> Instant {
        since.plus(-TRANSITIONS_WINDOW_MS)
    }

    /// Builds the view of a system from its timeline; `None` if the status at the start of `stretch` began earlier.
    pub(crate) fn draw(timeline: Timeline, stretch: Span) -> Option<Self> {
        if !Health::is_settled(&timeline, TRANSITIONS_WINDOW_MS, stretch.start) {
            return None;
        }
        let mut turns: Vec<(Instant, Status)> = Vec::new();
        for change in &timeline.changes {
            if turns.last().is_none_or(|(_, status)| *status != change.status()) {
                turns.push((change.at, change.status()));
            }
        }
        Some(Self { stretch, timeline, turns })
    }

    /// The signal of a property over the stretch; null for properties of objectives.
    pub(crate) fn signal(&self, property: Property) -> Signal {
        match property {
            Property::Status => {
                let runs = self.statuses().map(|(span, status)| (span, Value::text(status.as_str())));
                Signal::of(runs.collect::<Vec<_>>())
            }
            Property::InStatusFor => self.held(1),
            Property::InStatusForSeconds => self.held(1000),
            Property::TransitionsInWindow => self.stepping(|steps| {
                for (at, _) in self.turns.iter().skip(1) {
                    steps.push((*at, 1));
                    steps.push((at.plus(TRANSITIONS_WINDOW_MS), -1));
                }
            }),
            Property::TotalChecks => self.checks(|status| status.is_some()),
            Property::HealthyChecks => self.checks(|status| status == Some(Status::Healthy)),
            _ => Signal::steady(self.stretch, Value::Null),
        }
    }

    /// How many checks have a status that counts.
    fn checks(&self, counts: impl Fn(Option<Status>) -> bool) -> Signal {
        self.stepping(|steps| {
            for check in &self.timeline.checks {
                let mut before = 0;
                for step in check {
                    let now = i64::from(counts(step.status));
                    steps.push((step.at, now - before));
                    before = now;
                }
            }
        })
    }

    /// The runs of one effective status, cut to the stretch; the first may be empty.
    fn statuses(&self) -> impl Iterator<Item = (Span, Status)> {
        let ends = self.turns.iter().skip(1).map(|(at, _)| *at).chain([END]);
        self.turns.iter().zip(ends).filter_map(|((start, status), end)| {
            let span = Span::new(*start, end).intersect(self.stretch);
            (!span.is_empty()).then_some((span, *status))
        })
    }

    /// How long the status has lasted, in units of this many milliseconds; a system unknown since before its first
    /// report is counted from that report.
    fn held(&self, unit_ms: i64) -> Signal {
        let first = self.timeline.first.unwrap_or(END);
        let ends = self.turns.iter().skip(1).map(|(at, _)| *at).chain([END]);
        let runs = self.turns.iter().zip(ends).flat_map(|((start, _), end)| {
            let reported = first.clamp(*start, end);
            let held = Linear::through(reported, 0, 1);
            let number = Value::Number(Quotient::new(held, Linear::constant(unit_ms.into())));
            [
                (Span::new(*start, reported).intersect(self.stretch), Value::Null),
                (Span::new(reported, end).intersect(self.stretch), number),
            ]
        });
        Signal::of(runs.collect::<Vec<_>>())
    }

    /// A count that changes by these steps.
    fn stepping(&self, steps: impl Fn(&mut Vec<(Instant, i64)>)) -> Signal {
        let mut all = Vec::new();
        steps(&mut all);
        let mut changes: BTreeMap<Instant, i64> = BTreeMap::new();
        for (at, step) in all {
            *changes.entry(at.max(self.stretch.start)).or_default() += step;
        }
        let mut count = 0;
        let mut since = self.stretch.start;
        let mut runs = Vec::new();
        for (at, step) in changes.range(..self.stretch.end) {
            runs.push((Span::new(since, *at), Value::whole(count.into())));
            (count, since) = (count + step, *at);
        }
        runs.push((Span::new(since, self.stretch.end), Value::whole(count.into())));
        Signal::of(runs)
    }
}
