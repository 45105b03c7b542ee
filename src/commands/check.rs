//! Owns `slo check`: one verdict over the selected objectives.

use anyhow::Result;
use serde_json::Value;

use super::{Context, selection};
use crate::cli::{Check, FailOn, NoData};
use crate::domain::budget::{BudgetTier, State};
use crate::domain::report::{ObjectiveReport, worst_first};
use crate::evaluation::reports;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::Form;
use crate::render::check::{Finding, document, sheet, text};
use crate::render::status::values;
use crate::store::Access;

pub(super) fn run(context: &mut Context<'_>, args: &Check) -> Result<ExitStatus> {
    let store = context.store(Access::Read)?;
    let as_of = context.as_of;
    let mut reports = store.read(|store| reports(store, selection::objectives(store, &args.selection)?, as_of))?;
    worst_first(&mut reports);
    if reports.is_empty() {
        return Err(Failure::new(
            "nothing to check: no objective is selected",
            "declare objectives with `slo apply PATH`, or see `slo list objectives` for names and labels",
        ));
    }
    let mut findings = Vec::new();
    for report in &reports {
        let values = values(report)?;
        if report.state == State::NoData {
            let fails = args.no_data == NoData::Fail;
            findings.push(finding(report, &values, "no-data", "state == \"no-data\"", fails, &["state", "systemId"]));
            continue;
        }
        for what in &args.fail_on {
            findings.push(judge(report, &values, *what));
        }
        if let Some(percent) = args.min_coverage {
            let (known, elapsed) = (report.budget.known_ms(), report.budget.elapsed.millis());
            let holds = i128::from(known) * 100 < i128::from(elapsed) * i128::from(percent);
            let expression = format!("coveragePercent < {percent}");
            findings.push(finding(report, &values, "min-coverage", expression, holds, &["coveragePercent"]));
        }
    }
    let fails = findings.iter().any(|finding| finding.holds);
    match context.form() {
        Form::Table | Form::Wide => context.say(&text(&findings, context.canvas))?,
        _ => context.answer(&document(&findings, as_of)?, |_| sheet(&findings))?,
    }
    Ok(ExitStatus::holds(!fails))
}

fn judge(report: &ObjectiveReport, values: &Value, what: FailOn) -> Finding {
    let (condition, expression, holds, decided): (_, _, _, &[&'static str]) = match what {
        FailOn::Breaching => (
            "breaching",
            "isBreaching",
            report.budget.is_breaching(),
            &["errorBudgetConsumedMinutes", "errorBudgetTotalMinutes", "errorBudgetOverspentMinutes"],
        ),
        FailOn::Degraded => (
            "degraded",
            "isBreaching || hasOpenDowntime",
            report.state <= State::Degraded,
            &["isBreaching", "hasOpenDowntime", "budgetRemainingPercent"],
        ),
        FailOn::AtRisk => (
            "at-risk",
            "isBreaching || hasOpenDowntime || state == \"at-risk\"",
            report.state <= State::AtRisk,
            &["state", "hasOpenDowntime", "budgetRemainingPercent"],
        ),
        FailOn::Warning => (
            "warning",
            "budgetTier != \"ok\"",
            report.tier >= BudgetTier::Warning,
            &["budgetTier", "errorBudgetConsumedMinutes", "errorBudgetTotalMinutes"],
        ),
        FailOn::Critical => (
            "critical",
            "budgetTier == \"critical\" || budgetTier == \"exhausted\"",
            report.tier >= BudgetTier::Critical,
            &["budgetTier", "errorBudgetConsumedMinutes", "errorBudgetTotalMinutes"],
        ),
        FailOn::FastBurn => ("fast-burn", "fastBurn", report.fast_burn, &["fastBurn", "burnRates.1h"]),
    };
    finding(report, values, condition, expression, holds, decided)
}

fn finding(
    report: &ObjectiveReport,
    values: &Value,
    condition: &'static str,
    expression: impl Into<String>,
    holds: bool,
    decided: &[&'static str],
) -> Finding {
    let value = |name: &'static str| {
        let found = name.split('.').try_fold(values, |value, part| value.get(part));
        (name, found.cloned().unwrap_or(Value::Null))
    };
    let values = decided.iter().map(|name| value(name)).collect();
    Finding { objective: report.objective.to_string(), condition, expression: expression.into(), holds, values }
}
