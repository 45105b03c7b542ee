//! Owns incidents as somebody else recorded them: what an alert is measured against.

use super::episode::Episode;
use crate::domain::account::objective::Objective;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// One recorded incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Incident {
    pub(crate) id: Option<String>,
    pub(crate) episode: Episode,
    /// Whom it concerned; with neither: every objective.
    pub(crate) objective: Option<Name>,
    pub(crate) system: Option<Name>,
    /// How bad it was, in the words of those who recorded it.
    pub(crate) impact: Option<String>,
}

impl Incident {
    /// Whether it concerned an objective.
    pub(crate) fn concerns(&self, objective: &Objective) -> bool {
        self.objective.as_ref().is_none_or(|name| *name == objective.metadata.name)
            && self.system.as_ref().is_none_or(|name| *name == objective.system)
    }

    /// Whether it concerned a system as a whole.
    pub(crate) fn concerns_system(&self, system: &Name) -> bool {
        self.objective.is_none() && self.system.as_ref().is_none_or(|name| name == system)
    }

    /// What was known of it at a moment: nothing before it began, no end before it ended.
    pub(crate) fn as_of(&self, at: Instant) -> Option<Episode> {
        let Episode { start, end } = self.episode;
        (start <= at).then_some(Episode { start, end: end.filter(|end| *end <= at) })
    }
}
