//! Owns maintaining the file: consistent copies of it, and giving free space back.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::params;

use super::address::expect_file;
use super::open::{Access, Store, Unreadable, explain};
use crate::failure::Failure;
use crate::file::Fresh;
use crate::store::facts::journal::insert;
use crate::store::facts::segment::{VERSION, pack};
use crate::store::id::StreamId;
use crate::store::shared::{Address, copy_to};

/// How to copy a shared database.
const DUMP: &str = "pg_dump makes a copy for PostgreSQL, and `slo db copy FROM FILE` one for slo";

/// The bytes of the file before and after compaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Compacted {
    pub(crate) before: i64,
    pub(crate) after: i64,
    /// Segments that were joined with others.
    pub(crate) joined: usize,
}

impl Store {
    /// Writes a copy of the database as of one instant, also while others write to it, and returns its bytes. The copy
    /// gets its name only when it is complete, checked and on the disk.
    ///
    /// # Errors
    /// If the target exists, or the copy cannot be written or is inconsistent.
    pub(crate) fn backup(&self, to: &Path) -> Result<u64> {
        self.expect_own_file("slo db backup", DUMP)?;
        expect_file(to)?;
        refuse_existing(to)?;
        self.copied(to).map_err(|error| unwritten(error, to))
    }

    fn copied(&self, to: &Path) -> Result<u64> {
        let mut fresh = self.copy_beside(to)?;
        let bytes = fresh.file().metadata()?.len();
        fresh.publish()?;
        Ok(bytes)
    }

    /// Writes everything in the database, as of one instant, into a file that does not exist yet.
    pub(crate) fn copy_to_file(&self, to: &Path) -> Result<u64> {
        if !self.is_shared() {
            return self.backup(to);
        }
        expect_file(to)?;
        refuse_existing(to)?;
        self.read(|store| {
            store.connection.fill_all()?;
            // The copy is complete; a file is made of it that holds nothing else.
            store.connection.execute_batch("COMMIT")?;
            let copied = store.copied(to);
            store.connection.execute_batch("BEGIN")?;
            copied.map_err(|error| unwritten(error, to))
        })
    }

    /// Writes everything in the database, as of one instant, into a shared database that is new or empty.
    ///
    /// # Errors
    /// If it is not empty.
    pub(crate) fn copy_to_shared(&self, to: &Address) -> Result<()> {
        self.read(|store| {
            store.connection.fill_all()?;
            copy_to(to, &store.connection)
        })
    }

    /// Writes such a copy to `out`, and returns its bytes. Until it is complete and checked, it is a file in `folder`.
    ///
    /// # Errors
    /// If the copy cannot be made or written, or is inconsistent: then nothing was written.
    pub(crate) fn backup_to(&self, out: &mut dyn Write, folder: &Path) -> Result<u64> {
        self.expect_own_file("slo db backup", DUMP)?;
        let fresh = self.copy_beside(&folder.join("copy")).map_err(|error| match Failure::hint(&error) {
            Some(_) => error,
            None => Failure::new(
                format!("cannot make a copy in {}: {error:#}", folder.display()),
                "set TMPDIR to a folder with enough space",
            ),
        })?;
        let written = File::open(fresh.path()).and_then(|mut copy| {
            let bytes = io::copy(&mut copy, out)?;
            out.flush()?;
            Ok(bytes)
        });
        // Half a database is useless, so a closed pipe is an error here.
        written.map_err(|error| {
            Failure::new(
                format!("cannot write the copy to standard output: {error}"),
                "the copy is incomplete; run this again",
            )
        })
    }

    /// A consistent copy, in the folder of a file.
    fn copy_beside(&self, to: &Path) -> Result<Fresh> {
        let fresh = Fresh::beside(to, fs::metadata(self.path()).ok().as_ref())?;
        let name = fresh.path().to_str().context("the path is not UTF-8")?;
        self.connection.execute("VACUUM INTO ?1", [name])?;
        self.still_there()?;
        self.unchanged()?;
        let differences = Self::open(fresh.path(), Access::Read)?.verify_file()?;
        if let Some(difference) = differences.first() {
            return Err(Unreadable(format!("the copy is not sound: {}", difference.0)).into());
        }
        Ok(fresh)
    }

    /// Joins segments that late facts have split, repacks those of earlier formats, and gives free space back to the
    /// disk. Facts and answers do not change.
    ///
    /// # Errors
    /// If the disk is full, among others; then the file is unchanged.
    pub(crate) fn compact(&mut self) -> Result<Compacted> {
        self.expect_own_file("slo db compact", "PostgreSQL frees space by itself; VACUUM does it at once")?;
        let before = self.bytes()?;
        let joined = self.write(Self::join_segments)?;
        let vacuumed = self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
        vacuumed.map_err(|error| explain(error.into(), self.path()))?;
        self.still_there()?;
        Ok(Compacted { before, after: self.bytes()?, joined })
    }

    fn expect_own_file(&self, what: &str, instead: &str) -> Result<()> {
        if !self.is_shared() {
            return Ok(());
        }
        Err(Failure::new(format!("{what} is for database files, and {} is not one", self.path().display()), instead))
    }

    fn bytes(&self) -> Result<i64> {
        let number = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(number("PRAGMA page_size")? * number("PRAGMA page_count")?)
    }

    /// Repacks every stream that then needs fewer segments or has one of an earlier format; returns how many fewer
    /// there are.
    fn join_segments(&self) -> Result<usize> {
        let mut fewer = 0;
        let mut streams = self.connection.prepare("SELECT id FROM stream ORDER BY id")?;
        let ids: Vec<StreamId> = streams.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for stream in ids {
            let (mut segments, mut facts) = (0, Vec::new());
            self.each_segment(stream, |more| {
                segments += 1;
                facts.extend(more);
                Ok(())
            })?;
            let needed = pack(&facts).len();
            if needed < segments || self.has_earlier_format(stream)? {
                self.connection.prepare_cached("DELETE FROM segment WHERE stream = ?1")?.execute(params![stream])?;
                insert(&self.connection, stream, &facts)?;
                fewer += segments.saturating_sub(needed);
            }
        }
        Ok(fewer)
    }

    fn has_earlier_format(&self, stream: StreamId) -> Result<bool> {
        let sql = "SELECT 1 FROM segment WHERE stream = ?1 AND substr(body, 1, 1) <> ?2";
        Ok(self.connection.prepare_cached(sql)?.exists(params![stream, [VERSION]])?)
    }
}

/// The remedy for a copy that cannot be written.
const ANOTHER: &str = "name a file that does not exist yet, in a writable folder";

fn refuse_existing(to: &Path) -> Result<()> {
    if to.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Failure::new(format!("{} already exists", to.display()), ANOTHER))
}

fn unwritten(error: anyhow::Error, to: &Path) -> anyhow::Error {
    match Failure::hint(&error) {
        Some(_) => error,
        None if already_exists(&error) => Failure::new(format!("{} already exists", to.display()), ANOTHER),
        None => Failure::new(format!("cannot write {}: {error:#}", to.display()), ANOTHER),
    }
}

fn already_exists(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::AlreadyExists)
}
