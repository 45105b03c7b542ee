//! Owns writing the changes of the working copy back, in statements of many rows each.

use anyhow::Result;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::Shared;
use super::catalog::{Catalog, Column, Kind, Table};
use super::copying::changed;
use crate::failure::Failure;

/// Bytes of statements sent to the server at once.
const MOST_BYTES: usize = 1 << 20;

/// Statements waiting to be sent together.
#[derive(Default)]
pub(super) struct Batches(String);

impl Batches {
    /// Adds a statement, and sends the waiting ones once they are many.
    pub(super) fn add(&mut self, sql: &str, send: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        self.0.push_str(sql);
        self.0.push_str(";\n");
        if self.0.len() < MOST_BYTES { Ok(()) } else { self.flush(send) }
    }

    pub(super) fn flush(&mut self, send: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { send(&std::mem::take(&mut self.0)) }
    }
}

impl Shared {
    /// Whether there is anything to write back.
    pub(super) fn has_changes(&self, sqlite: &Connection) -> Result<bool> {
        for (_, table) in self.catalog.tables_of(self.noted.get().0) {
            if sqlite.prepare_cached(&format!("SELECT 1 FROM {}", changed(table)))?.exists([])? {
                return Ok(true);
            }
        }
        Ok(!self.touching.borrow().is_empty())
    }

    /// Sends all changes; the rest stays in `batches`.
    pub(super) fn push(&self, sqlite: &Connection, batches: &mut Batches) -> Result<()> {
        let schema = &self.address.schema;
        let mut session = self.session.borrow_mut();
        let mut send = |sql: &str| session.run(sql);
        for (_, table) in self.catalog.tables_of(self.noted.get().0) {
            push_table(sqlite, schema, table, batches, &mut send)?;
        }
        for (name, last) in last_numbers(sqlite, &self.catalog)? {
            if self.counters.borrow().get(&name) != Some(&last) {
                let sql = format!(
                    "INSERT INTO {schema}.counter (name, last) VALUES ('{name}', {last})
                     ON CONFLICT (name) DO UPDATE SET last = excluded.last"
                );
                batches.add(&sql, &mut send)?;
            }
        }
        for touching in self.touching.borrow().iter().collect::<Vec<_>>().chunks(1000) {
            let rows: Vec<String> = touching.iter().map(|(system, at)| format!("({system}, {at}, 1)")).collect();
            let sql = format!(
                "INSERT INTO {schema}.touched AS t (system, at, version) VALUES {} ON CONFLICT (system) DO UPDATE
                 SET at = least(t.at, excluded.at), version = t.version + 1",
                rows.join(", ")
            );
            batches.add(&sql, &mut send)?;
        }
        Ok(())
    }

    /// Sends the changes of one table, in a transaction of its own.
    pub(super) fn push_one(&self, sqlite: &Connection, table: &str) -> Result<()> {
        let Some(index) = self.catalog.index(table) else { return Ok(()) };
        let mut session = self.session.borrow_mut();
        let mut send = |sql: &str| session.run(sql);
        let mut batches = Batches::default();
        push_table(sqlite, &self.address.schema, &self.catalog.tables[index], &mut batches, &mut send)?;
        batches.flush(&mut send)
    }

    /// Records that the caches written in this transaction follow the facts it has seen.
    pub(super) fn settle_touched(&self, batches: &mut Batches) -> Result<()> {
        let schema = &self.address.schema;
        let mut session = self.session.borrow_mut();
        let touched = self.touched.borrow();
        for part in touched.iter().collect::<Vec<_>>().chunks(1000) {
            let rows: Vec<String> =
                part.iter().map(|(system, (_, version))| format!("({system}, {version})")).collect();
            let sql = format!("DELETE FROM {schema}.touched WHERE (system, version) IN ({})", rows.join(", "));
            batches.add(&sql, &mut |sql| session.run(sql))?;
        }
        Ok(())
    }
}

/// The last ids, of tables that do not reuse them.
pub(super) fn last_numbers(sqlite: &Connection, catalog: &Catalog) -> Result<Vec<(String, i64)>> {
    let mut statement = sqlite.prepare_cached("SELECT name, seq FROM main.sqlite_sequence")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let known = |(name, _): &(String, i64)| catalog.index(name).is_some();
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().filter(known).collect())
}

fn push_table(
    sqlite: &Connection,
    schema: &str,
    table: &Table,
    batches: &mut Batches,
    send: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<()> {
    let (name, changed) = (&table.name, changed(table));
    if !sqlite.prepare_cached(&format!("SELECT 1 FROM {changed}"))?.exists([])? {
        return Ok(());
    }
    let same: Vec<String> = table.keys.iter().map(|key| format!("m.{key} = c.{key}")).collect();
    let same = same.join(" AND ");
    // Unique values could clash while rows are replaced one by one, so all old ones are deleted first.
    let make_room = !table.uniques.is_empty();
    let gone = if make_room {
        String::new()
    } else {
        format!("WHERE NOT EXISTS (SELECT 1 FROM main.{name} AS m WHERE {same})")
    };
    let keys: Vec<Column> = table.key_columns().cloned().collect();
    let list = |columns: &[Column], of: &str| {
        columns.iter().map(|column| format!("{of}{}", column.name)).collect::<Vec<_>>().join(", ")
    };
    let select = format!("SELECT {} FROM {changed} AS c {gone}", list(&keys, "c."));
    // A list of rows for IN may be too long for the server's stack.
    let head = format!("DELETE FROM {schema}.{} AS m USING (VALUES ", table.stored());
    let tail = format!(") AS c ({}) WHERE {same}", list(&keys, ""));
    let rows = Rows { head, tail, columns: &keys, sql: String::new() };
    rows.send(sqlite, &select, batches, send)?;
    let order = if name == "system" { "ORDER BY m.name" } else { "" };
    let select = format!(
        "SELECT {} FROM {changed} AS c CROSS JOIN main.{name} AS m ON {same} {order}",
        list(&table.columns, "m.")
    );
    Rows { tail: if make_room { String::new() } else { on_conflict(table) }, ..Rows::into(schema, table) }
        .send(sqlite, &select, batches, send)
}

/// Writes all rows of a copy's table into an empty one.
pub(super) fn insert_all(
    sqlite: &Connection,
    schema: &str,
    table: &Table,
    batches: &mut Batches,
    send: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<()> {
    let select = format!("SELECT {} FROM main.{}", table.column_names(), table.name);
    Rows::into(schema, table).send(sqlite, &select, batches, send)
}

fn on_conflict(table: &Table) -> String {
    let others = table.columns.iter().filter(|column| !table.keys.contains(&column.name));
    let set: Vec<String> = others.map(|column| format!("{0} = excluded.{0}", column.name)).collect();
    let keys = table.keys.join(", ");
    if set.is_empty() {
        return format!(" ON CONFLICT ({keys}) DO NOTHING");
    }
    format!(" ON CONFLICT ({keys}) DO UPDATE SET {}", set.join(", "))
}

/// A statement with rows in brackets.
struct Rows<'a> {
    head: String,
    tail: String,
    columns: &'a [Column],
    sql: String,
}

impl<'a> Rows<'a> {
    fn into(schema: &str, table: &'a Table) -> Self {
        let head = format!("INSERT INTO {schema}.{} ({}) VALUES ", table.stored(), table.column_names());
        Self { head, tail: String::new(), columns: &table.columns, sql: String::new() }
    }

    fn send(
        mut self,
        sqlite: &Connection,
        select: &str,
        batches: &mut Batches,
        send: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        let mut statement = sqlite.prepare(select)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.put(row)?;
            if self.sql.len() >= MOST_BYTES {
                self.end(batches, send)?;
            }
        }
        self.end(batches, send)
    }

    fn put(&mut self, row: &Row<'_>) -> Result<()> {
        if self.sql.is_empty() {
            self.sql.clone_from(&self.head);
        } else {
            self.sql.push_str(",\n");
        }
        self.sql.push('(');
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                self.sql.push(',');
            }
            literal(&mut self.sql, row.get_ref(index)?, column)?;
        }
        self.sql.push(')');
        Ok(())
    }

    fn end(&mut self, batches: &mut Batches, send: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        if self.sql.is_empty() {
            return Ok(());
        }
        let sql = std::mem::take(&mut self.sql) + &self.tail;
        batches.add(&sql, send)
    }
}

/// A value as PostgreSQL reads it, whatever its settings.
fn literal(sql: &mut String, value: ValueRef<'_>, column: &Column) -> Result<()> {
    match value {
        ValueRef::Null => sql.push_str("NULL"),
        ValueRef::Integer(number) => sql.push_str(&number.to_string()),
        ValueRef::Real(number) => sql.push_str(&format!("'{number}'")),
        ValueRef::Blob(bytes) => hexadecimal(sql, bytes),
        ValueRef::Text(bytes) if column.kind == Kind::Bytes => hexadecimal(sql, bytes),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes)?;
            if text.contains('\0') {
                return Err(Failure::new(
                    format!("{} {text:?} has a letter that PostgreSQL cannot store", column.name),
                    "leave out U+0000",
                ));
            }
            sql.push_str("E'");
            for letter in text.chars() {
                if letter == '\'' || letter == '\\' {
                    sql.push('\\');
                }
                sql.push(letter);
            }
            sql.push('\'');
        }
    }
    Ok(())
}

fn hexadecimal(sql: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    sql.reserve(bytes.len() * 2 + 6);
    sql.push_str("E'\\\\x");
    for byte in bytes {
        sql.push(char::from(DIGITS[usize::from(byte >> 4)]));
        sql.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    // Without a type from the context, it would be a text.
    sql.push_str("'::bytea");
}
