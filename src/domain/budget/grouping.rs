//! Owns groups of objectives: their counts by state, and the worst one of each.

use std::collections::HashMap;

use super::balance::State;
use super::report::ObjectiveReport;

/// How objectives are grouped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum GroupBy {
    Objective,
    System,
    /// By the value of this label; objectives without it form a group as well.
    Label(String),
}

impl GroupBy {
    /// `objective`, `system`, or `label:KEY`.
    ///
    /// # Errors
    /// When it is none of them, with the valid choices.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::among(text, "objective, system or label:KEY")
    }

    /// The same, with the valid choices in `all`.
    pub(crate) fn among(text: &str, all: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("label:")) {
            ("objective", _) => Ok(Self::Objective),
            ("system", _) => Ok(Self::System),
            (_, Some(key)) if !key.is_empty() => Ok(Self::Label(key.to_owned())),
            ("label" | "label:", _) => Err("expected label:KEY, such as label:team".to_owned()),
            (key, None) if !key.is_empty() => {
                // `lable:team` is a typo; keep the key.
                let key = key.split_once(':').map_or(key, |(_, key)| key);
                Err(format!("expected {all}; did you mean label:{key}?"))
            }
            _ => Err(format!("expected {all}, such as label:team")),
        }
    }

    /// The title of a group; one without a name lacks the label.
    pub(crate) fn called(&self, name: Option<&str>) -> String {
        match (name, self) {
            (Some(name), _) => name.to_owned(),
            (None, Self::Label(key)) => format!("without {key}"),
            (None, Self::Objective | Self::System) => String::new(),
        }
    }

    /// The group of an objective; `None` without the label.
    pub(crate) fn of<'r>(&self, report: &'r ObjectiveReport) -> Option<&'r str> {
        match self {
            Self::Objective => Some(report.objective.as_str()),
            Self::System => Some(report.system.as_str()),
            Self::Label(key) => report.labels.get(key),
        }
    }
}

/// Objectives that share a group.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Group<'r> {
    /// `None`: they lack the label, or are all objectives.
    pub(crate) name: Option<&'r str>,
    pub(crate) worst: &'r ObjectiveReport,
    pub(crate) count: usize,
    /// Those that are down now, in any state, whether or not it spends the budget.
    pub(crate) down: usize,
    pub(crate) budgets: Budgets,
    /// In the order of [`State::ALL`].
    states: [usize; State::ALL.len()],
}

/// Sums of the budgets of several objectives, in the unit of [`Budget::total`](super::balance::Budget::total).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Budgets {
    pub(crate) total: i128,
    pub(crate) consumed: i128,
    pub(crate) remaining: i128,
    pub(crate) overspent: i128,
}

impl<'r> Group<'r> {
    fn new(name: Option<&'r str>, worst: &'r ObjectiveReport) -> Self {
        Self { name, worst, count: 0, down: 0, budgets: Budgets::default(), states: [0; State::ALL.len()] }
    }

    /// All objectives as one group; `reports` is sorted worst first. `None` without objectives.
    pub(crate) fn of_all(reports: &[&'r ObjectiveReport]) -> Option<Self> {
        let mut all = Self::new(None, reports.first()?);
        for report in reports {
            all.add(report);
        }
        Some(all)
    }

    fn add(&mut self, report: &ObjectiveReport) {
        let (budget, sums) = (&report.budget, &mut self.budgets);
        self.count += 1;
        self.down += usize::from(report.down.is_some());
        self.states[report.state as usize] += 1;
        sums.total += budget.total();
        sums.consumed += budget.consumed();
        sums.remaining += budget.remaining();
        sums.overspent += budget.overspent();
    }

    /// How many of its objectives are in a state.
    pub(crate) fn in_state(&self, state: State) -> usize {
        self.states[state as usize]
    }
}

/// The groups of objectives, sorted by their worst ones; `reports` is sorted worst first.
pub(crate) fn groups<'r>(reports: &[&'r ObjectiveReport], by: &GroupBy) -> Vec<Group<'r>> {
    let mut places: HashMap<Option<&str>, usize> = HashMap::new();
    let mut groups: Vec<Group<'r>> = Vec::new();
    for report in reports {
        let name = by.of(report);
        let place = *places.entry(name).or_insert_with(|| {
            groups.push(Group::new(name, report));
            groups.len() - 1
        });
        groups[place].add(report);
    }
    groups
}
