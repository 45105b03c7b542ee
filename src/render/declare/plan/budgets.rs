//! Owns how the consequences of a plan look: for each objective, the budget before and after.

use serde::ser::{Error as _, Serialize, Serializer};

use crate::domain::budget::balance::State;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::plan::reconcile::consequence::Consequence;
use crate::domain::value::instant::Instant;
use crate::render::form::moment::zoned;
use crate::render::form::number::{percent, short_scaled};
use crate::render::look::status::{remaining_percent, symbol, tone, values};
use crate::render::{Cell, Sheet, Tone};

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireConsequence<'a> {
    objective_id: &'a str,
    before: Option<WireJudgement<'a>>,
    after: Option<WireJudgement<'a>>,
}

/// The names of the values of `status` that decide, in their order.
const DECIDING: [&str; 13] = [
    "systemId",
    "target",
    "window",
    "errorBudgetTotalMinutes",
    "errorBudgetConsumedMinutes",
    "errorBudgetRemainingMinutes",
    "errorBudgetOverspentMinutes",
    "budgetRemainingPercent",
    "currentAvailability",
    "isBreaching",
    "state",
    "budgetTier",
    "currentStreak",
];

/// The deciding values of `status`; the window as it is declared.
struct WireJudgement<'a>(&'a ObjectiveReport);

impl Serialize for WireJudgement<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = values(self.0).map_err(S::Error::custom)?;
        all["window"] = self.0.window_kind.to_string().into();
        serializer.collect_map(DECIDING.map(|name| (name, all[name].take())))
    }
}

pub(in crate::render) fn wire(consequences: &[Consequence]) -> Vec<WireConsequence<'_>> {
    consequences
        .iter()
        .map(|consequence| WireConsequence {
            objective_id: consequence.objective.as_str(),
            before: consequence.before.as_ref().map(WireJudgement),
            after: consequence.after.as_ref().map(WireJudgement),
        })
        .collect()
}

/// The consequences for people: only real ones, worst first. `None` if there are none at all.
pub(in crate::render) fn sheet(consequences: &[Consequence], as_of: Instant) -> Option<Sheet> {
    let felt: Vec<_> = consequences.iter().filter(|consequence| consequence.is_felt()).collect();
    if consequences.is_empty() {
        return None;
    }
    let mut sheet = Sheet::new().left("OBJECTIVE").names().left("TARGET").left("BUDGET LEFT").left("STATE");
    for consequence in &felt {
        let (before, after) = (consequence.before.as_ref(), consequence.after.as_ref());
        let target = |report: &ObjectiveReport| report.budget.target.percent().to_string();
        let state = |report: &ObjectiveReport| format!("{} {}", symbol(report.state), report.state.as_str());
        let note = match (before, after) {
            (None, _) => " (new)",
            (_, None) => " (deleted)",
            _ => "",
        };
        sheet.push(vec![
            Cell::toned(consequence.objective.as_str(), Tone::Strong),
            Cell::plain(arrow(before.map(target), after.map(target))),
            Cell::plain(arrow(before.map(left), after.map(left))),
            Cell::toned(
                arrow(before.map(state), after.map(state)) + note,
                after.map_or(Tone::Faint, |report| tone(report.state)),
            ),
        ]);
    }
    let even = consequences.len() - felt.len();
    sheet.footer.push(match (felt.len(), even) {
        (_, 0) => format!("budgets as of {}", zoned(as_of)),
        (0, _) => format!("budgets as of {}: {even} re-evaluated, result unchanged", zoned(as_of)),
        _ => format!("budgets as of {}; {even} more re-evaluated, result unchanged", zoned(as_of)),
    });
    Some(sheet)
}

/// `before → after`, or only the one that exists.
fn arrow(before: Option<String>, after: Option<String>) -> String {
    match (before, after) {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (before, after) => after.or(before).unwrap_or_default(),
    }
}

/// The budget left, negative if overspent.
fn left(report: &ObjectiveReport) -> String {
    let budget = &report.budget;
    if report.state == State::NoData {
        return "–".to_owned();
    }
    if budget.is_breaching() {
        return format!("0% -{}", short_scaled(budget.overspent()));
    }
    if budget.total() == 0 {
        return format!("{:.0}%", remaining_percent(budget));
    }
    format!("{}%", percent(budget.remaining(), budget.total(), 0))
}
