//! Owns the accounting below a portrait: what counted and what did not, and why.

use super::Portrait;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::duration::write_millis;
use crate::render::form::moment::{range, zoned};
use crate::render::form::number::{short_down, short_time, signed_percent};
use crate::render::look::health::ago;

/// The most corrections listed by name.
const MOST_NAMED: usize = 5;

/// The time of the newest fact, and how long ago that is.
fn last_data(report: &ObjectiveReport) -> String {
    let at = report.last_seen.map_or(String::new(), |at| zoned(at) + ", ");
    at + &ago(report.data_age_ms())
}

/// The first names of a list, and the number of others.
fn listed(names: &[&str]) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let first = names[..names.len() - more].join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}

/// What counted and what did not, and why.
pub(super) fn accounting(portrait: &Portrait) -> Vec<String> {
    let (report, objective) = (&portrait.report, &portrait.objective);
    let budget = &report.budget;
    let tally = &budget.tally;
    let elapsed = budget.elapsed.millis();
    let known = i128::from(elapsed - tally.unknown_ms);
    let mut lines = vec![
        format!("from {}, as of {}", range(budget.window), zoned(portrait.as_of)),
        format!(
            "status known {} of the time, unknown {}",
            signed_percent(known, i128::from(elapsed), 1),
            short_time(tally.unknown_ms)
        ),
        format!("last data: {}", last_data(report)),
        if objective.exclude_maintenance_windows || objective.not_counted.maintenance {
            format!("downtime excluded by maintenance: {}", short_down(tally.excluded_us))
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
    lines.push(format!("down is {}; {mode}", portrait.weighted().join(" or ")));
    if objective.minimum_outage_ms > 0 {
        let (least, short) = (write_millis(objective.minimum_outage_ms), short_down(tally.too_short_us));
        lines.push(format!("downtime of outages shorter than {least}, which do not count: {short}"));
    }
    if objective.attribution_grace_ms > 0 {
        let grace = write_millis(objective.attribution_grace_ms);
        lines.push(format!("outages of upstreams reach {grace} further at both ends"));
    }
    if report.corrected_ms > 0 {
        let names: Vec<&str> = portrait.corrections.iter().map(|it| it.metadata.name.as_str()).collect();
        lines.push(format!("time under a correction: {} ({})", short_time(report.corrected_ms), listed(&names)));
    }
    let excluded = portrait.excluded_dependencies();
    if !excluded.is_empty() {
        lines.push(format!("never an excuse: {}", excluded.join(", ")));
    }
    lines
}
