//! Owns which files of a repository may be read: regular files of limited size that belong to the owner of its folder,
//! or to root.
//!
//! A checkout may come from a stranger, and a `.git` may be in a folder that everybody can write to. Nothing here waits
//! for a pipe, reads a device, or fills the memory.

use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// The trusted owner of files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trust {
    /// The user that owns the folder of the repository; `None` if files have no owners.
    owner: Option<u32>,
}

impl Trust {
    /// Trusts the owner of a folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self { owner: fs::metadata(folder).ok().and_then(|folder| owner(&folder)) }
    }

    /// Whether the folder exists.
    ///
    /// # Errors
    /// If it is something else, or another user's.
    pub(super) fn folder(self, path: &Path) -> Result<bool, String> {
        let Some(metadata) = found(path, fs::metadata(path))? else { return Ok(false) };
        if !metadata.is_dir() {
            return Err(format!("{} is not a folder", path.display()));
        }
        self.check(path, &metadata).map(|()| true)
    }

    /// Opens a file; `None` if there is none, or a folder.
    ///
    /// # Errors
    /// If it is not a regular file, belongs to another user, or cannot be opened.
    pub(super) fn open(self, path: &Path) -> Result<Option<File>, String> {
        let Some(metadata) = found(path, fs::metadata(path))? else { return Ok(None) };
        if metadata.is_dir() {
            return Ok(None);
        }
        let irregular = || format!("{} is not a regular file", path.display());
        // Opening a pipe would wait for its writer, so this is checked before, and again for the opened file.
        if !metadata.is_file() {
            return Err(irregular());
        }
        let Some(file) = found(path, File::open(path))? else { return Ok(None) };
        let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
        if !metadata.is_file() {
            return Err(irregular());
        }
        self.check(path, &metadata).map(|()| Some(file))
    }

    /// The bytes of a file of at most `most`; `None` if there is none.
    ///
    /// # Errors
    /// As for opening, and if it is larger.
    pub(super) fn read(self, path: &Path, most: u64) -> Result<Option<Vec<u8>>, String> {
        let Some(file) = self.open(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
        if bytes.len() as u64 > most {
            return Err(format!("{} is larger than {most} bytes", path.display()));
        }
        Ok(Some(bytes))
    }

    /// The text of a small file, with invalid UTF-8 replaced; `None` if there is none.
    pub(super) fn text(self, path: &Path, most: u64) -> Result<Option<String>, String> {
        Ok(self.read(path, most)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn check(self, path: &Path, metadata: &Metadata) -> Result<(), String> {
        match (self.owner, owner(metadata)) {
            (Some(ours), Some(theirs)) if theirs != ours && theirs != 0 => {
                Err(format!("{} belongs to another user than the folder of its repository", path.display()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere files have no owners")]
fn owner(metadata: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::uid(metadata))
}

#[cfg(not(unix))]
fn owner(_: &Metadata) -> Option<u32> {
    None
}

/// A missing file is `None`; anything else that goes wrong is an error.
fn found<T>(path: &Path, result: std::io::Result<T>) -> Result<Option<T>, String> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}
