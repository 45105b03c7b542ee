//! Owns changes: how what is seen of an objective, a system, an achievement or a condition differs from what was seen last.

use std::fmt;

use crate::domain::budget::achievement::Achievement;
use crate::domain::budget::balance::{BudgetTier, State};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;

/// What a change is about.
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

/// What is seen of one thing: the fields whose change is told, by their JSON names. Nothing that drifts while nothing
/// happens belongs here, or every look at it would be a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct View(pub(crate) Vec<(String, Seen)>);

/// What is seen of one thing, in little room: the values of a view.
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
    /// With when it was unlocked.
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

    /// The same as it is told; `id` is that of the thing.
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

/// A difference between two looks at one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// Which one of its kind.
    pub(crate) id: String,
    pub(crate) occurred_at: Instant,
    /// `None`: it was not there, or nobody had looked.
    pub(crate) previous: Option<View>,
    /// `None`: it is gone.
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

    /// The fields that differ; of what came or went, all.
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

/// A change with its place in the change log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Logged {
    /// Grows by every change ever logged; never given twice.
    pub(crate) sequence: i64,
    pub(crate) change: Change,
    /// Whose it is and how that stands as of the computation that logged it, as a JSON object; `None` of what is gone, and of what earlier
    /// versions logged.
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
