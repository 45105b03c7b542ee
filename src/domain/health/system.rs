//! Owns step 6, the system: the worst of its checks and of its incident streams; those that are unknown count only if all are.

use super::rules::Rules;
use super::stream::StreamHistory;
use super::timeline::{Change, Scope, Step, SystemHistory};
use super::transition::{Source, Status};
use crate::domain::value::instant::Instant;

/// Folds the streams in scope into the changes of the effective status from `history.from` on; the first one stands at
/// that moment.
pub(crate) fn fold(history: &SystemHistory, scope: Scope<'_>, rules: &Rules) -> Vec<Change> {
    let streams: Vec<&StreamHistory> =
        history.streams.iter().filter(|stream| scope.contains(stream.source, stream.check.as_ref())).collect();
    if let [stream] = streams[..] {
        return fold_one(history, stream, rules);
    }
    let mut census = Census::new(&streams);
    let mut moves: Vec<(Instant, u32, Option<Status>)> = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        stream.each_change(rules, history.through, |at, status| moves.push((at, index as u32, status)));
    }
    // Each stream's moves are sorted, and a stable sort merges sorted runs.
    moves.sort_by_key(|(at, ..)| *at);
    let mut changes = Vec::with_capacity(moves.len() + 1);
    let mut index = 0;
    while index < moves.len() && moves[index].0 <= history.from {
        census.set(&streams, moves[index].1, moves[index].2);
        index += 1;
    }
    changes.push(census.change(history.from));
    while index < moves.len() {
        let at = moves[index].0;
        while index < moves.len() && moves[index].0 == at {
            census.set(&streams, moves[index].1, moves[index].2);
            index += 1;
        }
        let change = census.change(at);
        let last: &Change = &changes[changes.len() - 1];
        if (change.checks, change.incidents) != (last.checks, last.incidents) {
            changes.push(change);
        }
    }
    changes
}

/// The same where one stream decides alone: its moves are the changes.
fn fold_one(history: &SystemHistory, stream: &StreamHistory, rules: &Rules) -> Vec<Change> {
    let change = |at: Instant, status: Option<Status>| match stream.source {
        Source::Healthcheck => Change { at, checks: status, incidents: None },
        Source::Incident => Change { at, checks: None, incidents: status },
    };
    let mut changes = Vec::with_capacity(stream.transitions.len() + 1);
    // Before its first transition a stream does not exist.
    let mut current = None;
    changes.push(change(history.from, current));
    stream.each_change(rules, history.through, |at, status| {
        if at <= history.from {
            changes[0] = change(history.from, status);
        } else if status != current {
            changes.push(change(at, status));
        }
        current = status;
    });
    changes
}

/// The statuses of a system's checks over time, each from its first transition on.
pub(crate) fn checks(history: &SystemHistory, rules: &Rules) -> Vec<Vec<Step>> {
    let checks = history.streams.iter().filter(|stream| stream.source == Source::Healthcheck);
    let steps = |stream: &StreamHistory| {
        let mut steps = Vec::with_capacity(stream.transitions.len());
        stream.each_change(rules, history.through, |at, status| steps.push(Step { at, status }));
        steps
    };
    checks.map(steps).collect()
}

/// How many of the streams that exist have each status now, by source.
struct Census {
    /// `None`: a stream does not count, as before its first transition.
    current: Vec<Option<Status>>,
    checks: [u32; 4],
    incidents: [u32; 4],
}

impl Census {
    fn new(streams: &[&StreamHistory]) -> Self {
        Self { current: vec![None; streams.len()], checks: [0; 4], incidents: [0; 4] }
    }

    fn set(&mut self, streams: &[&StreamHistory], stream: u32, status: Option<Status>) {
        let before = std::mem::replace(&mut self.current[stream as usize], status);
        let counts = match streams[stream as usize].source {
            Source::Healthcheck => &mut self.checks,
            Source::Incident => &mut self.incidents,
        };
        if let Some(before) = before {
            counts[before as usize] -= 1;
        }
        if let Some(status) = status {
            counts[status as usize] += 1;
        }
    }

    fn change(&self, at: Instant) -> Change {
        let worst = |counts: &[u32; 4]| Status::ALL.into_iter().rev().find(|status| counts[*status as usize] > 0);
        Change { at, checks: worst(&self.checks), incidents: worst(&self.incidents) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::health::timeline::{END, outages};
    use crate::domain::health::transition::Transition;
    use crate::domain::value::name::Name;

    fn stream(source: Source, check: Option<&str>, moves: &[(i64, Status)]) -> StreamHistory {
        let transitions =
            moves.iter().map(|(at, status)| Transition { at: Instant::from_millis(*at), status: *status }).collect();
        StreamHistory { source, check: check.map(|name| Name::parse(name).unwrap()), transitions }
    }

    fn statuses(history: &SystemHistory, scope: Scope<'_>, stale: Option<i64>) -> Vec<(i64, Status)> {
        fold(history, scope, &rules(stale)).iter().map(|change| (change.at.millis(), change.status())).collect()
    }

    fn rules(stale_after_ms: Option<i64>) -> Rules {
        Rules { stale_after_ms }
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
                let folded = |history| fold(history, Scope::System, &rules(stale));
                assert_eq!(folded(&one), folded(&two), "{source:?} {stale:?}");
            }
        }
    }

    #[test]
    fn outages_join_degraded_and_unhealthy() {
        use Status::{Degraded, Healthy, Unhealthy};
        let moves = [(0, Degraded), (5, Unhealthy), (9, Healthy), (12, Degraded)];
        let history = history(vec![stream(Source::Healthcheck, None, &moves)]);
        let found = outages(&fold(&history, Scope::System, &rules(None)));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].start.millis(), found[0].end.millis()), (0, 9));
        assert_eq!((found[1].start.millis(), found[1].end), (12, END));
    }
}
