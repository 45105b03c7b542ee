//! Owns the metrics with the names and labels of Sloth's recording rules, so that dashboards made for those work.

use super::catalogue::target;
use super::{Labels, Sink};
use crate::domain::account::weights::FULL;
use crate::domain::budget::balance::{Budget, BurnRate, LOOKBACKS};
use crate::domain::budget::printed::share;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::DAY_MS;
use crate::domain::value::target::WHOLE;

/// Names of the rules for the lookbacks, in the order of [`LOOKBACKS`].
const ERROR_RATIOS: [&str; 7] = [
    "slo:sli_error:ratio_rate5m",
    "slo:sli_error:ratio_rate30m",
    "slo:sli_error:ratio_rate1h",
    "slo:sli_error:ratio_rate2h",
    "slo:sli_error:ratio_rate6h",
    "slo:sli_error:ratio_rate1d",
    "slo:sli_error:ratio_rate3d",
];
/// The rule for the window of 30 days, Sloth's default.
const PERIOD_RATIO: &str = "slo:sli_error:ratio_rate30d";
const PERIOD_DAYS: i64 = 30;
/// The index of five minutes among the lookbacks.
const FIVE_MINUTES: usize = 0;

type Value = (&'static str, &'static str, fn(&ObjectiveReport) -> Option<f64>);

const VALUES: [Value; 6] = [
    ("slo:objective:ratio", "Sloth: the target", |it| Some(target(it.budget.target))),
    ("slo:error_budget:ratio", "Sloth: the share of time that may be down", |it| Some(allowed(&it.budget))),
    ("slo:time_period:days", "Sloth: length of the window", |it| Some((it.window_kind.nominal_ms() / DAY_MS) as f64)),
    ("slo:current_burn_rate:ratio", "Sloth: burn rate of the last five minutes", |it| {
        it.burn_rates()[FIVE_MINUTES].value()
    }),
    ("slo:period_burn_rate:ratio", "Sloth: consumed share of the window's budget", |it| {
        share(it.budget.consumed(), it.budget.total())
    }),
    (
        "slo:period_error_budget_remaining:ratio",
        "Sloth: what is left of the window's budget; below 0 if overspent",
        |it| share(it.budget.total() - it.budget.consumed(), it.budget.total()),
    ),
];

/// The share of time that the target allows for failure.
fn allowed(budget: &Budget) -> f64 {
    budget.target.error_share() as f64 / WHOLE as f64
}

/// The share of a lookback that was down.
fn lost(rate: BurnRate) -> Option<f64> {
    (rate.over_ms > 0).then(|| rate.consumed_us as f64 / (rate.over_ms * FULL) as f64)
}

fn labels(report: &ObjectiveReport) -> Labels {
    let (system, objective) = (report.system.as_str(), report.objective.as_str());
    let id = format!("{system}-{objective}");
    Labels::default().with("sloth_id", &id).with("sloth_service", system).with("sloth_slo", objective)
}

/// Every metric of every objective.
pub(super) fn objectives(sink: &mut Sink<'_>, reports: &[ObjectiveReport]) {
    let over = |report: &ObjectiveReport, window: &str| labels(report).with("sloth_window", window);
    for (place, name) in ERROR_RATIOS.into_iter().enumerate() {
        for report in reports {
            if let Some(value) = lost(report.burn_rates()[place]) {
                sink.put(name, "Sloth: share of the lookback that was down", over(report, LOOKBACKS[place].0), value);
            }
        }
    }
    for report in reports.iter().filter(|report| report.window_kind.nominal_ms() == PERIOD_DAYS * DAY_MS) {
        if let Some(value) = lost(report.burn_rate) {
            sink.put(PERIOD_RATIO, "Sloth: share of the window that was down", over(report, "30d"), value);
        }
    }
    for (name, help, value) in VALUES {
        for report in reports {
            if let Some(value) = value(report) {
                sink.put(name, help, labels(report), value);
            }
        }
    }
    for report in reports {
        let labels = labels(report)
            .with("sloth_mode", "slo")
            .with("sloth_objective", &report.budget.target.percent().to_string())
            .with("sloth_spec", "slo/v1")
            .with("sloth_version", concat!("slo ", env!("CARGO_PKG_VERSION")));
        sink.put("sloth_slo_info", "Sloth: what is known about an objective; always 1", labels, 1.0);
    }
}
