//! Owns reading the schedule of an `SLO`.

use chrono::Datelike;
use chrono_tz::Tz;

use super::spec::SHIFT;
use crate::domain::account::schedule::{Schedule, Shift};
use crate::domain::value::calendar::Date;
use crate::domain::value::hours::Hours;
use crate::manifest::kind::hours;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::yaml::tree::Value;

/// An example of office hours.
const EXAMPLE: &str = "write weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\" and before: \"17:00\"";

/// Reads the schedule in the objective's zone; `None` if it is invalid.
pub(super) fn read(fields: &Fields<'_>, zone: Option<Tz>, report: &mut Report) -> Option<Schedule> {
    let Some(field) = fields.get("schedule") else { return Some(Schedule::default()) };
    if let Value::Map(_) = &field.node.value {
        field.expected("a list", "write - before it, or [ ] around it", report);
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
    if let Some(days) = fields.get("weekday")
        && matches!(&days.node.value, Value::List(items) if items.is_empty())
    {
        report.error(
            days.at,
            format!("{} is empty, so these hours would never apply", days.path),
            "list at least one day, or remove the field for every day",
        );
        return None;
    }
    let hours = hours::read(field, &fields, zone, EXAMPLE, report);
    let mut except: Vec<Date> = Vec::new();
    let dates = fields.list("exceptDates", report);
    for item in &dates {
        let Some(date) = read_date(item, report) else { continue };
        if except.contains(&date) {
            report.error(item.at, format!("{} lists {date} twice", item.path), "remove one of them");
        } else if let Some(hours) = &hours {
            warn_of_idle(item, hours, date, report);
        }
        except.push(date);
    }
    let is_complete = except.len() == dates.len();
    except.sort_unstable();
    except.dedup();
    hours.filter(|_| is_complete).map(|hours| Shift { hours, except })
}

fn read_date(field: &Field<'_>, report: &mut Report) -> Option<Date> {
    let found = field.scalar().and_then(Date::parse);
    if found.is_none() {
        field.expected("a date such as 2026-12-25", "", report);
    }
    found
}

/// Warns about an excepted date that its hours never include.
fn warn_of_idle(field: &Field<'_>, hours: &Hours, date: Date, report: &mut Report) {
    let weekday = date.to_chrono().weekday();
    if !hours.weekdays.is_empty() && !hours.weekdays.contains(&weekday) {
        let message = format!("{} {date} is a {weekday}, which these hours never include", field.path);
        report.warn(field.at, message, "check the date, or remove it");
    }
}
