//! Owns the file of transitions that could not be stored yet: lines that `slo ingest` reads, one per probe.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::file::with_suffix;

/// A spool by its path. Its readers and writers hold a lock on it, so that no line is lost between two probes.
pub(super) struct Spool<'a> {
    path: &'a Path,
}

impl<'a> Spool<'a> {
    pub(super) const fn at(path: &'a Path) -> Self {
        Self { path }
    }

    /// Appends a line with one write, on a line of its own even if another write was cut short.
    pub(super) fn append(&self, line: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(self.path)?;
        let is_file = file.metadata()?.is_file();
        if is_file {
            lock(&file)?;
        }
        let begins = if is_file && ends_within_line(&mut file)? { "\n" } else { "" };
        file.write_all(format!("{begins}{line}").as_bytes())
    }

    /// Adds an invalid line to a file beside it, whose name ends in `.rejected`.
    pub(super) fn set_aside(&self, pieces: &[&[u8]]) -> io::Result<()> {
        let path = with_suffix(self.path, ".rejected");
        OpenOptions::new().append(true).create(true).open(path)?.write_all(&pieces.concat())
    }

    /// Its content, locked; `None` if it is empty.
    pub(super) fn take(&self) -> io::Result<Option<File>> {
        let file = match OpenOptions::new().read(true).write(true).open(self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // A pipe or a device has no content.
        if !file.metadata()?.is_file() {
            return Ok(None);
        }
        lock(&file)?;
        Ok((file.metadata()?.len() > 0).then_some(file))
    }
}

impl fmt::Display for Spool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

/// Locks a file until it is closed. Where locks do not exist, a single write has to do.
fn lock(file: &File) -> io::Result<()> {
    match file.lock() {
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        other => other,
    }
}

fn ends_within_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
