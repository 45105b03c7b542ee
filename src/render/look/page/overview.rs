//! Owns the table at the top of the page: every objective on a line, with a link to its chapter.

use super::shown::Shown;
use super::{counted, sign};
use crate::domain::budget::balance::State;
use crate::domain::budget::chapter::Chapter;
use crate::render::form::markup::Markup;
use crate::render::form::number::rate;
use crate::render::look::status::{available, budget_left, remaining_percent};

/// Writes the overview of the objectives with a chapter, out of `all`.
pub(super) fn write(page: &mut Markup, chapters: &[Chapter], shown: &[Shown], all: usize) {
    page.own("<section class=\"card overview\" id=\"overview\" aria-labelledby=\"overview-head\">\n");
    page.own("<h2 id=\"overview-head\">Overview</h2>\n");
    if all == 0 {
        page.own("<p>No objective matches.</p>\n</section>\n");
        return;
    }
    if chapters.len() < all {
        let text =
            format_args!("The {} worst of {all} objectives; --details N or --details all shows more.", chapters.len());
        page.element("p", &[("class", &"quiet"), ("data-details", &chapters.len())], text);
        page.end_line();
    }
    if chapters.is_empty() {
        page.own("</section>\n");
        return;
    }
    // Roles are explicit, because narrow screens show the table as a list.
    page.own(
        "<table role=\"table\" aria-label=\"Objectives, worst first\">\n<thead role=\"rowgroup\"><tr role=\"row\">\
         <th role=\"columnheader\" scope=\"col\">Objective, worst first</th>\
         <th role=\"columnheader\" scope=\"col\" class=\"n\">Available</th>\
         <th role=\"columnheader\" scope=\"col\">Budget left</th>\
         <th role=\"columnheader\" scope=\"col\" class=\"n more\">Burn rate</th>\
         <th role=\"columnheader\" scope=\"col\" class=\"n more\">Streak</th></tr></thead>\n<tbody role=\"rowgroup\">\n",
    );
    for (chapter, shown) in chapters.iter().zip(shown) {
        row(page, chapter, shown);
    }
    page.own("</tbody></table>\n</section>\n");
}

fn row(page: &mut Markup, chapter: &Chapter, shown: &Shown) {
    let report = &chapter.report;
    let (budget, name, state) = (&report.budget, report.objective.as_str(), report.state);
    page.open("tr", &[("role", &"row"), ("data-objective", &name), ("class", &format_args!("s-{}", state.as_str()))]);
    page.own("<th role=\"rowheader\" scope=\"row\">");
    sign(page, state);
    page.own("<span class=\"who\">");
    page.element("a", &[("href", &format_args!("#o-{name}"))], name);
    page.own("<small>");
    shown.write(page, "b", "state", state.as_str());
    page.own(" · ");
    super::down(page, report, shown, " · ");
    super::maintenance(page, report, shown, " · ");
    shown.write(page, "span", "systemId", &report.system);
    page.own("</small></span></th><td role=\"cell\" class=\"n\">");
    if state == State::NoData {
        page.own("<span class=\"quiet\">no data</span></td><td role=\"cell\"></td>");
    } else {
        let available = available(budget, budget.consumed_us());
        shown.write(page, "b", "currentAvailability", format_args!("{available}%"));
        page.own("<small>of ");
        shown.write(page, "span", "target", format_args!("{}%", budget.target.percent()));
        page.own("</small></td><td role=\"cell\">");
        let (share, time) = budget_left(budget);
        meter(page, remaining_percent(budget));
        shown.write(page, "b", "budgetRemainingPercent", format_args!("{share}%"));
        page.element("small", &[], format_args!("· {}", time.replace('-', "−")));
        page.own("</td>");
    }
    page.own("<td role=\"cell\" class=\"n more\">");
    let burn = if state == State::NoData { "–".to_owned() } else { rate(report.burn_rate.value()) };
    shown.write(page, "span", "burnRate", burn);
    page.own("</td><td role=\"cell\" class=\"n more\">");
    shown.write(page, "span", "currentStreak", counted(report.streak.current as usize, "day"));
    page.own("</td>");
    page.close("tr");
    page.end_line();
}

/// A bar filled in proportion to the budget; the number beside it says the same.
pub(super) fn meter(page: &mut Markup, percent: f64) {
    page.own("<span class=\"meter\" aria-hidden=\"true\">");
    page.element("i", &[("style", &format_args!("width:{:.1}%", (percent * 10.0).floor() / 10.0))], "");
    page.own("</span>");
}
