//! Owns the table of groups of objectives, for a page without every objective's history.

use super::{WORST_FIRST, counted, sign};
use crate::domain::budget::balance::State;
use crate::domain::budget::grouping::{Group, GroupBy, groups};
use crate::domain::budget::report::ObjectiveReport;
use crate::render::form::markup::Markup;
use crate::render::look::status::{available, budget_left};

/// The most groups with a line of their own, the worst ones.
const MOST: usize = 1000;

pub(super) fn write(page: &mut Markup, reports: &[&ObjectiveReport], by: &GroupBy) {
    let groups = groups(reports, by);
    if groups.is_empty() {
        return;
    }
    let (noun, title) = match by {
        GroupBy::Objective => ("objective", "By objective".to_owned()),
        GroupBy::System => ("system", "By system".to_owned()),
        GroupBy::Label(key) => ("value", format!("By {key}")),
    };
    page.own("<section class=\"card groups\" id=\"groups\" aria-labelledby=\"groups-head\">\n");
    page.element("h2", &[("id", &"groups-head")], &title);
    page.own(
        "\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"groups-head\">\n\
         <table><thead><tr><th scope=\"col\">Group, worst first</th><th scope=\"col\" class=\"n\">Objectives</th>",
    );
    for state in WORST_FIRST {
        page.element("th", &[("scope", &"col"), ("class", &"n")], state.as_str());
    }
    page.own("<th scope=\"col\">Worst objective</th></tr></thead>\n<tbody>\n");
    for group in groups.iter().take(MOST) {
        row(page, group, by);
    }
    page.own("</tbody></table>\n</div>\n");
    if let Some(rest) = groups.get(MOST..).filter(|rest| !rest.is_empty()) {
        let objectives = counted(rest.iter().map(|group| group.count).sum(), "objective");
        let more = counted(rest.len(), noun);
        let text = format_args!("Not shown: {more} with {objectives}, none worse than these.");
        page.element("p", &[("class", &"quiet")], text);
        page.end_line();
    }
    page.own("</section>\n");
}

fn row(page: &mut Markup, group: &Group<'_>, by: &GroupBy) {
    page.open("tr", &[("data-group", &group.name.unwrap_or_default())]);
    page.element("th", &[("scope", &"row")], by.called(group.name));
    page.element("td", &[("class", &"n"), ("data-count", &group.count)], group.count);
    for state in WORST_FIRST {
        let count = group.in_state(state);
        let shown = if count == 0 { "–".to_owned() } else { count.to_string() };
        page.element("td", &[("class", &"n"), ("data-state", &state.as_str()), ("data-count", &count)], shown);
    }
    let (worst, state) = (group.worst, group.worst.state);
    page.open("td", &[("class", &format_args!("s-{}", state.as_str()))]);
    sign(page, state);
    page.words(format_args!(" {}", worst.objective));
    if state != State::NoData {
        let budget = &worst.budget;
        let (available, (left, _)) = (available(budget, budget.consumed_us()), budget_left(budget));
        page.element("small", &[], format_args!(" {available}% available, {left}% of the budget left"));
    }
    page.own("</td>");
    page.close("tr");
    page.end_line();
}
