//! Owns the list of downtime events of a chapter, the latest first.

use super::Detail;
use crate::domain::budget::chapter::Chapter;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::form::markup::Markup;
use crate::render::form::moment::zoned;
use crate::render::look::downtime::lasted;

/// The number of events listed, the latest ones.
const fn most(detail: Detail) -> usize {
    match detail {
        Detail::Full => 50,
        Detail::Brief => 10,
    }
}

/// Writes the list; nothing without events.
pub(super) fn write(page: &mut Markup, chapter: &Chapter, detail: Detail, as_of: Instant) {
    let count = chapter.events().count();
    if count == 0 {
        return;
    }
    page.own("<details class=\"events\"><summary>");
    page.words(super::counted(chapter.outages.len(), "outage"));
    if count > chapter.outages.len() {
        page.words(format_args!(" in {}", super::counted(count, "event")));
    }
    page.own(
        "</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Downtime events\"><table><thead><tr>\
         <th scope=\"col\">Began</th><th scope=\"col\" class=\"n\">Downtime</th><th scope=\"col\">Cause</th>\
         <th scope=\"col\">Source</th></tr></thead>\n<tbody>\n",
    );
    for event in chapter.events().rev().take(most(detail)) {
        let end = event.end.map_or_else(|| "null".to_owned(), |end| end.to_string());
        page.open("tr", &[("data-start", &event.start), ("data-end", &end)]);
        page.element("th", &[("scope", &"row")], zoned(event.start));
        let open = if event.end.is_none() { " so far" } else { "" };
        page.element("td", &[("class", &"n")], format_args!("{}{open}", lasted(event, as_of)));
        page.element("td", &[], event.upstream.as_ref().map_or("self", Name::as_str));
        page.element("td", &[], event.source.as_str());
        page.close("tr");
        page.end_line();
    }
    page.own("</tbody></table></div>\n");
    if let Some(more) = count.checked_sub(most(detail)).filter(|more| *more > 0) {
        page.own("<p class=\"quiet\">");
        page.words(format_args!("{more} earlier ones: "));
        page.element("code", &[], format_args!("slo downtime {}", chapter.report.objective));
        page.own("</p>\n");
    }
    page.own("</details>\n");
}
