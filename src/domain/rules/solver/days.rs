//! Owns bounds of an objective's values within a stretch such as a day, from the sums of complete days alone: days that
//! they decide need no account.
//!
//! As of any instant of a stretch, a window contains all days that lie in it from the stretch's start to its end, and
//! nothing outside the days that touch it at either. So every sum of the window has a least and a greatest value, and
//! every property that is monotone in these sums lies between its values at both. The bounds may be too wide, never too
//! narrow. Days are those of the objective's zone; the query may be about days of another one.
//!
//! Sums are those of settled days. Time within the hindsight before an instant may not count as of it, and downtime
//! eventually charged to an upstream may still be charged to the system itself.

use std::cmp::Ordering;
use std::rc::Rc;

use super::account::{Segment, Sums};
use super::ask::{What, constant, reach, streak_value};
use super::linear::{Fraction, Linear};
use super::measure::{FULL_WIDE, measured, rate};
use super::signal::Value;
use crate::domain::account::chronicle::pieces_before_first;
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::account::tally::{Tally, tally, upstream};
use crate::domain::account::weights::FULL;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::balance::{BudgetTier, BurnRate, LOOKBACKS, ONE_HOUR, State};
use crate::domain::budget::policy::Urgency;
use crate::domain::budget::streak::Streak;
use crate::domain::rules::condition::{Property, Relation};
use crate::domain::value::calendar::{Calendar, Date};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{END, Span};
use crate::domain::value::window::Window;

/// The days of one objective.
pub(crate) struct Days {
    model: Rc<Model>,
    calendar: Calendar,
    /// The date since which sums are known: early enough for every window that ends after `told` begins.
    from: Date,
    /// The first date of the ledger.
    start: Date,
    /// The complete days covered.
    told: Span,
    /// The first transition of its system, if any.
    first: Option<Instant>,
    /// The sum of all days from `from` up to each later date.
    sums: Vec<Totals>,
    /// The streak as of the start of each date since `start`, up to the last complete day.
    streaks: Vec<Streak>,
}

/// A tally with all upstreams as one.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Totals {
    own: i64,
    upstream: i64,
    excluded: i64,
    too_short: i64,
    not_counted: i64,
    unknown: i64,
}

impl Totals {
    fn plus(self, day: &Tally) -> Self {
        Self {
            own: self.own + day.own_us,
            upstream: self.upstream + day.strict_us() - day.own_us,
            excluded: self.excluded + day.excluded_us,
            too_short: self.too_short + day.too_short_us,
            not_counted: self.not_counted + day.not_counted_ms,
            unknown: self.unknown + day.unknown_ms,
        }
    }

    fn since(self, before: Self) -> Tally {
        Tally {
            own_us: self.own - before.own,
            upstream_us: upstream(SystemId(0), self.upstream - before.upstream),
            excluded_us: self.excluded - before.excluded,
            too_short_us: self.too_short - before.too_short,
            not_counted_ms: self.not_counted - before.not_counted,
            unknown_ms: self.unknown - before.unknown,
        }
    }
}

/// The possible values within a day.
#[derive(Clone, Debug)]
pub(super) enum Possible {
    /// One of these, none of which is a number.
    OneOf(Vec<Value>),
    /// Always a number between these two, inclusive.
    Between(Fraction, Fraction),
}

impl Days {
    /// The settled days of an assessment, and the days after them with the tallies `later`.
    pub(crate) fn draw(model: Rc<Model>, assessment: &Assessment<'_>, later: &[Tally]) -> Self {
        let ledger = assessment.settled();
        let calendar = ledger.calendar();
        let (start, from) = (ledger.first(), calendar.date(reach(&model.objective, ledger.start())));
        let unseen = pieces_before_first(&model, Span::new(calendar.start(from), ledger.start()));
        let mut sums = vec![Totals::default()];
        let mut take = |day: &Tally| sums.extend(sums.last().map(|before| before.plus(day)));
        let dates = |from: Date, until: Date| (0..until.since(from)).map(move |days| from.plus(days));
        dates(from, start).for_each(|date| take(&tally(&unseen, calendar.span(date), END)));
        for run in ledger.runs() {
            (0..run.count).for_each(|_| take(&run.day.tally));
        }
        later.iter().for_each(take);
        let end = calendar.start(ledger.next().plus(later.len() as i64));
        let mut streak = Streak::default();
        let mut streaks = vec![streak];
        for run in assessment.ledger.runs() {
            for _ in 0..run.count {
                streak.advance(1, run.day.verdict, || ledger.end());
                streaks.push(streak);
            }
        }
        let told = Span::new(ledger.start(), end);
        Self { model, calendar, from, start, told, first: assessment.first, sums, streaks }
    }

    /// The complete days covered.
    pub(super) fn span(&self) -> Span {
        self.told
    }

    /// The sum of complete days; zero for days before the known ones, which no window reaches.
    fn sum(&self, span: Span) -> Tally {
        let upto = |midnight: Instant| {
            let index = usize::try_from(self.calendar.date(midnight).since(self.from)).unwrap_or(0);
            self.sums.get(index).or(self.sums.last()).copied().unwrap_or_default()
        };
        if span.is_empty() { Tally::default() } else { upto(span.end).since(upto(span.start)) }
    }

    /// The final sum of a span, from complete days where known; `drawn` computes the rest.
    pub(super) fn settled<E>(&self, span: Span, mut drawn: impl FnMut(Span) -> Result<Tally, E>) -> Result<Tally, E> {
        let known = Span::new(self.calendar.start(self.from), self.told.end).intersect(span);
        let whole = if known.is_empty() { known } else { self.within(known) };
        if whole.is_empty() {
            return drawn(span);
        }
        let mut sum = drawn(Span::new(span.start, whole.start))?;
        sum.add(&self.sum(whole), 1);
        sum.add(&drawn(Span::new(whole.end, span.end))?, 1);
        Ok(sum)
    }

    /// The days that touch a span.
    fn touching(&self, span: Span) -> Span {
        Span::new(self.calendar.day_start(span.start), self.calendar.day_ceil(span.end))
    }

    /// The days that lie within a span.
    fn within(&self, span: Span) -> Span {
        Span::new(self.calendar.day_ceil(span.start), self.calendar.day_start(span.end))
    }

    /// The possible values of a streak's property within a stretch; `None` after the last complete day.
    fn streak(&self, property: Property, stretch: Span) -> Option<Possible> {
        let index = |at: Instant| usize::try_from(self.calendar.date(at).since(self.start)).ok();
        let streaks = self.streaks.get(index(stretch.start)?..=index(stretch.end.plus(-1))?)?;
        let days = streaks.iter().map(|streak| streak_value(property, *streak));
        days.map(|value| Possible::exactly(value, stretch.start)).reduce(Possible::or)
    }

    /// The possible values of a property or the policy within a stretch; `None` if unknown.
    pub(super) fn possible(&self, what: What, stretch: Span) -> Option<Possible> {
        if stretch.start < self.told.start || stretch.end > self.told.end {
            return None;
        }
        let at = stretch.start;
        let property = match what {
            What::Policy(urgency) => return Some(self.policy(urgency, stretch)),
            What::AgeFrom(_) => return None,
            What::Property(property) => property,
        };
        let objective = &self.model.objective;
        if let Some(value) = constant(objective, property) {
            return Some(Possible::exactly(value, at));
        }
        let flags = |lowest: bool, highest: bool| Some(Possible::of_flags(lowest, highest));
        match property {
            Property::CurrentStreak | Property::BestStreak | Property::LostStreak => self.streak(property, stretch),
            Property::BurnRateOver(lookback) => {
                let over_us = FULL_WIDE * i128::from(LOOKBACKS[lookback].1);
                let allowed = Linear::constant(over_us * i128::from(objective.target.error_share()));
                let [least, most] = self.consumed_over(lookback, stretch).map(|consumed| {
                    let consumed = Linear::constant(consumed.into());
                    number(&rate(moment(at), consumed, allowed), at)
                });
                Some(Possible::between(least?, most?))
            }
            Property::FastBurn => {
                let (over_ms, target) = (LOOKBACKS[ONE_HOUR].1, objective.target);
                if target.error_share() == 0 {
                    return None;
                }
                let [lowest, highest] = self.consumed_over(ONE_HOUR, stretch).map(|consumed_us| {
                    let rate = BurnRate { consumed_us, over_ms, target };
                    rate.compare(objective.thresholds.fast_burn_multiplier).is_some_and(Ordering::is_ge)
                });
                flags(lowest, highest)
            }
            Property::DownFor => {
                let (_, ever) = self.open(stretch);
                (!ever).then(|| Possible::exactly(Value::Null, at))
            }
            Property::HasOpenDowntime => {
                let (always, ever) = self.open(stretch);
                flags(always, ever)
            }
            Property::StatusKnown => {
                let touching = self.touching(stretch);
                let unknown_ms = self.sum(touching).unknown_ms;
                flags(unknown_ms == 0, unknown_ms < touching.millis())
            }
            Property::DataAgeSeconds => None,
            Property::TooShortMinutes if objective.minimum_outage_ms > 0 => None,
            Property::IsBreaching => {
                let [mild, harsh] =
                    self.extremes(stretch)?.map(|of| of.budget(objective, stretch.start).is_breaching());
                flags(mild, harsh)
            }
            Property::BudgetTier => {
                let tier = |of: Segment| of.budget(objective, stretch.start).tier(&objective.thresholds);
                let [mild, harsh] = self.extremes(stretch)?.map(tier);
                let tiers = BudgetTier::ALL.into_iter().filter(|tier| (mild..=harsh).contains(tier));
                Some(Possible::OneOf(tiers.map(|tier| Value::text(tier.as_str())).collect()))
            }
            Property::State => self.state(stretch),
            _ => {
                let extremes = self.extremes(stretch)?;
                // Shares of zero, or less, give no bounds.
                if extremes.iter().any(|of| of.elapsed_length().at(at) <= 0 || of.elapsed.at(at) <= 0) {
                    return None;
                }
                let [one, other] = extremes.map(|of| number(&measured(objective, &of, property), at));
                Some(Possible::between(one?, other?))
            }
        }
    }

    /// The window at its best and at its worst within a stretch: with the least and with the most of every sum. `None`
    /// if a calendar period ends within the stretch.
    fn extremes(&self, stretch: Span) -> Option<[Segment; 2]> {
        let (window, at) = (self.model.objective.window, stretch.start);
        let (bounds, last) = (window.bounds(at), window.bounds(stretch.end.plus(-1)));
        let elapsed = match window {
            Window::Rolling { .. } => [bounds.millis(); 2],
            Window::Calendar { .. } if bounds != last => return None,
            Window::Calendar { .. } => [stretch.end.plus(-1).since(bounds.start), at.since(bounds.start)],
        };
        let hindsight_ms = self.model.objective.hindsight_ms();
        let within = self.within(Span::new(last.start, at.plus(-hindsight_ms)));
        let touched = Span::new(bounds.start, stretch.end);
        let mut sums = [self.sum(within), self.sum(self.touching(touched))];
        if self.model.objective.attribution_grace_ms > 0 {
            let unsettled = touched.intersect(Span::new(at.plus(-hindsight_ms), stretch.end));
            let unsettled = self.sum(self.touching(unsettled));
            sums[1].own_us += unsettled.strict_us() - unsettled.own_us;
        }
        let segment = |index: usize| Segment {
            span: moment(at),
            sums: Sums::fixed(at, &sums[index]),
            window_ms: bounds.millis(),
            elapsed: Linear::constant(elapsed[index].into()),
            open: false,
            known: false,
        };
        Some([segment(0), segment(1)])
    }

    /// The least and the most consumption over a lookback, in microseconds.
    fn consumed_over(&self, lookback: usize, stretch: Span) -> [i64; 2] {
        let over_ms = LOOKBACKS[lookback].1;
        let settled = stretch.start.plus(-self.model.objective.hindsight_ms());
        let within = self.within(Span::new(stretch.end.plus(-over_ms), settled));
        let touching = self.touching(Span::new(stretch.start.plus(-over_ms), stretch.end));
        [self.spent(within), self.most_spent(touching).min(over_ms * FULL)]
    }

    /// The consumption of complete days, in microseconds.
    fn spent(&self, span: Span) -> i64 {
        self.sum(span).consumed_us(self.model.objective.dependency_exclusion)
    }

    /// The most consumption of complete days as of any instant, in microseconds.
    fn most_spent(&self, span: Span) -> i64 {
        let sum = self.sum(span);
        let is_certain = self.model.objective.attribution_grace_ms == 0;
        if is_certain { sum.consumed_us(self.model.objective.dependency_exclusion) } else { sum.strict_us() }
    }

    /// Whether downtime that spends the budget is ongoing throughout, and whether it may be at any time.
    fn open(&self, stretch: Span) -> (bool, bool) {
        let before = stretch.start.plus(-self.model.objective.hindsight_ms());
        let longer = self.touching(Span::new(before, stretch.end));
        (self.spent(longer) == longer.millis() * FULL, self.most_spent(self.touching(stretch)) > 0)
    }

    fn state(&self, stretch: Span) -> Option<Possible> {
        let one_of =
            |states: &[State]| Some(Possible::OneOf(states.iter().map(|state| Value::text(state.as_str())).collect()));
        match self.first {
            Some(first) if first <= stretch.start => {}
            Some(first) if first < stretch.end => return None,
            _ => return one_of(&[State::NoData]),
        }
        let objective = &self.model.objective;
        let budgets = self.extremes(stretch)?.map(|of| of.budget(objective, stretch.start));
        let (always, ever) = self.open(stretch);
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

    fn policy(&self, urgency: Urgency, stretch: Span) -> Possible {
        let objective = &self.model.objective;
        let nominal_ms = objective.window.nominal_ms();
        let reached = |lookback: usize| {
            let over_ms = LOOKBACKS[lookback].1;
            self.consumed_over(lookback, stretch).map(|consumed_us| BurnRate {
                consumed_us,
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
    /// One value all day.
    pub(super) fn exactly(value: Value, at: Instant) -> Self {
        match value {
            Value::Number(number) => Self::between(number.at(at), number.at(at)),
            other => Self::OneOf(vec![other]),
        }
    }

    /// Either of both.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Between(least, most), Self::Between(others_least, others_most)) => {
                let least = if others_least.compare(least).is_lt() { others_least } else { least };
                let most = if others_most.compare(most).is_gt() { others_most } else { most };
                Self::Between(least, most)
            }
            (Self::OneOf(mut values), Self::OneOf(others)) => {
                values.extend(others);
                Self::OneOf(values)
            }
            (one, _) => one,
        }
    }

    fn between(one: Fraction, other: Fraction) -> Self {
        if one.compare(other).is_le() { Self::Between(one, other) } else { Self::Between(other, one) }
    }

    /// A flag with these values at both extremes.
    fn of_flags(lowest: bool, highest: bool) -> Self {
        let mut flags = vec![Value::Boolean(lowest)];
        if lowest != highest {
            flags.push(Value::Boolean(highest));
        }
        Self::OneOf(flags)
    }

    /// Whether two values compare as required for all their possible values, or for none; `None` if it depends.
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

/// The single number of a value; `None` if it is not one.
fn number(parts: &[(Span, Value)], at: Instant) -> Option<Fraction> {
    match parts {
        [(_, Value::Number(number))] => Some(number.at(at)),
        _ => None,
    }
}

const fn moment(at: Instant) -> Span {
    Span::new(at, at.plus(1))
}
