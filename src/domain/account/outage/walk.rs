//! Owns walking through the outages of an objective in parts, so that they need not fit in memory.

use super::{Outage, joined};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::{Piece, join};
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::{END, Span};

/// How history is divided into parts.
#[derive(Debug)]
pub(crate) struct Pace {
    as_of: Instant,
    /// Sorted instants, with no more facts between two than may be held at once.
    cuts: Vec<Instant>,
}

/// How far the outages of an objective that touch a range have been returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    range: Span,
    /// All outages that begin before this instant have been returned, and none is in progress then; `None`: not
    /// started.
    from: Option<Instant>,
}

impl Pace {
    /// Facts up to `as_of`, in parts that end at `cuts`, which are sorted.
    pub(crate) const fn new(as_of: Instant, cuts: Vec<Instant>) -> Self {
        Self { as_of, cuts }
    }

    /// All facts as one part.
    pub(crate) const fn unbroken(as_of: Instant) -> Self {
        Self::new(as_of, Vec::new())
    }

    /// The ends of the parts between two instants.
    pub(crate) fn ends(&self, from: Instant, to: Instant) -> impl Iterator<Item = Instant> {
        let first = self.cuts.partition_point(|cut| *cut <= from);
        self.cuts[first..].iter().copied().take_while(move |cut| *cut < to).chain([to])
    }

    /// The end of the part that begins at an instant, no later than `to`.
    fn next(&self, from: Instant, to: Instant) -> Instant {
        self.ends(from, to).next().unwrap_or(to)
    }
}

impl Walk {
    /// Over the outages that touch a range.
    pub(crate) const fn over(range: Span) -> Self {
        Self { range, from: None }
    }

    /// The outages that begin before `end` and were not returned before, oldest first, each with its true start and
    /// end.
    pub(crate) fn until<F, E>(
        &mut self,
        end: Instant,
        model: &Model,
        pace: &Pace,
        chronicle: &mut Chronicle<F>,
    ) -> Result<Vec<Outage>, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let end = end.min(self.range.end).min(pace.as_of.plus(1));
        if end <= self.from.unwrap_or(self.range.start) {
            return Ok(Vec::new());
        }
        let from = match self.from {
            Some(from) => from,
            None => {
                // Load the entire part first; later reads lie within it.
                let first = pace.next(self.range.start, end);
                chronicle.stretch(&model.system, model.scope(), self.range.start, first)?;
                chronicle.down_since(model, self.range.start)?.unwrap_or(self.range.start)
            }
        };
        let mut pieces = Vec::new();
        let mut start = from;
        for end in pace.ends(from, end) {
            add(&mut pieces, chronicle.pieces(model, Span::new(start, end))?);
            start = end;
        }
        finish(&mut pieces, end, model, pace, chronicle)?;
        let found = joined(model, &pieces, end, pace.as_of);
        let last = found.last().map_or(end, |last| last.end.unwrap_or(END));
        self.from = Some(end.max(last));
        Ok(found)
    }
}

/// Reads on after `end` until the outage in progress there is over.
fn finish<F, E>(
    pieces: &mut Vec<Piece>,
    end: Instant,
    model: &Model,
    pace: &Pace,
    chronicle: &mut Chronicle<F>,
) -> Result<(), E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    // A fact at `as_of` is in force for a millisecond.
    let now = pace.as_of.plus(1);
    let (mut from, mut step) = (end, DAY_MS);
    while from < now && pieces.last().is_some_and(|piece| piece.down) {
        let to = pace.next(from, from.plus(step).min(now));
        let ahead = chronicle.pieces(model, Span::new(from, to))?;
        let over = ahead.iter().position(|piece| !piece.down).map_or(ahead.len(), |place| place + 1);
        add(pieces, ahead[..over].iter().copied());
        from = to;
        step = step.saturating_mul(4);
    }
    Ok(())
}

/// Appends adjacent pieces.
fn add(pieces: &mut Vec<Piece>, more: impl IntoIterator<Item = Piece>) {
    more.into_iter().for_each(|piece| join(pieces, piece));
}

#[cfg(test)]
mod tests;
