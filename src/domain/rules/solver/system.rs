//! Owns what every property of a system's health does over a stretch of moments: all of them step, but for how long the
//! status has been what it is, which grows evenly between its changes.

use std::collections::BTreeMap;

use super::linear::{Linear, Quotient};
use super::signal::{Signal, Value};
use crate::domain::health::report::{Health, TRANSITIONS_WINDOW_MS};
use crate::domain::health::timeline::{END, Timeline};
use crate::domain::health::transition::Status;
use crate::domain::rules::condition::Property;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// One system as of every moment of a stretch.
pub(crate) struct SystemView {
    stretch: Span,
    timeline: Timeline,
    /// Moments at which the effective status becomes another one; the first is where the history begins.
    turns: Vec<(Instant, Status)>,
}

impl SystemView {
    /// From where on a history must be known at least to look at a system from `since` on.
    pub(crate) fn reach(since: Instant) -> Instant {
        since.plus(-TRANSITIONS_WINDOW_MS)
    }

    /// Draws a system from its timeline, unless that does not reach back to where the status at the start of `stretch` began.
    pub(crate) fn draw(timeline: Timeline, stretch: Span) -> Option<Self> {
        if !Health::is_settled(&timeline, stretch.start) {
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

    /// What a property does over the stretch; none of a system is never there.
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

    /// How long the status has been what it is, in units of so many milliseconds; what was unknown before anything was
    /// reported counts from the first report on.
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

    /// A count that changes by so much at some moments.
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
