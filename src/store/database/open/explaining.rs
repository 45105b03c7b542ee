//! Owns what errors of the database mean: what is wrong, with which file, and what to do.

use std::path::Path;

use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;

use crate::failure::Failure;
use crate::file::with_suffix;

pub(super) fn place(path: &Path) -> String {
    format!("database {}", path.display())
}

pub(in crate::store) fn code(error: &anyhow::Error) -> Option<ErrorCode> {
    failure(error).map(|failure| failure.code)
}

pub(super) fn extended_code(error: &anyhow::Error) -> Option<i32> {
    failure(error).map(|failure| failure.extended_code)
}

fn failure(error: &anyhow::Error) -> Option<&rusqlite::ffi::Error> {
    error.chain().find_map(|cause| match cause.downcast_ref::<rusqlite::Error>()? {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure),
        _ => None,
    })
}

/// What SQLite says about its error.
pub(in crate::store) fn message(error: &anyhow::Error) -> Option<&str> {
    error.chain().find_map(|cause| match cause.downcast_ref::<rusqlite::Error>()? {
        rusqlite::Error::SqliteFailure(_, message) => message.as_deref(),
        _ => None,
    })
}

/// A row with invalid content: what and where.
#[derive(Debug)]
pub(crate) struct Unreadable(pub(crate) String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

/// Whether an error is about a value that no version of slo stores: one of another type, or text that is not UTF-8.
pub(in crate::store) fn is_no_value(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Unreadable>() || cause.is::<rusqlite::Error>() || cause.is::<FromSqlError>())
}

/// Adds the database and the remedy to an error of SQLite or of stored data.
pub(in crate::store) fn explain(error: anyhow::Error, path: &Path) -> anyhow::Error {
    if Failure::hint(&error).is_some() {
        return error;
    }
    let Some(code) = code(&error) else {
        if !is_no_value(&error) {
            return error;
        }
        let hint = "`slo db verify` says what is wrong; restore the file from a backup, or ingest the same files into a new one";
        return Failure::new(format!("{}: {error:#}", place(path)), hint);
    };
    if let Some(error) = foreign_companion(code, path) {
        return error;
    }
    let (what, hint) = match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            ("another process has held its lock for a minute", "wait until that process is done, then run this again")
        }
        ErrorCode::NotADatabase => ("it is not a SQLite database", "name another file with --db or SLO_DB"),
        ErrorCode::DatabaseCorrupt => (
            "it is damaged",
            "restore the file from a backup, or build a new one: ingest is idempotent, so feed the same files again; \
             `slo db verify` says what is wrong",
        ),
        ErrorCode::DiskFull => ("the disk is full", "free some space and run this again; what was committed is kept"),
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            ("this command cannot open it", "check the permissions of the file and of its folder")
        }
        ErrorCode::SystemIoFailure => (
            "reading or writing failed",
            "check the disk and the space on it, then run `slo db verify`; what was committed is kept",
        ),
        _ => (
            "it does not respond",
            "run `slo db verify`; if that finds nothing, this is a bug in slo: please report it",
        ),
    };
    Failure::new(format!("{}: {what} ({})", place(path), in_short(&error)), hint)
}

/// Why a writable database cannot be written: a companion file belongs to another user.
#[cfg(unix)]
fn foreign_companion(code: ErrorCode, path: &Path) -> Option<anyhow::Error> {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs::{Access as Permission, access};
    if !matches!(code, ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) {
        return None;
    }
    let ours = Permission::READ_OK | Permission::WRITE_OK;
    access(path, ours).ok()?;
    let theirs = |suffix: &&str| {
        let companion = with_suffix(path, suffix);
        companion.exists() && access(&companion, ours).is_err()
    };
    let companion = with_suffix(path, ["-shm", "-wal", "-journal"].iter().find(|suffix| theirs(suffix))?);
    let known = std::fs::metadata(&companion).ok()?;
    let keeps = known.len() > 0 && !companion.to_string_lossy().ends_with("-shm");
    let remedy = if keeps {
        "it holds committed facts, so never delete it: its owner or root must change its owner or permissions"
    } else {
        "it holds no facts: delete it while no slo uses the database"
    };
    Some(Failure::new(
        format!(
            "{}: {} belongs to user {} and cannot be written",
            place(path),
            companion.file_name().unwrap_or_default().display(),
            known.uid()
        ),
        format!("{remedy}; docs/how-to/many-hosts.md says how several users share a database"),
    ))
}

#[cfg(not(unix))]
fn foreign_companion(_: ErrorCode, _: &Path) -> Option<anyhow::Error> {
    None
}

/// An error with its causes down to SQLite's message; below that, the same is repeated in numbers.
pub(super) fn in_short(error: &anyhow::Error) -> String {
    let mut texts = Vec::new();
    for cause in error.chain() {
        texts.push(cause.to_string());
        if cause.is::<rusqlite::Error>() {
            break;
        }
    }
    texts.join(": ")
}
