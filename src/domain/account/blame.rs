//! Owns blame: which outage of an upstream has begun first of those in force, at every moment.
//!
//! Outages are ranked, those that began first before others, ties by name. Who asks about a stretch of time goes along the ranking once:
//! the first outage in force that may excuse has the blame until it ends, and only later ones can follow it.

pub(super) mod shared;

use std::cmp::Ordering;

use super::member::{Member, SystemId};
use crate::domain::health::timeline::Outage;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// A stretch of time with the upstream that is to blame for downtime then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Blamed {
    pub(crate) span: Span,
    pub(crate) upstream: SystemId,
    /// As of which moment the upstream is known to be down, where that is after the stretch.
    pub(crate) known_from: Option<Instant>,
}

/// Who is to blame in sorted, disjoint spans if these upstreams with their outages, oldest first, may be. Each outage reaches
/// further by a grace at both ends.
pub(super) fn among(upstreams: &[(&Member, &[Outage])], spans: &[Span], grace_ms: i64) -> Vec<Blamed> {
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Vec::new() };
    let hull = Span::new(first.start, last.end).widened(grace_ms);
    let outages = upstreams.iter().zip(0..).flat_map(|((_, known), place)| {
        touching(known, hull).iter().map(move |outage| Ranked { outage: *outage, place })
    });
    let ranking = Ranking::of(outages.collect(), |place| &upstreams[place as usize].0.name);
    let mut blamed = Vec::new();
    for span in spans {
        let system = |place: u32| upstreams[place as usize].0.id;
        ranking.tell(
            (*span, grace_ms),
            |_| true,
            |span, place, known_from| {
                blamed.push(Blamed { span, upstream: system(place), known_from });
            },
        );
    }
    blamed
}

/// An outage, and at which place its system is found.
#[derive(Clone, Copy, Debug)]
struct Ranked {
    outage: Outage,
    place: u32,
}

/// Outages in the order in which they have the blame.
struct Ranking {
    outages: Vec<Ranked>,
    ends: Ends,
}

impl Ranking {
    fn of<'n>(mut outages: Vec<Ranked>, name: impl Fn(u32) -> &'n Name) -> Self {
        outages.sort_unstable_by(|one, other| match one.outage.start.cmp(&other.outage.start) {
            Ordering::Equal => name(one.place).cmp(name(other.place)),
            order => order,
        });
        let ends = Ends::of(&outages);
        Self { outages, ends }
    }

    /// Hands on who of those that may be is to blame in a span, where outages reach further by a grace: the parts of it, oldest first,
    /// each with as of when that is known, if that is later.
    fn tell(
        &self,
        (span, grace_ms): (Span, i64),
        may_be: impl Fn(u32) -> bool,
        mut hand: impl FnMut(Span, u32, Option<Instant>),
    ) {
        let Span { start: mut at, end } = span;
        let mut rank = 0;
        // What is passed over has ended, or is not to blame whenever it ends.
        while at < end
            && let Some(next) = self.ends.next_after(rank, at.plus(-grace_ms))
            && let Ranked { outage, place } = self.outages[next]
            && let reach = Span::new(outage.start, outage.end).widened(grace_ms)
            && reach.start < end
        {
            rank = next + 1;
            if may_be(place) {
                let until = reach.end.min(end);
                let began = outage.start.clamp(reach.start.max(at), until);
                let before = Span::new(reach.start.max(at), began);
                if !before.is_empty() {
                    hand(before, place, Some(outage.start));
                }
                if began < until {
                    hand(Span::new(began, until), place, None);
                }
                at = until;
            }
        }
    }
}

/// The ends of ranked outages as a tree, whose nodes hold the latest end below them: the root at 1, the children of a node at twice
/// its place.
struct Ends(Vec<Instant>);

impl Ends {
    fn of(outages: &[Ranked]) -> Self {
        let leaves = outages.len().next_power_of_two();
        let mut latest = vec![Instant::MIN; leaves];
        latest.extend(outages.iter().map(|ranked| ranked.outage.end));
        latest.resize(2 * leaves, Instant::MIN);
        for node in (1..leaves).rev() {
            latest[node] = latest[2 * node].max(latest[2 * node + 1]);
        }
        Self(latest)
    }

    /// The first rank from one on whose outage ends after a moment.
    fn next_after(&self, rank: usize, at: Instant) -> Option<usize> {
        // Nothing ends before all of time, and what stands for no outage never ends after it.
        let at = at.max(Instant::MIN);
        let latest = &self.0;
        let leaves = latest.len() / 2;
        if rank >= leaves {
            return None;
        }
        let mut node = leaves + rank;
        while latest[node] <= at {
            // The widest node that begins behind this one; behind the last one of a row there is none.
            node += 1;
            node >>= node.trailing_zeros();
            if node == 1 {
                return None;
            }
        }
        while node < leaves {
            node *= 2;
            node += usize::from(latest[node] <= at);
        }
        Some(node - leaves)
    }
}

/// Those of sorted, disjoint outages that touch `span`.
pub(super) fn touching(outages: &[Outage], span: Span) -> &[Outage] {
    let first = outages.partition_point(|outage| outage.end <= span.start);
    let rest = &outages[first..];
    &rest[..rest.partition_point(|outage| outage.start < span.end)]
}

#[cfg(test)]
mod tests;
