//! Owns the account along a walk, computed ahead piece by piece.

use super::linear::Sums;
use crate::domain::account::downtime::Piece;
use crate::domain::account::hindsight::{settlements, settling};
use crate::domain::account::tally::tally;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{END, Span};

/// How much is computed at once, in milliseconds: next, doubling each time up to a maximum.
#[derive(Clone, Copy)]
pub(in crate::domain::budget) struct Draws {
    pub(in crate::domain::budget) next_ms: i64,
    pub(in crate::domain::budget) most_ms: i64,
}

/// How long charges may change after time entered the window.
#[derive(Clone, Copy)]
pub(super) struct Hindsight {
    /// For how long, in milliseconds.
    pub(super) length_ms: i64,
    /// Nothing before this counts.
    pub(super) start: Instant,
}

/// The pieces of an account from the position of the walk on.
pub(super) struct Track {
    /// `None` at the back of a window, and for objectives whose charges are final at once.
    hindsight: Option<Hindsight>,
    /// Whether it is the back of a window, where only as much as one read covers is computed.
    is_back: bool,
    /// The span computed last.
    drawn: Span,
    /// Its pieces, and those shortly before it whose charges may still change.
    pieces: Vec<Piece>,
    /// The piece at the position of the walk.
    index: usize,
    /// When sums jump after the start of `drawn`, and by how much.
    jumps: Vec<(Instant, Sums)>,
    draws: Draws,
}

impl Track {
    pub(super) fn new(draws: Draws, hindsight: Option<Hindsight>) -> Self {
        let is_back = hindsight.is_none();
        let hindsight = hindsight.filter(|hindsight| hindsight.length_ms > 0);
        let drawn = Span::new(END, END);
        Self { hindsight, is_back, drawn, pieces: Vec::new(), index: 0, jumps: Vec::new(), draws }
    }

    /// The piece at an instant, which never goes back. Nothing is computed past `limit`, which is later.
    pub(super) fn piece<E>(
        &mut self,
        at: Instant,
        limit: Instant,
        draw: &mut impl FnMut(Span, bool) -> Result<Vec<Piece>, E>,
    ) -> Result<Piece, E> {
        if !self.covers(Span::new(at, at.plus(1))) {
            self.draw(Span::new(at, at.plus(self.draws.next_ms).min(limit)), !self.is_back, draw)?;
        }
        while self.pieces[self.index].span.end <= at {
            self.index += 1;
        }
        Ok(self.pieces[self.index])
    }

    /// Computes a span ahead if it is not yet, and more after it, but nothing past `limit`, which is not before its
    /// end.
    pub(super) fn cover<E>(
        &mut self,
        span: Span,
        limit: Instant,
        draw: &mut impl FnMut(Span, bool) -> Result<Vec<Piece>, E>,
    ) -> Result<(), E> {
        if self.covers(span) {
            return Ok(());
        }
        self.draw(Span::new(span.start, span.end.max(span.start.plus(self.draws.next_ms)).min(limit)), true, draw)
    }

    /// The sums that enter in a computed span, without jumps.
    pub(super) fn come(&self, span: Span) -> Sums {
        let first = self.pieces.partition_point(|piece| piece.span.end <= span.start);
        let pieces = self.pieces[first..].iter().take_while(|piece| piece.span.start < span.end);
        pieces.fold(Sums::default(), |sum, piece| {
            sum.plus(Sums::slope(piece, piece.span.start), piece.span.intersect(span).millis())
        })
    }

    /// The final sums of a computed span.
    pub(super) fn held(&self, span: Span) -> Sums {
        Sums::of(&tally(&self.pieces, span, END))
    }

    /// How much charges before an instant will still change; the computed span begins then or shortly before.
    pub(super) fn pending(&self, at: Instant) -> Sums {
        self.hindsight.map_or(Sums::default(), |Hindsight { length_ms, start }| {
            let last = Span::new(start.max(at.plus(-length_ms)), at);
            self.held(last).plus(Sums::of(&tally(&self.pieces, last, at)), -1)
        })
    }

    /// How far to go from an instant, at most to `end`, with no jump but in the last millisecond; and the size of that
    /// jump.
    pub(super) fn step(&self, at: Instant, end: Instant) -> (Instant, Sums) {
        let next = self.jumps.get(self.jumps.partition_point(|(moment, _)| *moment <= at));
        match next {
            Some((moment, more)) if *moment == at.plus(1) => (*moment, *more),
            Some((moment, _)) => (end.min(moment.plus(-1)), Sums::default()),
            None => (end, Sums::default()),
        }
    }

    /// Whether sums jump after the start of a span ahead, up to its end.
    pub(super) fn jumps(&self, span: Span) -> bool {
        self.jumps.iter().any(|(moment, _)| span.start < *moment && *moment <= span.end)
    }

    fn covers(&self, span: Span) -> bool {
        self.drawn.start <= span.start && span.end <= self.drawn.end
    }

    /// Computes a span, all of it or as much as one read covers.
    fn draw<E>(
        &mut self,
        span: Span,
        whole: bool,
        draw: &mut impl FnMut(Span, bool) -> Result<Vec<Piece>, E>,
    ) -> Result<(), E> {
        (self.drawn, self.index) = (span, 0);
        self.draws.next_ms = (self.draws.next_ms * 2).min(self.draws.most_ms);
        let Some(Hindsight { length_ms, start }) = self.hindsight else {
            self.pieces = draw(span, whole)?;
            self.drawn.end = self.pieces.last().map_or(span.end, |last| last.span.end);
            return Ok(());
        };
        self.pieces = draw(Span::new(span.start.plus(-length_ms), span.end), true)?;
        let ahead = settlements(&self.pieces).into_iter().filter(|at| span.start < *at);
        let jump = |at: Instant| (at, Sums::of(&settling(&self.pieces, Span::new(start, at))));
        self.jumps = ahead.map(jump).filter(|(_, more)| *more != Sums::default()).collect();
        Ok(())
    }
}
