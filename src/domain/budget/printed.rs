//! Owns the conversion of exact values to the floats printed for programs, in JSON and in the tables of `compute`. No
//! decision uses them.

use super::balance::{Budget, SCALED_MS};
use crate::domain::account::weights::FULL;
use crate::domain::value::instant::MINUTE_MS;

/// `part / whole × 100`, at most 100 if the part is at most the whole; `None` when the whole is 0.
pub(crate) fn ratio_percent(part: i128, whole: i128) -> Option<f64> {
    if whole == 0 {
        return None;
    }
    let (percent, rest) = ((part * 100).div_euclid(whole), (part * 100).rem_euclid(whole));
    Some(percent as f64 + rest as f64 / whole as f64)
}

/// `part / whole`, rounded once: what is an exact decimal prints as one. `None` when the whole is 0.
pub(crate) fn share(part: i128, whole: i128) -> Option<f64> {
    let (mut divisor, mut rest) = (whole, part);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (whole != 0).then(|| (part / divisor) as f64 / (whole / divisor) as f64)
}

/// Milliseconds as minutes.
pub(crate) fn minutes(millis: i64) -> f64 {
    millis as f64 / MINUTE_MS as f64
}

/// Microseconds of downtime as minutes.
pub(crate) fn down_minutes(micros: i64) -> f64 {
    micros as f64 / (MINUTE_MS * FULL) as f64
}

/// A value in the unit of [`Budget::total`] as minutes.
pub(crate) fn scaled_minutes(scaled: i128) -> f64 {
    scaled_in(scaled, MINUTE_MS)
}

/// A value in the unit of [`Budget::total`] as seconds.
pub(crate) fn scaled_seconds(scaled: i128) -> f64 {
    scaled_in(scaled, 1000)
}

fn scaled_in(scaled: i128, unit_ms: i64) -> f64 {
    let (scaled, unit) = reduced(scaled, SCALED_MS * i128::from(unit_ms));
    scaled as f64 / unit as f64
}

/// Both in milliseconds if they are integers: floats stay exact longer.
fn reduced(part: i128, whole: i128) -> (i128, i128) {
    let full = i128::from(FULL);
    if part % full == 0 && whole % full == 0 { (part / full, whole / full) } else { (part, whole) }
}

/// `budgetRemainingPercent`: 100 or 0 for a zero budget.
pub(crate) fn remaining_percent(budget: &Budget) -> f64 {
    let whole = if budget.consumed_us() == 0 { 100.0 } else { 0.0 };
    let (left, total) = reduced(budget.remaining(), budget.total());
    ratio_percent(left, total).unwrap_or(whole)
}

/// The share of the elapsed length without this many microseconds of downtime; `None` when the length is 0.
pub(crate) fn availability_percent(budget: &Budget, down_us: i64) -> Option<f64> {
    let (part, whole) = budget.available(down_us);
    let (part, whole) = reduced(part, whole);
    ratio_percent(part, whole)
}

/// `coveragePercent`: the share of the elapsed window with a known status.
pub(crate) fn coverage_percent(budget: &Budget) -> Option<f64> {
    ratio_percent(i128::from(budget.known_ms()), i128::from(budget.elapsed.millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_large_numbers_is_rounded_once() {
        let length = 2_592_000_000_i128 * 1000;
        for (millionths, printed) in [(99_900_000, "0.999"), (99_990_000, "0.9999"), (7_000_000, "0.07")] {
            assert_eq!(share(length * millionths, length * 100_000_000).unwrap().to_string(), printed);
        }
        assert_eq!(share(-3 * length, 10 * length), Some(-0.3));
        assert_eq!((share(0, 5), share(0, 0), share(5, 0)), (Some(0.0), None, None));
    }
}
