//! Owns the value of each column of the computed tables: those of the JSON answers, under the same names.

use crate::domain::budget::printed::down_minutes;
use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::types::Value;
use serde::Serialize;

use super::{Row, Table};
use crate::domain::account::outage::Event;
use crate::domain::account::weights::FULL;
use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::balance::{Budget, BurnRate};
use crate::domain::budget::printed::{
    availability_percent, coverage_percent, minutes, remaining_percent, scaled_minutes,
};
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::budget::snapshot::Snapshot;
use crate::domain::health::report::{Health, InMaintenance};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::window::Window;

pub(super) const OBJECTIVE_STATUS: Table = Table {
    name: "objective_status",
    keys: 1,
    columns: &[
        "objective_id",
        "system_id",
        "healthcheck",
        "labels",
        "target",
        "window_days",
        "window_type",
        "window_start",
        "window_end",
        "dependency_exclusion",
        "state",
        "budget_tier",
        "is_breaching",
        "has_open_downtime",
        "fast_burn",
        "orphaned",
        "error_budget_total_minutes",
        "error_budget_consumed_strict_minutes",
        "error_budget_consumed_minutes",
        "error_budget_remaining_minutes",
        "error_budget_overspent_minutes",
        "budget_remaining_percent",
        "current_availability",
        "strict_availability",
        "coverage_percent",
        "excluded_minutes",
        "not_counted_minutes",
        "attribution",
        "burn_rate",
        "burn_rate_5m",
        "burn_rate_30m",
        "burn_rate_1h",
        "burn_rate_2h",
        "burn_rate_6h",
        "burn_rate_1d",
        "burn_rate_3d",
        "exhausted_at",
        "recovers_at",
        "full_at",
        "last_seen",
        "data_age_seconds",
        "status_known",
        "down_since",
        "window_timezone",
        "corrected_minutes",
        "maintenance",
        "maintenance_until",
        "too_short_minutes",
    ],
};

pub(super) const STREAK: Table = Table {
    name: "streak",
    keys: 1,
    columns: &[
        "objective_id",
        "system_id",
        "current_streak",
        "best_streak",
        "streak_start",
        "best_streak_end",
        "lost_streak",
    ],
};

pub(super) const SYSTEM_STATUS: Table = Table {
    name: "system_status",
    keys: 1,
    columns: &[
        "system_id",
        "status",
        "healthy_checks",
        "total_checks",
        "in_status_since",
        "in_status_for_seconds",
        "transitions_in_window",
        "last_seen",
        "data_age_seconds",
        "retired",
        "maintenance",
        "maintenance_until",
    ],
};

pub(super) const ACHIEVEMENT: Table =
    Table { name: "achievement", keys: 2, columns: &["system_id", "achievement", "unlocked_at"] };

/// Days in a row that closed alike, which `daily_snapshot` splits.
pub(super) const SNAPSHOT_RUN: Table = Table {
    name: "snapshot_run",
    keys: 2,
    columns: &[
        "objective_id",
        "date",
        "days",
        "availability_percent",
        "budget_consumed_minutes",
        "budget_remaining_percent",
        "burn_rate",
        "streak_days",
        "streak_step",
    ],
};

pub(super) const DAILY_SNAPSHOT: Table = Table {
    name: "daily_snapshot",
    keys: 2,
    columns: &[
        "objective_id",
        "date",
        "availability_percent",
        "budget_consumed_minutes",
        "budget_remaining_percent",
        "burn_rate",
        "streak_days",
    ],
};

pub(super) const DOWNTIME_EVENT: Table = Table {
    name: "downtime_event",
    keys: 2,
    columns: &[
        "objective_id",
        "start_time",
        "system_id",
        "end_time",
        "duration_seconds",
        "attribution_type",
        "upstream_system_id",
        "source",
        "weight",
        "accounting",
        "because",
        "note",
    ],
};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A text that people wrote. The texts of PostgreSQL, and of many programs, cannot have U+0000.
fn written(words: &str) -> Value {
    Value::Text(words.replace('\0', "\u{fffd}"))
}

pub(super) fn real(number: Option<f64>) -> Value {
    number.map_or(Value::Null, Value::Real)
}

fn instant(at: Option<Instant>) -> Value {
    at.map_or(Value::Null, |at| Value::Text(at.to_string()))
}

/// Whole seconds, truncated.
fn seconds(millis: Option<i64>) -> Value {
    millis.map_or(Value::Null, |millis| Value::Integer(millis / 1000))
}

fn flag(flag: bool) -> Value {
    Value::Integer(flag.into())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributed<'a> {
    source_type: &'static str,
    system_id: Option<&'a str>,
    minutes: f64,
}

/// A row with room for a checksum behind it.
fn row_of<const N: usize>(values: [Value; N]) -> Row {
    let mut row = Row::with_capacity(N + 1);
    row.extend(values);
    row
}

pub(super) fn objective(report: &ObjectiveReport) -> Result<Row> {
    let budget = &report.budget;
    let (window_days, window_type) = match report.window_kind {
        Window::Rolling { days, .. } => (Value::Integer(days.into()), "rolling"),
        Window::Calendar { .. } => (Value::Null, "calendar"),
    };
    let labels: BTreeMap<&str, &str> = report.labels.iter().collect();
    let attribution: Vec<_> = report
        .attribution
        .iter()
        .map(|(system, micros)| Attributed {
            source_type: if system.is_some() { "upstream" } else { "self" },
            system_id: system.as_ref().map(Name::as_str),
            minutes: down_minutes(*micros),
        })
        .collect();
    let mut row = Row::with_capacity(OBJECTIVE_STATUS.columns.len() + 1);
    row.extend([
        text(report.objective.as_str()),
        text(report.system.as_str()),
        report.healthcheck.as_ref().map_or(Value::Null, |check| text(check.as_str())),
        Value::Text(serde_json::to_string(&labels)?),
        Value::Real(budget.target.percent().to_f64()),
        window_days,
        text(window_type),
        instant(Some(budget.window.start)),
        instant(Some(budget.window.end)),
        text(budget.exclusion.as_str()),
        text(report.state.as_str()),
        text(report.tier.as_str()),
        flag(budget.is_breaching()),
        flag(report.has_open_downtime()),
        flag(report.fast_burn),
        flag(report.orphaned),
        Value::Real(scaled_minutes(budget.total())),
        Value::Real(down_minutes(budget.tally.strict_us())),
        Value::Real(down_minutes(budget.consumed_us())),
        Value::Real(scaled_minutes(budget.remaining())),
        Value::Real(scaled_minutes(budget.overspent())),
        Value::Real(remaining_percent(budget)),
        real(availability_percent(budget, budget.consumed_us())),
        real(availability_percent(budget, budget.tally.strict_us())),
        real(coverage_percent(budget)),
        Value::Real(down_minutes(budget.tally.excluded_us)),
        Value::Real(minutes(budget.tally.not_counted_ms)),
        Value::Text(serde_json::to_string(&attribution)?),
        real(report.burn_rate.value()),
    ]);
    row.extend(report.burn_rates().map(BurnRate::value).map(real));
    row.extend([report.forecast.exhausted_at, report.forecast.recovers_at, report.forecast.full_at].map(instant));
    row.extend([instant(report.last_seen), seconds(report.data_age_ms()), flag(report.known_now)]);
    row.push(instant(report.down_since()));
    row.push(text(report.window_kind.calendar().zone.name()));
    row.push(Value::Real(minutes(report.corrected_ms)));
    row.extend(maintenance(report.maintenance.as_ref()));
    row.push(Value::Real(down_minutes(budget.tally.too_short_us)));
    Ok(row)
}

pub(super) fn streak(report: &ObjectiveReport) -> Row {
    row_of([
        text(report.objective.as_str()),
        text(report.system.as_str()),
        Value::Integer(report.streak.current.into()),
        Value::Integer(report.streak.best.into()),
        instant(report.streak.start),
        instant(report.streak.best_end),
        Value::Integer(report.streak.lost.into()),
    ])
}

pub(super) fn system(health: &Health) -> Row {
    let [window, until] = maintenance(health.maintenance.as_ref());
    row_of([
        text(health.system.as_str()),
        text(health.status.as_str()),
        Value::Integer(health.healthy_checks as i64),
        Value::Integer(health.total_checks as i64),
        instant(health.in_status_since),
        health.in_status_for_seconds().map_or(Value::Null, Value::Integer),
        Value::Integer(health.transitions_in_window as i64),
        instant(health.last_seen),
        seconds(health.data_age_ms()),
        flag(health.is_retired),
        window,
        until,
    ])
}

/// The active window, and its end.
fn maintenance(open: Option<&InMaintenance>) -> [Value; 2] {
    [open.map_or(Value::Null, |open| text(open.window.as_str())), instant(open.map(|open| open.until))]
}

pub(super) fn achievement(unlocked: &Unlocked) -> Row {
    row_of([text(unlocked.system.as_str()), text(unlocked.achievement.as_str()), instant(Some(unlocked.unlocked_at))])
}

pub(super) fn event(event: &Event, as_of: Instant) -> Result<Row> {
    let names = |name: Option<&Name>| name.map_or(Value::Null, |name| text(name.as_str()));
    let because: Vec<&str> = event.accounting.because().iter().map(Name::as_str).collect();
    Ok(vec![
        text(event.objective.as_str()),
        instant(Some(event.start)),
        text(event.system.as_str()),
        instant(event.end),
        seconds(Some(event.span(as_of).millis())),
        event.attribution().map_or(Value::Null, text),
        names(event.upstream.as_ref()),
        text(event.source.as_str()),
        Value::Real(event.weight as f64 / FULL as f64),
        text(event.accounting.as_str()),
        Value::Text(serde_json::to_string(&because)?),
        event.note.as_deref().map_or(Value::Null, written),
    ])
}

pub(super) fn day(snapshot: &Snapshot) -> Row {
    let mut row = vec![text(snapshot.objective.as_str()), Value::Text(snapshot.date.to_string())];
    row.extend(figures(&snapshot.budget).map(real));
    row.push(Value::Integer(snapshot.streak.into()));
    row
}

/// The figures at the close of a day, without the streak.
pub(super) fn figures(budget: &Budget) -> [Option<f64>; 4] {
    [
        availability_percent(budget, budget.consumed_us()),
        Some(down_minutes(budget.consumed_us())),
        Some(remaining_percent(budget)),
        budget.burn_rate().value(),
    ]
}
