//! Owns tables for people: cells with a tone, laid out to the terminal, or written as markdown.

use std::fmt::Write as _;

use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, Table, presets};

use super::Canvas;

/// Rows from which laying out cell by cell would take longer than reading: they keep their natural widths.
const MANY_ROWS: usize = 2_000;

/// What a cell wants to say by its colour; its text says it too.
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

/// One cell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

/// A column's title, and whether its cells are numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Column {
    title: &'static str,
    right: bool,
}

/// Rows under titled columns, and a line below them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Sheet {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    pub(crate) footer: Vec<String>,
}

impl Sheet {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn left(mut self, title: &'static str) -> Self {
        self.columns.push(Column { title, right: false });
        self
    }

    pub(crate) fn right(mut self, title: &'static str) -> Self {
        self.columns.push(Column { title, right: true });
        self
    }

    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    pub(super) fn table(&self, canvas: Canvas) -> String {
        let mut text = if self.rows.is_empty() {
            String::new()
        } else if self.rows.len() > MANY_ROWS {
            self.columns_only(canvas)
        } else {
            self.laid_out(canvas)
        };
        if !text.is_empty() && !self.footer.is_empty() {
            text.push('\n');
        }
        for line in &self.footer {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn laid_out(&self, canvas: Canvas) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if let Some(width) = canvas.width {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(width);
        }
        if canvas.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(self.columns.iter().map(|column| {
            let cell = comfy_table::Cell::new(column.title).set_alignment(alignment(*column));
            if canvas.color { cell.add_attribute(Attribute::Dim) } else { cell }
        }));
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns);
            table.add_row(cells.map(|(cell, column)| styled(cell, *column, canvas.color)));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        let mut text = String::new();
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Columns as wide as their widest cell; colour and wrapping are left out.
    fn columns_only(&self, canvas: Canvas) -> String {
        let width = |index: usize| {
            let cells = self.rows.iter().map(|row| row[index].text.chars().count());
            cells.chain([self.columns[index].title.chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = String::with_capacity(self.rows.len() * (widths.iter().sum::<usize>() + widths.len()));
        let titles: Vec<Cell> = self.columns.iter().map(|column| Cell::toned(column.title, Tone::Faint)).collect();
        for row in std::iter::once(&titles).chain(&self.rows) {
            let start = text.len();
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(&widths) {
                let gap = width - cell.text.chars().count();
                let (before, after) = if column.right { (gap, 0) } else { (0, gap) };
                let paint = if canvas.color { ansi(cell.tone) } else { "" };
                let reset = if paint.is_empty() { "" } else { "\u{1b}[0m" };
                // Writing to a string cannot fail.
                let _ = write!(text, "{:before$}{paint}{}{reset}{:after$} ", "", cell.text, "");
            }
            let end = text[start..].trim_end().len();
            text.truncate(start + end);
            text.push('\n');
        }
        text
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |cells: &mut dyn Iterator<Item = String>| {
            text.push('|');
            for cell in cells {
                text.push(' ');
                text.push_str(&cell.replace('|', "\\|").replace('\n', " "));
                text.push_str(" |");
            }
            text.push('\n');
        };
        line(&mut self.columns.iter().map(|column| column.title.to_owned()));
        line(&mut self.columns.iter().map(|column| if column.right { "--:" } else { ":--" }.to_owned()));
        for row in &self.rows {
            line(&mut row.iter().map(|cell| cell.text.clone()));
        }
        for footer in &self.footer {
            text.push('\n');
            text.push_str(footer);
            text.push('\n');
        }
        text
    }
}

fn alignment(column: Column) -> CellAlignment {
    if column.right { CellAlignment::Right } else { CellAlignment::Left }
}

fn styled(cell: &Cell, column: Column, color: bool) -> comfy_table::Cell {
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

/// A text in the colour of a tone, where the canvas has colours.
pub(super) fn paint(text: &str, tone: Tone, canvas: Canvas) -> String {
    if canvas.color { format!("{}{text}\u{1b}[0m", ansi(tone)) } else { text.to_owned() }
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
