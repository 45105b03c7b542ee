//! Owns the digest for programs.

use crate::domain::budget::printed::availability_percent;
use crate::render::form::number::down_minutes;
use anyhow::Result;
use serde::Serialize;

use crate::domain::budget::balance::State;
use crate::domain::budget::digest::{Counts, Digest, Downtime};
use crate::domain::budget::report::ObjectiveReport;
use crate::render::Document;
use crate::render::look::achievements;
use crate::render::look::status::remaining_percent;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTop<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    availability: Option<f64>,
    streak_days: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireWorst<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    availability: Option<f64>,
    budget_remaining_percent: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WirePart<'a> {
    source_type: &'static str,
    system_id: &'a str,
    objectives: usize,
    minutes: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDown<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    state: &'static str,
    down_since: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDowntime<'a> {
    minutes: f64,
    outages: usize,
    attribution: Vec<WirePart<'a>>,
}

impl<'a> WireDowntime<'a> {
    fn of(downtime: &'a Downtime) -> Self {
        let parts = downtime.parts.iter().map(|part| WirePart {
            source_type: if part.own { "self" } else { "upstream" },
            system_id: part.system.as_str(),
            objectives: part.objectives,
            minutes: down_minutes(part.micros),
        });
        Self { minutes: down_minutes(downtime.micros), outages: downtime.outages, attribution: parts.collect() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireChange<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    previous: &'static str,
    next: &'static str,
}

/// The week before, for comparison.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireBefore<'a> {
    week: String,
    breaching_count: usize,
    at_risk_count: usize,
    healthy_count: usize,
    down_count: usize,
    no_data_count: usize,
    downtime: WireDowntime<'a>,
}

fn available(report: &ObjectiveReport) -> Option<f64> {
    availability_percent(&report.budget, report.budget.consumed_us())
}

/// The digest for programs; `asOf` is its end.
pub(crate) fn document(digest: &Digest) -> Result<Document> {
    let counts = |counts: Counts, state: State| counts.of_state(state);
    let now = |state: State| counts(digest.counts, state);
    let mut document = Document::new(digest.until);
    document.set("week", &digest.week.to_string())?;
    document.set("start", &digest.week.span().start.to_string())?;
    document.set("end", &digest.week.span().end.to_string())?;
    document.set("complete", &digest.is_complete())?;
    document.set("totalObjectives", &digest.counts.total())?;
    document.set("breachingCount", &now(State::Breaching))?;
    document.set("atRiskCount", &now(State::AtRisk))?;
    document.set("healthyCount", &now(State::Healthy))?;
    document.set("downCount", &now(State::Down))?;
    document.set("noDataCount", &now(State::NoData))?;
    let top = digest.top.iter().map(|report| WireTop {
        objective_id: report.objective.as_str(),
        system_id: report.system.as_str(),
        availability: available(report),
        streak_days: report.streak.current,
    });
    document.set("topPerformers", &top.collect::<Vec<_>>())?;
    let worst = digest.worst.iter().map(|report| WireWorst {
        objective_id: report.objective.as_str(),
        system_id: report.system.as_str(),
        availability: available(report),
        budget_remaining_percent: remaining_percent(&report.budget),
    });
    document.set("worstPerformers", &worst.collect::<Vec<_>>())?;
    let down = digest.down.iter().filter_map(|report| {
        Some(WireDown {
            objective_id: report.objective.as_str(),
            system_id: report.system.as_str(),
            state: report.state.as_str(),
            down_since: report.down_since()?.to_string(),
        })
    });
    document.set("down", &down.collect::<Vec<_>>())?;
    document.set("downtime", &WireDowntime::of(&digest.downtime))?;
    document.set("achievements", &achievements::rows(&digest.unlocked))?;
    let changes = digest.changes.iter().map(|change| WireChange {
        objective_id: change.objective.as_str(),
        system_id: change.system.as_str(),
        previous: change.before.as_str(),
        next: change.after.as_str(),
    });
    document.set("changes", &changes.collect::<Vec<_>>())?;
    let before = |state: State| counts(digest.counts_before, state);
    document.set(
        "previous",
        &WireBefore {
            week: digest.week.previous().to_string(),
            breaching_count: before(State::Breaching),
            at_risk_count: before(State::AtRisk),
            healthy_count: before(State::Healthy),
            down_count: before(State::Down),
            no_data_count: before(State::NoData),
            downtime: WireDowntime::of(&digest.downtime_before),
        },
    )?;
    Ok(document)
}
