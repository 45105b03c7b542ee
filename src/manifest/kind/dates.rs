//! Owns reading lists of excepted dates.

use crate::domain::value::calendar::Date;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;

/// Reads `exceptDates`, sorted; `None` if one of them is invalid. `check` may warn about a date.
pub(super) fn read_except(
    fields: &Fields<'_>,
    report: &mut Report,
    check: impl Fn(&Field<'_>, Date, &mut Report),
) -> Option<Vec<Date>> {
    let mut except: Vec<Date> = Vec::new();
    let dates = fields.list("exceptDates", report);
    for item in &dates {
        let Some(date) = read_date(item, report) else { continue };
        if except.contains(&date) {
            report.error(item.at, format!("{} lists {date} twice", item.path), "remove one of them");
        } else {
            check(item, date, report);
        }
        except.push(date);
    }
    let is_complete = except.len() == dates.len();
    except.sort_unstable();
    except.dedup();
    is_complete.then_some(except)
}

fn read_date(field: &Field<'_>, report: &mut Report) -> Option<Date> {
    let found = field.scalar().and_then(Date::parse);
    if found.is_none() {
        field.expected("a date such as 2026-12-25", "", report);
    }
    found
}
