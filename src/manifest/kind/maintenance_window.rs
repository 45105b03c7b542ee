//! Owns reading the specification of a `MaintenanceWindow`.

use chrono::{Offset as _, TimeZone};
use chrono_tz::Tz;

use super::reference::{self, Reference, Role};
use crate::domain::account::maintenance::{Length, MaintenanceWindow, Overlap, Recurrence, Schedule};
use crate::domain::account::objective::Metadata;
use crate::domain::value::duration::{format_millis, write_millis};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::mapping::shape::{Content, FieldShape, Length as ListLength, Shape};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;

/// The specification of a maintenance window.
pub(in crate::manifest) static SPEC: Shape = Shape {
    name: "MaintenanceWindowSpec",
    about: "Maintenance of systems, planned or declared afterwards",
    fields: &[
        FieldShape::required(
            "systemRefs",
            Content::List(&Content::Object(&reference::SYSTEM), ListLength::SomeDistinct),
            "The systems under maintenance",
        ),
        FieldShape::required("start", Content::Instant, "Start; of a recurring window, the first occurrence"),
        FieldShape::optional(
            "end",
            Content::Instant,
            "End; a recurring window ends at the same local time each time; use this or duration",
        ),
        FieldShape::optional(
            "duration",
            Content::Duration,
            "Length of each occurrence, also across clock changes; use this or end",
        ),
        FieldShape::optional(
            "rrule",
            Content::Text,
            "When it recurs, as an RFC 5545 rule such as FREQ=WEEKLY;BYDAY=SU; at most once a day",
        ),
        FieldShape::optional("timezone", Content::Zone, "Time zone of a recurring window").or("\"UTC\""),
        FieldShape::optional("cancelled", Content::Flag, "Whether it is cancelled, so that it excuses nothing")
            .or("false"),
        FieldShape::optional("reason", Content::Text, "Reason"),
    ],
    one_of: &[&["end", "duration"]],
};

/// Reads the specification; without metadata, only to report problems.
pub(in crate::manifest) fn read(
    spec: &Field<'_>,
    metadata: Option<Metadata>,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<MaintenanceWindow> {
    let fields = Fields::of(spec, &SPEC, report)?;
    let systems = fields.require("systemRefs", "write systemRefs: [{ kind: System, name: … }]", report);
    let found = reference::read_systems(&fields, "systemRefs", Role::Covers, report);
    if let Some(field) = systems.filter(
        |field| matches!(&field.node.value, crate::manifest::yaml::tree::Value::List(items) if items.is_empty()),
    ) {
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
    let length = read_length(fields, start, report);
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
        return Some(Schedule::Once(match (start?, length?) {
            (start, Length::Elapsed(millis)) => Span::new(start, start.plus(millis)),
            (start, Length::Until(end)) => Span::new(start, end),
        }));
    };
    let end_field = fields.get("end");
    if let (Some(start), Some(zone)) = (start, zone) {
        if let Some(field) = &start_field {
            warn_about_zone("start", field, start, zone, report);
        }
        if let (Some(field), Some(Length::Until(end))) = (&end_field, length) {
            warn_about_zone("end", field, end, zone, report);
        }
    }
    let text = rule.text(report)?;
    let (start, length, zone) = (start?, length?, zone?);
    if let (Some(field), Length::Until(end)) = (&end_field, length)
        && length.clock_ms(start, zone) <= 0
    {
        let end_text = quote(field.scalar().unwrap_or_default());
        let message =
            format!("spec.end {end_text} is not after spec.start on the clocks of {zone}, which go back in between");
        report.error(field.at, message, format!("write duration: {}", write_millis(end.since(start))));
        return None;
    }
    match Recurrence::new(start, length, text, zone) {
        Ok(recurrence) => {
            warn_about_start(start_field.as_ref()?, &recurrence, report);
            warn_about_overlap(&rule, &recurrence, report);
            Some(Schedule::Recurring(Box::new(recurrence)))
        }
        Err(cause) => {
            report.error(rule.at, format!("spec.rrule {} is not valid", quote(text)), cause);
            None
        }
    }
}

/// The `end` or the `duration`; exactly one of them must be given.
fn read_length(fields: &Fields<'_>, start: Option<Instant>, report: &mut Report) -> Option<Length> {
    match (fields.get("end"), fields.get("duration")) {
        (None, Some(duration)) => duration.millis(report).map(Length::Elapsed),
        (Some(end), None) => {
            let (at, text) = (end.at, end.scalar().unwrap_or_default());
            let (start, end) = (start, end.instant(report)?);
            let start = start?;
            if end <= start {
                let message = format!("spec.end {} is not after spec.start ({start})", quote(text));
                report.error(at, message, "swap them, or write a duration");
                return None;
            }
            Some(Length::Until(end))
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

/// The offset from UTC in a time's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Offset {
    /// No offset, which means UTC.
    Absent,
    Utc,
    Minutes(i64),
}

impl Offset {
    /// The offset of a text that is a valid time.
    fn of(text: &str) -> Self {
        let text = text.trim();
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let upper = text.to_ascii_uppercase();
        if digits || upper.ends_with('Z') || upper.ends_with("UTC") || upper.ends_with("GMT") {
            return Self::Utc;
        }
        // Earlier signs belong to the date.
        let Some((sign, offset)) =
            text.get(10..).and_then(|time| time.rfind(['+', '-']).map(|at| time[at..].split_at(1)))
        else {
            return Self::Absent;
        };
        let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
        let (hours, minutes) = digits.split_at_checked(2).unwrap_or((&digits, ""));
        let number = |text: &str| text.parse::<i64>().unwrap_or(0);
        Self::Minutes((number(hours) * 60 + number(minutes)) * if sign == "-" { -1 } else { 1 })
    }
}

/// Warns about a time that differs from what it seems in the zone: without an offset it is UTC, or its offset is not
/// that of the zone then.
fn warn_about_zone(name: &str, field: &Field<'_>, at: Instant, zone: Tz, report: &mut Report) {
    let text = field.scalar().unwrap_or_default();
    let local = zone.from_utc_datetime(&at.to_chrono().naive_utc());
    let minutes = i64::from(local.offset().fix().local_minus_utc()) / 60;
    let (clock, offset) = (local.format("%H:%M"), local.format("%:z"));
    match Offset::of(text) {
        Offset::Absent if minutes != 0 => {
            let message = format!("spec.{name} {} has no offset, so it is UTC and {clock} in {zone}", quote(text));
            report.warn(field.at, message, format!("write the offset ({offset}), or Z if UTC is meant"));
        }
        Offset::Minutes(written) if written != minutes => {
            let message = format!("spec.{name} {} is {clock} in {zone}, whose offset is {offset} then", quote(text));
            report.warn(field.at, message, format!("write the offset {offset}, or Z if UTC is meant"));
        }
        _ => {}
    }
}

/// Warns about a start that its own rule does not name.
fn warn_about_start(field: &Field<'_>, recurrence: &Recurrence, report: &mut Report) {
    if recurrence.names_start() {
        return;
    }
    let local = |at: Instant| recurrence.zone.from_utc_datetime(&at.to_chrono().naive_utc());
    let message = format!(
        "spec.start {} is a {} in {}, which is not an occurrence of {}",
        quote(field.scalar().unwrap_or_default()),
        local(recurrence.start).format("%A, %Y-%m-%d"),
        recurrence.zone,
        recurrence.rule.as_str()
    );
    let next = recurrence
        .next_named()
        .map_or(String::new(), |next| format!("; move it to {}", local(next).format("%Y-%m-%dT%H:%M:%S%:z")));
    report.warn(field.at, message, format!("it is still the first occurrence{next}"));
}

/// Warns about occurrences that overlap the next one.
fn warn_about_overlap(field: &Field<'_>, recurrence: &Recurrence, report: &mut Report) {
    let Some(Overlap { second, interval_ms }) = recurrence.overlap() else { return };
    let message = format!(
        "occurrences overlap: each lasts {}, and that of {second} starts {} after the one before",
        format_millis(recurrence.clock_ms()),
        format_millis(interval_ms)
    );
    report.warn(field.at, message, "shorten them, or let fewer days have one");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_told_from_the_text() {
        for (text, offset) in [
            ("2026-01-05T02:00:00+02:00", Offset::Minutes(120)),
            ("2026-01-05T02:00:00-0330", Offset::Minutes(-210)),
            ("2026-01-05 02:00+02", Offset::Minutes(120)),
            ("2026-01-05T02:00:00Z", Offset::Utc),
            ("2026-01-05 02:00 UTC", Offset::Utc),
            ("1767578400", Offset::Utc),
            ("2026-01-05", Offset::Absent),
            ("2026-01-05 02:00", Offset::Absent),
        ] {
            assert_eq!(Offset::of(text), offset, "{text}");
        }
    }
}
