//! Owns the page about objectives: one self-contained HTML file, without scripts, fonts or network access.

mod achievements;
mod axis;
mod burndown;
mod chapter;
#[cfg(test)]
pub(super) mod contrast;
mod days;
mod events;
mod groups;
mod overview;
mod shown;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::balance::State;
use crate::domain::budget::chapter::Chapter;
use crate::domain::budget::grouping::GroupBy;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::form::markup::Markup;
use crate::render::form::moment::zoned;
use crate::render::form::number::counted;
use crate::render::part::down::{DOWN, in_words};
use crate::render::part::{icon, maintenance};
use shown::Shown;

/// Up to this many objectives are shown with everything open; with more, charts open on demand.
const MOST_OPEN: usize = 40;
/// Nothing may be loaded, sent or run, wherever the page is shown.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// States in counting order.
const WORST_FIRST: [State; 5] = [State::Breaching, State::Down, State::AtRisk, State::Healthy, State::NoData];

/// How much a page shows of each objective.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Detail {
    Full,
    Brief,
}

/// The content of a page.
pub(crate) struct Contents<'a> {
    pub(crate) title: &'a str,
    /// Every objective, worst first.
    pub(crate) reports: &'a [&'a ObjectiveReport],
    /// The first of them, each with its history.
    pub(crate) chapters: &'a [Chapter],
    /// The achievements of their systems.
    pub(crate) unlocked: &'a [Unlocked],
    /// The grouping of the summary of all of them.
    pub(crate) by: Option<&'a GroupBy>,
    pub(crate) as_of: Instant,
}

/// The page.
///
/// # Errors
/// If a report cannot be represented.
pub(crate) fn html(contents: &Contents<'_>) -> Result<String> {
    let Contents { title, reports, chapters, unlocked, by, as_of } = *contents;
    let detail = if chapters.len() <= MOST_OPEN { Detail::Full } else { Detail::Brief };
    let shown = chapters.iter().map(|chapter| Shown::of(&chapter.report)).collect::<Result<Vec<_>>>()?;
    let mut achieved: BTreeMap<&Name, Vec<&Unlocked>> = BTreeMap::new();
    for one in unlocked {
        achieved.entry(&one.system).or_default().push(one);
    }
    let mut page = begun(title, as_of, "");
    signs(&mut page);
    head(&mut page, reports, title, as_of);
    page.own("<main>\n");
    if let Some(by) = by {
        groups::write(&mut page, reports, by);
    }
    overview::write(&mut page, chapters, &shown, reports.len());
    page.own("<div id=\"objectives\">\n");
    for (chapter, shown) in chapters.iter().zip(&shown) {
        let achieved = achieved.get(&chapter.report.system).map_or(&[][..], Vec::as_slice);
        chapter::write(&mut page, chapter, shown, achieved, detail);
    }
    page.own("</div>\n</main>\n");
    foot(&mut page, as_of);
    page.own("</body>\n</html>\n");
    Ok(page.into_text())
}

/// The start of a page, up to the link after its head; with extra styles.
pub(super) fn begun(title: &str, as_of: Instant, styles: &'static str) -> Markup {
    let mut page = Markup::new();
    page.own("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.open("meta", &[("http-equiv", &"Content-Security-Policy"), ("content", &POLICY)]);
    page.own("\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.own("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.element("title", &[], format_args!("{title} – {}", zoned(as_of)));
    page.own("\n<style>\n");
    page.own(include_str!("page/style.css"));
    page.own(styles);
    page.own("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#objectives\">Skip to the objectives</a>\n");
    page
}

/// Shapes that are used more than once: the signs of states, and the hatching of overspent or excluded time.
fn signs(page: &mut Markup) {
    page.own("<svg width=\"0\" height=\"0\" class=\"defs\" aria-hidden=\"true\"><defs>");
    for state in State::ALL {
        let (id, side) = (format!("i-{}", state.as_str()), icon::SIDE);
        page.open("symbol", &[("id", &id), ("viewBox", &format_args!("0 0 {side} {side}"))]);
        page.empty("path", &[("d", &icon::path(state))]);
        page.close("symbol");
    }
    for (id, width) in [("hatch", 9), ("hatch-fine", 5)] {
        let (side, line) = (format!("{width}"), format!("M0 {width}L{width} 0"));
        page.open("pattern", &[("id", &id), ("width", &side), ("height", &side), ("patternUnits", &"userSpaceOnUse")]);
        if id == "hatch" {
            page.empty("rect", &[("width", &side), ("height", &side), ("class", &"hatch-ground")]);
        }
        page.empty("path", &[("d", &line), ("class", &id)]);
        page.close("pattern");
    }
    page.own("</defs></svg>\n");
}

fn head(page: &mut Markup, reports: &[&ObjectiveReport], title: &str, as_of: Instant) {
    page.own("<header class=\"top\">\n");
    page.element("h1", &[("dir", &"auto")], title);
    page.own("\n<p class=\"meta\">As of ");
    moment(page, as_of);
    page.words(format_args!(" · {}", counted(reports.len(), "objective")));
    let down = reports.iter().filter(|report| report.has_open_downtime()).count();
    if down > 0 {
        page.own(" · ");
        page.element("b", &[("class", &"down")], format_args!("{down} down now"));
    }
    let maintained: BTreeSet<&Name> =
        reports.iter().filter(|report| report.maintenance.is_some()).map(|report| &report.system).collect();
    if !maintained.is_empty() {
        page.words(format_args!(" · {} in maintenance", counted(maintained.len(), "system")));
    }
    page.own("</p>\n");
    if !reports.is_empty() {
        page.own("<ul class=\"tiles\" aria-label=\"Objectives by state\">\n");
        for state in WORST_FIRST {
            let count = reports.iter().filter(|report| report.state == state).count();
            if count == 0 && state == State::NoData {
                continue;
            }
            let none = if count == 0 { " none" } else { "" };
            page.open("li", &[("class", &format_args!("tile s-{}{none}", state.as_str()))]);
            sign(page, state);
            page.element("b", &[("data-state", &state.as_str()), ("data-count", &count)], count);
            page.element("span", &[], state.as_str());
            page.close("li");
            page.end_line();
        }
        page.own("</ul>\n");
    }
    page.own("</header>\n");
}

pub(super) fn foot(page: &mut Markup, as_of: Instant) {
    page.own("<footer>\n<p>Made by ");
    page.element("code", &[], concat!("slo ", env!("CARGO_PKG_VERSION")));
    page.own(" from the journal and the manifests as of ");
    moment(page, as_of);
    page.own(
        ". Times and days are UTC unless a zone is named; percentages are rounded down. This page is one file: it loads \
         nothing and runs nothing.</p>\n</footer>\n",
    );
}

/// The sign of a state; the words beside it say the same.
fn sign(page: &mut Markup, state: State) {
    page.open("svg", &[("class", &"sign"), ("aria-hidden", &"true")]);
    page.empty("use", &[("href", &format_args!("#i-{}", state.as_str()))]);
    page.close("svg");
}

/// Since when an objective is down now, beside its state, whatever that is; nothing if it is not.
fn down(page: &mut Markup, report: &ObjectiveReport, shown: &Shown, after: &'static str) {
    let Some(down) = &report.down else { return };
    let since = zoned(down.since);
    if report.state == State::Down {
        shown.write(page, "b", "downSince", format_args!("since {since}"));
    } else if down.excuse.is_none() {
        page.own("<b class=\"down\">");
        shown.write(page, "span", "downSince", format_args!("{DOWN} down since {since}"));
        page.own("</b>");
    } else {
        page.element("span", &[("class", &"quiet")], in_words(report).unwrap_or_default());
    }
    page.own(after);
}

/// The maintenance that an objective's system is in now; nothing if there is none.
fn maintenance(page: &mut Markup, report: &ObjectiveReport, shown: &Shown, after: &'static str) {
    let Some(open) = &report.maintenance else { return };
    shown.write(page, "span", "inMaintenance.end", maintenance::in_words(open));
    page.own(after);
}

/// A time to the minute, with its exact value for programs.
pub(in crate::render) fn moment(page: &mut Markup, at: Instant) {
    page.element("time", &[("datetime", &at)], zoned(at));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::contrast::ratio;

    /// The colors of the style sheet by name: for light and for dark screens.
    fn schemes() -> [BTreeMap<&'static str, &'static str>; 2] {
        let css = include_str!("page/style.css");
        let dark = css.find("prefers-color-scheme: dark").unwrap();
        let colors = |text: &'static str| {
            let declared = text.split(['{', ';']).filter_map(|part| part.trim().strip_prefix("--")?.split_once(": #"));
            declared.collect::<BTreeMap<_, _>>()
        };
        let light = colors(&css[..dark]);
        let block = &css[dark..dark + css[dark..].find("\n}").unwrap()];
        let mut second = light.clone();
        second.extend(colors(block));
        [light, second]
    }

    #[test]
    fn text_and_drawings_stand_out_in_both_schemes() {
        for colors in schemes() {
            let color = |name: &str| format!("#{}", colors.get(name).unwrap_or_else(|| panic!("--{name}")));
            let mut pairs = Vec::new();
            for ground in ["ground", "card", "sunken"] {
                for ink in ["ink", "muted", "link"] {
                    pairs.push((ink.to_owned(), ground.to_owned(), 4.5));
                }
            }
            for state in ["breaching", "down", "at-risk", "healthy", "no-data"] {
                for ground in ["tint-".to_owned() + state, "card".to_owned()] {
                    pairs.push((format!("ink-{state}"), ground, 4.5));
                }
            }
            for drawn in ["line", "up", "some", "bad", "own", "upstream", "excluded"] {
                pairs.push((drawn.to_owned(), "card".to_owned(), 3.0));
            }
            for (front, back, least) in pairs {
                let found = ratio(&color(&front), &color(&back));
                assert!(found >= least, "{front} on {back}: {found:.2} < {least}");
            }
        }
    }
}
