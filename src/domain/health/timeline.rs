//! Owns timelines: the effective status of a system over time, folded from the transitions of its streams.

use super::transition::{Source, Status, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// Before every moment a fact can have.
pub(crate) const BEGINNING: Instant = Instant::from_millis(i64::MIN / 4);
/// After every moment anyone can ask about.
pub(crate) const END: Instant = Instant::from_millis(i64::MAX / 4);

/// The transitions of one stream, oldest first, at most one a moment.
#[derive(Clone, Debug)]
pub(crate) struct StreamHistory {
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
    pub(crate) transitions: Vec<Transition>,
}

/// What is known of one system between two moments.
#[derive(Clone, Debug)]
pub(crate) struct SystemHistory {
    /// Statuses are known from here on: each stream has its last transition at or before this moment, if there is one.
    pub(crate) from: Instant,
    /// Every transition up to and including this moment is there; `END` when later ones do not exist (yet).
    pub(crate) through: Instant,
    /// The first transition of the system on any stream, whether or not it lies in this stretch.
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

/// From `at` on, the worst of a system's healthcheck streams and the worst of its incident streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) at: Instant,
    /// `None` while there is no healthcheck stream.
    pub(crate) checks: Option<Status>,
    /// `None` while there is no incident stream.
    pub(crate) incidents: Option<Status>,
}

impl Change {
    /// The effective status: the worst of all streams, `unknown` only if all are.
    pub(crate) fn status(self) -> Status {
        self.checks.max(self.incidents).unwrap_or(Status::Unknown)
    }
}

/// Which streams of a system an objective looks at.
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

/// Folds the streams in scope into the changes of the effective status from `history.from` on; the first one stands at
/// that moment. A stream that last said `healthy` is `unknown` from `stale_after_ms` after that until its next transition;
/// whatever else it said stands until a transition contradicts it, for silence never ends an outage.
pub(crate) fn fold(history: &SystemHistory, scope: Scope<'_>, stale_after_ms: Option<i64>) -> Vec<Change> {
    let streams: Vec<&StreamHistory> =
        history.streams.iter().filter(|stream| scope.contains(stream.source, stream.check.as_ref())).collect();
    if let [stream] = streams[..] {
        return fold_one(history, stream, stale_after_ms);
    }
    let mut tally = Census::new(&streams);
    let mut moves: Vec<(Instant, u32, Status)> = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        let each = |at: Instant, status: Status| moves.push((at, index as u32, status));
        unfold(&stream.transitions, stale_after_ms, history.through, each);
    }
    // Each stream's moves are sorted, and a stable sort merges sorted runs.
    moves.sort_by_key(|(at, ..)| *at);
    let mut changes = Vec::with_capacity(moves.len() + 1);
    let mut index = 0;
    while index < moves.len() && moves[index].0 <= history.from {
        tally.set(&streams, moves[index].1, moves[index].2);
        index += 1;
    }
    changes.push(tally.change(history.from));
    while index < moves.len() {
        let at = moves[index].0;
        while index < moves.len() && moves[index].0 == at {
            tally.set(&streams, moves[index].1, moves[index].2);
            index += 1;
        }
        let change = tally.change(at);
        let last: &Change = &changes[changes.len() - 1];
        if (change.checks, change.incidents) != (last.checks, last.incidents) {
            changes.push(change);
        }
    }
    changes
}

/// The same where one stream decides alone: its moves are the changes.
fn fold_one(history: &SystemHistory, stream: &StreamHistory, stale_after_ms: Option<i64>) -> Vec<Change> {
    // Before its first transition a stream does not exist.
    let change = |at: Instant, status: Option<Status>| match stream.source {
        Source::Healthcheck => Change { at, checks: status, incidents: None },
        Source::Incident => Change { at, checks: None, incidents: status },
    };
    let mut changes = Vec::with_capacity(stream.transitions.len() + 1);
    let mut current = None;
    changes.push(change(history.from, current));
    unfold(&stream.transitions, stale_after_ms, history.through, |at, status| {
        let status = Some(status);
        if at <= history.from {
            changes[0] = change(history.from, status);
        } else if status != current {
            changes.push(change(at, status));
        }
        current = status;
    });
    changes
}

/// From when on a transition says nothing any more if no other one follows; `None` if it stands until one does.
pub(crate) fn stale_at(transition: Transition, stale_after_ms: Option<i64>) -> Option<Instant> {
    stale_after_ms.filter(|_| transition.status == Status::Healthy).map(|stale_after| transition.at.plus(stale_after))
}

/// Calls `each` for every change of one stream: its transitions, and the moments at which they go stale.
pub(crate) fn unfold(
    transitions: &[Transition],
    stale_after_ms: Option<i64>,
    through: Instant,
    mut each: impl FnMut(Instant, Status),
) {
    for (index, transition) in transitions.iter().enumerate() {
        each(transition.at, transition.status);
        if let Some(stale_at) = stale_at(*transition, stale_after_ms) {
            let next = transitions.get(index + 1).map_or(through, |next| next.at.plus(-1));
            if stale_at <= next {
                each(stale_at, Status::Unknown);
            }
        }
    }
}

/// How many of the streams that exist have each status now, by source.
struct Census {
    /// `None` before a stream's first transition: until then it does not exist.
    current: Vec<Option<Status>>,
    checks: [u32; 4],
    incidents: [u32; 4],
}

impl Census {
    fn new(streams: &[&StreamHistory]) -> Self {
        Self { current: vec![None; streams.len()], checks: [0; 4], incidents: [0; 4] }
    }

    fn counts(&mut self, source: Source) -> &mut [u32; 4] {
        match source {
            Source::Healthcheck => &mut self.checks,
            Source::Incident => &mut self.incidents,
        }
    }

    fn set(&mut self, streams: &[&StreamHistory], stream: u32, status: Status) {
        let before = self.current[stream as usize].replace(status);
        let counts = self.counts(streams[stream as usize].source);
        if let Some(before) = before {
            counts[before as usize] -= 1;
        }
        counts[status as usize] += 1;
    }

    fn change(&self, at: Instant) -> Change {
        let worst = |counts: &[u32; 4]| Status::ALL.into_iter().rev().find(|status| counts[*status as usize] > 0);
        Change { at, checks: worst(&self.checks), incidents: worst(&self.incidents) }
    }
}

/// A maximal stretch in which a system's effective status is degraded or unhealthy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Outage {
    pub(crate) start: Instant,
    /// `END` while it lasts.
    pub(crate) end: Instant,
}

/// The outages of a timeline, oldest first. The first one starts at the timeline's start when that lies within it.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(source: Source, check: Option<&str>, moves: &[(i64, Status)]) -> StreamHistory {
        let transitions =
            moves.iter().map(|(at, status)| Transition { at: Instant::from_millis(*at), status: *status }).collect();
        StreamHistory { source, check: check.map(|name| Name::parse(name).unwrap()), transitions }
    }

    fn statuses(history: &SystemHistory, scope: Scope<'_>, stale: Option<i64>) -> Vec<(i64, Status)> {
        fold(history, scope, stale).iter().map(|change| (change.at.millis(), change.status())).collect()
    }

    fn history(streams: Vec<StreamHistory>) -> SystemHistory {
        SystemHistory { from: Instant::from_millis(0), through: END, first: None, streams }
    }

    #[test]
    fn the_worst_stream_decides_and_unknown_only_alone() {
        use Status::{Degraded, Healthy, Unhealthy, Unknown};
        let history = history(vec![
            stream(Source::Healthcheck, Some("http"), &[(10, Healthy), (30, Unhealthy), (40, Healthy)]),
            stream(Source::Healthcheck, None, &[(20, Degraded), (50, Unknown)]),
            stream(Source::Incident, None, &[(45, Unhealthy), (60, Healthy)]),
        ]);
        let expected = [(0, Unknown), (10, Healthy), (20, Degraded), (30, Unhealthy), (40, Degraded), (45, Unhealthy)];
        let all = statuses(&history, Scope::System, None);
        assert_eq!(all[..6], expected);
        assert_eq!(all.last(), Some(&(60, Healthy)));
        let http = Name::parse("http").unwrap();
        let one = statuses(&history, Scope::Check(&http), None);
        assert_eq!(one, [(0, Unknown), (10, Healthy), (30, Unhealthy), (40, Healthy), (45, Unhealthy), (60, Healthy)]);
    }

    #[test]
    fn only_health_goes_stale_and_exactly_when_that_old() {
        use Status::{Degraded, Healthy, Unhealthy, Unknown};
        let moves = [(10, Healthy), (20, Unhealthy), (40, Degraded), (50, Healthy), (61, Healthy)];
        let history = history(vec![stream(Source::Healthcheck, None, &moves)]);
        let stale = statuses(&history, Scope::System, Some(10));
        assert_eq!(
            stale,
            [
                (0, Unknown),
                (10, Healthy),
                (20, Unhealthy),
                (40, Degraded),
                (50, Healthy),
                (60, Unknown),
                (61, Healthy),
                (71, Unknown)
            ]
        );
    }

    #[test]
    fn a_stream_alone_folds_as_among_others() {
        use Status::{Degraded, Healthy, Unknown};
        for source in [Source::Healthcheck, Source::Incident] {
            let moves = [(5, Unknown), (9, Healthy), (12, Healthy), (30, Degraded)];
            let one = history(vec![stream(source, None, &moves)]);
            // A stream without transitions does not exist, so it changes nothing.
            let two = history(vec![stream(source, None, &moves), stream(Source::Incident, Some("x"), &[])]);
            for stale in [None, Some(3), Some(10)] {
                assert_eq!(fold(&one, Scope::System, stale), fold(&two, Scope::System, stale), "{source:?} {stale:?}");
            }
        }
    }

    #[test]
    fn outages_join_degraded_and_unhealthy() {
        use Status::{Degraded, Healthy, Unhealthy};
        let moves = [(0, Degraded), (5, Unhealthy), (9, Healthy), (12, Degraded)];
        let history = history(vec![stream(Source::Healthcheck, None, &moves)]);
        let found = outages(&fold(&history, Scope::System, None));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].start.millis(), found[0].end.millis()), (0, 9));
        assert_eq!((found[1].start.millis(), found[1].end), (12, END));
    }
}
