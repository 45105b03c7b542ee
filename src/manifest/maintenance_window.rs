//! Owns reading the specification of a `MaintenanceWindow`.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;

use super::fields::{Field, Fields};
use super::problem::Report;
use super::reference::{self, Reference, Role};
use super::shape::{Content, FieldShape, Length, Shape};
use super::wording::quote;
use crate::domain::instant::Instant;
use crate::domain::maintenance::{MaintenanceWindow, Recurrence, Schedule};
use crate::domain::objective::Metadata;
use crate::domain::span::Span;

/// The specification of a maintenance window.
pub(super) static SPEC: Shape = Shape {
    name: "MaintenanceWindowSpec",
    about: "Planned work on systems, or work that is declared afterwards as a correction",
    fields: &[
        FieldShape::required(
            "systemRefs",
            Content::List(&Content::Object(&reference::SYSTEM), Length::SomeDistinct),
            "The systems worked on",
        ),
        FieldShape::required("start", Content::Instant, "When it begins; of a recurring one, the first time"),
        FieldShape::optional("end", Content::Instant, "When it ends; write this or duration"),
        FieldShape::optional("duration", Content::Duration, "How long it lasts each time; write this or end"),
        FieldShape::optional(
            "rrule",
            Content::Text,
            "When it returns, as an RFC 5545 rule such as FREQ=WEEKLY;BYDAY=SU; at most once a day",
        ),
        FieldShape::optional("timezone", Content::Zone, "The zone whose local time of day a recurring one keeps")
            .or("\"UTC\""),
        FieldShape::optional("cancelled", Content::Flag, "Whether it excuses nothing after all").or("false"),
        FieldShape::optional("reason", Content::Text, "Why, for people"),
    ],
    one_of: &[&["end", "duration"]],
};

/// Reads the specification; without metadata, only for what is wrong with it.
pub(super) fn read(
    spec: &Field<'_>,
    metadata: Option<Metadata>,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<MaintenanceWindow> {
    let fields = Fields::of(spec, &SPEC, report)?;
    let systems = fields.require("systemRefs", "write systemRefs: [{ kind: System, name: … }]", report);
    let found = reference::read_systems(&fields, "systemRefs", Role::Covers, report);
    if let Some(field) =
        systems.filter(|field| matches!(&field.node.value, super::tree::Value::List(items) if items.is_empty()))
    {
        report.error(field.at, "spec.systemRefs is empty", "name at least one system");
    }
    let schedule = read_schedule(&fields, report);
    let cancelled = fields.flag("cancelled", report);
    let reason = fields.text("reason", report);
    let systems = found.iter().map(|reference| reference.name.clone()).collect();
    references.extend(found);
    Some(MaintenanceWindow { metadata: metadata?, systems, schedule: schedule?, cancelled, reason })
}

fn read_schedule(fields: &Fields<'_>, report: &mut Report) -> Option<Schedule> {
    let start_field = fields.require("start", "write a time such as 2026-11-20T22:00:00Z", report);
    let start = start_field.as_ref().and_then(|field| field.instant(report));
    let millis = read_length(fields, start, report);
    let zone_field = fields.get("timezone");
    let zone = zone_field.as_ref().map_or(Some(chrono_tz::UTC), |field| field.zone(report));
    let Some(rule) = fields.get("rrule") else {
        if let Some(field) = zone_field {
            let message = "spec.timezone is the zone of spec.rrule, which is missing";
            report.error(
                field.at,
                message,
                "remove it, and write the offset in start and end: 2026-11-20T22:00:00+01:00",
            );
            return None;
        }
        let start = start?;
        return Some(Schedule::Once(Span::new(start, start.plus(millis?))));
    };
    if let (Some(field), Some(start), Some(zone)) = (&start_field, start, zone) {
        warn_about_zone(field, start, zone, report);
    }
    let text = rule.text(report)?;
    match Recurrence::new(start?, millis?, text, zone?) {
        Ok(recurrence) => Some(Schedule::Recurring(recurrence)),
        Err(cause) => {
            report.error(rule.at, format!("spec.rrule {} is not valid", quote(text)), cause);
            None
        }
    }
}

/// The milliseconds from `start` to `end`, or the `duration`: exactly one of them is written.
fn read_length(fields: &Fields<'_>, start: Option<Instant>, report: &mut Report) -> Option<i64> {
    match (fields.get("end"), fields.get("duration")) {
        (None, Some(duration)) => duration.millis(report),
        (Some(end), None) => {
            let (at, text) = (end.at, end.scalar().unwrap_or_default());
            let (start, end) = (start, end.instant(report)?);
            let start = start?;
            if end <= start {
                let message = format!("spec.end {} is not after spec.start ({start})", quote(text));
                report.error(at, message, "swap them, or write a duration");
                return None;
            }
            Some(end.since(start))
        }
        (Some(_), Some(duration)) => {
            report.error(duration.at, "spec.end and spec.duration contradict each other", "keep one of them");
            None
        }
        (None, None) => {
            report.error(fields.at, "spec.end is missing", "write an end, or a duration such as 90m");
            None
        }
    }
}

/// A start without offset is UTC, which surprises beside a zone that is not.
fn warn_about_zone(field: &Field<'_>, start: Instant, zone: Tz, report: &mut Report) {
    let text = field.scalar().unwrap_or_default();
    let time = text.split_once([' ', 'T', 't']).map_or("", |(_, time)| time);
    let has_offset =
        time.contains(['Z', 'z', '+', '-']) || text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let local = zone.from_utc_datetime(&start.to_chrono().naive_utc());
    if has_offset || local.offset().fix().local_minus_utc() == 0 {
        return;
    }
    let message =
        format!("spec.start {} has no offset, so it is UTC and {} in {zone}", quote(text), local.format("%H:%M"));
    let offset = local.format("%:z");
    report.warn(field.at, message, format!("write the offset ({offset}), or Z if UTC is meant"));
}
