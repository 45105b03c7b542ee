//! Owns the health of a system: its status, since when, and how active its streams are.

use super::timeline::{BEGINNING, Change, END, Step, Timeline};
use super::transition::Status;
use crate::domain::value::instant::{Instant, MINUTE_MS};
use crate::domain::value::name::Name;

/// The lookback for counting changes of the effective status unless another is asked for, in milliseconds.
pub(crate) const TRANSITIONS_WINDOW_MS: i64 = 60 * MINUTE_MS;

/// One system as of one instant.
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
    pub(crate) maintenance: Option<InMaintenance>,
    /// Whether it no longer counts.
    pub(crate) is_retired: bool,
    pub(crate) as_of: Instant,
}

/// A maintenance window that is in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InMaintenance {
    pub(crate) window: Name,
    pub(crate) until: Instant,
}

impl Health {
    /// Computes the health of a system from its timeline, which reaches back at least to the last change before the
    /// lookback.
    pub(crate) fn draw(system: Name, timeline: &Timeline, lookback_ms: i64, as_of: Instant) -> Self {
        let Timeline { first, last_seen, .. } = *timeline;
        let now = timeline.changes.partition_point(|change| change.at <= as_of);
        let changes = &timeline.changes[..now];
        let status = changes.last().map_or(Status::Unknown, |change| change.status());
        let mut since = None;
        let mut count = 0;
        for (index, change) in changes.iter().enumerate().rev() {
            let is_recent = change.at > as_of.plus(-lookback_ms);
            if since.is_some() && !is_recent {
                break;
            }
            let before = index.checked_sub(1).map(|before| changes[before].status());
            if before != Some(change.status()) {
                since = since.or(Some(change.at));
                count += usize::from(is_recent && before.is_some());
            }
        }
        let current = |steps: &Vec<Step>| {
            steps[..steps.partition_point(|step| step.at <= as_of)].last().and_then(|step| step.status)
        };
        let checks: Vec<Status> = timeline.checks.iter().filter_map(current).collect();
        Self {
            system,
            status,
            healthy_checks: checks.iter().filter(|status| **status == Status::Healthy).count(),
            total_checks: checks.len(),
            // A system unknown since before its first report is counted from that report.
            in_status_since: since.zip(first).map(|(since, first)| since.max(first)),
            transitions_in_window: count,
            last_seen,
            maintenance: None,
            is_retired: false,
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

    /// Its position in a list sorted worst first.
    pub(crate) fn rank(&self) -> (u8, &Name) {
        let rank = match self.status {
            Status::Unhealthy => 0,
            Status::Degraded => 1,
            Status::Unknown => 2,
            Status::Healthy => 3,
        };
        (rank, &self.system)
    }

    /// Whether a timeline reaches back far enough: the status began within it, or it begins with the journal.
    pub(crate) fn is_settled(timeline: &Timeline, lookback_ms: i64, as_of: Instant) -> bool {
        let changes: &[Change] = &timeline.changes;
        let now = &changes[..changes.partition_point(|change| change.at <= as_of)];
        let status = now.last().map(|change| change.status());
        timeline.from <= BEGINNING
            || now.first().is_none_or(|first| {
                first.at <= as_of.plus(-lookback_ms)
                    && first.at < END
                    && now.iter().any(|change| Some(change.status()) != status)
            })
    }
}
