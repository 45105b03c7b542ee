//! Owns the files that commands write: each appears under its name only when it is whole, and never in place of a database.

mod fresh;
mod identity;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Result;

use crate::failure::Failure;

pub(crate) use fresh::Fresh;
pub(crate) use identity::{Identity, part_of_database, with_suffix};

/// Puts a text into a file: into a new one beside it, which then takes its place. Pipes and devices are written to as they are.
///
/// # Errors
/// When that cannot be done; what was there before then still is.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let failed = |error: &std::io::Error, remedy: &str| cannot_write(path, error, remedy);
    if is_special(path) {
        let written = OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
        return match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| failed(&error, "name a file that can be written, or - for standard output")),
        };
    }
    let mut fresh = Fresh::replacing(path)?;
    let filled = fresh.file().write_all(text.as_bytes()).and_then(|()| fresh.replace().map(drop));
    filled.map_err(|error| failed(&error, "free some space, or name a file on another disk"))
}

/// Makes a new file with a text in it.
///
/// # Errors
/// Those of the disk, `AlreadyExists` where something has its name.
pub(crate) fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut fresh = Fresh::beside(path, None)?;
    fresh.file().write_all(text.as_bytes())?;
    fresh.publish()
}

/// Whether a path leads to something that is written to as it is: a pipe, a device, a socket.
pub(crate) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|known| !known.is_file() && !known.is_dir())
}

fn cannot_write(path: &Path, error: &std::io::Error, remedy: &str) -> anyhow::Error {
    Failure::new(format!("cannot write {}: {error}", path.display()), remedy)
}
