//! Owns corrections of the effective status: the true status of a system, whatever its streams or members report.

use super::correction::{Instead, overlay};
use super::rules::Rules;
use super::timeline::{Change, Step};
use super::transition::Status;
use crate::domain::value::instant::Instant;

/// The corrected changes of an effective status, given the system's first transition.
pub(crate) fn corrected(changes: Vec<Change>, rules: &Rules, first: Option<Instant>, through: Instant) -> Vec<Change> {
    let Some(instead) = system_instead(rules, first) else { return changes };
    let recorded: Vec<_> = changes.iter().map(|change| (change.at, (change.checks, change.incidents))).collect();
    let instead: Vec<_> = instead.into_iter().map(|(span, status)| (span, (status, None))).collect();
    let mut corrected: Vec<Change> = Vec::with_capacity(recorded.len());
    for (at, (checks, incidents)) in overlay(&recorded, &instead, through) {
        if corrected.last().map(|last| (last.checks, last.incidents)) != Some((checks, incidents)) {
            corrected.push(Change { at, checks, incidents });
        }
    }
    corrected
}

/// The statuses of checks; none while the system as such is ignored.
pub(crate) fn corrected_checks(
    checks: Vec<Vec<Step>>,
    rules: &Rules,
    first: Option<Instant>,
    through: Instant,
) -> Vec<Vec<Step>> {
    let mut instead = system_instead(rules, first).unwrap_or_default();
    instead.retain(|(_, status)| status.is_none());
    if instead.is_empty() {
        return checks;
    }
    let correct = |steps: Vec<Step>| {
        let recorded: Vec<_> = steps.iter().map(|step| (step.at, step.status)).collect();
        overlay(&recorded, &instead, through).into_iter().map(|(at, status)| Step { at, status }).collect()
    };
    checks.into_iter().map(correct).collect()
}

fn system_instead(rules: &Rules, first: Option<Instant>) -> Option<Vec<Instead<Option<Status>>>> {
    let instead = rules.corrections.of_system(first?, rules.retired_at);
    (!instead.is_empty()).then_some(instead)
}
