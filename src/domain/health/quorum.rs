//! Owns the quorum: how many of several statuses decide the combined one. Locations of a check and members of a system
//! use it.

use super::transition::Status;

/// How many must have a status, or a better one, for the combined status to be that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Quorum {
    /// All with a known status: the worst.
    #[default]
    All,
    /// One with a known status: the best.
    Any,
    /// More than half of all, known or not.
    Majority,
    /// This number; at least 1.
    Number(u32),
}

/// How many of those that count have each status, by the status's code.
pub(crate) type Counts = [u32; 4];

impl Quorum {
    /// Its keywords; it may also be a number.
    pub(crate) const WORDS: [(&'static str, Self); 3] =
        [("all", Self::All), ("any", Self::Any), ("majority", Self::Majority)];

    /// The combined status: the k-th best of the known ones, `unknown` if fewer are known. `of` is the total, including
    /// those that never reported. `None` if none counts.
    pub(crate) fn decide(self, counts: Counts, of: u32) -> Option<Status> {
        let known = counts[1..].iter().sum::<u32>();
        let place = match self {
            Self::All => known,
            Self::Any => 1,
            Self::Majority => of / 2 + 1,
            Self::Number(number) => number,
        };
        if known == 0 || known < place {
            return (known + counts[0] > 0).then_some(Status::Unknown);
        }
        let mut better = 0;
        Status::ALL.into_iter().skip(1).find(|status| {
            better += counts[*status as usize];
            better >= place
        })
    }
}

impl std::fmt::Display for Quorum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            word => f.write_str(Self::WORDS.iter().find(|(_, known)| known == word).map_or("", |(text, _)| text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decide(quorum: Quorum, statuses: &[Status]) -> Option<Status> {
        let mut counts = Counts::default();
        for status in statuses {
            counts[*status as usize] += 1;
        }
        quorum.decide(counts, statuses.len() as u32)
    }

    #[test]
    fn the_examples_of_the_manual_come_out() {
        use Status::{Degraded, Healthy, Unhealthy, Unknown};
        // Two of three replicas, one unknown: both known ones must be up.
        assert_eq!(decide(Quorum::Number(2), &[Healthy, Healthy, Unknown]), Some(Healthy));
        assert_eq!(decide(Quorum::Number(2), &[Healthy, Unhealthy, Unknown]), Some(Unhealthy));
        assert_eq!(decide(Quorum::Number(2), &[Healthy, Unhealthy, Healthy]), Some(Healthy));
        assert_eq!(decide(Quorum::Number(2), &[Healthy, Unknown, Unknown]), Some(Unknown));
        // Three regions, one prober dead.
        assert_eq!(decide(Quorum::Majority, &[Unknown, Healthy, Unhealthy]), Some(Unhealthy));
        assert_eq!(decide(Quorum::Majority, &[Unknown, Unknown, Healthy]), Some(Unknown));
        assert_eq!(decide(Quorum::All, &[Unknown, Healthy, Degraded]), Some(Degraded));
        assert_eq!(decide(Quorum::Any, &[Unknown, Unhealthy, Degraded]), Some(Degraded));
        assert_eq!(decide(Quorum::Any, &[]), None);
        assert_eq!(decide(Quorum::Number(4), &[Unknown]), Some(Unknown));
    }

    proptest! {
        #[test]
        fn it_is_the_worst_status_that_enough_have_or_exceed(
            statuses in prop::collection::vec(prop::sample::select(Status::ALL.to_vec()), 0..7),
            number in 1..8_u32,
        ) {
            let known: Vec<Status> = statuses.iter().copied().filter(|status| *status != Status::Unknown).collect();
            let expected = |needed: usize| match statuses.len() {
                0 => None,
                _ if known.len() < needed => Some(Status::Unknown),
                // The best status that enough of them have or exceed.
                _ => Status::ALL[1..].iter().copied().find(|best| known.iter().filter(|status| *status <= best).count() >= needed),
            };
            let all = if known.is_empty() { 1 } else { known.len() };
            for (quorum, needed) in [
                (Quorum::Number(number), number as usize),
                (Quorum::Majority, statuses.len() / 2 + 1),
                (Quorum::Any, 1),
                (Quorum::All, all),
            ] {
                prop_assert_eq!(decide(quorum, &statuses), expected(needed), "{:?}", quorum);
            }
        }
    }
}
