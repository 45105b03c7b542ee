//! Owns tables for people: cells with a tone, fitted to the terminal, or written as markdown.

mod drawing;
mod elision;
mod fitting;

use std::borrow::Cow;

use super::lines::push_wrapped;
use super::markdown;
use super::moment::{minute, zone};
use crate::domain::value::instant::Instant;
use crate::domain::value::wording::{is_hidden, one_line};
use crate::render::Canvas;

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

/// What a column does if all that can disappear is gone and the terminal is still too narrow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Narrows {
    /// Keeps its width.
    Not,
    /// Shortens its names.
    Shortens,
    /// Wraps its texts between words.
    Wraps,
}

/// When a column disappears on a narrow terminal: of several, the rightmost first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaves {
    First,
    Last,
}

/// A column's title, whether its cells are numbers, and what it does on a narrow terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Column {
    title: Cow<'static, str>,
    right: bool,
    narrows: Narrows,
    leaves: Option<Leaves>,
    /// Whether its cells are drawings, which are for terminals only.
    is_bar: bool,
    /// Whether its cells are below their rows.
    is_below: bool,
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

    pub(crate) fn left(self, title: impl Into<Cow<'static, str>>) -> Self {
        self.column(title.into(), false)
    }

    pub(crate) fn right(self, title: impl Into<Cow<'static, str>>) -> Self {
        self.column(title.into(), true)
    }

    fn column(mut self, title: Cow<'static, str>, right: bool) -> Self {
        let (narrows, leaves) = (Narrows::Not, None);
        self.columns.push(Column { title, right, narrows, leaves, is_bar: false, is_below: false });
        self
    }

    /// The last column disappears if it does not fit.
    pub(crate) fn optional(self) -> Self {
        self.changed(|column| column.leaves = Some(Leaves::Last))
    }

    /// The last column disappears before the optional ones.
    pub(crate) fn minor(self) -> Self {
        self.changed(|column| column.leaves = Some(Leaves::First))
    }

    /// The last column has bars: it is optional, and not on pages. The next one, without a title, says the same.
    pub(crate) fn bars(self) -> Self {
        self.optional().changed(|column| column.is_bar = true)
    }

    /// The last column has names, which are shortened if they do not fit.
    pub(crate) fn names(self) -> Self {
        self.changed(|column| column.narrows = Narrows::Shortens)
    }

    /// The last column has texts, which wrap if they do not fit.
    pub(crate) fn texts(self) -> Self {
        self.changed(|column| column.narrows = Narrows::Wraps)
    }

    fn changed(mut self, change: impl FnOnce(&mut Column)) -> Self {
        if let Some(column) = self.columns.last_mut() {
            change(column);
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
        canvas.width.is_none_or(|width| fitting::total(&self.natural(), 1) <= usize::from(width))
    }

    pub(in crate::render) fn table(&self, canvas: Canvas) -> String {
        let room = canvas.width.map_or(usize::MAX, usize::from);
        let width = if self.overflows { usize::MAX } else { room };
        let (sheet, plan) = self.laid_out(width);
        let mut text = if sheet.rows.is_empty() { String::new() } else { sheet.lines(&plan, width, canvas) };
        let gap = if text.is_empty() { "" } else { "\n" };
        for (place, line) in sheet.closing().enumerate() {
            text.push_str(if place == 0 { gap } else { "" });
            push_wrapped(&mut text, &line, room);
        }
        text
    }

    /// Only some columns.
    fn only(&self, columns: Vec<(usize, Column)>) -> Self {
        let pick = |row: &Vec<Cell>| columns.iter().map(|(index, _)| row[*index].clone()).collect();
        let rows: Vec<Vec<Cell>> = self.rows.iter().map(pick).collect();
        let says_when = rows.iter().flatten().any(|cell| cell.says_when);
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        Self { columns, rows, footer: self.footer.clone(), overflows: self.overflows, says_when }
    }

    /// The table for a page: in full, without bars.
    pub(in crate::render) fn markdown(&self) -> String {
        if let Some(bars) = self.columns.iter().position(|column| column.is_bar) {
            let mut columns = self.columns.iter().cloned().enumerate().collect();
            fitting::leave(&mut columns, bars);
            return self.only(columns).markdown();
        }
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
            line(&mut row.iter().map(|cell| markdown::cell(cell.text.trim())));
        }
        for footer in self.closing() {
            text.push('\n');
            text.push_str(&markdown::text(&footer));
            text.push('\n');
        }
        text
    }
}

/// A text in the color of a tone, if the canvas has colors.
pub(in crate::render) fn paint(text: &str, tone: Tone, canvas: Canvas) -> String {
    let mut painted = String::new();
    push_painted(&mut painted, text, tone, canvas);
    painted
}

fn push_painted(painted: &mut String, text: &str, tone: Tone, canvas: Canvas) {
    let code = if canvas.color && !text.is_empty() { ansi(tone) } else { "" };
    let reset = if code.is_empty() { "" } else { RESET };
    for part in [code, text, reset] {
        painted.push_str(part);
    }
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
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn control_characters_are_spelled_out() {
        let mut sheet = Sheet::new().left("NOTE");
        sheet.push(vec![Cell::plain("a\u{1b}(31m|b\r\nc\u{9b}ä\u{202e}")]);
        let table = sheet.table(Canvas { width: None, color: false });
        assert_eq!(table.lines().nth(1), Some(r"a\u{1b}(31m|b\r\nc\u{9b}ä\u{202e}"));
        let markdown = sheet.markdown();
        assert_eq!(markdown.lines().nth(2), Some(r"| `a\u{1b}(31m\|b\r\nc\u{9b}ä\u{202e}` |"));
    }

    /// A table of every kind of column.
    fn varied(names: &[&str]) -> Sheet {
        let mut sheet = Sheet::new().left("STATE").left("OBJECTIVE").names().left("START").right("DOWNTIME");
        sheet = sheet.left("BUDGET LEFT").bars().right("").left("SYSTEM").names().minor().left("NOTE").texts();
        for name in names {
            sheet.push(vec![
                Cell::toned("✔ healthy", Tone::Good),
                Cell::toned(*name, Tone::Strong),
                Cell::plain("2026-11-10 10:00").timed(),
                Cell::plain("11m"),
                Cell::toned("█░░░░", Tone::Good),
                Cell::plain("99%"),
                Cell::plain(format!("system-of-{name}")),
                Cell::toned("maintenance ledger-migration until 2026-11-27 09:00 UTC", Tone::Faint),
            ]);
            sheet.push(vec![Cell::default(); 8]);
        }
        sheet
    }

    const NAMES: [&str; 5] = [
        "payments-authorization-eu-west-1-customer-availability",
        "payments-authorization-eu-west-2-customer-availability",
        "payments-authorization-ap-south-1-customer-availability",
        "支払い承認-eu-west-1-可用性",
        "mail",
    ];

    /// The visible text: without color codes.
    fn visible(drawn: &str) -> String {
        let parts = drawn.split('\u{1b}').enumerate();
        parts.map(|(at, part)| if at == 0 { part } else { part.split_once('m').unwrap().1 }).collect()
    }

    #[test]
    fn tables_fit_at_any_width_and_tell_names_apart() {
        let sheet = varied(&NAMES);
        for (width, color) in (25..260).flat_map(|width| [(width, false), (width, true)]) {
            let drawn = visible(&sheet.table(Canvas { width: Some(width), color }));
            for line in drawn.lines() {
                assert_eq!(line, line.trim_end(), "{width}:\n{drawn}");
                let is_one_name = !line.trim().contains(' ');
                assert!(line.width() <= usize::from(width) || is_one_name, "{width}: {line}\n{drawn}");
            }
            // Times and names in texts are never split.
            assert_eq!(drawn.matches("2026-11-10 10:00").count(), NAMES.len(), "{width}:\n{drawn}");
            assert_eq!(drawn.matches("2026-11-27 09:00 UTC").count(), NAMES.len(), "{width}:\n{drawn}");
            assert_eq!(drawn.matches("ledger-migration").count(), NAMES.len(), "{width}:\n{drawn}");
            let looks = |line: &str| {
                let mut words = line.split_whitespace();
                words
                    .find(|word| word.starts_with("pay") || word.contains('…') || NAMES.contains(word))
                    .map(str::to_owned)
            };
            let looks: std::collections::BTreeSet<String> = drawn.lines().filter_map(looks).collect();
            assert_eq!(looks.len(), NAMES.len(), "{width}: {looks:?}\n{drawn}");
        }
    }

    #[test]
    fn the_least_important_columns_disappear_before_names_are_shortened() {
        let sheet = varied(&NAMES[..1]);
        let header = |width| {
            let drawn = sheet.table(Canvas { width: Some(width), color: false });
            let titles: Vec<&str> = drawn.lines().next().unwrap().split_whitespace().collect();
            (titles.join(" "), drawn.contains(NAMES[0]))
        };
        let all = "STATE OBJECTIVE START DOWNTIME BUDGET LEFT SYSTEM NOTE";
        assert_eq!(header(250), (all.to_owned(), true));
        assert_eq!(header(175), ("STATE OBJECTIVE START DOWNTIME BUDGET LEFT NOTE".to_owned(), true));
        assert_eq!(header(130), ("STATE OBJECTIVE START DOWNTIME BUDGET LEFT NOTE".to_owned(), true), "wrapped");
        assert_eq!(header(105), ("STATE OBJECTIVE START DOWNTIME BUDGET LEFT".to_owned(), true), "below");
        let drawn = sheet.table(Canvas { width: Some(110), color: false });
        assert!(drawn.contains("99%\n  NOTE maintenance") && drawn.contains('█'), "{drawn}");
        assert_eq!(header(90), ("STATE OBJECTIVE START DOWNTIME BUDGET LEFT".to_owned(), false));
        assert_eq!(header(30), ("OBJECTIVE".to_owned(), true));
    }

    #[test]
    fn bars_are_for_terminals() {
        let markdown = varied(&NAMES).markdown();
        assert!(markdown.starts_with("| STATE | OBJECTIVE | START | DOWNTIME | BUDGET LEFT | SYSTEM | NOTE |"));
        assert!(!markdown.contains('█'), "{markdown}");
    }

    #[test]
    fn a_zone_is_named_only_for_times_that_are_shown() {
        let mut sheet = Sheet::new().left("NAME").names().left("SINCE").optional();
        sheet.push(vec![Cell::plain("storefront"), Cell::plain("2026-11-10 10:00").timed()]);
        let drawn = |width| sheet.table(Canvas { width: Some(width), color: false });
        assert_eq!(drawn(40), "NAME        SINCE\nstorefront  2026-11-10 10:00\n\ntimes in UTC\n");
        assert_eq!(drawn(20), "NAME\nstorefront\n");
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
