//! Owns incidents recorded elsewhere, which alerts are measured against.

use super::episode::Episode;
use crate::domain::account::objective::Objective;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// One recorded incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Incident {
    pub(crate) id: Option<String>,
    pub(crate) episode: Episode,
    /// The objective concerned; if both are `None`, all objectives.
    pub(crate) objective: Option<Name>,
    pub(crate) system: Option<Name>,
    /// Its severity, in the words of its source.
    pub(crate) impact: Option<String>,
}

impl Incident {
    /// Whether it concerned an objective.
    pub(crate) fn concerns(&self, objective: &Objective) -> bool {
        self.objective.as_ref().is_none_or(|name| *name == objective.metadata.name)
            && self.system.as_ref().is_none_or(|name| *name == objective.system)
    }

    /// Whether it concerned an entire system.
    pub(crate) fn concerns_system(&self, system: &Name) -> bool {
        self.objective.is_none() && self.system.as_ref().is_none_or(|name| name == system)
    }

    /// The incident as known at an instant: nothing before it began, no end before it ended.
    pub(crate) fn as_of(&self, at: Instant) -> Option<Episode> {
        let Episode { start, end } = self.episode;
        (start <= at).then_some(Episode { start, end: end.filter(|end| *end <= at) })
    }
}
