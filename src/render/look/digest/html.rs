//! Owns the digest as HTML for a mail: one file with inline styles, because mail programs ignore all others.

use std::fmt::Display;

use super::chapter::{Chapter, chapters, headline};
use crate::domain::budget::digest::Digest;
use crate::render::form::markup::{Attributes, Markup};
use crate::render::{Cell, Sheet, Tone};

const BODY: &str = "margin:0;padding:16px;background:#ffffff;color:#1f2328;font:15px/1.5 system-ui,sans-serif";
const TABLE: &str = "border-collapse:collapse;margin:4px 0 16px";
const HEAD: &str = "padding:4px 16px 4px 0;border-bottom:1px solid #d0d7de;color:#57606a;font-size:12px;text-align:";
const DATA: &str = "padding:4px 16px 4px 0;border-bottom:1px solid #eaeef2;text-align:";

/// The digest as a complete page.
pub(crate) fn html(digest: &Digest) -> String {
    let title = headline(digest);
    let mut page = Markup::new();
    page.own("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.own("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    line(&mut page, "title", &[], &title);
    page.own("</head>\n");
    page.open("body", &[("style", &BODY)]);
    page.end_line();
    line(&mut page, "h1", &[("style", &"font-size:20px;margin:0 0 8px")], &title);
    for Chapter { title, lead, sheet } in chapters(digest) {
        line(&mut page, "h2", &[("style", &"font-size:16px;margin:16px 0 4px")], title);
        for text in lead {
            line(&mut page, "p", &[("style", &"margin:4px 0")], text);
        }
        if !sheet.is_empty() {
            table(&mut page, &sheet);
        }
    }
    page.own("</body>\n</html>\n");
    page.into_text()
}

fn table(page: &mut Markup, sheet: &Sheet) {
    page.open("table", &[("style", &TABLE)]);
    page.own("\n<thead><tr>\n");
    for (title, right) in sheet.titles() {
        line(page, "th", &[("scope", &"col"), ("style", &format_args!("{HEAD}{}", side(right)))], title);
    }
    page.own("</tr></thead>\n<tbody>\n");
    for row in sheet.rows() {
        page.open("tr", &[]);
        for (cell, (_, right)) in row.iter().zip(sheet.titles()) {
            page.element("td", &[("style", &format_args!("{DATA}{}{}", side(right), color(cell)))], &cell.text);
        }
        page.own("</tr>\n");
    }
    page.own("</tbody>\n</table>\n");
}

/// An element on a line of its own.
fn line(page: &mut Markup, element: &'static str, attributes: Attributes<'_>, text: impl Display) {
    page.element(element, attributes, text);
    page.end_line();
}

const fn side(right: bool) -> &'static str {
    if right { "right" } else { "left" }
}

/// The color of a cell, each at least 4.5 to 1 on white (WCAG 2.2, 1.4.3); the text says the same.
const fn color(cell: &Cell) -> &'static str {
    match cell.tone {
        Tone::Plain => "",
        Tone::Good => ";color:#1a7f37",
        Tone::Warning => ";color:#8a5d00",
        Tone::Bad => ";color:#b42318;font-weight:600",
        Tone::Faint => ";color:#57606a",
        Tone::Strong => ";font-weight:600",
    }
}
