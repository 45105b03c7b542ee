//! Owns the lines of a fitted table, in color or not; none of them ends in blanks.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::fitting::{Plan, total};
use super::{Cell, Column, Narrows, Sheet, Tone, paint, push_painted};
use crate::render::Canvas;
use crate::render::form::lines::{broken, flow};

/// The indentation of what is below its row.
const INDENT: usize = 2;

impl Sheet {
    pub(super) fn lines(&self, plan: &Plan, room: usize, canvas: Canvas) -> String {
        let mut text = String::with_capacity((self.rows.len() + 1) * (total(&plan.widths, plan.gap) + 8));
        let titles = self.columns.iter().map(|column| (Cow::Borrowed(&*column.title), Tone::Faint));
        self.push_line(&mut text, plan, titles, canvas);
        for row in &self.rows {
            self.push_row(&mut text, plan, row, canvas);
            for line in self.below(plan, row, room.saturating_sub(INDENT), canvas) {
                text.push_str(&format!("{:INDENT$}{line}\n", ""));
            }
        }
        text
    }

    fn push_row(&self, text: &mut String, plan: &Plan, row: &[Cell], canvas: Canvas) {
        let is_wrapped = |(column, (cell, width)): (&Column, (&Cell, &Option<usize>))| {
            column.narrows == Narrows::Wraps && width.is_some_and(|width| cell.text.width() > width)
        };
        if !self.columns.iter().zip(row.iter().zip(&plan.widths)).any(is_wrapped) {
            let cells = row.iter().enumerate().map(|(index, cell)| (plan.shown(index, &cell.text).into(), cell.tone));
            return self.push_line(text, plan, cells, canvas);
        }
        let cells = self.columns.iter().zip(row).zip(&plan.widths).enumerate();
        let parts: Vec<Vec<String>> = cells
            .map(|(index, ((column, cell), width))| match width {
                Some(width) if column.narrows == Narrows::Wraps => broken(&cell.text, *width, 0),
                _ => vec![plan.shown(index, &cell.text).to_owned()],
            })
            .collect();
        for place in 0..parts.iter().map(Vec::len).max().unwrap_or(0) {
            let part = |parts: &Vec<String>| parts.get(place).cloned().unwrap_or_default();
            let line = parts.iter().zip(row).map(|(parts, cell)| (part(parts).into(), cell.tone));
            self.push_line(text, plan, line, canvas);
        }
    }

    /// One line of the cells that are beside each other.
    fn push_line<'c>(
        &self,
        text: &mut String,
        plan: &Plan,
        cells: impl Iterator<Item = (Cow<'c, str>, Tone)>,
        canvas: Canvas,
    ) {
        let start = text.len();
        for ((column, width), (shown, tone)) in self.columns.iter().zip(&plan.widths).zip(cells) {
            let Some(width) = width else { continue };
            let missing = width.saturating_sub(shown.width());
            let (before, after) = if column.right { (missing, plan.gap) } else { (0, missing + plan.gap) };
            text.extend(std::iter::repeat_n(' ', before));
            push_painted(text, &shown, tone, canvas);
            text.extend(std::iter::repeat_n(' ', after));
        }
        let end = text[start..].trim_end().len();
        text.truncate(start + end);
        text.push('\n');
    }

    /// The cells below a row, each with its title.
    fn below(&self, plan: &Plan, row: &[Cell], room: usize, canvas: Canvas) -> Vec<String> {
        let cells = self.columns.iter().zip(row).zip(&plan.widths);
        let below = cells.filter(|((_, cell), width)| width.is_none() && !cell.text.is_empty());
        let item = |((column, cell), _): ((&Column, &Cell), _)| {
            let title = paint(&column.title, Tone::Faint, canvas);
            let gap = if title.is_empty() { "" } else { " " };
            format!("{title}{gap}{}", paint(&cell.text, cell.tone, canvas))
        };
        let lines = flow(below.map(item).collect(), "  ", room);
        let parts = lines.iter().flat_map(|line| {
            let indent =
                |(place, part): (usize, String)| if place == 0 { part } else { format!("{:INDENT$}{part}", "") };
            broken(line, room, INDENT).into_iter().enumerate().map(indent)
        });
        parts.collect()
    }
}
