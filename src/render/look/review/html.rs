//! Owns the review of a period as a page to read and print: one file that loads nothing and runs nothing.

use super::sheets::{self, availability, named, time};
use super::{days, headline, heat};
use crate::domain::budget::grouping::GroupBy;
use crate::domain::budget::level::Outcome;
use crate::domain::budget::review::{Entry, Review, Section};
use crate::render::form::markup::Markup;
use crate::render::form::number::counted;
use crate::render::look::page::{begun, foot, moment};
use crate::render::{Cell, Sheet, Tone};

/// The most outages listed per group, the most expensive ones.
const MOST_OUTAGES: usize = 200;
/// Up to this many objectives of a group have a heat map each.
const MOST_MAPS: usize = 40;

/// The page.
pub(crate) fn html(review: &Review, title: Option<&str>) -> String {
    let title = title.map_or_else(|| headline(review), ToOwned::to_owned);
    let mut page = begun(&title, review.as_of, include_str!("review.css"));
    page.own("<header class=\"top\">\n");
    page.element("h1", &[("dir", &"auto")], &title);
    page.own("\n<p class=\"meta\">");
    let so_far = if review.is_complete() { "" } else { "so far, " };
    page.words(format_args!("{} · {} · {so_far}as of ", days(review), counted(review.entries.len(), "objective")));
    moment(&mut page, review.as_of);
    page.own("</p>\n");
    tiles(&mut page, review);
    page.own("</header>\n<main class=\"review\" id=\"objectives\">\n");
    summary(&mut page, review);
    let grouped = review.by.as_ref().is_some_and(|by| *by != GroupBy::Objective);
    let sections = if grouped { &review.sections[..] } else { std::slice::from_ref(&review.total) };
    for (index, section) in sections.iter().enumerate() {
        write(&mut page, review, section, index);
    }
    page.own("</main>\n");
    foot(&mut page, review.as_of);
    page.own("</body>\n</html>\n");
    page.into_text()
}

fn tiles(page: &mut Markup, review: &Review) {
    let sum = &review.total.summary;
    let met = if review.is_complete() { "met" } else { "on track" };
    page.own("<ul class=\"tiles\" aria-label=\"The period in numbers\">\n");
    let mut tile = |class: &str, number: &str, words: &str| {
        page.open("li", &[("class", &format_args!("tile t-{class}"))]);
        page.element("b", &[], number);
        page.element("span", &[], words);
        page.close("li");
        page.end_line();
    };
    tile(if sum.missed > 0 { "missed" } else { "plain" }, &sum.missed.to_string(), "missed");
    tile("met", &sum.met.to_string(), met);
    if sum.no_data > 0 {
        tile("no-data", &sum.no_data.to_string(), "no data");
    }
    tile("plain", &format!("{}%", availability(sum)), "available");
    tile(
        "plain",
        &counted(sum.interruptions.count, "outage"),
        &format!("mean recovery {}", time(sum.interruptions.mttr_ms)),
    );
    page.own("</ul>\n");
}

fn summary(page: &mut Markup, review: &Review) {
    page.own("<section class=\"card\" aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n");
    table(page, &sheets::summary(review), "summary", review.sections.len(), &[]);
    heat::write(page, &review.total.days);
    let of_each = review.entries.iter().flat_map(|entry| &entry.level.days);
    heat::legend(page, &review.total.days.iter().chain(of_each).collect::<Vec<_>>());
    page.own("</section>\n");
}

/// One group: its objectives, their days, their outages.
fn write(page: &mut Markup, review: &Review, section: &Section, index: usize) {
    let id = format!("g{index}");
    let title =
        if section.name.is_some() || review.by.is_some() { named(review, section) } else { "Objectives".to_owned() };
    page.open("section", &[("class", &"card"), ("aria-labelledby", &id)]);
    page.end_line();
    page.element("h2", &[("id", &id), ("dir", &"auto")], title);
    page.end_line();
    let titles = section.entries.iter().map(|place| review.entries[*place].level.title.as_deref());
    table(page, &sheets::objectives(review, section), &id, usize::MAX, &titles.collect::<Vec<_>>());
    if review.frame.period.days() > 1 && section.entries.len() <= MOST_MAPS {
        maps(page, review, section);
    }
    let (mut shown, all) = (section.outages.clone(), section.outages.len());
    if all > MOST_OUTAGES {
        shown.sort_by_key(|place| std::cmp::Reverse(review.outages[*place].charged_us));
        shown.truncate(MOST_OUTAGES);
        shown.sort_unstable();
    }
    let head = format!("{id}-outages");
    page.element("h3", &[("id", &head)], "Outages");
    page.end_line();
    table(page, &sheets::outages(review, &shown), &head, usize::MAX, &[]);
    if shown.len() < all {
        let text = format_args!("Not shown: {} that cost less", counted(all - shown.len(), "outage"));
        page.element("p", &[("class", &"quiet")], text);
        page.end_line();
    }
    page.own("</section>\n");
}

fn maps(page: &mut Markup, review: &Review, section: &Section) {
    let known = |place: &&usize| review.entries[**place].level.outcome() != Outcome::NoData;
    for place in section.entries.iter().filter(known) {
        let Entry { level, .. } = &review.entries[*place];
        page.open("h3", &[]);
        heading(page, level.title.as_deref(), level.report.objective.as_str());
        page.close("h3");
        page.end_line();
        heat::write(page, &level.days);
    }
}

/// An objective, the same in the table and above its days: its title, if it has one, and below it its name.
fn heading(page: &mut Markup, title: Option<&str>, name: &str) {
    let Some(title) = title else {
        page.words(name);
        return;
    };
    page.element("span", &[("dir", &"auto")], title);
    page.own(" ");
    page.element("small", &[], name);
}

/// A sheet as a table; rows from `sums` on are totals, and each row may have a title.
fn table(page: &mut Markup, sheet: &Sheet, label: &str, sums: usize, titles: &[Option<&str>]) {
    if sheet.is_empty() {
        for line in sheet.closing() {
            page.element("p", &[("class", &"quiet")], line);
        }
        return;
    }
    page.open("div", &[("class", &"scroll"), ("tabindex", &0), ("role", &"region"), ("aria-labelledby", &label)]);
    page.own("<table>\n<thead><tr>");
    for (title, right) in sheet.titles() {
        page.element("th", &[("scope", &"col"), ("class", &side(right))], spoken(title));
    }
    page.own("</tr></thead>\n<tbody>\n");
    for (index, row) in sheet.rows().iter().enumerate() {
        page.open("tr", if index >= sums && index > 0 { &[("class", &"sum")] } else { &[] });
        for (cell, (_, right)) in row.iter().zip(sheet.titles()) {
            let when = if cell.says_when { " when" } else { "" };
            let class = format!("{}{}{when}", side(right), class(cell));
            if cell.tone == Tone::Strong {
                page.open("th", &[("scope", &"row"), ("class", &class)]);
                heading(page, titles.get(index).copied().flatten(), &cell.text);
                page.close("th");
            } else {
                page.element("td", &[("class", &class)], &cell.text);
            }
        }
        page.close("tr");
        page.end_line();
    }
    page.own("</tbody></table></div>\n");
    for line in sheet.closing() {
        page.element("p", &[("class", &"quiet")], line);
        page.end_line();
    }
}

/// A column's title on a page: `Budget used`.
fn spoken(title: &str) -> String {
    if title.len() <= 4 && title.starts_with("MT") {
        return title.to_owned();
    }
    let lower = title.to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

const fn side(right: bool) -> &'static str {
    if right { "n" } else { "" }
}

const fn class(cell: &Cell) -> &'static str {
    match cell.tone {
        Tone::Good => " result t-met",
        Tone::Bad => " result t-missed",
        Tone::Faint => " quiet",
        Tone::Warning | Tone::Plain | Tone::Strong => "",
    }
}
