//! Owns the review of a period for programs.

use crate::domain::account::weights::FULL;
use crate::render::form::number::{down_minutes, minutes, ratio_percent, scaled_minutes};
use std::collections::BTreeMap;

use anyhow::Result;
use chrono_tz::Tz;
use serde::Serialize;

use crate::domain::budget::level::{Interruptions, LevelDay, Summary};
use crate::domain::budget::printed::{availability_percent, coverage_percent, remaining_percent};
use crate::domain::budget::review::{Entry, Interruption, Review, Section};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::Document;

/// The totals of outages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireInterruptions {
    downtime_minutes: f64,
    outages: usize,
    open_outages: usize,
    longest_seconds: Option<i64>,
    mttr_seconds: Option<i64>,
    mtbf_seconds: Option<i64>,
}

impl WireInterruptions {
    fn of(found: &Interruptions) -> Self {
        let seconds = |millis: Option<i64>| millis.map(|millis| millis / 1000);
        Self {
            downtime_minutes: down_minutes(found.downtime_us),
            outages: found.count,
            open_outages: found.open,
            longest_seconds: seconds(found.longest_ms),
            mttr_seconds: seconds(found.mttr_ms),
            mtbf_seconds: seconds(found.mtbf_ms),
        }
    }
}

/// An objective in the period before.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireBefore {
    result: &'static str,
    current_availability: Option<f64>,
    error_budget_consumed_minutes: f64,
    #[serde(flatten)]
    interruptions: WireInterruptions,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    healthcheck: Option<&'a str>,
    group: Option<&'a str>,
    labels: BTreeMap<&'a str, &'a str>,
    period_start: String,
    period_end: String,
    timezone: &'static str,
    result: &'static str,
    target: f64,
    current_availability: Option<f64>,
    strict_availability: Option<f64>,
    error_budget_total_minutes: f64,
    error_budget_consumed_minutes: f64,
    error_budget_consumed_strict_minutes: f64,
    budget_remaining_percent: f64,
    #[serde(flatten)]
    interruptions: WireInterruptions,
    excluded_minutes: f64,
    too_short_minutes: f64,
    not_counted_minutes: f64,
    corrected_minutes: f64,
    coverage_percent: Option<f64>,
    previous: WireBefore,
}

impl<'a> WireEntry<'a> {
    fn of(review: &'a Review, entry: &'a Entry) -> Self {
        let (report, before) = (&entry.level.report, &entry.before);
        let budget = &report.budget;
        Self {
            objective_id: report.objective.as_str(),
            system_id: report.system.as_str(),
            healthcheck: report.healthcheck.as_ref().map(Name::as_str),
            group: review.by.as_ref().and_then(|by| by.of(report)),
            labels: report.labels.iter().collect(),
            period_start: budget.window.start.to_string(),
            period_end: budget.window.end.to_string(),
            timezone: report.window_kind.calendar().zone.name(),
            result: entry.level.outcome().as_str(),
            target: budget.target.percent().to_f64(),
            current_availability: availability_percent(budget, budget.consumed_us()),
            strict_availability: availability_percent(budget, budget.tally.strict_us()),
            error_budget_total_minutes: scaled_minutes(budget.total()),
            error_budget_consumed_minutes: down_minutes(budget.consumed_us()),
            error_budget_consumed_strict_minutes: down_minutes(budget.tally.strict_us()),
            budget_remaining_percent: remaining_percent(budget),
            interruptions: WireInterruptions::of(&entry.interruptions),
            excluded_minutes: down_minutes(budget.tally.excluded_us),
            too_short_minutes: down_minutes(budget.tally.too_short_us),
            not_counted_minutes: minutes(budget.tally.not_counted_ms),
            corrected_minutes: minutes(report.corrected_ms),
            coverage_percent: coverage_percent(budget),
            previous: WireBefore {
                result: before.outcome().as_str(),
                current_availability: availability_percent(&before.report.budget, before.report.budget.consumed_us()),
                error_budget_consumed_minutes: down_minutes(before.report.budget.consumed_us()),
                interruptions: WireInterruptions::of(&entry.interruptions_before),
            },
        }
    }
}

/// Totals of the objectives with data, and of their outages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSummary {
    objectives: usize,
    met: usize,
    missed: usize,
    no_data: usize,
    /// Of all objectives together, each weighted by its counted time.
    current_availability: Option<f64>,
    strict_availability: Option<f64>,
    error_budget_total_minutes: f64,
    error_budget_consumed_minutes: f64,
    error_budget_consumed_strict_minutes: f64,
    within_budget: bool,
    #[serde(flatten)]
    interruptions: WireInterruptions,
    excluded_minutes: f64,
    too_short_minutes: f64,
    not_counted_minutes: f64,
    corrected_minutes: f64,
    coverage_percent: Option<f64>,
}

impl WireSummary {
    fn of(sum: &Summary) -> Self {
        let available = |lost_us: i64| {
            let (part, whole) = sum.available(lost_us);
            ratio_percent(part, whole)
        };
        Self {
            objectives: sum.objectives(),
            met: sum.met,
            missed: sum.missed,
            no_data: sum.no_data,
            current_availability: available(sum.consumed_us),
            strict_availability: available(sum.strict_us),
            error_budget_total_minutes: scaled_minutes(sum.allowed),
            error_budget_consumed_minutes: down_minutes(sum.consumed_us),
            error_budget_consumed_strict_minutes: down_minutes(sum.strict_us),
            within_budget: sum.is_within(),
            interruptions: WireInterruptions::of(&sum.interruptions),
            excluded_minutes: down_minutes(sum.excluded_us),
            too_short_minutes: down_minutes(sum.too_short_us),
            not_counted_minutes: minutes(sum.not_counted_ms),
            corrected_minutes: minutes(sum.corrected_ms),
            coverage_percent: ratio_percent(sum.known_ms.into(), sum.elapsed_ms.into()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSection<'a> {
    group: Option<&'a str>,
    #[serde(flatten)]
    summary: WireSummary,
    previous: WireSummary,
}

impl<'a> WireSection<'a> {
    fn of(section: &'a Section) -> Self {
        Self {
            group: section.name.as_deref(),
            summary: WireSummary::of(&section.summary),
            previous: WireSummary::of(&section.before),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireOutage<'a> {
    system_id: &'a str,
    objective_ids: Vec<&'a str>,
    start_time: String,
    end_time: Option<String>,
    duration_seconds: i64,
    /// Of the part within the period.
    downtime_seconds: i64,
    excluded_seconds: i64,
    counted: bool,
    too_short: bool,
    causes: Vec<&'a str>,
    sources: Vec<&'static str>,
    note: Option<&'a str>,
    planned: bool,
    maintenance: Vec<&'a str>,
}

impl<'a> WireOutage<'a> {
    fn of(outage: &'a Interruption, as_of: Instant) -> Self {
        let known = &outage.circumstances;
        Self {
            system_id: outage.system.as_str(),
            objective_ids: outage.objectives.iter().map(Name::as_str).collect(),
            start_time: outage.start.to_string(),
            end_time: outage.end.map(|end| end.to_string()),
            duration_seconds: outage.span(as_of).millis() / 1000,
            downtime_seconds: outage.charged_us / (1000 * FULL),
            excluded_seconds: outage.excluded_ms / 1000,
            counted: outage.counted,
            too_short: outage.too_short,
            causes: outage.causes.iter().map(|cause| cause.as_ref().map_or("self", Name::as_str)).collect(),
            sources: outage.sources.iter().map(|source| source.as_str()).collect(),
            note: known.note.as_deref(),
            planned: outage.is_planned(),
            maintenance: known.maintenance.iter().map(Name::as_str).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDay {
    date: String,
    availability_percent: Option<f64>,
    consumed_minutes: f64,
    coverage_percent: Option<f64>,
}

impl WireDay {
    fn of(day: &LevelDay) -> Self {
        let (part, whole) = day.available();
        Self {
            date: day.date.to_string(),
            availability_percent: ratio_percent(part, whole),
            consumed_minutes: down_minutes(day.consumed_us),
            coverage_percent: ratio_percent(day.known_ms.into(), day.elapsed_ms.into()),
        }
    }
}

/// The review for programs; in CSV, the rows are the objectives.
pub(crate) fn document(review: &Review) -> Result<Document> {
    let entries: Vec<_> = review.entries.iter().map(|entry| WireEntry::of(review, entry)).collect();
    let mut document = Document::list(review.as_of, "objectives", &entries)?;
    document.set("period", &review.frame.period.to_string())?;
    document.set("previousPeriod", &review.frame.previous().to_string())?;
    document.set("timezone", &review.frame.zone.map(Tz::name))?;
    document.set("complete", &review.is_complete())?;
    document.set("total", &WireSection::of(&review.total))?;
    document.set("groups", &review.sections.iter().map(WireSection::of).collect::<Vec<_>>())?;
    let outages = review.outages.iter().map(|outage| WireOutage::of(outage, review.as_of));
    document.set("outages", &outages.collect::<Vec<_>>())?;
    document.set("days", &review.total.days.iter().map(WireDay::of).collect::<Vec<_>>())?;
    Ok(document)
}
