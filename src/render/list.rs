//! Owns how lists of systems, objectives, maintenance windows and ingests look, and the numbers of the database file.

use anyhow::Result;
use serde::Serialize;

use super::health::minute;
use super::ingest::thousands;
use super::{Cell, Document, Sheet, Tone};
use crate::domain::value::instant::Instant;

/// One row of a list: its cells, and a value for programs.
pub(crate) struct Row<T> {
    pub(crate) cells: Vec<String>,
    pub(crate) value: T,
}

/// A list for programs.
///
/// # Errors
/// When it cannot be represented.
pub(crate) fn document<T: Serialize>(name: &'static str, rows: &[Row<T>], as_of: Instant) -> Result<Document> {
    Document::list(as_of, name, &rows.iter().map(|row| &row.value).collect::<Vec<_>>())
}

/// A list for people. Titles that begin with `>` head columns of numbers, those that begin with `+` columns that only
/// the wide list has; what says least gives way on a narrow terminal.
pub(crate) fn sheet<T>(titles: &[&'static str], rows: &[Row<T>], wide: bool) -> Sheet {
    let mut sheet = Sheet::new();
    sheet.overflows = wide;
    let shown: Vec<_> = titles.iter().enumerate().filter(|(_, title)| wide || !title.starts_with('+')).collect();
    for (index, title) in &shown {
        sheet = match (title.strip_prefix('>'), title.strip_prefix('+')) {
            (Some(title), _) => sheet.right(title),
            (_, Some(title)) => sheet.left(title),
            _ => sheet.left(title),
        };
        if *index == 0 {
            sheet = sheet.names();
        } else if matches!(**title, "LABELS" | "FILE" | "STARTED") {
            sheet = sheet.optional();
        }
    }
    for row in rows {
        let tone = |index| if index == 0 { Tone::Strong } else { Tone::Plain };
        sheet.push(shown.iter().map(|(index, _)| Cell::toned(row.cells[*index].clone(), tone(*index))).collect());
    }
    let plural = if rows.len() == 1 { "" } else { "s" };
    sheet.footer.push(format!("{} row{plural}", thousands(rows.len() as u64)));
    sheet
}

/// A moment of a list, to the minute.
pub(crate) fn moment(at: Option<Instant>) -> String {
    at.map_or("–".to_owned(), minute)
}
