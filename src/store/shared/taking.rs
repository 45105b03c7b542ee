//! Owns adding facts beside other writers: an ingest locks its systems, always in one order, and works on the parts of
//! their streams around its facts. It does not touch caches: each system notes the time from which readers must cut
//! them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use postgres::SimpleQueryRow;

use super::catalog::Table;
use super::filling::fill_table;
use super::session::number;
use super::{Mode, Shared};
use crate::domain::account::member::SystemId;
use crate::domain::health::ingest::IngestId;
use crate::domain::value::instant::Instant;
use crate::store::database::connection::Connection;

/// The tables that an ingest fills in parts.
const TABLES: [&str; 8] = ["system", "stream", "segment", "note", "overruled", "ingest", "input_digest", "rewrite_log"];
/// Streams requested at once.
const MOST: usize = 5000;

/// A stream and the range of its incoming facts.
#[derive(Clone, Debug)]
pub(in crate::store) struct Taking<'a> {
    pub(in crate::store) system: &'a str,
    pub(in crate::store) source: u8,
    pub(in crate::store) check: &'a str,
    pub(in crate::store) location: &'a str,
    pub(in crate::store) from: Instant,
    pub(in crate::store) through: Instant,
}

impl Shared {
    /// Whether the open transaction is an ingest's, which leaves caches alone.
    pub(in crate::store) fn is_taking(&self) -> bool {
        self.mode.get() == Mode::Ingest
    }

    /// The tables that an ingest fills and changes.
    pub(super) fn taken_tables(&self) -> u64 {
        self.catalog.bits(&TABLES)
    }

    pub(super) fn begin_taking(&self) {
        self.filled.set(self.taken_tables());
    }

    /// Locks systems, always in the order of their ids, so that there are no deadlocks.
    pub(in crate::store) fn lock_systems(&self, connection: &Connection, systems: &BTreeSet<&str>) -> Result<()> {
        if !self.is_taking() || systems.is_empty() {
            return Ok(());
        }
        let answers = self.session.borrow_mut().ask(&self.locking(systems.iter().copied()))?;
        self.locked(connection, answers.first(), systems.len())
    }

    fn locking<'n>(&self, systems: impl Iterator<Item = &'n str>) -> String {
        let names: Vec<String> = systems.map(quoted).collect();
        let columns = self.table("system").map_or_else(String::new, |table| table.fetched_of("y."));
        let schema = &self.address.schema;
        // The same query returns whether a system is composite, to save a round trip.
        format!(
            "SELECT {columns}, EXISTS (SELECT 1 FROM {schema}.member_input AS m WHERE m.composite = y.id)
             FROM {schema}.system AS y WHERE y.name IN ({}) ORDER BY y.id FOR UPDATE",
            names.join(", ")
        )
    }

    /// Fills the rows of locked systems. If there are fewer than `wanted`, this transaction will begin some. It cannot
    /// lock those, so it locks out whoever writes alone.
    fn locked(&self, connection: &Connection, rows: Option<&Vec<SimpleQueryRow>>, wanted: usize) -> Result<()> {
        let Some(table) = self.table("system") else { return Ok(()) };
        if rows.map_or(0, Vec::len) < wanted && !self.begins_systems.replace(true) {
            let sql = format!("SELECT revision FROM {}.about WHERE id = 1 FOR KEY SHARE", self.address.schema);
            self.session.borrow_mut().run(&sql)?;
        }
        let place = |name: &str| table.columns.iter().position(|column| column.name == name).unwrap_or_default();
        let mut composites = self.composites.borrow_mut();
        let composites = composites.get_or_insert_default();
        for row in rows.into_iter().flatten() {
            let id = number(row, place("id"))?;
            composites.remove(&id);
            if row.get(table.columns.len()) == Some("t") {
                composites.insert(id, row.get(place("name")).unwrap_or_default().to_owned());
            }
        }
        self.fill_from(connection, "system", rows)
    }

    /// The composite systems, with their names, among those whose facts this process has written; `None` if it has
    /// written none.
    pub(in crate::store) fn taken_composites(&self) -> Option<BTreeMap<i64, String>> {
        self.composites.borrow().clone()
    }

    /// Locks the systems of streams, and fills the copy with the parts of the streams around the incoming facts.
    pub(in crate::store) fn take(&self, connection: &Connection, wanted: &[Taking<'_>]) -> Result<()> {
        if !self.is_taking() || wanted.is_empty() {
            return Ok(());
        }
        let noting = self.stop_noting();
        let systems: BTreeSet<&str> = wanted.iter().map(|stream| stream.system).collect();
        let count = systems.len();
        let locking = self.locking(systems.into_iter());
        let mut locking = Some((locking.as_str(), count));
        for wanted in wanted.chunks(MOST) {
            let known = self.streams(connection, locking.take(), wanted)?;
            self.surroundings(connection, &known)?;
        }
        self.note_changes(noting);
        Ok(())
    }

    /// Fills the rows of streams, and returns the ids of those that exist, with their ranges.
    fn streams(
        &self,
        connection: &Connection,
        locking: Option<(&str, usize)>,
        wanted: &[Taking<'_>],
    ) -> Result<Vec<String>> {
        let Some(table) = self.table("stream") else { return Ok(Vec::new()) };
        let rows: Vec<String> = wanted
            .iter()
            .enumerate()
            .map(|(index, stream)| {
                let Taking { system, source, check, location, .. } = stream;
                format!("({index}, {}, {source}, {}, {})", quoted(system), quoted(check), quoted(location))
            })
            .collect();
        let schema = &self.address.schema;
        // Systems first: without statistics of new tables, the server would compare all checks of one name.
        let sql = format!(
            "{}WITH known (n, system, source, healthcheck, location) AS MATERIALIZED (
                 SELECT w.n, y.id, w.source, w.healthcheck, w.location
                 FROM (VALUES {}) AS w (n, name, source, healthcheck, location) JOIN {schema}.system AS y ON y.name = w.name
             ) SELECT {}, w.n FROM known AS w JOIN {schema}.stream AS s ON s.system = w.system AND s.source = w.source
             AND s.healthcheck = w.healthcheck AND s.location = w.location",
            locking.map_or_else(String::new, |(sql, _)| format!("{sql};\n")),
            rows.join(", "),
            table.fetched_of("s.")
        );
        let answers = self.session.borrow_mut().ask(&sql)?;
        if let Some((_, systems)) = locking {
            self.locked(connection, answers.first(), systems)?;
        }
        let found = answers.last().map_or(&[][..], Vec::as_slice);
        fill_table(connection, table, found)?;
        let place = table.columns.len();
        let id = table.columns.iter().position(|column| column.name == "id").unwrap_or_default();
        let known = found.iter().map(|row| {
            let Taking { from, through, .. } = &wanted[number(row, place)? as usize];
            Ok(format!("({}::bigint, {}::bigint, {}::bigint)", number(row, id)?, from.millis(), through.millis()))
        });
        known.collect()
    }

    /// Fills the segments that facts fall into and those beside them, and what else is known of the times in them.
    fn surroundings(&self, connection: &Connection, known: &[String]) -> Result<()> {
        const OF_SEGMENTS: [(&str, &str); 2] = [("note", "ts"), ("overruled", "ts")];
        if known.is_empty() {
            return Ok(());
        }
        let schema = &self.address.schema;
        let streams = format!("(VALUES {}) AS w (stream, a, b)", known.join(", "));
        let around = format!(
            "FROM {schema}.segment AS g WHERE g.stream = w.stream AND g.first_ts >=
             coalesce((SELECT max(first_ts) FROM {schema}.segment WHERE stream = w.stream AND first_ts < w.a), w.a)
             AND g.first_ts <=
             coalesce((SELECT min(first_ts) FROM {schema}.segment WHERE stream = w.stream AND first_ts > w.b), w.b)"
        );
        let columns = |name: &str| self.table(name).map_or_else(String::new, |table| table.fetched_of("r."));
        let mut sql =
            format!("SELECT {} FROM {streams} CROSS JOIN LATERAL (SELECT * {around}) AS r", columns("segment"));
        for (name, _) in OF_SEGMENTS {
            sql.push_str(&format!(
                ";\nSELECT {} FROM {streams} CROSS JOIN LATERAL (SELECT min(first_ts) AS a, max(last_ts) AS b {around}) AS g
                 JOIN {schema}.{name} AS r ON r.stream = w.stream AND r.ts BETWEEN g.a AND g.b",
                columns(name)
            ));
        }
        let answers = self.session.borrow_mut().ask(&sql)?;
        let tables = [("segment", "first_ts")].into_iter().chain(OF_SEGMENTS);
        tables.zip(&answers).try_for_each(|((name, moment), rows)| self.fill_once(connection, (name, moment), rows))
    }

    /// Fills the rows of a table of facts that this transaction has not taken yet: those that it has may have changed
    /// in the copy, even in what identifies them.
    fn fill_once(&self, connection: &Connection, (name, moment): (&str, &str), rows: &[SimpleQueryRow]) -> Result<()> {
        let Some(index) = self.catalog.index(name) else { return Ok(()) };
        let table = &self.catalog.tables[index];
        let place = |name: &str| table.columns.iter().position(|column| column.name == name).unwrap_or_default();
        let (stream, moment) = (place("stream"), place(moment));
        let mut taken = self.taken.borrow_mut();
        let (mut fresh, mut keys) = (Vec::new(), Vec::new());
        for row in rows {
            let key = (index, number(row, stream)?, number(row, moment)?);
            if !taken.contains(&key) {
                fresh.push(row);
                keys.push(key);
            }
        }
        taken.extend(keys);
        fill_table(connection, table, fresh)
    }

    /// Makes sure that the row of an ingest is there, which an earlier transaction may have written, and locks it:
    /// others may forget that ingest, but not meanwhile.
    pub(in crate::store) fn want_ingest(&self, connection: &Connection, id: IngestId) -> Result<()> {
        let known = "SELECT 1 FROM main.ingest WHERE id = ?1";
        let Some(table) = self.table("ingest").filter(|_| self.is_taking()) else { return Ok(()) };
        if rusqlite::Connection::prepare_cached(connection, known)?.exists([id])? {
            return Ok(());
        }
        let sql = format!("SELECT {} FROM {}.ingest WHERE id = {id} FOR UPDATE", table.fetched(), self.address.schema);
        let answers = self.session.borrow_mut().ask(&sql)?;
        self.fill_from(connection, "ingest", answers.first())
    }

    /// Notes, for each system, the time from which its facts have changed.
    pub(in crate::store) fn touch(&self, touched: &BTreeMap<SystemId, Instant>) {
        let mut touching = self.touching.borrow_mut();
        for (system, at) in touched {
            let earliest = touching.entry(system.0).or_insert(at.millis());
            *earliest = at.millis().min(*earliest);
        }
    }

    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.catalog.index(name).map(|index| &self.catalog.tables[index])
    }

    fn fill_from(&self, connection: &Connection, name: &str, rows: Option<&Vec<SimpleQueryRow>>) -> Result<()> {
        let Some(table) = self.table(name) else { return Ok(()) };
        let noting = self.stop_noting();
        fill_table(connection, table, rows.into_iter().flatten())?;
        self.note_changes(noting);
        Ok(())
    }
}

/// A quoted name; names have no characters that must be escaped.
pub(super) fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}
