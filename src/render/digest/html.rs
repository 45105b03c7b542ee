//! Owns the digest as HTML for a mail: one file, with styles in place, for mail programs ignore all others.

use std::fmt::Write as _;

use super::super::{Cell, Tone};
use super::chapter::{Chapter, chapters, headline};
use crate::domain::digest::Digest;

const BODY: &str = "margin:0;padding:16px;background:#ffffff;color:#1f2328;font:15px/1.5 system-ui,sans-serif";
const TABLE: &str = "border-collapse:collapse;margin:4px 0 16px";
const HEAD: &str = "padding:4px 16px 4px 0;border-bottom:1px solid #d0d7de;color:#57606a;font-size:12px;text-align:";
const DATA: &str = "padding:4px 16px 4px 0;border-bottom:1px solid #eaeef2;text-align:";

/// The digest as a page of its own.
pub(crate) fn html(digest: &Digest) -> String {
    let title = escaped(&headline(digest));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n</head>\n\
         <body style=\"{BODY}\">\n<h1 style=\"font-size:20px;margin:0 0 8px\">{title}</h1>\n"
    );
    for Chapter { title, lead, sheet } in chapters(digest) {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "<h2 style=\"font-size:16px;margin:16px 0 4px\">{}</h2>", escaped(title));
        for line in lead {
            let _ = writeln!(page, "<p style=\"margin:4px 0\">{}</p>", escaped(&line));
        }
        if sheet.is_empty() {
            continue;
        }
        let _ = writeln!(page, "<table style=\"{TABLE}\">\n<thead><tr>");
        for (title, right) in sheet.titles() {
            let _ = writeln!(page, "<th scope=\"col\" style=\"{HEAD}{}\">{}</th>", side(right), escaped(title));
        }
        page.push_str("</tr></thead>\n<tbody>\n");
        for row in sheet.rows() {
            page.push_str("<tr>");
            for (cell, (_, right)) in row.iter().zip(sheet.titles()) {
                let _ = write!(page, "<td style=\"{DATA}{}{}\">{}</td>", side(right), color(cell), escaped(&cell.text));
            }
            page.push_str("</tr>\n");
        }
        page.push_str("</tbody>\n</table>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

const fn side(right: bool) -> &'static str {
    if right { "right" } else { "left" }
}

/// The colour of a cell, each at least 4.5 to 1 on white (WCAG 2.2, 1.4.3); the text says the same.
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

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
