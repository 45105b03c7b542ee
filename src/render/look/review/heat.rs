//! Owns the heat map of a period: a square per day, a row per month, darker with more downtime.

use crate::domain::account::weights::FULL;
use crate::render::form::number::{percent, short_down};
use std::fmt::Write as _;

use crate::domain::budget::level::LevelDay;
use crate::render::form::markup::Markup;

/// Squares per row.
const COLUMNS: u32 = 31;
/// The size of a square in units; each has room for 1.
const SIDE: f64 = 0.9;

/// The shades by the share of a day that is down, in millionths: the upper limit, the class, and the legend.
const SHADES: [(i64, &str, &str); 5] = [
    (0, "h0", "no downtime"),
    (1_000, "h1", "up to 0.1% down"),
    (10_000, "h2", "up to 1%"),
    (100_000, "h3", "up to 10%"),
    (i64::MAX, "h4", "more"),
];
/// A day without data.
const UNKNOWN: &str = "hx";
/// A day that does not count, because of a schedule or other exclusions.
const OUTSIDE: &str = "ho";

fn shade(day: &LevelDay) -> &'static str {
    if day.elapsed_ms > 0 && day.length_ms <= 0 {
        return OUTSIDE;
    }
    if day.known_ms == 0 {
        return UNKNOWN;
    }
    // Compared as products: a share of exactly 1% is not more than 1%.
    let reaches = |millionths: i64| {
        i128::from(day.consumed_us) * 1_000_000 <= i128::from(millionths) * i128::from(day.length_ms * FULL)
    };
    SHADES.iter().find(|(most, ..)| reaches(*most)).map_or("h4", |(_, class, _)| class)
}

/// Writes the days, which are sorted; nothing without days.
pub(super) fn write(page: &mut Markup, days: &[LevelDay]) {
    if days.is_empty() {
        return;
    }
    page.own("<div class=\"heat\" role=\"img\" aria-label=\"Days of the period, by how much of each was down\">\n");
    for month in days.chunk_by(|a, b| month_of(a) == month_of(b)) {
        page.element("span", &[], month_of(&month[0]));
        row(page, month);
    }
    page.own("</div>\n");
}

fn month_of(day: &LevelDay) -> String {
    day.date.to_string().chars().take(7).collect()
}

fn row(page: &mut Markup, month: &[LevelDay]) {
    let view = format!("0 0 {COLUMNS} 1");
    page.open("svg", &[("viewBox", &view), ("preserveAspectRatio", &"none"), ("aria-hidden", &"true")]);
    for day in month {
        let number: f64 = day.date.to_string()[8..].parse().unwrap_or(1.0);
        let (date, lost) = (day.date, day.consumed_us as f64 / FULL as f64);
        let (x, class) = (number - 1.0, shade(day));
        page.open(
            "rect",
            &[
                ("class", &class),
                ("x", &x),
                ("y", &"0.05"),
                ("width", &SIDE),
                ("height", &SIDE),
                ("data-date", &date),
                ("data-lost-ms", &lost),
            ],
        );
        page.element("title", &[], title(day));
        page.close("rect");
    }
    page.close("svg");
    page.end_line();
}

fn title(day: &LevelDay) -> String {
    let mut text = day.date.to_string();
    match shade(day) {
        UNKNOWN => return text + ": no data",
        OUTSIDE => return text + ": not counted",
        _ => {}
    }
    let (part, whole) = day.available();
    let available = percent(part, whole, 3);
    // Writing to a string cannot fail.
    let _ = write!(text, ": {available}% available");
    if day.consumed_us > 0 {
        let _ = write!(text, ", {} down", short_down(day.consumed_us));
    }
    text
}

/// Writes the meaning of the shades of some days.
pub(super) fn legend(page: &mut Markup, days: &[&LevelDay]) {
    page.own("<p class=\"legend\">");
    let shades = SHADES.iter().map(|(_, class, words)| (*class, *words));
    let outside = days.iter().any(|day| shade(day) == OUTSIDE).then_some((OUTSIDE, "not counted"));
    for (class, words) in shades.chain([(UNKNOWN, "no data")]).chain(outside) {
        page.own("<span><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\">");
        page.empty("rect", &[("class", &class), ("width", &1), ("height", &1)]);
        page.own("</svg>");
        page.words(words);
        page.own("</span> ");
    }
    page.own("</p>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::calendar::Date;

    #[test]
    fn shades_begin_exactly_where_the_legend_says() {
        let day = |consumed_ms: i64| LevelDay {
            date: Date::from_number(20_000),
            elapsed_ms: 86_400_000,
            length_ms: 86_400_000,
            known_ms: 1,
            consumed_us: consumed_ms * FULL,
        };
        let cases =
            [(0, "h0"), (1, "h1"), (86_400, "h1"), (86_401, "h2"), (864_000, "h2"), (864_001, "h3"), (8_640_001, "h4")];
        for (consumed, class) in cases {
            assert_eq!(shade(&day(consumed)), class, "{consumed}");
        }
        assert_eq!(shade(&LevelDay { known_ms: 0, ..day(0) }), UNKNOWN);
        assert_eq!(shade(&LevelDay { length_ms: 0, ..day(0) }), OUTSIDE);
    }
}
