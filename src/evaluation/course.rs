//! Owns the course of a system's effective status: when it changes, and why if no transition of the system says so.

use std::rc::Rc;

use anyhow::Result;

use super::Evaluation;
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::health::rules::Rules;
use crate::domain::health::timeline::Scope;
use crate::domain::health::transition::Status;
use crate::domain::health::unreported::{Reason, Unreported};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::Store;

/// The effective status of a system over time.
pub(crate) struct Course {
    /// Beginning with the status before the requested start.
    changes: Vec<(Instant, Status)>,
    rules: Rc<Rules>,
}

/// The course of a system since an instant, as of `as_of`.
pub(crate) fn course(store: &Store, name: &Name, since: Instant, as_of: Instant) -> Result<Course> {
    let mut evaluation = Evaluation::open(store, 1, as_of)?;
    let member = evaluation.resolver.member(name)?;
    let stretch = evaluation.chronicle.stretch(&member, Scope::System, since.plus(-1), as_of)?;
    let mut changes: Vec<_> = stretch.changes.iter().map(|change| (change.at, change.status())).collect();
    changes.dedup_by_key(|(_, status)| *status);
    Ok(Course { changes, rules: Rc::clone(&member.rules) })
}

impl Course {
    /// The number of changes up to and including an instant.
    fn changes_until(&self, at: Instant) -> usize {
        self.changes.partition_point(|(changed, _)| *changed <= at)
    }

    /// The status at an instant.
    pub(crate) fn status_at(&self, at: Instant) -> Status {
        let current = self.changes_until(at).checked_sub(1).and_then(|index| self.changes.get(index));
        current.map_or(Status::Unknown, |(_, status)| *status)
    }

    /// Whether the status changes at an instant.
    pub(crate) fn changes_at(&self, at: Instant) -> bool {
        let before = self.changes_until(at.plus(-1));
        before > 0 && self.changes_until(at) > before
    }

    /// When the outage at an instant ends, if there is one.
    pub(crate) fn recovery_after(&self, at: Instant) -> Option<Instant> {
        let mut later = self.changes.iter().skip(self.changes_until(at));
        let ends = later.find(|(_, status)| !status.is_outage())?;
        self.status_at(at).is_outage().then_some(ends.0)
    }

    /// The changes within a span at other times than those of these sorted transitions; `corrections` are those of the
    /// system.
    pub(crate) fn unreported(
        &self,
        within: Span,
        reported: &[Instant],
        corrections: &[DeclaredCorrection],
    ) -> Vec<Unreported> {
        let found = self.changes.iter().skip(1).filter(|(at, _)| within.contains(*at));
        let found = found.filter(|(at, _)| reported.binary_search(at).is_err());
        found
            .map(|(at, status)| Unreported { at: *at, status: *status, reason: self.reason(*at, corrections) })
            .collect()
    }

    fn reason(&self, at: Instant, corrections: &[DeclaredCorrection]) -> Reason {
        let name = |it: &DeclaredCorrection| it.metadata.name.clone();
        if let Some(begins) = corrections.iter().find(|it| it.correction.start == Some(at)) {
            return Reason::CorrectionBegins(name(begins));
        }
        if let Some(ends) = corrections.iter().find(|it| it.correction.end == Some(at)) {
            return Reason::CorrectionEnds(name(ends));
        }
        let of_checks = self.rules.checks.iter().filter_map(|check| check.retired_at);
        if self.rules.retired_at.into_iter().chain(of_checks).any(|retired_at| retired_at == at) {
            Reason::Retirement
        } else if self.rules.is_composite {
            Reason::Member
        } else {
            Reason::Silence
        }
    }
}
