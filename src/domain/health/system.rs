//! Owns step 6, the system: the worst of its checks and incident streams; unknown ones count only if all are unknown.

use super::location::{self, Part, Votes};
use super::quorum::Quorum;
use super::rules::Rules;
use super::timeline::{Change, Scope, SystemHistory};
use super::transition::{Source, Status};
use crate::domain::value::instant::Instant;

/// Folds the streams in scope into the changes of the effective status since `history.from`; the first change is at
/// that instant.
pub(crate) fn fold(history: &SystemHistory, scope: Scope<'_>, rules: &Rules) -> Vec<Change> {
    let parts = location::parts(history, scope, rules);
    if let [part] = &parts[..] {
        return fold_one(history, part, rules);
    }
    let mut checks = Votes::new(parts.len(), Quorum::All);
    let mut incidents = Votes::new(parts.len(), Quorum::All);
    let mut moves: Vec<(Instant, u32, Option<Status>)> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        part.each_change(rules, history.through, |at, status| moves.push((at.max(history.from), index as u32, status)));
    }
    // The moves of each part are sorted, and a stable sort merges sorted runs.
    moves.sort_by_key(|(at, ..)| *at);
    let mut changes = Vec::with_capacity(moves.len() + 1);
    changes.push(Change { at: history.from, checks: None, incidents: None });
    for now in moves.chunk_by(|one, other| one.0 == other.0) {
        for (_, index, status) in now {
            let votes = match parts[*index as usize].source {
                Source::Healthcheck => &mut checks,
                Source::Incident => &mut incidents,
            };
            votes.set(*index as usize, *status);
        }
        let worst = |votes: &Votes| votes.decide(votes.counting());
        let change = Change { at: now[0].0, checks: worst(&checks), incidents: worst(&incidents) };
        push(&mut changes, change);
    }
    changes
}

/// Adds a change if it differs, replacing one at the same instant.
fn push(changes: &mut Vec<Change>, change: Change) {
    match changes.last_mut() {
        Some(last) if last.at == change.at => *last = change,
        Some(last) if (last.checks, last.incidents) == (change.checks, change.incidents) => {}
        _ => changes.push(change),
    }
}

/// The same if one part decides alone: its moves are the changes.
fn fold_one(history: &SystemHistory, part: &Part<'_>, rules: &Rules) -> Vec<Change> {
    let change = |at: Instant, status: Option<Status>| match part.source {
        Source::Healthcheck => Change { at, checks: status, incidents: None },
        Source::Incident => Change { at, checks: None, incidents: status },
    };
    // Before its first transition a stream does not exist.
    let mut changes = Vec::with_capacity(part.transitions() + 1);
    changes.push(change(history.from, None));
    part.each_change(rules, history.through, |at, status| push(&mut changes, change(at.max(history.from), status)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::health::stream::StreamHistory;
    use crate::domain::health::timeline::{END, outages};
    use crate::domain::health::transition::Transition;
    use crate::domain::value::name::Name;

    fn stream(source: Source, check: Option<&str>, moves: &[(i64, Status)]) -> StreamHistory {
        let transitions =
            moves.iter().map(|(at, status)| Transition { at: Instant::from_millis(*at), status: *status }).collect();
        StreamHistory { source, check: check.map(|name| Name::parse(name).unwrap()), location: None, transitions }
    }

    fn statuses(history: &SystemHistory, scope: Scope<'_>, stale: Option<i64>) -> Vec<(i64, Status)> {
        fold(history, scope, &rules(stale)).iter().map(|change| (change.at.millis(), change.status())).collect()
    }

    fn rules(stale_after_ms: Option<i64>) -> Rules {
        Rules { stale_after_ms, ..Rules::default() }
    }

    fn history(streams: Vec<StreamHistory>) -> SystemHistory {
        SystemHistory { from: Instant::from_millis(0), through: END, first: None, streams }
    }

    #[test]
    fn the_worst_stream_decides_and_unknown_only_alone() {
        use Status::{Degraded, Healthy, Unhealthy, Unknown};
        let history = history(vec![
            stream(Source::Healthcheck, None, &[(20, Degraded), (50, Unknown)]),
            stream(Source::Healthcheck, Some("http"), &[(10, Healthy), (30, Unhealthy), (40, Healthy)]),
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
            // A stream without transitions does not exist.
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
