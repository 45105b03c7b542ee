//! Owns how lists of systems, objectives, maintenance windows and ingests look, and the figures of the database file.

mod declared;
mod maintenance;
mod records;
mod vocabulary;

use anyhow::Result;
use serde_json::Value;

use crate::domain::value::instant::Instant;
use crate::render::form::moment::minute;
use crate::render::record::ingest::thousands;
use crate::render::{Cell, Document, Sheet, Tone};

pub(crate) use declared::{KnownSystem, conditions, corrections, objectives, systems};
pub(crate) use maintenance::maintenance;
pub(crate) use records::{KnownSet, ingests, sets};
pub(crate) use vocabulary::{feeds, fields, policies};

/// The signs before titles.
const SIGNS: [char; 5] = ['>', '@', '~', '?', '+'];

/// A list: its name and its rows.
pub(crate) struct List {
    name: &'static str,
    /// A sign before a title marks a column: `>` of numbers, `@` of times, `~` of texts that wrap, `?` one that a narrow
    /// terminal omits, `+` one that only the wide list has.
    titles: &'static [&'static str],
    rows: Vec<Row>,
}

/// One row of a list: its cells, and a value for programs.
struct Row {
    cells: Vec<String>,
    value: Value,
}

impl List {
    fn new(name: &'static str, titles: &'static [&'static str], rows: impl Iterator<Item = Row>) -> Self {
        Self { name, titles, rows: rows.collect() }
    }
}

pub(crate) fn document(list: &List, as_of: Instant) -> Result<Document> {
    Document::list(as_of, list.name, &list.rows.iter().map(|row| &row.value).collect::<Vec<_>>())
}

/// A list for people; the least informative columns disappear on a narrow terminal.
pub(crate) fn sheet(List { name, titles, rows }: &List, wide: bool) -> Sheet {
    let mut sheet = Sheet::new();
    let shown: Vec<_> = titles.iter().enumerate().filter(|(_, title)| wide || !title.starts_with('+')).collect();
    for (index, title) in &shown {
        let plain = title.trim_start_matches(SIGNS);
        sheet = if title.contains('>') { sheet.right(plain) } else { sheet.left(plain) };
        if *index == 0 || matches!(plain, "FROM" | "SYSTEM") {
            sheet = sheet.names();
        }
        if title.contains('~') {
            sheet = sheet.texts();
        }
        if title.contains('?') {
            sheet = sheet.optional();
        }
    }
    for row in rows {
        let tone = |index| if index == 0 { Tone::Strong } else { Tone::Plain };
        let cells = shown.iter().map(|(index, title)| {
            let cell = Cell::toned(row.cells[*index].clone(), tone(*index));
            if title.contains('@') { cell.timed() } else { cell }
        });
        sheet.push(cells.collect());
    }
    sheet.footer.push(total(rows.len(), name));
    sheet
}

/// The number of rows with their noun: `no corrections`, `1 policy`, `2,000 objectives`.
fn total(rows: usize, name: &str) -> String {
    let plural = if name == "maintenance" { "maintenance windows" } else { name };
    match rows {
        0 => format!("no {plural}"),
        1 => match plural.strip_suffix("ies") {
            Some(stem) => format!("1 {stem}y"),
            None => format!("1 {}", plural.trim_end_matches('s')),
        },
        _ => format!("{} {plural}", thousands(rows as u64)),
    }
}

/// A time in a list, to the minute.
fn moment(at: Option<Instant>) -> String {
    at.map_or("–".to_owned(), minute)
}
