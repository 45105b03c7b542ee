//! Owns walking through the outages of an objective, a part of the time after the other, so that they need not be held together.

use super::{Outage, joined};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::{Piece, join};
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::{END, Span};

/// In which parts history is read.
#[derive(Debug)]
pub(crate) struct Pace {
    as_of: Instant,
    /// Sorted moments, between two of which there are no more facts than may be held at once.
    cuts: Vec<Instant>,
}

/// How far the outages of an objective that touch a range have been handed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    range: Span,
    /// Outages that begin before this moment have been handed on, and none is in progress then; `None`: nothing has been looked at.
    from: Option<Instant>,
}

impl Pace {
    /// Of facts up to `as_of`, in parts that end at `cuts`, which are sorted.
    pub(crate) const fn new(as_of: Instant, cuts: Vec<Instant>) -> Self {
        Self { as_of, cuts }
    }

    /// All at once.
    pub(crate) const fn unbroken(as_of: Instant) -> Self {
        Self::new(as_of, Vec::new())
    }

    /// The ends of the parts of what lies between two moments.
    pub(crate) fn ends(&self, from: Instant, to: Instant) -> impl Iterator<Item = Instant> {
        let first = self.cuts.partition_point(|cut| *cut <= from);
        self.cuts[first..].iter().copied().take_while(move |cut| *cut < to).chain([to])
    }

    /// The end of the part that begins at a moment, no later than `to`.
    fn next(&self, from: Instant, to: Instant) -> Instant {
        self.ends(from, to).next().unwrap_or(to)
    }
}

impl Walk {
    /// Over the outages that touch a range.
    pub(crate) const fn over(range: Span) -> Self {
        Self { range, from: None }
    }

    /// The outages that begin before `end` and have not been handed on, oldest first, each with its true start and end.
    ///
    /// # Errors
    /// Those of the chronicle's loader.
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
                // All of the part first: what is asked for next lies within it.
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

/// Reads on after `end`, until the outage that is in progress there is over.
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

/// Adds pieces that follow.
fn add(pieces: &mut Vec<Piece>, more: impl IntoIterator<Item = Piece>) {
    more.into_iter().for_each(|piece| join(pieces, piece));
}

#[cfg(test)]
mod tests;
