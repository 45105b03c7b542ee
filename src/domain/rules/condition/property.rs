//! Owns the catalog of properties that conditions use: name, owner, type, unit, and when it is null.

use super::Property;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::budget::balance::{BudgetTier, LOOKBACKS, State};
use crate::domain::health::transition::Status;
use crate::domain::value::wording::or_list;

/// The kind of object that has a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    Objective,
    System,
}

/// The type of a property's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Number(Unit),
    /// Milliseconds; compared with durations only.
    Duration,
    Boolean,
    Text(Vocabulary),
}

/// The unit of a number. A plain number compared with it has the same unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unit {
    Percent,
    /// A duration, also compared with durations.
    Minutes,
    /// A duration, also compared with durations.
    Seconds,
    Days,
    /// Burn rates: 1 spends exactly the budget.
    Rate,
    Count,
}

/// The texts a property can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Vocabulary {
    States,
    Tiers,
    Exclusions,
    Statuses,
    /// Names of objects and checks.
    Names,
}

/// The catalog entry of a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// Its name in JSON.
    pub(crate) name: &'static str,
    pub(crate) owner: Owner,
    pub(crate) shape: Shape,
    /// Empty: never.
    pub(crate) null_when: &'static str,
    pub(crate) meaning: &'static str,
}

const MINUTES: Shape = Shape::Number(Unit::Minutes);
const PERCENT: Shape = Shape::Number(Unit::Percent);
const RATE: Shape = Shape::Number(Unit::Rate);
const DAYS: Shape = Shape::Number(Unit::Days);
const COUNT: Shape = Shape::Number(Unit::Count);
const NAME: Shape = Shape::Text(Vocabulary::Names);
const NOTHING_COUNTS: &str = "no time in the window counts";
const NO_BUDGET: &str = "something was consumed and the target or the window leaves no budget";
const AGE: Shape = Shape::Number(Unit::Seconds);
const NO_REPORT: &str = "nothing has been reported for the system yet";
const NO_FACT: &str = "nothing has been reported for the objective yet";

/// The names and meanings of burn rates over lookbacks, in the order of [`LOOKBACKS`].
const RATES: [(&str, &str); LOOKBACKS.len()] = [
    ("burnRates.5m", "the same over the last 5 minutes"),
    ("burnRates.30m", "the same over the last 30 minutes"),
    ("burnRates.1h", "the same over the last hour"),
    ("burnRates.2h", "the same over the last 2 hours"),
    ("burnRates.6h", "the same over the last 6 hours"),
    ("burnRates.1d", "the same over the last day"),
    ("burnRates.3d", "the same over the last 3 days"),
];

impl Property {
    /// Every property, in the order of documents and errors.
    pub(crate) const ALL: [Self; 46] = [
        Self::RemainingPercent,
        Self::TotalMinutes,
        Self::ConsumedMinutes,
        Self::ConsumedStrictMinutes,
        Self::RemainingMinutes,
        Self::OverspentMinutes,
        Self::CurrentAvailability,
        Self::StrictAvailability,
        Self::ExcludedMinutes,
        Self::TooShortMinutes,
        Self::NotCountedMinutes,
        Self::CorrectedMinutes,
        Self::CoveragePercent,
        Self::BurnRate,
        Self::BurnRateOver(0),
        Self::BurnRateOver(1),
        Self::BurnRateOver(2),
        Self::BurnRateOver(3),
        Self::BurnRateOver(4),
        Self::BurnRateOver(5),
        Self::BurnRateOver(6),
        Self::CurrentStreak,
        Self::BestStreak,
        Self::LostStreak,
        Self::Target,
        Self::WindowDays,
        Self::DataAgeSeconds,
        Self::IsBreaching,
        Self::HasOpenDowntime,
        Self::DownFor,
        Self::StatusKnown,
        Self::FastBurn,
        Self::State,
        Self::BudgetTier,
        Self::ObjectiveId,
        Self::SystemId,
        Self::Healthcheck,
        Self::DependencyExclusion,
        Self::Status,
        Self::InStatusFor,
        Self::InStatusForSeconds,
        Self::HealthyChecks,
        Self::TotalChecks,
        Self::TransitionsInWindow,
        Self::SystemDataAgeSeconds,
        Self::InMaintenance,
    ];

    /// Its catalog entry.
    #[expect(clippy::too_many_lines, reason = "a table reads best as one")]
    pub(crate) fn entry(self) -> Entry {
        let (owner, name, shape, null_when, meaning) = match self {
            Self::RemainingPercent => {
                (Owner::Objective, "budgetRemainingPercent", PERCENT, "", "what is left of the error budget")
            }
            Self::TotalMinutes => (Owner::Objective, "errorBudgetTotalMinutes", MINUTES, "", "the error budget"),
            Self::ConsumedMinutes => {
                (Owner::Objective, "errorBudgetConsumedMinutes", MINUTES, "", "downtime that spends the budget")
            }
            Self::ConsumedStrictMinutes => {
                (Owner::Objective, "errorBudgetConsumedStrictMinutes", MINUTES, "", "all downtime, whatever caused it")
            }
            Self::RemainingMinutes => {
                (Owner::Objective, "errorBudgetRemainingMinutes", MINUTES, "", "what is left of the error budget")
            }
            Self::OverspentMinutes => {
                (Owner::Objective, "errorBudgetOverspentMinutes", MINUTES, "", "consumption beyond the budget")
            }
            Self::CurrentAvailability => (
                Owner::Objective,
                "currentAvailability",
                PERCENT,
                NOTHING_COUNTS,
                "the share of time without downtime that spends the budget",
            ),
            Self::StrictAvailability => {
                (Owner::Objective, "strictAvailability", PERCENT, NOTHING_COUNTS, "the share of time without downtime")
            }
            Self::ExcludedMinutes => {
                (Owner::Objective, "excludedMinutes", MINUTES, "", "downtime that maintenance excuses")
            }
            Self::TooShortMinutes => {
                (Owner::Objective, "tooShortMinutes", MINUTES, "", "downtime of outages shorter than minimumOutage")
            }
            Self::NotCountedMinutes => {
                (Owner::Objective, "notCountedMinutes", MINUTES, "", "time taken out of the window's length")
            }
            Self::CorrectedMinutes => {
                (Owner::Objective, "correctedMinutes", MINUTES, "", "time of the window that is under a correction")
            }
            Self::CoveragePercent => (
                Owner::Objective,
                "coveragePercent",
                PERCENT,
                "none of the window has elapsed",
                "the share of the elapsed window in which the status was known",
            ),
            Self::BurnRate => (
                Owner::Objective,
                "burnRate",
                RATE,
                NO_BUDGET,
                "consumption relative to spending the budget evenly, over the window",
            ),
            Self::CurrentStreak => {
                (Owner::Objective, "currentStreak", DAYS, "", "days in a row without breaching, up to now")
            }
            Self::BestStreak => (Owner::Objective, "bestStreak", DAYS, "", "the longest streak"),
            Self::LostStreak => {
                (Owner::Objective, "lostStreak", DAYS, "", "length of the streak that ended last; 0 if none has ended")
            }
            Self::Target => (Owner::Objective, "target", PERCENT, "", "the target"),
            Self::WindowDays => (
                Owner::Objective,
                "windowDays",
                DAYS,
                "the window is a calendar period",
                "the length of a rolling window",
            ),
            Self::DataAgeSeconds => (Owner::Objective, "dataAgeSeconds", AGE, NO_FACT, "the age of its newest fact"),
            Self::StatusKnown => (
                Owner::Objective,
                "statusKnown",
                Shape::Boolean,
                "",
                "the status of what the objective measures is known",
            ),
            Self::IsBreaching => {
                (Owner::Objective, "isBreaching", Shape::Boolean, "", "more is consumed than the budget")
            }
            Self::HasOpenDowntime => {
                (Owner::Objective, "hasOpenDowntime", Shape::Boolean, "", "downtime that spends the budget is ongoing")
            }
            Self::DownFor => (
                Owner::Objective,
                "downFor",
                Shape::Duration,
                "it is not down, or its downtime spends no budget",
                "how long the current outage has lasted",
            ),
            Self::FastBurn => {
                (Owner::Objective, "fastBurn", Shape::Boolean, "", "burnRates.1h is at or over fastBurnMultiplier")
            }
            Self::State => {
                (Owner::Objective, "state", Shape::Text(Vocabulary::States), "", "the state of the objective")
            }
            Self::BudgetTier => (
                Owner::Objective,
                "budgetTier",
                Shape::Text(Vocabulary::Tiers),
                "",
                "how much of the budget is consumed",
            ),
            Self::ObjectiveId => (Owner::Objective, "objectiveId", NAME, "", "the objective's name"),
            Self::SystemId => (Owner::Objective, "systemId", NAME, "", "the name of its system"),
            Self::Healthcheck => (
                Owner::Objective,
                "healthcheck",
                NAME,
                "it measures the whole system",
                "the check that the objective measures",
            ),
            Self::DependencyExclusion => (
                Owner::Objective,
                "dependencyExclusion",
                Shape::Text(Vocabulary::Exclusions),
                "",
                "whether upstreams excuse downtime",
            ),
            Self::Status => (Owner::System, "status", Shape::Text(Vocabulary::Statuses), "", "the effective status"),
            Self::InStatusFor => {
                (Owner::System, "inStatusFor", Shape::Duration, NO_REPORT, "how long the status has lasted")
            }
            Self::InStatusForSeconds => {
                (Owner::System, "inStatusForSeconds", Shape::Number(Unit::Seconds), NO_REPORT, "the same in seconds")
            }
            Self::HealthyChecks => (Owner::System, "healthyChecks", COUNT, "", "checks that are healthy"),
            Self::TotalChecks => (Owner::System, "totalChecks", COUNT, "", "checks that have reported, or members"),
            Self::TransitionsInWindow => {
                (Owner::System, "transitionsInWindow", COUNT, "", "changes of the status within the last 60 minutes")
            }
            Self::SystemDataAgeSeconds => {
                (Owner::System, "dataAgeSeconds", AGE, NO_REPORT, "the age of its newest fact")
            }
            Self::InMaintenance => (Owner::System, "inMaintenance", Shape::Boolean, "", "maintenance is in progress"),
            Self::BurnRateOver(lookback) => (Owner::Objective, RATES[lookback].0, RATE, NO_BUDGET, RATES[lookback].1),
        };
        Entry { name, owner, shape, null_when, meaning }
    }

    pub(crate) fn name(self) -> &'static str {
        self.entry().name
    }

    pub(crate) fn shape(self) -> Shape {
        self.entry().shape
    }

    /// The texts it can have; empty if it is not a text, or any name.
    pub(crate) fn words(self) -> Vec<&'static str> {
        if let Shape::Text(vocabulary) = self.shape() { vocabulary.words().unwrap_or_default() } else { Vec::new() }
    }

    /// The properties of an objective or of a system.
    pub(crate) fn of(owner: Owner) -> impl Iterator<Item = Self> + Clone {
        Self::ALL.into_iter().filter(move |property| property.entry().owner == owner)
    }

    /// Finds a property of an objective or of a system by its name.
    pub(crate) fn find(owner: Owner, name: &str) -> Option<Self> {
        Self::of(owner).find(|property| property.name() == name)
    }
}

impl Owner {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Objective => "objective",
            Self::System => "system",
        }
    }
}

impl Shape {
    /// Whether values of both can be compared.
    pub(crate) fn compares_with(self, other: Self) -> bool {
        self == other || (self.is_length_of_time() && other.is_length_of_time())
    }

    /// Whether it may be compared with a duration such as `10m`.
    pub(crate) const fn is_length_of_time(self) -> bool {
        matches!(self, Self::Duration | Self::Number(Unit::Minutes | Unit::Seconds))
    }

    /// What a property of this shape is, for a sentence: `is a percentage`.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Number(Unit::Percent) => "a percentage",
            Self::Number(Unit::Minutes) => "a number of minutes",
            Self::Number(Unit::Seconds) => "a number of seconds",
            Self::Number(Unit::Days) => "a number of days",
            Self::Number(Unit::Rate) => "a burn rate, which is a plain number",
            Self::Number(Unit::Count) => "a count",
            Self::Duration => "a duration",
            Self::Boolean => "true or false",
            Self::Text(_) => "a string",
        }
    }

    /// The type as one word.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Number(_) => "number",
            Self::Duration => "duration",
            Self::Boolean => "boolean",
            Self::Text(_) => "text",
        }
    }

    /// The unit of numbers, or the values of texts.
    pub(crate) fn values(self) -> String {
        match self {
            Self::Number(Unit::Percent) => "percent".to_owned(),
            Self::Number(Unit::Minutes) => "minutes".to_owned(),
            Self::Number(Unit::Seconds) => "seconds".to_owned(),
            Self::Number(Unit::Days) => "days".to_owned(),
            Self::Number(Unit::Rate) => "times the even pace".to_owned(),
            Self::Number(Unit::Count) => "count".to_owned(),
            Self::Duration => "such as 10m".to_owned(),
            Self::Boolean => or_list(["true", "false"]),
            Self::Text(vocabulary) => vocabulary.words().map_or("a name".to_owned(), or_list),
        }
    }
}

impl Vocabulary {
    /// All possible texts; `None` if any name is possible.
    pub(crate) fn words(self) -> Option<Vec<&'static str>> {
        match self {
            Self::States => Some(State::ALL.map(State::as_str).to_vec()),
            Self::Tiers => Some(BudgetTier::ALL.map(BudgetTier::as_str).to_vec()),
            Self::Exclusions => Some(DependencyExclusion::ALL.map(DependencyExclusion::as_str).to_vec()),
            Self::Statuses => Some(Status::ALL.map(Status::as_str).to_vec()),
            Self::Names => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_leads_back_to_its_property() {
        for property in Property::ALL {
            let entry = property.entry();
            assert_eq!(Property::find(entry.owner, entry.name), Some(property), "{}", entry.name);
        }
        let names: BTreeSet<_> =
            Property::ALL.iter().map(|property| (property.entry().owner as u8, property.name())).collect();
        assert_eq!(names.len(), Property::ALL.len());
    }

    #[test]
    fn burn_rates_are_named_after_their_lookbacks() {
        for (index, (lookback, _)) in LOOKBACKS.iter().enumerate() {
            assert_eq!(Property::BurnRateOver(index).name(), format!("burnRates.{lookback}"));
        }
    }
}
