//! Owns the possible values of a field, given what is known of its objective.

use super::property::{Shape, Unit};
use super::{Field, Operand, Property, Relation, Subject};
use crate::domain::account::objective::{NotCounted, Objective};
use crate::domain::account::weights::FULL;
use crate::domain::value::calendar::CalendarUnit;
use crate::domain::value::decimal::SCALE;
use crate::domain::value::duration::LONGEST_MS;
use crate::domain::value::instant::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::domain::value::target::WHOLE;
use crate::domain::value::window::Window;

/// Numbers from `low` up to `high`, if it has an end; bounds are included unless marked open. The unit is a millionth
/// of the field's; for durations a millionth of a millisecond.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Range {
    pub(super) low: Option<i128>,
    pub(super) low_open: bool,
    pub(super) high: Option<i128>,
    pub(super) high_open: bool,
}

/// The possible values of a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Values {
    pub(super) what: Kind,
    /// Whether it can also be null.
    pub(super) nullable: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Number(Range),
    /// Whether it can be false, and true.
    Boolean {
        can_be_false: bool,
        can_be_true: bool,
    },
    /// One of these; `None`: any name.
    Text(Option<Vec<String>>),
}

impl Range {
    pub(super) const fn closed(low: i128, high: i128) -> Self {
        Self { low: Some(low), low_open: false, high: Some(high), high_open: false }
    }

    const fn from(low: i128) -> Self {
        Self { low: Some(low), low_open: false, high: None, high_open: false }
    }

    /// The numbers in this relation to a value. For `!=` all of them, which is one too many.
    pub(super) const fn of(relation: Relation, value: i128) -> Self {
        let all = Self { low: None, low_open: false, high: None, high_open: false };
        match relation {
            Relation::Less => Self { high: Some(value), high_open: true, ..all },
            Relation::LessOrEqual => Self { high: Some(value), ..all },
            Relation::Equal => Self::closed(value, value),
            Relation::NotEqual => all,
            Relation::GreaterOrEqual => Self { low: Some(value), ..all },
            Relation::Greater => Self { low: Some(value), low_open: true, ..all },
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        // The bound that excludes more wins; of equal ones, the open one.
        let (low, low_open) = match (self.low, other.low) {
            (Some(a), Some(b)) => {
                let (low, open) = (a, self.low_open).max((b, other.low_open));
                (Some(low), open)
            }
            (Some(a), None) => (Some(a), self.low_open),
            (None, b) => (b, other.low_open),
        };
        let (high, high_open) = match (self.high, other.high) {
            (Some(a), Some(b)) => {
                let (high, closed) = (a, !self.high_open).min((b, !other.high_open));
                (Some(high), !closed)
            }
            (Some(a), None) => (Some(a), self.high_open),
            (None, b) => (b, other.high_open),
        };
        Self { low, low_open, high, high_open }
    }

    pub(super) fn is_empty(self) -> bool {
        match (self.low, self.high) {
            (Some(low), Some(high)) => low > high || (low == high && (self.low_open || self.high_open)),
            _ => false,
        }
    }
}

/// A number or a duration in the unit of [`Range`], compared with a field of this shape.
pub(super) fn scaled(shape: Shape, operand: &Operand) -> Option<i128> {
    match operand {
        Operand::Number { negative, magnitude } => {
            let value = i128::from(magnitude.millionths()) * unit(shape);
            Some(if *negative { -value } else { value })
        }
        Operand::Duration(millis) => Some(i128::from(*millis) * i128::from(SCALE)),
        Operand::Field(_) | Operand::Text(_) | Operand::Boolean(_) => None,
    }
}

/// The unit of a plain number compared with a field: milliseconds for a duration, else one.
pub(super) const fn unit(shape: Shape) -> i128 {
    match shape {
        Shape::Number(Unit::Minutes) => MINUTE_MS as i128,
        Shape::Number(Unit::Seconds) => 1000,
        _ => 1,
    }
}

/// The possible values of a field; `objective` is its own objective, if known.
pub(super) fn values(field: &Field, objective: Option<&Objective>) -> Values {
    let objective = objective.filter(|_| field.subject == Subject::This);
    let whole = |number: i64| i128::from(number) * i128::from(SCALE);
    let number = |range: Range, nullable: bool| Values { what: Kind::Number(range), nullable };
    let percent = Range::closed(0, whole(100));
    // The counted time of a rolling window that leaves nothing out is never zero.
    let always_counts = objective.is_some_and(|objective| {
        let rolling = matches!(objective.window, Window::Rolling { .. });
        rolling && objective.schedule.is_always() && objective.not_counted == NotCounted::default()
    });
    let length = whole(objective.map_or(LONGEST_MS, |objective| longest_millis(objective.window)));
    let share = objective.map(|objective| i128::from(objective.target.error_share()));
    let budget = share.map_or(length, |share| (length * share).div_euclid(i128::from(WHOLE)) + 1);
    match field.property {
        Property::TotalMinutes | Property::RemainingMinutes => number(Range::closed(0, budget), false),
        Property::ConsumedStrictMinutes
        | Property::ConsumedMinutes
        | Property::OverspentMinutes
        | Property::ExcludedMinutes
        | Property::NotCountedMinutes
        | Property::CorrectedMinutes => number(Range::closed(0, length), false),
        Property::TooShortMinutes => {
            let ever = objective.is_none_or(|objective| objective.minimum_outage_ms > 0);
            number(Range::closed(0, if ever { length } else { 0 }), false)
        }
        Property::RemainingPercent => number(percent, false),
        Property::CurrentAvailability | Property::StrictAvailability | Property::CoveragePercent => {
            number(percent, !always_counts)
        }
        Property::BurnRate => {
            number(Range::closed(0, fastest(objective)), share.is_none_or(|share| share == 0) || !always_counts)
        }
        Property::BurnRateOver(_) => number(Range::closed(0, fastest(objective)), share.is_none_or(|share| share == 0)),
        Property::CurrentStreak
        | Property::BestStreak
        | Property::LostStreak
        | Property::HealthyChecks
        | Property::TotalChecks
        | Property::TransitionsInWindow => number(Range::from(0), false),
        Property::Target => {
            let target = objective.map(|objective| i128::from(objective.target.percent().millionths()));
            number(target.map_or(Range::closed(1, whole(100)), |target| Range::closed(target, target)), false)
        }
        Property::WindowDays => match objective.map(|objective| objective.window) {
            Some(Window::Rolling { days, .. }) => number(Range::closed(whole(days.into()), whole(days.into())), false),
            _ => number(Range::closed(whole(1), whole(LONGEST_MS / DAY_MS)), true),
        },
        Property::DownFor
        | Property::InStatusFor
        | Property::InStatusForSeconds
        | Property::DataAgeSeconds
        | Property::SystemDataAgeSeconds => number(Range::from(0), true),
        Property::IsBreaching | Property::HasOpenDowntime | Property::StatusKnown | Property::InMaintenance => {
            Values { what: Kind::Boolean { can_be_false: true, can_be_true: true }, nullable: false }
        }
        Property::FastBurn => {
            let reachable = objective.is_none_or(|objective| {
                i128::from(objective.thresholds.fast_burn_multiplier.millionths()) <= fastest(Some(objective))
            });
            Values { what: Kind::Boolean { can_be_false: true, can_be_true: reachable }, nullable: false }
        }
        Property::State
        | Property::BudgetTier
        | Property::Status
        | Property::ObjectiveId
        | Property::SystemId
        | Property::Healthcheck
        | Property::DependencyExclusion => texts(field.property, objective),
    }
}

fn texts(property: Property, objective: Option<&Objective>) -> Values {
    let known = objective.and_then(|objective| match property {
        Property::ObjectiveId => Some(objective.metadata.name.to_string()),
        Property::SystemId => Some(objective.system.to_string()),
        Property::DependencyExclusion => Some(objective.dependency_exclusion.as_str().to_owned()),
        Property::Healthcheck => objective.healthcheck.as_ref().map(ToString::to_string),
        _ => None,
    });
    let has_check = objective.is_some_and(|objective| objective.healthcheck.is_some());
    let nullable = property == Property::Healthcheck && !has_check;
    let words = match property.shape() {
        Shape::Text(vocabulary) => vocabulary.words(),
        _ => None,
    };
    let words = || words.map(|words| words.into_iter().map(str::to_owned).collect());
    Values { what: Kind::Text(known.map_or_else(words, |known| Some(vec![known]))), nullable }
}

/// The highest burn rate of a total outage, rounded up: weight/(1 − target); nothing at a target of 100%, where a rate
/// is either 0 or null.
fn fastest(objective: Option<&Objective>) -> i128 {
    let most = i128::from(WHOLE) * i128::from(SCALE);
    match objective.map(|objective| i128::from(objective.target.error_share())) {
        None => most,
        Some(0) => 0,
        Some(share) => {
            let weight = objective.map_or(FULL, |objective| objective.counts_as_down.greatest());
            (most * i128::from(weight) + share * i128::from(FULL) - 1) / (share * i128::from(FULL))
        }
    }
}

/// The window's greatest length, in milliseconds; clock changes may make a calendar period an hour longer.
fn longest_millis(window: Window) -> i64 {
    let days = match window {
        Window::Rolling { days, .. } => return i64::from(days) * DAY_MS,
        Window::Calendar { unit, .. } => match unit {
            CalendarUnit::Day => 1,
            CalendarUnit::Week => 7,
            CalendarUnit::Month => 31,
            CalendarUnit::Quarter => 92,
            CalendarUnit::Year => 366,
            CalendarUnit::Days { count, .. } => i64::from(count),
        },
    };
    // A zone may also skip or repeat up to a day when it crosses the date line.
    days * DAY_MS + 24 * HOUR_MS
}
