//! Owns the health of a system: its status now, since when, and how lively its streams are.

use super::timeline::{Change, END, StreamHistory, stale_at};
use super::transition::{Source, Status};
use crate::domain::value::instant::{Instant, MINUTE_MS};
use crate::domain::value::name::Name;

/// How far back changes of the effective status are counted, in milliseconds.
pub(crate) const TRANSITIONS_WINDOW_MS: i64 = 60 * MINUTE_MS;

/// One system as of one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Health {
    pub(crate) system: Name,
    pub(crate) status: Status,
    pub(crate) healthy_checks: usize,
    pub(crate) total_checks: usize,
    /// `None` while the system has no transition.
    pub(crate) in_status_since: Option<Instant>,
    pub(crate) transitions_in_window: usize,
    pub(crate) last_seen: Option<Instant>,
    pub(crate) as_of: Instant,
}

impl Health {
    /// Draws up the health of a system from its changes, which reach back at least to the last one before
    /// the counting window, from the streams' last transitions, and from the system's first one.
    pub(crate) fn draw(
        system: Name,
        changes: &[Change],
        streams: &[StreamHistory],
        stale_after_ms: Option<i64>,
        first: Option<Instant>,
        as_of: Instant,
    ) -> Self {
        let now = changes.partition_point(|change| change.at <= as_of);
        let changes = &changes[..now];
        let status = changes.last().map_or(Status::Unknown, |change| change.status());
        let mut since = None;
        let mut count = 0;
        let mut before = None;
        for change in changes {
            let status = change.status();
            if before.is_some_and(|before| before != status) {
                since = Some(change.at);
                count += usize::from(change.at > as_of.plus(-TRANSITIONS_WINDOW_MS));
            } else if before.is_none() {
                since = Some(change.at);
            }
            before = Some(status);
        }
        let seen = streams.iter().filter(|stream| !stream.transitions.is_empty());
        let last_seen = seen.clone().filter_map(|stream| stream.transitions.last()).map(|last| last.at).max();
        let checks: Vec<Status> = seen
            .filter(|stream| stream.source == Source::Healthcheck)
            .filter_map(|stream| stream.transitions.last())
            .map(|last| {
                let stale = stale_at(*last, stale_after_ms).is_some_and(|stale_at| stale_at <= as_of);
                if stale { Status::Unknown } else { last.status }
            })
            .collect();
        Self {
            system,
            status,
            healthy_checks: checks.iter().filter(|status| **status == Status::Healthy).count(),
            total_checks: checks.len(),
            // What was unknown before anything was reported counts from the first report on.
            in_status_since: since.zip(first.filter(|_| last_seen.is_some())).map(|(since, first)| since.max(first)),
            transitions_in_window: count,
            last_seen,
            as_of,
        }
    }

    /// Whole seconds since the current status began.
    pub(crate) fn in_status_for_seconds(&self) -> Option<i64> {
        self.in_status_since.map(|since| self.as_of.since(since) / 1000)
    }

    /// How long ago the newest fact was, in milliseconds.
    pub(crate) fn data_age_ms(&self) -> Option<i64> {
        self.last_seen.map(|seen| self.as_of.since(seen))
    }

    /// Where this system stands in a list that shows the worst first.
    pub(crate) fn rank(&self) -> (u8, &Name) {
        let rank = match self.status {
            Status::Unhealthy => 0,
            Status::Degraded => 1,
            Status::Unknown => 2,
            Status::Healthy => 3,
        };
        (rank, &self.system)
    }

    /// Whether the changes reach back far enough: the status began within them, or they begin with the journal.
    pub(crate) fn is_settled(changes: &[Change], complete: bool, as_of: Instant) -> bool {
        let now = &changes[..changes.partition_point(|change| change.at <= as_of)];
        let status = now.last().map(|change| change.status());
        complete
            || now.first().is_none_or(|first| {
                first.at <= as_of.plus(-TRANSITIONS_WINDOW_MS)
                    && first.at < END
                    && now.iter().any(|change| Some(change.status()) != status)
            })
    }
}
