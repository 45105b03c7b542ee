//! Owns downtime events: maximal stretches of one objective's charged downtime with one attribution and source.

use super::chronicle::Chronicle;
use super::downtime::{Cause, Charge, Piece};
use super::instant::{DAY_MS, Instant};
use super::model::{Model, SystemId};
use super::name::Name;
use super::span::Span;
use super::timeline::{BEGINNING, Scope, SystemHistory};
use super::transition::Source;

/// One downtime event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) objective: Name,
    pub(crate) system: Name,
    pub(crate) start: Instant,
    /// `None` while it lasts.
    pub(crate) end: Option<Instant>,
    /// The upstream it belongs to; `None`: the system itself.
    pub(crate) upstream: Option<Name>,
    pub(crate) source: Source,
}

impl Event {
    /// From its start to its end or, while it lasts, to `as_of`.
    pub(crate) fn span(&self, as_of: Instant) -> Span {
        Span::new(self.start, self.end.unwrap_or(as_of))
    }
}

/// The events of an objective that touch `[since, until)` or, when `until` is `as_of`, are open there; oldest first, each
/// with its true start and end as of `as_of`.
///
/// # Errors
/// Those of the chronicle's loader.
pub(crate) fn events<F, E>(
    model: &Model,
    since: Instant,
    until: Instant,
    as_of: Instant,
    chronicle: &mut Chronicle<F>,
) -> Result<Vec<Event>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    // An event that is going on at an edge is followed to its end, however far that is.
    let now = as_of.plus(1);
    let (mut from, mut to) = (since.max(BEGINNING), until.plus(1).min(now));
    let mut step = DAY_MS;
    loop {
        let pieces = chronicle.pieces(model, Span::new(from, to))?;
        let charged = |piece: Option<&Piece>| piece.is_some_and(|piece| piece.charge.is_some());
        let before = charged(pieces.first()) && from > Instant::MIN;
        let behind = charged(pieces.last()) && to < now;
        if !before && !behind {
            return Ok(joined(model, &pieces, since, until, as_of));
        }
        if before {
            from = from.plus(-step).max(Instant::MIN);
        }
        if behind {
            to = to.plus(step).min(now);
        }
        step = step.saturating_mul(4);
    }
}

fn joined(model: &Model, pieces: &[Piece], since: Instant, until: Instant, as_of: Instant) -> Vec<Event> {
    let mut stretches: Vec<(Span, Charge)> = Vec::new();
    for piece in pieces {
        let Some(charge) = piece.charge else { continue };
        match stretches.last_mut() {
            Some((span, known)) if span.end == piece.span.start && *known == charge => span.end = piece.span.end,
            _ => stretches.push((piece.span, charge)),
        }
    }
    let event = |(span, charge): (Span, Charge)| Event {
        objective: model.objective.metadata.name.clone(),
        system: model.system.name.clone(),
        start: span.start,
        end: (span.end <= as_of).then_some(span.end),
        upstream: match charge.cause {
            Cause::Own => None,
            Cause::Upstream(rank) => Some(model.upstreams[rank].name.clone()),
        },
        source: charge.source,
    };
    let touches = |span: Span| span.end > since && (span.start < until || (until == as_of && span.start == as_of));
    stretches.into_iter().filter(|(span, _)| touches(*span)).map(event).collect()
}
