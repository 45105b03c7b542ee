//! Owns how exact values become the floats that programs read, in JSON as in the tables of `compute`. Nothing is decided on them.

use super::balance::Budget;
use crate::domain::value::instant::MINUTE_MS;
use crate::domain::value::target::WHOLE;

/// `part / whole × 100`, never above 100 when the part is not above the whole; `None` when the whole is 0.
pub(crate) fn ratio_percent(part: i128, whole: i128) -> Option<f64> {
    if whole == 0 {
        return None;
    }
    let (percent, rest) = ((part * 100).div_euclid(whole), (part * 100).rem_euclid(whole));
    Some(percent as f64 + rest as f64 / whole as f64)
}

/// Milliseconds as minutes.
pub(crate) fn minutes(millis: i64) -> f64 {
    millis as f64 / MINUTE_MS as f64
}

/// Milliseconds times [`WHOLE`] as minutes.
pub(crate) fn scaled_minutes(scaled: i128) -> f64 {
    scaled as f64 / (i128::from(WHOLE) * i128::from(MINUTE_MS)) as f64
}

/// `budgetRemainingPercent`: 100 or 0 when there is no budget at all.
pub(crate) fn remaining_percent(budget: &Budget) -> f64 {
    let whole = if budget.consumed_ms() == 0 { 100.0 } else { 0.0 };
    ratio_percent(budget.remaining(), budget.total()).unwrap_or(whole)
}

/// The share of the elapsed length without `down_ms` milliseconds of downtime; `None` when there is no length.
pub(crate) fn availability_percent(budget: &Budget, down_ms: i64) -> Option<f64> {
    let length = budget.elapsed_length_ms();
    ratio_percent(i128::from(length - down_ms), i128::from(length))
}

/// `coveragePercent`: the part of the elapsed window in which the status was known.
pub(crate) fn coverage_percent(budget: &Budget) -> Option<f64> {
    ratio_percent(i128::from(budget.known_ms()), i128::from(budget.elapsed.millis()))
}
