//! Owns the forecast of an objective in words, besides the instants in it.

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::domain::value::window::Window;

/// The end of a calendar period with consumed budget: the next one has the full budget. A rolling window has no such
/// time.
pub(in crate::render) fn next_period(report: &ObjectiveReport) -> Option<Instant> {
    let calendar = matches!(report.window_kind, Window::Calendar { .. });
    (calendar && report.budget.consumed_us() > 0).then_some(report.budget.window.end)
}

/// The effect of an outage that lasts longer than the budget.
pub(in crate::render) fn overspending(report: &ObjectiveReport) -> Option<&'static str> {
    let words = match report.window_kind {
        Window::Calendar { .. } => "every minute overspends another minute",
        Window::Rolling { .. } => "every minute overspends another minute, minus the downtime that leaves the window",
    };
    (report.has_open_downtime() && report.budget.is_exhausted()).then_some(words)
}
