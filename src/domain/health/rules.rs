//! Owns the rules that derive the status of a system from its facts, as declared in manifests.

use super::correction::Corrections;
use super::quorum::Quorum;
use super::threshold::Thresholds;
use super::transition::Source;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// The declared rules of a system.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rules {
    /// Milliseconds after which a stream that last said `healthy` is `unknown`; `None`: never.
    pub(crate) stale_after_ms: Option<i64>,
    /// Checks with rules of their own, sorted by name.
    pub(crate) checks: Vec<CheckRules>,
    /// From then on none of its streams counts.
    pub(crate) retired_at: Option<Instant>,
    /// Whether it is composite: members replace its checks, so only its incident streams count.
    pub(crate) is_composite: bool,
    /// Corrections of its past.
    pub(crate) corrections: Corrections,
}

/// The declared rules of a check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CheckRules {
    pub(crate) name: Name,
    pub(crate) quorum: Quorum,
    /// Overrides that of the system.
    pub(crate) stale_after_ms: Option<i64>,
    pub(crate) thresholds: Option<Thresholds>,
    /// From then on it does not count.
    pub(crate) retired_at: Option<Instant>,
}

/// The rules of one stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StreamRules {
    pub(crate) thresholds: Option<Thresholds>,
    pub(crate) stale_after_ms: Option<i64>,
    pub(crate) retired_at: Option<Instant>,
}

impl Rules {
    fn check(&self, source: Source, check: Option<&Name>) -> Option<&CheckRules> {
        let name = check.filter(|_| source == Source::Healthcheck && !self.checks.is_empty())?;
        self.checks.binary_search_by(|known| known.name.cmp(name)).ok().map(|index| &self.checks[index])
    }

    /// The rules that apply to a stream.
    pub(crate) fn stream(&self, source: Source, check: Option<&Name>) -> StreamRules {
        let declared = self.check(source, check);
        let of_check = declared.and_then(|declared| declared.retired_at);
        StreamRules {
            thresholds: declared.and_then(|declared| declared.thresholds),
            stale_after_ms: declared.and_then(|declared| declared.stale_after_ms).or(self.stale_after_ms),
            retired_at: of_check.into_iter().chain(self.retired_at).min(),
        }
    }

    /// How many locations of a check decide.
    pub(crate) fn quorum(&self, source: Source, check: Option<&Name>) -> Quorum {
        self.check(source, check).map_or(Quorum::All, |declared| declared.quorum)
    }

    /// Whether streams of this source count at all.
    pub(crate) fn counts(&self, source: Source) -> bool {
        !self.is_composite || source == Source::Incident
    }
}
