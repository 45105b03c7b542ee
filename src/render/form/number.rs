//! Owns numbers for people: floored percentages and durations.

use crate::domain::account::weights::FULL;
use crate::domain::budget::balance::SCALED_MS;
use crate::domain::value::instant::{DAY_MS, HOUR_MS, MINUTE_MS};

pub(crate) use crate::domain::budget::printed::{down_minutes, minutes, ratio_percent, scaled_minutes};
pub(crate) use crate::domain::value::wording::counted;

/// `part / whole × 100`, floored to `decimals` digits, without a percent sign.
pub(crate) fn percent(part: i128, whole: i128, decimals: u32) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let scale = 10i128.pow(decimals);
    let scaled = part.max(0) * 100 * scale / whole;
    let (number, fraction) = (scaled / scale, scaled % scale);
    if decimals == 0 { number.to_string() } else { format!("{number}.{fraction:0width$}", width = decimals as usize) }
}

/// The same with a percent sign, if there is a number.
pub(crate) fn signed_percent(part: i128, whole: i128, decimals: u32) -> String {
    let number = percent(part, whole, decimals);
    if whole == 0 { number } else { number + "%" }
}

/// Downtime in microseconds, printed like [`short_time`].
pub(crate) fn short_down(micros: i64) -> String {
    short_time(micros / FULL)
}

/// Milliseconds in a suitable unit, at most five characters wide up to years: `0s`, `42s`, `3.5m`, `43m`, `7h15m`,
/// `31h`, `12d`. Floored.
pub(crate) fn short_time(millis: i64) -> String {
    let (unit, label) = match millis {
        ms if ms < MINUTE_MS => (1000, "s"),
        ms if ms < 100 * MINUTE_MS => (MINUTE_MS, "m"),
        ms if ms < 2 * DAY_MS => (HOUR_MS, "h"),
        _ => (DAY_MS, "d"),
    };
    if millis > 0 && millis < 1000 {
        return format!("{millis}ms");
    }
    if label == "h" && millis < 10 * HOUR_MS {
        let (hours, minutes) = (millis / HOUR_MS, millis % HOUR_MS / MINUTE_MS);
        return if minutes == 0 { format!("{hours}h") } else { format!("{hours}h{minutes:02}m") };
    }
    let tenths = millis * 10 / unit;
    if tenths < 100 && tenths % 10 != 0 {
        format!("{}.{}{label}", tenths / 10, tenths % 10)
    } else {
        format!("{}{label}", tenths / 10)
    }
}

/// A scaled time, printed like [`short_time`]; less than a millisecond is not nothing: `<1ms`.
pub(crate) fn short_scaled(scaled: i128) -> String {
    if (1..SCALED_MS).contains(&scaled) { "<1ms".to_owned() } else { short_time((scaled / SCALED_MS) as i64) }
}

/// The same, precise enough that sums add up for a reader: to the second, from ten hours on to the minute: `42s`,
/// `66m30s`, `1h41m07s`, `31h05m`, `12d04h`.
pub(crate) fn precise_time(millis: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m"), (1000, "s")];
    let units = match millis {
        ms if ms < 1000 => return short_time(ms),
        ms if ms < MINUTE_MS => &UNITS[3..],
        ms if ms < 100 * MINUTE_MS => &UNITS[2..],
        ms if ms < 10 * HOUR_MS => &UNITS[1..],
        ms if ms < 2 * DAY_MS => &UNITS[1..3],
        _ => &UNITS[..3],
    };
    let least = units.last().map_or(1, |(unit, _)| *unit);
    let mut rest = millis - millis % least;
    let mut text = String::new();
    for (unit, label) in units {
        if rest == 0 {
            break;
        }
        let count = rest / unit;
        text.push_str(&if text.is_empty() { format!("{count}{label}") } else { format!("{count:02}{label}") });
        rest %= unit;
    }
    text
}

/// A burn rate for people: `0`, `0.42`, `3.1`, `14`, `120`.
pub(crate) fn rate(value: Option<f64>) -> String {
    match value {
        None => "∞".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(rate) if rate < 0.01 => "<0.01".to_owned(),
        Some(rate) if rate < 10.0 => {
            let text = format!("{:.2}", (rate * 100.0).floor() / 100.0);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Some(rate) => format!("{:.0}", rate.floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_floored_never_rounded_up() {
        assert_eq!(percent(998_999, 1_000_000, 2), "99.89");
        assert_eq!(percent(1, 3, 2), "33.33");
        assert_eq!(percent(2, 3, 0), "66");

        assert_eq!(percent(1, 0, 1), "–");
        assert_eq!((signed_percent(1, 0, 1), signed_percent(1, 3, 1)), ("–".to_owned(), "33.3%".to_owned()));
    }

    #[test]
    fn times_take_the_unit_that_fits() {
        for (millis, text) in [
            (0, "0s"),
            (999, "999ms"),
            (42_000, "42s"),
            (1500, "1.5s"),
            (2_592_000, "43m"),
            (210_000, "3.5m"),
            (26_100_000, "7h15m"),
            (7_140_000, "1h59m"),
            (7_200_000, "2h"),
            (35_999_999, "9h59m"),
            (36_000_000, "10h"),
            (1_036_800_000, "12d"),
        ] {
            assert_eq!(short_time(millis), text);
        }
    }

    #[test]
    fn times_that_add_up_have_the_same_units() {
        for (millis, text) in [
            (0, "0s"),
            (999, "999ms"),
            (1500, "1s"),
            (13_000, "13s"),
            (2_592_000, "43m12s"),
            (3_720_000, "62m"),
            (3_990_000, "66m30s"),
            (6_067_000, "1h41m07s"),
            (7_213_000, "2h00m13s"),
            (10_860_000, "3h01m"),
            (36_307_000, "10h05m"),
            (129_600_000, "36h"),
            (1_051_500_000, "12d04h05m"),
        ] {
            assert_eq!(precise_time(millis), text);
        }
    }
}
