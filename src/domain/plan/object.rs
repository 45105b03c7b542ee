//! Owns what all declared objects have in common: kinds and identities.

use std::fmt;

use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::maintenance::MaintenanceWindow;
use crate::domain::account::objective::{Metadata, Objective, System};
use crate::domain::rules::condition::{Condition, Scope, Subject};
use crate::domain::value::name::Name;

/// The kind of an object; ordered so that systems come before objects that refer to them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Kind {
    System,
    Objective,
    MaintenanceWindow,
    Correction,
    Condition,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::System, Self::Objective, Self::MaintenanceWindow, Self::Correction, Self::Condition];

    /// Reads a kind as manifests write it: `System`, `SLO`, `MaintenanceWindow`, `Correction`, `Condition`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Objective => "SLO",
            Self::MaintenanceWindow => "MaintenanceWindow",
            Self::Correction => "Correction",
            Self::Condition => "Condition",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Kind and name: declarations that share them are the same object, wherever they are written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Identity {
    pub(crate) kind: Kind,
    pub(crate) name: Name,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// One declared object of any kind.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Object {
    System(System),
    Objective(Objective),
    MaintenanceWindow(MaintenanceWindow),
    Correction(DeclaredCorrection),
    Condition(Condition),
}

impl Object {
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::System(_) => Kind::System,
            Self::Objective(_) => Kind::Objective,
            Self::MaintenanceWindow(_) => Kind::MaintenanceWindow,
            Self::Correction(_) => Kind::Correction,
            Self::Condition(_) => Kind::Condition,
        }
    }

    pub(crate) const fn metadata(&self) -> &Metadata {
        match self {
            Self::System(system) => &system.metadata,
            Self::Objective(objective) => &objective.metadata,
            Self::MaintenanceWindow(window) => &window.metadata,
            Self::Correction(correction) => &correction.metadata,
            Self::Condition(condition) => &condition.metadata,
        }
    }

    pub(crate) const fn name(&self) -> &Name {
        &self.metadata().name
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity { kind: self.kind(), name: self.name().clone() }
    }

    /// The systems this object names: its own (for a System, itself) and those it refers to.
    pub(crate) fn systems(&self) -> Vec<&Name> {
        match self {
            Self::System(system) => {
                let upstreams = system.dependencies.iter().map(|edge| &edge.upstream);
                std::iter::once(&system.metadata.name).chain(upstreams).chain(system.members()).collect()
            }
            Self::Objective(objective) => {
                std::iter::once(&objective.system).chain(&objective.excluded_dependencies).collect()
            }
            Self::MaintenanceWindow(window) => window.systems.iter().collect(),
            Self::Correction(correction) => vec![&correction.system],
            Self::Condition(condition) => {
                let fields = condition.when.fields().into_iter();
                let systems = fields.filter_map(|field| match &field.subject {
                    Subject::System(name) => Some(name),
                    Subject::This | Subject::Objective(_) => None,
                });
                let own = if let Scope::System(name) = &condition.scope { Some(name) } else { None };
                own.into_iter().chain(systems).collect()
            }
        }
    }
}
