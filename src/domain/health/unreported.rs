//! Owns changes of a system's status at times without a transition of the system, and their reasons.

use super::transition::Status;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// A change of the effective status that no transition reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unreported {
    pub(crate) at: Instant,
    /// From then on.
    pub(crate) status: Status,
    pub(crate) reason: Reason,
}

/// Why a status changes without a transition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    CorrectionBegins(Name),
    CorrectionEnds(Name),
    /// The system or one of its checks is retired.
    Retirement,
    /// A member of a composite system changes.
    Member,
    /// A stream has been silent for `staleAfter`.
    Silence,
}

impl Reason {
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::CorrectionBegins(_) => "correction-begins",
            Self::CorrectionEnds(_) => "correction-ends",
            Self::Retirement => "retirement",
            Self::Member => "member",
            Self::Silence => "silence",
        }
    }

    /// The correction that begins or ends.
    pub(crate) const fn correction(&self) -> Option<&Name> {
        match self {
            Self::CorrectionBegins(name) | Self::CorrectionEnds(name) => Some(name),
            Self::Retirement | Self::Member | Self::Silence => None,
        }
    }
}
