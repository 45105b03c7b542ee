//! Owns achievements: their conditions, which ones a system has and since when, and the progress towards the rest.

mod firsts;
mod progress;

use super::assess::Assessment;
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::member::SystemId;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

pub(crate) use progress::{Measure, Progress};

use firsts::Firsts;

/// An achievement of a system, in the order shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Achievement {
    FirstSteps,
    FullCoverage,
    IronUptime,
    DiamondUptime,
    NinesClub,
    BudgetMiser,
    CleanSheet,
    CascadeBreaker,
    RapidRecovery,
}

/// Objectives required by `full_coverage`.
const COVERAGE_OBJECTIVES: usize = 3;
/// Consecutive days required by `iron_uptime`, `diamond_uptime` and `nines_club`.
const IRON_DAYS: u32 = 7;
const DIAMOND_DAYS: u32 = 30;
const NINES_DAYS: u32 = 365;
/// Availability required by `nines_club`, in hundredths of a percent.
const NINES_HUNDREDTHS: i64 = 9999;
/// Percent of the budget left for `budget_miser`.
const MISER_PERCENT: i64 = 90;
/// The longest outage for `rapid_recovery`, in milliseconds.
const RAPID_MS: i64 = 5 * crate::domain::value::instant::MINUTE_MS;

impl Achievement {
    pub(crate) const ALL: [Self; 9] = [
        Self::FirstSteps,
        Self::FullCoverage,
        Self::IronUptime,
        Self::DiamondUptime,
        Self::NinesClub,
        Self::BudgetMiser,
        Self::CleanSheet,
        Self::CascadeBreaker,
        Self::RapidRecovery,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::FirstSteps => "first_steps",
            Self::FullCoverage => "full_coverage",
            Self::IronUptime => "iron_uptime",
            Self::DiamondUptime => "diamond_uptime",
            Self::NinesClub => "nines_club",
            Self::BudgetMiser => "budget_miser",
            Self::CleanSheet => "clean_sheet",
            Self::CascadeBreaker => "cascade_breaker",
            Self::RapidRecovery => "rapid_recovery",
        }
    }

    /// Its condition, in a few words.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::FirstSteps => "one objective",
            Self::FullCoverage => "three objectives",
            Self::IronUptime => "a streak of 7 days",
            Self::DiamondUptime => "a streak of 30 days",
            Self::NinesClub => "99.99% available on a streak of 365 days",
            Self::BudgetMiser => "90% of the budget left after a full window",
            Self::CleanSheet => "a full window without downtime",
            Self::CascadeBreaker => "downtime, all of it from upstream",
            Self::RapidRecovery => "an outage that ended within 5 minutes",
        }
    }
}

/// An achievement of a system, and when it was first met.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unlocked {
    pub(crate) system: Name,
    pub(crate) achievement: Achievement,
    pub(crate) unlocked_at: Instant,
}

/// Sorts achievements by unlock time, latest first; ties: by system, then in the order shown.
pub(crate) fn newest_first(unlocked: &mut [Unlocked]) {
    unlocked.sort_by(|a, b| {
        b.unlocked_at.cmp(&a.unlocked_at).then_with(|| (&a.system, a.achievement).cmp(&(&b.system, b.achievement)))
    });
}

/// One objective's contribution to the achievements of its system.
#[derive(Debug)]
pub(crate) struct Contribution {
    /// The system's first transition.
    first: Option<Instant>,
    firsts: Firsts,
    progress: Vec<Progress>,
}

impl Contribution {
    /// Replays the history of an objective.
    pub(crate) fn draw<F, E>(assessment: &Assessment<'_>, chronicle: &mut Chronicle<F>) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let known = Self::unlocking(assessment, chronicle)?;
        let progress = progress::of_objective(assessment, &known.firsts, chronicle)?;
        Ok(Self { progress, ..known })
    }

    /// The same without progress, for callers that only need unlocked achievements.
    pub(crate) fn unlocking<F, E>(assessment: &Assessment<'_>, chronicle: &mut Chronicle<F>) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let firsts = Firsts::find(assessment, chronicle)?;
        Ok(Self { first: assessment.first, firsts, progress: Vec::new() })
    }
}

/// The achievements of one system as of an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    pub(crate) system: Name,
    /// Oldest first; of one instant in the order of [`Achievement::ALL`].
    pub(crate) unlocked: Vec<Unlocked>,
    /// One for each locked achievement, in the order of [`Achievement::ALL`].
    pub(crate) progress: Vec<Progress>,
}

impl Standing {
    /// Combines the objectives of a system: the earliest unlocks, and the closest one gives the progress.
    pub(crate) fn of(system: &Name, objectives: &[Contribution]) -> Self {
        let first = objectives.iter().find_map(|objective| objective.first);
        let counting = if first.is_some() { objectives.len() } else { 0 };
        let mut unlocked = Vec::new();
        let mut lacking = Vec::new();
        for achievement in Achievement::ALL {
            let needed = match achievement {
                Achievement::FirstSteps => Some(1),
                Achievement::FullCoverage => Some(COVERAGE_OBJECTIVES),
                _ => None,
            };
            let at = match needed {
                Some(needed) => first.filter(|_| counting >= needed),
                None => objectives.iter().filter_map(|objective| objective.firsts.at(achievement)).min(),
            };
            match (at, needed) {
                (Some(unlocked_at), _) => {
                    unlocked.push(Unlocked { system: system.clone(), achievement, unlocked_at });
                }
                (None, Some(needed)) => lacking.push(Progress {
                    achievement,
                    objective: None,
                    measure: Some(Measure::Objectives { have: counting, need: needed }),
                }),
                (None, None) => {
                    let all = objectives.iter().flat_map(|objective| &objective.progress);
                    let mine = all.filter(|progress| progress.achievement == achievement);
                    lacking.push(progress::nearest(mine).cloned().unwrap_or_else(|| Progress::none(achievement)));
                }
            }
        }
        unlocked.sort_by_key(|unlocked| (unlocked.unlocked_at, unlocked.achievement));
        Self { system: system.clone(), unlocked, progress: lacking }
    }

    /// The achievement closest to being unlocked, if any is measurable.
    pub(crate) fn next(&self) -> Option<&Progress> {
        progress::nearest(self.progress.iter().filter(|progress| progress.measure.is_some()))
    }
}
