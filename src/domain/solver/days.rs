//! Owns what the values of an objective can be within each UTC day, told from sums of whole days alone: bounds that let whole days
//! pass without drawing their account.
//!
//! As of any moment of a day, a window contains all the days that lie within it from the day's start to its end, and nothing but
//! days that touch it at either. So every sum of the window has a least and a greatest value, and every property that
//! grows or falls with these sums lies between what it is at both. The bounds are wider than the truth, never narrower.

use std::cmp::Ordering;
use std::rc::Rc;

use super::account::{Segment, Sums};
use super::linear::{Fraction, Linear};
use super::measure::{measured, rate};
use super::signal::Value;
use super::view::{View, What, constant};
use crate::domain::assess::Assessment;
use crate::domain::budget::{BudgetTier, BurnRate, LOOKBACKS, ONE_HOUR, State};
use crate::domain::chronicle::pieces_before_first;
use crate::domain::condition::{Property, Relation};
use crate::domain::downtime::Piece;
use crate::domain::instant::{DAY_MS, Instant};
use crate::domain::model::Model;
use crate::domain::policy::Urgency;
use crate::domain::span::Span;
use crate::domain::streak::Streak;
use crate::domain::tally::{Tally, tally};
use crate::domain::window::Window;

/// The days of one objective.
pub(crate) struct Days {
    model: Rc<Model>,
    /// The midnight from which sums are known: early enough for every window that ends after `start`.
    from: Instant,
    /// The midnight from which on days are told of.
    start: Instant,
    /// The first transition of its system, if there is one.
    first: Option<Instant>,
    /// What lies between `from` and each midnight from it on.
    sums: Vec<Totals>,
    /// The current and the best streak as of each midnight from `start` on, as far as whole days are over.
    streaks: Vec<(u32, u32)>,
}

/// A tally without who is to blame among upstreams, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Totals {
    own: i64,
    upstream: i64,
    excluded: i64,
    not_counted: i64,
    unknown: i64,
}

impl Totals {
    fn plus(self, day: &Tally) -> Self {
        Self {
            own: self.own + day.own_ms,
            upstream: self.upstream + day.strict_ms() - day.own_ms,
            excluded: self.excluded + day.excluded_ms,
            not_counted: self.not_counted + day.not_counted_ms,
            unknown: self.unknown + day.unknown_ms,
        }
    }

    fn since(self, before: Self) -> Tally {
        Tally {
            own_ms: self.own - before.own,
            upstream_ms: vec![self.upstream - before.upstream],
            excluded_ms: self.excluded - before.excluded,
            not_counted_ms: self.not_counted - before.not_counted,
            unknown_ms: self.unknown - before.unknown,
        }
    }
}

/// What a value can be within a day.
#[derive(Clone, Debug)]
pub(super) enum Possible {
    /// One of these; none of them is a number.
    OneOf(Vec<Value>),
    /// A number at all times, between these two, both included.
    Between(Fraction, Fraction),
}

impl Days {
    /// Draws the days of an assessment's ledger, and those of `later`, an account that follows the ledger without gap and ends
    /// at a midnight.
    pub(crate) fn draw(model: Rc<Model>, assessment: &Assessment<'_>, later: &[Piece]) -> Self {
        let ledger = &assessment.ledger;
        let start = ledger.start();
        let from = View::reach(&model.objective, start).day_start();
        let unseen = pieces_before_first(&model, Span::new(from, start));
        let mut sums = vec![Totals::default()];
        let mut take = |day: &Tally| sums.extend(sums.last().map(|before| before.plus(day)));
        let drawn = |pieces: &[Piece], midnight: Instant| tally(pieces, Span::new(midnight, midnight.plus(DAY_MS)));
        let midnights = |span: Span| (0..span.millis() / DAY_MS).map(move |index| span.start.plus(index * DAY_MS));
        midnights(Span::new(from, start)).for_each(|midnight| take(&drawn(&unseen, midnight)));
        ledger.days().for_each(|(_, day)| take(&day.tally));
        if let Some(last) = later.last() {
            midnights(Span::new(ledger.end(), last.span.end)).for_each(|midnight| take(&drawn(later, midnight)));
        }
        let mut streak = Streak::default();
        let mut streaks = vec![(0, 0)];
        for (end, day) in ledger.days() {
            streak.advance(end.plus(-DAY_MS), 1, day.verdict);
            streaks.push((streak.current, streak.best));
        }
        Self { model, from, start, first: assessment.first, sums, streaks }
    }

    /// The whole days that are told of.
    pub(super) fn span(&self) -> Span {
        Span::new(self.start, self.from.plus((self.sums.len() as i64 - 1) * DAY_MS))
    }

    /// What lies within whole days; nothing in days before those that are known, for no window reaches them.
    fn sum(&self, span: Span) -> Tally {
        let upto = |midnight: Instant| {
            let index = usize::try_from(midnight.since(self.from) / DAY_MS).unwrap_or(0);
            self.sums.get(index).or(self.sums.last()).copied().unwrap_or_default()
        };
        if span.is_empty() { Tally::default() } else { upto(span.end).since(upto(span.start)) }
    }

    /// What a property or the policy can be within the day that begins at a midnight; `None` when nothing is known of that.
    pub(super) fn possible(&self, what: What, midnight: Instant) -> Option<Possible> {
        let told = self.span();
        if midnight < told.start || midnight >= told.end {
            return None;
        }
        let property = match what {
            What::Policy(urgency) => return Some(self.policy(urgency, midnight)),
            What::AgeFrom(_) => return None,
            What::Property(property) => property,
        };
        let objective = &self.model.objective;
        if let Some(value) = constant(objective, property) {
            return Some(Possible::exactly(value, midnight));
        }
        let flags = |lowest: bool, highest: bool| Some(Possible::of_flags(lowest, highest));
        match property {
            Property::CurrentStreak | Property::BestStreak => {
                let index = usize::try_from(midnight.since(self.start) / DAY_MS).ok()?;
                let (current, best) = *self.streaks.get(index)?;
                let days = if property == Property::BestStreak { best } else { current };
                Some(Possible::exactly(Value::whole(days.into()), midnight))
            }
            Property::BurnRateOver(lookback) => {
                let over_ms = i128::from(LOOKBACKS[lookback].1);
                let allowed = Linear::constant(over_ms * i128::from(objective.target.error_share()));
                let [least, most] = self.consumed_over(lookback, midnight).map(|consumed| {
                    let consumed = Linear::constant(consumed.into());
                    number(&rate(moment(midnight), consumed, allowed), midnight)
                });
                Some(Possible::between(least?, most?))
            }
            Property::FastBurn => {
                let (over_ms, target) = (LOOKBACKS[ONE_HOUR].1, objective.target);
                if target.error_share() == 0 {
                    return None;
                }
                let [lowest, highest] = self.consumed_over(ONE_HOUR, midnight).map(|consumed_ms| {
                    let rate = BurnRate { consumed_ms, over_ms, target };
                    rate.compare(objective.thresholds.fast_burn_multiplier).is_some_and(Ordering::is_ge)
                });
                flags(lowest, highest)
            }
            Property::DownFor => {
                let (_, ever) = self.open(midnight);
                (!ever).then(|| Possible::exactly(Value::Null, midnight))
            }
            Property::HasOpenDowntime => {
                let (always, ever) = self.open(midnight);
                flags(always, ever)
            }
            Property::StatusKnown => {
                let unknown_ms = self.sum(Span::new(midnight, midnight.plus(DAY_MS))).unknown_ms;
                flags(unknown_ms == 0, unknown_ms < DAY_MS)
            }
            Property::DataAgeSeconds => None,
            Property::IsBreaching => {
                let [mild, harsh] = self.extremes(midnight)?.map(|of| of.budget(objective, midnight).is_breaching());
                flags(mild, harsh)
            }
            Property::BudgetTier => {
                let tier = |of: Segment| of.budget(objective, midnight).tier(&objective.thresholds);
                let [mild, harsh] = self.extremes(midnight)?.map(tier);
                let tiers = BudgetTier::ALL.into_iter().filter(|tier| (mild..=harsh).contains(tier));
                Some(Possible::OneOf(tiers.map(|tier| Value::text(tier.as_str())).collect()))
            }
            Property::State => self.state(midnight),
            _ => {
                let extremes = self.extremes(midnight)?;
                // Shares of nothing, or of less, bound nothing.
                if extremes.iter().any(|of| of.elapsed_length().at(midnight) <= 0 || of.elapsed.at(midnight) <= 0) {
                    return None;
                }
                let [one, other] = extremes.map(|of| number(&measured(objective, &of, property), midnight));
                Some(Possible::between(one?, other?))
            }
        }
    }

    /// The window at its mildest and at its harshest within a day: with the least and with the most of everything in it. `None`
    /// when a calendar period ends within the day.
    fn extremes(&self, midnight: Instant) -> Option<[Segment; 2]> {
        let (window, end) = (self.model.objective.window, midnight.plus(DAY_MS));
        let (bounds, last) = (window.bounds(midnight), window.bounds(end.plus(-1)));
        let (elapsed, within) = match window {
            Window::Rolling { .. } => ([bounds.millis(); 2], Span::new(last.start.day_ceil(), midnight)),
            Window::Calendar { .. } if bounds != last => return None,
            Window::Calendar { .. } => {
                let elapsed = [end.plus(-1).since(bounds.start), midnight.since(bounds.start)];
                (elapsed, Span::new(bounds.start.day_ceil(), midnight))
            }
        };
        let sums = [self.sum(within), self.sum(Span::new(bounds.start.day_start(), end))];
        let segment = |index: usize| Segment {
            span: moment(midnight),
            sums: Sums::fixed(midnight, &sums[index]),
            window_ms: bounds.millis(),
            elapsed: Linear::constant(elapsed[index].into()),
            open: false,
            known: false,
        };
        Some([segment(0), segment(1)])
    }

    /// The least and the most of what spends the budget over a lookback, in milliseconds.
    fn consumed_over(&self, lookback: usize, midnight: Instant) -> [i64; 2] {
        let (over_ms, end) = (LOOKBACKS[lookback].1, midnight.plus(DAY_MS));
        let within = Span::new(end.plus(-over_ms).day_ceil(), midnight);
        let touching = Span::new(midnight.plus(-over_ms).day_start(), end);
        let [least, most] = [within, touching].map(|span| self.spent(span));
        [least, most.min(over_ms)]
    }

    /// What spends the budget in whole days, in milliseconds.
    fn spent(&self, span: Span) -> i64 {
        self.sum(span).consumed_ms(self.model.objective.dependency_exclusion)
    }

    /// Whether downtime that spends the budget goes on all day, and whether at any time of it.
    fn open(&self, midnight: Instant) -> (bool, bool) {
        let spent = self.spent(Span::new(midnight, midnight.plus(DAY_MS)));
        (spent == DAY_MS, spent > 0)
    }

    fn state(&self, midnight: Instant) -> Option<Possible> {
        let one_of =
            |states: &[State]| Some(Possible::OneOf(states.iter().map(|state| Value::text(state.as_str())).collect()));
        match self.first {
            Some(first) if first <= midnight => {}
            Some(first) if first < midnight.plus(DAY_MS) => return None,
            _ => return one_of(&[State::NoData]),
        }
        let objective = &self.model.objective;
        let budgets = self.extremes(midnight)?.map(|of| of.budget(objective, midnight));
        let (always, ever) = self.open(midnight);
        let mut states = Vec::new();
        for (open, can_be) in [(true, ever), (false, !always)] {
            let [mild, harsh] = [0, 1].map(|index: usize| budgets[index].state(true, open));
            let among: &[State] = if open {
                &[State::Breaching, State::Down]
            } else {
                &[State::Breaching, State::AtRisk, State::Healthy]
            };
            states.extend(among.iter().filter(|state| can_be && (harsh..=mild).contains(state)));
        }
        one_of(&states)
    }

    fn policy(&self, urgency: Urgency, midnight: Instant) -> Possible {
        let objective = &self.model.objective;
        let nominal_ms = objective.window.nominal_ms();
        let reached = |lookback: usize| {
            let over_ms = LOOKBACKS[lookback].1;
            self.consumed_over(lookback, midnight).map(|consumed_ms| BurnRate {
                consumed_ms,
                over_ms,
                target: objective.target,
            })
        };
        let [lowest, highest] = [0, 1].map(|index: usize| {
            urgency.rules().into_iter().any(|rule| {
                [rule.long, rule.short].into_iter().all(|over| rule.reached(reached(over)[index], nominal_ms))
            })
        });
        Possible::of_flags(lowest, highest)
    }
}

impl Possible {
    /// What is one value all day.
    pub(super) fn exactly(value: Value, at: Instant) -> Self {
        match value {
            Value::Number(number) => Self::between(number.at(at), number.at(at)),
            other => Self::OneOf(vec![other]),
        }
    }

    fn between(one: Fraction, other: Fraction) -> Self {
        if one.compare(other).is_le() { Self::Between(one, other) } else { Self::Between(other, one) }
    }

    /// A question whose answers at both extremes are these.
    fn of_flags(lowest: bool, highest: bool) -> Self {
        let mut flags = vec![Value::Boolean(lowest)];
        if lowest != highest {
            flags.push(Value::Boolean(highest));
        }
        Self::OneOf(flags)
    }

    /// Whether two values compare as asked whatever of the possible they are, or never do; `None` when that depends.
    pub(super) fn compare(&self, relation: Relation, other: &Self) -> Option<bool> {
        let mut answers = Vec::new();
        match (self, other) {
            (Self::Between(least, most), Self::Between(their_least, their_most)) => {
                let possible = [
                    (Ordering::Less, least.compare(*their_most).is_lt()),
                    (Ordering::Equal, least.compare(*their_most).is_le() && their_least.compare(*most).is_le()),
                    (Ordering::Greater, most.compare(*their_least).is_gt()),
                ];
                answers.extend(
                    possible.into_iter().filter(|(_, can_be)| *can_be).map(|(order, _)| relation.accepts(order)),
                );
            }
            (Self::OneOf(mine), Self::OneOf(theirs)) => {
                for pair in mine.iter().flat_map(|mine| theirs.iter().map(move |theirs| (mine, theirs))) {
                    answers.push(match pair {
                        (Value::Text(mine), Value::Text(theirs)) => relation.accepts(mine.cmp(theirs)),
                        (Value::Boolean(mine), Value::Boolean(theirs)) => relation.accepts(mine.cmp(theirs)),
                        _ => false,
                    });
                }
            }
            // Values of different kinds never compare.
            _ => answers.push(false),
        }
        let first = *answers.first()?;
        answers.iter().all(|answer| *answer == first).then_some(first)
    }
}

/// The one number that a value is; `None` where it is none.
fn number(parts: &[(Span, Value)], at: Instant) -> Option<Fraction> {
    match parts {
        [(_, Value::Number(number))] => Some(number.at(at)),
        _ => None,
    }
}

const fn moment(at: Instant) -> Span {
    Span::new(at, at.plus(1))
}
