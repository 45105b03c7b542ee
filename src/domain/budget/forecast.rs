//! Owns the forecast: when a budget is exhausted, recovers, or is fully restored, if health does not change.
//!
//! From `as-of` on, the window moves over an account that is known without further facts; silence and maintenance still
//! take effect.

mod horizon;

use super::assess::Assessment;
use super::balance::Budget;
use super::moving::{Course, Draws, Known, Linear, Sums};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::member::SystemId;
use crate::domain::account::weights::FULL;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::target::WHOLE;
use crate::domain::value::window::Window;

/// Quiet times are long, and busy ones end soon.
const DRAWS: Draws = Draws { next_ms: 64 * DAY_MS, most_ms: 4096 * DAY_MS };

/// The instants of a forecast; `None` if it never happens, or already has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Forecast {
    /// An ongoing outage uses up the budget.
    pub(crate) exhausted_at: Option<Instant>,
    /// Past downtime leaves a rolling window, so the objective is no longer breaching.
    pub(crate) recovers_at: Option<Instant>,
    /// All downtime has left a rolling window.
    pub(crate) full_at: Option<Instant>,
}

/// An event to forecast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    Exhausted,
    Recovered,
    Full,
}

impl Event {
    /// The conditions on the sums of a budget's window.
    fn conditions(self, budget: &Budget) -> Vec<Linear> {
        // Consumed minus total, in microseconds times WHOLE: uncounted time reduces the total.
        let share = i128::from(budget.target.error_share()) * i128::from(FULL);
        let (whole, total) = (i128::from(WHOLE), share * i128::from(budget.window.millis()));
        let of =
            |consumed, not_counted, constant| Linear::of_consumed(budget.exclusion, consumed, not_counted, constant);
        match self {
            Self::Exhausted => vec![of(1, 0, -1), of(whole, share, -total)],
            Self::Recovered => vec![of(-whole, -share, total)],
            Self::Full => vec![of(-1, 0, 0)],
        }
    }
}

impl Forecast {
    /// The forecast of an assessment with this budget.
    pub(crate) fn draw<F, E>(
        assessment: &Assessment<'_>,
        budget: &Budget,
        chronicle: &mut Chronicle<F>,
    ) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let model = assessment.model;
        let rolling = matches!(model.objective.window, Window::Rolling { .. });
        let down = assessment.now().is_some_and(|piece| piece.down);
        let wanted = [
            (Event::Exhausted, down && !budget.is_exhausted()),
            (Event::Recovered, rolling && budget.is_breaching()),
            (Event::Full, rolling && budget.consumed_us() > 0),
        ];
        let wanted: Vec<Event> = wanted.into_iter().filter(|(_, is)| *is).map(|(event, _)| event).collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let (as_of, settled) = (assessment.as_of, assessment.settled());
        let known = if rolling { Known::since(&settled, budget.window.start, None) } else { Known::nothing() };
        let course = Course {
            from: as_of,
            until: horizon::of(model, budget, as_of, chronicle)?,
            sums: Sums::of(&budget.tally),
            rolling_ms: rolling.then_some(budget.window.millis()),
            start: budget.window.start,
            hindsight_ms: model.objective.hindsight_ms(),
            known: &known,
            draws: DRAWS,
        };
        let goals: Vec<Vec<Linear>> = wanted.iter().map(|event| event.conditions(budget)).collect();
        let mut forecast = Self::default();
        let found =
            course.find(
                &goals,
                |span, whole| {
                    if whole { chronicle.pieces(model, span) } else { chronicle.part(model, span) }
                },
            )?;
        for (event, at) in wanted.into_iter().zip(found) {
            forecast.put(event, at);
        }
        Ok(forecast)
    }

    fn put(&mut self, event: Event, at: Option<Instant>) {
        *match event {
            Event::Exhausted => &mut self.exhausted_at,
            Event::Recovered => &mut self.recovers_at,
            Event::Full => &mut self.full_at,
        } = at;
    }
}
