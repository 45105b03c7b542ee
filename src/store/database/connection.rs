//! Owns the connection that statements run on: a file's, or that of a working copy of the shared store, whose tables
//! are filled when a statement first asks for them.

use std::ops::Deref;

use rusqlite::{CachedStatement, Params, Result, Row, Statement};

use crate::domain::value::instant::Instant;
use crate::store::shared::{About, Part, Shared};

/// What statements run on. Everything not named here, such as the last inserted row id, is SQLite's own.
#[derive(Debug)]
pub(in crate::store) struct Connection {
    sqlite: rusqlite::Connection,
    shared: Option<Box<Shared>>,
}

impl Deref for Connection {
    type Target = rusqlite::Connection;

    fn deref(&self) -> &rusqlite::Connection {
        &self.sqlite
    }
}

impl Connection {
    pub(in crate::store) fn of_file(sqlite: rusqlite::Connection) -> Self {
        Self { sqlite, shared: None }
    }

    #[cfg(feature = "postgres")]
    pub(in crate::store) fn of_shared(sqlite: rusqlite::Connection, shared: Shared) -> Self {
        Self { sqlite, shared: Some(Box::new(shared)) }
    }

    /// The shared store, if this is a working copy of one.
    pub(in crate::store) fn shared(&self) -> Option<&Shared> {
        self.shared.as_deref()
    }

    pub(in crate::store) fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        let statement = self.sqlite.prepare(sql)?;
        self.fill()?;
        Ok(statement)
    }

    pub(in crate::store) fn prepare_cached(&self, sql: &str) -> Result<CachedStatement<'_>> {
        let statement = self.sqlite.prepare_cached(sql)?;
        self.fill()?;
        Ok(statement)
    }

    /// The same for a statement that reads only segments requested with [`Self::want_segments`].
    pub(in crate::store) fn prepare_wanted(&self, sql: &str) -> Result<CachedStatement<'_>> {
        let statement = self.sqlite.prepare_cached(sql)?;
        self.shared.as_ref().map_or(Ok(()), |shared| shared.fill_but_segments(self))?;
        Ok(statement)
    }

    /// The same for a statement that reads only the declared objects and caches of its own subject.
    pub(in crate::store) fn prepare_about(&self, sql: &str, about: About<'_>) -> Result<CachedStatement<'_>> {
        let Some(shared) = &self.shared else { return self.sqlite.prepare_cached(sql) };
        // It differs from the statement that reads everything: a cached statement does not report its tables again.
        let statement = self.sqlite.prepare_cached(&format!("{sql} /* about some */"))?;
        shared.fill_about(self, about)?;
        Ok(statement)
    }

    /// Fetches, in one trip, the declared objects and caches that statements about these will read.
    pub(in crate::store) fn expect(&self, about: About<'_>) -> Result<()> {
        self.shared.as_ref().map_or(Ok(()), |shared| shared.fill_about(self, about))
    }

    /// The same for a statement that reads only some rows of a table.
    pub(in crate::store) fn prepare_part(&self, sql: &str, part: Part<'_>) -> Result<CachedStatement<'_>> {
        let Some(shared) = &self.shared else { return self.sqlite.prepare_cached(sql) };
        let statement = self.sqlite.prepare_cached(&format!("{sql} /* a part */"))?;
        shared.fill_part(self, part)?;
        Ok(statement)
    }

    pub(in crate::store) fn execute<P: Params>(&self, sql: &str, parameters: P) -> Result<usize> {
        self.prepare(sql)?.execute(parameters)
    }

    pub(in crate::store) fn query_row<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.prepare(sql)?.query_row(parameters, read)
    }

    /// Makes sure that a working copy has the segments that give the statuses of a system's streams between two
    /// instants.
    pub(in crate::store) fn want_segments(&self, system: i64, from: Instant, through: Instant) -> Result<()> {
        self.shared
            .as_ref()
            .map_or(Ok(()), |shared| shared.want_segments(self, system, (from.millis(), through.millis())))
    }

    /// Fills every table of a working copy.
    pub(in crate::store) fn fill_all(&self) -> Result<()> {
        self.shared.as_ref().map_or(Ok(()), |shared| shared.fill_all(self))
    }

    /// The id of the next row of a table; `greatest` is an expression for the last id given.
    pub(in crate::store) fn next_id(&self, table: &'static str, greatest: &str) -> Result<i64> {
        if let Some(shared) = &self.shared {
            return shared.next_id(table);
        }
        let sql = format!("SELECT coalesce({greatest}, 0) + 1");
        self.sqlite.prepare_cached(&sql)?.query_row([], |row| row.get(0))
    }

    fn fill(&self) -> Result<()> {
        self.shared.as_ref().map_or(Ok(()), |shared| shared.fill(self))
    }
}
