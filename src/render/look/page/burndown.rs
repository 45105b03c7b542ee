//! Owns the burn-down chart: the budget left over the window, as straight lines between corners.

use super::axis::{WIDTH, coordinate, place, write as write_axis};
use crate::domain::budget::balance::SCALED_MS;
use crate::domain::budget::burndown::Point;
use crate::domain::budget::chapter::Chapter;
use crate::domain::value::instant::Instant;
use crate::domain::value::target::WHOLE;
use crate::render::form::markup::Markup;
use crate::render::form::moment::zoned;
use crate::render::form::number::short_time;

/// The height of the drawing in units.
const HEIGHT: f64 = 100.0;
/// Corners closer than this are joined; the drawing is about as many pixels wide as it has units.
const FINEST: f64 = 0.5;
/// The least distance between two labels, in percent of the height.
const LABEL_ROOM: f64 = 14.0;

/// A point of the drawing: units from the left, and from the top.
type Place = (f64, f64);

/// The vertical scale of a chart: from the full budget, or more if more was consumed, down.
struct Heights {
    /// In microseconds times [`WHOLE`].
    total: i128,
    range: i128,
}

impl Heights {
    fn y(&self, consumed_us: i64) -> f64 {
        let consumed = i128::from(consumed_us) * i128::from(WHOLE);
        if self.range == 0 { 0.0 } else { consumed as f64 / self.range as f64 * HEIGHT }
    }

    /// The height at which the budget is spent.
    fn zero(&self) -> f64 {
        if self.range == 0 { HEIGHT } else { self.total as f64 / self.range as f64 * HEIGHT }
    }
}

/// Writes the chart of an objective that has data.
pub(super) fn write(page: &mut Markup, chapter: &Chapter, as_of: Instant) {
    let budget = &chapter.report.budget;
    let (total, consumed) = (budget.total(), budget.consumed());
    let heights = Heights { total, range: total.max(consumed) };
    let window = budget.window;
    let points = drawn(&chapter.burn_down, |point| (place(point.at, window), heights.y(point.consumed_us)));
    let zero = heights.zero();
    page.own("<figure class=\"burn\">\n<figcaption><h3>Error budget left</h3>");
    page.own("<small class=\"key\"><span><span class=\"dashed\" aria-hidden=\"true\"></span>spent evenly</span></small></figcaption>\n");
    page.own("<div class=\"plot\"><div class=\"y\" aria-hidden=\"true\">");
    let whole = |scaled: i128| short_time((scaled / SCALED_MS) as i64);
    let label = |page: &mut Markup, top: f64, text: String| {
        page.element("span", &[("style", &format_args!("top:{top:.1}%"))], text);
    };
    if zero > LABEL_ROOM {
        label(page, 0.0, whole(total));
    }
    label(page, zero, "0".to_owned());
    if budget.is_breaching() && zero < HEIGHT - LABEL_ROOM {
        label(page, HEIGHT, format!("−{}", whole(budget.overspent())));
    }
    page.own("</div>\n");
    page.open(
        "svg",
        &[
            ("viewBox", &format_args!("0 0 {WIDTH} {HEIGHT}")),
            ("preserveAspectRatio", &"none"),
            ("role", &"img"),
            ("aria-label", &description(chapter, as_of)),
        ],
    );
    if as_of < window.end {
        let x = place(as_of, window);
        let path = format!("M{} 0H{WIDTH}V{HEIGHT}H{}Z", coordinate(x), coordinate(x));
        page.empty("path", &[("class", &"ahead"), ("d", &path)]);
    }
    let (left, over) = split(&points, zero);
    area(page, "left", &left, zero);
    area(page, "over", &over, zero);
    if total > 0 {
        page.empty("path", &[("class", &"even"), ("d", &format_args!("M0 0L{WIDTH} {}", coordinate(zero)))]);
    }
    page.empty("path", &[("class", &"zero"), ("d", &format_args!("M0 {}H{WIDTH}", coordinate(zero)))]);
    page.empty("path", &[("class", &"curve"), ("d", &line(&points))]);
    page.own("</svg></div>\n");
    write_axis(page, window, chapter.report.window_kind, as_of);
    page.own("</figure>\n");
}

fn description(chapter: &Chapter, as_of: Instant) -> String {
    let budget = &chapter.report.budget;
    let whole = |scaled: i128| short_time((scaled / SCALED_MS) as i64);
    let (_, left) = crate::render::look::status::budget_left(budget);
    let rises = chapter.burn_down.windows(2).filter(|pair| pair[1].consumed_us > pair[0].consumed_us).count();
    let left = match left.strip_prefix('-') {
        Some(over) => format!("overspent by {over}"),
        None => format!("{left} left"),
    };
    let times = super::counted(rises, "time");
    format!(
        "Error budget over the window: {} on {}; {left} on {}. Downtime spent it {times}.",
        whole(budget.total()),
        zoned(budget.window.start),
        zoned(as_of),
    )
}

/// The points of a falling line, without those that no screen can distinguish: per column, the first and the last.
fn drawn(corners: &[Point], place: impl Fn(&Point) -> Place) -> Vec<Place> {
    let column = |x: f64| (x / FINEST).floor() as i64;
    let mut points: Vec<Place> = Vec::new();
    for (x, y) in corners.iter().map(place) {
        if let [.., (before, _), (last, _)] = points[..]
            && column(before) == column(x)
            && column(last) == column(x)
        {
            points.pop();
        }
        points.push((x, y));
    }
    points
}

/// The parts of a falling line above and below a height, both with the crossing point.
fn split(points: &[Place], zero: f64) -> (Vec<Place>, Vec<Place>) {
    let Some(first) = points.iter().position(|(_, y)| *y > zero) else { return (points.to_vec(), Vec::new()) };
    let (mut above, mut below) = (points[..first].to_vec(), points[first..].to_vec());
    if let (Some((x0, y0)), Some((x1, y1))) = (above.last().copied(), below.first().copied()) {
        let crossing = (x0 + (x1 - x0) * (zero - y0) / (y1 - y0), zero);
        above.push(crossing);
        below.insert(0, crossing);
    }
    (above, below)
}

fn line(points: &[Place]) -> String {
    let mut path = String::new();
    let mut last = String::new();
    for (x, y) in points.iter().map(|(x, y)| (coordinate(*x), coordinate(*y))) {
        match () {
            () if path.is_empty() => path.push_str(&format!("M{x} {y}")),
            () if y == last => path.push_str(&format!("H{x}")),
            () => path.push_str(&format!("L{x} {y}")),
        }
        last = y;
    }
    path
}

fn area(page: &mut Markup, class: &'static str, points: &[Place], zero: f64) {
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return };
    if points.len() < 2 {
        return;
    }
    let zero = coordinate(zero);
    let path = format!("{}L{} {zero}L{} {zero}Z", line(points), coordinate(*last), coordinate(*first));
    page.empty("path", &[("class", &class), ("d", &path)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_the_budget_is_spent() {
        let (above, below) = split(&[(0.0, 0.0), (10.0, 0.0), (20.0, 80.0), (30.0, 80.0)], 40.0);
        assert_eq!(above, [(0.0, 0.0), (10.0, 0.0), (15.0, 40.0)]);
        assert_eq!(below, [(15.0, 40.0), (20.0, 80.0), (30.0, 80.0)]);
    }

    #[test]
    fn corners_that_share_a_column_keep_their_ends() {
        let corner = |at: i64| Point { at: Instant::from_millis(at), consumed_us: at };
        let corners: Vec<Point> = (0..1000).map(corner).collect();
        let points = drawn(&corners, |point| (point.at.millis() as f64 / 500.0, point.consumed_us as f64));
        let expected = [0, 249, 250, 499, 500, 749, 750, 999].map(|at| (f64::from(at) / 500.0, f64::from(at)));
        assert_eq!(points, expected);
    }
}
