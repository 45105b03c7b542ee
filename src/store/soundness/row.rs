//! Owns the checksum of every row, so that a changed value is noticed. docs/design/segment-format.md says how it is
//! made.

use anyhow::Result;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::crc::Crc;
use crate::store::database::open::Unreadable;

/// The tables that cannot be derived from others.
pub(super) const FACTS: [&str; 10] = [
    "system",
    "stream",
    "segment",
    "note",
    "overruled",
    "ingest",
    "rewrite_log",
    "manifest",
    "apply_log",
    "apply_change",
];

/// The columns that a table's checksum covers: all but itself, as the table declares them. The id of a segment means
/// nothing and is left out.
macro_rules! covered {
    (system) => {
        "id, name"
    };
    (stream) => {
        "id, system, source, healthcheck, location, first_ts"
    };
    (segment) => {
        "stream, first_ts, last_ts, count, body"
    };
    (note) => {
        "stream, ts, text"
    };
    (overruled) => {
        "stream, ts, status, note, ingest"
    };
    (ingest) => {
        "id, file, started_at, finished_at, read, inserted, duplicates, conflicts, rejected"
    };
    (rewrite_log) => {
        "id, done_at, author, deed, ingest, file, system, source, healthcheck, new_name, transitions, notes, location"
    };
    (manifest) => {
        "id, kind, name, body, file, document, content_hash, applied_at, set_name, orphaned_at, commit_id, repository"
    };
    (apply_log) => {
        "id, applied_at, set_name, commit_id, author, unchanged"
    };
    (apply_change) => {
        "apply, position, deed, kind, name, old_name, fields"
    };
    (input_digest) => {
        "system, objectives, windows, dependents, composites"
    };
    (seal) => {
        "objective, fingerprint, sealed_until, published_until, due_at"
    };
    (ledger) => {
        "objective, body"
    };
    (computation) => {
        "id, as_of, is_current, digest"
    };
    (condition_logged) => {
        "condition, objective, fingerprint, logged_until, logged_from"
    };
    (change_log) => {
        "sequence, as_of, kind, id, occurred_at, previous, next, changed_fields, view"
    };
    (delivery) => {
        "name, delivered_through"
    };
}

/// An expression for the checksum of a table's row.
macro_rules! row_sum {
    ($table:tt) => {
        concat!("row_sum(", $crate::store::soundness::row::covered!($table), ")")
    };
}

/// An expression that is true if a row matches its checksum.
macro_rules! intact {
    ($table:tt) => {
        concat!("(checksum = ", $crate::store::soundness::row::row_sum!($table), ")")
    };
}

/// The columns that the checksum of a table's row covers, followed by the checksum: what [`whole_at`] compares.
macro_rules! whole {
    ($table:tt) => {
        concat!($crate::store::soundness::row::covered!($table), ", checksum")
    };
}

/// The number of columns of `whole!`.
macro_rules! width {
    ($table:tt) => {
        $crate::store::soundness::row::columns($crate::store::soundness::row::whole!($table))
    };
}

pub(in crate::store) use {covered, intact, row_sum, whole, width};

/// How many columns a list of them names.
pub(in crate::store) const fn columns(list: &str) -> usize {
    let (bytes, mut count, mut index) = (list.as_bytes(), 1, 0);
    while index < bytes.len() {
        count += (bytes[index] == b',') as usize;
        index += 1;
    }
    count
}

/// The CRC-32 of values with their types and lengths, in order.
pub(in crate::store) fn checksum<'v>(values: impl IntoIterator<Item = ValueRef<'v>>) -> i32 {
    let mut sum = Sum::default();
    values.into_iter().for_each(|value| sum.put(value));
    sum.finish()
}

/// A checksum of many short pieces, which are collected: long ones are ten times as fast.
struct Sum {
    crc: Crc,
    gathered: [u8; 512],
    length: usize,
}

impl Default for Sum {
    fn default() -> Self {
        Self { crc: Crc::new(), gathered: [0; 512], length: 0 }
    }
}

/// The bytes that a value begins with: its type, and the value or its length.
const HEAD: usize = 9;

impl Sum {
    #[inline]
    fn put(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.head(b'n', 0),
            ValueRef::Integer(number) => self.head(b'i', number),
            ValueRef::Real(number) => self.head(b'r', number.to_bits().cast_signed()),
            ValueRef::Text(bytes) => self.long(b't', bytes),
            ValueRef::Blob(bytes) => self.long(b'b', bytes),
        }
    }

    fn long(&mut self, tag: u8, bytes: &[u8]) {
        self.head(tag, bytes.len() as i64);
        self.gather(bytes);
    }

    /// Of a known length, so that it is written by two instructions: most values are short.
    #[inline]
    fn head(&mut self, tag: u8, number: i64) {
        let mut head = [tag; HEAD];
        head[1..].copy_from_slice(&number.to_le_bytes());
        if let Some(room) = self.gathered[self.length..].first_chunk_mut() {
            *room = head;
            self.length += HEAD;
        } else {
            self.gather(&head);
        }
    }

    fn gather(&mut self, bytes: &[u8]) {
        if let Some(room) = self.gathered[self.length..].get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
            self.length += bytes.len();
            return;
        }
        self.crc.update(&self.gathered[..self.length]);
        self.length = 0;
        if bytes.len() < self.gathered.len() { self.gather(bytes) } else { self.crc.update(bytes) }
    }

    /// The sum; nothing can be added afterwards.
    fn finish(&mut self) -> i32 {
        self.crc.update(&self.gathered[..self.length]);
        self.crc.sum().cast_signed()
    }
}

/// Makes `row_sum(column, …)` available in SQL.
pub(in crate::store) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("row_sum", -1, flags, |values| {
        Ok(checksum((0..values.len()).map(|index| values.get_raw(index))))
    })
}

/// Refuses a fact whose row does not match its checksum; `index` is the place of `intact!` in the row.
pub(in crate::store) fn expect(row: &Row<'_>, index: usize, place: impl FnOnce() -> String) -> Result<()> {
    if is_intact(row, index)? { Ok(()) } else { Err(unlike(&place()).into()) }
}

/// The first columns of a row, as many as `width!` says, if they match the checksum at their end; refuses others. This
/// takes less than half the time of `intact!`, and is for rows that are read by the thousand: fetching columns takes
/// longer than adding them to the sum, so no column is fetched twice.
pub(in crate::store) fn expect_whole<'r, const WIDTH: usize>(
    row: &'r Row<'_>,
    place: impl FnOnce(&[ValueRef<'r>; WIDTH]) -> String,
) -> Result<[ValueRef<'r>; WIDTH]> {
    let values = fetch(row, 0)?;
    if matches_sum(&values) { Ok(values) } else { Err(unlike(&place(&values)).into()) }
}

/// Columns of a row from a place on, if they match the checksum at their end.
pub(in crate::store) fn whole_at<'r, const WIDTH: usize>(
    row: &'r Row<'_>,
    first: usize,
) -> rusqlite::Result<Option<[ValueRef<'r>; WIDTH]>> {
    Ok(Some(fetch(row, first)?).filter(matches_sum))
}

fn fetch<'r, const WIDTH: usize>(row: &'r Row<'_>, first: usize) -> rusqlite::Result<[ValueRef<'r>; WIDTH]> {
    let mut values = [ValueRef::Null; WIDTH];
    for (index, value) in values.iter_mut().enumerate() {
        *value = row.get_ref(first + index)?;
    }
    Ok(values)
}

/// Whether values match the checksum at their end.
fn matches_sum<const WIDTH: usize>(values: &[ValueRef<'_>; WIDTH]) -> bool {
    let Some((stored, covered)) = values.split_last() else { return false };
    *stored == ValueRef::Integer(checksum(covered.iter().copied()).into())
}

/// The value of `intact!` at a place in a row.
pub(in crate::store) fn is_intact(row: &Row<'_>, index: usize) -> rusqlite::Result<bool> {
    Ok(row.get::<_, Option<bool>>(index)? == Some(true))
}

/// A value in an error: a name or an id, which may be damaged.
pub(in crate::store) fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        _ => "?".to_owned(),
    }
}

/// The error for something that does not match its checksum.
pub(in crate::store) fn unlike(place: &str) -> Unreadable {
    Unreadable(format!("{place} does not match its checksum"))
}

/// A table whose rows have a checksum.
pub(in crate::store) struct Summed {
    pub(in crate::store) table: String,
    /// The columns that identify its rows.
    pub(in crate::store) keys: Vec<String>,
    /// The columns that its checksum covers.
    pub(in crate::store) columns: Vec<String>,
}

impl Summed {
    /// The expression for the checksum of a row.
    pub(in crate::store) fn sum(&self) -> String {
        format!("row_sum({})", self.columns.join(", "))
    }
}

/// All tables whose rows have a checksum, as the database declares them.
pub(in crate::store) fn summed(connection: &Connection) -> Result<Vec<Summed>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND EXISTS
               (SELECT 1 FROM pragma_table_info(sqlite_schema.name) WHERE name = 'checksum') ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut statement = connection.prepare("SELECT name, pk FROM pragma_table_info(?1) WHERE name <> 'checksum'")?;
    let mut found = Vec::new();
    for table in tables {
        let columns: Vec<(String, i64)> =
            statement.query_map([&table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let keys = columns.iter().filter(|(_, key)| *key > 0).map(|(name, _)| name.clone()).collect();
        let says_nothing = |name: &str| table == "segment" && name == "id";
        let columns = columns.into_iter().map(|(name, _)| name).filter(|name| !says_nothing(name)).collect();
        found.push(Summed { table, keys, columns });
    }
    Ok(found)
}

/// Sets the checksum of every row, whatever it was.
pub(in crate::store) fn sum_all(connection: &Connection) -> Result<()> {
    for summed in summed(connection)? {
        connection.execute(&format!("UPDATE {} SET checksum = {}", summed.table, summed.sum()), [])?;
    }
    Ok(())
}

/// Refuses a database with a damaged fact, before all rows get new checksums; drops other damaged rows.
pub(in crate::store) fn refuse_damaged(connection: &Connection) -> Result<()> {
    for summed in summed(connection)? {
        let (table, sum) = (&summed.table, summed.sum());
        if !FACTS.contains(&table.as_str()) {
            connection.execute(&format!("DELETE FROM {table} WHERE checksum <> {sum}"), [])?;
        } else if connection.prepare(&format!("SELECT 1 FROM {table} WHERE checksum <> {sum}"))?.exists([])? {
            return Err(unlike(&format!("a row of {table}")).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Store};

    #[test]
    fn the_documented_example_is_what_is_made() {
        let values = [ValueRef::Integer(7), ValueRef::Text(b"shop"), ValueRef::Null];
        let hex = format!("{:08x}", checksum(values));
        let page = include_str!("../../../docs/design/segment-format.md");
        assert!(page.contains(&hex), "{hex}");
    }

    #[test]
    fn what_statements_cover_is_what_tables_declare() {
        let store = Store::open(std::path::Path::new(""), Access::Scratch).unwrap();
        let summed = summed(&store.connection).unwrap();
        let declared = |table: &str| {
            let found = summed.iter().find(|summed| summed.table == table);
            found.unwrap_or_else(|| panic!("{table} has no checksum")).columns.join(", ")
        };
        macro_rules! hold {
            ($($table:tt)*) => { $(assert_eq!(covered!($table), declared(stringify!($table)));)* };
        }
        hold!(system stream segment note overruled ingest rewrite_log manifest apply_log apply_change input_digest seal ledger computation
              condition_logged change_log delivery);
    }

    #[test]
    fn values_do_not_run_into_each_other() {
        let sum = |texts: &[&str]| checksum(texts.iter().map(|text| ValueRef::Text(text.as_bytes())));
        assert_ne!(sum(&["ab", "c"]), sum(&["a", "bc"]));
        assert_ne!(sum(&["ab"]), sum(&["ab", ""]));
        assert_ne!(checksum([ValueRef::Null]), checksum([ValueRef::Integer(0)]));
        assert_ne!(checksum([ValueRef::Real(0.0)]), checksum([ValueRef::Integer(0)]));
    }
}
