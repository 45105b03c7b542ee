//! Owns sums of time: how many milliseconds of a stretch were spent on what.

use super::downtime::{Cause, Piece};
use super::member::SystemId;
use super::objective::DependencyExclusion;
use crate::domain::value::span::Span;

/// Milliseconds by what they count as.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tally {
    /// Charged downtime that belongs to the system itself.
    pub(crate) own_ms: i64,
    /// Charged downtime of upstreams that have any, by id.
    pub(crate) upstream_ms: Vec<(SystemId, i64)>,
    /// Downtime that maintenance keeps from being charged.
    pub(crate) excluded_ms: i64,
    /// Time taken out of the window's length.
    pub(crate) not_counted_ms: i64,
    /// Time with unknown status.
    pub(crate) unknown_ms: i64,
}

impl Tally {
    /// All charged downtime.
    pub(crate) fn strict_ms(&self) -> i64 {
        self.own_ms + self.upstream_ms.iter().map(|(_, millis)| millis).sum::<i64>()
    }

    /// The downtime that spends the budget.
    pub(crate) fn consumed_ms(&self, exclusion: DependencyExclusion) -> i64 {
        match exclusion {
            DependencyExclusion::Strict => self.strict_ms(),
            DependencyExclusion::SelfOnly => self.own_ms,
        }
    }

    /// Adds the part of a piece that lies within `span`.
    pub(crate) fn add_piece(&mut self, piece: &Piece, span: Span) {
        let millis = piece.span.intersect(span).millis();
        if millis == 0 {
            return;
        }
        match piece.charge.map(|charge| charge.cause) {
            Some(Cause::Own) => self.own_ms += millis,
            Some(Cause::Upstream(system)) => self.add_upstream(system, millis),
            None if piece.excluded() => self.excluded_ms += millis,
            None => {}
        }
        if !piece.counted {
            self.not_counted_ms += millis;
        }
        if !piece.known {
            self.unknown_ms += millis;
        }
    }

    /// Adds `times` times another tally.
    pub(crate) fn add(&mut self, other: &Self, times: i64) {
        self.own_ms += other.own_ms * times;
        for (system, millis) in &other.upstream_ms {
            self.add_upstream(*system, millis * times);
        }
        self.excluded_ms += other.excluded_ms * times;
        self.not_counted_ms += other.not_counted_ms * times;
        self.unknown_ms += other.unknown_ms * times;
    }

    fn add_upstream(&mut self, system: SystemId, millis: i64) {
        if millis == 0 {
            return;
        }
        match self.upstream_ms.binary_search_by_key(&system, |(known, _)| *known) {
            Ok(place) => {
                self.upstream_ms[place].1 += millis;
                if self.upstream_ms[place].1 == 0 {
                    self.upstream_ms.remove(place);
                }
            }
            Err(place) => self.upstream_ms.insert(place, (system, millis)),
        }
    }
}

/// The tally of the parts of `pieces` that lie within `span`.
pub(crate) fn tally(pieces: &[Piece], span: Span) -> Tally {
    let mut sum = Tally::default();
    let first = pieces.partition_point(|piece| piece.span.end <= span.start);
    for piece in pieces[first..].iter().take_while(|piece| piece.span.start < span.end) {
        sum.add_piece(piece, span);
    }
    sum
}
