//! Owns `slo show` for programs.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::Result;
use serde::Serialize;

use super::Portrait;
use crate::domain::budget::latest::{Latest, Note};
use crate::domain::budget::policy::{POLICY, Rule};
use crate::domain::health::transition::Source;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::Document;
use crate::render::form::number::{down_minutes, minutes};
use crate::render::look::downtime::WireEvent;
use crate::render::look::status::values;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRule {
    rule: String,
    factor: f64,
    budget_percent: i64,
    long: Option<f64>,
    short: Option<f64>,
    burn: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAccounting<'a> {
    window_start: String,
    window_end: String,
    unknown_minutes: f64,
    excluded_minutes: f64,
    too_short_minutes: f64,
    not_counted_minutes: f64,
    corrections: Vec<&'a str>,
    counts_as_down: Vec<&'static str>,
    weights: BTreeMap<&'static str, f64>,
    schedule: Vec<String>,
    not_counted: Vec<&'static str>,
    exclude_maintenance_windows: bool,
    dependency_exclusion: &'static str,
    excluded_dependencies: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireLatest<'a> {
    start_time: String,
    end_time: Option<String>,
    duration_seconds: i64,
    causes: Vec<&'a str>,
    sources: Vec<&'static str>,
    planned: bool,
    maintenance: Vec<&'a str>,
    notes: Vec<WireNote<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireNote<'a> {
    system_id: &'a str,
    text: &'a str,
    count: usize,
    first_time: String,
    last_time: String,
}

impl<'a> WireLatest<'a> {
    fn of(latest: &'a Latest, as_of: Instant) -> Self {
        let outage = &latest.outage;
        let note = |note: &'a Note| WireNote {
            system_id: note.system.as_str(),
            text: &note.text,
            count: note.count,
            first_time: note.first.to_string(),
            last_time: note.last.to_string(),
        };
        Self {
            start_time: outage.start.to_string(),
            end_time: outage.end.map(|end| end.to_string()),
            duration_seconds: outage.span(as_of).millis() / 1000,
            causes: outage.causes.iter().map(|cause| cause.as_ref().map_or("self", Name::as_str)).collect(),
            sources: outage.sources.iter().copied().map(Source::as_str).collect(),
            planned: outage.is_planned(),
            maintenance: outage.circumstances.maintenance.iter().map(Name::as_str).collect(),
            notes: latest.notes.iter().map(note).collect(),
        }
    }
}

fn rules(portrait: &Portrait) -> Vec<WireRule> {
    let report = &portrait.report;
    let nominal_ms = report.window_kind.nominal_ms();
    let rule = |rule: Rule| WireRule {
        rule: rule.name(),
        factor: rule.factor(nominal_ms),
        budget_percent: rule.budget_percent,
        long: report.burn_rates()[rule.long].value(),
        short: report.burn_rates()[rule.short].value(),
        burn: rule.judge(&report.burn_rates(), nominal_ms).as_str(),
    };
    POLICY.into_iter().map(rule).collect()
}

pub(crate) fn document(portrait: &Portrait) -> Result<Document> {
    let budget = &portrait.report.budget;
    let mut document = Document::new(portrait.as_of);
    document.set("objective", &values(&portrait.report)?)?;
    let latest = portrait.latest.as_ref().map(|latest| WireLatest::of(latest, portrait.as_of));
    document.set("latestOutage", &latest)?;
    document.set("multiwindow", &rules(portrait))?;
    let (outages, as_of) = (Rc::clone(&portrait.outages), portrait.as_of);
    document.set_passing("events", move |row| {
        outages.each(|outage| outage.events.iter().try_for_each(|event| row(&WireEvent::of(event, as_of))))
    });
    document.set("snapshots", &crate::render::look::trend::rows(&portrait.snapshots))?;
    document.set("achievements", &crate::render::look::achievements::rows(&portrait.achievements))?;
    document.set(
        "accounting",
        &WireAccounting {
            window_start: budget.window.start.to_string(),
            window_end: budget.window.end.to_string(),
            unknown_minutes: minutes(budget.tally.unknown_ms),
            excluded_minutes: down_minutes(budget.tally.excluded_us),
            too_short_minutes: down_minutes(budget.tally.too_short_us),
            not_counted_minutes: minutes(budget.tally.not_counted_ms),
            corrections: portrait.corrections.iter().map(|it| it.metadata.name.as_str()).collect(),
            counts_as_down: portrait.counts_as_down(),
            weights: portrait.weights(),
            schedule: portrait.schedule(),
            not_counted: portrait.not_counted(),
            exclude_maintenance_windows: portrait.objective.exclude_maintenance_windows,
            dependency_exclusion: budget.exclusion.as_str(),
            excluded_dependencies: portrait.excluded_dependencies(),
        },
    )?;
    Ok(document)
}
