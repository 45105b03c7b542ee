//! Owns streaks: consecutive days closed without a breach.

use super::assess::Assessment;
use super::day::{Ledger, Verdict};
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// The streak of an objective after its last complete day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Streak {
    /// Days; 0 after a breach.
    pub(crate) current: u32,
    pub(crate) best: u32,
    /// Days of the streak that ended last; 0 if none has ended.
    pub(crate) lost: u32,
    /// The midnight whose snapshot began the current streak.
    pub(crate) start: Option<Instant>,
    /// The midnight whose snapshot ended the best streak; `None` while it is ongoing.
    pub(crate) best_end: Option<Instant>,
}

/// A streak and its objective.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StreakReport {
    pub(crate) objective: Name,
    pub(crate) system: Name,
    pub(crate) calendar: Calendar,
    pub(crate) streak: Streak,
}

impl StreakReport {
    pub(crate) fn draw(assessment: &Assessment<'_>) -> Self {
        let (model, ledger) = (assessment.model, &assessment.ledger);
        let (objective, system) = (model.objective.metadata.name.clone(), model.system.name.clone());
        Self { objective, system, calendar: ledger.calendar(), streak: Streak::replay(ledger) }
    }
}

impl Streak {
    /// Replays the days of a ledger.
    pub(crate) fn replay(ledger: &Ledger) -> Self {
        let mut streak = Self::default();
        for (date, run) in ledger.dated_runs() {
            streak.advance(run.count, run.day.verdict, || ledger.calendar().start(date.next()));
        }
        streak
    }

    /// Adds `count` days of one verdict; the first of them ends at the midnight `close`.
    pub(crate) fn advance(&mut self, count: u32, verdict: Verdict, close: impl FnOnce() -> Instant) {
        match verdict {
            Verdict::Held | Verdict::Skipped => {}
            Verdict::Kept => {
                self.start = self.start.or_else(|| Some(close()));
                self.current += count;
                // Only a longer streak becomes the best one.
                if self.current > self.best {
                    self.best = self.current;
                    self.best_end = None;
                }
            }
            Verdict::Broken => {
                if self.current > 0 {
                    // A best streak without an end is the current one.
                    self.best_end = self.best_end.or_else(|| Some(close()));
                    self.lost = self.current;
                }
                self.current = 0;
                self.start = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::day::{Day, Run};
    use super::*;
    use crate::domain::account::tally::Tally;
    use crate::domain::value::calendar::{Calendar, Date};
    use crate::domain::value::instant::DAY_MS;

    fn replay(runs: &[(u32, Verdict)]) -> Streak {
        let mut ledger = Ledger::new(Calendar::UTC, Date::from_number(0));
        for (count, verdict) in runs {
            ledger.push_run(Run { count: *count, day: Day { tally: Tally::default(), verdict: *verdict } });
        }
        Streak::replay(&ledger)
    }

    fn midnight(days: i64) -> Instant {
        Instant::from_millis(days * DAY_MS)
    }

    #[test]
    fn a_breach_ends_a_streak_and_an_open_outage_only_holds_it() {
        let streak = replay(&[(5, Verdict::Kept), (2, Verdict::Held), (1, Verdict::Kept)]);
        let expected = Streak { current: 6, best: 6, lost: 0, start: Some(midnight(1)), best_end: None };
        assert_eq!(streak, expected);
        let streak = replay(&[(5, Verdict::Kept), (3, Verdict::Broken), (2, Verdict::Kept)]);
        let (start, best_end) = (Some(midnight(9)), Some(midnight(6)));
        assert_eq!(streak, Streak { current: 2, best: 5, lost: 5, start, best_end });
        let streak = replay(&[(2, Verdict::Kept), (1, Verdict::Broken), (3, Verdict::Kept)]);
        let expected = Streak { current: 3, best: 3, lost: 2, start: Some(midnight(4)), best_end: None };
        assert_eq!(streak, expected);
    }

    #[test]
    fn only_a_longer_streak_replaces_the_best() {
        // Two streaks of two days: the earlier is the best, during the later one and after it.
        let (kept, broken) = (Verdict::Kept, Verdict::Broken);
        let best_end = Some(midnight(3));
        let runs = [(2, kept), (1, broken), (2, kept), (1, broken), (1, kept), (1, broken)];
        let streak = replay(&runs[..3]);
        assert_eq!(streak, Streak { current: 2, best: 2, lost: 2, start: Some(midnight(4)), best_end });
        assert_eq!(replay(&runs[..4]), Streak { current: 0, best: 2, lost: 2, start: None, best_end });
        assert_eq!(replay(&runs), Streak { current: 0, best: 2, lost: 1, start: None, best_end });
    }

    #[test]
    fn a_date_that_the_zone_skips_changes_nothing() {
        let streak = replay(&[(2, Verdict::Kept), (1, Verdict::Skipped), (2, Verdict::Kept)]);
        assert_eq!((streak.current, streak.start), (4, Some(midnight(1))));
    }
}
