//! Owns repairing what is not derived from facts and manifests alone: the change log, SQLite's own counters and its
//! indexes.

use anyhow::Result;
use rusqlite::params;

use super::row::intact;
use crate::domain::rules::change::Change;
use crate::store::database::open::Store;
use crate::store::published::changes::{read_logged, write_view};

impl Store {
    /// Removes damaged changes from the log, and lets those after them continue the ones before. It also deletes how
    /// far conditions are logged, so that they are compared with history again. Runs in a write transaction.
    pub(crate) fn repair_log(&self) -> Result<()> {
        for (table, intact) in [("change_log", intact!(change_log)), ("delivery", intact!(delivery))] {
            if self.is_whole(table)? {
                self.connection.execute(&format!("DELETE FROM {table} WHERE NOT {intact}"), [])?;
            } else {
                self.empty(table)?;
            }
        }
        self.continue_changes()?;
        self.empty("condition_logged")?;
        self.repair_sequences()
    }

    /// Makes every change continue the one before it.
    fn continue_changes(&self) -> Result<()> {
        let sql =
            "SELECT sequence, kind, id, occurred_at, previous, next, view FROM change_log ORDER BY kind, id, sequence";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut before: Option<Change> = None;
        let mut wrong: Vec<(i64, Option<Change>)> = Vec::new();
        while let Some(row) = rows.next()? {
            let Ok(logged) = read_logged(row) else {
                wrong.push((row.get(0)?, None));
                continue;
            };
            let known =
                before.take().filter(|known| (known.kind, &known.id) == (logged.change.kind, &logged.change.id));
            let previous = known.and_then(|known| known.next);
            let change = Change { previous, ..logged.change.clone() };
            if change.previous == change.next {
                wrong.push((logged.sequence, None));
            } else if change != logged.change {
                wrong.push((logged.sequence, Some(change.clone())));
            }
            before = Some(change);
        }
        drop(rows);
        wrong.into_iter().try_for_each(|(sequence, change)| self.rewrite_change(sequence, change.as_ref()))
    }

    fn rewrite_change(&self, sequence: i64, change: Option<&Change>) -> Result<()> {
        let Some(change) = change else {
            self.connection.prepare_cached("DELETE FROM change_log WHERE sequence = ?1")?.execute([sequence])?;
            return Ok(());
        };
        let sql = "UPDATE change_log SET previous = ?2, changed_fields = ?3,
                   checksum = row_sum(sequence, as_of, kind, id, occurred_at, ?2, next, ?3, view) WHERE sequence = ?1";
        let (previous, fields) =
            (change.previous.as_ref().map(write_view), serde_json::to_string(&change.changed_fields())?);
        self.connection.prepare_cached(sql)?.execute(params![sequence, previous, fields])?;
        Ok(())
    }

    /// Resets ids that are not reused to the last ones used.
    fn repair_sequences(&self) -> Result<()> {
        for (table, number) in [("change_log", "sequence"), ("manifest", "id")] {
            let sql = format!(
                "UPDATE sqlite_sequence SET seq = (SELECT coalesce(max({number}), 0) FROM {table})
                 WHERE name = ?1 AND (typeof(seq) <> 'integer' OR seq NOT BETWEEN 0 AND 1 << 53)"
            );
            self.connection.execute(&sql, [table])?;
        }
        Ok(())
    }

    /// Rebuilds all indexes, and frees pages that nothing refers to. Not within a transaction.
    ///
    /// # Errors
    /// If rows contradict each other, among others.
    pub(crate) fn repair_pages(&self) -> Result<()> {
        Ok(self.connection.execute_batch("REINDEX; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?)
    }
}
