//! Owns reading the specification of a `MaintenanceWindow`.

use chrono::{Offset as _, TimeZone};
use chrono_tz::Tz;

use super::dates;
use super::reference::{self, Reference, Role};
use crate::domain::account::maintenance::{Length, MaintenanceWindow, Overlap, Recurrence, Schedule};
use crate::domain::account::objective::Metadata;
use crate::domain::value::calendar::Date;
use crate::domain::value::duration::{format_millis, write_millis};
use crate::domain::value::instant::{Instant, Offset};
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
        FieldShape::optional(
            "exceptDates",
            Content::List(&Content::Date, ListLength::Distinct),
            "Dates in that zone whose occurrence does not take place, such as [2026-12-25]",
        )
        .or("[]"),
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
        let except = fields.get("exceptDates");
        let is_alone = zone_field.is_none() && except.is_none();
        if let Some(field) = zone_field {
            let message = "spec.timezone is the zone of spec.rrule, which is missing";
            report.error(
                field.at,
                message,
                "remove it, and write the offset in start and end: 2026-11-20T22:00:00+01:00",
            );
        }
        if let Some(field) = except {
            let message = "spec.exceptDates lists dates of spec.rrule, which is missing";
            report.error(field.at, message, "remove it, or write when the window recurs: rrule: FREQ=WEEKLY;BYDAY=SU");
            leave_out(fields, None, report);
        }
        if !is_alone {
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
    let Some(text) = rule.text(report) else {
        leave_out(fields, None, report);
        return None;
    };
    let occurrence = start.zip(length).zip(zone).map(|((start, length), zone)| (start, length, zone));
    let occurrence = occurrence.filter(|occurrence| has_length(end_field.as_ref(), *occurrence, report));
    let recurrence = match occurrence {
        Some((start, length, zone)) => Recurrence::new(start, length, text, zone).map(Some),
        // A rule may be invalid whatever it starts from.
        None => Recurrence::fault(text).map_or(Ok(None), Err),
    };
    let recurrence = recurrence.unwrap_or_else(|cause| {
        report.error(rule.at, format!("spec.rrule {} is not valid", quote(text)), cause);
        None
    });
    let recurrence = leave_out(fields, recurrence, report)?;
    warn_about_start(start_field.as_ref()?, &recurrence, report);
    warn_about_overlap(&rule, &recurrence, report);
    Some(Schedule::Recurring(Box::new(recurrence)))
}

/// Leaves out the occurrences on `exceptDates`; without a recurrence, only to report problems.
fn leave_out(fields: &Fields<'_>, recurrence: Option<Recurrence>, report: &mut Report) -> Option<Recurrence> {
    let except = dates::read_except(fields, report, |item, date, report| {
        if let Some(recurrence) = &recurrence {
            warn_of_idle(item, recurrence, date, report);
        }
    })?;
    let recurrence = recurrence?;
    let rule = recurrence.rule.clone();
    let left = recurrence.without(except);
    if let (None, Some(field)) = (&left, fields.get("exceptDates")) {
        let message = format!("spec.exceptDates leaves no occurrence of {}", rule.as_str());
        report.error(field.at, message, "remove a date, or write cancelled: true instead");
    }
    left
}

/// Warns about an excepted date on which there is no occurrence.
fn warn_of_idle(field: &Field<'_>, recurrence: &Recurrence, date: Date, report: &mut Report) {
    if !recurrence.has_on(date) {
        let weekday = date.to_chrono().format("%A");
        let message = format!("{} {date} is a {weekday} on which no occurrence starts", field.path);
        report.warn(field.at, message, format!("check the date in {}, or remove it", recurrence.zone));
    }
}

/// Whether an occurrence takes time on the clocks of its zone; reports an end for which it does not.
fn has_length(end: Option<&Field<'_>>, (start, length, zone): (Instant, Length, Tz), report: &mut Report) -> bool {
    let (Some(field), Length::Until(end)) = (end, length) else { return true };
    if length.clock_ms(start, zone) > 0 {
        return true;
    }
    let text = quote(field.scalar().unwrap_or_default());
    let message = format!("spec.end {text} is not after spec.start on the clocks of {zone}, which go back in between");
    report.error(field.at, message, format!("write duration: {}", write_millis(end.since(start))));
    false
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
        (Some(end), Some(duration)) => {
            report.error(duration.at, "spec.end and spec.duration contradict each other", "keep one of them");
            end.instant(report);
            duration.millis(report);
            None
        }
        (None, None) => {
            report.error(fields.at, "spec.end is missing", "write an end, or a duration such as 90m");
            None
        }
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
    let now = if recurrence.excepts_start() { "it does not take place" } else { "it is still the first occurrence" };
    report.warn(field.at, message, format!("{now}{next}"));
}

/// Warns about occurrences that overlap the next one.
fn warn_about_overlap(field: &Field<'_>, recurrence: &Recurrence, report: &mut Report) {
    let Some(Overlap { second, interval_ms }) = recurrence.overlap() else { return };
    let message = format!(
        "occurrences overlap: each lasts {}, and the one on {second} starts {} after the one before",
        format_millis(recurrence.clock_ms()),
        format_millis(interval_ms)
    );
    report.warn(field.at, message, "shorten them, or let fewer days have one");
}
