//! Owns outages: maximal spans in which one objective is down, whatever the cause and whether or not maintenance
//! excuses it.

mod event;
pub(crate) mod last;
pub(crate) mod order;
pub(crate) mod shared;
pub(crate) mod summing;
pub(crate) mod totals;
pub(crate) mod uncharged;
pub(crate) mod walk;

use super::chronicle::Chronicle;
use super::downtime::{Cause, Charge, Piece, Uncharged};
use super::member::SystemId;
use super::model::Model;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::{END, Span};

pub(crate) use event::{Accounting, Event};
use walk::{Pace, Walk};

/// One outage of one objective.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outage {
    pub(crate) objective: Name,
    pub(crate) system: Name,
    pub(crate) start: Instant,
    /// `None` while it is ongoing.
    pub(crate) end: Option<Instant>,
    /// Its charged parts, oldest first. Maintenance excuses the time between events; without events all of it is
    /// excused, or it is too short. Uncharged parts are included on request.
    pub(crate) events: Vec<Event>,
    /// The maximal spans of it that are not charged, and why, oldest first; one that is ongoing ends at [`END`].
    pub(crate) uncharged: Vec<(Span, Uncharged)>,
    /// Whether it is shorter than the minimum.
    pub(crate) too_short: bool,
}

impl Outage {
    /// The same outage with only the events of one accounting.
    pub(crate) fn only(&self, word: &str) -> Self {
        let events = self.events.iter().filter(|event| event.accounting.as_str() == word).cloned().collect();
        Self { events, ..self.clone() }
    }

    /// From its start to its end or, while it is ongoing, to `as_of`.
    pub(crate) fn span(&self, as_of: Instant) -> Span {
        Span::new(self.start, self.end.unwrap_or(as_of))
    }
}

/// The outages of an objective that touch `range`, oldest first, each with its true start and end as of `as_of`,
/// however far from `range` those are.
pub(crate) fn outages<F, E>(
    model: &Model,
    range: Span,
    as_of: Instant,
    chronicle: &mut Chronicle<F>,
) -> Result<Vec<Outage>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    Walk::over(range).until(range.end, model, &Pace::unbroken(as_of), chronicle)
}

/// The outages that begin before `until`, joined from pieces. The pieces start no later than any outage in progress.
fn joined(model: &Model, pieces: &[Piece], until: Instant, as_of: Instant) -> Vec<Outage> {
    let runs = pieces.chunk_by(|piece, next| piece.down && next.down);
    let runs = runs.filter(|run| run[0].down && run[0].span.start < until);
    let outage = |run: &[Piece]| {
        let (start, end) = (run[0].span.start, run[run.len() - 1].span.end);
        Outage {
            objective: model.objective.metadata.name.clone(),
            system: model.system.name.clone(),
            start,
            end: (end <= as_of).then_some(end),
            events: events(model, run, as_of),
            uncharged: uncharged(run, as_of),
            too_short: run.iter().any(|piece| piece.is_too_short(as_of)),
        }
    };
    runs.map(outage).collect()
}

fn events(model: &Model, run: &[Piece], as_of: Instant) -> Vec<Event> {
    let mut stretches: Vec<(Span, (Charge, i64))> = Vec::new();
    for piece in run {
        let Some(charge) = piece.charge_as_of(as_of) else { continue };
        let kind = (charge, piece.weight);
        match stretches.last_mut() {
            Some((span, known)) if span.end == piece.span.start && *known == kind => span.end = piece.span.end,
            _ => stretches.push((piece.span, kind)),
        }
    }
    let event = |(span, (charge, weight)): (Span, (Charge, i64))| Event {
        objective: model.objective.metadata.name.clone(),
        system: model.system.name.clone(),
        start: span.start,
        end: (span.end <= as_of).then_some(span.end),
        upstream: match charge.cause {
            Cause::Own => None,
            Cause::Upstream(system) => Some(model.dependencies.name(system)),
        },
        source: charge.source,
        weight,
        accounting: Accounting::Charged,
        note: None,
    };
    stretches.into_iter().map(event).collect()
}

/// The uncharged spans of an outage as of an instant.
fn uncharged(run: &[Piece], as_of: Instant) -> Vec<(Span, Uncharged)> {
    let mut stretches: Vec<(Span, Uncharged)> = Vec::new();
    for piece in run.iter().filter(|piece| piece.charge_as_of(as_of).is_none()) {
        let end = if piece.span.end <= as_of { piece.span.end } else { END };
        let why = piece.uncharged.unwrap_or(Uncharged::TooShort);
        match stretches.last_mut() {
            Some((span, known)) if span.end == piece.span.start && *known == why => span.end = end,
            _ => stretches.push((Span::new(piece.span.start, end), why)),
        }
    }
    stretches
}

/// The outages with an event that touches `range`, with only those events, not cut to it.
pub(crate) fn charged(outages: Vec<Outage>, range: Span) -> Vec<Outage> {
    let within = |mut outage: Outage| {
        outage.events.retain(|event| event.touches(range));
        (!outage.events.is_empty()).then_some(outage)
    };
    outages.into_iter().filter_map(within).collect()
}
