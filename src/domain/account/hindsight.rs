//! Owns hindsight: what only later facts settle. An outage shorter than the minimum does not count; once it lasts that
//! long, it counts from its start.

use super::downtime::{Piece, Uncharged, join};
use super::tally::{Tally, tally};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// The longest minimum of an outage and the longest grace, in milliseconds: a day, no longer than any window.
pub(crate) const LONGEST_HINDSIGHT_MS: i64 = DAY_MS;

/// The part of pieces that lies in `span`, with outages shorter than a minimum not charged. The pieces extend that far
/// beyond `span` on both sides if there is data, so an outage that crosses their edges lasts long enough.
pub(super) fn without_short(pieces: &[Piece], minimum_ms: i64, span: Span) -> Vec<Piece> {
    let mut found = Vec::with_capacity(pieces.len());
    for run in pieces.chunk_by(|piece, next| piece.down && next.down) {
        let (start, end) = (run[0].span.start, run[run.len() - 1].span.end);
        let counts_from = start.plus(minimum_ms);
        for piece in run {
            let (head, rest) = if piece.charge.is_none() {
                (Span::new(piece.span.start, piece.span.start), *piece)
            } else if end < counts_from {
                let short = Piece { charge: None, uncharged: Some(Uncharged::TooShort), ..*piece };
                (Span::new(piece.span.start, piece.span.start), short)
            } else {
                let cut = counts_from.clamp(piece.span.start, piece.span.end);
                let rest = Piece { span: Span::new(cut, piece.span.end), ..*piece };
                (Span::new(piece.span.start, cut), rest)
            };
            let head = Piece { span: head, counts_from: Some(counts_from), ..*piece };
            for part in [head, rest] {
                let within = part.span.intersect(span);
                if !within.is_empty() {
                    join(&mut found, Piece { span: within, ..part });
                }
            }
        }
    }
    found
}

/// The instants at which the charges of pieces change, in order.
pub(crate) fn settlements(pieces: &[Piece]) -> Vec<Instant> {
    let mut moments: Vec<Instant> = pieces.iter().flat_map(|piece| piece.settles()).collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// The change in the tally of a span from charges that begin to count at its end.
pub(crate) fn settling(pieces: &[Piece], span: Span) -> Tally {
    let last = Span::new(span.start.max(span.end.plus(-LONGEST_HINDSIGHT_MS)), span.end);
    let mut more = tally(pieces, last, span.end);
    more.add(&tally(pieces, last, span.end.plus(-1)), -1);
    more
}
