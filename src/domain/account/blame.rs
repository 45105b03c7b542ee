//! Owns attribution: which upstream is charged with downtime at each instant: of the outages in progress, the one that
//! began first.
//!
//! Outages are ranked by their start, ties by name. A span is attributed in one pass along the ranking: the first
//! outage in progress that may excuse it is charged until it ends, and only later ones can follow.

pub(super) mod shared;

use std::cmp::Ordering;

use super::member::{Member, SystemId};
use crate::domain::health::timeline::Outage;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// A span of downtime and the upstream it is charged to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Blamed {
    pub(crate) span: Span,
    pub(crate) upstream: SystemId,
    /// When the upstream is first known to be down, if that is after the span.
    pub(crate) known_from: Option<Instant>,
}

/// The upstreams that sorted, disjoint spans are charged to, given the outages of each, oldest first. Grace extends
/// each outage at both ends.
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

/// An outage and the place of its system in the graph.
#[derive(Clone, Copy, Debug)]
struct Ranked {
    outage: Outage,
    place: u32,
}

/// Outages in the order in which they are charged.
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

    /// Calls `hand` with the parts of a span that outages of admitted places cover, oldest first, each with when its
    /// cause is first known, if that is later.
    fn tell(
        &self,
        (span, grace_ms): (Span, i64),
        may_be: impl Fn(u32) -> bool,
        mut hand: impl FnMut(Span, u32, Option<Instant>),
    ) {
        let Span { start: mut at, end } = span;
        let mut rank = 0;
        // A skipped outage has ended, or may not be charged at all.
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

/// The ends of ranked outages as a tree whose nodes hold the latest end below them: the root is at 1, a node's children
/// at twice its index.
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

    /// The first outage at or after `rank` that ends after an instant.
    fn next_after(&self, rank: usize, at: Instant) -> Option<usize> {
        // `MIN` pads the leaves, and no outage ends before it.
        let at = at.max(Instant::MIN);
        let latest = &self.0;
        let leaves = latest.len() / 2;
        if rank >= leaves {
            return None;
        }
        let mut node = leaves + rank;
        while latest[node] <= at {
            // The widest node that begins after this one; after the last of a level there is none.
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

/// The outages, of these sorted and disjoint ones, that touch `span`.
pub(super) fn touching(outages: &[Outage], span: Span) -> &[Outage] {
    let first = outages.partition_point(|outage| outage.end <= span.start);
    let rest = &outages[first..];
    &rest[..rest.partition_point(|outage| outage.start < span.end)]
}

#[cfg(test)]
mod tests;
