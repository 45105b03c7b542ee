//! Owns sums of time by how it is accounted for. Downtime is weighted, so it is summed in microseconds.

use smallvec::SmallVec;

use super::downtime::{Cause, Piece};
use super::member::SystemId;
use super::objective::DependencyExclusion;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// Downtime by upstream, in the order of ids. There is one for each day with downtime, and few are charged to more
/// than three upstreams: these need no memory of their own.
pub(crate) type Upstreams = SmallVec<[(SystemId, i64); 3]>;

/// Downtime of one upstream. Solvers make millions of these, and collecting one takes as long as an allocation.
pub(crate) fn upstream(system: SystemId, micros: i64) -> Upstreams {
    let none = (system, 0);
    Upstreams::from_buf_and_len([(system, micros), none, none], 1)
}

/// Time by accounting: downtime in microseconds, other time in milliseconds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tally {
    /// Downtime charged to the system itself.
    pub(crate) own_us: i64,
    /// Downtime charged to upstreams.
    pub(crate) upstream_us: Upstreams,
    /// Downtime that maintenance excuses.
    pub(crate) excluded_us: i64,
    /// Downtime of outages that are too short.
    pub(crate) too_short_us: i64,
    /// Time that leaves the window's length.
    pub(crate) not_counted_ms: i64,
    /// Time with unknown status.
    pub(crate) unknown_ms: i64,
}

impl Tally {
    /// All charged downtime.
    pub(crate) fn strict_us(&self) -> i64 {
        self.own_us + self.upstream_us.iter().map(|(_, micros)| micros).sum::<i64>()
    }

    /// The downtime that spends the budget.
    pub(crate) fn consumed_us(&self, exclusion: DependencyExclusion) -> i64 {
        match exclusion {
            DependencyExclusion::Strict => self.strict_us(),
            DependencyExclusion::SelfOnly => self.own_us,
        }
    }

    /// Adds the part of a piece that lies within `span`, as of an instant after that part begins.
    pub(crate) fn add_piece(&mut self, piece: &Piece, span: Span, as_of: Instant) {
        let millis = piece.span.intersect(span).millis();
        if millis == 0 {
            return;
        }
        let micros = millis * piece.weight;
        match piece.charge_as_of(as_of).map(|charge| charge.cause) {
            Some(Cause::Own) => self.own_us += micros,
            Some(Cause::Upstream(system)) => self.add_upstream(system, micros),
            None if piece.excluded() => self.excluded_us += micros,
            None if piece.is_too_short(as_of) => self.too_short_us += micros,
            None => {}
        }
        if !piece.counted {
            self.not_counted_ms += millis;
        }
        if !piece.known {
            self.unknown_ms += millis;
        }
    }

    /// Adds another tally `times` times.
    pub(crate) fn add(&mut self, other: &Self, times: i64) {
        self.own_us += other.own_us * times;
        for (system, micros) in &other.upstream_us {
            self.add_upstream(*system, micros * times);
        }
        self.excluded_us += other.excluded_us * times;
        self.too_short_us += other.too_short_us * times;
        self.not_counted_ms += other.not_counted_ms * times;
        self.unknown_ms += other.unknown_ms * times;
    }

    fn add_upstream(&mut self, system: SystemId, micros: i64) {
        if micros == 0 {
            return;
        }
        match self.upstream_us.binary_search_by_key(&system, |(known, _)| *known) {
            Ok(place) => {
                self.upstream_us[place].1 += micros;
                if self.upstream_us[place].1 == 0 {
                    self.upstream_us.remove(place);
                }
            }
            Err(place) => self.upstream_us.insert(place, (system, micros)),
        }
    }
}

/// The tally of the parts of `pieces` that lie within `span`, as of an instant.
pub(crate) fn tally(pieces: &[Piece], span: Span, as_of: Instant) -> Tally {
    let mut sum = Tally::default();
    let first = pieces.partition_point(|piece| piece.span.end <= span.start);
    for piece in pieces[first..].iter().take_while(|piece| piece.span.start < span.end) {
        sum.add_piece(piece, span, as_of);
    }
    sum
}
