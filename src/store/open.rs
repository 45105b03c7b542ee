//! Owns opening the database: which file, how it is made, migrated, refused, and what its errors mean to a person.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations};

use crate::failure::Failure;

/// Marks the file as ours: "slo1".
const APPLICATION_ID: i32 = 0x736c_6f31;
/// Bytes of a page: four full segments.
const PAGE_BYTES: u32 = 8192;
/// How long a command waits for another that writes.
const PATIENCE: Duration = Duration::from_mins(1);

const STEPS: &[M<'_>] = &[M::up(include_str!("migrations/0001_journal_and_manifests.sql"))];
const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);
/// The schema this build reads and writes.
pub(crate) const SCHEMA: i32 = STEPS.len() as i32;

/// What a command wants of the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Reads only; the file must exist.
    Read,
    /// Reads and writes; the file and its folder are made if need be.
    Create,
    /// A database in memory that vanishes with the command.
    Scratch,
}

/// An open database.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// When there is none, it cannot be read or written, is damaged, belongs to another program, or to a newer `slo`.
    pub(crate) fn open(path: &Path, access: Access) -> Result<Self> {
        let opened = match access {
            Access::Read => open_to_read(path),
            Access::Create => open_to_write(path),
            Access::Scratch => Connection::open_in_memory().context("in memory").and_then(prepare),
        };
        let connection = opened.map_err(|error| explain(error, path))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one read transaction, so that all it sees is of one moment.
    ///
    /// # Errors
    /// Those of `work`, and of the database, explained.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let run = || {
            self.connection.execute_batch("BEGIN DEFERRED")?;
            let result = work(self);
            // Nothing was written, so there is nothing that a failing end could lose.
            drop(self.connection.execute_batch("COMMIT"));
            result
        };
        run().map_err(|error| explain(error, &self.path))
    }

    /// Runs `work` in one write transaction: all of it is kept, or nothing.
    ///
    /// # Errors
    /// Those of `work`, and of the database, explained.
    pub(crate) fn write<T>(&mut self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let run = || {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            let result = work(self).and_then(|value| {
                self.connection.execute_batch("COMMIT")?;
                Ok(value)
            });
            if result.is_err() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
            result
        };
        run().map_err(|error| explain(error, &self.path))
    }
}

fn missing(path: &Path) -> anyhow::Error {
    Failure::new(
        format!("there is no database at {}", path.display()),
        "bring transitions in with `slo ingest FILE`, name another file with --db or SLO_DB, or look at `slo demo`",
    )
}

fn open_to_read(path: &Path) -> Result<Connection> {
    if !path.exists() {
        return Err(missing(path));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).context("opening").and_then(|connection| {
        connection.busy_timeout(PATIENCE)?;
        check_identity(&connection)?;
        Ok(connection)
    });
    match opened {
        Err(error) if needs_files_beside(&error) && !has_log(path) => open_unchanging(path),
        other => other,
    }
}

/// Whether the database could not be read because SQLite may not make its two companion files.
fn needs_files_beside(error: &anyhow::Error) -> bool {
    matches!(code(error), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// Opens a database on a read-only medium; nobody can change it there.
fn open_unchanging(path: &Path) -> Result<Connection> {
    let full = std::path::absolute(path)?;
    let text = full.to_str().context("the path is not UTF-8")?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    check_identity(&connection)?;
    Ok(connection)
}

fn open_to_write(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    let connection = prepare(connection)?;
    let journal: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if journal != "wal" {
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    }
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -12000;")?;
    Ok(connection)
}

/// Makes the schema of a new file, and brings an older one up to date.
fn prepare(mut connection: Connection) -> Result<Connection> {
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && version == 0 {
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else {
        check_identity(&connection)?;
    }
    if version != SCHEMA {
        MIGRATIONS.to_latest(&mut connection).context("bringing the schema up to date")?;
    }
    Ok(connection)
}

/// Refuses what is not ours, or is newer than this build.
fn check_identity(connection: &Connection) -> Result<()> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if application != APPLICATION_ID {
        return Err(Failure::new(
            "this SQLite file does not belong to slo",
            "name another file with --db or SLO_DB; slo never changes a database that it did not make",
        ));
    }
    if version > SCHEMA {
        return Err(Failure::new(
            format!("it was written by a newer slo (schema {version}; this one knows schemas up to {SCHEMA})"),
            "use that newer version; an older one could not keep its promises about the data",
        ));
    }
    if version < 1 {
        return Err(Failure::new("it holds no schema yet", "bring transitions in with `slo ingest FILE`"));
    }
    Ok(())
}

fn code(error: &anyhow::Error) -> Option<ErrorCode> {
    error.chain().find_map(|cause| match cause.downcast_ref::<rusqlite::Error>()? {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure.code),
        _ => None,
    })
}

/// Adds to an error which database it is about and, where SQLite's code tells, what to do.
fn explain(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let place = format!("database {}", path.display());
    if Failure::hint(&error).is_some() {
        return if error.to_string().contains(&place) || error.to_string().starts_with("there is no database") {
            error
        } else {
            error.context(place)
        };
    }
    let Some(code) = code(&error) else { return error };
    let (what, hint) = match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            ("another process has kept it locked for a minute", "wait until that process is done, then run this again")
        }
        ErrorCode::NotADatabase => ("it is not a SQLite database", "name another file with --db or SLO_DB"),
        ErrorCode::DatabaseCorrupt => (
            "it is damaged",
            "restore the file from a backup, or build a new one: ingest is idempotent, so feed the same files again; \
             `slo db verify` says what is wrong",
        ),
        ErrorCode::DiskFull => ("the disk is full", "free some space and run this again; what was committed is kept"),
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            ("it cannot be opened for what this command does", "check the permissions of the file and of its folder")
        }
        ErrorCode::SystemIoFailure => ("reading or writing failed", "check the disk, then run `slo db verify`"),
        _ => return error.context(place),
    };
    Failure::new(format!("{place}: {what} ({error:#})"), hint)
}
