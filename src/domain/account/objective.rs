//! Owns objectives, systems and their metadata as declared in manifests.

use std::collections::{BTreeMap, BTreeSet};

use super::schedule::Schedule;
use super::weights::Weights;
use crate::domain::health::correction::Corrections;
use crate::domain::health::quorum::Quorum;
use crate::domain::health::rules::{CheckRules, Rules};
use crate::domain::value::decimal::Decimal;
use crate::domain::value::instant::Instant;
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::domain::value::target::Target;
use crate::domain::value::window::Window;

/// What every declared object has besides its specification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Metadata {
    pub(crate) name: Name,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    /// Keys and values follow Kubernetes' rules.
    pub(crate) labels: Labels,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A declared system: how its status follows from its facts, and its dependencies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct System {
    pub(crate) metadata: Metadata,
    /// Milliseconds after which a stream without a new transition is `unknown`; `None`: never.
    pub(crate) stale_after_ms: Option<i64>,
    /// Its checks with rules of their own, sorted by name.
    pub(crate) checks: Vec<CheckRules>,
    /// From then on its facts no longer count.
    pub(crate) retired_at: Option<Instant>,
    /// Its members, if it is composite.
    pub(crate) members: Option<Members>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// The systems that make up a composite one, at least one, in the declared order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Members {
    pub(crate) systems: Vec<Name>,
    pub(crate) quorum: Quorum,
}

impl System {
    /// The rules that derive its status from its facts.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            stale_after_ms: self.stale_after_ms,
            checks: self.checks.clone(),
            retired_at: self.retired_at,
            is_composite: self.members.is_some(),
            corrections: Corrections::default(),
        }
    }

    /// A system with default rules.
    pub(crate) fn bare(metadata: Metadata) -> Self {
        let (checks, dependencies) = (Vec::new(), Vec::new());
        Self { metadata, stale_after_ms: None, checks, retired_at: None, members: None, dependencies }
    }

    /// The systems that make it up.
    pub(crate) fn members(&self) -> &[Name] {
        self.members.as_ref().map_or(&[], |members| &members.systems)
    }
}

/// An edge from a system to one it needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dependency {
    pub(crate) upstream: Name,
    pub(crate) impact: ImpactType,
    /// Whether the upstream's own dependencies may excuse as well.
    pub(crate) transitive: bool,
    pub(crate) label: Option<String>,
}

/// What a failure of the upstream means for the dependent system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ImpactType {
    Critical,
    Degraded,
    /// Shown, but never an excuse.
    Informational,
}

impl ImpactType {
    pub(crate) const ALL: [Self; 3] = [Self::Critical, Self::Degraded, Self::Informational];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|impact| impact.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Degraded => "degraded",
            Self::Informational => "informational",
        }
    }
}

/// A declared objective (kind `SLO`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Objective {
    pub(crate) metadata: Metadata,
    pub(crate) system: Name,
    /// One check of the system instead of all.
    pub(crate) healthcheck: Option<Name>,
    pub(crate) target: Target,
    pub(crate) window: Window,
    pub(crate) dependency_exclusion: DependencyExclusion,
    /// Upstream systems that never excuse this objective.
    pub(crate) excluded_dependencies: BTreeSet<Name>,
    pub(crate) exclude_maintenance_windows: bool,
    pub(crate) counts_as_down: Weights,
    /// Outages shorter than this do not count, in milliseconds.
    pub(crate) minimum_outage_ms: i64,
    /// How far attribution extends an upstream's outage at both ends, in milliseconds.
    pub(crate) attribution_grace_ms: i64,
    pub(crate) not_counted: NotCounted,
    /// Time outside it is not counted.
    pub(crate) schedule: Schedule,
    pub(crate) thresholds: BurnRateThresholds,
}

impl Objective {
    /// For how long after an instant later facts may change whether it counts, in milliseconds.
    pub(crate) fn hindsight_ms(&self) -> i64 {
        self.minimum_outage_ms.max(self.attribution_grace_ms)
    }
}

/// Whether downtime caused by a dependency spends the budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DependencyExclusion {
    /// All downtime counts.
    Strict,
    /// Only downtime attributed to the system itself counts.
    SelfOnly,
}

impl DependencyExclusion {
    pub(crate) const ALL: [Self; 2] = [Self::Strict, Self::SelfOnly];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::SelfOnly => "self-only",
        }
    }
}

/// Which time leaves the window's length.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct NotCounted {
    pub(crate) maintenance: bool,
    pub(crate) unknown: bool,
}

/// When consumption becomes a warning, and what counts as burning fast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BurnRateThresholds {
    /// Percent of the budget consumed at which `budgetTier` is `warning`.
    pub(crate) warning_percent: Decimal,
    /// Percent of the budget consumed at which `budgetTier` is `critical`.
    pub(crate) critical_percent: Decimal,
    /// Burn rate over one hour from which `fastBurn` is true.
    pub(crate) fast_burn_multiplier: Decimal,
}

impl Default for BurnRateThresholds {
    fn default() -> Self {
        Self {
            warning_percent: Decimal::whole(50),
            critical_percent: Decimal::whole(80),
            fast_burn_multiplier: Decimal::whole(5),
        }
    }
}
