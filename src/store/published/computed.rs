//! Owns the tables that `compute` fills for other readers of the file: updating them, writing only what differs, and
//! comparing them with what was computed. docs/reference/tables.md promises their names and columns.

mod aligning;
mod days;
mod events;
mod publishing;
mod rows;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{CachedStatement, params, params_from_iter};

use crate::domain::rules::change::{ChangeKind, Seen, View};
use crate::domain::value::instant::Instant;
use crate::store::database::open::Store;
use crate::store::sealed::seals;
use crate::store::soundness::row::{intact, is_intact};
use crate::store::soundness::{DamagedCache, Difference, row};

pub(crate) use publishing::{Before, Publisher};

/// The columns of a table as declared, without the checksum; the first `keys` of them identify its rows.
struct Table {
    name: &'static str,
    keys: usize,
    columns: &'static [&'static str],
}

impl Table {
    /// All columns, in the order of reading and writing.
    fn all(&self) -> String {
        format!("{}, checksum", self.columns.join(", "))
    }

    /// A statement that inserts a row or replaces the one with its keys.
    fn putting(&self) -> String {
        let places: Vec<String> = (1..=self.columns.len() + 1).map(|place| format!("?{place}")).collect();
        format!("INSERT OR REPLACE INTO {} ({}) VALUES ({})", self.name, self.all(), places.join(", "))
    }

    /// Compares the keys of two rows.
    fn compare(&self, one: &Row, other: &Row) -> Ordering {
        let keys = one.iter().zip(other).take(self.keys).map(|pair| match pair {
            (Value::Text(one), Value::Text(other)) => one.cmp(other),
            _ => Ordering::Equal,
        });
        keys.fold(Ordering::Equal, Ordering::then)
    }
}

/// The tables that are updated row by row.
const ALIGNED: [&Table; 4] = [&rows::OBJECTIVE_STATUS, &rows::STREAK, &rows::SYSTEM_STATUS, &rows::ACHIEVEMENT];

/// A row with its checksum.
fn summed(mut row: Row) -> Row {
    row.push(Value::Integer(row::checksum(row.iter().map(ValueRef::from)).into()));
    row
}

/// The values of one row, in the order of the table's columns.
type Row = Vec<Value>;

/// The views of everything, by kind and id.
pub(crate) type Views = BTreeMap<(ChangeKind, String), View>;

/// The last computation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Computed {
    pub(crate) as_of: Instant,
    /// Whether no fact until then and no manifest has changed since.
    pub(crate) is_current: bool,
    /// The digest of the tables after it; 0 if unknown.
    digest: i64,
}

/// A digest of the tables that are updated row by row, whatever the order of their rows.
#[derive(Clone, Copy, Default, Debug)]
struct Digest {
    rows: i64,
    /// Of the lower 32 bits of the checksums of all rows.
    sum: i64,
}

impl Digest {
    fn add(&mut self, row: &Row) {
        self.rows += 1;
        self.sum += if let Some(Value::Integer(sum)) = row.last() { sum & 0xffff_ffff } else { 0 };
    }
}

/// The digests of the tables of [`ALIGNED`].
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Aligned([Digest; 4]);

/// One digest of several tables, which is never 0.
fn digest_of(tables: impl IntoIterator<Item = Digest>) -> i64 {
    let numbers = tables.into_iter().flat_map(|digest| [digest.rows, digest.sum]);
    i64::from(row::checksum(numbers.map(ValueRef::Integer))) | 1 << 40
}

impl Store {
    /// The last computation, if there was one; `None` also if its row is damaged.
    pub(crate) fn computed(&self) -> Result<Option<Computed>> {
        let sql = concat!("SELECT as_of, is_current, ", intact!(computation), ", digest FROM computation");
        self.believe("computation", &"", || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let as_of =
                Instant::parse_printed(row.get_ref(0)?.as_str()?).filter(|_| is_intact(row, 2).unwrap_or(false));
            let as_of = as_of.ok_or(DamagedCache("computation"))?;
            Ok(Some(Computed { as_of, is_current: row.get(1)?, digest: row.get(3)? }))
        })
    }

    /// The time of the last computation, if there was one; `otherwise` if its row is damaged.
    pub(crate) fn computed_or_damaged(&self, otherwise: Instant) -> Result<Option<Instant>> {
        if let Some(computed) = self.computed()? {
            return Ok(Some(computed.as_of));
        }
        let was = self.connection.prepare("SELECT 1 FROM computation").and_then(|mut statement| statement.exists([]));
        Ok(was.unwrap_or(true).then_some(otherwise))
    }

    /// Stores the time of the tables and their digest, given the aligned tables.
    pub(crate) fn put_computed(&self, as_of: Instant, aligned: Aligned) -> Result<()> {
        let digest = digest_of(aligned.0.into_iter().chain(self.past_digests()?));
        self.connection.execute("DELETE FROM computation WHERE id <> 1", [])?;
        let sql = "INSERT INTO computation (id, as_of, is_current, digest, checksum)
                   VALUES (1, ?1, 1, ?2, row_sum(1, ?1, 1, ?2))
                   ON CONFLICT (id) DO UPDATE SET as_of = excluded.as_of, is_current = 1, digest = excluded.digest,
                   checksum = excluded.checksum
                   WHERE as_of <> excluded.as_of OR is_current <> 1 OR digest <> excluded.digest
                   OR checksum <> excluded.checksum";
        self.connection.execute(sql, params![as_of.to_string(), digest])?;
        Ok(())
    }

    /// Whether the tables are what a computation as of `as_of` would produce: the last one was of the same time,
    /// nothing has changed since, and every row is there and intact.
    pub(crate) fn is_computed(&self, as_of: Instant) -> Result<bool> {
        let Some(computed) = self.computed()?.filter(|computed| computed.is_current && computed.as_of == as_of) else {
            return Ok(false);
        };
        if computed.digest == 0 {
            return Ok(false);
        }
        let mut digests = Vec::new();
        for table in ALIGNED {
            let (name, columns) = (table.name, table.columns.join(", "));
            let sql = format!(
                "SELECT count(*), coalesce(sum(checksum & 4294967295), 0),
                        count(*) FILTER (WHERE checksum IS NOT row_sum({columns})) FROM {name}"
            );
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?));
            let (rows, sum, damaged) = self.connection.query_row(&sql, [], read)?;
            if damaged > 0 {
                return Ok(false);
            }
            digests.push(Digest { rows, sum });
        }
        digests.extend(self.past_digests()?);
        Ok(digest_of(digests) == computed.digest)
    }

    /// The digests of the published days and events, from their checksums.
    fn past_digests(&self) -> Result<Vec<Digest>> {
        let digest = |table: &Table| -> Result<Digest> {
            let sql = format!("SELECT count(*), coalesce(sum(checksum & 4294967295), 0) FROM {}", table.name);
            Ok(self.connection.query_row(&sql, [], |row| Ok(Digest { rows: row.get(0)?, sum: row.get(1)? }))?)
        };
        [&rows::SNAPSHOT_RUN, &rows::DOWNTIME_EVENT].into_iter().map(digest).collect()
    }

    /// Marks the tables as outdated, because manifests have changed.
    pub(crate) fn outdate_computed(&self) -> Result<()> {
        seals::outdate(&self.connection, Instant::MIN)
    }

    /// The views of everything as of the last computation. If their table is damaged, the change log has them.
    pub(crate) fn last_views(&self) -> Result<Views> {
        if self.computed()?.is_none() {
            return self.logged_views();
        }
        let seen = self.believe("objective_status", &"", || self.published_views().map(Some))?;
        seen.map_or_else(|| self.logged_views(), Ok)
    }

    fn published_views(&self) -> Result<Views> {
        let mut views = Views::new();
        for kind in [ChangeKind::Objective, ChangeKind::System, ChangeKind::Achievement] {
            let table = table_of(kind);
            let sql = format!("SELECT {} FROM {}", table.all(), table.name);
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let row = read(table, row)?;
                views.insert((kind, id_of(kind, &row)), view_of(kind, &row)?);
            }
        }
        Ok(views)
    }

    /// The rows of a table that match a condition, by their keys.
    fn stored(
        &self,
        table: &Table,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<BTreeMap<Vec<String>, Row>> {
        let sql = format!("SELECT {} FROM {} WHERE {condition}", table.all(), table.name);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(table, row)?);
        }
        Ok(keyed(table, found))
    }

    /// Writes the rows that differ from the stored ones, and deletes those that are not wanted.
    fn align(&self, table: &Table, mut stored: BTreeMap<Vec<String>, Row>, wanted: Vec<Row>) -> Result<()> {
        let mut putting = None;
        for (key, row) in keyed(table, wanted) {
            if stored.remove(&key).as_ref() != Some(&row) {
                self.put_row(table, &mut putting, &row)?;
            }
        }
        stored.into_values().try_for_each(|row| self.delete_row(table, &row))
    }

    /// Writes a row of a table with a statement that is prepared for the first one.
    fn put_row<'s>(&'s self, table: &Table, putting: &mut Option<CachedStatement<'s>>, row: &Row) -> Result<()> {
        let prepared = match putting.take() {
            Some(prepared) => prepared,
            None => self.connection.prepare_cached(&table.putting())?,
        };
        putting.insert(prepared).execute(params_from_iter(row))?;
        Ok(())
    }

    fn delete_row(&self, table: &Table, row: &Row) -> Result<()> {
        let keys = table.columns[..table.keys].iter().enumerate();
        let keys: Vec<String> = keys.map(|(place, column)| format!("{column} = ?{}", place + 1)).collect();
        let sql = format!("DELETE FROM {} WHERE {}", table.name, keys.join(" AND "));
        self.connection.prepare_cached(&sql)?.execute(params_from_iter(&row[..table.keys]))?;
        Ok(())
    }
}

/// A row of a table, with its checksum.
fn read(table: &Table, row: &rusqlite::Row<'_>) -> Result<Row> {
    let mut values = Row::new();
    refill(&mut values, table, row)?;
    Ok(values)
}

/// Reads a row of a table, with its checksum, into the memory of another one.
fn refill(values: &mut Row, table: &Table, row: &rusqlite::Row<'_>) -> Result<()> {
    values.resize(table.columns.len() + 1, Value::Null);
    for (index, value) in values.iter_mut().enumerate() {
        let is = row.get_ref(index)?;
        match (&mut *value, is.as_str(), is) {
            (Value::Text(text), Ok(is), _) => is.clone_into(text),
            (_, _, ValueRef::Null) => *value = Value::Null,
            (_, _, ValueRef::Integer(is)) => *value = Value::Integer(is),
            (_, _, ValueRef::Real(is)) => *value = Value::Real(is),
            _ => *value = row.get(index)?,
        }
    }
    Ok(())
}

/// The table with the views of a kind.
fn table_of(kind: ChangeKind) -> &'static Table {
    match kind {
        ChangeKind::Objective => &rows::OBJECTIVE_STATUS,
        ChangeKind::System => &rows::SYSTEM_STATUS,
        ChangeKind::Achievement | ChangeKind::Condition => &rows::ACHIEVEMENT,
    }
}

/// The fields of a view, with their columns and whether those are flags.
fn fields(kind: ChangeKind) -> &'static [(&'static str, &'static str, bool)] {
    match kind {
        ChangeKind::Objective => &[
            ("state", "state", false),
            ("budgetTier", "budget_tier", false),
            ("isBreaching", "is_breaching", true),
            ("hasOpenDowntime", "has_open_downtime", true),
            ("fastBurn", "fast_burn", true),
        ],
        ChangeKind::System => &[("status", "status", false)],
        ChangeKind::Achievement | ChangeKind::Condition => &[
            ("systemId", "system_id", false),
            ("achievement", "achievement", false),
            ("unlockedAt", "unlocked_at", false),
        ],
    }
}

/// The id of a row in the change log.
fn id_of(kind: ChangeKind, row: &Row) -> String {
    row[..table_of(kind).keys].iter().map(in_words).collect::<Vec<_>>().join("/")
}

/// Checks that a stored row is intact.
fn expect(table: &Table, row: &Row) -> Result<()> {
    let (covered, sum) = row.split_at(table.columns.len());
    let is_whole = sum == [Value::Integer(row::checksum(covered.iter().map(ValueRef::from)).into())];
    if is_whole { Ok(()) } else { Err(DamagedCache(table.name).into()) }
}

/// The places of the columns that make up a view.
fn seen_in(kind: ChangeKind) -> Vec<usize> {
    let tells = |column: &str| fields(kind).iter().any(|(_, tells, _)| *tells == column);
    let columns = table_of(kind).columns.iter().enumerate();
    columns.filter(|(_, column)| tells(column)).map(|(place, _)| place).collect()
}

/// The view of a stored row.
fn view_of(kind: ChangeKind, row: &Row) -> Result<View> {
    let table = table_of(kind);
    expect(table, row)?;
    let seen = |(name, column, is_flag): &(&str, &str, bool)| {
        let value = table.columns.iter().position(|known| known == column).map(|index| &row[index]);
        let seen = match value {
            Some(Value::Integer(flag)) if *is_flag => Seen::Flag(*flag != 0),
            Some(Value::Text(text)) if !*is_flag => Seen::Text(text.clone()),
            _ => return Err(DamagedCache(table.name).into()),
        };
        Ok(((*name).to_owned(), seen))
    };
    fields(kind).iter().map(seen).collect::<Result<_>>().map(View)
}

/// Names a row by its table and keys.
fn place(table: &Table, row: &[Value]) -> String {
    format!("{}: {}", table.name, row[..table.keys].iter().map(in_words).collect::<Vec<_>>().join(" "))
}

/// The first column that differs from the wanted one.
fn differing_column(table: &Table, row: &Row, wanted: &Row) -> Option<Difference> {
    let columns = table.columns.iter().chain(&["checksum"]);
    let (column, (is, should)) = columns.zip(row.iter().zip(wanted)).find(|(_, (is, should))| is != should)?;
    let (place, is, should) = (place(table, wanted), in_words(is), in_words(should));
    Some(Difference(format!("{place} has the {column} {is}; recomputed it is {should}")))
}

fn keyed(table: &Table, rows: Vec<Row>) -> BTreeMap<Vec<String>, Row> {
    let key = |row: &Row| row[..table.keys].iter().map(in_words).collect();
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(_) => "a blob".to_owned(),
    }
}
