//! Owns the signals of an objective's properties over a stretch.
//!
//! Decisions are made by [`Budget`], [`BurnRate`], [`Rule`] and [`Streak`], once per run. Runs are cut wherever a
//! linear function compared by such a decision changes sign, so that the result is constant on each.

use std::cell::OnceCell;
use std::rc::Rc;

use super::account::{Segment, Sums, segments};
use super::ask::{What, constant, reach, streak_value};
use super::days::Days;
use super::linear::{Linear, Quotient, cut};
use super::measure::{FULL_WIDE, measured, minutes, rate};
use super::signal::{Signal, Value};
use super::strips::{Before, Strips};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::account::tally::tally;
use crate::domain::budget::balance::{Budget, BurnRate, LOOKBACKS, ONE_HOUR, State};
use crate::domain::budget::day::Ledger;
use crate::domain::budget::policy::{Rule, Urgency};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::streak::Streak;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::rules::condition::Property;
use crate::domain::value::decimal::SCALE;
use crate::domain::value::instant::Instant;
use crate::domain::value::moments::Moments;
use crate::domain::value::span::Span;
use crate::domain::value::target::WHOLE;

/// One objective as of every instant of a stretch.
pub(crate) struct View {
    model: Rc<Model>,
    stretch: Span,
    /// The first transition of its system, if any.
    first: Option<Instant>,
    drawn: Drawn,
    segments: OnceCell<Vec<Segment>>,
}

/// The source of a view.
enum Drawn {
    Account(Strips),
    Report(Rc<ObjectiveReport>),
}

impl View {
    /// The view of an objective as of every instant of `stretch` from its entire account; `None` if that is too much to
    /// hold at once.
    pub(crate) fn whole<F, E>(model: &Rc<Model>, stretch: Span, chronicle: &mut Chronicle<F>) -> Result<Option<Self>, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let account = Span::new(reach(&model.objective, stretch.start), stretch.end);
        let pieces = chronicle.part(model, account)?;
        if pieces.last().is_some_and(|last| last.span.end < account.end) {
            return Ok(None);
        }
        let down_before = chronicle.down_since(model, account.start)?;
        Self::of(model, Strips::whole(pieces, stretch, down_before), chronicle).map(Some)
    }

    /// Computes as much of a stretch as is held at once, for `what` and, if it begins there, everything that `besides`
    /// can answer.
    pub(crate) fn part<F, E>(
        model: &Rc<Model>,
        (what, besides): (What, Option<&Self>),
        stretch: Span,
        days: &Days,
        chronicle: &mut Chronicle<F>,
    ) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let besides = besides.filter(|besides| besides.stretch.start == stretch.start).and_then(Self::strips);
        let reaches = besides.map_or(what.reaches(), |known| known.reaches(what.reaches()));
        let strips = Strips::draw(model, &reaches, stretch, Before::Days(days), chronicle)?;
        Self::of(model, strips, chronicle)
    }

    /// Computes as much of the following stretch as is held at once; `None` if this view cannot answer `what`.
    pub(crate) fn next<F, E>(&self, what: What, stretch: Span, chronicle: &mut Chronicle<F>) -> Result<Option<Self>, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let goes_on = |strips: &&Strips| !strips.is_whole() && self.stretch.end == stretch.start;
        let Some(strips) = self.strips().filter(goes_on).filter(|_| self.tells(what)) else { return Ok(None) };
        let (reaches, before) = (strips.reaches(Vec::new()), Before::Strips(strips));
        let strips = Strips::draw(&self.model, &reaches, stretch, before, chronicle)?;
        Self::of(&self.model, strips, chronicle).map(Some)
    }

    fn of<F, E>(model: &Rc<Model>, strips: Strips, chronicle: &mut Chronicle<F>) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let stretch = strips.stretch;
        let first = chronicle.beginning(&model.system, model.scope(), stretch.start, stretch.end)?.first;
        let (model, segments) = (Rc::clone(model), OnceCell::new());
        Ok(Self { model, stretch, first, drawn: Drawn::Account(strips), segments })
    }

    /// The stretch it covers.
    pub(crate) fn span(&self) -> Span {
        self.stretch
    }

    /// Whether it can answer a query.
    pub(crate) fn tells(&self, what: What) -> bool {
        match &self.drawn {
            Drawn::Account(strips) => !what.is_of_streaks() && strips.tells(&what.reaches()),
            Drawn::Report(_) => true,
        }
    }

    fn strips(&self) -> Option<&Strips> {
        match &self.drawn {
            Drawn::Account(strips) => Some(strips),
            Drawn::Report(_) => None,
        }
    }

    /// The sums of the window.
    fn segments(&self) -> &[Segment] {
        self.segments.get_or_init(|| self.strips().map_or(Vec::new(), |strips| strips.segments(&self.model.objective)))
    }

    /// The same for the single instant of a report.
    pub(crate) fn of_report(model: Rc<Model>, report: Rc<ObjectiveReport>) -> Self {
        let budget = &report.budget;
        let at = budget.elapsed.end;
        let stretch = Span::new(at, at.plus(1));
        let segment = Segment {
            span: stretch,
            sums: Sums::fixed(at, &budget.tally),
            window_ms: budget.window.millis(),
            elapsed: Linear::constant(budget.elapsed.millis().into()),
            open: report.has_open_downtime(),
            known: report.known_now,
        };
        let first = (report.state != State::NoData).then_some(at);
        let segments = OnceCell::from(vec![segment]);
        Self { model, stretch, first, drawn: Drawn::Report(report), segments }
    }

    /// The signal over the stretch of the policy or a property, except those of streaks and of the newest fact.
    pub(crate) fn signal(&self, what: What) -> Signal {
        let property = match what {
            What::Policy(urgency) => return self.policy(urgency),
            What::AgeFrom(_) => return self.steady(Value::Null),
            What::Property(property) => property,
        };
        let objective = &self.model.objective;
        if let Some(value) = constant(objective, property) {
            return self.steady(value);
        }
        match property {
            Property::BurnRateOver(lookback) => self.burn_over(lookback),
            Property::FastBurn => self.fast_burn(),
            Property::DownFor => self.down_for(),
            Property::CorrectedMinutes => self.corrected(),
            Property::IsBreaching
            | Property::HasOpenDowntime
            | Property::StatusKnown
            | Property::State
            | Property::BudgetTier => self.judged(property),
            Property::CurrentStreak | Property::BestStreak | Property::LostStreak => match &self.drawn {
                Drawn::Report(report) => self.steady(streak_value(property, report.streak)),
                Drawn::Account(_) => self.steady(Value::Null),
            },
            _ => Signal::of(self.segments().iter().flat_map(|segment| measured(objective, segment, property))),
        }
    }

    fn steady(&self, value: Value) -> Signal {
        Signal::steady(self.stretch, value)
    }

    /// Properties that the budget itself decides.
    fn judged(&self, property: Property) -> Signal {
        let objective = &self.model.objective;
        let thresholds = &objective.thresholds;
        let answer = |segment: &Segment, part: Span| {
            let budget: Budget = segment.budget(objective, part.start);
            match property {
                Property::IsBreaching => Value::Boolean(budget.is_breaching()),
                Property::HasOpenDowntime => Value::Boolean(segment.open),
                Property::StatusKnown => Value::Boolean(segment.known),
                Property::BudgetTier => Value::text(budget.tier(thresholds).as_str()),
                _ => {
                    let reported = self.first.is_some_and(|first| first <= part.start);
                    Value::text(budget.state(reported, segment.open).as_str())
                }
            }
        };
        let mut runs = Vec::new();
        for segment in self.segments() {
            let (consumed, total) = (segment.consumed(objective), segment.total(objective));
            let reaches = |millionths: i64| consumed * WHOLE.into() - total * millionths.into();
            // Each of these decisions compares the consumption with zero, or with a share of the total.
            let forms = match property {
                Property::HasOpenDowntime | Property::StatusKnown => vec![],
                Property::IsBreaching => vec![consumed - total],
                Property::BudgetTier => vec![
                    consumed,
                    consumed - total,
                    reaches(thresholds.warning_percent.millionths()),
                    reaches(thresholds.critical_percent.millionths()),
                ],
                _ => vec![consumed, consumed - total, consumed * 5 - total * 4],
            };
            let first = self.first.map_or(segment.span.end, |first| first.clamp(segment.span.start, segment.span.end));
            for part in [Span::new(segment.span.start, first), Span::new(first, segment.span.end)] {
                if !part.is_empty() {
                    runs.extend(cut(part, &forms).into_iter().map(|part| (part, answer(segment, part))));
                }
            }
        }
        Signal::of(runs)
    }

    /// The consumption over a lookback, in microseconds.
    fn consumed_over(&self, lookback: usize) -> Vec<(Span, Linear)> {
        match &self.drawn {
            Drawn::Report(report) => {
                vec![(self.stretch, Linear::constant(report.lately_us[lookback].into()))]
            }
            Drawn::Account(strips) => strips.consumed(&self.model.objective, lookback),
        }
    }

    fn burn_over(&self, lookback: usize) -> Signal {
        let share = i128::from(self.model.objective.target.error_share());
        let allowed = FULL_WIDE * i128::from(LOOKBACKS[lookback].1) * share;
        let runs = self.consumed_over(lookback).into_iter();
        Signal::of(runs.flat_map(|(span, consumed)| rate(span, consumed, Linear::constant(allowed))))
    }

    /// How long the ongoing outage has lasted, in milliseconds; it grows evenly while it spends the budget.
    fn down_for(&self) -> Signal {
        let exclusion = self.model.objective.dependency_exclusion;
        let held = |since: Option<Instant>| {
            since.map_or(Value::Null, |since| {
                Value::Number(Quotient::new(Linear::through(since, 0, 1), Linear::constant(1)))
            })
        };
        let strips = match &self.drawn {
            Drawn::Report(report) => return self.steady(held(report.down_since())),
            Drawn::Account(strips) => strips,
        };
        let mut since = strips.down_before;
        let front = strips.pieces.partition_point(|piece| piece.span.end <= strips.front);
        let runs = strips.pieces[front..].iter().map(|piece| {
            since = if piece.down { since.or(Some(piece.span.start)) } else { None };
            (piece.span.intersect(self.stretch), held(since.filter(|_| piece.consumes_then(exclusion))))
        });
        Signal::of(runs.collect::<Vec<_>>())
    }

    /// How much of the window is corrected; it is summed like unknown time.
    fn corrected(&self) -> Signal {
        if let Drawn::Report(report) = &self.drawn {
            return self.steady(minutes(Linear::constant(report.corrected_ms.into())));
        }
        let whole = Span::new(reach(&self.model.objective, self.stretch.start), self.stretch.end);
        let (objective, reported) = (&self.model.objective, Span::new(self.first.unwrap_or(whole.end), whole.end));
        let corrected = self.model.system.corrected_in(objective.healthcheck.as_ref(), whole.intersect(reported));
        let mut parts = Vec::new();
        let mut at = whole.start;
        for span in corrected {
            parts.extend([Piece::blank(Span::new(at, span.start), true), Piece::blank(span, false)]);
            at = span.end;
        }
        parts.push(Piece::blank(Span::new(at, whole.end), true));
        parts.retain(|part| !part.span.is_empty());
        let start = self.stretch.start;
        let mut held = tally(&parts, Span::new(objective.window.bounds(start).start, start), start);
        let mut runs = Vec::new();
        segments(objective, &parts, self.stretch, &mut held, |segment| {
            runs.push((segment.span, minutes(segment.sums.unknown)));
        });
        Signal::of(runs)
    }

    fn fast_burn(&self) -> Signal {
        let (over_ms, target) = (LOOKBACKS[ONE_HOUR].1, self.model.objective.target);
        let factor = self.model.objective.thresholds.fast_burn_multiplier;
        let share = FULL_WIDE * i128::from(target.error_share());
        let allowed = i128::from(over_ms) * share * i128::from(factor.millionths());
        let mut runs = Vec::new();
        for (span, consumed) in self.consumed_over(ONE_HOUR) {
            let reached = consumed * (i128::from(WHOLE) * i128::from(SCALE)) - Linear::constant(allowed);
            for part in cut(span, &[consumed, reached]) {
                let rate = BurnRate { consumed_us: consumed.at(part.start) as i64, over_ms, target };
                runs.push((part, Value::Boolean(rate.compare(factor).is_some_and(std::cmp::Ordering::is_ge))));
            }
        }
        Signal::of(runs)
    }

    /// Whether a rule of the policy is reached over both its lookbacks.
    fn policy(&self, urgency: Urgency) -> Signal {
        let target = self.model.objective.target;
        let nominal_ms = self.model.objective.window.nominal_ms();
        let reached = |rule: Rule, lookback: usize| {
            let over_ms = LOOKBACKS[lookback].1;
            let mut runs = Vec::new();
            for (span, consumed) in self.consumed_over(lookback) {
                let (factor, allowed) = rule.sides(over_ms, target, nominal_ms);
                for part in cut(span, &[consumed * factor - Linear::constant(allowed)]) {
                    let rate = BurnRate { consumed_us: consumed.at(part.start) as i64, over_ms, target };
                    runs.push((part, rule.reached(rate, nominal_ms)));
                }
            }
            Moments::of(runs.into_iter().filter(|(_, reached)| *reached).map(|(span, _)| span).collect())
        };
        let both = |rule: Rule| reached(rule, rule.long).and(&reached(rule, rule.short));
        Signal::when(&urgency.rules().into_iter().map(both).fold(Moments::none(), Moments::or), self.stretch)
    }
}

/// The signal of a streak's property over a stretch; `ledger` has every complete day up to the stretch's end.
pub(crate) fn streaks(ledger: &Ledger, property: Property, stretch: Span) -> Signal {
    let mut streak = Streak::default();
    let mut runs = Vec::new();
    let mut since = stretch.start;
    for (span, day) in ledger.days().take_while(|(span, _)| span.end < stretch.end) {
        let midnight = span.end;
        runs.push((Span::new(since, midnight), streak_value(property, streak)));
        since = since.max(midnight);
        streak.advance(1, day.verdict, || midnight);
    }
    runs.push((Span::new(since, stretch.end), streak_value(property, streak)));
    Signal::of(runs)
}

#[cfg(test)]
mod tests;
