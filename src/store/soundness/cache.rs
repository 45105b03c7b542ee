//! Owns what becomes of damaged caches: readers pass over them, writers make them anew.

use std::cell::Cell;
use std::fmt;

use anyhow::Result;
use rusqlite::{Connection, ErrorCode, params};

use crate::failure::Failure;
use crate::store::database::open::{Store, code, explain, is_no_value};
use crate::store::shared::Writing;

/// What facts and manifests, or nothing but the past of this file, are needed for to make it anew.
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
/// The tables that `slo compute` fills anew but for the log.
const PUBLISHED: [&str; 7] =
    ["computation", "objective_status", "system_status", "snapshot_run", "downtime_event", "streak", "achievement"];
/// What computations have seen and told, which comes from nothing else and is no fact.
const SEEN: [&str; 2] = ["change_log", "delivery"];

/// A cache that cannot be gone on with: it has to be made anew.
#[derive(Debug)]
pub(in crate::store) struct DamagedCache(pub(in crate::store) &'static str);

impl fmt::Display for DamagedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cache {} is damaged", self.0)
    }
}

impl std::error::Error for DamagedCache {}

/// Whether an error may come of a damaged cache: one that says so, pages of the file that make no sense, or a value of
/// a kind that no version stores.
fn may_be_damage(error: &anyhow::Error) -> bool {
    match code(error) {
        Some(code) => code == ErrorCode::DatabaseCorrupt,
        None => is_no_value(error) || error.chain().any(<dyn std::error::Error>::is::<DamagedCache>),
    }
}

/// Whether an error says that pages of the file make no sense.
pub(in crate::store) fn makes_no_sense(error: &anyhow::Error) -> bool {
    code(error) == Some(ErrorCode::DatabaseCorrupt)
}

/// The cache that an error names.
fn named(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| cause.downcast_ref::<DamagedCache>()).map(|damaged| damaged.0)
}

impl Store {
    /// What a cache says, if it can be read and is intact; else notes that it is damaged, and that is `None` as well.
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

    /// Runs `work`, which brings caches up to date in a write transaction. When they turn out to be damaged, what it
    /// did is taken back, `restore` makes them anew, and it runs again.
    pub(crate) fn with_caches<T>(
        &self,
        mut work: impl FnMut(&Self) -> Result<T>,
        restore: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<T> {
        match self.attempt("caches", &mut work) {
            Err(error) if may_be_damage(&error) => {
                // Damage to facts shows again, as an error.
                restore(self)?;
                let done = work(self)?;
                self.noticed.note(named(&error).unwrap_or("a cache"), &"");
                Ok(done)
            }
            other => other,
        }
    }

    /// Runs `work`, which changes facts that are there, in one write transaction, as [`Self::write_anyway`]. On a
    /// shared database nobody else writes meanwhile.
    pub(crate) fn write_alone<T>(&mut self, work: impl FnMut(&Self) -> Result<T>) -> Result<T> {
        match self.connection.shared() {
            Some(shared) => self.write_shared(shared, Writing::Alone, work),
            None => self.write_anyway(work),
        }
    }

    /// Runs `work`, which changes declared objects or caches, in one write transaction, and once more when pages of
    /// caches make no sense: one that is met spoils the transaction, so they are left behind in another one first. On
    /// a shared database it runs as often as others are faster.
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

    /// Runs `work`, which takes facts in, in one write transaction as [`Self::write`] does, with what `look` has read of the caches before:
    /// pages that make no sense are met there, before they can spoil what is written, and are left behind.
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

    /// What is to be said of an error that ended a transaction: where pages of caches that make no sense were the
    /// reason, they are left behind, and it goes well the next time.
    pub(in crate::store) fn leaving_behind(&self, error: anyhow::Error) -> anyhow::Error {
        if !makes_no_sense(&error) || !self.leave_behind().unwrap_or(false) {
            return error;
        }
        Failure::new(
            format!("database {}: damaged caches made this run fail; they have been rebuilt", self.path().display()),
            "run this again; duplicates are ignored",
        )
    }

    /// Makes those caches anew, and empty, whose pages make no sense, and empties the others. Returns whether there was
    /// one.
    fn leave_behind(&self) -> Result<bool> {
        let tables = CACHES.iter().chain(&PUBLISHED).chain(&SEEN);
        let broken: Vec<&'static str> =
            tables.copied().filter(|table| !self.is_whole(table).unwrap_or(false)).collect();
        if broken.is_empty() {
            return Ok(false);
        }
        self.transact(|store| {
            broken.iter().try_for_each(|table| forsake(&store.connection, table))?;
            let whole = |table: &&&str| !broken.contains(*table);
            CACHES.iter().filter(whole).try_for_each(|table| store.clear(table))?;
            // Without it, the log tells what was seen last.
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

    /// Runs `work`, and takes back what it did when it fails.
    fn attempt<T>(&self, name: &str, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.connection.execute_batch(&format!("SAVEPOINT {name}"))?;
        let done = work(self);
        if done.is_err() {
            self.connection.execute_batch(&format!("ROLLBACK TO {name}"))?;
        }
        self.connection.execute_batch(&format!("RELEASE {name}"))?;
        done
    }

    /// Empties every cache that is made of facts and manifests. Runs in a write transaction.
    pub(crate) fn empty_caches(&self) -> Result<()> {
        CACHES.iter().try_for_each(|table| self.empty(table))
    }

    /// Empties what `slo compute` fills, but for the change log. Runs in a write transaction.
    pub(crate) fn empty_published(&self) -> Result<()> {
        PUBLISHED.iter().try_for_each(|table| self.empty(table))
    }

    /// Remembers that what was computed is out of date, also where even that cannot be read.
    pub(crate) fn forget_computed(&self) -> Result<()> {
        match self.attempt("forgetting", Self::outdate_computed) {
            Err(error) if may_be_damage(&error) => self.empty("computation"),
            other => other,
        }
    }

    /// Empties a table, also one whose pages make no sense. Those are not even tried, for that would spoil the
    /// transaction.
    pub(super) fn empty(&self, table: &str) -> Result<()> {
        if !self.is_whole(table)? {
            return forsake(&self.connection, table);
        }
        self.clear(table)
    }

    /// Whether the pages of a table and of its indexes make sense.
    pub(super) fn is_whole(&self, table: &str) -> Result<bool> {
        let sql = format!("PRAGMA integrity_check({table})");
        Ok(self.connection.query_row(&sql, [], |row| row.get::<_, String>(0))? == "ok")
    }
}

/// Makes a table anew whose pages cannot even be given back: the schema forgets them, and the next compaction leaves
/// them out.
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
