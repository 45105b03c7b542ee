//! Owns the record of ingests: which file added which transitions, and when.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use rusqlite::{Row, params};

use super::journal::{Bringer, Incoming, JournalWriter, Merged};
use crate::domain::account::member::SystemId;
use crate::domain::health::ingest::{IngestId, IngestRecord};
use crate::domain::health::stream::StreamName;
use crate::domain::health::timeline::{BEGINNING, END};
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;
use crate::store::published::turns;
use crate::store::sealed::followers::Followers;
use crate::store::sealed::seals;
use crate::store::shared::{Part, Shared, Taking};
use crate::store::soundness::row::{expect, intact};

impl Store {
    /// Merges facts of several streams; `record` gets an id (and a row) as soon as one of them is new. Runs in a write
    /// transaction.
    pub(crate) fn merge(
        &self,
        writer: &mut JournalWriter,
        incoming: &Incoming<'_>,
        record: &mut IngestRecord,
    ) -> Result<Merged> {
        // Slices limit the memory for a batch that falls into a long history.
        const SLICE: usize = 16_384;
        let mut sum = Merged::default();
        for transitions in incoming.transitions.chunks(SLICE) {
            let part = Incoming { transitions, ..*incoming };
            let merged = writer.merge(&self.connection, &part, Bringer::This(&mut || self.ingest_id(record)))?;
            sum.inserted += merged.inserted;
            sum.conflicts += merged.conflicts;
            sum.changed |= merged.changed;
        }
        if sum.changed {
            self.ingest_id(record)?;
        }
        Ok(sum)
    }

    /// Merges facts that follow from what earlier ingests reported, as facts of these ingests. Runs in a write
    /// transaction.
    pub(crate) fn merge_for(
        &self,
        writer: &mut JournalWriter,
        stream: usize,
        facts: &[(Transition, IngestId)],
    ) -> Result<()> {
        let (transitions, ingests): (Vec<Transition>, Vec<IngestId>) = facts.iter().copied().unzip();
        let incoming = Incoming { stream, transitions: &transitions, notes: &BTreeMap::new() };
        writer.merge(&self.connection, &incoming, Bringer::Earlier(&ingests))?;
        Ok(())
    }

    /// Begins a transaction of an ingest that may have had others before: in the meantime, its facts and their streams
    /// may have been deleted or renamed, and their ids given to others. A record that was deleted starts again. Returns
    /// whether what was known of systems no longer holds. Runs in a write transaction.
    pub(crate) fn resume(&self, writer: &mut JournalWriter, records: &mut [IngestRecord]) -> Result<bool> {
        let is_other = match self.connection.shared() {
            // Streams are looked up in each transaction, and no id is given twice.
            Some(_) => None,
            None => {
                let state = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0))?;
                Some(writer.state.replace(state).is_some_and(|before| before != state))
            }
        };
        if is_other == Some(false) {
            return Ok(false);
        }
        for record in records.iter_mut().filter(|record| record.changed_journal()) {
            if !self.has_ingest(record.id)? {
                *record = IngestRecord::new(&record.file, record.started_at);
            }
        }
        writer.look_at_all_again();
        Ok(is_other.is_some())
    }

    fn has_ingest(&self, id: IngestId) -> Result<bool> {
        if let Some(shared) = self.connection.shared() {
            shared.want_ingest(&self.connection, id)?;
        }
        Ok(self.connection.prepare_cached("SELECT 1 FROM ingest WHERE id = ?1")?.exists([id])?)
    }

    /// Makes sure that the stored facts around incoming ones are in a working copy, and that nobody else changes them
    /// in the meantime; `None` is all of them. A file has only one writer anyway. Runs in a write transaction.
    pub(crate) fn expect_facts(
        &self,
        writer: &mut JournalWriter,
        coming: &[(usize, Option<(Instant, Instant)>)],
    ) -> Result<()> {
        let Some(shared) = self.connection.shared().filter(|shared| shared.is_taking()) else { return Ok(()) };
        writer.look_again(coming.iter().map(|(stream, _)| *stream));
        let taking: Vec<Taking<'_>> = coming
            .iter()
            .map(|(stream, moments)| {
                let StreamName { system, source, check, location } = writer.name_of(*stream);
                let (from, through) = moments.unwrap_or((BEGINNING, END));
                let (check, location) = (text(check.as_ref()), text(location.as_ref()));
                Taking { system: system.as_str(), source: *source as u8, check, location, from, through }
            })
            .collect();
        shared.take(&self.connection, &taking)
    }

    /// Locks systems of a shared database before their facts are merged. Runs in a write transaction.
    pub(crate) fn lock_systems<'n>(&self, systems: impl Iterator<Item = &'n Name>) -> Result<()> {
        let Some(shared) = self.connection.shared() else { return Ok(()) };
        shared.lock_systems(&self.connection, &systems.map(Name::as_str).collect())
    }

    /// Whether this transaction leaves caches behind its facts, for readers to cut them.
    pub(crate) fn leaves_caches(&self) -> bool {
        self.connection.shared().is_some_and(Shared::is_taking)
    }

    /// Cuts the caches back to what the changes of systems, each from its earliest instant, do not affect. Runs in a
    /// write transaction, in which `followers` were read.
    ///
    /// # Errors
    /// If it cannot be determined which caches those are.
    pub(crate) fn trim_caches(&self, touched: &BTreeMap<SystemId, Instant>, followers: &mut Followers) -> Result<()> {
        if let Some(shared) = self.connection.shared().filter(|shared| shared.is_taking()) {
            shared.touch(touched);
            return Ok(());
        }
        // Without seals, as in a first ingest, there is nothing to cut.
        if followers.has_seals() || self.connection.prepare_cached("SELECT 1 FROM seal")?.exists([])? {
            followers.trim(&self.connection, touched.iter().map(|(system, at)| (*system, *at)))?;
        }
        if let Some(earliest) = touched.values().min() {
            if followers.may_be_computed(*earliest) {
                seals::outdate(&self.connection, *earliest)?;
            }
            if followers.may_be_logged(*earliest) {
                turns::outdate(&self.connection, *earliest)?;
            }
        }
        Ok(())
    }

    fn ingest_id(&self, record: &mut IngestRecord) -> Result<IngestId> {
        if !record.changed_journal() {
            // Its checksum is made with its counts, in the same transaction. The id of a deleted ingest is not reused.
            let greatest =
                "max(coalesce((SELECT max(id) FROM ingest), 0), coalesce((SELECT max(ingest) FROM rewrite_log), 0))";
            let id = self.connection.next_id("ingest", greatest)?;
            let sql =
                "INSERT INTO ingest (id, file, started_at, read, inserted, duplicates, conflicts, rejected, checksum)
                 VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, 0)";
            self.connection.prepare_cached(sql)?.execute(params![id, record.file, record.started_at.millis()])?;
            record.id = IngestId(id);
        }
        Ok(record.id)
    }

    /// Updates the counts of an ingest, if it changed anything.
    pub(crate) fn record_ingest(&self, record: &IngestRecord) -> Result<()> {
        if !record.changed_journal() {
            return Ok(());
        }
        let sql = "UPDATE ingest SET finished_at = ?2, read = ?3, inserted = ?4, duplicates = ?5, conflicts = ?6,
                   rejected = ?7, checksum = row_sum(id, file, started_at, ?2, ?3, ?4, ?5, ?6, ?7) WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute(params![
            record.id,
            record.finished_at.map(Instant::millis),
            record.read,
            record.inserted,
            record.duplicates,
            record.conflicts,
            record.rejected,
        ])?;
        Ok(())
    }

    /// Every ingest that changed the journal, newest first.
    pub(crate) fn ingests(&self) -> Result<Vec<IngestRecord>> {
        let sql = concat!(
            "SELECT id, file, started_at, finished_at, read, inserted, duplicates, conflicts, rejected, ",
            intact!(ingest),
            " FROM ingest ORDER BY id DESC"
        );
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(read_record(row)?);
        }
        Ok(records)
    }

    /// The ingests with these numbers, by number.
    pub(crate) fn ingests_numbered(&self, numbers: &BTreeSet<IngestId>) -> Result<BTreeMap<IngestId, IngestRecord>> {
        let sql = concat!(
            "SELECT id, file, started_at, finished_at, read, inserted, duplicates, conflicts, rejected, ",
            intact!(ingest),
            " FROM ingest WHERE id = ?1"
        );
        let mut statement = self.connection.prepare_part(sql, Part::Ingests(numbers))?;
        let mut records = BTreeMap::new();
        for number in numbers {
            let mut rows = statement.query([number])?;
            if let Some(row) = rows.next()? {
                records.insert(*number, read_record(row)?);
            }
        }
        Ok(records)
    }
}

fn read_record(row: &Row<'_>) -> Result<IngestRecord> {
    let id: IngestId = row.get(0)?;
    expect(row, 9, || format!("ingest {id}"))?;
    Ok(IngestRecord {
        id,
        file: row.get(1)?,
        started_at: Instant::from_millis(row.get(2)?),
        finished_at: row.get::<_, Option<i64>>(3)?.map(Instant::from_millis),
        read: row.get(4)?,
        inserted: row.get(5)?,
        duplicates: row.get(6)?,
        conflicts: row.get(7)?,
        rejected: row.get(8)?,
    })
}

/// A part of a stream's name, as stored.
fn text(name: Option<&Name>) -> &str {
    name.map_or("", Name::as_str)
}
