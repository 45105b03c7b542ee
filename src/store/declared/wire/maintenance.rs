//! Owns the JSON in which declared maintenance windows are stored.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{WireMetadata, dates, unknown};
use crate::domain::account::maintenance::{Length, MaintenanceWindow, Recurrence, Schedule};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::facts::history::stored_name;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMaintenance {
    metadata: WireMetadata,
    systems: Vec<String>,
    schedule: WireSchedule,
    cancelled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
enum WireSchedule {
    Once {
        start: i64,
        end: i64,
    },
    Recurring {
        start: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration: Option<i64>,
        rrule: String,
        timezone: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except_dates: Vec<String>,
    },
}

/// When a maintenance window is active.
#[derive(Deserialize)]
struct WireForce {
    schedule: WireSchedule,
    cancelled: bool,
}

pub(in crate::store) fn write_maintenance(window: &MaintenanceWindow) -> Result<String> {
    let schedule = match &window.schedule {
        Schedule::Once(span) => WireSchedule::Once { start: span.start.millis(), end: span.end.millis() },
        Schedule::Recurring(recurrence) => WireSchedule::Recurring {
            start: recurrence.start.millis(),
            end: if let Length::Until(end) = recurrence.length { Some(end.millis()) } else { None },
            duration: if let Length::Elapsed(millis) = recurrence.length { Some(millis) } else { None },
            rrule: recurrence.rule.as_str().to_owned(),
            timezone: recurrence.zone.name().to_owned(),
            except_dates: recurrence.except.iter().map(ToString::to_string).collect(),
        },
    };
    Ok(serde_json::to_string(&WireMaintenance {
        metadata: WireMetadata::of(&window.metadata),
        systems: window.systems.iter().map(Name::to_string).collect(),
        schedule,
        cancelled: window.cancelled,
        reason: window.reason.clone(),
    })?)
}

pub(in crate::store) fn read_maintenance(name: &str, body: &str) -> Result<MaintenanceWindow> {
    let place = || format!("the stored MaintenanceWindow {name}");
    let wire: WireMaintenance = serde_json::from_str(body).with_context(place)?;
    Ok(MaintenanceWindow {
        metadata: wire.metadata.named(name)?,
        systems: wire.systems.iter().map(|name| stored_name(name)).collect::<Result<_>>()?,
        schedule: schedule(wire.schedule)?,
        cancelled: wire.cancelled,
        reason: wire.reason,
    })
}

/// Reads only when a maintenance window is active, `None` if it is cancelled: there may be many.
pub(in crate::store) fn read_schedule(name: &str, body: &str) -> Result<Option<Schedule>> {
    let wire: WireForce = serde_json::from_str(body).with_context(|| format!("the stored MaintenanceWindow {name}"))?;
    if wire.cancelled { Ok(None) } else { schedule(wire.schedule).map(Some) }
}

/// The systems that a maintenance window covers.
pub(in crate::store) fn read_covered(name: &str, body: &str) -> Result<Vec<Name>> {
    #[derive(Deserialize)]
    struct Covered {
        systems: Vec<String>,
    }
    let wire: Covered = serde_json::from_str(body).with_context(|| format!("the stored MaintenanceWindow {name}"))?;
    wire.systems.iter().map(|name| stored_name(name)).collect()
}

fn schedule(wire: WireSchedule) -> Result<Schedule> {
    Ok(match wire {
        WireSchedule::Once { start, end } => {
            Schedule::Once(Span::new(Instant::from_millis(start), Instant::from_millis(end)))
        }
        WireSchedule::Recurring { start, end, duration, rrule, timezone, except_dates } => {
            let length = match (end, duration) {
                (Some(end), _) => Length::Until(Instant::from_millis(end)),
                (None, Some(millis)) => Length::Elapsed(millis),
                (None, None) => return Err(unknown("duration", "")),
            };
            let zone = timezone.parse().map_err(|_| unknown("timezone", &timezone))?;
            let recurrence = Recurrence::new(Instant::from_millis(start), length, &rrule, zone);
            let recurrence = recurrence.map_err(|_| unknown("rrule", &rrule))?;
            let recurrence = recurrence.without(dates(except_dates)?);
            Schedule::Recurring(Box::new(recurrence.ok_or_else(|| unknown("exceptDates of", &rrule))?))
        }
    })
}
