//! Owns how a weekly digest looks: on a terminal, for programs, as markdown to paste and as HTML to mail.

mod chapter;
mod html;
mod wire;

use crate::domain::budget::digest::Digest;
use crate::render::form::lines::push_wrapped;
use crate::render::form::sheet::paint;
use crate::render::{Canvas, Tone};
use chapter::{Chapter, chapters, headline};

pub(crate) use html::html;
pub(crate) use wire::document;

pub(crate) fn text(digest: &Digest, canvas: Canvas) -> String {
    let room = canvas.width.map_or(usize::MAX, usize::from);
    let mut head = String::new();
    push_wrapped(&mut head, &headline(digest), room);
    let mut text = format!("{}\n", paint(head.trim_end(), Tone::Strong, canvas));
    for Chapter { title, lead, sheet } in chapters(digest) {
        text.push_str(&format!("\n{}\n", paint(title, Tone::Strong, canvas)));
        for line in lead {
            push_wrapped(&mut text, &line, room);
        }
        text.push_str(&sheet.table(canvas));
    }
    text
}

/// The digest for a page or a chat that reads markdown.
pub(crate) fn markdown(digest: &Digest) -> String {
    let mut text = format!("# {}\n", headline(digest));
    for Chapter { title, lead, sheet } in chapters(digest) {
        text.push_str(&format!("\n## {title}\n"));
        for line in lead {
            text.push_str(&format!("\n{}\n", crate::render::form::markdown::text(&line)));
        }
        if !sheet.is_empty() {
            text.push_str(&format!("\n{}", sheet.markdown()));
        }
    }
    text
}
