//! Owns reading databases of other programs: the rows of a query become CSV, whose first line has the names of the
//! columns.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read, Write};
#[cfg(unix)]
use std::os::fd::OwnedFd as Owned;
#[cfg(windows)]
use std::os::windows::io::OwnedHandle as Owned;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, Result};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::failure::Failure;

const MAGIC: &[u8] = b"SQLite format 3\0";
/// The longest value of a foreign database, in bytes.
const LONGEST_VALUE: i32 = 16 << 20;
/// Bytes written to the reader of the rows at once.
const BUFFER: usize = 64 * 1024;
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Another program's database, opened read-only.
#[derive(Debug)]
pub(crate) struct Foreign {
    path: PathBuf,
}

/// The rows of a query.
#[derive(Debug)]
pub(crate) struct Rows {
    /// CSV; it ends with the rows, or where reading them failed.
    pub(crate) text: File,
    /// After the end of the rows, the reason if they ended early.
    pub(crate) fault: Receiver<String>,
}

impl Foreign {
    /// Whether a file begins like a SQLite database.
    pub(crate) fn is_one(beginning: &[u8]) -> bool {
        beginning.starts_with(MAGIC)
    }

    /// The database in this file, if the file begins like one.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        let mut beginning = [0; MAGIC.len()];
        File::open(path).and_then(|mut file| file.read_exact(&mut beginning)).ok()?;
        Self::is_one(&beginning).then(|| Self { path: path.to_owned() })
    }

    /// Whether it can answer a query.
    pub(crate) fn can_answer(&self, query: &str) -> bool {
        self.open().is_ok_and(|connection| connection.prepare(query).is_ok_and(|statement| statement.readonly()))
    }

    /// Reads the rows of a query on a thread, as fast as they are consumed.
    ///
    /// # Errors
    /// If the database cannot be opened or does not have what the query asks for.
    pub(crate) fn rows(&self, query: &str) -> Result<Rows> {
        let connection = self.open()?;
        let name = self.path.display();
        let statement = connection.prepare(query).map(|statement| statement.readonly());
        match statement {
            Ok(true) => {}
            Ok(false) => return Err(Failure::new(format!("{name}: the query would change it"), "write a SELECT")),
            Err(error) => return Err(self.explain(&error)),
        }
        let (reader, writer) = io::pipe().context("making a pipe")?;
        let (sender, fault) = sync_channel(1);
        let query = query.to_owned();
        std::thread::Builder::new().name("foreign".to_owned()).spawn(move || {
            let mut out = BufWriter::with_capacity(BUFFER, writer);
            if let Err(reason) = write(&connection, &query, &mut out) {
                drop(sender.send(reason));
            }
        })?;
        Ok(Rows { text: File::from(Owned::from(reader)), fault })
    }

    fn open(&self) -> Result<Connection> {
        let path = std::path::absolute(&self.path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            // Its schema is foreign and not trusted.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)?;
            connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
            connection.pragma_update(None, "cell_size_check", true)?;
            Ok(connection)
        };
        open().map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &rusqlite::Error) -> anyhow::Error {
        let hint = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => "restore it from a backup",
            Some(ErrorCode::CannotOpen) => "copy it with its -wal file to a folder that may be written to",
            _ => "is it of the program and version that the feed reads? See `slo feed show NAME` for its query",
        };
        Failure::new(format!("{}: {}", self.path.display(), plain(error)), hint)
    }
}

/// An error of SQLite without its context.
fn plain(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes the rows; ends quietly when nobody reads them any more.
fn write(connection: &Connection, query: &str, out: &mut impl Write) -> Result<(), String> {
    let failed = |error: &rusqlite::Error| plain(error);
    let mut statement = connection.prepare(query).map_err(|error| failed(&error))?;
    let count = statement.column_count();
    let mut line = Vec::new();
    for (index, name) in statement.column_names().into_iter().enumerate() {
        separate(&mut line, index);
        quote(&mut line, name.as_bytes());
    }
    let mut rows = statement.query([]).map_err(|error| failed(&error))?;
    loop {
        line.push(b'\n');
        if let Err(error) = out.write_all(&line) {
            return gone(&error);
        }
        line.clear();
        let Some(row) = rows.next().map_err(|error| failed(&error))? else { break };
        for index in 0..count {
            separate(&mut line, index);
            cell(&mut line, row.get_ref(index).map_err(|error| failed(&error))?);
        }
    }
    out.flush().or_else(|error| gone(&error))
}

fn gone<E: From<String>>(error: &io::Error) -> Result<(), E> {
    if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(E::from(error.to_string())) }
}

fn separate(line: &mut Vec<u8>, index: usize) {
    if index > 0 {
        line.push(b',');
    }
}

fn cell(line: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => {}
        ValueRef::Integer(number) => line.extend_from_slice(number.to_string().as_bytes()),
        ValueRef::Real(number) => line.extend_from_slice(number.to_string().as_bytes()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => quote(line, bytes),
    }
}

/// A text, quoted if CSV requires it.
fn quote(line: &mut Vec<u8>, text: &[u8]) {
    if !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        line.extend_from_slice(text);
        return;
    }
    line.push(b'"');
    for byte in text {
        if *byte == b'"' {
            line.push(b'"');
        }
        line.push(*byte);
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(sql: &str) -> (tempfile::TempDir, Foreign) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("foreign.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let foreign = Foreign::at(&path).unwrap();
        (folder, foreign)
    }

    fn text(rows: Rows) -> (String, Option<String>) {
        let (mut text, mut file) = (String::new(), rows.text);
        file.read_to_string(&mut text).unwrap();
        (text, rows.fault.recv().ok())
    }

    #[test]
    fn rows_come_out_as_csv() {
        let (_folder, foreign) = made(
            "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x, \"y\"' || char(10) || 'z'), (2.5, NULL), ('é', x'41');",
        );
        let (text, fault) = text(foreign.rows("SELECT a, b AS \"b,c\" FROM t").unwrap());
        assert_eq!(text, "a,\"b,c\"\n1,\"x, \"\"y\"\"\nz\"\n2.5,\né,A\n");
        assert_eq!(fault, None);
    }

    #[test]
    fn a_query_that_changes_something_or_asks_for_what_is_not_there_is_refused() {
        let (_folder, foreign) = made("CREATE TABLE t (a);");
        for (query, told) in [
            ("DELETE FROM t", "the query would change it"),
            ("SELECT b FROM t", "no such column: b"),
            ("SELECT a FROM u", "no such table: u"),
        ] {
            let error = foreign.rows(query).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
            assert!(!foreign.can_answer(query), "{query}");
        }
        assert!(foreign.can_answer("SELECT a FROM t"));
        let (_, fault) = text(
            foreign
                .rows("SELECT load_extension('x') FROM t")
                .unwrap_or_else(|_| foreign.rows("SELECT a FROM t").unwrap()),
        );
        assert_eq!(fault, None);
    }

    #[test]
    fn a_damaged_database_ends_with_the_reason_and_a_reader_that_leaves_ends_it() {
        let (folder, foreign) = made(
            "CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO t SELECT 'row ' || i FROM n;",
        );
        drop(foreign.rows("SELECT a FROM t").unwrap());
        let path = folder.path().join("foreign.db");
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xff);
        std::fs::write(&path, &bytes).unwrap();
        let (text, fault) = text(foreign.rows("SELECT a FROM t").unwrap());
        assert!(text.starts_with("a\nrow 1\n"), "{}", &text[..20]);
        assert_eq!(fault.as_deref(), Some("database disk image is malformed"));
        std::fs::write(&path, b"SQLite format 3\0 and nothing else").unwrap();
        assert!(foreign.rows("SELECT 1 FROM t").unwrap_err().to_string().contains("file is not a database"));
        assert!(Foreign::at(Path::new("Cargo.toml")).is_none());
    }
}
