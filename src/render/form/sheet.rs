//! Owns tables for people: cells with a tone, fitted to the terminal, or written as markdown.

use std::borrow::Cow;
use std::fmt::Write as _;

use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr;

use super::markdown;
use super::moment::{minute, zone};
use crate::domain::value::instant::Instant;
use crate::domain::value::wording::{is_hidden, one_line};
use crate::render::Canvas;

/// Spaces between two cells if there is room.
const WIDE_GAP: usize = 2;
/// The least width of a shortened name.
const SHORTEST_NAME: usize = 10;
/// From this many rows on, wrapping each cell would take longer than reading: they keep their natural widths.
const MANY_ROWS: usize = 2_000;

/// Resets the color.
const RESET: &str = "\u{1b}[0m";

/// The meaning of a cell's color; its text says the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Warning,
    Bad,
    Faint,
    Strong,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// Whether it is a time, so that the zone is named below.
    pub(in crate::render) says_when: bool,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Plain)
    }

    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone, says_when: false }
    }

    /// A time, to the minute.
    pub(crate) fn at(moment: Instant) -> Self {
        Self::plain(minute(moment)).timed()
    }

    /// Marks the text as a time, or as containing one.
    pub(in crate::render) fn timed(self) -> Self {
        Self { says_when: true, ..self }
    }
}

/// What a column does on a narrow terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Yields {
    /// Keeps its width.
    Not,
    /// Disappears, the rightmost first.
    Goes,
    /// Shortens its texts in the middle.
    Shortens,
}

/// A column's title, whether its cells are numbers, and how it yields.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Column {
    title: Cow<'static, str>,
    right: bool,
    yields: Yields,
}

/// Rows under titled columns, and lines below them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Sheet {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    pub(crate) footer: Vec<String>,
    /// Whether rows may be wider than the terminal.
    pub(crate) overflows: bool,
    /// Whether any cell is a time.
    pub(in crate::render) says_when: bool,
}

impl Sheet {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn left(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.columns.push(Column { title: title.into(), right: false, yields: Yields::Not });
        self
    }

    pub(crate) fn right(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.columns.push(Column { title: title.into(), right: true, yields: Yields::Not });
        self
    }

    /// The last column disappears if it does not fit.
    pub(crate) fn optional(self) -> Self {
        self.yields(Yields::Goes)
    }

    /// The last column has names, which are shortened if they do not fit.
    pub(crate) fn names(self) -> Self {
        self.yields(Yields::Shortens)
    }

    fn yields(mut self, yields: Yields) -> Self {
        if let Some(column) = self.columns.last_mut() {
            column.yields = yields;
        }
        self
    }

    /// Adds a row. Control characters in its texts are spelled out.
    pub(crate) fn push(&mut self, mut row: Vec<Cell>) {
        for cell in row.iter_mut().filter(|cell| cell.text.contains(is_hidden)) {
            cell.text = one_line(&cell.text).into_owned();
        }
        self.says_when |= row.iter().any(|cell| cell.says_when);
        self.rows.push(row);
    }

    /// The lines below the table; the last one names the zone of its times.
    pub(in crate::render) fn closing(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let zone = self.says_when.then(|| Cow::from(format!("times in {}", zone())));
        self.footer.iter().map(|line| one_line(line)).chain(zone)
    }

    /// Whether there is no row.
    pub(in crate::render) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The titles of the columns, and whether their cells are numbers.
    pub(in crate::render) fn titles(&self) -> impl Iterator<Item = (&str, bool)> {
        self.columns.iter().map(|column| (&*column.title, column.right))
    }

    pub(in crate::render) fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// Whether all columns fit a terminal unshortened, with a gap of one.
    pub(crate) fn fits(&self, canvas: Canvas) -> bool {
        canvas.width.is_none_or(|width| self.columns.is_empty() || total(&self.widths(), 1) <= usize::from(width))
    }

    pub(in crate::render) fn table(&self, canvas: Canvas) -> String {
        let mut text = if self.rows.is_empty() { String::new() } else { self.body(canvas) };
        let gap = if text.is_empty() { "" } else { "\n" };
        let room = canvas.width.map_or(usize::MAX, usize::from);
        for (place, line) in self.closing().enumerate() {
            text.push_str(if place == 0 { gap } else { "" });
            push_wrapped(&mut text, &line, room);
        }
        text
    }

    fn body(&self, canvas: Canvas) -> String {
        let widths = self.widths();
        let Some(room) = canvas.width.map(usize::from).filter(|_| !self.overflows) else {
            return self.lines(&widths, WIDE_GAP, canvas);
        };
        if let Some(gap) = [WIDE_GAP, 1].into_iter().find(|gap| total(&widths, *gap) <= room) {
            return self.lines(&widths, gap, canvas);
        }
        if let Some(last) = self.columns.iter().rposition(|column| column.yields == Yields::Goes) {
            return self.without(last).body(canvas);
        }
        let widths = self.shortened(widths, room);
        if total(&widths, 1) <= room || self.rows.len() > MANY_ROWS {
            self.lines(&widths, 1, canvas)
        } else {
            self.wrapped(room, canvas)
        }
    }

    /// The widths without any cuts.
    fn widths(&self) -> Vec<usize> {
        let width = |index: usize| {
            let cells = self.rows.iter().map(|row| row[index].text.width());
            cells.chain([self.columns[index].title.width()]).max().unwrap_or(0)
        };
        (0..self.columns.len()).map(width).collect()
    }

    /// Takes the missing width from the columns of names, always from the widest.
    fn shortened(&self, mut widths: Vec<usize>, room: usize) -> Vec<usize> {
        let yields = |index: &usize| self.columns[*index].yields == Yields::Shortens;
        while total(&widths, 1) > room {
            let widest = (0..widths.len()).filter(yields).max_by_key(|index| widths[*index]);
            let Some(widest) = widest.filter(|index| widths[*index] > SHORTEST_NAME) else { break };
            widths[widest] -= 1;
        }
        widths
    }

    fn without(&self, index: usize) -> Self {
        let mut sheet = self.clone();
        sheet.columns.remove(index);
        sheet.rows.iter_mut().for_each(|row| drop(row.remove(index)));
        sheet
    }

    /// One line per row.
    fn lines(&self, widths: &[usize], gap: usize, canvas: Canvas) -> String {
        let mut text = String::with_capacity((self.rows.len() + 1) * (total(widths, gap) + 8));
        let titles: Vec<Cell> = self.columns.iter().map(|column| Cell::toned(&*column.title, Tone::Faint)).collect();
        for row in std::iter::once(&titles).chain(&self.rows) {
            let start = text.len();
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(widths) {
                let shown = shorten(&cell.text, *width);
                let missing = width - shown.width().min(*width);
                let (before, after) = if column.right { (missing, gap) } else { (0, missing + gap) };
                let code = if canvas.color { ansi(cell.tone) } else { "" };
                let reset = if code.is_empty() { "" } else { RESET };
                // Writing to a string cannot fail.
                let _ = write!(text, "{:before$}{code}{shown}{reset}{:after$}", "", "");
            }
            let end = text[start..].trim_end().len();
            text.truncate(start + end);
            text.push('\n');
        }
        text
    }

    /// Cells wrapped over several lines.
    fn wrapped(&self, room: usize, canvas: Canvas) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
        if canvas.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(self.columns.iter().map(|column| {
            let cell = comfy_table::Cell::new(&column.title).set_alignment(alignment(column));
            if canvas.color { cell.add_attribute(Attribute::Dim) } else { cell }
        }));
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns);
            table.add_row(cells.map(|(cell, column)| styled(cell, column, canvas.color)));
        }
        let last = self.columns.len() - 1;
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, u16::from(index < last)));
        }
        let mut text = String::new();
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    pub(in crate::render) fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |cells: &mut dyn Iterator<Item = String>| {
            text.push('|');
            for cell in cells {
                text.push(' ');
                text.push_str(&cell);
                text.push_str(" |");
            }
            text.push('\n');
        };
        line(&mut self.columns.iter().map(|column| column.title.clone().into_owned()));
        line(&mut self.columns.iter().map(|column| if column.right { "--:" } else { ":--" }.to_owned()));
        for row in &self.rows {
            line(&mut row.iter().map(|cell| markdown::cell(&cell.text)));
        }
        for footer in self.closing() {
            text.push('\n');
            text.push_str(&markdown::text(&footer));
            text.push('\n');
        }
        text
    }
}

/// Appends a line, broken between words if it is wider than the room; continuation lines are indented.
pub(in crate::render) fn push_wrapped(text: &mut String, line: &str, room: usize) {
    let mut used = 0;
    for word in line.split(' ') {
        if used > 0 && used + 1 + word.width() > room {
            text.push_str("\n  ");
            used = 2;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += word.width();
    }
    text.push('\n');
}

/// The total width of cells, with `gap` between each two.
fn total(widths: &[usize], gap: usize) -> usize {
    widths.iter().sum::<usize>() + gap * widths.len().saturating_sub(1)
}

/// A text no wider than `width`, cut in the middle, because names differ at both ends.
fn shorten(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let keep = width.saturating_sub(1);
    let count = text.chars().count();
    let (head, tail) = (keep - keep / 2, keep / 2);
    let head: String = text.chars().take(head).collect();
    let tail: String = text.chars().skip(count.saturating_sub(tail)).collect();
    Cow::Owned(format!("{head}…{tail}"))
}

fn alignment(column: &Column) -> CellAlignment {
    if column.right { CellAlignment::Right } else { CellAlignment::Left }
}

fn styled(cell: &Cell, column: &Column, color: bool) -> comfy_table::Cell {
    let styled = comfy_table::Cell::new(&cell.text).set_alignment(alignment(column));
    if !color {
        return styled;
    }
    match cell.tone {
        Tone::Plain => styled,
        Tone::Good => styled.fg(Color::Green),
        Tone::Warning => styled.fg(Color::Yellow),
        Tone::Bad => styled.fg(Color::Red).add_attribute(Attribute::Bold),
        Tone::Faint => styled.add_attribute(Attribute::Dim),
        Tone::Strong => styled.add_attribute(Attribute::Bold),
    }
}

/// A text in the color of a tone, if the canvas has colors.
pub(in crate::render) fn paint(text: &str, tone: Tone, canvas: Canvas) -> String {
    let code = ansi(tone);
    if canvas.color && !code.is_empty() { format!("{code}{text}{RESET}") } else { text.to_owned() }
}

const fn ansi(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "\u{1b}[32m",
        Tone::Warning => "\u{1b}[33m",
        Tone::Bad => "\u{1b}[1;31m",
        Tone::Faint => "\u{1b}[2m",
        Tone::Strong => "\u{1b}[1m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(shorten("storefront-availability", 23), "storefront-availability");
        assert_eq!(shorten("storefront-availability", 15), "storefr…ability");
        assert_eq!(shorten("storefront-availability", 10).width(), 10);
    }

    #[test]
    fn control_characters_are_spelled_out() {
        let mut sheet = Sheet::new().left("NOTE");
        sheet.push(vec![Cell::plain("a\u{1b}(31m|b\r\nc\u{9b}ä\u{202e}")]);
        let table = sheet.table(Canvas { width: None, color: false });
        assert_eq!(table.lines().nth(1), Some(r"a\u{1b}(31m|b\r\nc\u{9b}ä\u{202e}"));
        let markdown = sheet.markdown();
        assert_eq!(markdown.lines().nth(2), Some(r"| `a\u{1b}(31m\|b\r\nc\u{9b}ä\u{202e}` |"));
    }

    #[test]
    fn wrapped_cells_stay_within_the_terminal_with_colors_and_without() {
        let mut sheet = Sheet::new().left("FIELD").left("KIND").left("MEANING");
        let long = "the share of the elapsed time in the window for which the status was known";
        sheet.push(vec![
            Cell::toned("coveragePercent", Tone::Strong),
            Cell::plain("number"),
            Cell::toned(long, Tone::Faint),
        ]);
        let visible = |line: &str| {
            let parts = line.split('\u{1b}').enumerate();
            parts
                .map(|(at, part)| if at == 0 { part } else { part.split_once('m').unwrap().1 })
                .collect::<String>()
                .width()
        };
        for (width, color) in (40..90).flat_map(|width| [(width, false), (width, true)]) {
            let drawn = sheet.table(Canvas { width: Some(width), color });
            let widest = drawn.lines().map(visible).max().unwrap();
            assert!(widest <= width.into() && drawn.lines().count() > 2, "{width}: {widest}\n{drawn}");
        }
    }

    #[test]
    fn what_does_not_fit_yields_in_turn() {
        let mut sheet = Sheet::new().left("NAME").names().right("A").left("B").optional();
        let cell = |text: &str| Cell::plain(text);
        sheet.push(vec![cell("a-long-name-of-27-characters"), cell("1"), cell("optional")]);
        let drawn = |width| sheet.table(Canvas { width, color: false });
        assert!(drawn(None).contains("characters  1  optional"));
        assert!(drawn(Some(39)).contains("characters 1 optional"));
        assert_eq!(drawn(Some(32)).lines().nth(1), Some("a-long-name-of-27-characters  1"));
        assert_eq!(drawn(Some(20)).lines().nth(1), Some("a-long-na…aracters 1"));
    }
}
