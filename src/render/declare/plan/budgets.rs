//! Owns how the consequences of a plan look: for each objective, the budget before and after.

use crate::domain::budget::balance::{SCALED_MS, State};
use crate::domain::budget::printed::availability_percent;
use crate::render::form::number::{down_minutes, percent, scaled_minutes, short_time};
use serde::Serialize;

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::plan::reconcile::consequence::Consequence;
use crate::domain::value::instant::Instant;
use crate::render::form::moment::zoned;
use crate::render::look::status::{remaining_percent, symbol, tone};
use crate::render::{Cell, Sheet, Tone};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireConsequence<'a> {
    objective_id: &'a str,
    before: Option<WireJudgement<'a>>,
    after: Option<WireJudgement<'a>>,
}

/// The deciding values, with the names of `status`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireJudgement<'a> {
    system_id: &'a str,
    target: f64,
    window: String,
    error_budget_total_minutes: f64,
    error_budget_consumed_minutes: f64,
    error_budget_remaining_minutes: f64,
    error_budget_overspent_minutes: f64,
    budget_remaining_percent: f64,
    current_availability: Option<f64>,
    is_breaching: bool,
    state: &'static str,
    budget_tier: &'static str,
    current_streak: u32,
}

fn judgement(report: &ObjectiveReport) -> WireJudgement<'_> {
    let budget = &report.budget;
    WireJudgement {
        system_id: report.system.as_str(),
        target: budget.target.percent().to_f64(),
        window: report.window_kind.to_string(),
        error_budget_total_minutes: scaled_minutes(budget.total()),
        error_budget_consumed_minutes: down_minutes(budget.consumed_us()),
        error_budget_remaining_minutes: scaled_minutes(budget.remaining()),
        error_budget_overspent_minutes: scaled_minutes(budget.overspent()),
        budget_remaining_percent: remaining_percent(budget),
        current_availability: availability_percent(budget, budget.consumed_us()),
        is_breaching: budget.is_breaching(),
        state: report.state.as_str(),
        budget_tier: report.tier.as_str(),
        current_streak: report.streak.current,
    }
}

pub(in crate::render) fn wire(consequences: &[Consequence]) -> Vec<WireConsequence<'_>> {
    consequences
        .iter()
        .map(|consequence| WireConsequence {
            objective_id: consequence.objective.as_str(),
            before: consequence.before.as_ref().map(judgement),
            after: consequence.after.as_ref().map(judgement),
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
        let overspent = (budget.overspent() / SCALED_MS) as i64;
        return format!("0% -{}", short_time(overspent.max(1)));
    }
    if budget.total() == 0 {
        return format!("{:.0}%", remaining_percent(budget));
    }
    format!("{}%", percent(budget.remaining(), budget.total(), 0))
}
