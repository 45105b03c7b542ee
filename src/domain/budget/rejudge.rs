//! Owns closing known days under another window: the tally of a day does not depend on the window, its verdict does.

use super::assess::Spent;
use super::day::{Day, Ledger, Run, Verdict};
use crate::domain::account::chronicle::{Chronicle, pieces_before_first};
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::account::tally::tally;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::domain::value::window::Window;

/// The days of a ledger with the verdicts of a model. Its window is a calendar period in the zone of these days, and
/// its accounts need no hindsight.
pub(crate) fn rejudged<F, E>(model: &Model, ledger: &Ledger, chronicle: &mut Chronicle<F>) -> Result<Ledger, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let (calendar, objective) = (ledger.calendar(), &model.objective);
    let mut judge = Judge::new(model, ledger.start());
    let mut judged = Ledger::new(calendar, ledger.first());
    for (first, run) in ledger.dated_runs() {
        let after = first.plus(run.count.into());
        // A verdict of breach does not say whether the objective was down then.
        let span = Span::new(calendar.start(first), calendar.start(after).plus(1));
        let pieces = if run.day.verdict == Verdict::Broken { chronicle.pieces(model, span)? } else { Vec::new() };
        let spent = Spent::of(&run.day.tally, objective.dependency_exclusion);
        let mut date = first;
        while date < after {
            let bounds = judge.turn_to(calendar.start(date));
            // Days that consume nothing close alike until the end of the period, unless each must be examined.
            let many = spent == Spent::default() && run.day.verdict != Verdict::Broken;
            let next = if many { calendar.date(bounds.end).min(after) } else { date.next() };
            let verdict = judge.verdict(spent, run.day.verdict, || is_down(model, &pieces, calendar.start(next)));
            let day = Day { tally: run.day.tally.clone(), verdict };
            judged.push_run(Run { count: next.since(date) as u32, day });
            date = next;
        }
    }
    Ok(judged)
}

/// Whether an objective spends its budget at an instant.
fn is_down(model: &Model, pieces: &[Piece], at: Instant) -> bool {
    let piece = pieces.get(pieces.partition_point(|piece| piece.span.end <= at));
    piece.is_some_and(|piece| piece.consumes(model.objective.dependency_exclusion, at))
}

/// The budget spent in a period up to a midnight.
struct Judge<'m> {
    model: &'m Model,
    period: Span,
    spent: Spent,
}

impl<'m> Judge<'m> {
    /// Starts at the first known day.
    fn new(model: &'m Model, first: Instant) -> Self {
        let period = model.objective.window.bounds(first);
        let before = Span::new(period.start, first);
        let sum = tally(&pieces_before_first(model, before), before, first);
        Self { model, period, spent: Spent::of(&sum, model.objective.dependency_exclusion) }
    }

    /// The period of a day that begins then.
    fn turn_to(&mut self, day: Instant) -> Span {
        let window: Window = self.model.objective.window;
        if self.period.end <= day {
            self.period = window.bounds(day);
            self.spent = Spent::default();
        }
        self.period
    }

    /// The verdict of a day with these sums.
    fn verdict(&mut self, held: Spent, known: Verdict, is_down: impl FnOnce() -> bool) -> Verdict {
        self.spent = self.spent.plus(held);
        match known {
            Verdict::Skipped => Verdict::Skipped,
            _ if self.spent.breaches(self.model.objective.target, self.period.millis()) => Verdict::Broken,
            Verdict::Broken if is_down() => Verdict::Held,
            Verdict::Broken => Verdict::Kept,
            known => known,
        }
    }
}
