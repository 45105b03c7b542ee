//! Owns daily snapshots: an objective at the close of each day.

use super::assess::Assessment;
use super::balance::Budget;
use super::day::{Ledger, Verdict};
use super::streak::Streak;
use crate::domain::account::chronicle::{Chronicle, pieces_before_first};
use crate::domain::account::member::SystemId;
use crate::domain::account::tally::{Tally, tally};
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::domain::value::window::Window;

/// An objective at the close of a day: as of the midnight that ends it, in the window of that day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot {
    pub(crate) objective: Name,
    pub(crate) date: Date,
    /// The midnight that ends the day.
    pub(crate) at: Instant,
    pub(crate) budget: Budget,
    /// After that day, in days.
    pub(crate) streak: u32,
}

/// Consecutive days that close with the same sums over windows of the same length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Likes {
    /// The snapshot of the first of them.
    pub(crate) first: Snapshot,
    pub(crate) days: u32,
    /// How much the streak grows each day.
    pub(crate) step: u32,
}

/// The snapshots of the days that end in `(after, as_of]`, oldest first.
pub(crate) fn snapshots<F, E>(
    assessment: &Assessment<'_>,
    after: Instant,
    chronicle: &mut Chronicle<F>,
) -> Result<Vec<Snapshot>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let mut found = Vec::new();
    let mut streak = Streak::default();
    for (span, day) in assessment.ledger.days() {
        let at = span.end;
        streak.advance(1, day.verdict, || at);
        if after < at {
            let elapsed = Span::new(assessment.model.objective.window.closing(at).start, at);
            let tally = assessment.tally(elapsed, chronicle)?;
            let date = assessment.ledger.calendar().date(span.start);
            found.push(snapshot(assessment, date, at, tally, streak.current));
        }
    }
    Ok(found)
}

/// The same, with equal consecutive days grouped, so that a quiet year takes no longer than a quiet day.
pub(crate) fn likes<F, E>(
    assessment: &Assessment<'_>,
    after: Instant,
    chronicle: &mut Chronicle<F>,
) -> Result<Vec<Likes>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let (ledger, objective) = (&assessment.ledger, &assessment.model.objective);
    let alike = assessment.model.has_like_days();
    match objective.window {
        // Here days enter and leave entirely, and those before the first are all equal.
        Window::Rolling { days, .. } if ledger.calendar().is_utc() && objective.hindsight_ms() == 0 && alike => {
            rolling(assessment, i64::from(days), after, chronicle)
        }
        _ => {
            let single = |first| Likes { first, days: 1, step: 0 };
            Ok(snapshots(assessment, after, chronicle)?.into_iter().map(single).collect())
        }
    }
}

/// The same for windows of entire UTC days.
fn rolling<F, E>(
    assessment: &Assessment<'_>,
    window_days: i64,
    after: Instant,
    chronicle: &mut Chronicle<F>,
) -> Result<Vec<Likes>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let ledger = &assessment.ledger;
    let calendar = ledger.calendar();
    let begun = ledger.start().max(after).day_start();
    if begun >= ledger.end() {
        return Ok(Vec::new());
    }
    let from = calendar.date(begun);
    let mut sums = assessment.tally(Span::new(begun.plus(-window_days * DAY_MS), begun), chronicle)?;
    let day_before = Span::new(ledger.start().plus(-DAY_MS), ledger.start());
    let unseen = tally(&pieces_before_first(assessment.model, day_before), day_before, assessment.as_of);
    let mut leaving = Leaving { ledger, unseen, run: 0, first: ledger.first() };
    let mut found = Vec::new();
    let mut streak = Streak::default();
    for (first, run) in ledger.dated_runs() {
        let next = first.plus(run.count.into());
        let seen = from.clamp(first, next);
        streak.advance(seen.since(first) as u32, run.day.verdict, || ledger.end());
        let mut date = seen;
        while date < next {
            let (left, many) = leaving.at(date.plus(-window_days));
            let days = if run.day.tally == *left { many.min(next.since(date)) } else { 1 };
            sums.add(&run.day.tally, 1);
            sums.add(left, -1);
            streak.advance(1, run.day.verdict, || ledger.end());
            let first = snapshot(assessment, date, calendar.start(date.next()), sums.clone(), streak.current);
            let step = u32::from(run.day.verdict == Verdict::Kept);
            found.push(Likes { first, days: days as u32, step });
            streak.advance(days as u32 - 1, run.day.verdict, || ledger.end());
            date = date.plus(days);
        }
    }
    Ok(found)
}

/// The days that leave a window, in order.
struct Leaving<'l> {
    ledger: &'l Ledger,
    /// The tally of each day before the first one.
    unseen: Tally,
    run: usize,
    /// The date on which that run begins.
    first: Date,
}

impl Leaving<'_> {
    /// The tally of a day, and how many days from it on have the same one. Dates must not go back.
    fn at(&mut self, date: Date) -> (&Tally, i64) {
        if date < self.ledger.first() {
            return (&self.unseen, self.ledger.first().since(date));
        }
        let runs = self.ledger.runs();
        while self.first.plus(runs[self.run].count.into()) <= date {
            self.first = self.first.plus(runs[self.run].count.into());
            self.run += 1;
        }
        let run = &runs[self.run];
        (&run.day.tally, self.first.plus(run.count.into()).since(date))
    }
}

fn snapshot(assessment: &Assessment<'_>, date: Date, at: Instant, tally: Tally, streak: u32) -> Snapshot {
    let objective = &assessment.model.objective;
    let window = objective.window.closing(at);
    let elapsed = Span::new(window.start, at);
    let budget = Budget { target: objective.target, exclusion: objective.dependency_exclusion, window, elapsed, tally };
    Snapshot { objective: objective.metadata.name.clone(), date, at, budget, streak }
}
