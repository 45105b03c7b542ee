//! Owns changes: how the current view of an objective, a system, an achievement or a condition differs from the last
//! one.

use std::fmt;

use crate::domain::budget::achievement::Achievement;
use crate::domain::budget::balance::{BudgetTier, State};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;

/// The kind of thing that changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum ChangeKind {
    Objective,
    System,
    Achievement,
    Condition,
}

impl ChangeKind {
    pub(crate) const ALL: [Self; 4] = [Self::Objective, Self::System, Self::Achievement, Self::Condition];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Objective => "objective",
            Self::System => "system",
            Self::Achievement => "achievement",
            Self::Condition => "condition",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of one field of a view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    Flag(bool),
    Text(String),
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The view of one thing: the fields whose changes are reported, by their JSON names. Fields that drift while nothing
/// happens are left out, or every look would be a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct View(pub(crate) Vec<(String, Seen)>);

/// The values of a view, in compact form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Look {
    Objective {
        state: State,
        tier: BudgetTier,
        is_breaching: bool,
        has_open_downtime: bool,
        fast_burn: bool,
    },
    System(Status),
    /// With its unlock time.
    Achievement(Achievement, Instant),
}

impl Look {
    /// What is seen of an objective.
    pub(crate) fn of_objective(report: &ObjectiveReport) -> Self {
        Self::Objective {
            state: report.state,
            tier: report.tier,
            is_breaching: report.budget.is_breaching(),
            has_open_downtime: report.has_open_downtime(),
            fast_burn: report.fast_burn,
        }
    }

    /// The view of the thing named `id`.
    pub(crate) fn view(self, id: &str) -> View {
        let text = |name: &str, text: &str| (name.to_owned(), Seen::Text(text.to_owned()));
        let flag = |name: &str, flag: bool| (name.to_owned(), Seen::Flag(flag));
        View(match self {
            Self::Objective { state, tier, is_breaching, has_open_downtime, fast_burn } => vec![
                text("state", state.as_str()),
                text("budgetTier", tier.as_str()),
                flag("isBreaching", is_breaching),
                flag("hasOpenDowntime", has_open_downtime),
                flag("fastBurn", fast_burn),
            ],
            Self::System(status) => vec![text("status", status.as_str())],
            Self::Achievement(achievement, unlocked_at) => vec![
                text("systemId", id.rsplit_once('/').map_or(id, |(system, _)| system)),
                text("achievement", achievement.as_str()),
                text("unlockedAt", &unlocked_at.to_string()),
            ],
        })
    }
}

impl View {
    pub(crate) fn get(&self, field: &str) -> Option<&Seen> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, seen)| seen)
    }
}

/// A difference between two views of one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// Its name within its kind.
    pub(crate) id: String,
    pub(crate) occurred_at: Instant,
    /// `None`: it did not exist, or was not looked at.
    pub(crate) previous: Option<View>,
    /// `None`: it no longer exists.
    pub(crate) next: Option<View>,
}

impl Change {
    /// The change from one view to another; `None` if they are equal.
    pub(crate) fn between(
        kind: ChangeKind,
        id: impl Into<String>,
        occurred_at: Instant,
        previous: Option<View>,
        next: Option<View>,
    ) -> Option<Self> {
        (previous != next).then(|| Self { kind, id: id.into(), occurred_at, previous, next })
    }

    /// The fields that differ; all of them if it is new or gone.
    pub(crate) fn changed_fields(&self) -> Vec<&str> {
        let seen = |view: &'_ Option<View>, name: &str| view.as_ref().and_then(|view| view.get(name)).cloned();
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in [&self.next, &self.previous].into_iter().flatten().flat_map(|view| &view.0) {
            if !names.contains(&name.as_str()) && seen(&self.previous, name) != seen(&self.next, name) {
                names.push(name);
            }
        }
        names
    }
}

/// A change with its sequence number in the change log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Logged {
    /// Increases with every change ever logged; never reused.
    pub(crate) sequence: i64,
    pub(crate) change: Change,
    /// The object and its state as of the computation that logged the change, as JSON; `None` if it is gone, or was
    /// logged by an earlier version.
    pub(crate) whole: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(fields: &[(&str, bool)]) -> View {
        View(fields.iter().map(|(name, flag)| ((*name).to_owned(), Seen::Flag(*flag))).collect())
    }

    fn change(previous: Option<View>, next: Option<View>) -> Option<Change> {
        Change::between(ChangeKind::Objective, "a", Instant::from_millis(0), previous, next)
    }

    #[test]
    fn equal_views_are_no_change() {
        assert_eq!(change(None, None), None);
        assert_eq!(change(Some(view(&[("a", true)])), Some(view(&[("a", true)]))), None);
    }

    #[test]
    fn the_fields_that_differ_are_named_once() {
        let fields = |previous, next| -> Vec<String> {
            change(previous, next).unwrap().changed_fields().into_iter().map(str::to_owned).collect()
        };
        let (before, after) = (view(&[("a", true), ("b", true), ("gone", true)]), view(&[("a", true), ("b", false)]));
        assert_eq!(fields(Some(before.clone()), Some(after)), ["b", "gone"]);
        assert_eq!(fields(None, Some(before.clone())), ["a", "b", "gone"]);
        assert_eq!(fields(Some(before), None), ["a", "b", "gone"]);
    }

    #[test]
    fn kinds_read_back() {
        assert!(ChangeKind::ALL.into_iter().all(|kind| ChangeKind::parse(kind.as_str()) == Some(kind)));
    }
}
