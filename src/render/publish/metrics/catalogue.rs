//! Owns the metrics of objectives and systems under slo's own names, which docs/reference/metrics.md promises.

use super::{Labels, Sink, label_name, seconds};
use crate::domain::budget::balance::{Budget, BudgetTier, LOOKBACKS, State};
use crate::domain::budget::printed::{scaled_seconds, share};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::health::report::Health;
use crate::domain::health::transition::Status;
use crate::domain::value::name::Name;
use crate::domain::value::target::{Target, WHOLE};
use crate::domain::value::window::Window;

/// A metric with at most one value per objective.
type Value = (&'static str, &'static str, fn(&ObjectiveReport) -> Option<f64>);

const VALUES: [Value; 29] = [
    ("slo_objective_target_ratio", "The target", |it| Some(target(it.budget.target))),
    ("slo_objective_window_start_timestamp_seconds", "Start of the window", |it| Some(seconds(it.budget.window.start))),
    ("slo_objective_window_end_timestamp_seconds", "End of the window", |it| Some(seconds(it.budget.window.end))),
    ("slo_objective_availability_ratio", "Availability over the elapsed window, by what spends the budget", |it| {
        available(&it.budget, it.budget.consumed_us())
    }),
    (
        "slo_objective_strict_availability_ratio",
        "Availability over the elapsed window, by all charged downtime",
        |it| available(&it.budget, it.budget.tally.strict_us()),
    ),
    ("slo_error_budget_total_seconds", "Error budget: downtime that the target allows in the window", |it| {
        Some(scaled_seconds(it.budget.total()))
    }),
    ("slo_error_budget_consumed_seconds", "Downtime that spends the budget", |it| Some(down(it.budget.consumed_us()))),
    ("slo_error_budget_consumed_strict_seconds", "All charged downtime in the window", |it| {
        Some(down(it.budget.tally.strict_us()))
    }),
    ("slo_error_budget_remaining_seconds", "Remaining budget", |it| Some(scaled_seconds(it.budget.remaining()))),
    ("slo_error_budget_overspent_seconds", "Consumption beyond the budget", |it| {
        Some(scaled_seconds(it.budget.overspent()))
    }),
    ("slo_error_budget_remaining_ratio", "Remaining budget, as a share of the budget", |it| {
        Some(remaining(&it.budget))
    }),
    ("slo_objective_breaching", "1 if more than the budget is consumed", |it| Some(flag(it.budget.is_breaching()))),
    ("slo_objective_down", "1 if downtime that spends the budget is ongoing", |it| Some(flag(it.has_open_downtime()))),
    ("slo_objective_down_since_timestamp_seconds", "Start of the current outage, if there is one", |it| {
        it.down_since().map(seconds)
    }),
    ("slo_objective_status_known", "1 if the status is known", |it| Some(flag(it.known_now))),
    ("slo_objective_excluded_seconds", "Downtime in the window that maintenance excuses", |it| {
        Some(down(it.budget.tally.excluded_us))
    }),
    ("slo_objective_too_short_seconds", "Downtime in the window of outages shorter than minimumOutage", |it| {
        Some(down(it.budget.tally.too_short_us))
    }),
    ("slo_objective_corrected_seconds", "Time of the window that is under a correction", |it| {
        Some(span(it.corrected_ms))
    }),
    ("slo_objective_not_counted_seconds", "Time taken out of the window's length", |it| {
        Some(span(it.budget.tally.not_counted_ms))
    }),
    ("slo_objective_coverage_ratio", "Share of the elapsed window in which the status was known", |it| {
        share(it.budget.known_ms().into(), it.budget.elapsed.millis().into())
    }),
    ("slo_objective_last_seen_timestamp_seconds", "The newest fact of the objective's streams", |it| {
        it.last_seen.map(seconds)
    }),
    ("slo_objective_data_age_seconds", "Age of the newest fact of the objective's streams", |it| {
        it.data_age_ms().map(span)
    }),
    ("slo_objective_fast_burn", "1 if the last hour burned at fastBurnMultiplier or faster", |it| {
        Some(flag(it.fast_burn))
    }),
    ("slo_objective_streak", "Days in a row within budget", |it| Some(it.streak.current.into())),
    ("slo_objective_best_streak", "Days in the longest streak", |it| Some(it.streak.best.into())),
    ("slo_objective_lost_streak", "Days in the streak that ended last", |it| Some(it.streak.lost.into())),
    ("slo_objective_exhausted_at_timestamp_seconds", "Forecast: when the open outage exhausts the budget", |it| {
        it.forecast.exhausted_at.map(seconds)
    }),
    ("slo_objective_recovers_at_timestamp_seconds", "Forecast: when the objective is within budget again", |it| {
        it.forecast.recovers_at.map(seconds)
    }),
    ("slo_objective_full_at_timestamp_seconds", "Forecast: when the budget is fully restored", |it| {
        it.forecast.full_at.map(seconds)
    }),
];

/// A target as a ratio: a percentage divided by 100 would be rounded twice.
pub(super) fn target(target: Target) -> f64 {
    target.percent().millionths() as f64 / WHOLE as f64
}

/// The share of the elapsed length without this many microseconds of downtime.
fn available(budget: &Budget, down_us: i64) -> Option<f64> {
    let (part, whole) = budget.available(down_us);
    share(part, whole)
}

/// What is left of the budget; of no budget everything or nothing.
fn remaining(budget: &Budget) -> f64 {
    share(budget.remaining(), budget.total()).unwrap_or(flag(budget.consumed_us() == 0))
}

fn span(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// Microseconds of downtime as seconds.
fn down(micros: i64) -> f64 {
    micros as f64 / 1e6
}

const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// The labels of an objective's sample.
fn whose(report: &ObjectiveReport) -> Labels {
    Labels::default().with("objective", report.objective.as_str()).with("system", report.system.as_str())
}

/// The labels of an objective's sample of one kind.
fn whose_of(report: &ObjectiveReport, name: &str, value: &str) -> Labels {
    whose(report).with(name, value)
}

/// Every metric of every objective.
pub(super) fn objectives(sink: &mut Sink<'_>, reports: &[ObjectiveReport]) {
    for report in reports {
        sink.put("slo_objective_info", "Labels and settings of an objective; always 1", described(report), 1.0);
    }
    for (name, help, value) in VALUES {
        for report in reports {
            if let Some(value) = value(report) {
                sink.put(name, help, whose(report), value);
            }
        }
    }
    for report in reports {
        for state in State::ALL {
            let help = "1 for the state of the objective, 0 for the others";
            sink.put(
                "slo_objective_state",
                help,
                whose_of(report, "state", state.as_str()),
                flag(report.state == state),
            );
        }
        for tier in BudgetTier::ALL {
            let help = "1 for the tier of the budget, 0 for the others";
            let labels = whose_of(report, "tier", tier.as_str());
            sink.put("slo_objective_budget_tier", help, labels, flag(report.tier == tier));
        }
        rates(sink, report);
        for (upstream, micros) in &report.attribution {
            let labels = whose_of(report, "source_type", if upstream.is_some() { "upstream" } else { "self" });
            let labels = labels.with("cause", upstream.as_ref().map_or(report.system.as_str(), Name::as_str));
            sink.put(
                "slo_objective_downtime_seconds",
                "Charged downtime in the window by cause",
                labels,
                down(*micros),
            );
        }
    }
}

/// Burn rates over every lookback, and over the elapsed window.
fn rates(sink: &mut Sink<'_>, report: &ObjectiveReport) {
    let windows = LOOKBACKS.iter().map(|(name, _)| *name).zip(report.burn_rates());
    for (name, rate) in windows.chain([("window", report.burn_rate)]) {
        if let Some(value) = rate.value() {
            let help = "Consumption relative to spending the budget evenly, by lookback";
            sink.put("slo_objective_burn_rate", help, whose_of(report, "window", name), value);
        }
    }
}

/// The declaration of an objective.
fn described(report: &ObjectiveReport) -> Labels {
    let Budget { target, exclusion, .. } = &report.budget;
    let window = match report.window_kind {
        Window::Rolling { days, .. } => format!("{days}d"),
        Window::Calendar { unit, .. } => unit.as_str().to_owned(),
    };
    let mut labels = whose(report)
        .with("check", report.healthcheck.as_ref().map_or("", Name::as_str))
        .with("target", &target.percent().to_string())
        .with("window", &window)
        .with("timezone", report.window_kind.calendar().zone.name())
        .with("mode", exclusion.as_str());
    let mut names: Vec<String> = Vec::new();
    for (key, value) in report.labels.iter() {
        let mut name = label_name(key);
        // Two keys may differ only in characters that a label name cannot have: the second one gets a suffix.
        if names.contains(&name) {
            name = format!("{name}_{}", names.len());
        }
        labels = labels.with(&name, value);
        names.push(name);
    }
    labels
}

/// A metric with at most one value per system.
type SystemValue = (&'static str, &'static str, fn(&Health) -> Option<f64>);

const SYSTEM_VALUES: [SystemValue; 7] = [
    ("slo_system_checks", "Checks that have reported, or members", |it| Some(it.total_checks as f64)),
    ("slo_system_healthy_checks", "Checks that are healthy", |it| Some(it.healthy_checks as f64)),
    ("slo_system_in_status_since_timestamp_seconds", "When the status of the system began", |it| {
        it.in_status_since.map(seconds)
    }),
    ("slo_system_transitions_in_window", "Changes of the status within the last hour", |it| {
        Some(it.transitions_in_window as f64)
    }),
    ("slo_system_last_seen_timestamp_seconds", "The newest fact of the system", |it| it.last_seen.map(seconds)),
    ("slo_system_in_maintenance", "1 while a maintenance window is active", |it| Some(flag(it.maintenance.is_some()))),
    ("slo_system_data_age_seconds", "Age of the newest fact of the system", |it| it.data_age_ms().map(span)),
];

/// Every metric of every system.
pub(super) fn systems(sink: &mut Sink<'_>, healths: &[Health]) {
    let whose = |health: &Health| Labels::default().with("system", health.system.as_str());
    for health in healths {
        for status in [Status::Healthy, Status::Degraded, Status::Unhealthy, Status::Unknown] {
            let labels = whose(health).with("status", status.as_str());
            let help = "1 for the status of the system, 0 for the others";
            sink.put("slo_system_status", help, labels, flag(health.status == status));
        }
    }
    for (name, help, value) in SYSTEM_VALUES {
        for health in healths {
            if let Some(value) = value(health) {
                sink.put(name, help, whose(health), value);
            }
        }
    }
}
