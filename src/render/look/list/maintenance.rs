//! Owns the rows of the list of maintenance windows: whether each is active, and its last and next occurrence in its own zone.

use chrono_tz::Tz;
use serde_json::{Value, json};

use super::declared::Origin;
use super::{List, Row};
use crate::domain::account::maintenance::around::Around;
use crate::domain::account::maintenance::{Length, MaintenanceWindow, Schedule};
use crate::domain::plan::object::Object;
use crate::domain::plan::stored::StoredObject;
use crate::domain::value::duration::format_millis;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::render::form::number::{counted, minutes};

const TITLES: [&str; 11] =
    ["MAINTENANCE", "STATE", "~SYSTEMS", "?LAST", "~NEXT", "ZONE", "?REPEATS", "?REASON", "?FILE", "+SET", "+COMMIT"];

/// Declared maintenance, as of `as_of`.
pub(crate) fn maintenance(stored: Vec<StoredObject>, as_of: Instant) -> List {
    let rows = stored.into_iter().filter_map(|stored| {
        let origin = Origin::of(&stored);
        let Object::MaintenanceWindow(window) = stored.held.object else { return None };
        let (around, zone) = (window.around(as_of), window.schedule.zone());
        let systems: Vec<&str> = window.systems.iter().map(Name::as_str).collect();
        let occurrence = |span: Option<Span>| span.map_or_else(|| "–".to_owned(), |span| shown(span, zone));
        Some(origin.complete(Row {
            cells: vec![
                window.metadata.name.to_string(),
                state(&window, around).to_owned(),
                systems.join(", "),
                occurrence(around.last),
                occurrence(around.next),
                zone.name().to_owned(),
                repeats(&window),
                window.reason.clone().unwrap_or_default(),
            ],
            value: json!({
                "maintenanceId": window.metadata.name.as_str(),
                "systems": systems,
                "state": state(&window, around),
                "active": around.until.is_some(),
                "activeUntil": around.until.map(|at| at.to_string()),
                "lastOccurrence": around.last.map(wire),
                "nextOccurrence": around.next.map(wire),
                "schedule": schedule(&window.schedule),
                "cancelled": window.cancelled,
                "reason": window.reason,
            }),
        }))
    });
    List::new("maintenance", &TITLES, rows)
}

/// Whether a window is active, or will be.
const fn state(window: &MaintenanceWindow, around: Around) -> &'static str {
    match around {
        _ if window.cancelled => "cancelled",
        Around { until: Some(_), .. } => "active",
        Around { next: Some(_), .. } => "upcoming",
        Around { .. } => "over",
    }
}

/// How often it recurs, and how long it lasts; for a cancelled one without another time in its row, when it was
/// planned.
fn repeats(window: &MaintenanceWindow) -> String {
    match &window.schedule {
        Schedule::Once(span) if window.cancelled => format!("once, {}", shown(*span, Tz::UTC)),
        Schedule::Once(_) => "once".to_owned(),
        Schedule::Recurring(rule) => {
            let except = match rule.except.as_slice() {
                [] => String::new(),
                [date] => format!(", except {date}"),
                dates => format!(", except {}", counted(dates.len(), "date")),
            };
            format!("{}, {}{except}", rule.rule.as_str(), format_millis(rule.clock_ms()))
        }
    }
}

/// `2026-11-15 02:00 to 02:45`; with the second date if it differs.
fn shown(span: Span, zone: Tz) -> String {
    let [start, end] = [span.start, span.end].map(|at| at.to_chrono().with_timezone(&zone));
    let same_day = start.date_naive() == end.date_naive();
    let end = end.format(if same_day { "%H:%M" } else { "%Y-%m-%d %H:%M" });
    format!("{} to {end}", start.format("%Y-%m-%d %H:%M"))
}

fn wire(span: Span) -> Value {
    json!({"start": span.start.to_string(), "end": span.end.to_string()})
}

fn schedule(schedule: &Schedule) -> Value {
    match schedule {
        Schedule::Once(span) => wire(*span),
        Schedule::Recurring(rule) => json!({
            "start": rule.start.to_string(),
            "end": if let Length::Until(end) = rule.length { Some(end.to_string()) } else { None },
            "durationMinutes": minutes(rule.clock_ms()),
            "rrule": rule.rule.as_str(),
            "timezone": rule.zone.name(),
            "exceptDates": rule.except.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
    }
}
