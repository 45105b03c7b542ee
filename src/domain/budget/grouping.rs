//! Owns groups of objectives: how many of each there are, by state, and which one is worst.

use std::collections::HashMap;

use super::balance::State;
use super::report::ObjectiveReport;

/// By what objectives are grouped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum GroupBy {
    Objective,
    System,
    /// By the value of this label; those without it are a group as well.
    Label(String),
}

impl GroupBy {
    /// `objective`, `system`, or `label:KEY`.
    ///
    /// # Errors
    /// When it is neither; with what to write.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("label:")) {
            ("objective", _) => Ok(Self::Objective),
            ("system", _) => Ok(Self::System),
            (_, Some(key)) if !key.is_empty() => Ok(Self::Label(key.to_owned())),
            (key, None) if !key.is_empty() => {
                Err(format!("expected objective, system or label:KEY; did you mean label:{key}?"))
            }
            _ => Err("expected objective, system or label:KEY, such as label:team".to_owned()),
        }
    }

    /// The group of an objective; `None`: it lacks the label.
    pub(crate) fn of<'r>(&self, report: &'r ObjectiveReport) -> Option<&'r str> {
        match self {
            Self::Objective => Some(report.objective.as_str()),
            Self::System => Some(report.system.as_str()),
            Self::Label(key) => report.labels.get(key).map(String::as_str),
        }
    }
}

/// Some objectives that have something in common.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Group<'r> {
    /// `None`: they lack the label.
    pub(crate) name: Option<&'r str>,
    pub(crate) worst: &'r ObjectiveReport,
    pub(crate) count: usize,
    /// In the order of [`State::ALL`].
    states: [usize; State::ALL.len()],
}

impl Group<'_> {
    /// How many of its objectives are in a state.
    pub(crate) fn in_state(&self, state: State) -> usize {
        self.states[state as usize]
    }
}

/// The groups of objectives, which come worst first, by their worst ones.
pub(crate) fn groups<'r>(reports: &[&'r ObjectiveReport], by: &GroupBy) -> Vec<Group<'r>> {
    let mut places: HashMap<Option<&str>, usize> = HashMap::new();
    let mut groups: Vec<Group<'r>> = Vec::new();
    for report in reports {
        let name = by.of(report);
        let place = *places.entry(name).or_insert_with(|| {
            groups.push(Group { name, worst: report, count: 0, states: [0; State::ALL.len()] });
            groups.len() - 1
        });
        groups[place].count += 1;
        groups[place].states[report.state as usize] += 1;
    }
    groups
}
