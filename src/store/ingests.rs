//! Owns the record of ingests: which file brought which transitions, and when.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::params;

use super::inputs;
use super::journal::{Bringer, Incoming, JournalWriter, Merged};
use super::open::Store;
use super::seals;
use super::soundness::row::{expect, intact};
use super::turns;
use crate::domain::account::member::SystemId;
use crate::domain::health::ingest::IngestRecord;
use crate::domain::value::instant::Instant;

impl Store {
    /// Merges facts of several streams; `record` gets an id (and a row) as soon as one of them is new. Runs in a write transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn merge(
        &self,
        writer: &mut JournalWriter,
        incoming: &Incoming<'_>,
        record: &mut IngestRecord,
    ) -> Result<Merged> {
        // A slice at a time bounds what is in memory when a batch falls into a long history.
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

    /// Cuts the caches back to what changes of systems, each with its earliest moment, leave as it is. Runs in a write transaction.
    ///
    /// # Errors
    /// Those of the database, and when it cannot be told which caches those are.
    pub(crate) fn trim_caches(&self, touched: &BTreeMap<SystemId, Instant>) -> Result<()> {
        // Nothing is cut where nothing is sealed, as in a first ingest.
        let has_seals = self.connection.prepare_cached("SELECT 1 FROM seal")?.exists([])?;
        for (system, at) in touched.iter().filter(|_| has_seals) {
            inputs::expect_objectives(&self.connection, *system)?;
            seals::trim(&self.connection, *system, *at)?;
        }
        if let Some(earliest) = touched.values().min() {
            seals::outdate(&self.connection, *earliest)?;
            turns::outdate(&self.connection, *earliest)?;
        }
        Ok(())
    }

    fn ingest_id(&self, record: &mut IngestRecord) -> Result<i64> {
        if record.id == 0 {
            // Its checksum is made when its counts are recorded, in the same transaction.
            // The id of one that was forgotten is not given again.
            let sql = "INSERT INTO ingest (id, file, started_at, read, inserted, duplicates, conflicts, rejected, checksum)
                       SELECT 1 + max(coalesce((SELECT max(id) FROM ingest), 0), coalesce((SELECT max(ingest) FROM rewrite_log), 0)),
                              ?1, ?2, 0, 0, 0, 0, 0, 0";
            self.connection.prepare_cached(sql)?.execute(params![record.file, record.started_at.millis()])?;
            record.id = self.connection.last_insert_rowid();
        }
        Ok(record.id)
    }

    /// Brings the counts of an ingest up to date, if it changed anything.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn record_ingest(&self, record: &IngestRecord) -> Result<()> {
        if record.id == 0 {
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
    ///
    /// # Errors
    /// Those of the database.
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
            let id: i64 = row.get(0)?;
            expect(row, 9, || format!("ingest {id}"))?;
            records.push(IngestRecord {
                id,
                file: row.get(1)?,
                started_at: Instant::from_millis(row.get(2)?),
                finished_at: row.get::<_, Option<i64>>(3)?.map(Instant::from_millis),
                read: row.get(4)?,
                inserted: row.get(5)?,
                duplicates: row.get(6)?,
                conflicts: row.get(7)?,
                rejected: row.get(8)?,
            });
        }
        Ok(records)
    }
}
