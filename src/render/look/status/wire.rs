//! Owns the JSON shape of objectives' reports.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::Result;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::domain::budget::balance::{BurnRate, LOOKBACKS};
use crate::domain::budget::printed::{availability_percent, coverage_percent, remaining_percent};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::window::Window;
use crate::render::Document;
use crate::render::form::number::{down_minutes, minutes, scaled_minutes};
use crate::render::part::maintenance::WireMaintenance;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "these are the JSON fields")]
pub(super) struct WireObjective<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    healthcheck: Option<&'a str>,
    labels: BTreeMap<&'a str, &'a str>,
    orphaned: bool,
    target: f64,
    window_days: Option<u32>,
    window: WireWindow,
    dependency_exclusion: &'static str,
    error_budget_total_minutes: f64,
    error_budget_consumed_strict_minutes: f64,
    error_budget_consumed_minutes: f64,
    error_budget_remaining_minutes: f64,
    error_budget_overspent_minutes: f64,
    budget_remaining_percent: f64,
    current_availability: Option<f64>,
    strict_availability: Option<f64>,
    is_breaching: bool,
    has_open_downtime: bool,
    down_since: Option<String>,
    in_maintenance: Option<WireMaintenance<'a>>,
    status_known: bool,
    attribution: Vec<WireAttribution<'a>>,
    excluded_minutes: f64,
    too_short_minutes: f64,
    not_counted_minutes: f64,
    corrected_minutes: f64,
    coverage_percent: Option<f64>,
    last_seen: Option<String>,
    data_age_seconds: Option<i64>,
    state: &'static str,
    budget_tier: &'static str,
    burn_rate: Option<f64>,
    burn_rates: WireBurnRates,
    fast_burn: bool,
    current_streak: u32,
    best_streak: u32,
    streak_start: Option<String>,
    best_streak_end: Option<String>,
    lost_streak: u32,
    forecast: WireForecast,
}

/// Burn rates by the names of their lookbacks.
struct WireBurnRates([Option<f64>; 7]);

impl Serialize for WireBurnRates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for ((name, _), rate) in LOOKBACKS.iter().zip(&self.0) {
            map.serialize_entry(name, rate)?;
        }
        map.end()
    }
}

/// All rows of the answer, made one by one while they are written.
struct WireObjectives(Rc<[ObjectiveReport]>);

impl Serialize for WireObjectives {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(WireObjective::of))
    }
}

#[derive(Serialize)]
struct WireWindow {
    r#type: &'static str,
    start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<&'static str>,
    /// The zone of its days.
    timezone: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAttribution<'a> {
    source_type: &'static str,
    system_id: Option<&'a str>,
    minutes: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "these are the JSON names")]
struct WireForecast {
    exhausted_at: Option<String>,
    recovers_at: Option<String>,
    full_at: Option<String>,
}

impl<'a> WireObjective<'a> {
    pub(super) fn of(report: &'a ObjectiveReport) -> Self {
        let budget = &report.budget;
        let text = |at: Option<Instant>| at.map(|at| at.to_string());
        let (window_days, kind, calendar) = match report.window_kind {
            Window::Rolling { days, .. } => (Some(days), "rolling", None),
            Window::Calendar { unit, .. } => (None, "calendar", Some(unit.as_str())),
        };
        Self {
            objective_id: report.objective.as_str(),
            system_id: report.system.as_str(),
            healthcheck: report.healthcheck.as_ref().map(Name::as_str),
            labels: report.labels.iter().collect(),
            orphaned: report.orphaned,
            target: budget.target.percent().to_f64(),
            window_days,
            window: WireWindow {
                r#type: kind,
                start: budget.window.start.to_string(),
                end: budget.window.end.to_string(),
                calendar,
                timezone: report.window_kind.calendar().zone.name(),
            },
            dependency_exclusion: budget.exclusion.as_str(),
            error_budget_total_minutes: scaled_minutes(budget.total()),
            error_budget_consumed_strict_minutes: down_minutes(budget.tally.strict_us()),
            error_budget_consumed_minutes: down_minutes(budget.consumed_us()),
            error_budget_remaining_minutes: scaled_minutes(budget.remaining()),
            error_budget_overspent_minutes: scaled_minutes(budget.overspent()),
            budget_remaining_percent: remaining_percent(budget),
            current_availability: availability_percent(budget, budget.consumed_us()),
            strict_availability: availability_percent(budget, budget.tally.strict_us()),
            is_breaching: budget.is_breaching(),
            has_open_downtime: report.has_open_downtime(),
            down_since: text(report.down_since()),
            in_maintenance: report.maintenance.as_ref().map(WireMaintenance::of),
            status_known: report.known_now,
            attribution: report
                .attribution
                .iter()
                .map(|(system, micros)| attribution(system.as_ref(), *micros))
                .collect(),
            excluded_minutes: down_minutes(budget.tally.excluded_us),
            too_short_minutes: down_minutes(budget.tally.too_short_us),
            not_counted_minutes: minutes(budget.tally.not_counted_ms),
            corrected_minutes: minutes(report.corrected_ms),
            coverage_percent: coverage_percent(budget),
            last_seen: text(report.last_seen),
            data_age_seconds: report.data_age_ms().map(|age| age / 1000),
            state: report.state.as_str(),
            budget_tier: report.tier.as_str(),
            burn_rate: report.burn_rate.value(),
            burn_rates: WireBurnRates(report.burn_rates().map(BurnRate::value)),
            fast_burn: report.fast_burn,
            current_streak: report.streak.current,
            best_streak: report.streak.best,
            streak_start: text(report.streak.start),
            best_streak_end: text(report.streak.best_end),
            lost_streak: report.streak.lost,
            forecast: WireForecast {
                exhausted_at: text(report.forecast.exhausted_at),
                recovers_at: text(report.forecast.recovers_at),
                full_at: text(report.forecast.full_at),
            },
        }
    }
}

fn attribution(system: Option<&Name>, micros: i64) -> WireAttribution<'_> {
    let source_type = if system.is_some() { "upstream" } else { "self" };
    WireAttribution { source_type, system_id: system.map(Name::as_str), minutes: down_minutes(micros) }
}

/// The values of one report by their JSON names.
pub(crate) fn values(report: &ObjectiveReport) -> Result<Value> {
    Ok(serde_json::to_value(WireObjective::of(report))?)
}

pub(crate) fn document(reports: &Rc<[ObjectiveReport]>, as_of: Instant) -> Document {
    Document::large_list(as_of, "objectives", WireObjectives(Rc::clone(reports)))
}
