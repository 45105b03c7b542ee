//! Owns the cache of sealed days: which objectives have one, how far it reaches, and how facts and manifests cut it.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};

use super::ledger::{decode, encode};
use super::open::{Store, Unreadable};
use crate::domain::calendar::Calendar;
use crate::domain::day::Ledger;
use crate::domain::instant::Instant;
use crate::domain::model::{Model, SystemId};

/// Cuts the sealed and the published days of every objective that depends on `system` to those a change at `at` leaves as
/// they are: those that end before it, in whatever zone.
pub(super) fn trim(connection: &Connection, system: SystemId, at: Instant) -> Result<()> {
    let sql = "UPDATE seal SET sealed_until = min(sealed_until, ?2), published_until = min(published_until, ?2),
                               due_at = min(due_at, ?2)
               WHERE (sealed_until > ?2 OR published_until > ?2)
               AND objective IN (SELECT objective FROM objective_input WHERE system = ?1)";
    connection.prepare_cached(sql)?.execute([system.0, at.plus(-1).millis()])?;
    Ok(())
}

/// Remembers that what was computed as of `at` or later is out of date.
pub(super) fn outdate(connection: &Connection, at: Instant) -> Result<()> {
    let sql = "UPDATE computation SET is_current = 0 WHERE is_current = 1 AND as_of >= ?1";
    connection.prepare_cached(sql)?.execute([at.to_string()])?;
    Ok(())
}

impl Store {
    /// The sealed days of an objective, which are those of `calendar`, as far as they hold.
    ///
    /// # Errors
    /// Those of the database, and when a ledger does not decode.
    pub(crate) fn sealed(&self, objective: i64, calendar: Calendar) -> Result<Option<Ledger>> {
        let sql = "SELECT seal.sealed_until, ledger.body FROM seal JOIN ledger USING (objective) WHERE objective = ?1";
        let found: Option<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached(sql)?
            .query_row([objective], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((until, body)) = found else { return Ok(None) };
        let mut ledger = decode(&body, calendar)
            .map_err(|_| Unreadable(format!("the sealed days of objective {objective} do not decode")))?;
        ledger.truncate(Instant::from_millis(until));
        Ok(Some(ledger))
    }

    /// Keeps the days of an objective that end at or before the ledger's end.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn keep_sealed(&self, objective: i64, model: &Model, ledger: &Ledger) -> Result<()> {
        let sql = "INSERT INTO seal (objective, fingerprint, sealed_until, due_at) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (objective) DO UPDATE
                   SET fingerprint = excluded.fingerprint, sealed_until = excluded.sealed_until, due_at = excluded.due_at";
        let due = ledger.calendar().start(ledger.next().next());
        let row = params![objective, model.fingerprint(), ledger.end().millis(), due.millis()];
        self.connection.prepare_cached(sql)?.execute(row)?;
        let sql = "INSERT INTO ledger (objective, body) VALUES (?1, ?2)
                   ON CONFLICT (objective) DO UPDATE SET body = excluded.body";
        self.connection.prepare_cached(sql)?.execute(params![objective, encode(ledger)])?;
        Ok(())
    }

    /// Forgets the sealed days of an objective.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn drop_sealed(&self, objective: i64) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM seal WHERE objective = ?1")?.execute([objective])?;
        self.connection.prepare_cached("DELETE FROM ledger WHERE objective = ?1")?.execute([objective])?;
        Ok(())
    }

    /// The fingerprint of the model from which an objective's days were sealed, and up to when they are: those that end by then.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn seal(&self, objective: i64) -> Result<Option<(i64, Instant)>> {
        let sql = "SELECT fingerprint, sealed_until FROM seal WHERE objective = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Instant::from_millis(row.get(1)?)));
        Ok(self.connection.prepare_cached(sql)?.query_row([objective], row).optional()?)
    }

    /// The objectives that depend on `system` and of which a day that is over `now` is not sealed, the furthest behind first.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn unsealed(&self, system: SystemId, now: Instant, most: usize) -> Result<Vec<i64>> {
        let sql = "SELECT objective FROM objective_input LEFT JOIN seal USING (objective)
                   WHERE system = ?1 AND coalesce(due_at, 0) <= ?2
                   ORDER BY coalesce(sealed_until, 0), objective LIMIT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![system.0, now.millis(), most], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
