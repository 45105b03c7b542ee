//! Owns recognizing files by identity, whatever their names.

use std::fs;
use std::path::{Path, PathBuf};

/// The identity of a file: two names with the same one are the same file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Identity(Known);

#[cfg(unix)]
type Known = (u64, u64);
#[cfg(not(unix))]
type Known = PathBuf;

impl Identity {
    /// The identity of the file at a path, if it exists.
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|known| Self((known.dev(), known.ino())))
    }

    /// The identity of the file at a path, if it exists.
    #[cfg(not(unix))]
    pub(crate) fn of(path: &Path) -> Option<Self> {
        fs::canonicalize(path).ok().map(Self)
    }
}

/// The file beside the database at `path` with this suffix.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The part of the database at `db` that writing to `path` would destroy: the file itself or one beside it, by any
/// name, whether or not it exists.
pub(crate) fn part_of_database(path: &Path, db: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(db).unwrap_or_else(|_| db.to_owned());
    let parts = ["", "-wal", "-shm", "-journal", "-delivery"]
        .into_iter()
        .flat_map(|suffix| [with_suffix(db, suffix), with_suffix(&real, suffix)]);
    parts.into_iter().find(|part| is_same(path, part))
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (Identity::of(one), Identity::of(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => place(one) == place(other),
        _ => false,
    }
}

/// The place of a file that does not exist: its folder's real path, and its name.
fn place(path: &Path) -> Option<(PathBuf, &std::ffi::OsStr)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some((fs::canonicalize(folder).ok()?, path.file_name()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_database_and_of_its_companions_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("x.db"), "x").unwrap();
        fs::write(at("x.db-wal"), "w").unwrap();
        fs::write(at("other"), "x").unwrap();
        fs::hard_link(at("x.db"), at("hard")).unwrap();
        fs::hard_link(at("x.db-wal"), at("log")).unwrap();
        for (name, part) in [
            ("x.db", Some("x.db")),
            ("hard", Some("x.db")),
            ("log", Some("x.db-wal")),
            ("x.db-shm", Some("x.db-shm")),
            ("x.db-journal", Some("x.db-journal")),
            ("x.db-delivery", Some("x.db-delivery")),
            ("other", None),
            ("x.db-other", None),
            ("new", None),
        ] {
            let found = part_of_database(&at(name), &at("x.db"));
            assert_eq!(found, part.map(at), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("x.db"), at("soft")).unwrap();
            assert!(part_of_database(&at("soft"), &at("x.db")).is_some());
            assert!(part_of_database(&at("x.db-shm"), &at("soft")).is_some(), "companions lie beside the true file");
            assert!(part_of_database(&at("./x.db-shm"), &at("x.db")).is_some());
        }
    }
}
