//! Owns progress: how close an objective is to an achievement, in exact milliseconds and shares.

use std::cmp::Ordering;

use super::firsts::{Firsts, has_nines};
use super::{Achievement, DIAMOND_DAYS, IRON_DAYS, MISER_PERCENT, NINES_DAYS, NINES_HUNDREDTHS};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::Piece;
use crate::domain::account::member::SystemId;
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::balance::Budget;
use crate::domain::budget::streak::Streak;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::domain::value::window::Window;

/// The progress of a system towards a locked achievement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Progress {
    pub(crate) achievement: Achievement,
    /// The objective closest to it; `None` if the number of objectives counts, or nothing is measurable.
    pub(crate) objective: Option<Name>,
    /// `None` if it cannot be worked towards, or no objective could.
    pub(crate) measure: Option<Measure>,
}

impl Progress {
    /// No measurable progress.
    pub(super) fn none(achievement: Achievement) -> Self {
        Self { achievement, objective: None, measure: None }
    }
}

/// How much there is, and how much is required.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Measure {
    Objectives {
        have: usize,
        need: usize,
    },
    /// Time, in milliseconds.
    Time {
        have_ms: i64,
        need_ms: i64,
    },
    /// A share of a nonzero total; the required one in hundredths of a percent.
    Share {
        part: i128,
        whole: i128,
        need_hundredths: i64,
    },
}

impl Measure {
    /// Progress as a fraction of the requirement; the denominator is positive.
    fn fraction(self) -> (i128, i128) {
        match self {
            Self::Objectives { have, need } => (have as i128, need as i128),
            Self::Time { have_ms, need_ms } => (i128::from(have_ms), i128::from(need_ms)),
            Self::Share { part, whole, need_hundredths } => (part * 10_000, whole * i128::from(need_hundredths)),
        }
    }
}

/// Compares two non-negative fractions without overflow: integer parts first, then the inverses of the remainders.
fn compare((a, b): (i128, i128), (c, d): (i128, i128)) -> Ordering {
    (a / b).cmp(&(c / d)).then_with(|| match (a % b, c % d) {
        (0, 0) => Ordering::Equal,
        (0, _) => Ordering::Less,
        (_, 0) => Ordering::Greater,
        (mine, theirs) => compare((d, theirs), (b, mine)),
    })
}

/// The one with the largest fraction; ties: the first.
pub(super) fn nearest<'p>(all: impl Iterator<Item = &'p Progress>) -> Option<&'p Progress> {
    let fraction = |progress: &Progress| progress.measure.map_or((0, 1), Measure::fraction);
    all.reduce(|best, other| if compare(fraction(other), fraction(best)).is_gt() { other } else { best })
}

/// The progress of an objective towards each achievement it lacks.
pub(super) fn of_objective<F, E>(
    assessment: &Assessment<'_>,
    firsts: &Firsts,
    chronicle: &mut Chronicle<F>,
) -> Result<Vec<Progress>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let objective = &assessment.model.objective;
    let streak = Streak::replay(&assessment.ledger);
    let days = |need: u32| Measure::Time {
        have_ms: i64::from(streak.current.min(need)) * DAY_MS,
        need_ms: i64::from(need) * DAY_MS,
    };
    let window = objective.window.bounds(assessment.as_of);
    let elapsed = Span::new(window.start, assessment.as_of);
    let tally = assessment.tally(elapsed, chronicle)?;
    let exclusion = objective.dependency_exclusion;
    let budget = Budget { target: objective.target, exclusion, window, elapsed, tally };
    let mut found = Vec::new();
    for achievement in Achievement::ALL {
        if firsts.at(achievement).is_some() {
            continue;
        }
        let measure = match achievement {
            Achievement::IronUptime => days(IRON_DAYS),
            Achievement::DiamondUptime => days(DIAMOND_DAYS),
            // The streak is missing or, if it is long enough, the availability.
            Achievement::NinesClub if streak.current >= NINES_DAYS && !has_nines(&budget) => availability(&budget),
            Achievement::NinesClub => days(NINES_DAYS),
            Achievement::BudgetMiser => match left(&budget) {
                Some(share) => share,
                None => Measure::Time { have_ms: full_so_far(assessment, window), need_ms: window.millis() },
            },
            Achievement::CleanSheet => {
                let since = last_downtime(assessment, window, chronicle)?;
                let have_ms = since.map_or_else(|| full_so_far(assessment, window), |at| assessment.as_of.since(at));
                let calendar = matches!(objective.window, Window::Calendar { .. });
                let have_ms = if calendar && since.is_some() { 0 } else { have_ms };
                Measure::Time { have_ms, need_ms: window.millis() }
            }
            Achievement::FirstSteps
            | Achievement::FullCoverage
            | Achievement::CascadeBreaker
            | Achievement::RapidRecovery => continue,
        };
        let name = objective.metadata.name.clone();
        found.push(Progress { achievement, objective: Some(name), measure: Some(measure) });
    }
    Ok(found)
}

fn availability(budget: &Budget) -> Measure {
    let (part, whole) = budget.available(budget.consumed_us());
    let (part, whole) = if whole > 0 { (part, whole) } else { (0, 1) };
    Measure::Share { part, whole, need_hundredths: NINES_HUNDREDTHS }
}

/// The remaining budget, if it is too little for `budget_miser`.
fn left(budget: &Budget) -> Option<Measure> {
    let (part, whole) = (budget.remaining(), budget.total());
    if budget.consumed_us() == 0 || part * 100 >= whole * i128::from(MISER_PERCENT) && whole > 0 {
        return None;
    }
    let (part, whole) = if whole > 0 { (part, whole) } else { (0, 1) };
    Some(Measure::Share { part, whole, need_hundredths: MISER_PERCENT * 100 })
}

/// How much of a full window since the first transition has passed: nothing of a calendar period that began before it.
fn full_so_far(assessment: &Assessment<'_>, window: Span) -> i64 {
    let Some(begin) = assessment.first else { return 0 };
    let has_begun = match assessment.model.objective.window {
        Window::Rolling { .. } => true,
        Window::Calendar { .. } => begin <= window.start,
    };
    if has_begun { assessment.as_of.since(begin.max(window.start)) } else { 0 }
}

/// When the last downtime of the window ended; `None` without downtime.
fn last_downtime<F, E>(
    assessment: &Assessment<'_>,
    window: Span,
    chronicle: &mut Chronicle<F>,
) -> Result<Option<Instant>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let ledger = &assessment.ledger;
    let mut last_end = |span: Span| -> Result<Option<Instant>, E> {
        let pieces = chronicle.pieces(assessment.model, span)?;
        let charged = |piece: &&Piece| piece.charge_as_of(assessment.as_of).is_some();
        Ok(pieces.iter().rev().find(charged).map(|piece| piece.span.end))
    };
    let after = Span::new(ledger.end().max(window.start), assessment.as_of);
    if let Some(at) = last_end(after)? {
        return Ok(Some(at));
    }
    let (calendar, mut next) = (ledger.calendar(), ledger.next());
    for run in ledger.runs().iter().rev() {
        let end = calendar.start(next);
        if end <= window.start {
            return Ok(None);
        }
        if run.day.tally.strict_us() > 0 {
            return last_end(Span::new(calendar.start(next.plus(-1)).max(window.start), end));
        }
        next = next.plus(-i64::from(run.count));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_compare_exactly() {
        assert_eq!(compare((1, 3), (2, 6)), Ordering::Equal);
        assert_eq!(compare((1, 3), (333, 1000)), Ordering::Greater);
        assert_eq!(compare((7, 2), (11, 3)), Ordering::Less);
        assert_eq!(compare((0, 5), (1, i128::MAX)), Ordering::Less);
        assert_eq!(compare((i128::MAX - 1, i128::MAX), (i128::MAX - 2, i128::MAX - 1)), Ordering::Greater);
    }
}
