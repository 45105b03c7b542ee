//! Owns reading the schedule of an `SLO`.

use chrono::Datelike;
use chrono_tz::Tz;

use super::spec::SHIFT;
use crate::domain::account::schedule::{Schedule, Shift};
use crate::domain::value::calendar::Date;
use crate::domain::value::hours::Hours;
use crate::manifest::kind::{dates, hours};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::yaml::tree::Value;

/// An example of office hours.
const EXAMPLE: &str = "write weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\" and before: \"17:00\"";
/// The same as the entire schedule.
const EXAMPLE_LIST: &str = "write [{ weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\", before: \"17:00\" }]";

/// Reads the schedule in the objective's zone; `None` if it is invalid.
pub(super) fn read(fields: &Fields<'_>, zone: Option<Tz>, report: &mut Report) -> Option<Schedule> {
    let Some(field) = fields.get("schedule") else { return Some(Schedule::default()) };
    if let Value::Map(_) = &field.node.value {
        field.expected(
            "a list",
            "write it as an item of a list: with - before its first field, or [ ] around { }",
            report,
        );
        return None;
    }
    if field.scalar().is_some() {
        field.expected("a list", EXAMPLE_LIST, report);
        return None;
    }
    let items = field.items(report);
    if items.is_empty() {
        if let Value::List(_) = &field.node.value {
            let message = "spec.schedule is empty, so no time would ever be counted";
            report.error(field.at, message, format!("{EXAMPLE}, or remove the field"));
        }
        return None;
    }
    let shifts: Vec<Option<Shift>> = items.iter().map(|item| read_shift(item, zone, report)).collect();
    shifts.into_iter().collect::<Option<Vec<Shift>>>().map(Schedule::of)
}

fn read_shift(field: &Field<'_>, zone: Option<Tz>, report: &mut Report) -> Option<Shift> {
    let fields = Fields::of(field, &SHIFT, report)?;
    let weekday = fields.get("weekday");
    let empty = weekday.filter(|days| matches!(&days.node.value, Value::List(items) if items.is_empty()));
    if let Some(days) = &empty {
        report.error(
            days.at,
            format!("{} is empty, so these hours would never apply", days.path),
            "list at least one day, or remove the field for every day",
        );
    }
    let is_said = empty.is_some() && fields.get("after").or(fields.get("before")).is_none();
    let hours = if is_said { None } else { hours::read(field, &fields, zone, EXAMPLE, report) };
    let hours = hours.filter(|_| empty.is_none());
    let except = dates::read_except(&fields, report, |item, date, report| {
        if let Some(hours) = &hours {
            warn_of_idle(item, hours, date, report);
        }
    });
    Some(Shift { except: except?, hours: hours? })
}

/// Warns about an excepted date that its hours never include.
fn warn_of_idle(field: &Field<'_>, hours: &Hours, date: Date, report: &mut Report) {
    let weekday = date.to_chrono().weekday();
    if !hours.weekdays.is_empty() && !hours.weekdays.contains(&weekday) {
        let weekday = date.to_chrono().format("%A");
        let message = format!("{} {date} is a {weekday}, which these hours never include", field.path);
        report.warn(field.at, message, "check the date, or remove it");
    }
}
