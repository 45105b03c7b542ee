//! Owns the sums of an objective's account over a stretch: as of t, each is the time of one kind in `[t − length, t)`
//! or in `[start of the period, t)`.
//!
//! Facts after t do not exist for t, and no piece of the account depends on later ones. So the sum as of t is part of
//! one account for all t. Between the instants at which a piece enters or leaves the front of the window or leaves its
//! back, it grows by what enters and shrinks by what leaves, evenly. It jumps when the charge of something in the
//! window changes.

use std::iter::Peekable;

use super::linear::Linear;
use crate::domain::account::downtime::Piece;
use crate::domain::account::hindsight::{settlements, settling};
use crate::domain::account::member::SystemId;
use crate::domain::account::objective::{DependencyExclusion, Objective};
use crate::domain::account::tally::{Tally, upstream};
use crate::domain::account::weights::FULL;
use crate::domain::budget::balance::Budget;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;
use crate::domain::value::target::WHOLE;
use crate::domain::value::window::Window;

/// The times of a tally as functions of the instant they are computed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sums {
    pub(super) own: Linear,
    pub(super) upstream: Linear,
    pub(super) excluded: Linear,
    pub(super) too_short: Linear,
    pub(super) not_counted: Linear,
    pub(super) unknown: Linear,
}

impl Sums {
    /// Starts as `from` at `at` and changes by `come` minus `gone` per millisecond.
    fn moving(at: Instant, from: &Tally, come: &Tally, gone: &Tally) -> Self {
        let line = |part: fn(&Tally) -> i64| Linear::through(at, part(from), part(come) - part(gone));
        Self {
            own: line(|tally| tally.own_us),
            upstream: line(|tally| tally.strict_us() - tally.own_us),
            excluded: line(|tally| tally.excluded_us),
            too_short: line(|tally| tally.too_short_us),
            not_counted: line(|tally| tally.not_counted_ms),
            unknown: line(|tally| tally.unknown_ms),
        }
    }

    /// The sums of a tally known for one instant only.
    pub(super) fn fixed(at: Instant, tally: &Tally) -> Self {
        Self::moving(at, tally, &Tally::default(), &Tally::default())
    }

    pub(super) fn strict(self) -> Linear {
        self.own + self.upstream
    }

    /// The downtime that spends the budget.
    pub(super) fn consumed(self, exclusion: DependencyExclusion) -> Linear {
        match exclusion {
            DependencyExclusion::Strict => self.strict(),
            DependencyExclusion::SelfOnly => self.own,
        }
    }

    /// The tally at one instant, with all upstreams as one.
    fn tally(self, at: Instant) -> Tally {
        let whole = |form: Linear| form.at(at) as i64;
        Tally {
            own_us: whole(self.own),
            upstream_us: upstream(SystemId(0), whole(self.upstream)),
            excluded_us: whole(self.excluded),
            too_short_us: whole(self.too_short),
            not_counted_ms: whole(self.not_counted),
            unknown_ms: whole(self.unknown),
        }
    }
}

/// A span over which the sums of one window change evenly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) span: Span,
    pub(super) sums: Sums,
    /// The full length of the window, in milliseconds.
    pub(super) window_ms: i64,
    /// The milliseconds since the window's start.
    pub(super) elapsed: Linear,
    /// Whether downtime that spends the budget is ongoing.
    pub(super) open: bool,
    /// Whether the status is other than `unknown`.
    pub(super) known: bool,
}

impl Segment {
    /// The window's length without uncounted time.
    fn length(&self) -> Linear {
        Linear::constant(self.window_ms.into()) - self.sums.not_counted
    }

    /// The elapsed part of the length.
    pub(super) fn elapsed_length(&self) -> Linear {
        self.elapsed - self.sums.not_counted
    }

    /// The allowed downtime, in microseconds times [`WHOLE`].
    pub(super) fn total(&self, objective: &Objective) -> Linear {
        self.length() * (i128::from(objective.target.error_share()) * i128::from(FULL))
    }

    /// The consumed downtime, in the unit of [`Self::total`].
    pub(super) fn consumed(&self, objective: &Objective) -> Linear {
        self.sums.consumed(objective.dependency_exclusion) * WHOLE.into()
    }

    /// The budget at one instant of the segment.
    pub(super) fn budget(&self, objective: &Objective, at: Instant) -> Budget {
        let start = at.plus(-(self.elapsed.at(at) as i64));
        Budget {
            target: objective.target,
            exclusion: objective.dependency_exclusion,
            window: Span::new(start, start.plus(self.window_ms)),
            elapsed: Span::new(start, at),
            tally: self.sums.tally(at),
        }
    }
}

/// Calls `hand` with the sums over the last `length_ms` as of every instant of `stretch`, with the front piece of each
/// run. `pieces` cover the stretch with its hindsight, and the same `length_ms` earlier. `held` is the sum as of the
/// start, and becomes that as of the end.
pub(super) fn trailing(
    pieces: &[Piece],
    length_ms: i64,
    stretch: Span,
    held: &mut Tally,
    mut hand: impl FnMut(Span, Sums, &Piece),
) {
    let start = stretch.start;
    let at_or_after = |at: Instant| pieces.partition_point(|piece| piece.span.end <= at);
    let (mut front, mut back) = (at_or_after(start), at_or_after(start.plus(-length_ms)));
    let mut settles = settles_after(pieces, start);
    let mut at = start;
    while at < stretch.end {
        let end = pieces[front].span.end.min(pieces[back].span.end.plus(length_ms)).min(stretch.end);
        let end = end.min(settles.peek().copied().unwrap_or(end));
        let (come, gone) = (rates(&pieces[front], at), rates(&pieces[back], at));
        hand(Span::new(at, end), Sums::moving(at, held, &come, &gone), &pieces[front]);
        held.add(&come, end.since(at));
        held.add(&gone, -end.since(at));
        at = end;
        front += usize::from(pieces[front].span.end <= at);
        back += usize::from(pieces[back].span.end.plus(length_ms) <= at);
        if settles.next_if_eq(&at).is_some() {
            held.add(&settling(pieces, Span::new(at.plus(-length_ms), at)), 1);
        }
    }
}

/// What one millisecond of a piece adds to a tally as of an instant.
fn rates(piece: &Piece, at: Instant) -> Tally {
    let mut one = Tally::default();
    one.add_piece(piece, Span::new(piece.span.start, piece.span.start.plus(1)), at);
    one
}

/// The instants after `start` at which a charge changes.
fn settles_after(pieces: &[Piece], start: Instant) -> Peekable<impl Iterator<Item = Instant>> {
    settlements(pieces).into_iter().filter(move |at| start < *at).peekable()
}

/// Calls `hand` with the sums of the objective's window as of every instant of `stretch`. `pieces` and `held` are as
/// for [`trailing`].
pub(super) fn segments(
    objective: &Objective,
    pieces: &[Piece],
    stretch: Span,
    held: &mut Tally,
    mut hand: impl FnMut(Segment),
) {
    let exclusion = objective.dependency_exclusion;
    let Window::Rolling { days, .. } = objective.window else {
        return periods(objective, pieces, stretch, held, hand);
    };
    let window_ms = i64::from(days) * DAY_MS;
    trailing(pieces, window_ms, stretch, held, |span, sums, front| {
        let (open, known) = (front.consumes(exclusion, span.start), front.known);
        hand(Segment { span, sums, window_ms, elapsed: Linear::constant(window_ms.into()), open, known });
    });
}

/// The same for calendar windows, whose sums restart with each period.
fn periods(objective: &Objective, pieces: &[Piece], stretch: Span, held: &mut Tally, mut hand: impl FnMut(Segment)) {
    let mut at = stretch.start;
    let mut period = objective.window.bounds(at);
    let mut settles = settles_after(pieces, at);
    let mut front = pieces.partition_point(|piece| piece.span.end <= at);
    while at < stretch.end {
        let end = pieces[front].span.end.min(period.end).min(stretch.end);
        let end = end.min(settles.peek().copied().unwrap_or(end));
        let come = rates(&pieces[front], at);
        hand(Segment {
            span: Span::new(at, end),
            sums: Sums::moving(at, held, &come, &Tally::default()),
            window_ms: period.millis(),
            elapsed: Linear::through(period.start, 0, 1),
            open: pieces[front].consumes(objective.dependency_exclusion, at),
            known: pieces[front].known,
        });
        held.add(&come, end.since(at));
        at = end;
        front += usize::from(pieces[front].span.end <= at);
        if period.end <= at {
            period = objective.window.bounds(at);
            *held = Tally::default();
        }
        if settles.next_if_eq(&at).is_some() {
            held.add(&settling(pieces, Span::new(period.start, at)), 1);
        }
    }
}
