//! Owns reading hours of the day and days of the week in conditions and schedules.

use chrono::Weekday;
use chrono_tz::Tz;

use crate::domain::value::hours::{Fault, Hours, parse_time, parse_weekday};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::yaml::tree::Value;

/// Reads the fields `after`, `before` and `weekday` of a mapping, in a zone; `None` for an invalid zone. The remedy is
/// for hours without any limit.
pub(in crate::manifest) fn read(
    field: &Field<'_>,
    fields: &Fields<'_>,
    zone: Option<Tz>,
    remedy: &str,
    report: &mut Report,
) -> Option<Hours> {
    let mut time = |key: &str| {
        fields.get(key).map(|field| parsed(&field, parse_time, report)).map_or(Some(None), |time| time.map(Some))
    };
    let (after, before) = (time("after"), time("before"));
    let weekdays = fields.get("weekday").map_or(Some(Vec::new()), |field| read_weekdays(&field, report));
    Hours::new(after?, before?, weekdays?, zone?)
        .map_err(|(message, _)| report.error(field.at, format!("{}: {message}", field.path), remedy))
        .ok()
}

fn read_weekdays(field: &Field<'_>, report: &mut Report) -> Option<Vec<Weekday>> {
    if let Value::Scalar { .. } = &field.node.value {
        return parsed(field, parse_weekday, report).map(|day| vec![day]);
    }
    let days: Vec<_> = field.items(report).iter().map(|item| parsed(item, parse_weekday, report)).collect();
    days.into_iter().collect()
}

/// Parses a text; reports why it cannot.
pub(in crate::manifest) fn parsed<T>(
    field: &Field<'_>,
    read: impl Fn(&str) -> Result<T, Fault>,
    report: &mut Report,
) -> Option<T> {
    // A number such as 9 needs more than quotes.
    if let Some((message, remedy)) = field.scalar().filter(|text| !text.is_empty()).and_then(|text| read(text).err()) {
        report.error(field.at, format!("{}: {message}", field.path), remedy);
        return None;
    }
    read(field.text(report)?).ok()
}
