//! Owns leaving out transitions that only repeat the status of their stream, so that memory grows with the number of
//! changes, not of checks.

use crate::domain::health::timeline::END;
use crate::domain::health::transition::{Status, Transition};
use crate::domain::value::instant::Instant;

/// The most transitions for which room is made before they are read.
const MOST_EXPECTED: usize = 256;

/// The transitions to keep, out of those of one stream in order.
pub(super) struct Thinned {
    kept: Vec<Transition>,
    /// The last one, and whether it is not kept (yet).
    last: Transition,
    is_held: bool,
    silence: Silence,
    /// The status that need not be kept again, and the exclusive end of that: until then, the silence is short.
    repeated: Transition,
}

/// When a stream without new facts is stale.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Silence {
    /// Irrelevant: every transition is kept.
    Any,
    Never,
    /// After this many milliseconds.
    After(i64),
}

impl Silence {
    pub(super) fn of(stale_after_ms: Option<i64>) -> Self {
        stale_after_ms.map_or(Self::Never, Self::After)
    }

    /// What need not be kept after a transition: the same status before this instant.
    fn repeated(self, kept: Transition) -> Transition {
        let at = match self {
            Self::Any | Self::Never => END,
            Self::After(millis) => kept.at.plus(millis),
        };
        Transition { at, ..kept }
    }
}

impl Thinned {
    pub(super) fn new(silence: Silence) -> Self {
        let none = Transition { at: Instant::MIN, status: Status::Unknown };
        Self { kept: Vec::new(), last: none, is_held: false, silence, repeated: none }
    }

    /// Whether a repeated status is left out however old the one before it is.
    pub(super) fn is_of_changes(&self) -> bool {
        self.silence == Silence::Never
    }

    /// Makes room for this many more, within bounds: most may only repeat a status.
    pub(super) fn expect(&mut self, many: usize) {
        self.kept.reserve(many.min(MOST_EXPECTED));
    }

    /// How many are kept so far.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    #[inline]
    pub(super) fn push(&mut self, transition: Transition) {
        if self.silence == Silence::Any {
            self.kept.push(transition);
            return;
        }
        if self.is_held && transition.at >= self.repeated.at {
            // The held transition keeps the silence short, at least until its own time.
            self.keep();
        }
        self.is_held = transition.status == self.repeated.status && transition.at < self.repeated.at;
        self.last = transition;
        if !self.is_held {
            self.keep();
        }
    }

    fn keep(&mut self) {
        self.kept.push(self.last);
        self.repeated = self.silence.repeated(self.last);
    }

    /// The kept transitions and the last one.
    pub(super) fn finish(mut self) -> Vec<Transition> {
        self.kept.extend(self.is_held.then_some(self.last));
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::health::rules::Rules;
    use crate::domain::health::stream::StreamHistory;
    use crate::domain::health::system::fold;
    use crate::domain::health::timeline::{BEGINNING, Scope, SystemHistory};
    use crate::domain::health::transition::Source;

    fn statuses(transitions: Vec<Transition>, silence: Option<i64>) -> Vec<(Instant, Status)> {
        let streams = vec![StreamHistory { source: Source::Healthcheck, check: None, location: None, transitions }];
        let history = SystemHistory { from: BEGINNING, through: END, first: None, streams };
        let mut changes: Vec<_> = fold(&history, Scope::System, &Rules { stale_after_ms: silence, ..Rules::default() })
            .into_iter()
            .map(|c| (c.at, c.status()))
            .collect();
        changes.dedup_by_key(|change| change.1);
        changes
    }

    proptest! {
        #[test]
        fn nothing_is_lost_but_repetitions(
            facts in prop::collection::btree_map(0..200_i64, 0..4_usize, 1..40),
            silence in prop::option::of(1..30_i64),
        ) {
            let all: Vec<Transition> = facts
                .iter()
                .map(|(at, status)| Transition { at: Instant::from_millis(*at), status: Status::ALL[*status] })
                .collect();
            let thin = |silence: Silence| {
                let mut thinned = Thinned::new(silence);
                for transition in &all {
                    thinned.push(*transition);
                }
                thinned.finish()
            };
            prop_assert_eq!(thin(Silence::Any).len(), all.len());
            let kept = thin(Silence::of(silence));
            prop_assert_eq!(statuses(kept.clone(), silence), statuses(all.clone(), silence));
            // The newest fact gives the age of the data, the first one its start.
            prop_assert_eq!((kept.first().map(|t| t.at), kept.last().map(|t| t.at)), (Some(all[0].at), all.last().map(|t| t.at)));
        }
    }

    #[test]
    fn a_year_of_looking_every_minute_is_a_handful() {
        let minute = |at: i64, status| Transition { at: Instant::from_millis(at * 60_000), status };
        for (silence, most) in [(None, 6), (Some(15 * 60_000), 2 * 525_600 / 15)] {
            let mut thinned = Thinned::new(Silence::of(silence));
            for at in 0..525_600 {
                let down = (1000..1010).contains(&at);
                thinned.push(minute(at, if down { Status::Unhealthy } else { Status::Healthy }));
            }
            let kept = thinned.finish().len();
            assert!(kept <= most, "{kept}");
        }
    }
}
