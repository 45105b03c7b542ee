//! Owns writing a file in one step: whoever reads it sees the old one or the new one, never a part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::failure::Failure;

/// Puts a text into a file: into a new one beside it, which then takes its place. Pipes and devices are written to as they are.
///
/// # Errors
/// When that cannot be done; what was there before then still is.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    let failed =
        |error: &io::Error, remedy: &str| Failure::new(format!("cannot write {}: {error}", path.display()), remedy);
    // A link is followed, so that it goes on leading there.
    let place = &fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let existing = fs::metadata(place).ok();
    if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(Failure::new(
            format!("cannot write {}: it is a folder", path.display()),
            format!("name a file in it, such as {}", path.join("slo.html").display()),
        ));
    }
    if existing.as_ref().is_some_and(|known| !known.is_file()) {
        let written = OpenOptions::new().write(true).open(place).and_then(|mut file| file.write_all(text.as_bytes()));
        return match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| failed(&error, "name a file that can be written, or - for standard output")),
        };
    }
    let (fresh, file) =
        beside(place).map_err(|error| failed(&error, "name a file in a folder that is there and can be written"))?;
    let done = fill(file, text, existing.as_ref()).and_then(|()| fs::rename(&fresh, place));
    done.map_err(|error| {
        // The failure that is told is the first one.
        drop(fs::remove_file(&fresh));
        failed(&error, "make room, or name a file on another disk")
    })
}

/// A new file in the same folder, with a name that nobody else has.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it names no file"))?;
    for number in 0..1000 {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{number}.tmp", std::process::id()));
        let fresh = path.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&fresh) {
            Ok(file) => return Ok((fresh, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "no name is left beside it"))
}

fn fill(mut file: File, text: &str, existing: Option<&fs::Metadata>) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    if let Some(known) = existing {
        file.set_permissions(known.permissions())?;
    }
    file.sync_all()
}
