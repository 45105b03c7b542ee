//! Owns the change log, and the last change that each recipient of --exec was told of.

mod appending;
mod whole;

use std::fs::{File, OpenOptions};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub(in crate::store) use appending::write_view;

use super::computed::Views;
use crate::domain::rules::change::{Change, ChangeKind, Logged, Seen, View};
use crate::domain::value::instant::Instant;
use crate::failure::Failure;
use crate::file::with_suffix;
use crate::store::database::open::{Store, Unreadable};
use crate::store::shared::Held;
use crate::store::soundness::row::{intact, is_intact};
use crate::store::soundness::{DamagedCache, Difference};

const COLUMNS: &str = "sequence, kind, id, occurred_at, previous, next, view";
const INTACT: &str = intact!(change_log);

/// Refuses a logged change that does not match its checksum.
pub(in crate::store) fn expect(row: &Row<'_>, index: usize) -> Result<()> {
    if is_intact(row, index)? { Ok(()) } else { Err(DamagedCache("change_log").into()) }
}

/// The changes after one sequence number and up to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LogRange {
    pub(crate) after: i64,
    pub(crate) through: i64,
}

impl LogRange {
    pub(crate) fn is_empty(self) -> bool {
        self.through <= self.after
    }

    /// Only the last `most` of them. Numbers may have gaps, so there may be fewer.
    pub(crate) fn last(self, most: i64) -> Self {
        Self { after: self.after.max(self.through - most), ..self }
    }
}

/// Held by the process that tells commands of changes, so that none is told twice. The operating system releases it
/// when the process ends, for any reason.
#[derive(Debug)]
pub(crate) struct DeliveryLock(#[expect(dead_code, reason = "it is held, not used")] Lock);

#[derive(Debug)]
#[expect(dead_code, reason = "they are held, not used")]
enum Lock {
    File(File),
    Shared(Held),
}

/// The name of a recipient without one: a hash of its command's text, which is not stored because it may hold secrets.
pub(crate) fn recipient_of(command: &str) -> String {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(command.as_bytes())[..16]);
    format!("sha256:{:032x}", u128::from_be_bytes(first))
}

/// Replaces the texts of commands, by which earlier schemas identified recipients, with their hashes.
pub(in crate::store) fn forget_texts(connection: &Connection) -> Result<()> {
    let texts: Vec<String> = connection
        .prepare("SELECT name FROM delivery")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for text in texts {
        connection.execute("UPDATE delivery SET name = ?2 WHERE name = ?1", [&text, &recipient_of(&text)])?;
    }
    Ok(())
}

impl Store {
    /// Calls `each` with the changes in a range of the log, in order, until it says `false`.
    pub(crate) fn each_change(&self, range: LogRange, mut each: impl FnMut(Logged) -> Result<bool>) -> Result<()> {
        let sql = format!(
            "SELECT {COLUMNS}, {INTACT} FROM change_log WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([range.after, range.through])?;
        while let Some(row) = rows.next()? {
            expect(row, 7)?;
            if !each(read_logged(row)?)? {
                break;
            }
        }
        Ok(())
    }

    /// How many changes of each kind a range of the log has.
    pub(crate) fn count_changes(&self, range: LogRange) -> Result<Vec<(ChangeKind, usize)>> {
        let sql = "SELECT count(*) FROM change_log WHERE sequence > ?1 AND sequence <= ?2 AND +kind = ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let count = |kind: ChangeKind| {
            let count = statement.query_row(params![range.after, range.through, kind.as_str()], |row| row.get(0))?;
            Ok((kind, count))
        };
        ChangeKind::ALL.into_iter().map(count).collect()
    }

    /// Adds a recipient that is told of every change logged from now on, unless it is known. If its row is damaged,
    /// nobody knows how far it was told: it is told of changes from now on, and the damage is noted.
    pub(crate) fn follow_changes(&self, name: &str) -> Result<()> {
        let damaged = concat!("DELETE FROM delivery WHERE name = ?1 AND NOT ", intact!(delivery));
        if self.connection.execute(damaged, [name])? > 0 {
            self.noticed.note("delivery", &name);
        }
        let sql = "INSERT INTO delivery (name, delivered_through, checksum)
                   SELECT ?1, last, row_sum(?1, last) FROM (SELECT coalesce(max(sequence), 0) AS last FROM change_log)
                   WHERE true ON CONFLICT (name) DO NOTHING";
        self.connection.execute(sql, [name])?;
        Ok(())
    }

    /// The last views in the log of everything but conditions, which are compared with history.
    pub(crate) fn logged_views(&self) -> Result<Views> {
        let sql = format!(
            "SELECT {COLUMNS}, {INTACT} FROM change_log WHERE sequence IN
             (SELECT max(sequence) FROM change_log WHERE kind <> 'condition' GROUP BY kind, id) AND next IS NOT NULL"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut views = Views::new();
        while let Some(row) = rows.next()? {
            expect(row, 7)?;
            let Change { kind, id, next, .. } = read_logged(row)?.change;
            views.extend(next.map(|next| ((kind, id), next)));
        }
        Ok(views)
    }

    /// Checks that the log can continue: that the last change matches its checksum, and that there is a next number.
    pub(crate) fn expect_log(&self) -> Result<()> {
        let sql = concat!(
            "SELECT ",
            intact!(change_log),
            ", (SELECT typeof(seq) = 'integer' AND seq BETWEEN 0 AND 1 << 53 FROM sqlite_sequence WHERE name = 'change_log')
             FROM change_log ORDER BY sequence DESC LIMIT 1"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        if is_intact(row, 0)? && is_intact(row, 1)? { Ok(()) } else { Err(DamagedCache("change_log").into()) }
    }

    /// The oldest change that a recipient was not told of.
    pub(crate) fn undelivered(&self, name: &str) -> Result<Option<Logged>> {
        let sql = format!(
            "SELECT {COLUMNS}, {INTACT} FROM change_log
             WHERE sequence > (SELECT delivered_through FROM delivery WHERE name = ?1) ORDER BY sequence LIMIT 1"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([name])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        expect(row, 7)?;
        read_logged(row).map(Some)
    }

    /// How many changes a recipient was not told of.
    pub(crate) fn count_undelivered(&self, name: &str) -> Result<u64> {
        let sql = "SELECT count(*) FROM change_log
                   WHERE sequence > (SELECT delivered_through FROM delivery WHERE name = ?1)";
        Ok(self.connection.query_row(sql, [name], |row| row.get(0))?)
    }

    /// Stores that a recipient was told of all changes up to one.
    pub(crate) fn delivered(&mut self, name: &str, sequence: i64) -> Result<()> {
        let put = |store: &Self| {
            let sql = "UPDATE delivery SET delivered_through = ?2, checksum = row_sum(?1, ?2) WHERE name = ?1";
            store.connection.prepare_cached(sql)?.execute(params![name, sequence])?;
            Ok(())
        };
        match self.connection.shared() {
            Some(shared) => self.write_through(shared, "delivery", put),
            None => self.write(put),
        }
    }

    /// Waits until no other process tells commands of changes. The lock is a file beside the database: SQLite's own
    /// locks would block writers while a command runs.
    ///
    /// # Errors
    /// If the file cannot be created or locked.
    pub(crate) fn lock_delivery(&self) -> Result<DeliveryLock> {
        if let Some(shared) = self.connection.shared() {
            return Ok(DeliveryLock(Lock::Shared(shared.hold_delivery(&self.connection)?)));
        }
        let path = with_suffix(self.path(), "-delivery");
        let open = || -> std::io::Result<File> {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
            // Whoever may write the database may lock this; if the file is another user's, that user has set its
            // permissions.
            drop(std::fs::metadata(self.path()).and_then(|known| file.set_permissions(known.permissions())));
            file.lock()?;
            Ok(file)
        };
        open().map(|file| DeliveryLock(Lock::File(file))).map_err(|error| {
            Failure::new(
                format!("cannot lock {}: {error}", path.display()),
                "it keeps two computations from telling commands twice: make it writable and lockable",
            )
        })
    }

    /// Checks that every logged change can be read, continues the one before it, and names the fields that differ, and
    /// that together they lead to the last views.
    pub(crate) fn verify_changes(&self) -> Result<Vec<Difference>> {
        let mut differences = Vec::new();
        let sql = format!("SELECT {COLUMNS}, changed_fields FROM change_log ORDER BY kind, id, sequence");
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut before: Option<Change> = None;
        let mut last = Views::new();
        while let Some(row) = rows.next()? {
            let place = format!("change {}", row.get::<_, i64>(0)?);
            let change = match read_logged(row) {
                Ok(logged) => logged.change,
                Err(error) => {
                    differences.push(Difference(format!("{place}: {error:#}")));
                    before = None;
                    continue;
                }
            };
            if change.previous == change.next {
                differences.push(Difference(format!("{place} changes nothing")));
            }
            if row.get::<_, String>(7)? != serde_json::to_string(&change.changed_fields())? {
                differences.push(Difference(format!("{place} does not name the fields that differ")));
            }
            let known = before.filter(|known| (known.kind, &known.id) == (change.kind, &change.id));
            if known.map_or(change.previous.is_some(), |known| known.next != change.previous) {
                differences.push(Difference(format!("{place} does not continue the one before it")));
            }
            let key = (change.kind, change.id.clone());
            match &change.next {
                Some(view) => last.insert(key, view.clone()),
                None => last.remove(&key),
            };
            before = Some(change);
        }
        // Conditions are not views of one instant: they are compared with history itself.
        last.retain(|(kind, _), _| *kind != ChangeKind::Condition);
        let seen = self.last_views()?;
        if let Some((kind, id)) = seen.keys().chain(last.keys()).find(|key| seen.get(*key) != last.get(*key)) {
            differences.push(Difference(format!("change_log: {kind} {id} is not what the changes lead to")));
        }
        let sql =
            "SELECT name FROM delivery WHERE delivered_through < 0 OR delivered_through >
                   (SELECT max(coalesce(max(sequence), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'change_log'), 0))
                    FROM change_log)";
        let ahead: Option<String> = self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        if let Some(name) = ahead {
            differences.push(Difference(format!("delivery: {name:?} received a change that does not exist")));
        }
        Ok(differences)
    }
}

pub(in crate::store) fn read_logged(row: &Row<'_>) -> Result<Logged> {
    let sequence = row.get(0)?;
    let text = |index: usize| row.get::<_, String>(index);
    let (kind, occurred_at) = (text(1)?, text(3)?);
    let unreadable = |what: &str| Unreadable(format!("change {sequence} has {what}"));
    let view = |index: usize| -> Result<Option<View>> {
        let stored: Option<String> = row.get(index)?;
        stored.map(|stored| read_view(&stored).with_context(|| unreadable("a view that does not read"))).transpose()
    };
    let change = Change {
        kind: ChangeKind::parse(&kind).ok_or_else(|| unreadable("an unknown kind"))?,
        id: text(2)?,
        occurred_at: Instant::parse_printed(&occurred_at).ok_or_else(|| unreadable("no moment"))?,
        previous: view(4)?,
        next: view(5)?,
    };
    Ok(Logged { sequence, change, whole: row.get(6)? })
}

pub(super) fn read_view(text: &str) -> Result<View> {
    let fields: Map<String, Value> = serde_json::from_str(text)?;
    let seen = |(name, value): (String, Value)| match value {
        Value::Bool(flag) => Ok((name, Seen::Flag(flag))),
        Value::String(text) => Ok((name, Seen::Text(text))),
        other => Err(Unreadable(format!("{name} is {other}")).into()),
    };
    Ok(View(fields.into_iter().map(seen).collect::<Result<_>>()?))
}
