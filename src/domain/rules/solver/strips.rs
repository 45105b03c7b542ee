//! Owns the account behind a view: all of it or, if it is too long to hold at once, strips of it at the ends of the
//! window and of the lookbacks in use, with the sums between them.
//!
//! As of t, a sum over the last L changes by the pieces at t and at t − L. So a stretch needs the account of itself, of
//! the same stretch L earlier, and the sum as of its start. That sum is the one as of the end of the stretch before it
//! or, for the first one, comes from the sums of complete days. Time not settled as of the start belongs to the first
//! strip.

use super::account::{Segment, segments, trailing};
use super::ask::What;
use super::days::Days;
use super::linear::Linear;
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::account::objective::Objective;
use crate::domain::account::tally::{Tally, tally};
use crate::domain::budget::balance::{LOOKBACKS, ONE_HOUR};
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::rules::condition::Property;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::{END, Span};
use crate::domain::value::window::Window;

/// What time is summed over, as of an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    Window,
    Lookback(usize),
}

/// The part of an objective's account that decides some queries, as of every instant of a stretch.
pub(super) struct Strips {
    pub(super) stretch: Span,
    /// Sorted and disjoint, with no gap within a strip.
    pub(super) pieces: Vec<Piece>,
    /// The start of the strip of the stretch itself.
    pub(super) front: Instant,
    /// The start of the outage in progress at `front`, if any.
    pub(super) down_before: Option<Instant>,
    /// The sum of each reach as of the stretch's start; `None` if the entire account is there to sum.
    held: Option<Vec<(Reach, Tally)>>,
}

/// The origin of the sums as of the start of a stretch.
#[derive(Clone, Copy)]
pub(super) enum Before<'b> {
    /// From the strips of the stretch that ends there.
    Strips(&'b Strips),
    Days(&'b Days),
}

impl What {
    /// The reaches whose sums it needs.
    pub(super) fn reaches(self) -> Vec<Reach> {
        match self {
            Self::Policy(urgency) => {
                let mut reaches = Vec::new();
                for lookback in urgency.lookbacks() {
                    add(&mut reaches, Reach::Lookback(lookback));
                }
                reaches
            }
            Self::AgeFrom(_) => Vec::new(),
            Self::Property(property) => match property {
                Property::BurnRateOver(lookback) => vec![Reach::Lookback(lookback)],
                Property::FastBurn => vec![Reach::Lookback(ONE_HOUR)],
                Property::DownFor | Property::CorrectedMinutes => Vec::new(),
                _ => vec![Reach::Window],
            },
        }
    }
}

impl Reach {
    /// The start of the reach as of an instant.
    fn start(self, objective: &Objective, at: Instant) -> Instant {
        match self {
            Self::Window => objective.window.bounds(at).start,
            Self::Lookback(lookback) => at.plus(-LOOKBACKS[lookback].1),
        }
    }

    /// How long an instant stays in the reach, in milliseconds; `None` if until the period ends.
    fn length_ms(self, objective: &Objective) -> Option<i64> {
        match (self, objective.window) {
            (Self::Lookback(lookback), _) => Some(LOOKBACKS[lookback].1),
            (Self::Window, Window::Rolling { days, .. }) => Some(i64::from(days) * DAY_MS),
            (Self::Window, Window::Calendar { .. }) => None,
        }
    }
}

/// Adds a reach unless it is included.
fn add(reaches: &mut Vec<Reach>, reach: Reach) {
    if !reaches.contains(&reach) {
        reaches.push(reach);
    }
}

impl Strips {
    /// The entire account, long enough for all queries; `down_before` is the start of the outage in progress at its
    /// beginning.
    pub(super) fn whole(pieces: Vec<Piece>, stretch: Span, down_before: Option<Instant>) -> Self {
        let front = pieces.first().map_or(stretch.start, |first| first.span.start);
        Self { stretch, pieces, front, down_before, held: None }
    }

    /// Whether it is the entire account.
    pub(super) fn is_whole(&self) -> bool {
        self.held.is_none()
    }

    /// Whether it has the sums of these reaches.
    pub(super) fn tells(&self, reaches: &[Reach]) -> bool {
        self.held.as_ref().is_none_or(|held| reaches.iter().all(|reach| held.iter().any(|(known, _)| known == reach)))
    }

    /// Its reaches in addition to others.
    pub(super) fn reaches(&self, mut besides: Vec<Reach>) -> Vec<Reach> {
        self.held.iter().flatten().for_each(|(reach, _)| add(&mut besides, *reach));
        besides
    }

    /// Computes as much of a stretch as is held at once.
    pub(super) fn draw<F, E>(
        model: &Model,
        reaches: &[Reach],
        stretch: Span,
        before: Before<'_>,
        chronicle: &mut Chronicle<F>,
    ) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let (objective, start) = (&model.objective, stretch.start);
        let front = start.plus(-objective.hindsight_ms());
        let mut end = stretch.end;
        let mut strips = Vec::new();
        let lengths = reaches.iter().filter_map(|reach| reach.length_ms(objective));
        for (from, back_ms) in [(front, 0)].into_iter().chain(lengths.map(|length| (start.plus(-length), length))) {
            let pieces = strip(model, Span::new(from, end.plus(-back_ms)), start.plus(-back_ms), chronicle)?;
            end = pieces.last().map_or(end, |last| end.min(last.span.end.plus(back_ms)));
            strips.push((back_ms, pieces));
        }
        let down_before = chronicle.down_since(model, front)?;
        let mut drawn =
            Self { stretch: Span::new(start, end), pieces: merged(strips, end), front, down_before, held: None };
        let mut held = Vec::with_capacity(reaches.len());
        for reach in reaches {
            let sum = match before {
                Before::Strips(strips) => strips.held_at_end(objective, *reach),
                Before::Days(days) => drawn.held_after(days, model, *reach, chronicle)?,
            };
            held.push((*reach, sum));
        }
        drawn.held = Some(held);
        Ok(drawn)
    }

    /// The sum of a reach as of the start: settled time, and time in the first strip.
    fn held_after<F, E>(
        &self,
        days: &Days,
        model: &Model,
        reach: Reach,
        chronicle: &mut Chronicle<F>,
    ) -> Result<Tally, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let at = self.stretch.start;
        let held = Span::new(reach.start(&model.objective, at), at);
        let settled = Span::new(held.start, self.front.max(held.start));
        let mut sum = tally(&self.pieces, Span::new(settled.end, at), at);
        let settled = days.settled(settled, |span| {
            let mut sum = Tally::default();
            chronicle.each_part(model, span, |pieces| sum.add(&tally(&pieces, span, END), 1))?;
            Ok(sum)
        })?;
        sum.add(&settled, 1);
        Ok(sum)
    }

    /// The sum of a reach as of the start.
    fn held(&self, objective: &Objective, reach: Reach) -> Tally {
        let at = self.stretch.start;
        let known = self.held.iter().flatten().find(|(known, _)| *known == reach).map(|(_, held)| held.clone());
        known.unwrap_or_else(|| tally(&self.pieces, Span::new(reach.start(objective, at), at), at))
    }

    /// The sum of a reach as of the end.
    fn held_at_end(&self, objective: &Objective, reach: Reach) -> Tally {
        let mut held = self.held(objective, reach);
        match reach {
            Reach::Window => segments(objective, &self.pieces, self.stretch, &mut held, |_| {}),
            Reach::Lookback(lookback) => {
                trailing(&self.pieces, LOOKBACKS[lookback].1, self.stretch, &mut held, |_, _, _| {});
            }
        }
        held
    }

    /// The sums of the window as of every instant of the stretch.
    pub(super) fn segments(&self, objective: &Objective) -> Vec<Segment> {
        let mut found = Vec::new();
        let mut held = self.held(objective, Reach::Window);
        segments(objective, &self.pieces, self.stretch, &mut held, |segment| found.push(segment));
        found
    }

    /// The consumption over a lookback as of every instant of the stretch, in microseconds.
    pub(super) fn consumed(&self, objective: &Objective, lookback: usize) -> Vec<(Span, Linear)> {
        let (mut found, exclusion) = (Vec::new(), objective.dependency_exclusion);
        let mut held = self.held(objective, Reach::Lookback(lookback));
        trailing(&self.pieces, LOOKBACKS[lookback].1, self.stretch, &mut held, |span, sums, _| {
            found.push((span, sums.consumed(exclusion)));
        });
        found
    }
}

/// The account of a span at least to just after `beyond`, and as much more of it as one read covers.
fn strip<F, E>(model: &Model, span: Span, beyond: Instant, chronicle: &mut Chronicle<F>) -> Result<Vec<Piece>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let mut pieces: Vec<Piece> = Vec::new();
    let mut from = span.start;
    while from <= beyond && from < span.end {
        pieces.extend(chronicle.part(model, Span::new(from, span.end))?);
        from = pieces.last().map_or(span.end, |last| last.span.end);
    }
    Ok(pieces)
}

/// The pieces of strips, each this many milliseconds before the stretch that ends at `end`, without duplicates where
/// strips overlap.
fn merged(mut strips: Vec<(i64, Vec<Piece>)>, end: Instant) -> Vec<Piece> {
    strips.sort_by_key(|(_, pieces)| pieces.first().map(|first| first.span.start));
    let mut merged: Vec<Piece> = Vec::with_capacity(strips.iter().map(|(_, pieces)| pieces.len()).sum());
    for (back_ms, pieces) in strips {
        let Some(first) = pieces.first() else { continue };
        let from = merged.last().map_or(first.span.start, |last| last.span.end);
        let within = Span::new(from, end.plus(-back_ms));
        let parts = pieces.into_iter().map(|piece| Piece { span: piece.span.intersect(within), ..piece });
        merged.extend(parts.filter(|part| !part.span.is_empty()));
    }
    merged
}
