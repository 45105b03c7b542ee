//! Owns step 7, composite systems: the status that a quorum of members has or exceeds, or that of its own incidents if
//! worse.

use super::location::Votes;
use super::quorum::Quorum;
use super::timeline::{Change, END, Step};
use super::transition::Status;
use crate::domain::value::instant::Instant;

/// The effective status of a member over time; the first change is at or before the start of the requested span.
#[derive(Clone, Copy)]
pub(crate) struct MemberStatuses<'c> {
    pub(crate) changes: &'c [Change],
    /// Its first transition, if any.
    pub(crate) first: Option<Instant>,
    /// From then on it is no longer a member.
    pub(crate) retired_at: Option<Instant>,
}

impl MemberStatuses<'_> {
    fn steps(&self) -> impl Iterator<Item = Step> {
        self.changes.iter().map(|change| Step { at: change.at, status: change.checks.max(change.incidents) })
    }

    /// The member as a check of the composite system: unknown until it reports or retires, and without a status once the
    /// composite system is retired.
    pub(crate) fn as_check(&self, composite_retired_at: Option<Instant>, through: Instant) -> Vec<Step> {
        let begins = self.first.into_iter().chain(self.retired_at).min().unwrap_or(END);
        let awaited = |step: Step| (step.at < begins).then_some(Status::Unknown);
        let mut steps: Vec<Step> =
            self.steps().map(|step| Step { status: step.status.or(awaited(step)), ..step }).collect();
        let next = steps.partition_point(|step| step.at < begins);
        if 0 < next && begins <= through && steps.get(next).is_none_or(|step| begins < step.at) {
            steps.insert(next, Step { at: begins, status: None });
        }
        steps_until(steps, composite_retired_at, through)
    }
}

/// The changes of a composite system since an instant, the first one at it. `own` are those from its incidents alone.
pub(crate) fn fold(own: &[Change], members: &[MemberStatuses<'_>], quorum: Quorum, from: Instant) -> Vec<Change> {
    let mut moves: Vec<(Instant, Move)> = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let index = index as u32;
        moves.extend(member.steps().map(|step| (step.at, Move::Says(index, step.status))));
        moves.extend(member.retired_at.map(|at| (at, Move::Retires(index))));
    }
    moves.extend(own.iter().map(|change| (change.at, Move::Incidents(change.incidents))));
    // The moves of each member are sorted, and a stable sort merges sorted runs.
    moves.sort_by_key(|(at, _)| (*at).max(from));
    let mut votes = Votes::new(members.len(), quorum);
    let mut of = members.len() as u32;
    let mut incidents = None;
    let mut changes: Vec<Change> = Vec::new();
    for now in moves.chunk_by(|one, other| one.0.max(from) == other.0.max(from)) {
        for (_, change) in now {
            match *change {
                Move::Says(index, status) => votes.set(index as usize, status),
                Move::Retires(index) => {
                    of -= 1;
                    votes.set(index as usize, None);
                }
                Move::Incidents(status) => incidents = status,
            }
        }
        let change = Change { at: now[0].0.max(from), checks: votes.decide(of), incidents };
        let last = changes.last().map(|last| (last.checks, last.incidents));
        if last != Some((change.checks, change.incidents)) {
            changes.push(change);
        }
    }
    changes
}

/// A change in a composite system.
#[derive(Clone, Copy)]
enum Move {
    /// The status of the member at this index changes.
    Says(u32, Option<Status>),
    Retires(u32),
    Incidents(Option<Status>),
}

/// The same statuses of a member. It does not count any more once the composite system is retired.
fn steps_until(mut steps: Vec<Step>, retired_at: Option<Instant>, through: Instant) -> Vec<Step> {
    if let Some(at) = retired_at.filter(|at| *at <= through) {
        let first = steps.first().map_or(at, |step| step.at);
        steps.truncate(steps.partition_point(|step| step.at < at));
        steps.push(Step { at: at.max(first), status: None });
    }
    steps
}

/// The same changes up to an instant. No status counts once the system is retired.
pub(crate) fn until(mut changes: Vec<Change>, retired_at: Option<Instant>, through: Instant) -> Vec<Change> {
    let first = changes[0].at;
    changes.truncate(changes.partition_point(|change| change.at <= through));
    if let Some(at) = retired_at.filter(|at| *at <= through) {
        changes.truncate(changes.partition_point(|change| change.at < at));
        changes.push(Change { at: at.max(first), checks: None, incidents: None });
    }
    changes
}
