//! Owns how the period of an answer is named.

use chrono_tz::Tz;

use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::period::Frame;
use crate::render::form::moment::zoned;

/// The time zone of a period in words, given those of the objectives' windows in it.
pub(in crate::render) fn zone<'r>(frame: &Frame, reports: impl IntoIterator<Item = &'r ObjectiveReport>) -> String {
    let mut zones: Vec<&str> = reports
        .into_iter()
        .map(|report| report.window_kind.calendar().zone.name())
        .chain(frame.zone.map(Tz::name))
        .collect();
    zones.dedup();
    match zones[..] {
        [zone] => zone.to_owned(),
        _ => "the zone of each objective".to_owned(),
    }
}

/// The line below a table: the period, and whether it is over.
pub(in crate::render) fn line(frame: &Frame, reports: &[ObjectiveReport]) -> String {
    let running = reports.iter().map(|report| &report.budget).find(|budget| budget.elapsed.end < budget.window.end);
    let state = match running {
        Some(budget) => format!("so far, up to {}", zoned(budget.elapsed.end)),
        None => "at its close".to_owned(),
    };
    format!("period {} in {}, {state}", frame.period, zone(frame, reports))
}
