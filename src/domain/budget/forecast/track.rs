//! Owns the account along which a forecast walks, drawn piece after piece as it gets there.

use crate::domain::account::downtime::Piece;
use crate::domain::account::hindsight::{settlements, settling};
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// How much is drawn at first, in milliseconds; each time it is twice as much.
const FIRST_MS: i64 = 64 * DAY_MS;
/// How much is drawn at the most.
const MOST_MS: i64 = 4096 * DAY_MS;

/// How what has come counts otherwise later.
#[derive(Clone, Copy)]
pub(super) struct Hindsight {
    /// In milliseconds.
    pub(super) length_ms: i64,
    /// Where the window begins as of the walk's start: no earlier time counts.
    pub(super) start: Instant,
}

/// Pieces of an account, from where the walk is on.
pub(super) struct Track {
    exclusion: DependencyExclusion,
    /// At the front of the window; `None` at its back, where all is settled.
    hindsight: Option<Hindsight>,
    pieces: Vec<Piece>,
    /// The piece at which the walk is.
    index: usize,
    /// The moments as of which consumption jumps, and by how many microseconds; those ahead.
    jumps: Vec<(Instant, i64)>,
    more_ms: i64,
}

impl Track {
    pub(super) fn new(exclusion: DependencyExclusion, hindsight: Option<Hindsight>) -> Self {
        Self { exclusion, hindsight, pieces: Vec::new(), index: 0, jumps: Vec::new(), more_ms: FIRST_MS }
    }

    /// The piece at a moment, which is not before the last one asked for. Nothing is drawn past `limit`, which is later.
    pub(super) fn piece<E>(
        &mut self,
        at: Instant,
        limit: Instant,
        draw: &mut impl FnMut(Span, bool) -> Result<Vec<Piece>, E>,
    ) -> Result<Piece, E> {
        self.pass(at);
        if self.index == self.pieces.len() {
            self.draw(Span::new(at, at.plus(self.more_ms).min(limit)), draw)?;
        }
        Ok(self.pieces[self.index])
    }

    /// How far to go from a moment to `end` at the most, so that consumption jumps in the last millisecond or not at all; and by how
    /// many microseconds it does.
    pub(super) fn step(&self, at: Instant, end: Instant) -> (Instant, i64) {
        let next = self.jumps.get(self.jumps.partition_point(|(moment, _)| *moment <= at));
        match next {
            Some((moment, more)) if *moment == at.plus(1) => (*moment, *more),
            Some((moment, _)) => (end.min(moment.plus(-1)), 0),
            None => (end, 0),
        }
    }

    /// Whether consumption jumps after the start of a stretch ahead, up to its end.
    pub(super) fn jumps(&self, span: Span) -> bool {
        self.jumps.iter().any(|(moment, _)| span.start < *moment && *moment <= span.end)
    }

    /// What is consumed, but for jumps, and what is not counted in a stretch ahead, in microseconds and milliseconds.
    pub(super) fn sum<E>(
        &mut self,
        span: Span,
        draw: &mut impl FnMut(Span, bool) -> Result<Vec<Piece>, E>,
    ) -> Result<(i64, i64), E> {
        if self.pieces.last().is_none_or(|last| last.span.end < span.end) {
            self.draw(Span::new(span.start, span.end.max(span.start.plus(self.more_ms))), draw)?;
        }
        self.pass(span.start);
        let (mut consumed, mut not_counted) = (0, 0);
        for piece in self.pieces[self.index..].iter().take_while(|piece| piece.span.start < span.end) {
            let millis = piece.span.intersect(span).millis();
            consumed += millis * piece.spends(self.exclusion, piece.span.start);
            not_counted += if piece.counted { 0 } else { millis };
        }
        Ok((consumed, not_counted))
    }

    /// Walks on past what ends at or before a moment.
    fn pass(&mut self, at: Instant) {
        while self.pieces.get(self.index).is_some_and(|piece| piece.span.end <= at) {
            self.index += 1;
        }
    }

    fn draw<E>(&mut self, span: Span, draw: &mut impl FnMut(Span, bool) -> Result<Vec<Piece>, E>) -> Result<(), E> {
        self.index = 0;
        self.more_ms = (self.more_ms * 2).min(MOST_MS);
        let Some(Hindsight { length_ms, start }) = self.hindsight.filter(|hindsight| hindsight.length_ms > 0) else {
            self.pieces = draw(span, self.hindsight.is_some())?;
            return Ok(());
        };
        self.pieces = draw(Span::new(span.start.plus(-length_ms), span.end), true)?;
        let ahead = settlements(&self.pieces).into_iter().filter(|at| span.start < *at);
        let jump = |at: Instant| (at, settling(&self.pieces, Span::new(start, at)).consumed_us(self.exclusion));
        self.jumps = ahead.map(jump).filter(|(_, more)| *more != 0).collect();
        self.pass(span.start);
        Ok(())
    }
}
