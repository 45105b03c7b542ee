//! Owns blame: which outage of an upstream has begun first of those in force, at every moment.
//!
//! The outages that may be in force are ranked, those that began first before others, ties by name. Then the blame is a step
//! function of time: the least rank in force.

pub(super) mod shared;

use super::member::{Member, SystemId};
use crate::domain::health::timeline::Outage;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{BEGINNING, Span};

/// The rank of no outage.
const NONE: u32 = u32::MAX;
/// A stretch of time with the upstream that is to blame for downtime then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Blamed {
    pub(crate) span: Span,
    pub(crate) upstream: SystemId,
    /// As of which moment the upstream is known to be down, where that is after the stretch.
    pub(crate) known_from: Option<Instant>,
}

/// The least rank in force from each moment on, the first of which is where the stretch begins.
type Steps = Vec<(Instant, u32)>;

/// Who is to blame in `span` if these upstreams with their outages, oldest first, may be, each of which reaches further by a grace at
/// both ends.
pub(super) fn among(upstreams: &[(&Member, &[Outage])], span: Span, grace_ms: i64) -> Vec<Blamed> {
    let ranking = Ranking::of(upstreams, span, grace_ms);
    let mut functions: Vec<Steps> = (0..upstreams.len()).map(|index| ranking.own(index, span)).collect();
    while functions.len() > 1 {
        functions = functions.chunks(2).map(least_of).collect();
    }
    let mut blamed = Vec::new();
    ranking.tell(functions.first().map_or(&[][..], Vec::as_slice), &[span], span, &mut blamed);
    blamed
}

fn least_of(pair: &[Steps]) -> Steps {
    match pair {
        [one, other] => least(one, other),
        _ => pair.concat(),
    }
}

/// Outages in the order in which they have the blame.
struct Ranking {
    /// The upstream of each rank, and when its outage begins.
    upstreams: Vec<(SystemId, Instant)>,
    /// The ranks of each upstream's outages in the stretch, oldest first.
    of: Vec<Vec<(Span, u32)>>,
}

impl Ranking {
    fn of(upstreams: &[(&Member, &[Outage])], stretch: Span, grace_ms: i64) -> Self {
        let mut outages: Vec<(Outage, u32)> = Vec::new();
        let wider = stretch.widened(grace_ms);
        for (index, (_, known)) in upstreams.iter().enumerate() {
            outages.extend(touching(known, wider).iter().map(|outage| (*outage, index as u32)));
        }
        let name = |index: u32| &upstreams[index as usize].0.name;
        outages.sort_unstable_by(|(one, of), (other, of_other)| {
            one.start.cmp(&other.start).then_with(|| name(*of).cmp(name(*of_other)))
        });
        let mut of: Vec<Vec<(Span, u32)>> = vec![Vec::new(); upstreams.len()];
        for (rank, (outage, index)) in outages.iter().enumerate() {
            let theirs = &mut of[*index as usize];
            // Where two outages of one upstream reach into each other, the first one has the blame.
            let before = theirs.last().map_or(BEGINNING, |(span, _)| span.end);
            let span = Span::new(outage.start, outage.end).widened(grace_ms);
            theirs.push((Span::new(span.start.max(before), span.end), rank as u32));
        }
        let upstream = |(outage, index): &(Outage, u32)| (upstreams[*index as usize].0.id, outage.start);
        Self { upstreams: outages.iter().map(upstream).collect(), of }
    }

    /// The function of an upstream's own outages.
    fn own(&self, index: usize, stretch: Span) -> Steps {
        let mut steps = Vec::with_capacity(self.of[index].len() * 2 + 1);
        steps.push((stretch.start, NONE));
        for (span, rank) in &self.of[index] {
            push(&mut steps, span.start.max(stretch.start), *rank);
            if span.end < stretch.end {
                push(&mut steps, span.end, NONE);
            }
        }
        steps
    }

    /// Adds who is to blame to what is known already, as far as that is within sorted `asked`.
    fn tell(&self, steps: &[(Instant, u32)], asked: &[Span], stretch: Span, blamed: &mut Vec<Blamed>) {
        let mut asked = &asked[asked.partition_point(|span| span.end <= stretch.start)..];
        for (index, (from, rank)) in steps.iter().enumerate() {
            let until = steps.get(index + 1).map_or(stretch.end, |(next, _)| *next);
            while asked.first().is_some_and(|span| span.end <= *from) {
                asked = &asked[1..];
            }
            if *rank == NONE {
                continue;
            }
            let (upstream, began) = self.upstreams[*rank as usize];
            for wanted in asked.iter().take_while(|wanted| wanted.start < until) {
                let span = Span::new(*from, until).intersect(*wanted);
                let cut = began.clamp(span.start, span.end);
                add(blamed, Blamed { span: Span::new(span.start, cut), upstream, known_from: Some(began) });
                add(blamed, Blamed { span: Span::new(cut, span.end), upstream, known_from: None });
            }
        }
    }
}

/// Adds a stretch, if it is one.
fn add(blamed: &mut Vec<Blamed>, next: Blamed) {
    let alike = |last: &&mut Blamed| (last.upstream, last.known_from) == (next.upstream, next.known_from);
    if next.span.is_empty() {
        return;
    }
    match blamed.last_mut().filter(alike) {
        Some(last) if last.span.end == next.span.start => last.span.end = next.span.end,
        _ => blamed.push(next),
    }
}

/// Adds a step, if it is one.
fn push(steps: &mut Steps, at: Instant, rank: u32) {
    match steps.last_mut() {
        Some((known, last)) if *known == at => *last = rank,
        Some((_, last)) if *last == rank => {}
        _ => steps.push((at, rank)),
    }
}

/// The pointwise least of two functions over one stretch.
fn least(one: &[(Instant, u32)], other: &[(Instant, u32)]) -> Steps {
    let mut steps = Vec::with_capacity(one.len() + other.len());
    let (mut left, mut right) = (0, 0);
    let (mut low, mut high) = (NONE, NONE);
    loop {
        let at = match (one.get(left), other.get(right)) {
            (None, None) => return steps,
            (Some((at, _)), None) | (None, Some((at, _))) => *at,
            (Some((at, _)), Some((before, _))) => (*at).min(*before),
        };
        if let Some((_, rank)) = one.get(left).filter(|(from, _)| *from == at) {
            (low, left) = (*rank, left + 1);
        }
        if let Some((_, rank)) = other.get(right).filter(|(from, _)| *from == at) {
            (high, right) = (*rank, right + 1);
        }
        let rank = low.min(high);
        if steps.last().is_none_or(|(_, last)| *last != rank) {
            steps.push((at, rank));
        }
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
