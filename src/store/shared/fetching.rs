//! Owns filling the working copy: which tables a statement needs, and their rows from the server.

use std::collections::BTreeMap;

use anyhow::Result;
use postgres::SimpleQueryRow;

use super::filling::fill_table;
use super::session::number;
use super::{Mode, Shared};
use crate::domain::account::member::SystemId;
use crate::domain::value::instant::Instant;
use crate::store::database::connection::Connection;
use crate::store::published::turns;
use crate::store::sealed::followers::Followers;
use crate::store::sealed::seals;

impl Shared {
    /// Fills the tables that a statement has asked for.
    pub(in crate::store) fn fill(&self, connection: &Connection) -> rusqlite::Result<()> {
        let missing = self.asked.bits() & !self.filled.get();
        if missing == 0 { Ok(()) } else { self.noting_failure(|| self.fill_tables(connection, missing)) }
    }

    /// The same for a statement whose segments are already there.
    pub(in crate::store) fn fill_but_segments(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.asked.forget(self.catalog.bits(&["segment"]));
        self.fill(connection)
    }

    /// Fills every table.
    pub(in crate::store) fn fill_all(&self, connection: &Connection) -> rusqlite::Result<()> {
        let missing = self.catalog.all() & !self.filled.get();
        if missing == 0 { Ok(()) } else { self.noting_failure(|| self.fill_tables(connection, missing)) }
    }

    /// Runs `work`, which may fail because of the server in the middle of SQLite's work. The error is kept, to tell it
    /// from damage of the copy.
    pub(super) fn noting_failure(&self, work: impl FnOnce() -> Result<()>) -> rusqlite::Result<()> {
        let has_failed = self.failed.borrow().is_some();
        let error = match if has_failed { Ok(()) } else { work() } {
            Ok(()) if !has_failed => return Ok(()),
            Ok(()) => "the shared store has failed".to_owned(),
            Err(error) => {
                let text = format!("{error:#}");
                *self.failed.borrow_mut() = Some(error);
                text
            }
        };
        Err(rusqlite::Error::UserFunctionError(error.into()))
    }

    fn fill_tables(&self, connection: &Connection, missing: u64) -> Result<()> {
        self.begin_if_idle()?;
        if connection.is_autocommit() {
            connection.execute_batch("BEGIN")?;
        }
        let groups = self.catalog.groups(missing).fold(0, |all, group| all | group) & !self.filled.get();
        if self.mode.get() != Mode::Read {
            // A table is requested before it is changed.
            self.note_tables(connection, groups)?;
        }
        let segment = self.catalog.bits(&["segment"]);
        let base = self.catalog.bits(&["seal"]);
        let schema = &self.address.schema;
        let mut sql = String::new();
        for (_, table) in self.catalog.tables_of(groups & !segment) {
            sql.push_str(&format!("SELECT {} FROM {schema}.{};", table.fetched(), table.stored()));
        }
        let has_base = groups & base != 0;
        if has_base {
            sql.push_str(&format!(
                "SELECT name, last FROM {schema}.counter; SELECT system, at, version FROM {schema}.touched"
            ));
        }
        let mut answers = if sql.is_empty() { Vec::new() } else { self.session.borrow_mut().ask(&sql)? }.into_iter();
        let noting = self.mode.get() != Mode::Idle;
        self.note_changes(false);
        for (_, table) in self.catalog.tables_of(groups & !segment) {
            fill_table(connection, table, &answers.next().unwrap_or_default())?;
        }
        if groups & segment != 0 {
            self.all_segments(connection)?;
        }
        self.filled.set(self.filled.get() | groups);
        if has_base {
            self.count_on(connection, &answers.next().unwrap_or_default())?;
            let touched = answers.next().unwrap_or_default();
            let touched = touched.iter().map(|row| Ok((number(row, 0)?, (number(row, 1)?, number(row, 2)?))));
            *self.touched.borrow_mut() = touched.collect::<Result<_>>()?;
        }
        self.note_changes(noting);
        if has_base { self.step_back(connection) } else { Ok(()) }
    }

    /// Continues ids that are not reused from their last values.
    fn count_on(&self, connection: &Connection, counters: &[SimpleQueryRow]) -> Result<()> {
        let mut known = self.counters.borrow_mut();
        for row in counters {
            let (name, last) = (row.get(0).unwrap_or_default(), number(row, 1)?);
            connection.execute_batch(&format!(
                "DELETE FROM sqlite_sequence WHERE name = '{name}'; INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', {last})"
            ))?;
            known.insert(name.to_owned(), last);
        }
        // The statements above were not requests.
        self.asked.forget(!self.filled.get());
        Ok(())
    }

    /// Cuts caches back to what facts added since they were made do not affect.
    fn step_back(&self, connection: &Connection) -> Result<()> {
        let touched: BTreeMap<i64, Instant> =
            self.touched.borrow().iter().map(|(system, (at, _))| (*system, Instant::from_millis(*at))).collect();
        let Some(earliest) = touched.values().min() else { return Ok(()) };
        let sql = "SELECT max(max(sealed_until, published_until)) FROM seal";
        let until: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
        let cutting = touched.iter().filter(|(_, at)| until.is_some_and(|until| at.millis() <= until));
        if Followers::default().trim(connection, cutting.map(|(system, at)| (SystemId(*system), *at))).is_err() {
            // What these systems decide is unknown, so no sealed day can be trusted.
            connection.execute("DELETE FROM seal", [])?;
        }
        seals::outdate(connection, *earliest)?;
        turns::outdate(connection, *earliest)
    }
}
