//! Owns the lines below the table of `status`: the forecast, what the numbers do not cover, and the age of the data.

use crate::domain::budget::balance::State;
use crate::domain::budget::report::ObjectiveReport;
use crate::render::form::moment::zoned;
use crate::render::form::number::percent;
use crate::render::look::health::ago;
use crate::render::part::forecast::next_period;

/// Objectives with a forecast below the table.
const MOST_OUTLOOKS: usize = 3;
/// The coverage that needs no remark.
const GOOD_COVERAGE_PERCENT: i128 = 95;

/// The first of some objectives, each with a remark, and the number of others; `None` if there are none.
fn told(head: &str, reports: &[&ObjectiveReport], said: impl Fn(&ObjectiveReport) -> String) -> Option<String> {
    let mut names: Vec<String> = reports.iter().take(MOST_OUTLOOKS).map(|report| said(report)).collect();
    if reports.len() > MOST_OUTLOOKS {
        names.push(format!("{} more", reports.len() - MOST_OUTLOOKS));
    }
    (!names.is_empty()).then(|| format!("{head}: {}", names.join(", ")))
}

/// The age of the newest fact of all objectives, and the objective whose newest fact is oldest.
pub(super) fn last_data(reports: &[ObjectiveReport]) -> Option<String> {
    let running = || reports.iter().filter(|report| !report.is_over());
    let aged = || running().filter_map(|report| Some((report.data_age_ms()?, report)));
    let (newest, _) = aged().min_by_key(|(age, _)| *age)?;
    let (oldest, report) = aged().max_by_key(|(age, report)| (*age, std::cmp::Reverse(&report.objective)))?;
    let least = format!("; oldest: {}, {}", report.objective, ago(Some(oldest)));
    Some(format!("last data {}{}", ago(Some(newest)), if oldest == newest { "" } else { &least }))
}

/// What the numbers do not cover: objectives whose status is unknown now, and those known only for a part of their
/// window.
pub(super) fn blind_spots(reports: &[ObjectiveReport]) -> Vec<String> {
    let known = |report: &ObjectiveReport| {
        let budget = &report.budget;
        let coverage = percent(i128::from(budget.known_ms()), i128::from(budget.elapsed.millis()), 0);
        format!("{} {coverage}%", report.objective)
    };
    let seen = |report: &&ObjectiveReport| report.state != State::NoData;
    let partly = |report: &&ObjectiveReport| {
        i128::from(report.budget.known_ms()) * 100 < i128::from(report.budget.elapsed.millis()) * GOOD_COVERAGE_PERCENT
    };
    let (now, before): (Vec<_>, Vec<_>) = reports
        .iter()
        .filter(seen)
        .filter(|report| !report.known_now || partly(report))
        .partition(|report| !report.known_now);
    let unknown = told("status unknown now; known for a part of the window", &now, known);
    unknown.into_iter().chain(told("status known for only part of the window", &before, known)).collect()
}

/// The forecast of the worst objectives if nothing else happens. After a requested period, no other one begins.
pub(super) fn outlooks(reports: &[ObjectiveReport], is_requested: bool) -> Vec<String> {
    let outlook = |report: &ObjectiveReport| {
        let forecast = &report.forecast;
        let what = match (report.state, forecast.exhausted_at, forecast.recovers_at) {
            (State::Down, Some(at), _) => format!("budget spent {}, if it stays down", zoned(at)),
            (State::Breaching, _, Some(at)) if !report.has_open_downtime() => {
                let then = if report.down.is_some() { "if no status changes" } else { "if it stays up" };
                format!("within budget again {}, {then}", zoned(at))
            }
            (State::Breaching, ..) if !is_requested => {
                format!("a new period begins {}, with a full budget", zoned(next_period(report)?))
            }
            _ => return None,
        };
        Some(format!("{}: {what}", report.objective))
    };
    reports.iter().filter(|report| !report.is_over()).filter_map(outlook).take(MOST_OUTLOOKS).collect()
}
