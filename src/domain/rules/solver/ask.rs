//! Owns the queries about an objective or a system: how far back they look, and those that a manifest or a streak
//! answers.

use super::linear::Quotient;
use super::signal::Value;
use crate::domain::account::objective::Objective;
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::budget::policy::Urgency;
use crate::domain::budget::streak::Streak;
use crate::domain::rules::condition::{Field, Property, Subject};
use crate::domain::value::decimal::SCALE;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::window::Window;

/// The longest burn-rate lookback, in milliseconds.
const LONGEST_LOOKBACK_MS: i64 = LOOKBACKS[LOOKBACKS.len() - 1].1;

/// A query that a condition may make.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ask {
    pub(crate) subject: Subject,
    pub(crate) what: What,
}

/// A property, the age of the newest fact, or a rule of the policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum What {
    Property(Property),
    /// `dataAgeSeconds`, with values below this many milliseconds possibly as 0.
    AgeFrom(i64),
    Policy(Urgency),
}

impl What {
    /// Whether it concerns a streak, which no account of a window has.
    pub(super) const fn is_of_streaks(self) -> bool {
        matches!(self, Self::Property(Property::CurrentStreak | Property::BestStreak | Property::LostStreak))
    }
}

impl Ask {
    pub(crate) fn of(field: &Field) -> Self {
        Self { subject: field.subject.clone(), what: What::Property(field.property) }
    }
}

/// Since when the account is needed to evaluate an objective since `since`.
pub(super) fn reach(objective: &Objective, since: Instant) -> Instant {
    objective.window.bounds(since).start.min(since.plus(-LONGEST_LOOKBACK_MS))
}

/// A property that its manifest alone decides; `None` for any other.
pub(super) fn constant(objective: &Objective, property: Property) -> Option<Value> {
    let name = |name: Option<&str>| name.map_or(Value::Null, Value::text);
    Some(match property {
        Property::Target => {
            Value::Number(Quotient::constant(objective.target.percent().millionths().into(), SCALE.into()))
        }
        Property::WindowDays => match objective.window {
            Window::Rolling { days, .. } => Value::whole(days.into()),
            Window::Calendar { .. } => Value::Null,
        },
        Property::ObjectiveId => Value::text(objective.metadata.name.as_str()),
        Property::SystemId => Value::text(objective.system.as_str()),
        Property::Healthcheck => name(objective.healthcheck.as_ref().map(Name::as_str)),
        Property::DependencyExclusion => Value::text(objective.dependency_exclusion.as_str()),
        _ => return None,
    })
}

/// The value of a streak's property.
pub(super) fn streak_value(property: Property, streak: Streak) -> Value {
    let days = match property {
        Property::BestStreak => streak.best,
        Property::LostStreak => streak.lost,
        _ => streak.current,
    };
    Value::whole(days.into())
}
