//! Owns the details of `slo show`: burn rates with what they mean, and what was counted and what was not.

use super::super::health::{ago, minute};
use super::super::number::{percent, rate, short_time};
use super::super::sheet::paint;
use super::super::{Canvas, Tone};
use super::Portrait;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::budget::policy::{Burn, POLICY};
use crate::domain::budget::report::ObjectiveReport;

pub(super) fn burn(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let report = &portrait.report;
    let rates = LOOKBACKS.iter().zip(&report.burn_rates);
    let mut parts: Vec<String> = rates.map(|((name, _), burn)| format!("{name} {}", rate(burn.value()))).collect();
    parts.push(format!("window {}", rate(report.burn_rate.value())));
    let mut lines = vec![parts.join(" · ")];
    let nominal_ms = report.window_kind.nominal_ms();
    for rule in POLICY {
        let verdict = rule.judge(&report.burn_rates, nominal_ms);
        let tone = match verdict {
            Burn::Critical => Tone::Bad,
            Burn::Increasing | Burn::Recovering => Tone::Warning,
            Burn::Acceptable => Tone::Good,
        };
        let [long, short] = [rule.long, rule.short].map(|index| rate(report.burn_rates[index].value()));
        let limit = format!("{:.1}", (rule.short_factor(nominal_ms).to_f64() * 10.0).floor() / 10.0);
        let (over, under) = (LOOKBACKS[rule.long].0, LOOKBACKS[rule.short].0);
        let meaning = match verdict {
            Burn::Critical => "both over",
            Burn::Increasing => "only the short one over",
            Burn::Recovering => "only the long one over",
            Burn::Acceptable => "both under",
        };
        lines.push(format!(
            "{over:>3} {long:>5}, {under:>3} {short:>5}, limit {limit:>5}: {}, {meaning}",
            paint(verdict.as_str(), tone, canvas),
        ));
    }
    lines
}

/// When the newest fact was, and how long ago.
fn last_data(report: &ObjectiveReport) -> String {
    let at = report.last_seen.map_or(String::new(), |at| minute(at) + ", ");
    at + &ago(report.data_age_ms())
}

/// What was counted and what was not, and why.
pub(super) fn accounting(portrait: &Portrait) -> Vec<String> {
    let (report, objective) = (&portrait.report, &portrait.objective);
    let budget = &report.budget;
    let tally = &budget.tally;
    let elapsed = budget.elapsed.millis();
    let known = i128::from(elapsed - tally.unknown_ms);
    let mut lines = vec![
        format!(
            "from {} to {}, as of {}",
            minute(budget.window.start),
            minute(budget.window.end),
            minute(portrait.as_of)
        ),
        format!(
            "status known {} % of the time, unknown {}",
            percent(known, i128::from(elapsed), 1),
            short_time(tally.unknown_ms)
        ),
        format!("last data: {}", last_data(report)),
        if objective.exclude_maintenance_windows || objective.not_counted.maintenance {
            format!("downtime excluded by maintenance: {}", short_time(tally.excluded_ms))
        } else {
            "maintenance does not excuse downtime".to_owned()
        },
        match portrait.leaves()[..] {
            [] => "all time counts towards the window's length".to_owned(),
            [..] => {
                let what = portrait.leaves().join(" and ");
                format!("taken out of the window's length ({what}): {}", short_time(tally.not_counted_ms))
            }
        },
    ];
    if let schedule @ [_, ..] = &portrait.schedule()[..] {
        lines.push(format!("schedule: {}, {}", schedule.join("; "), report.window_kind.calendar().zone));
    }
    let mode = match budget.exclusion {
        DependencyExclusion::Strict => "strict: all downtime spends the budget",
        DependencyExclusion::SelfOnly => "self-only: downtime caused by an upstream does not count",
    };
    lines.push(format!("down is {}; {mode}", portrait.counts_as_down().join(" or ")));
    if report.corrected_ms > 0 {
        lines.push(format!("time under a correction: {}", short_time(report.corrected_ms)));
    }
    let excluded = portrait.excluded_dependencies();
    if !excluded.is_empty() {
        lines.push(format!("never an excuse: {}", excluded.join(", ")));
    }
    lines
}
