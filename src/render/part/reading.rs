//! Owns how the values that conditions compare look: exact fractions become numbers only here.

use serde_json::{Map, Value};

use crate::domain::rules::condition::Field;
use crate::domain::rules::condition::property::{Shape, Unit};
use crate::domain::rules::solver::signal::Reading;
use crate::domain::value::duration::write_millis;
use crate::domain::value::instant::MINUTE_MS;
use crate::render::form::number::short_time;

/// A value for programs, as in other documents: durations without a unit of their own as `1h30m`.
pub(in crate::render) fn value(field: &Field, reading: &Reading) -> Value {
    let number = match reading {
        Reading::Null => return Value::Null,
        Reading::Text(text) => return Value::String(text.to_string()),
        Reading::Boolean(truth) => return Value::Bool(*truth),
        Reading::Number(number) => *number,
    };
    let (numerator, denominator) = (number.numerator, number.denominator);
    let whole = i64::try_from(numerator.div_euclid(denominator)).unwrap_or(i64::MAX);
    match field.property.shape() {
        Shape::Duration => write_millis(whole).into(),
        Shape::Number(Unit::Count | Unit::Days) => whole.into(),
        // Calculated like all percentages: never above 100 if the part is not above the total.
        Shape::Number(Unit::Percent) => {
            (whole as f64 + numerator.rem_euclid(denominator) as f64 / denominator as f64).into()
        }
        _ => (numerator as f64 / denominator as f64).into(),
    }
}

/// Values by their names.
pub(in crate::render) fn values(readings: &[(Field, Reading)]) -> Map<String, Value> {
    readings.iter().map(|(field, reading)| (field.to_string(), value(field, reading))).collect()
}

/// Values for people: `name=value`.
pub(in crate::render) fn shown(readings: &[(Field, Reading)]) -> Vec<String> {
    readings
        .iter()
        .map(|(field, reading)| format!("{field}={}{}", short(&value(field, reading)), in_words(field, reading)))
        .collect()
}

/// Seconds from a minute on, in a suitable unit: ` (9d)`.
fn in_words(field: &Field, reading: &Reading) -> String {
    let (Shape::Number(Unit::Seconds), Reading::Number(number)) = (field.property.shape(), reading) else {
        return String::new();
    };
    let millis = number.numerator.saturating_mul(1000).div_euclid(number.denominator);
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    if millis < MINUTE_MS { String::new() } else { format!(" ({})", short_time(millis)) }
}

/// A value for people: numbers to two decimals, floored.
fn short(value: &Value) -> String {
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => {
            let number = number.as_f64().unwrap_or_default();
            let text = format!("{:.2}", (number * 100.0).floor() / 100.0);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
