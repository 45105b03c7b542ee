//! Owns the files that commands write: each gets its name only when complete, and never replaces a database.

mod fresh;
mod identity;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Result;

use crate::failure::Failure;

pub(crate) use fresh::Fresh;
pub(crate) use identity::{Identity, part_of_database, with_suffix};

/// Writes a text to a new file, which then replaces the target. Pipes and devices are written to directly.
///
/// # Errors
/// If that fails; the target is then unchanged.
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

/// Creates a new file with a text.
///
/// # Errors
/// Disk errors, including `AlreadyExists` if the name is taken.
pub(crate) fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut fresh = Fresh::beside(path, None)?;
    fresh.file().write_all(text.as_bytes())?;
    fresh.publish()
}

/// Whether a path is written to directly: a pipe, a device, a socket.
pub(crate) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|known| !known.is_file() && !known.is_dir())
}

fn cannot_write(path: &Path, error: &std::io::Error, remedy: &str) -> anyhow::Error {
    Failure::new(format!("cannot write {}: {error}", path.display()), remedy)
}
