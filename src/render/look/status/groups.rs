//! Owns how `status --by` looks: a summary of each group of objectives, then their tables.

use std::collections::HashMap;

use anyhow::Result;
use serde::Serialize;

use super::wire::WireObjective;
use super::{fitted, on_page, symbol, tone};
use crate::domain::budget::balance::State;
use crate::domain::budget::grouping::{Budgets, Group, GroupBy, groups};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::domain::value::period::Frame;
use crate::render::form::markdown;
use crate::render::form::number::{percent, scaled_minutes, short_scaled};
use crate::render::form::sheet::paint;
use crate::render::part::period;
use crate::render::{Canvas, Cell, Document, Sheet, Tone};

/// States in counting order.
const WORST_FIRST: [State; 5] = [State::Breaching, State::Down, State::AtRisk, State::Healthy, State::NoData];

pub(crate) struct Grouped {
    by: GroupBy,
    frame: Option<Frame>,
    /// Group by group, the one with the worst objective first; within a group, the worst first.
    reports: Vec<ObjectiveReport>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireGroup<'a> {
    key: Option<&'a str>,
    objectives: usize,
    breaching_count: usize,
    down_count: usize,
    at_risk_count: usize,
    healthy_count: usize,
    no_data_count: usize,
    down_now_count: usize,
    error_budget_total_minutes: f64,
    error_budget_consumed_minutes: f64,
    error_budget_remaining_minutes: f64,
    error_budget_overspent_minutes: f64,
    worst_objective_id: Option<&'a str>,
}

impl<'a> WireGroup<'a> {
    fn of(group: &Group<'a>) -> Self {
        let Budgets { total, consumed, remaining, overspent } = group.budgets;
        Self {
            key: group.name,
            objectives: group.count,
            breaching_count: group.in_state(State::Breaching),
            down_count: group.in_state(State::Down),
            at_risk_count: group.in_state(State::AtRisk),
            healthy_count: group.in_state(State::Healthy),
            no_data_count: group.in_state(State::NoData),
            down_now_count: group.down,
            error_budget_total_minutes: scaled_minutes(total),
            error_budget_consumed_minutes: scaled_minutes(consumed),
            error_budget_remaining_minutes: scaled_minutes(remaining),
            error_budget_overspent_minutes: scaled_minutes(overspent),
            worst_objective_id: Some(group.worst.objective.as_str()),
        }
    }
}

impl Grouped {
    /// Groups objectives, which are sorted worst first.
    pub(crate) fn of(reports: Vec<ObjectiveReport>, by: GroupBy, frame: Option<Frame>) -> Self {
        let order = groups(&reports.iter().collect::<Vec<_>>(), &by);
        let order = order.iter().enumerate().map(|(place, group)| (group.name.map(ToOwned::to_owned), place));
        let places: HashMap<Option<String>, usize> = order.collect();
        let mut placed: Vec<(Option<usize>, ObjectiveReport)> = reports
            .into_iter()
            .map(|report| (places.get(&by.of(&report).map(ToOwned::to_owned)).copied(), report))
            .collect();
        placed.sort_by_key(|(place, _)| *place);
        Self { by, frame, reports: placed.into_iter().map(|(_, report)| report).collect() }
    }

    /// Each group with its objectives.
    fn groups(&self) -> impl Iterator<Item = (Group<'_>, &[ObjectiveReport])> {
        let parts = self.reports.chunk_by(|one, next| self.by.of(one) == self.by.of(next));
        parts.filter_map(|part| {
            let group = groups(&part.iter().collect::<Vec<_>>(), &self.by).pop()?;
            Some((group, part))
        })
    }

    /// The answer for programs; in CSV, the rows are the groups.
    ///
    /// # Errors
    /// If it cannot be represented.
    pub(crate) fn document(&self, as_of: Instant) -> Result<Document> {
        let groups: Vec<_> = self.groups().map(|(group, _)| group).collect();
        let mut document = Document::list(as_of, "groups", &groups.iter().map(WireGroup::of).collect::<Vec<_>>())?;
        document.set("objectives", &self.reports.iter().map(WireObjective::of).collect::<Vec<_>>())?;
        document.set("total", &Group::of_all(&self.worst_first()).as_ref().map(WireGroup::of))?;
        Ok(document)
    }

    fn worst_first(&self) -> Vec<&ObjectiveReport> {
        let mut all: Vec<&ObjectiveReport> = self.reports.iter().collect();
        crate::domain::budget::report::worst_first(&mut all);
        all
    }

    /// One row per group, and one for all.
    fn summary(&self) -> Sheet {
        let mut sheet = Sheet::new().left("GROUP").names().right("OBJECTIVES").right("DOWN");
        for title in ["BREACHING", "AT-RISK", "HEALTHY", "NO-DATA"] {
            sheet = sheet.right(title);
        }
        sheet = sheet.right("BUDGET LEFT").optional().right("OVERSPENT").optional();
        sheet = sheet.left("WORST").optional();
        for (group, _) in self.groups() {
            sheet.push(row(self.by.called(group.name), &group));
        }
        if let Some(all) = Group::of_all(&self.worst_first()) {
            sheet.push(row("all".to_owned(), &all));
        }
        let when = if self.reports.iter().any(ObjectiveReport::is_over) { "at the close" } else { "now" };
        sheet.footer.push(format!("DOWN: down {when}, those in breach included"));
        sheet
    }

    /// The title and the table of each part.
    fn parts(&self, drawn: impl Fn(&[ObjectiveReport]) -> Sheet) -> Vec<(String, Sheet)> {
        let mut parts = vec![("Summary".to_owned(), self.summary())];
        // Tables of groups of one objective each would add nothing.
        if self.by != GroupBy::Objective {
            parts.extend(self.groups().map(|(group, reports)| (self.by.called(group.name), drawn(reports))));
        }
        if let (Some(frame), Some((_, last))) = (&self.frame, parts.last_mut()) {
            last.footer.push(period::line(frame, &self.reports));
        }
        parts
    }

    /// The answer for people in a terminal.
    pub(crate) fn text(&self, wide: bool, canvas: Canvas) -> String {
        let part = |(title, sheet): (String, Sheet)| {
            format!("{}\n{}", paint(&title, Tone::Strong, canvas), sheet.table(canvas))
        };
        let is_requested = self.frame.is_some();
        self.parts(|reports| fitted(reports, is_requested, wide, canvas))
            .into_iter()
            .map(part)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The answer to paste into a page.
    pub(crate) fn markdown(&self) -> String {
        let part = |(title, sheet): (String, Sheet)| format!("## {}\n\n{}", markdown::text(&title), sheet.markdown());
        self.parts(|reports| on_page(reports, self.frame.is_some()))
            .into_iter()
            .map(part)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn row(name: String, group: &Group<'_>) -> Vec<Cell> {
    let count = |count: usize, state: State| {
        let tone = if count == 0 { Tone::Faint } else { tone(state) };
        Cell::toned(count.to_string(), tone)
    };
    let Budgets { total, remaining, overspent, .. } = group.budgets;
    let left = if total == 0 {
        "–".to_owned()
    } else {
        format!("{}% {}", percent(remaining, total, 0), short_scaled(remaining))
    };
    let mut cells = vec![Cell::toned(name, Tone::Strong), Cell::plain(group.count.to_string())];
    cells.push(count(group.down, State::Down));
    let states = WORST_FIRST.into_iter().filter(|state| *state != State::Down);
    cells.extend(states.map(|state| count(group.in_state(state), state)));
    cells.extend([
        Cell::plain(left),
        Cell::plain(if overspent == 0 { "–".to_owned() } else { short_scaled(overspent) }),
        Cell::plain(format!("{} {}", symbol(group.worst.state), group.worst.objective)),
    ]);
    cells
}
