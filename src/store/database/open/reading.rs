//! Owns opening the database to read: beside writers, on read-only media, and in another user's folder.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::waiting::wait_for_others;
use super::{SCHEMA, check_identity, code, in_short, open_to_write};
use crate::failure::Failure;
use crate::file::{Identity, with_suffix};

/// A database opened for reading.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Set if it is read without SQLite's locks: what must not change in the meantime.
    pub(super) unlocked: Option<Marks>,
}

pub(super) fn open_to_read(path: &Path) -> Result<Opened> {
    let (opened, version) = open_any(path)?;
    if version == SCHEMA {
        return Ok(opened);
    }
    // An older schema is never read: the file is migrated first, as by any writer.
    drop(opened);
    drop(open_to_write(path).map_err(|error| outdated(&error, version))?);
    Ok(open_any(path)?.0)
}

/// Reading in WAL mode creates two companion files unless they exist. If that fails, or would leave files of one user
/// in the way of another, the database is read without them.
fn open_any(path: &Path) -> Result<(Opened, i32)> {
    if leaves_foreign_companions(path) {
        return open_unlocked(path);
    }
    match open_shared(path) {
        Err(error) if needs_companions(&error) => {
            if has_content(path, "-journal") {
                roll_back(path)?;
                return open_shared(path);
            }
            // The first failure says more than its consequences.
            open_unlocked(path).map_err(|_| error)
        }
        opened => opened,
    }
}

/// Rolls back the transaction in which a killed process was creating the database; SQLite does that only for a writer.
fn roll_back(path: &Path) -> Result<()> {
    let undo = || -> rusqlite::Result<()> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        wait_for_others(&connection)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
    };
    undo().map_err(|error| {
        Failure::new(
            format!("a killed command left a transaction that must be undone first, and that fails: {error}"),
            "run any command once where the file and its folder are writable",
        )
    })
}

fn open_shared(path: &Path) -> Result<(Opened, i32)> {
    let connection = Connection::open_with_flags(path, READ).context("opening")?;
    wait_for_others(&connection)?;
    let version = check_identity(&connection)?;
    Ok((Opened { connection, unlocked: None }, version))
}

const READ: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Opens a database without making or locking anything. The caller must check afterwards that it did not change.
fn open_unlocked(path: &Path) -> Result<(Opened, i32)> {
    let marks = Marks::of(path);
    let connection = if marks.log.is_some() { open_with_log(path)? } else { open_unchanging(path)? };
    let version = check_identity(&connection)?;
    marks.still_hold(path)?;
    Ok((Opened { connection, unlocked: Some(marks) }, version))
}

/// Opens a database with a nonempty log; the index of the log is in memory.
fn open_with_log(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags_and_vfs(path, READ, c"unix-none")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    Ok(connection)
}

/// Opens a database without a log.
fn open_unchanging(path: &Path) -> Result<Connection> {
    let text = path.to_str().context("the path is not UTF-8")?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = READ | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?)
}

/// What changes when a process writes to the database: the file, and the log if it is not empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Marks {
    file: Option<Mark>,
    log: Option<Mark>,
}

type Mark = (Identity, u64, Option<SystemTime>);

impl Marks {
    fn of(path: &Path) -> Self {
        let mark = |path: &Path| {
            let known = std::fs::metadata(path).ok()?;
            Some((Identity::of(path)?, known.len(), known.modified().ok()))
        };
        Self { file: mark(path), log: mark(&with_suffix(path, "-wal")).filter(|(_, bytes, _)| *bytes > 0) }
    }

    /// # Errors
    /// If another process wrote in the meantime, so that the data read may be of two instants.
    pub(super) fn still_hold(&self, path: &Path) -> Result<()> {
        let now = Self::of(path);
        // Without a log, only the file was read, and a log that appears does not change it.
        if now.file == self.file && (self.log.is_none() || now.log == self.log) {
            return Ok(());
        }
        Err(Failure::new(
            "it was changed while it was read without locks, because its companion files cannot be created here",
            "run this again; docs/how-to/many-hosts.md says how several users share a database",
        ))
    }
}

/// Whether reading would create companion files that belong to another user than the database.
#[cfg(unix)]
fn leaves_foreign_companions(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid();
    // If root creates companions, SQLite gives them to the owner of the database.
    let foreign = !user.is_root() && std::fs::metadata(path).is_ok_and(|known| known.uid() != user.as_raw());
    foreign && !["-wal", "-shm"].iter().all(|suffix| with_suffix(path, suffix).exists())
}

#[cfg(not(unix))]
fn leaves_foreign_companions(_: &Path) -> bool {
    false
}

/// Whether reading failed because SQLite cannot create its companions: no permission, or a full disk.
fn needs_companions(error: &anyhow::Error) -> bool {
    match code(error) {
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::DiskFull) => true,
        Some(ErrorCode::SystemIoFailure) => {
            let shared_memory = [
                rusqlite::ffi::SQLITE_IOERR_SHMOPEN,
                rusqlite::ffi::SQLITE_IOERR_SHMSIZE,
                rusqlite::ffi::SQLITE_IOERR_SHMMAP,
            ];
            super::extended_code(error).is_some_and(|code| shared_memory.contains(&code))
        }
        _ => false,
    }
}

fn has_content(path: &Path, suffix: &str) -> bool {
    std::fs::metadata(with_suffix(path, suffix)).is_ok_and(|known| known.len() > 0)
}

/// The error for a database whose older schema cannot be read.
fn outdated(error: &anyhow::Error, version: i32) -> anyhow::Error {
    Failure::new(
        format!(
            "its schema {version} is older than this slo's ({SCHEMA}), and it cannot be upgraded: {}",
            in_short(error)
        ),
        "run any command once where the file is writable, or copy it there; nothing in it is lost",
    )
}
