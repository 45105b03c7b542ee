//! Owns files under temporary names, until they are complete and get their own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::cannot_write;
use crate::failure::Failure;

/// The most names tried.
const MOST_TRIES: u32 = 1000;

/// A new file in the folder of its target. It is deleted unless it gets its name.
#[derive(Debug)]
pub(crate) struct Fresh {
    path: PathBuf,
    target: PathBuf,
    file: File,
    placed: bool,
}

impl Fresh {
    /// A new file that will replace `target`: a link is followed and stays a link, and the permissions are those of the
    /// replaced file.
    ///
    /// # Errors
    /// If the target is a folder, or no file can be created beside it.
    pub(crate) fn replacing(target: &Path) -> Result<Self> {
        let place = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let known = fs::metadata(&place).ok();
        if known.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(Failure::new(
                format!("cannot write {}: it is a folder", target.display()),
                "name a file, for example one in that folder",
            ));
        }
        let made = Self::beside(&place, known.as_ref()).and_then(|fresh| {
            if let Some(known) = &known {
                fresh.file.set_permissions(known.permissions())?;
            }
            Ok(fresh)
        });
        made.map_err(|error| cannot_write(target, &error, "name a file in an existing, writable folder"))
    }

    /// A new, empty file in the folder of `target`; its permissions never exceed those of the file `like` describes.
    ///
    /// # Errors
    /// If the target names no file, or none can be created there.
    pub(crate) fn beside(target: &Path, like: Option<&fs::Metadata>) -> io::Result<Self> {
        if target.file_name().is_none() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it does not name a file"));
        }
        for number in 0..MOST_TRIES {
            // The target's own name may already have the maximum length.
            let path = target.with_file_name(format!(".slo-{}-{number}.tmp", std::process::id()));
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            restrict(&mut options, like);
            match options.open(&path) {
                Ok(file) => return Ok(Self { path, target: target.to_owned(), file, placed: false }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::AlreadyExists, "no unused name is left in its folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Replaces the target, after everything written is on the disk.
    ///
    /// # Errors
    /// Disk errors; then the target is unchanged.
    pub(crate) fn replace(mut self) -> io::Result<File> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        self.placed = true;
        sync_folder(&self.target);
        self.file.try_clone()
    }

    /// Takes the target's name unless it exists by now.
    ///
    /// # Errors
    /// Disk errors, including `AlreadyExists`; then the target is unchanged.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        match fs::hard_link(&self.path, &self.target) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // On a disk without hard links: whoever creates the name owns it, and may replace the file.
            Err(_) => {
                drop(OpenOptions::new().write(true).create_new(true).open(&self.target)?);
                if let Err(error) = fs::rename(&self.path, &self.target) {
                    drop(fs::remove_file(&self.target));
                    return Err(error);
                }
                self.placed = true;
            }
        }
        sync_folder(&self.target);
        Ok(())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.placed {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// A new file never has more permissions than the one it resembles.
fn restrict(options: &mut OpenOptions, like: Option<&fs::Metadata>) {
    #[cfg(unix)]
    if let Some(like) = like {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        options.mode(like.mode() & 0o777);
    }
    #[cfg(not(unix))]
    let _ = (options, like);
}

/// Makes a new name durable. Not every system can, and the file is complete either way.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    drop(File::open(folder).and_then(|folder| folder.sync_all()));
}
