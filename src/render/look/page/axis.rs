//! Owns the time scale below a chart: from times to positions in a drawing, and their labels.

use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;
use crate::domain::value::window::Window;

use crate::render::form::markup::Markup;

/// The width of a drawing in units; it is stretched to the available width.
pub(super) const WIDTH: f64 = 1000.0;
/// Outside of this range, a label in the middle would touch those at the ends, in percent.
const FREE: std::ops::Range<f64> = 22.0..78.0;

/// The position of a time in a drawing of `span`.
pub(super) fn place(at: Instant, span: Span) -> f64 {
    if span.is_empty() {
        return 0.0;
    }
    (at.since(span.start) as f64 / span.millis() as f64).clamp(0.0, 1.0) * WIDTH
}

/// A coordinate to a tenth of a unit, without needless digits.
pub(super) fn coordinate(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), ToOwned::to_owned)
}

/// The labels below a chart of a window: its ends, and the current time if it is in between.
pub(super) fn write(page: &mut Markup, window: Span, kind: Window, as_of: Instant) {
    page.open("div", &[("class", &"x"), ("aria-hidden", &"true")]);
    page.element("span", &[], label(window.start, window, kind));
    let now = place(as_of, window) / WIDTH * 100.0;
    if as_of < window.end && FREE.contains(&now) {
        page.element("span", &[("class", &"now"), ("style", &format_args!("left:{now:.1}%"))], "now");
    }
    page.element("span", &[], label(window.end, window, kind));
    page.close("div");
    page.end_line();
}

/// A time in the zone of the window, as precise as the window's length requires.
fn label(at: Instant, window: Span, kind: Window) -> String {
    let shape = match window.millis() {
        ..=172_800_000 => "%-d %b %H:%M",
        length if length > 300 * DAY_MS => "%-d %b %Y",
        _ => "%-d %b",
    };
    at.to_chrono().with_timezone(&kind.calendar().zone).format(shape).to_string()
}
