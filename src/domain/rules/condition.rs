//! Owns what a condition is: one tree over the views of health and budget, in two spellings (YAML and a one-line expression).

mod alone;
#[cfg(any(test, fuzzing))]
pub(crate) mod answer;
mod arguments;
pub(crate) mod certainty;
mod comparison;
mod error;
mod expression;
mod path;
mod print;
pub(crate) mod property;
mod range;
mod size;
mod token;

use std::collections::BTreeMap;

use crate::domain::account::objective::Metadata;
use crate::domain::budget::policy::Urgency;
use crate::domain::value::decimal::Decimal;
use crate::domain::value::hours::Hours;
use crate::domain::value::name::Name;
use crate::domain::value::selector::Selector;
pub(crate) use error::ExpressionError;
pub(crate) use expression::MOST_TIMES;
pub(crate) use property::Owner;

/// What must hold.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Term {
    /// Every one of them; at least one. `a && b`
    All(Vec<Term>),
    /// Any one of them; at least one. `a || b`
    Any(Vec<Term>),
    /// `!a`
    Not(Box<Term>),
    /// `left < right`. A boolean field alone stands for `field == true`.
    Compare(Comparison),
    /// A time of day, days of the week, in a zone.
    Time(Hours),
    /// Held without a gap for so long, up to the moment asked about: `(a) for 15m`.
    Held { term: Box<Term>, for_ms: i64 },
    /// Became true at least so often within the stretch up to the moment asked about: `(a) at least 3 times in 60m`.
    Repeated { term: Box<Term>, times: u32, within_ms: i64 },
    /// Some rule of the multiwindow policy is reached over both its lookbacks: `policy("page")`. The factors are those of the
    /// objective the condition is evaluated for.
    Policy(Urgency),
}

/// Two values and how they must compare. Comparing with a value that is not there (`null`) is false, `!=` included.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Comparison {
    pub(crate) left: Operand,
    pub(crate) relation: Relation,
    pub(crate) right: Operand,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

/// One side of a comparison.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Operand {
    Field(Field),
    Number {
        negative: bool,
        magnitude: Decimal,
    },
    /// Milliseconds.
    Duration(i64),
    Text(String),
    Boolean(bool),
}

/// A value of a view.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Field {
    pub(crate) subject: Subject,
    pub(crate) property: Property,
}

/// Whose view.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Subject {
    /// The objective or the system that the condition is evaluated for.
    This,
    /// `slo.NAME`
    Objective(Name),
    /// `health.NAME`
    System(Name),
}

/// What of it. Names in manifests and expressions are those of the JSON field: `burnRates.1h`, `inStatusFor`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Property {
    // Of an objective; numbers.
    TotalMinutes,
    ConsumedStrictMinutes,
    ConsumedMinutes,
    RemainingMinutes,
    OverspentMinutes,
    RemainingPercent,
    CurrentAvailability,
    StrictAvailability,
    ExcludedMinutes,
    TooShortMinutes,
    NotCountedMinutes,
    CorrectedMinutes,
    CoveragePercent,
    BurnRate,
    /// A position in [`crate::domain::budget::balance::LOOKBACKS`].
    BurnRateOver(usize),
    CurrentStreak,
    BestStreak,
    LostStreak,
    Target,
    WindowDays,
    /// A duration: how long the outage lasts that goes on.
    DownFor,
    DataAgeSeconds,
    // Booleans.
    IsBreaching,
    HasOpenDowntime,
    StatusKnown,
    FastBurn,
    // Texts.
    State,
    BudgetTier,
    ObjectiveId,
    SystemId,
    Healthcheck,
    DependencyExclusion,
    // Of a system.
    Status,
    HealthyChecks,
    TotalChecks,
    TransitionsInWindow,
    /// A duration: how long the status has lasted.
    InStatusFor,
    /// The same as a number of seconds.
    InStatusForSeconds,
    SystemDataAgeSeconds,
    /// A boolean: whether maintenance is in progress.
    InMaintenance,
}

/// A declared condition.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Condition {
    pub(crate) metadata: Metadata,
    pub(crate) scope: Scope,
    /// With `for` and `atLeast` of the manifest as its outermost terms.
    pub(crate) when: Term,
    pub(crate) severity: Severity,
}

/// For which objectives, or for which systems, a condition is evaluated.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Scope {
    /// All objectives.
    All,
    Objective(Name),
    Matching(Selector),
    System(Name),
    /// Systems with these labels; without any, all there are.
    Systems(Selector),
}

/// How much a condition that holds matters, mildest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Severity {
    Info,
    Warning,
    Critical,
}

/// The parts of a declared condition as a manifest writes them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Spelled<'a> {
    pub(crate) when: &'a Term,
    /// Milliseconds.
    pub(crate) held_for: Option<i64>,
    /// Times, and milliseconds.
    pub(crate) at_least: Option<(u32, i64)>,
}

impl Condition {
    /// `when`, `for` and `atLeast`, which the tree has as its outermost terms.
    pub(crate) fn spelled(&self) -> Spelled<'_> {
        let (at_least, rest) = match &self.when {
            Term::Repeated { term, times, within_ms } => (Some((*times, *within_ms)), &**term),
            whole => (None, whole),
        };
        match rest {
            Term::Held { term, for_ms } => Spelled { when: term, held_for: Some(*for_ms), at_least },
            _ => Spelled { when: rest, held_for: None, at_least },
        }
    }
}

impl Scope {
    /// Whether it is objectives or systems that the condition is evaluated for.
    pub(crate) const fn owner(&self) -> Owner {
        match self {
            Self::All | Self::Objective(_) | Self::Matching(_) => Owner::Objective,
            Self::System(_) | Self::Systems(_) => Owner::System,
        }
    }

    /// Whether the condition is evaluated for an objective.
    pub(crate) fn covers(&self, objective: &Metadata) -> bool {
        match self {
            Self::All => true,
            Self::Objective(name) => objective.name == *name,
            Self::Matching(selector) => selector.matches(&objective.labels),
            Self::System(_) | Self::Systems(_) => false,
        }
    }

    /// Whether the condition is evaluated for a system.
    pub(crate) fn covers_system(&self, system: &Name, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::System(name) => system == name,
            Self::Systems(selector) => selector.matches(labels),
            Self::All | Self::Objective(_) | Self::Matching(_) => false,
        }
    }
}

impl Subject {
    /// The name, and whose it is; `None` for what the condition is evaluated for.
    pub(crate) const fn named(&self) -> Option<(Owner, &Name)> {
        match self {
            Self::This => None,
            Self::Objective(name) => Some((Owner::Objective, name)),
            Self::System(name) => Some((Owner::System, name)),
        }
    }
}

impl Severity {
    pub(crate) const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Term {
    /// The terms directly inside this one.
    pub(crate) fn parts(&self) -> &[Self] {
        match self {
            Self::All(terms) | Self::Any(terms) => terms,
            Self::Not(term) | Self::Held { term, .. } | Self::Repeated { term, .. } => std::slice::from_ref(&**term),
            Self::Compare(_) | Self::Time(_) | Self::Policy(_) => &[],
        }
    }

    /// Whether the policy is part of it.
    pub(crate) fn asks_policy(&self) -> bool {
        matches!(self, Self::Policy(_)) || self.parts().iter().any(Self::asks_policy)
    }

    /// How far back from a moment it looks to tell whether it holds there, in milliseconds.
    pub(crate) fn reach_ms(&self) -> i64 {
        let inner = self.parts().iter().map(Self::reach_ms).max().unwrap_or(0);
        match self {
            Self::Held { for_ms, .. } => inner.saturating_add(*for_ms),
            Self::Repeated { within_ms, .. } => inner.saturating_add(*within_ms),
            _ => inner,
        }
    }

    /// Whether it looks at every single fact, not only at those that change a status.
    pub(crate) fn looks_at_facts(&self) -> bool {
        let of_age =
            |field: &&Field| matches!(field.property, Property::DataAgeSeconds | Property::SystemDataAgeSeconds);
        self.fields().iter().any(of_age)
    }

    /// The fields it looks at, each as often as it is written.
    pub(crate) fn fields(&self) -> Vec<&Field> {
        let mut found: Vec<&Field> = Vec::new();
        if let Self::Compare(Comparison { left, right, .. }) = self {
            for side in [left, right] {
                if let Operand::Field(field) = side {
                    found.push(field);
                }
            }
        }
        found.extend(self.parts().iter().flat_map(Self::fields));
        found
    }
}

#[cfg(test)]
pub(crate) mod tests;
