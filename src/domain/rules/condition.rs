//! Owns conditions: one tree over the views of health and budget, in two spellings (YAML and a one-line expression).

mod alone;
#[cfg(any(test, fuzzing))]
pub(crate) mod answer;
mod arguments;
pub(crate) mod certainty;
mod comparison;
mod doubt;
mod error;
mod expression;
mod path;
mod print;
pub(crate) mod property;
mod range;
mod size;
mod token;

use crate::domain::account::objective::Metadata;
use crate::domain::budget::policy::Urgency;
use crate::domain::value::decimal::Decimal;
use crate::domain::value::hours::Hours;
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::domain::value::selector::Selector;
pub(crate) use doubt::{Doubt, MOST_EXAMINED};
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
    /// Held without a gap for this long, up to the evaluated instant: `(a) for 15m`.
    Held { term: Box<Term>, for_ms: i64 },
    /// Became true at least this often within the stretch up to the evaluated instant: `(a) at least 3 times in 60m`.
    Repeated { term: Box<Term>, times: u32, within_ms: i64 },
    /// A rule of the multiwindow policy is reached over both its lookbacks: `policy("page")`. The factors are those of
    /// the evaluated objective.
    Policy(Urgency),
}

/// Two values and how they are compared. Comparing with a missing value (`null`) is false, even with `!=`.
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

/// A field of a view.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Field {
    pub(crate) subject: Subject,
    pub(crate) property: Property,
}

/// The owner of a field.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Subject {
    /// The objective or the system that the condition is evaluated for.
    This,
    /// `slo.NAME`
    Objective(Name),
    /// `health.NAME`
    System(Name),
}

/// A property. Manifests and expressions use the names of JSON fields: `burnRates.1h`, `inStatusFor`.
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
    /// An index into [`crate::domain::budget::balance::LOOKBACKS`].
    BurnRateOver(usize),
    CurrentStreak,
    BestStreak,
    LostStreak,
    Target,
    WindowDays,
    /// A duration: how long the ongoing outage has lasted.
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
    /// The same in seconds.
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
    /// Includes `for` and `atLeast` of the manifest as its outermost terms.
    pub(crate) when: Term,
    pub(crate) severity: Severity,
}

/// The objectives or systems that a condition is evaluated for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Scope {
    /// All objectives.
    All,
    Objective(Name),
    Matching(Selector),
    System(Name),
    /// Systems with these labels; without labels, all of them.
    Systems(Selector),
}

/// How serious it is that a condition holds, mildest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Severity {
    Info,
    Warning,
    Critical,
}

/// The parts of a declared condition as written in a manifest.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Spelled<'a> {
    pub(crate) when: &'a Term,
    /// Milliseconds.
    pub(crate) held_for: Option<i64>,
    /// Times, and milliseconds.
    pub(crate) at_least: Option<(u32, i64)>,
}

impl Condition {
    /// `when`, `for` and `atLeast`, from the outermost terms of the tree.
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
    /// Whether the condition is evaluated for objectives or for systems.
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
    pub(crate) fn covers_system(&self, system: &Name, labels: &Labels) -> bool {
        match self {
            Self::System(name) => system == name,
            Self::Systems(selector) => selector.matches(labels),
            Self::All | Self::Objective(_) | Self::Matching(_) => false,
        }
    }
}

impl Subject {
    /// The name and owner; `None` for the evaluated objective or system.
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

    /// The fields whose values say why it holds: those it compares, and the burn rates of its policies.
    pub(crate) fn telling(&self) -> Vec<Field> {
        match self {
            Self::Policy(urgency) => {
                let rate = |lookback| Field { subject: Subject::This, property: Property::BurnRateOver(lookback) };
                urgency.lookbacks().map(rate).to_vec()
            }
            Self::Compare(_) => self.fields().into_iter().cloned().collect(),
            _ => self.parts().iter().flat_map(Self::telling).collect(),
        }
    }

    /// Whether it contains the policy.
    pub(crate) fn asks_policy(&self) -> bool {
        matches!(self, Self::Policy(_)) || self.parts().iter().any(Self::asks_policy)
    }

    /// How far back it looks to decide whether it holds at an instant, in milliseconds.
    pub(crate) fn reach_ms(&self) -> i64 {
        let inner = self.parts().iter().map(Self::reach_ms).max().unwrap_or(0);
        match self {
            Self::Held { for_ms, .. } => inner.saturating_add(*for_ms),
            Self::Repeated { within_ms, .. } => inner.saturating_add(*within_ms),
            _ => inner,
        }
    }

    /// Whether it depends on every fact, not only on changes of a status.
    pub(crate) fn looks_at_facts(&self) -> bool {
        let of_age =
            |field: &&Field| matches!(field.property, Property::DataAgeSeconds | Property::SystemDataAgeSeconds);
        self.fields().iter().any(of_age)
    }

    /// The fields it uses, with repetitions.
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
