//! Owns transactions: reads are of one instant, and writes happen once, completely, and are retried when other
//! processes or a lost connection prevented them.

use anyhow::Result;

use super::pushing::Batches;
use super::retrying::Patience;
use super::session::{Held, Session, number};
use super::{Mode, Shared, copying, faults};
use crate::store::database::connection::Connection;
use crate::store::database::open::{Access, Store};

/// What a transaction writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) enum Writing {
    /// Declared objects and caches, as of one instant.
    Declarations,
    /// Facts of a few systems, beside writers of other systems.
    Facts,
    /// Anything, while nobody else writes.
    Alone,
}

/// How often others may be faster, before a command locks them out.
const MOST_OVERTAKEN: u32 = 2;
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

impl Shared {
    /// Starts to read unless a transaction is open.
    pub(super) fn begin_if_idle(&self) -> Result<()> {
        if self.mode.get() != Mode::Idle {
            return Ok(());
        }
        self.session.borrow_mut().reconnect(&self.address)?;
        self.session.borrow_mut().begin(BEGIN_READING);
        self.mode.set(Mode::Read);
        Ok(())
    }

    /// Empties the copy, and begins a transaction on both sides.
    fn begin(&self, connection: &Connection, mode: Mode) -> Result<()> {
        self.empty(connection, if mode == Mode::Ingest { self.taken_tables() } else { 0 })?;
        let schema = &self.address.schema;
        let mut session = self.session.borrow_mut();
        session.reconnect(&self.address)?;
        match mode {
            Mode::Idle => {}
            Mode::Read => session.begin(BEGIN_READING),
            Mode::Declare => {
                session.begin(BEGIN_SNAPSHOT);
                let answers = session.ask(&format!("SELECT revision FROM {schema}.about WHERE id = 1"))?;
                let revision = answers.first().and_then(|rows| rows.first()).map(|row| number(row, 0)).transpose()?;
                self.revision.set(revision.unwrap_or(0));
            }
            Mode::Ingest => session.begin(BEGIN),
            Mode::Alone => session.run(&format!(
                "{BEGIN}; SELECT revision FROM {schema}.about WHERE id = 1 FOR UPDATE;
                 SELECT id FROM {schema}.system ORDER BY id FOR UPDATE"
            ))?,
        }
        drop(session);
        self.mode.set(mode);
        self.note_changes(true);
        if mode == Mode::Ingest {
            self.begin_taking();
        }
        Ok(())
    }

    /// Ends any transaction, and empties the copy.
    pub(super) fn forget(&self, connection: &Connection) -> Result<()> {
        self.ahead.take();
        self.empty(connection, 0)
    }

    /// The same, for a transaction that will change some tables.
    fn empty(&self, connection: &Connection, to_be_noted: u64) -> Result<()> {
        self.note_changes(false);
        if self.mode.get() != Mode::Idle {
            self.session.borrow_mut().roll_back();
            self.mode.set(Mode::Idle);
        }
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        // Statements that are prepared again report their tables again.
        connection.flush_prepared_statement_cache();
        let (_, lasting) = self.noted.get();
        self.noted.set((lasting, lasting));
        self.note_tables(connection, to_be_noted)?;
        self.noted.set((lasting | to_be_noted, lasting | to_be_noted));
        connection.execute_batch("BEGIN")?;
        self.filled.set(0);
        self.asked.forget(u64::MAX);
        *self.segments.borrow_mut() = super::Segments::default();
        *self.subjects.borrow_mut() = super::Subjects::default();
        *self.parts.borrow_mut() = super::Parts::default();
        self.touched.borrow_mut().clear();
        self.touching.borrow_mut().clear();
        self.taken.borrow_mut().clear();
        self.counters.borrow_mut().clear();
        self.begins_systems.set(false);
        *self.failed.borrow_mut() = None;
        Ok(())
    }

    /// Locks `about` in a transaction of its own, in which the next one is written: nobody else applies or computes in
    /// the meantime.
    fn go_ahead(&self) -> Result<()> {
        self.ahead.take();
        let mut ahead = Session::connect(&self.address, Access::Update)?;
        ahead.run(&format!("{BEGIN}; {}", self.locking_about()))?;
        *self.ahead.borrow_mut() = Some(ahead);
        Ok(())
    }

    /// Locks out who else applies, computes or writes alone, but not an ingest that begins a system.
    fn locking_about(&self) -> String {
        format!("SELECT revision FROM {}.about WHERE id = 1 FOR NO KEY UPDATE", self.address.schema)
    }

    /// Makes tables note changes unless they already do.
    pub(super) fn note_tables(&self, connection: &Connection, tables: u64) -> Result<()> {
        let (noted, lasting) = self.noted.get();
        let missing = tables & !noted;
        if missing != 0 {
            copying::note(connection, self.catalog.tables_of(missing).map(|(_, table)| table))?;
            self.noted.set((noted | missing, lasting));
        }
        Ok(())
    }

    fn end_reading(&self) {
        if self.mode.get() == Mode::Read {
            // Nothing was written, so a failing end loses nothing.
            self.session.borrow_mut().roll_back();
            self.mode.set(Mode::Idle);
        }
    }

    /// The result of work in the copy, unless the server failed in the meantime.
    fn came_of<T>(&self, result: Result<T>) -> Result<T> {
        match self.failed.borrow_mut().take() {
            Some(error) => Err(error),
            None => result,
        }
    }

    /// Writes the changes back, and commits.
    fn commit(&self, connection: &Connection) -> Result<()> {
        self.note_changes(false);
        let mode = self.mode.get();
        if !self.has_changes(connection)? {
            self.ahead.take();
            self.session.borrow_mut().roll_back();
            self.mode.set(Mode::Idle);
            return Ok(());
        }
        let schema = &self.address.schema;
        let mut batches = Batches::default();
        if mode == Mode::Declare {
            let locking = self.locking_about();
            let answers = if let Some(ahead) = self.ahead.take() {
                *self.session.borrow_mut() = ahead;
                self.session.borrow_mut().ask(&locking)?
            } else {
                self.session.borrow_mut().ask(&format!("COMMIT; {BEGIN}; {locking}"))?
            };
            let now = answers.last().and_then(|rows| rows.first()).map(|row| number(row, 0)).transpose()?;
            if now != Some(self.revision.get()) {
                return Err(faults::Lost::error(
                    "declared objects or caches were written in the meantime".to_owned(),
                    "run this again while nobody else applies or computes",
                ));
            }
        }
        self.push(connection, &mut batches)?;
        if mode == Mode::Declare || mode == Mode::Alone {
            self.settle_touched(&mut batches)?;
            let sql = format!("UPDATE {schema}.about SET revision = revision + 1 WHERE id = 1");
            batches.add(&sql, &mut |sql| self.session.borrow_mut().run(sql))?;
        }
        batches.add("COMMIT", &mut |sql| self.session.borrow_mut().run(sql))?;
        batches.flush(&mut |sql| self.session.borrow_mut().run(sql))?;
        self.mode.set(Mode::Idle);
        Ok(())
    }

    /// Takes the lock for telling commands of changes, which one process can hold, and forgets earlier reads.
    pub(in crate::store) fn hold_delivery(&self, connection: &Connection) -> Result<Held> {
        let held = Patience::new(&self.address).until_it_works(|| Session::hold_delivery(&self.address))?;
        self.end_reading();
        self.empty(connection, self.catalog.bits(&["delivery"]))?;
        Ok(held)
    }
}

impl Store {
    /// Runs `work` on the shared store as of one instant.
    pub(in crate::store) fn read_shared<T>(&self, shared: &Shared, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let place = shared.place();
        let began = match shared.begin(&self.connection, Mode::Read) {
            // A connection that was idle for long may be lost.
            Err(error) if faults::is_passing(&error, &shared.address) => shared.begin(&self.connection, Mode::Read),
            began => began,
        };
        let done = began.and_then(|()| shared.came_of(work(self)));
        shared.end_reading();
        done.map_err(|error| faults::told(error, &place, false))
    }

    /// Runs `work` in one transaction of the shared store, and retries it from the beginning while other processes
    /// prevent it.
    pub(in crate::store) fn write_shared<T>(
        &self,
        shared: &Shared,
        writing: Writing,
        mut work: impl FnMut(&Self) -> Result<T>,
    ) -> Result<T> {
        let mode = match writing {
            Writing::Declarations => Mode::Declare,
            Writing::Facts => Mode::Ingest,
            Writing::Alone => Mode::Alone,
        };
        let mut failures = 0;
        Patience::new(&shared.address).until_it_works(|| {
            if mode == Mode::Declare && failures >= MOST_OVERTAKEN {
                shared.go_ahead()?;
            }
            failures += 1;
            shared.begin(&self.connection, mode)?;
            let done = shared.came_of(work(self)).and_then(|done| shared.commit(&self.connection).map(|()| done));
            if let Err(error) = &done {
                drop(shared.forget(&self.connection));
                if faults::is_elsewhere(error) {
                    shared.session.borrow_mut().leave();
                }
            }
            done
        })
    }

    /// Runs `work` on the shared store as of one instant, and keeps nothing of it.
    pub(in crate::store) fn rehearse_shared<T>(
        &self,
        shared: &Shared,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let place = shared.place();
        let done = shared.begin(&self.connection, Mode::Declare).and_then(|()| shared.came_of(work(self)));
        shared.forget(&self.connection)?;
        done.map_err(|error| faults::told(error, &place, false))
    }

    /// Runs `work`, which changes rows of one table that nobody else writes now, and writes those back; the copy
    /// remains in use.
    pub(in crate::store) fn write_through(
        &self,
        shared: &Shared,
        table: &str,
        work: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        // Earlier changes are already written.
        shared.end_reading();
        shared.note_tables(&self.connection, shared.catalog.bits(&[table]))?;
        self.connection.execute_batch(&format!("DELETE FROM changed_{table}"))?;
        shared.mode.set(Mode::Ingest);
        shared.note_changes(true);
        let done = work(self);
        shared.note_changes(false);
        shared.mode.set(Mode::Idle);
        done?;
        Patience::new(&shared.address).until_it_works(|| {
            shared.session.borrow_mut().reconnect(&shared.address)?;
            shared.push_one(&self.connection, table)
        })
    }
}

/// What a rollback to a savepoint takes back of a copy.
pub(in crate::store) struct Savepoint {
    filled: u64,
    noted: (u64, u64),
    segments: super::Segments,
}

impl Shared {
    /// What the copy has now.
    pub(in crate::store) fn savepoint(&self) -> Savepoint {
        Savepoint { filled: self.filled.get(), noted: self.noted.get(), segments: self.segments.borrow().clone() }
    }

    /// Follows a rollback to a savepoint: what was fetched since is fetched again.
    pub(in crate::store) fn rolled_back(&self, connection: &Connection, to: Savepoint) {
        // Statements that are prepared again report their tables again.
        connection.flush_prepared_statement_cache();
        self.asked.forget(u64::MAX);
        if to.filled & self.base() == 0 {
            self.touched.borrow_mut().clear();
            self.counters.borrow_mut().clear();
        }
        self.filled.set(to.filled);
        self.noted.set(to.noted);
        *self.segments.borrow_mut() = to.segments;
    }

    /// Stops noting changes; returns whether they were noted.
    pub(super) fn stop_noting(&self) -> bool {
        self.notes_changes.swap(false, std::sync::atomic::Ordering::Relaxed)
    }
}
