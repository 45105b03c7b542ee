//! Owns opening the database: which file, how it is created, migrated or refused, and what its errors mean.

mod explaining;
mod migrating;
mod reading;
mod restating;
mod waiting;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use explaining::{extended_code, in_short, place};
use migrating::migrate;
use reading::{Marks, Opened, open_to_read};
use waiting::{PATIENCE, wait_for_others};

use super::address::expect_file;
use super::connection::Connection as Statements;
use crate::failure::Failure;
use crate::file::Identity;
use crate::store::shared::{Address, Shared, Writing};
use crate::store::soundness::{Noticed, row};

/// Marks a file of slo: "slo1".
const APPLICATION_ID: i32 = 0x736c_6f31;
/// Bytes of a page: four full segments.
const PAGE_BYTES: u32 = 8192;
/// Cached prepared statements: more than any command uses, so that none is prepared again for each row.
const MOST_STATEMENTS: usize = 128;
/// The pause before another try, where SQLite itself does not wait.
const RETRY: Duration = Duration::from_millis(20);

pub(crate) use explaining::Unreadable;
pub(in crate::store) use explaining::{code, explain, is_no_value, message};
pub(crate) use migrating::SCHEMA;
pub(in crate::store) use migrating::WHOLE;
#[cfg(feature = "postgres")]
pub(in crate::store) use migrating::{copy_of_schema, empty_copy, migrate_copy, statements_after};

/// How a command uses the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Reads only; the file must exist.
    Read,
    /// Reads and writes; the file must exist.
    Update,
    /// Reads and writes; the file and its folder are created if needed.
    Create,
    /// An in-memory database that is gone after the command.
    Scratch,
}

/// An open database.
#[derive(Debug)]
pub(crate) struct Store {
    pub(in crate::store) connection: Statements,
    /// The name of the file, or the address of a shared database without its password.
    path: PathBuf,
    /// The opened file, to notice when another one takes its name; `None` in memory.
    identity: Option<Identity>,
    unlocked: Option<Marks>,
    /// Damaged parts of caches that were not used.
    pub(in crate::store) noticed: Noticed,
}

impl Store {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// If it is missing, cannot be read or written, is damaged, or belongs to another program or a newer `slo`.
    pub(crate) fn open(path: &Path, access: Access) -> Result<Self> {
        let before = Identity::of(path);
        let locked = |connection| Opened { connection, unlocked: None };
        let opened = match access {
            Access::Scratch => Connection::open_in_memory().context("in memory").and_then(prepare).map(locked),
            _ if path.as_os_str().is_empty() => return Err(unnamed()),
            _ if let Err(error) = expect_file(path) => return Err(error),
            Access::Read | Access::Update if !path.exists() => return Err(missing(path)),
            // An absolute path, because SQLite gives some names a special meaning, such as ":memory:".
            Access::Read => std::path::absolute(path).map_err(Into::into).and_then(|path| open_to_read(&path)),
            Access::Update => {
                // Reading refuses an empty file; writing would make it a database.
                let open = |path: PathBuf| open_to_read(&path).map(drop).and_then(|()| open_to_write(&path));
                std::path::absolute(path).map_err(Into::into).and_then(open).map(locked)
            }
            Access::Create => {
                std::path::absolute(path).map_err(Into::into).and_then(|path| open_to_write(&path)).map(locked)
            }
        };
        let Opened { connection, unlocked } = opened.map_err(|error| match Failure::hint(&error) {
            Some(_) => error.context(place(path)),
            None if path.is_dir() => {
                Failure::new(format!("{}: it is a folder", place(path)), "name a file with --db or SLO_DB")
            }
            None => explain(error, path),
        })?;
        let identity = if access == Access::Scratch { None } else { before.or_else(|| Identity::of(path)) };
        row::register(&connection)?;
        connection.set_prepared_statement_cache_capacity(MOST_STATEMENTS);
        let connection = Statements::of_file(connection);
        Ok(Self { connection, path: path.to_owned(), identity, unlocked, noticed: Noticed::default() })
    }

    /// Opens a shared database.
    ///
    /// # Errors
    /// If it cannot be reached, read or written, has no tables and `access` does not create them, or belongs to a newer
    /// `slo`.
    pub(crate) fn open_shared(address: Address, access: Access) -> Result<Self> {
        let path = PathBuf::from(address.to_string());
        let connection = Shared::open(address, access)?;
        Ok(Self { connection, path, identity: None, unlocked: None, noticed: Noticed::default() })
    }

    /// Whether a shared database has the tables of slo.
    pub(crate) fn is_shared_there(address: &Address, access: Access) -> Result<bool> {
        Shared::exists(address, access)
    }

    /// Whether this is a shared database instead of a file.
    pub(crate) fn is_shared(&self) -> bool {
        self.connection.shared().is_some()
    }

    /// The same store, which reports damaged caches to `noticed`.
    pub(crate) fn telling(self, noticed: &Noticed) -> Self {
        Self { noticed: noticed.clone(), ..self }
    }

    /// Makes sure that the open file still has its name: what is written to a replaced or removed file is lost.
    ///
    /// # Errors
    /// If another file has its name now, or none.
    pub(super) fn still_there(&self) -> Result<()> {
        if self.identity.is_none() || self.identity == Identity::of(&self.path) {
            return Ok(());
        }
        Err(Failure::new(
            format!("{}: it was replaced or removed while this command used it", place(&self.path)),
            "run this again: it then uses the file that is there now; what was written to the one that was there may be lost",
        ))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one read transaction, so that everything it sees is of one instant.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        if let Some(shared) = self.connection.shared() {
            return self.read_shared(shared, work);
        }
        let run = || {
            let is_held = !self.connection.is_autocommit();
            if !is_held {
                self.connection.execute_batch("BEGIN DEFERRED")?;
            }
            let result = work(self).and_then(|value| self.unchanged().map(|()| value));
            if !is_held {
                // Nothing was written, so a failing commit loses nothing.
                drop(self.connection.execute_batch("COMMIT"));
            }
            result
        };
        run().map_err(|error| explain(error, &self.path))
    }

    /// The same for the last reading of a process. A file is not closed but left to the process's end, which frees
    /// everything at once: piece by piece that takes a twentieth of the time of a short command.
    pub(crate) fn read_last<T>(self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let found = self.read(work);
        if !self.is_shared() {
            std::mem::forget(self);
        }
        found
    }

    /// Keeps one snapshot for everything read from now on, while the database is open. Has no effect on a shared
    /// database.
    pub(crate) fn hold(&self) -> Result<()> {
        if self.is_shared() {
            return Ok(());
        }
        self.connection.execute_batch("BEGIN DEFERRED").map_err(|error| explain(error.into(), &self.path))
    }

    /// Makes sure that nothing changed while reading without locks.
    ///
    /// # Errors
    /// If another process wrote in the meantime.
    pub(in crate::store) fn unchanged(&self) -> Result<()> {
        self.unlocked.as_ref().map_or(Ok(()), |marks| marks.still_hold(&self.path))
    }

    /// Runs `work`, which adds facts, in one write transaction: all of it is kept, or nothing. On a shared database it
    /// may run several times.
    pub(crate) fn write<T>(&mut self, work: impl FnMut(&Self) -> Result<T>) -> Result<T> {
        if let Some(shared) = self.connection.shared() {
            return self.write_shared(shared, Writing::Facts, work);
        }
        self.transact(work).map_err(|error| explain(self.leaving_behind(error), &self.path))
    }

    /// Runs `work` in a write transaction that is rolled back.
    pub(crate) fn rehearse<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        if let Some(shared) = self.connection.shared() {
            return self.rehearse_shared(shared, work);
        }
        let run = || {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            let result = self.still_there().and_then(|()| work(self));
            drop(self.connection.execute_batch("ROLLBACK"));
            result
        };
        run().map_err(|error| explain(error, &self.path))
    }

    /// As [`Self::write`], with errors unexplained.
    pub(in crate::store) fn transact<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let result = self.still_there().and_then(|()| work(self)).and_then(|value| {
            self.connection.execute_batch("COMMIT")?;
            Ok(value)
        });
        if result.is_err() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        result.and_then(|value| self.still_there().map(|()| value))
    }
}

fn unnamed() -> anyhow::Error {
    Failure::new("the name of the database file is empty", "name the file with --db PATH or SLO_DB")
}

fn missing(path: &Path) -> anyhow::Error {
    Failure::new(
        format!("there is no database at {}", path.display()),
        "import transitions with `slo ingest FILE`, name another database with --db or SLO_DB, or try `slo demo`",
    )
}

fn open_to_write(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::new(
                format!("cannot make the folder {}: {error}", folder.display()),
                "name a file in a writable folder with --db or SLO_DB",
            )
        })?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    wait_for_others(&connection)?;
    prepare(connection)
}

/// Makes the schema of a new file, migrates an older one, and sets what every writer needs.
fn prepare(connection: Connection) -> Result<Connection> {
    let version = if is_empty(&connection)? {
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        0
    } else {
        check_identity(&connection)?
    };
    log_ahead(&connection)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -12000;")?;
    if version != SCHEMA {
        // A step may replace a table that others refer to: dropping the old one must not cascade.
        connection.execute_batch("PRAGMA foreign_keys = OFF")?;
        migrate(&connection)?;
    }
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    Ok(connection)
}

/// Switches to write-ahead logging. SQLite does not wait for locks when it does that.
fn log_ahead(connection: &Connection) -> Result<()> {
    let mut tries = PATIENCE.as_millis() / RETRY.as_millis();
    loop {
        let mode: rusqlite::Result<String> = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match mode {
            Err(rusqlite::Error::SqliteFailure(failure, _)) if failure.code == ErrorCode::DatabaseBusy && tries > 0 => {
                tries -= 1;
                std::thread::sleep(RETRY);
            }
            other => return Ok(other.map(drop)?),
        }
    }
}

/// Whether the file was never written to.
fn is_empty(connection: &Connection) -> Result<bool> {
    at_one_moment(connection, || holds_nothing(connection))
}

fn holds_nothing(connection: &Connection) -> Result<bool> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0 && identity(connection)? == (0, 0))
}

/// Runs `look` in one transaction: another process may create the schema between two statements.
fn at_one_moment<T>(connection: &Connection, look: impl FnOnce() -> Result<T>) -> Result<T> {
    if !connection.is_autocommit() {
        return look();
    }
    connection.execute_batch("BEGIN DEFERRED")?;
    let seen = look();
    // Nothing was written, so a failing commit loses nothing.
    drop(connection.execute_batch("COMMIT"));
    seen
}

fn identity(connection: &Connection) -> Result<(i32, i32)> {
    let application = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    Ok((application, connection.query_row("PRAGMA user_version", [], |row| row.get(0))?))
}

/// The schema's version; refuses other programs' files and newer schemas.
fn check_identity(connection: &Connection) -> Result<i32> {
    at_one_moment(connection, || known_identity(connection))
}

fn known_identity(connection: &Connection) -> Result<i32> {
    let (application, version) = identity(connection)?;
    if version == 0 && holds_nothing(connection)? {
        return Err(Failure::new("it is empty", "import transitions with `slo ingest FILE`"));
    }
    if application != APPLICATION_ID {
        return Err(Failure::new(
            "this SQLite file does not belong to slo",
            "name another file with --db or SLO_DB; slo never changes a database that it did not make",
        ));
    }
    if version > SCHEMA {
        return Err(Failure::new(
            format!("it was written by a newer slo (schema {version}; this one knows schemas up to {SCHEMA})"),
            "use that newer version; an older one could damage the data",
        ));
    }
    if version < 1 {
        return Err(Failure::new(
            format!("its schema {version} is unknown"),
            "restore the file from a backup, or ingest the same files into a new one",
        ));
    }
    Ok(version)
}
