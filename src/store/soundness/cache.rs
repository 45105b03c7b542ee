//! Owns what happens to damaged caches: readers ignore them, writers rebuild them.

use std::cell::Cell;
use std::fmt;

use anyhow::Result;
use rusqlite::{Connection, ErrorCode, params};

use super::lost::{self, make_again};
use crate::failure::Failure;
use crate::store::database::open::{Store, code, explain, is_no_value};
use crate::store::shared::Writing;

/// Tables that can be rebuilt from facts, manifests and the past of this file.
pub(super) const CACHES: [&str; 8] = [
    "ledger",
    "seal",
    "condition_logged",
    "objective_input",
    "dependency_input",
    "member_input",
    "maintenance_input",
    "input_digest",
];
/// The tables that `slo compute` fills again, without the log.
const PUBLISHED: [&str; 7] =
    ["computation", "objective_status", "system_status", "snapshot_run", "downtime_event", "streak", "achievement"];
/// What computations have seen and reported: not a fact, but without another source.
const SEEN: [&str; 2] = ["change_log", "delivery"];

/// All of them.
pub(super) const CACHED: [&[&str]; 3] = [&CACHES, &PUBLISHED, &SEEN];

/// A cache that cannot be continued and must be rebuilt.
#[derive(Debug)]
pub(in crate::store) struct DamagedCache(pub(in crate::store) &'static str);

impl fmt::Display for DamagedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cache {} is damaged", self.0)
    }
}

impl std::error::Error for DamagedCache {}

/// Whether an error may come from a damaged cache: one that says so, invalid pages of the file, a lost table, or a value
/// of a type that no version stores.
fn may_be_damage(error: &anyhow::Error) -> bool {
    match code(error) {
        Some(_) => makes_no_sense(error),
        None => is_no_value(error) || error.chain().any(<dyn std::error::Error>::is::<DamagedCache>),
    }
}

/// Whether an error reports invalid pages of the file, or that it has lost a cache.
pub(in crate::store) fn makes_no_sense(error: &anyhow::Error) -> bool {
    code(error) == Some(ErrorCode::DatabaseCorrupt) || lost::named(error).is_some()
}

/// The cache that an error names.
fn named(error: &anyhow::Error) -> Option<&'static str> {
    let damaged = error.chain().find_map(|cause| cause.downcast_ref::<DamagedCache>()).map(|damaged| damaged.0);
    damaged.or_else(|| lost::named(error))
}

impl Store {
    /// The content of a cache if it can be read and is intact; otherwise notes the damage and returns `None`.
    ///
    /// # Errors
    /// Database errors other than damage.
    pub(in crate::store) fn believe<T>(
        &self,
        table: &'static str,
        row: &dyn fmt::Display,
        read: impl FnOnce() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        match read() {
            Err(error) if may_be_damage(&error) => {
                self.noticed.note(named(&error).unwrap_or(table), row);
                Ok(None)
            }
            other => other,
        }
    }

    /// Runs `work`, which updates caches in a write transaction. If they turn out to be damaged, it is rolled back,
    /// `restore` rebuilds them, and it runs again.
    pub(crate) fn with_caches<T>(
        &self,
        mut work: impl FnMut(&Self) -> Result<T>,
        restore: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<T> {
        match self.attempt("caches", &mut work) {
            Err(error) if may_be_damage(&error) => {
                // Damage to facts shows up again, as an error.
                restore(self)?;
                let done = work(self)?;
                self.noticed.note(named(&error).unwrap_or("a cache"), &"");
                Ok(done)
            }
            other => other,
        }
    }

    /// Runs `work`, which changes existing facts, in one write transaction, as [`Self::write_anyway`]. On a shared
    /// database, nobody else writes in the meantime.
    pub(crate) fn write_alone<T>(&mut self, work: impl FnMut(&Self) -> Result<T>) -> Result<T> {
        match self.connection.shared() {
            Some(shared) => self.write_shared(shared, Writing::Alone, work),
            None => self.write_anyway(work),
        }
    }

    /// Runs `work`, which changes declared objects or caches, in one write transaction, and once more if pages of
    /// caches are invalid: such a page breaks the transaction, so they are first abandoned in another one. On a shared
    /// database, it also runs again whenever other processes were faster.
    pub(crate) fn write_anyway<T>(&mut self, mut work: impl FnMut(&Self) -> Result<T>) -> Result<T> {
        if let Some(shared) = self.connection.shared() {
            return self.write_shared(shared, Writing::Declarations, work);
        }
        let first = self.transact(&mut work);
        let done = match first {
            Err(error) if makes_no_sense(&error) => match self.leave_behind() {
                Ok(true) => self.transact(work),
                _ => Err(error),
            },
            other => other,
        };
        done.map_err(|error| explain(error, self.path()))
    }

    /// Runs `work`, which adds facts, in one write transaction as [`Self::write`] does, with what `look` read of the
    /// caches before: invalid pages are found there, before they can break the transaction, and are abandoned.
    pub(crate) fn write_looking<S, L: Default, T>(
        &mut self,
        state: &mut S,
        look: impl Fn(&Self, &S) -> Result<L>,
        mut work: impl FnMut(&Self, &mut S, L) -> Result<T>,
    ) -> Result<T> {
        if self.is_shared() {
            return self.write(|store| work(store, state, L::default()));
        }
        let has_looked = Cell::new(false);
        let done = self.transact(|store| {
            let seen = look(store, state)?;
            has_looked.set(true);
            work(store, state, seen)
        });
        match done {
            Err(error) if !has_looked.get() && makes_no_sense(&error) => {
                self.leave_behind().map_err(|error| explain(error, self.path()))?;
                self.write(|store| work(store, state, L::default()))
            }
            other => other.map_err(|error| explain(self.leaving_behind(error), self.path())),
        }
    }

    /// The error to report for a failed transaction: if invalid pages of caches were the reason, they are abandoned,
    /// and the next try succeeds.
    pub(in crate::store) fn leaving_behind(&self, error: anyhow::Error) -> anyhow::Error {
        if !makes_no_sense(&error) || !self.leave_behind().unwrap_or(false) {
            return error;
        }
        Failure::new(
            format!("database {}: damaged caches made this run fail; they have been rebuilt", self.path().display()),
            "run this again; duplicates are ignored",
        )
    }

    /// Recreates, empty, the caches with invalid pages, and empties the others. Returns whether there was one.
    fn leave_behind(&self) -> Result<bool> {
        let broken: Vec<&'static str> =
            CACHED.into_iter().flatten().copied().filter(|table| !self.is_whole(table).unwrap_or(false)).collect();
        if broken.is_empty() {
            return Ok(false);
        }
        self.transact(|store| {
            make_again(&store.connection)?;
            broken.iter().try_for_each(|table| forsake(&store.connection, table))?;
            let whole = |table: &&&str| !broken.contains(*table);
            CACHES.iter().filter(whole).try_for_each(|table| store.clear(table))?;
            // Without it, the log has the last views.
            if whole(&&"computation") { store.clear("computation") } else { Ok(()) }
        })?;
        for table in broken {
            self.noticed.note(table, &"pages");
        }
        Ok(true)
    }

    fn clear(&self, table: &str) -> Result<()> {
        self.connection.execute(&format!("DELETE FROM {table}"), [])?;
        Ok(())
    }

    /// Runs `work`, and rolls it back if it fails.
    fn attempt<T>(&self, name: &str, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let before = self.connection.shared().map(|shared| (shared, shared.savepoint()));
        self.connection.execute_batch(&format!("SAVEPOINT {name}"))?;
        let done = work(self);
        if done.is_err() {
            self.connection.execute_batch(&format!("ROLLBACK TO {name}"))?;
            if let Some((shared, before)) = before {
                shared.rolled_back(&self.connection, before);
            }
        }
        self.connection.execute_batch(&format!("RELEASE {name}"))?;
        done
    }

    /// Empties every cache that is derived from facts and manifests. Runs in a write transaction.
    pub(crate) fn empty_caches(&self) -> Result<()> {
        make_again(&self.connection)?;
        CACHES.iter().try_for_each(|table| self.empty(table))
    }

    /// Empties everything that `slo compute` fills, except the change log. Runs in a write transaction.
    pub(crate) fn empty_published(&self) -> Result<()> {
        PUBLISHED.iter().try_for_each(|table| self.empty(table))
    }

    /// Marks computed tables as outdated, even if their state cannot be read.
    pub(crate) fn forget_computed(&self) -> Result<()> {
        match self.attempt("forgetting", Self::outdate_computed) {
            Err(error) if may_be_damage(&error) => self.empty("computation"),
            other => other,
        }
    }

    /// Empties a table, even one with invalid pages: it is not read, because that would break the transaction.
    pub(super) fn empty(&self, table: &str) -> Result<()> {
        if !self.is_whole(table)? {
            return forsake(&self.connection, table);
        }
        self.clear(table)
    }

    /// Whether the pages of a table and of its indexes are valid.
    pub(super) fn is_whole(&self, table: &str) -> Result<bool> {
        let sql = format!("PRAGMA integrity_check({table})");
        Ok(self.connection.query_row(&sql, [], |row| row.get::<_, String>(0))? == "ok")
    }
}

/// Recreates a table whose pages cannot even be freed: the schema forgets them, and the next compaction drops them.
fn forsake(connection: &Connection, table: &str) -> Result<()> {
    let sql = "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type = 'index'";
    let mut statement = connection.prepare(sql)?;
    let declarations: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    connection.execute_batch("PRAGMA writable_schema = ON")?;
    let forgotten = connection.execute("DELETE FROM sqlite_schema WHERE tbl_name = ?1", params![table]);
    connection.execute_batch("PRAGMA writable_schema = RESET")?;
    forgotten?;
    declarations.iter().try_for_each(|sql| Ok(connection.execute_batch(sql)?))
}
