//! Owns timelines: a system between two instants, its effective status over time, and its outages.

use super::stream::StreamHistory;
use super::transition::{Source, Status};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
pub(crate) use crate::domain::value::span::{BEGINNING, END};

/// The facts of one system between two instants.
#[derive(Clone, Debug)]
pub(crate) struct SystemHistory {
    /// Statuses are known since then: each stream includes its last transition at or before this instant, if any.
    pub(crate) from: Instant,
    /// Every transition up to and including this instant is included; `END` if none comes later.
    pub(crate) through: Instant,
    /// The first transition of the system on any stream, even outside this span.
    pub(crate) first: Option<Instant>,
    pub(crate) streams: Vec<StreamHistory>,
}

impl SystemHistory {
    /// The newest transition of the streams in scope.
    pub(crate) fn last_seen(&self, scope: Scope<'_>) -> Option<Instant> {
        let streams = self.streams.iter().filter(|stream| scope.contains(stream.source, stream.check.as_ref()));
        streams.filter_map(|stream| stream.transitions.last()).map(|last| last.at).max()
    }
}

/// A stream or a check has this status from `at` on; `None`: it does not count, as before its first transition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Step {
    pub(crate) at: Instant,
    pub(crate) status: Option<Status>,
}

/// A system between two instants, for all output about its health.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// All changes are known since then; `BEGINNING` if none comes before.
    pub(crate) from: Instant,
    /// All changes up to here are known; `END` if none comes later.
    pub(crate) through: Instant,
    /// The first transition of the system, if any.
    pub(crate) first: Option<Instant>,
    pub(crate) last_seen: Option<Instant>,
    pub(crate) changes: Vec<Change>,
    /// The statuses of its checks.
    pub(crate) checks: Vec<Vec<Step>>,
}

/// From `at` on, the worst of a system's healthcheck streams and the worst of its incident streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) at: Instant,
    /// `None` without healthcheck streams.
    pub(crate) checks: Option<Status>,
    /// `None` without incident streams.
    pub(crate) incidents: Option<Status>,
}

impl Change {
    /// The effective status: the worst of all streams, `unknown` only if all are.
    pub(crate) fn status(self) -> Status {
        self.checks.max(self.incidents).unwrap_or(Status::Unknown)
    }
}

/// The streams of a system that an objective uses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'a> {
    /// All of them.
    System,
    /// One healthcheck, and every incident stream.
    Check(&'a Name),
}

impl Scope<'_> {
    pub(crate) fn contains(self, source: Source, check: Option<&Name>) -> bool {
        match self {
            Self::System => true,
            Self::Check(name) => source == Source::Incident || check == Some(name),
        }
    }
}

/// A maximal span in which a system's effective status is degraded or unhealthy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Outage {
    pub(crate) start: Instant,
    /// `END` while it is ongoing.
    pub(crate) end: Instant,
}

/// The outages of a timeline, oldest first. One in progress at the timeline's start begins there.
pub(crate) fn outages(changes: &[Change]) -> Vec<Outage> {
    let mut found: Vec<Outage> = Vec::new();
    let mut open = false;
    for change in changes {
        let out = change.status().is_outage();
        if out && !open {
            found.push(Outage { start: change.at, end: END });
        } else if !out
            && open
            && let Some(last) = found.last_mut()
        {
            last.end = change.at;
        }
        open = out;
    }
    found
}
