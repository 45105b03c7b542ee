//! Owns the account along which a forecast walks, drawn piece after piece as it gets there.

use crate::domain::account::downtime::Piece;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// How much is drawn at first, in milliseconds; each time it is twice as much.
const FIRST_MS: i64 = 64 * DAY_MS;
/// How much is drawn at the most.
const MOST_MS: i64 = 4096 * DAY_MS;

/// Pieces of an account, from where the walk is on.
pub(super) struct Track {
    exclusion: DependencyExclusion,
    pieces: Vec<Piece>,
    /// The piece at which the walk is.
    index: usize,
    more_ms: i64,
}

impl Track {
    pub(super) fn new(exclusion: DependencyExclusion) -> Self {
        Self { exclusion, pieces: Vec::new(), index: 0, more_ms: FIRST_MS }
    }

    /// The piece at a moment, which is not before the last one asked for. Nothing is drawn past `limit`, which is later.
    pub(super) fn piece<E>(
        &mut self,
        at: Instant,
        limit: Instant,
        draw: &mut impl FnMut(Span) -> Result<Vec<Piece>, E>,
    ) -> Result<Piece, E> {
        self.pass(at);
        if self.index == self.pieces.len() {
            self.draw(Span::new(at, at.plus(self.more_ms).min(limit)), draw)?;
        }
        Ok(self.pieces[self.index])
    }

    /// What is consumed and what is not counted in a stretch ahead, in microseconds and milliseconds.
    pub(super) fn sum<E>(
        &mut self,
        span: Span,
        draw: &mut impl FnMut(Span) -> Result<Vec<Piece>, E>,
    ) -> Result<(i64, i64), E> {
        if self.pieces.last().is_none_or(|last| last.span.end < span.end) {
            self.draw(Span::new(span.start, span.end.max(span.start.plus(self.more_ms))), draw)?;
        }
        self.pass(span.start);
        let (mut consumed, mut not_counted) = (0, 0);
        for piece in self.pieces[self.index..].iter().take_while(|piece| piece.span.start < span.end) {
            let millis = piece.span.intersect(span).millis();
            consumed += millis * piece.spends(self.exclusion);
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

    fn draw<E>(&mut self, span: Span, draw: &mut impl FnMut(Span) -> Result<Vec<Piece>, E>) -> Result<(), E> {
        self.pieces = draw(span)?;
        self.index = 0;
        self.more_ms = (self.more_ms * 2).min(MOST_MS);
        Ok(())
    }
}
