//! Owns writing rows from the server into a table of the working copy. A damaged row is never left out silently: the
//! copy has it, so that its checksum tells, or there is an error.

use anyhow::{Context as _, Result};
use postgres::SimpleQueryRow;
use rusqlite::Statement;
use rusqlite::types::Value;

use super::catalog::{Column, Kind, Table};
use super::faults::Lost;
use crate::store::database::open::Unreadable;

/// Writes rows from the server into a table of a working copy; rows that are already there stay.
///
/// # Errors
/// If a value is missing or does not fit its column, or a row has the unique values of another one.
pub(super) fn fill_table<'r>(
    sqlite: &rusqlite::Connection,
    table: &Table,
    rows: impl IntoIterator<Item = &'r SimpleQueryRow>,
) -> Result<()> {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let mut filling = Filling::new(sqlite, table)?;
    rows.try_for_each(|row| filling.put(&|index| row.get(index)))
}

struct Filling<'a> {
    table: &'a Table,
    insert: Statement<'a>,
    /// Whether a row with the same keys is there.
    known: Statement<'a>,
}

impl<'a> Filling<'a> {
    fn new(sqlite: &'a rusqlite::Connection, table: &'a Table) -> Result<Self> {
        let (name, places) = (&table.name, vec!["?"; table.columns.len()].join(", "));
        let keys: Vec<String> = table.key_columns().map(|key| format!("{} = ?", key.name)).collect();
        let insert =
            format!("INSERT INTO main.{name} ({}) VALUES ({places}) ON CONFLICT DO NOTHING", table.column_names());
        let known = format!("SELECT 1 FROM main.{name} WHERE {}", keys.join(" AND "));
        Ok(Self { table, insert: sqlite.prepare(&insert)?, known: sqlite.prepare(&known)? })
    }

    /// Writes a row, whose values `text` returns.
    fn put<'v>(&mut self, text: &dyn Fn(usize) -> Option<&'v str>) -> Result<()> {
        for (index, column) in self.table.columns.iter().enumerate() {
            self.insert.raw_bind_parameter(index + 1, self.value(column, text(index), text)?)?;
        }
        if self.insert.raw_execute()? > 0 {
            return Ok(());
        }
        let keys = self.table.columns.iter().enumerate().filter(|(_, column)| self.table.keys.contains(&column.name));
        for (place, (index, column)) in keys.enumerate() {
            self.known.raw_bind_parameter(place + 1, self.value(column, text(index), text)?)?;
        }
        let is_known = self.known.raw_query().next()?.is_some();
        if is_known {
            return Ok(());
        }
        // Another writer may have been faster.
        Err(Lost::error(
            format!("{} has the unique values of another row", self.place(text)),
            "run this again; if it fails again, the database is damaged: restore it from a backup",
        ))
    }

    fn value<'v>(&self, column: &Column, text: Option<&str>, row: &dyn Fn(usize) -> Option<&'v str>) -> Result<Value> {
        match text {
            None if column.required || self.table.keys.contains(&column.name) => {
                Err(Unreadable(format!("{} has no {}", self.place(row), column.name)).into())
            }
            None => Ok(Value::Null),
            Some(text) => value_of(text, column.kind, column.is_text)
                .with_context(|| format!("{} of {}", column.name, self.place(row))),
        }
    }

    /// A row in an error: its table and keys.
    fn place<'v>(&self, row: &dyn Fn(usize) -> Option<&'v str>) -> String {
        let columns = self.table.columns.iter().enumerate();
        let keys = columns.filter(|(_, column)| self.table.keys.contains(&column.name));
        let keys: Vec<&str> = keys.map(|(index, _)| row(index).unwrap_or("?")).collect();
        format!("{} {}", self.table.name, keys.join(" "))
    }
}

fn value_of(text: &str, kind: Kind, is_text: bool) -> Result<Value> {
    Ok(match kind {
        Kind::Integer => Value::Integer(text.parse().context("the server returned no number")?),
        Kind::Real => Value::Real(text.parse().context("the server returned no number")?),
        Kind::Text => Value::Text(text.to_owned()),
        Kind::Bytes => {
            let bytes = bytes(text).context("the server returned no bytes")?;
            if is_text { Value::Text(String::from_utf8(bytes)?) } else { Value::Blob(bytes) }
        }
    })
}

/// Bytes from hexadecimal digits.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{catalog::Catalog, copying};
    use super::*;

    /// What becomes of rows of a table: how many there are then, or the error.
    fn filled(table: &str, rows: &[&[Option<&str>]]) -> Result<i64, String> {
        let (sqlite, catalog): (_, Catalog) = copying::make(&std::sync::Arc::default()).unwrap();
        let table = &catalog.tables[catalog.index(table).unwrap()];
        let mut filling = Filling::new(&sqlite, table).unwrap();
        for row in rows {
            filling.put(&|index| row[index]).map_err(|error| format!("{error:#}"))?;
        }
        Ok(sqlite.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get(0)).unwrap())
    }

    #[test]
    fn a_damaged_row_gets_in_or_is_an_error() {
        let segment = [Some("7"), Some("1000"), Some("2000"), Some("3"), Some("00ff"), Some("1")];
        assert_eq!(filled("segment", &[&segment, &segment]), Ok(1), "a row that is there stays");
        for (index, value) in [(2, "-1"), (3, "0"), (3, "-1")] {
            let mut damaged = segment;
            damaged[index] = Some(value);
            assert_eq!(filled("segment", &[&damaged]), Ok(1), "{damaged:?}");
        }
        let without_end = [Some("7"), Some("1000"), None, Some("3"), Some("00ff"), Some("1")];
        assert_eq!(filled("segment", &[&without_end]), Err("segment 7 1000 has no last_ts".to_owned()));
        let stream = |id, system, source| [id, system, source, Some("http"), Some(""), Some("1000"), Some("1")];
        assert_eq!(filled("stream", &[&stream(Some("1"), Some("1"), Some("2"))]), Ok(1));
        let without_id = filled("stream", &[&stream(None, Some("1"), Some("0"))]);
        assert_eq!(without_id, Err("stream ? 1 has no id".to_owned()));
        // The server's keys allow the same number in two systems.
        let twice = [stream(Some("1"), Some("1"), Some("0")), stream(Some("1"), Some("2"), Some("0"))];
        let twice = filled("stream", &[&twice[0], &twice[1]]);
        assert_eq!(twice, Err("stream 1 2 has the unique values of another row".to_owned()));
    }
}
