//! Owns how the review of a period looks: on a terminal, for programs, as markdown to paste and as HTML to read and print.

mod heat;
mod html;
mod sheets;
mod wire;

use crate::domain::budget::review::Review;
use crate::render::form::lines::push_wrapped;
use crate::render::form::markdown;
use crate::render::form::moment::zoned;
use crate::render::form::sheet::paint;
use crate::render::part::period;
use crate::render::{Canvas, Tone};

pub(crate) use html::html;
pub(crate) use wire::document;

/// The headline of a review.
fn headline(review: &Review) -> String {
    format!("Service levels {}", review.frame.period)
}

/// The period in words: its days, its zone, and whether it is over.
fn subtitle(review: &Review) -> String {
    let so_far =
        if review.is_complete() { String::new() } else { format!(", in progress as of {}", zoned(review.as_of)) };
    format!("{}{so_far}", days(review))
}

/// The days of the period, and in which zone.
fn days(review: &Review) -> String {
    let period = review.frame.period;
    let (first, last) = (period.first(), period.next().plus(-1));
    let days = if first == last { first.to_string() } else { format!("{first} to {last}") };
    let zone = period::zone(&review.frame, review.entries.iter().map(|entry| &entry.level.report));
    format!("{days} in {zone}")
}

pub(crate) fn text(review: &Review, canvas: Canvas) -> String {
    let room = canvas.width.map_or(usize::MAX, usize::from);
    let mut text = format!("{}\n", paint(&headline(review), Tone::Strong, canvas));
    push_wrapped(&mut text, &subtitle(review), room);
    for part in sheets::parts(review) {
        text.push_str(&format!("\n{}\n", paint(&part.title, Tone::Strong, canvas)));
        text.push_str(&part.sheet.table(canvas));
    }
    text
}

/// The review for a page or a chat that reads markdown.
pub(crate) fn markdown(review: &Review) -> String {
    let mut text = format!("# {}\n\n{}\n", headline(review), markdown::text(&subtitle(review)));
    for part in sheets::parts(review) {
        text.push_str(&format!("\n## {}\n\n{}", markdown::text(&part.title), part.sheet.markdown()));
    }
    text
}
