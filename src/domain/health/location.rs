//! Owns step 5, locations: a check made from several of them has the status that a quorum of them has or exceeds.

use super::quorum::{Counts, Quorum};
use super::rules::Rules;
use super::stream::StreamHistory;
use super::timeline::{Scope, Step, SystemHistory};
use super::transition::{Source, Status};
use crate::domain::value::instant::Instant;

/// Streams that decide together: one check or one incident, from all its locations.
pub(super) struct Part<'h> {
    streams: &'h [StreamHistory],
    pub(super) source: Source,
    quorum: Quorum,
}

/// The parts of a system that decide its status. If the worst location decides, each is a part of its own: the worst of
/// the worst is the worst.
pub(super) fn parts<'h>(history: &'h SystemHistory, scope: Scope<'_>, rules: &Rules) -> Vec<Part<'h>> {
    let mut parts = Vec::with_capacity(history.streams.len());
    for part in checks(history, rules).filter(|part| scope.contains(part.source, part.streams[0].check.as_ref())) {
        if part.quorum == Quorum::All {
            parts.extend(part.streams.chunks(1).map(|streams| Part { streams, ..part }));
        } else {
            parts.push(part);
        }
    }
    parts
}

/// The statuses of a system's checks over time, each from its first transition on.
pub(crate) fn statuses(history: &SystemHistory, rules: &Rules) -> Vec<Vec<Step>> {
    let checks = checks(history, rules).filter(|part| part.source == Source::Healthcheck);
    let steps = |part: Part<'_>| {
        let mut steps = Vec::with_capacity(part.transitions());
        part.each_change(rules, history.through, |at, status| steps.push(Step { at, status }));
        steps
    };
    checks.map(steps).collect()
}

/// All locations of each check and of each incident; they are adjacent in a history.
fn checks<'h>(history: &'h SystemHistory, rules: &Rules) -> impl Iterator<Item = Part<'h>> {
    let is_same = |one: &StreamHistory, other: &StreamHistory| (one.source, &one.check) == (other.source, &other.check);
    debug_assert!(history.streams.is_sorted_by_key(|stream| (stream.source, &stream.check, &stream.location)));
    let counting = history.streams.chunk_by(is_same).filter(|streams| rules.counts(streams[0].source));
    counting.map(|streams| {
        let StreamHistory { source, check, .. } = &streams[0];
        Part { streams, source: *source, quorum: rules.quorum(*source, check.as_ref()) }
    })
}

impl Part<'_> {
    /// The number of its transitions, which is about that of its changes.
    pub(super) fn transitions(&self) -> usize {
        self.streams.iter().map(|stream| stream.transitions.len()).sum()
    }

    /// Calls `each` for every status change of the part, oldest first; `None`: it does not count from then on.
    pub(super) fn each_change(&self, rules: &Rules, through: Instant, mut each: impl FnMut(Instant, Option<Status>)) {
        if let ([stream], Quorum::All | Quorum::Any | Quorum::Majority) = (self.streams, self.quorum) {
            return stream.each_change(rules, through, each);
        }
        let mut moves: Vec<(Instant, u32, Option<Status>)> = Vec::new();
        for (index, stream) in self.streams.iter().enumerate() {
            stream.each_change(rules, through, |at, status| moves.push((at, index as u32, status)));
        }
        // The moves of each stream are sorted, and a stable sort merges sorted runs.
        moves.sort_by_key(|(at, ..)| *at);
        let mut votes = Votes::new(self.streams.len(), self.quorum);
        let mut said = None;
        for now in moves.chunk_by(|one, other| one.0 == other.0) {
            for (_, index, status) in now {
                votes.set(*index as usize, *status);
            }
            let status = votes.decide(votes.counting());
            if status != said {
                each(now[0].0, status);
                said = status;
            }
        }
    }
}

/// The current status of each of several voters, and the count of each status.
pub(super) struct Votes {
    quorum: Quorum,
    /// `None`: it does not count.
    current: Vec<Option<Status>>,
    counts: Counts,
}

impl Votes {
    pub(super) fn new(voters: usize, quorum: Quorum) -> Self {
        Self { quorum, current: vec![None; voters], counts: Counts::default() }
    }

    pub(super) fn set(&mut self, index: usize, status: Option<Status>) {
        let before = std::mem::replace(&mut self.current[index], status);
        if let Some(before) = before {
            self.counts[before as usize] -= 1;
        }
        if let Some(status) = status {
            self.counts[status as usize] += 1;
        }
    }

    /// How many have a status that counts.
    pub(super) fn counting(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// The combined status, of this many in all.
    pub(super) fn decide(&self, of: u32) -> Option<Status> {
        self.quorum.decide(self.counts, of)
    }
}
