//! Owns streaks: days in a row on which an objective kept its budget.

use super::day::{Ledger, Verdict};
use super::instant::{DAY_MS, Instant};

/// The streak of an objective after its last whole day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Streak {
    /// Days; 0 after a breach.
    pub(crate) current: u32,
    pub(crate) best: u32,
    /// The midnight whose snapshot began the current streak.
    pub(crate) start: Option<Instant>,
    /// The midnight whose snapshot ended the best streak; `None` while it lasts.
    pub(crate) best_end: Option<Instant>,
}

impl Streak {
    /// Replays the midnights of a ledger.
    pub(crate) fn replay(ledger: &Ledger) -> Self {
        let mut streak = Self::default();
        let mut midnight = ledger.start();
        for run in ledger.runs() {
            streak.advance(midnight, run.count, run.day.verdict);
            midnight = midnight.plus(i64::from(run.count) * DAY_MS);
        }
        streak
    }

    /// Takes in `count` days of one verdict; the first of them begins at `midnight`.
    pub(crate) fn advance(&mut self, midnight: Instant, count: u32, verdict: Verdict) {
        let first_snapshot = midnight.plus(DAY_MS);
        match verdict {
            Verdict::Held => {}
            Verdict::Kept => {
                self.start = self.start.or(Some(first_snapshot));
                self.current += count;
                if self.current > self.best {
                    self.best = self.current;
                    self.best_end = None;
                }
            }
            Verdict::Broken => {
                if self.current > 0 && self.current >= self.best {
                    self.best_end = Some(first_snapshot);
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
    use super::super::tally::Tally;
    use super::*;

    fn replay(runs: &[(u32, Verdict)]) -> Streak {
        let mut ledger = Ledger::new(Instant::from_millis(0));
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
        assert_eq!(streak, Streak { current: 6, best: 6, start: Some(midnight(1)), best_end: None });
        let streak = replay(&[(5, Verdict::Kept), (3, Verdict::Broken), (2, Verdict::Kept)]);
        assert_eq!(streak, Streak { current: 2, best: 5, start: Some(midnight(9)), best_end: Some(midnight(6)) });
        let streak = replay(&[(2, Verdict::Kept), (1, Verdict::Broken), (2, Verdict::Kept), (1, Verdict::Broken)]);
        assert_eq!(streak, Streak { current: 0, best: 2, start: None, best_end: Some(midnight(6)) });
        let streak = replay(&[(2, Verdict::Kept), (1, Verdict::Broken), (3, Verdict::Kept)]);
        assert_eq!(streak, Streak { current: 3, best: 3, start: Some(midnight(4)), best_end: None });
    }
}
