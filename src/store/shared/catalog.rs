//! Owns the tables of the shared store: those of a file with their columns, different keys for some, and which are
//! filled together.

use anyhow::Result;
use rusqlite::Connection;

use super::published;

/// The type of a column's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Integer,
    Real,
    Text,
    Bytes,
}

impl Kind {
    fn of(table: &str, column: &str, declared: &str) -> Self {
        match declared {
            // A note may have any character, also the one that PostgreSQL's texts cannot have.
            "TEXT" if ANY_LETTERS.contains(&(table, column)) => Self::Bytes,
            "TEXT" => Self::Text,
            "REAL" => Self::Real,
            "BLOB" => Self::Bytes,
            _ => Self::Integer,
        }
    }

    /// PostgreSQL's name of the type.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Real => "double precision",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }
}

const ANY_LETTERS: [(&str, &str); 2] = [("note", "text"), ("overruled", "note")];

/// Keys that begin with columns by which tables can be distributed, where a file has ids.
const KEYS: [(&str, &[&str]); 3] =
    [("member_input", &["composite", "member"]), ("segment", &["stream", "first_ts"]), ("stream", &["system", "id"])];
/// Columns that mean nothing outside of their file.
const LEFT_OUT: [(&str, &str); 1] = [("segment", "id")];

/// Tables that are filled together, because most readers of one need the others. The tables not named here are one more
/// group.
const GROUPS: [&[&str]; 5] = [
    &[
        "system",
        "stream",
        "manifest",
        "objective_input",
        "maintenance_input",
        "dependency_input",
        "member_input",
        "input_digest",
        "seal",
        "ledger",
        "computation",
        "condition_logged",
    ],
    &["ingest", "rewrite_log", "apply_log", "apply_change"],
    &["change_log", "delivery"],
    &["note", "overruled"],
    &["segment"],
];

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_text: bool,
    pub(super) required: bool,
}

impl Column {
    /// Its type in a working copy.
    pub(super) const fn declared(&self) -> &'static str {
        match self.kind {
            Kind::Integer => "INTEGER",
            Kind::Real => "REAL",
            _ if self.is_text => "TEXT",
            _ => "BLOB",
        }
    }
}

/// A table on both sides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The columns that identify its rows.
    pub(super) keys: Vec<String>,
    /// Other unique columns.
    pub(super) uniques: Vec<Vec<String>>,
    /// The tables that lose their rows with a row of this one, and by which column.
    pub(super) cascades: Vec<(String, String)>,
}

impl Table {
    /// Its name in PostgreSQL: readers get views of the published tables, with types of their own.
    pub(super) fn stored(&self) -> String {
        if published::is_published(&self.name) { format!("{}_row", self.name) } else { self.name.clone() }
    }

    /// Its columns that identify rows, in the order of all columns.
    pub(super) fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| self.keys.contains(&column.name))
    }

    pub(super) fn column_names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The columns as they are fetched: bytes as hexadecimal digits.
    pub(super) fn fetched(&self) -> String {
        self.fetched_of("")
    }

    /// The same with a prefix, such as `s.`.
    pub(super) fn fetched_of(&self, of: &str) -> String {
        let column = |column: &Column| match column.kind {
            Kind::Bytes => format!("encode({of}{}, 'hex')", column.name),
            _ => format!("{of}{}", column.name),
        };
        self.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Catalog {
    pub(super) tables: Vec<Table>,
}

impl Catalog {
    /// The tables that a SQLite database declares.
    pub(super) fn of(sqlite: &Connection) -> Result<Self> {
        let sql = "SELECT m.name, c.name, c.type, c.pk, c.\"notnull\" FROM main.sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid";
        let mut statement = sqlite.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut tables: Vec<Table> = Vec::new();
        while let Some(row) = rows.next()? {
            let (table, name, declared): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if tables.last().is_none_or(|last| last.name != table) {
                let (uniques, cascades) = (uniques(sqlite, &table)?, Vec::new());
                tables.push(Table { name: table.clone(), columns: Vec::new(), keys: Vec::new(), uniques, cascades });
            }
            let Some(last) = tables.last_mut() else { continue };
            if LEFT_OUT.contains(&(table.as_str(), name.as_str())) {
                continue;
            }
            let (is_key, required) = (row.get::<_, i64>(3)? > 0, row.get::<_, i64>(4)? > 0);
            last.keys.extend(is_key.then(|| name.clone()));
            let kind = Kind::of(&table, &name, &declared);
            last.columns.push(Column { name, kind, is_text: declared == "TEXT", required });
        }
        for table in &mut tables {
            if let Some((_, keys)) = KEYS.iter().find(|(name, _)| *name == table.name) {
                table.keys = keys.iter().map(|key| (*key).to_owned()).collect();
            }
        }
        let mut catalog = Self { tables };
        catalog.note_cascades(sqlite)?;
        Ok(catalog)
    }

    fn note_cascades(&mut self, sqlite: &Connection) -> Result<()> {
        let sql = "SELECT m.name, f.\"table\", f.\"from\" FROM main.sqlite_schema AS m JOIN pragma_foreign_key_list(m.name) AS f
                   WHERE m.type = 'table' AND f.on_delete = 'CASCADE' ORDER BY 1, 3";
        let mut statement = sqlite.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (child, parent, column): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if let Some(table) = self.tables.iter_mut().find(|table| table.name == parent) {
                table.cascades.push((child, column));
            }
        }
        Ok(())
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.tables.binary_search_by(|table| table.name.as_str().cmp(name)).ok()
    }

    /// The bits of these tables, if they exist.
    pub(super) fn bits(&self, names: &[&str]) -> u64 {
        names.iter().filter_map(|name| self.index(name)).fold(0, |bits, index| bits | 1 << index)
    }

    pub(super) fn all(&self) -> u64 {
        (1 << self.tables.len()) - 1
    }

    /// The groups that include one of the tables, as the bits of each.
    pub(super) fn groups(&self, wanted: u64) -> impl Iterator<Item = u64> {
        let mut groups: Vec<u64> = GROUPS.iter().map(|names| self.bits(names)).collect();
        groups.push(self.all() & !groups.iter().fold(0, |all, group| all | group));
        groups.into_iter().filter(move |group| group & wanted != 0)
    }

    /// The tables of these bits, with their indices.
    pub(super) fn tables_of(&self, bits: u64) -> impl Iterator<Item = (usize, &Table)> {
        self.tables.iter().enumerate().filter(move |(index, _)| bits & (1 << index) != 0)
    }
}

/// The unique constraints of a table.
fn uniques(sqlite: &Connection, table: &str) -> Result<Vec<Vec<String>>> {
    let sql = "SELECT l.name, c.name FROM pragma_index_list(?1) AS l JOIN pragma_index_info(l.name) AS c
               WHERE l.origin = 'u' ORDER BY l.name, c.seqno";
    let mut statement = sqlite.prepare_cached(sql)?;
    let mut rows = statement.query([table])?;
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (index, column): (String, String) = (row.get(0)?, row.get(1)?);
        match found.last_mut() {
            Some((last, columns)) if *last == index => columns.push(column),
            _ => found.push((index, vec![column])),
        }
    }
    Ok(found.into_iter().map(|(_, columns)| columns).collect())
}
