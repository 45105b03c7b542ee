//! Owns step 1, streams: their names, transitions and status over time.

use super::rules::{Rules, StreamRules};
use super::transition::{Source, Status, Transition};
use super::{correction, silence};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// The name of a stream.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct StreamName {
    pub(crate) system: Name,
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
    /// Where the check was made from; `None`: the one unnamed location.
    pub(crate) location: Option<Name>,
}

/// The transitions of one stream, oldest first, at most one per instant.
#[derive(Clone, Debug)]
pub(crate) struct StreamHistory {
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
    pub(crate) location: Option<Name>,
    pub(crate) transitions: Vec<Transition>,
}

impl StreamHistory {
    /// Calls `each` for every status change of the stream, oldest first, up to `through`; `None`: it does not count
    /// from then on, as if it had never reported. Applies all steps that concern a single stream, except thresholds,
    /// which are applied when transitions are read.
    pub(crate) fn each_change(&self, rules: &Rules, through: Instant, mut each: impl FnMut(Instant, Option<Status>)) {
        let StreamRules { stale_after_ms, retired_at, .. } = rules.stream(self.source, self.check.as_ref());
        let last = retired_at.map_or(through, |at| through.min(at.plus(-1)));
        let transitions = &self.transitions[..self.transitions.partition_point(|transition| transition.at <= last)];
        let instead = rules.corrections.of_stream(self.source, self.check.as_ref(), self.location.as_ref());
        if instead.is_empty() {
            silence::each_change(transitions, stale_after_ms, last, |at, status| each(at, Some(status)));
        } else {
            let mut recorded = Vec::with_capacity(transitions.len());
            silence::each_change(transitions, stale_after_ms, last, |at, status| recorded.push((at, Some(status))));
            for (at, status) in correction::overlay(&recorded, &instead, last) {
                each(at, status);
            }
        }
        if let Some(at) = retired_at.filter(|at| *at <= through) {
            each(at, None);
        }
    }
}
