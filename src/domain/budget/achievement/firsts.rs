//! Owns when one objective first met the condition of each achievement, by replaying its history.

use std::cell::OnceCell;

use super::{Achievement, DIAMOND_DAYS, IRON_DAYS, MISER_PERCENT, NINES_DAYS, NINES_HUNDREDTHS, RAPID_MS};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::SystemId;
use crate::domain::account::objective::Objective;
use crate::domain::account::weights::FULL;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::balance::Budget;
use crate::domain::budget::day::{Ledger, Verdict};
use crate::domain::budget::moving::{Course, Draws, Known, Linear, Sums};
use crate::domain::budget::streak::Streak;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;
use crate::domain::value::target::WHOLE;
use crate::domain::value::window::Window;

/// The most days with downtime examined at once in search of a short outage.
const MOST_DAYS: i64 = 32;
/// Computes days one by one, as few of them are examined.
const DRAWS: Draws = Draws { next_ms: DAY_MS, most_ms: DAY_MS };

/// When the achievements that a single objective decides were first met.
#[derive(Clone, Default, Debug)]
pub(super) struct Firsts(Vec<(Achievement, Instant)>);

impl Firsts {
    /// When an achievement was first met; `None` if never.
    pub(super) fn at(&self, achievement: Achievement) -> Option<Instant> {
        self.0.iter().find(|(known, _)| *known == achievement).map(|(_, at)| *at)
    }

    /// Replays a history from the system's first transition to `as_of`.
    pub(super) fn find<F, E>(assessment: &Assessment<'_>, chronicle: &mut Chronicle<F>) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let mut firsts = Self::default();
        let Some(begin) = assessment.first else { return Ok(firsts) };
        let settled = assessment.settled();
        let known = OnceCell::new();
        let mut replay = Replay { assessment, chronicle, begin, settled: &settled, known, full_window: None };
        let ledger = &assessment.ledger;
        for (achievement, at) in [
            (Achievement::IronUptime, streak_of(ledger, IRON_DAYS)),
            (Achievement::DiamondUptime, streak_of(ledger, DIAMOND_DAYS)),
            (Achievement::NinesClub, replay.nines_club()?),
            (Achievement::BudgetMiser, replay.after_a_full_window(miserly)?),
            (Achievement::CleanSheet, replay.after_a_full_window(clean)?),
            (Achievement::CascadeBreaker, replay.cascade_breaker()?),
            (Achievement::RapidRecovery, replay.rapid_recovery()?),
        ] {
            firsts.0.extend(at.map(|at| (achievement, at)));
        }
        Ok(firsts)
    }
}

/// The first midnight with a streak of `days`.
fn streak_of(ledger: &Ledger, days: u32) -> Option<Instant> {
    date_after(ledger, days).map(|date| ledger.calendar().start(date))
}

/// The date after the first streak of `days`.
fn date_after(ledger: &Ledger, days: u32) -> Option<Date> {
    let mut streak = Streak::default();
    for (date, run) in ledger.dated_runs() {
        let missing = days.saturating_sub(streak.current);
        if run.day.verdict == Verdict::Kept && run.count >= missing {
            return Some(date.plus(missing.into()));
        }
        streak.advance(run.count, run.day.verdict, || ledger.calendar().start(date.next()));
    }
    None
}

/// Whether the budget's availability reaches `nines_club`; false without counted time.
pub(super) fn has_nines(budget: &Budget) -> bool {
    let (available, length) = budget.available(budget.consumed_us());
    length > 0 && available * 10_000 >= length * i128::from(NINES_HUNDREDTHS)
}

/// A replay of one objective's history.
struct Replay<'a, 'm, F> {
    assessment: &'a Assessment<'m>,
    chronicle: &'a mut Chronicle<F>,
    /// The system's first transition.
    begin: Instant,
    settled: &'a Ledger,
    /// The settled days. Most objectives need none of them: what they meet, they meet with the first full window.
    known: OnceCell<Known<'a>>,
    /// The sums of the first full window, if it is a rolling one.
    full_window: Option<Sums>,
}

impl<F, E> Replay<'_, '_, F>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    /// The first end of a full window since the first transition at which the conditions hold: any instant of a rolling
    /// window, the end of a calendar period.
    fn after_a_full_window(&mut self, conditions: Conditions) -> Result<Option<Instant>, E> {
        let as_of = self.assessment.as_of;
        let objective = &self.assessment.model.objective;
        match objective.window {
            Window::Rolling { days, .. } => {
                let window_ms = i64::from(days) * DAY_MS;
                let from = self.begin.plus(window_ms);
                if from > as_of {
                    return Ok(None);
                }
                let sums = match self.full_window {
                    Some(sums) => sums,
                    None => Sums::of(&self.assessment.tally(Span::new(self.begin, from), self.chronicle)?),
                };
                self.full_window = Some(sums);
                self.first((from, as_of), sums, Some(window_ms), conditions(objective, window_ms))
            }
            window @ Window::Calendar { .. } => {
                let mut period = window.bounds(self.begin);
                if period.start < self.begin {
                    period = window.bounds(period.end);
                }
                while period.end <= as_of {
                    let conditions = conditions(objective, period.millis());
                    let sums = Sums::of(&self.assessment.tally(period, self.chronicle)?);
                    if conditions.iter().all(|condition| condition.holds(sums)) {
                        return Ok(Some(period.end));
                    }
                    period = window.bounds(period.end);
                }
                Ok(None)
            }
        }
    }

    /// The first instant of a span, ends included, at which all conditions hold; `sums` are those of the window as of
    /// its start.
    fn first(
        &mut self,
        (from, until): (Instant, Instant),
        sums: Sums,
        rolling_ms: Option<i64>,
        conditions: [Linear; 2],
    ) -> Result<Option<Instant>, E> {
        if conditions.iter().all(|condition| condition.holds(sums)) {
            return Ok(Some(from));
        }
        let Assessment { model, .. } = self.assessment;
        // Days before the system's first transition count, without downtime.
        let since_first = || Known::since(self.settled, self.settled.start(), Some(Sums::default()));
        let known = self.known.get_or_init(since_first);
        let hindsight_ms = model.objective.hindsight_ms();
        let course = Course { from, until, sums, rolling_ms, start: from, hindsight_ms, known, draws: DRAWS };
        let found = course.find(&[conditions.to_vec()], |span, whole| {
            if whole { self.chronicle.pieces(model, span) } else { self.chronicle.part(model, span) }
        })?;
        Ok(found.into_iter().next().flatten())
    }

    /// The first midnight with both the streak and the availability.
    fn nines_club(&mut self) -> Result<Option<Instant>, E> {
        let ledger = &self.assessment.ledger;
        let Some(after) = date_after(ledger, NINES_DAYS) else { return Ok(None) };
        let objective = &self.assessment.model.objective;
        let mut streak = Streak::default();
        for (first, run) in ledger.dated_runs() {
            let close = |date: Date| ledger.calendar().start(date.next());
            // Until the last day of that streak, every streak is too short.
            let too_short = (after.since(first) - 1).clamp(0, run.count.into());
            if too_short > 0 {
                streak.advance(too_short as u32, run.day.verdict, || close(first));
            }
            for date in (too_short..run.count.into()).map(|days| first.plus(days)) {
                let at = close(date);
                streak.advance(1, run.day.verdict, || at);
                if streak.current < NINES_DAYS || run.day.verdict == Verdict::Skipped {
                    continue;
                }
                let window = objective.window.closing(at);
                let elapsed = Span::new(window.start, at);
                let tally = self.assessment.tally(elapsed, self.chronicle)?;
                let exclusion = objective.dependency_exclusion;
                if has_nines(&Budget { target: objective.target, exclusion, window, elapsed, tally }) {
                    return Ok(Some(at));
                }
            }
        }
        Ok(None)
    }

    /// The first instant with downtime in the window, none of it caused by the system itself.
    fn cascade_breaker(&mut self) -> Result<Option<Instant>, E> {
        let model = self.assessment.model;
        if model.upstreams().is_empty() {
            return Ok(None);
        }
        let as_of = self.assessment.as_of;
        let conditions = [
            Linear { own: -1, upstream: 0, not_counted: 0, constant: 0 },
            Linear { own: 0, upstream: 1, not_counted: 0, constant: -1 },
        ];
        let mut from = self.begin;
        loop {
            let (until, rolling_ms, next) = match model.objective.window {
                Window::Rolling { days, .. } => (as_of, Some(i64::from(days) * DAY_MS), None),
                window @ Window::Calendar { .. } => {
                    // The window as of a period's end is already the next one.
                    let end = window.bounds(from).end;
                    (as_of.min(end.plus(-1)), None, Some(end).filter(|end| *end <= as_of))
                }
            };
            let found = self.first((from, until), Sums::default(), rolling_ms, conditions)?;
            match (found, next) {
                (None, Some(next)) => from = next,
                _ => return Ok(found),
            }
        }
    }

    /// The end of the first short outage.
    fn rapid_recovery(&mut self) -> Result<Option<Instant>, E> {
        let ledger = &self.assessment.ledger;
        let now = self.assessment.as_of.plus(1);
        let calendar = ledger.calendar();
        let mut pending: Option<Span> = None;
        let mut most_days = 1;
        for (first, run) in ledger.dated_runs() {
            if run.day.tally.strict_us() == 0 {
                continue;
            }
            for days in 0..run.count {
                let day = calendar.span(first.plus(days.into()));
                pending = match pending {
                    Some(span) if day.end.since(span.start) <= most_days * DAY_MS => {
                        Some(Span::new(span.start, day.end))
                    }
                    Some(span) => {
                        if let Some(found) = self.short_outage(span, now)? {
                            return Ok(Some(found));
                        }
                        most_days = (most_days * 2).min(MOST_DAYS);
                        Some(day)
                    }
                    None => Some(day),
                };
            }
        }
        if let Some(span) = pending
            && let Some(found) = self.short_outage(span, now)?
        {
            return Ok(Some(found));
        }
        self.short_outage(Span::new(ledger.end(), now), now)
    }

    /// The end of the first short outage that touches a span.
    fn short_outage(&mut self, span: Span, now: Instant) -> Result<Option<Instant>, E> {
        // This covers any short outage that touches the span, with the time on both sides.
        let (from, to) = (span.start.plus(-RAPID_MS - 1), span.end.plus(RAPID_MS + 1).min(now));
        let pieces = self.chronicle.pieces(self.assessment.model, Span::new(from, to))?;
        Ok(recoveries(&pieces, from).next())
    }
}

/// The conditions on the sums of a window of a length in milliseconds.
type Conditions = fn(&Objective, i64) -> [Linear; 2];

/// At least [`MISER_PERCENT`] of the budget is left.
fn miserly(objective: &Objective, length_ms: i64) -> [Linear; 2] {
    // consumed × 100 <= (1 − target) × (length − not counted) × (100 − percent)
    let share = i128::from(objective.target.error_share()) * i128::from((100 - MISER_PERCENT) * FULL);
    let spends = i128::from(WHOLE) * 100;
    let constant = share * i128::from(length_ms);
    [Linear::of_consumed(objective.dependency_exclusion, -spends, -share, constant), some_length(length_ms)]
}

/// There is no downtime at all, whatever the cause.
fn clean(_: &Objective, length_ms: i64) -> [Linear; 2] {
    [Linear { own: -1, upstream: -1, not_counted: 0, constant: 0 }, some_length(length_ms)]
}

/// A window of this many milliseconds has counted time.
fn some_length(length_ms: i64) -> Linear {
    Linear { own: 0, upstream: 0, not_counted: -1, constant: i128::from(length_ms) - 1 }
}

/// The ends of short outages that began after `from`. Fully excused ones do not count.
fn recoveries(pieces: &[Piece], from: Instant) -> impl Iterator<Item = Instant> {
    pieces
        .chunk_by(|piece, next| piece.down && next.down)
        .scan(None, move |outage: &mut Option<(Span, bool)>, chunk| {
            let (first, last) = (chunk.first()?, chunk.last()?);
            let before = outage.take();
            if first.down {
                let charged = chunk.iter().any(|piece| piece.charge.is_some());
                *outage = Some((Span::new(first.span.start, last.span.end), charged));
            }
            let over = before.filter(|(span, charged)| *charged && span.start > from && span.millis() <= RAPID_MS);
            Some(over.map(|(span, _)| span.end))
        })
        .flatten()
}
