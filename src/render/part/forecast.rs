//! Owns what lies ahead of an objective besides the instants of its forecast, in words.

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::domain::value::window::Window;

/// When a calendar period ends of whose budget something is consumed: with the next one all of the budget is back. A rolling
/// window has no such moment.
pub(in crate::render) fn next_period(report: &ObjectiveReport) -> Option<Instant> {
    let calendar = matches!(report.window_kind, Window::Calendar { .. });
    (calendar && report.budget.consumed_us() > 0).then_some(report.budget.window.end)
}

/// What an outage does that goes on after the budget is spent.
pub(in crate::render) fn overspending(report: &ObjectiveReport) -> Option<&'static str> {
    let words = match report.window_kind {
        Window::Calendar { .. } => "every minute overspends another minute",
        Window::Rolling { .. } => "every minute overspends another minute, minus the downtime that leaves the window",
    };
    (report.has_open_downtime() && report.budget.is_exhausted()).then_some(words)
}
