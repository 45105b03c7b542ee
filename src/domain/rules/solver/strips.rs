//! Owns the account that a view is drawn from: all of it or, where it is too long for being held at once, strips of it at the ends of the
//! window and of the lookbacks that are asked for, with the sums of what lies between.
//!
//! As of t, a sum over the last L changes by what is in force at t and at t − L. So a stretch of moments needs the account of that
//! stretch, of the same stretch L earlier, and the sum as of its start, which is that as of the end of the stretch before it or, where
//! nothing was drawn before it, comes from sums of whole days. What is not settled yet as of the start belongs to the first strip.

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

/// What time is summed up over, as of a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    Window,
    Lookback(usize),
}

/// The account of an objective as far as it decides what is asked for, as of every moment of a stretch.
pub(super) struct Strips {
    pub(super) stretch: Span,
    /// Sorted and disjoint, with no gap within a strip.
    pub(super) pieces: Vec<Piece>,
    /// From here on the strip of the stretch itself goes.
    pub(super) front: Instant,
    /// When the outage began that goes on there, if one does.
    pub(super) down_before: Option<Instant>,
    /// What lies within each reach as of the stretch's start; `None` where all of the account is there, and tells it.
    held: Option<Vec<(Reach, Tally)>>,
}

/// Where the sums as of the start of a stretch come from.
#[derive(Clone, Copy)]
pub(super) enum Before<'b> {
    /// From the strips of the stretch that ends there.
    Strips(&'b Strips),
    Days(&'b Days),
}

impl What {
    /// What it sums up.
    pub(super) fn reaches(self) -> Vec<Reach> {
        match self {
            Self::Policy(urgency) => {
                let mut reaches = Vec::new();
                for lookback in urgency.rules().into_iter().flat_map(|rule| [rule.long, rule.short]) {
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
    /// From where on it sums up as of a moment.
    fn start(self, objective: &Objective, at: Instant) -> Instant {
        match self {
            Self::Window => objective.window.bounds(at).start,
            Self::Lookback(lookback) => at.plus(-LOOKBACKS[lookback].1),
        }
    }

    /// How much later than it comes a moment leaves it again, in milliseconds; `None`: never before everything does.
    fn length_ms(self, objective: &Objective) -> Option<i64> {
        match (self, objective.window) {
            (Self::Lookback(lookback), _) => Some(LOOKBACKS[lookback].1),
            (Self::Window, Window::Rolling { days, .. }) => Some(i64::from(days) * DAY_MS),
            (Self::Window, Window::Calendar { .. }) => None,
        }
    }
}

/// Adds a reach that may be there.
fn add(reaches: &mut Vec<Reach>, reach: Reach) {
    if !reaches.contains(&reach) {
        reaches.push(reach);
    }
}

impl Strips {
    /// All of an account that reaches far enough back for everything; `down_before` is when the outage began that goes on where it begins.
    pub(super) fn whole(pieces: Vec<Piece>, stretch: Span, down_before: Option<Instant>) -> Self {
        let front = pieces.first().map_or(stretch.start, |first| first.span.start);
        Self { stretch, pieces, front, down_before, held: None }
    }

    /// Whether it is all of the account.
    pub(super) fn is_whole(&self) -> bool {
        self.held.is_none()
    }

    /// Whether it tells all that is summed up.
    pub(super) fn tells(&self, reaches: &[Reach]) -> bool {
        self.held.as_ref().is_none_or(|held| reaches.iter().all(|reach| held.iter().any(|(known, _)| known == reach)))
    }

    /// What it tells besides something else.
    pub(super) fn reaches(&self, mut besides: Vec<Reach>) -> Vec<Reach> {
        self.held.iter().flatten().for_each(|(reach, _)| add(&mut besides, *reach));
        besides
    }

    /// Draws as much of a stretch as is held at once.
    ///
    /// # Errors
    /// Those of the chronicle's loader.
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

    /// What a reach holds as of the start: what is settled then, and what is in the first strip.
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

    /// What a reach holds as of the start.
    fn held(&self, objective: &Objective, reach: Reach) -> Tally {
        let at = self.stretch.start;
        let known = self.held.iter().flatten().find(|(known, _)| *known == reach).map(|(_, held)| held.clone());
        known.unwrap_or_else(|| tally(&self.pieces, Span::new(reach.start(objective, at), at), at))
    }

    /// What a reach holds as of the end.
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

    /// The sums of the window as of every moment of the stretch.
    pub(super) fn segments(&self, objective: &Objective) -> Vec<Segment> {
        let mut found = Vec::new();
        let mut held = self.held(objective, Reach::Window);
        segments(objective, &self.pieces, self.stretch, &mut held, |segment| found.push(segment));
        found
    }

    /// What spends the budget over a lookback as of every moment of the stretch, in microseconds.
    pub(super) fn consumed(&self, objective: &Objective, lookback: usize) -> Vec<(Span, Linear)> {
        let (mut found, exclusion) = (Vec::new(), objective.dependency_exclusion);
        let mut held = self.held(objective, Reach::Lookback(lookback));
        trailing(&self.pieces, LOOKBACKS[lookback].1, self.stretch, &mut held, |span, sums, _| {
            found.push((span, sums.consumed(exclusion)));
        });
        found
    }
}

/// The account from the start of a span to beyond a moment in it, and on to its end as far as that is read at once.
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

/// The pieces of strips, each so many milliseconds earlier than the stretch that ends at `end`; of what lies in several, once.
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
