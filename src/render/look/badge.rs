//! Owns badges: one value of one objective as a small flat SVG image, with a label on the left.

use anyhow::Result;
use unicode_width::UnicodeWidthChar;

use super::status::{available, budget_left};
use crate::domain::budget::balance::State;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::render::Document;
use crate::render::form::markup::Markup;
use crate::render::form::moment::zoned;
use crate::render::part::down::standing;
use crate::render::part::icon;

/// Height, margin beside a text, and size of a sign, in pixels.
const HEIGHT: u32 = 20;
const MARGIN: u32 = 6;
const SIGN: u32 = 10;
/// White text has a contrast of at least 4.5 to each of these (WCAG 2.2, AA).
const LABEL_COLOR: &str = "#3d444d";
const TEXT_COLOR: &str = "#ffffff";

/// What a badge shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Show {
    State,
    Availability,
    Budget,
    Streak,
}

/// A badge before it is drawn.
pub(crate) struct Picture {
    objective: String,
    label: String,
    message: String,
    state: State,
    down_since: Option<Instant>,
    title: String,
}

impl Picture {
    pub(crate) fn of(report: &ObjectiveReport, show: Show, label: Option<&str>) -> Self {
        let budget = &report.budget;
        let (_, counted) = budget.available(0);
        let sign = if counted > 0 { "%" } else { "" };
        let availability = format!("{}{sign}", available(budget, budget.consumed_us()));
        let (share, time) = budget_left(budget);
        let left = match time.strip_prefix('-') {
            Some(over) => format!("overspent by {over}"),
            None => format!("{share}% left"),
        };
        let days = report.streak.current;
        let message = match show {
            Show::State if report.has_open_downtime() => standing(report),
            Show::State => report.state.as_str().to_owned(),
            _ if report.state == State::NoData => "no data".to_owned(),
            Show::Availability => availability.clone(),
            Show::Budget => left.clone(),
            Show::Streak => format!("{days} day{}", if days == 1 { "" } else { "s" }),
        };
        // Every badge says if the objective is down.
        let down = show != Show::State && report.has_open_downtime();
        let message = if down { format!("{message}, down") } else { message };
        let mut title = format!("{}: {}", report.objective, standing(report));
        if report.state != State::NoData {
            let target = budget.target.percent();
            title.push_str(&format!("; available {availability}, target {target}%, budget {left}"));
        }
        title.push_str(&format!(", as of {}", zoned(budget.elapsed.end)));
        Self {
            objective: report.objective.to_string(),
            label: label.map_or_else(|| report.objective.to_string(), ToOwned::to_owned),
            message,
            state: report.state,
            down_since: report.down_since(),
            title,
        }
    }

    /// The badge for programs that draw their own.
    pub(crate) fn document(&self, as_of: Instant) -> Result<Document> {
        let mut document = Document::new(as_of);
        document.set("objectiveId", &self.objective)?;
        document.set("label", &self.label)?;
        document.set("message", &self.message)?;
        document.set("state", &self.state.as_str())?;
        document.set("downSince", &self.down_since.map(|since| since.to_string()))?;
        document.set("color", &color(self.state))?;
        Ok(document)
    }

    pub(crate) fn svg(&self) -> String {
        let (label, message) = (width(&self.label), width(&self.message));
        let left = label + 2 * MARGIN;
        let right = message + SIGN + 3 * MARGIN - 2;
        let whole = left + right;
        let mut svg = Markup::new();
        let mut name = format!("{}: {}", self.label, self.message);
        if !self.message.contains(self.state.as_str()) {
            name.push_str(&format!(", {}", self.state.as_str()));
        }
        svg.open(
            "svg",
            &[
                ("xmlns", &"http://www.w3.org/2000/svg"),
                ("width", &whole),
                ("height", &HEIGHT),
                ("role", &"img"),
                ("aria-label", &name),
            ],
        );
        svg.element("title", &[], &self.title);
        // Rounded at the outer ends, and without ids, which would clash if a document has several badges.
        let start = format!("M{left} 0H3a3 3 0 0 0-3 3V{}a3 3 0 0 0 3 3H{left}Z", HEIGHT - 3);
        let end = format!("M{left} 0H{}a3 3 0 0 1 3 3V{}a3 3 0 0 1-3 3H{left}Z", whole - 3, HEIGHT - 3);
        svg.empty("path", &[("fill", &LABEL_COLOR), ("d", &start)]);
        svg.empty("path", &[("fill", &color(self.state)), ("d", &end)]);
        let place = format!("translate({} {}) scale({})", left + MARGIN, (HEIGHT - SIGN) / 2, scale());
        svg.empty("path", &[("transform", &place), ("fill", &TEXT_COLOR), ("d", &icon::path(self.state))]);
        svg.open(
            "g",
            &[
                ("fill", &TEXT_COLOR),
                ("font-family", &"Verdana,Geneva,DejaVu Sans,sans-serif"),
                ("font-size", &11),
                ("text-rendering", &"geometricPrecision"),
            ],
        );
        // `textLength` makes any font fit the calculated width.
        let texts = [(MARGIN, label, &self.label), (left + SIGN + 2 * MARGIN - 2, message, &self.message)];
        for (x, length, text) in texts {
            svg.element("text", &[("x", &x), ("y", &14), ("textLength", &length)], text);
        }
        svg.close("g");
        svg.close("svg");
        svg.end_line();
        svg.into_text()
    }
}

fn scale() -> f64 {
    f64::from(SIGN) / f64::from(icon::SIDE)
}

const fn color(state: State) -> &'static str {
    match state {
        State::NoData => "#57606a",
        State::Breaching => "#b42318",
        State::Down => "#9a4a00",
        State::AtRisk => "#7a5c00",
        State::Healthy => "#1a7f37",
    }
}

/// The width of a text in pixels, at 11 pixels of Verdana, which is wider than most; rounded up.
fn width(text: &str) -> u32 {
    let tenths = text.chars().map(|character| match character {
        'i' | 'l' | '\'' => 31,
        'f' | 'j' | ' ' | '.' | ',' => 41,
        't' | 'r' | 'I' | '!' | ':' | ';' | '|' | '/' | '\\' | '-' | '(' | ')' | '[' | ']' => 50,
        'c' | 's' | 'z' | 'J' => 59,
        'a' | 'e' | 'k' | 'v' | 'x' | 'y' => 67,
        'm' | 'W' => 109,
        'w' | 'M' | '@' | '#' | '+' | '=' | '<' | '>' | '~' => 95,
        '%' => 119,
        '–' | 'a'..='z' | '0'..='9' | '_' | '"' | '?' | '*' | '$' => 70,
        'A'..='Z' | '&' => 88,
        other => 80 * other.width().unwrap_or(1) as u32,
    });
    tenths.sum::<u32>().div_ceil(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::look::page::contrast;

    #[test]
    fn text_reads_on_every_color() {
        for background in State::ALL.map(color).into_iter().chain([LABEL_COLOR]) {
            let found = contrast::ratio(TEXT_COLOR, background);
            assert!(found >= 4.5, "{background}: {found}");
        }
    }

    #[test]
    fn a_label_cannot_break_out_of_its_badge() {
        let picture = Picture {
            objective: "shop".to_owned(),
            label: "\"><svg onload=alert(1)><script>".to_owned(),
            message: "99.9%".to_owned(),
            state: State::Healthy,
            down_since: None,
            title: "</title><script>alert(1)</script>".to_owned(),
        };
        let svg = picture.svg();
        assert!(!svg.contains("<script") && !svg.contains("onload=alert(1)>"), "{svg}");
        assert_eq!(svg.matches("<svg").count(), 1, "{svg}");
        assert!(svg.contains("&quot;&gt;&lt;svg onload=alert(1)&gt;"), "{svg}");
    }

    #[test]
    fn widths_grow_with_the_text() {
        assert_eq!(width(""), 0);
        assert!(width("checkout") < width("checkout-availability"));
        assert!(width("可用性") >= 33);
    }
}
