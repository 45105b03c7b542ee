//! Owns the cache of sealed days: which objectives have one, how far it reaches, and how facts and manifests cut it.

use anyhow::Result;
use rusqlite::params;
use rusqlite::types::ValueRef;

use super::ledger::{decode, encode};
use crate::domain::account::model::Model;
use crate::domain::account::objective::Objective;
use crate::domain::budget::day::Ledger;
use crate::domain::value::instant::Instant;
use crate::store::database::connection::Connection;
use crate::store::database::open::Store;
use crate::store::id::ManifestId;
use crate::store::shared::About;
use crate::store::soundness::DamagedCache;
use crate::store::soundness::row::{checksum, row_sum, whole, whole_at, width};

/// The record of sealed days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seal {
    /// The fingerprint of the model from which they were sealed.
    pub(crate) fingerprint: i64,
    /// Days that end by then are sealed. Later facts may decide them, too, within the objective's hindsight.
    pub(crate) until: Instant,
    /// Until when the rows of `daily_snapshot` are valid: days that end by then.
    pub(crate) published_until: Instant,
}

/// Cuts the sealed and the published days of an objective: `row` is its new row without the checksum.
pub(super) fn cut(connection: &Connection, row: [i64; 5]) -> Result<()> {
    let [objective, _, sealed_until, published_until, due_at] = row;
    let sum = checksum(row.map(ValueRef::Integer));
    let sql =
        "UPDATE seal SET sealed_until = ?2, published_until = ?3, due_at = ?4, checksum = ?5 WHERE objective = ?1";
    let row = params![objective, sealed_until, published_until, due_at, sum];
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// Cuts the sealed and the published days of every objective to those that a change at `at` does not affect: those that
/// end earlier, in any zone. A damaged row stays damaged.
#[cfg(feature = "postgres")]
pub(in crate::store) fn trim_all(connection: &Connection, at: Instant) -> Result<()> {
    let sql = concat!(
        "UPDATE seal SET sealed_until = min(sealed_until, ?1), published_until = min(published_until, ?1),
         due_at = min(due_at, ?1), checksum = CASE checksum WHEN ",
        row_sum!(seal),
        " THEN row_sum(objective, fingerprint, min(sealed_until, ?1), min(published_until, ?1), min(due_at, ?1)) ELSE checksum END
         WHERE sealed_until > ?1 OR published_until > ?1"
    );
    connection.prepare_cached(sql)?.execute([before(at)])?;
    Ok(())
}

/// Sets until when the published days of an objective are valid, unless its seal is damaged.
pub(in crate::store) fn publish_until(connection: &Connection, objective: ManifestId, until: Instant) -> Result<()> {
    let sql = concat!(
        "UPDATE seal SET published_until = ?2, checksum = CASE checksum WHEN ",
        row_sum!(seal),
        " THEN row_sum(objective, fingerprint, sealed_until, ?2, due_at) ELSE checksum END
         WHERE objective = ?1 AND published_until <> ?2"
    );
    connection.prepare_cached(sql)?.execute(params![objective, until.millis()])?;
    Ok(())
}

/// The last instant that a change does not affect.
pub(super) fn before(at: Instant) -> i64 {
    at.plus(-1).max(Instant::MIN).millis()
}

/// Marks computations as of `at` or later as outdated.
pub(in crate::store) fn outdate(connection: &Connection, at: Instant) -> Result<()> {
    let sql = concat!(
        "UPDATE computation SET is_current = 0, checksum = CASE checksum WHEN ",
        row_sum!(computation),
        " THEN row_sum(id, as_of, 0, digest) ELSE checksum END WHERE is_current <> 0 AND as_of >= ?1"
    );
    connection.prepare_cached(sql)?.execute([at.to_string()])?;
    Ok(())
}

impl Store {
    /// The valid sealed days of an objective; `None` if they are damaged.
    pub(crate) fn sealed(&self, id: ManifestId, objective: &Objective) -> Result<Option<Ledger>> {
        Ok(self.sealed_and_seal(id, objective)?.map(|(ledger, _)| ledger))
    }

    /// Whether an objective has any stored days, damaged or not.
    pub(crate) fn has_sealed(&self, objective: ManifestId) -> Result<bool> {
        let sql = "SELECT 1 FROM seal WHERE objective = ?1 UNION ALL SELECT 1 FROM ledger WHERE objective = ?1";
        Ok(self.connection.prepare_cached(sql)?.exists([objective])?)
    }

    /// The latest end of any objective's sealed days, without damaged seals.
    pub(crate) fn sealed_until(&self) -> Result<Option<Instant>> {
        let sql = concat!("SELECT ", whole!(seal), " FROM seal");
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut latest = None;
        while let Some(row) = rows.next()? {
            if let Some([_, _, until, ..]) = whole_at::<{ width!(seal) }>(row, 0)? {
                let until = Instant::from_millis(until.as_i64()?);
                latest = latest.max(until.is_storable().then_some(until));
            }
        }
        Ok(latest)
    }

    /// The valid sealed days of an objective, with their seal; `None` if they are damaged.
    pub(crate) fn sealed_and_seal(&self, id: ManifestId, objective: &Objective) -> Result<Option<(Ledger, Seal)>> {
        const SEAL: usize = width!(seal);
        let sql = "SELECT seal.objective, fingerprint, sealed_until, published_until, due_at, seal.checksum,
                          ledger.objective, body, ledger.checksum
                   FROM seal LEFT JOIN ledger ON ledger.objective = seal.objective WHERE seal.objective = ?1";
        self.believe("ledger", &id, || {
            let mut statement = self.connection.prepare_about(sql, About::ObjectiveId(id.0))?;
            let mut rows = statement.query([id])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let Some([_, fingerprint, sealed_until, published_until, ..]) = whole_at::<SEAL>(row, 0)? else {
                return Err(DamagedCache("seal").into());
            };
            let Some([_, body, _]) = whole_at::<{ width!(ledger) }>(row, SEAL)? else {
                return Err(DamagedCache("ledger").into());
            };
            let moment = |value: ValueRef<'_>| -> Result<Instant> {
                let moment = Instant::from_millis(value.as_i64()?);
                if moment.is_storable() { Ok(moment) } else { Err(DamagedCache("seal").into()) }
            };
            let until = moment(sealed_until)?.plus(-objective.hindsight_ms());
            let seal = Seal { fingerprint: fingerprint.as_i64()?, until, published_until: moment(published_until)? };
            let body = body.as_blob().map_err(|_| DamagedCache("ledger"))?;
            let mut ledger = decode(body, objective.window.calendar()).map_err(|_| DamagedCache("ledger"))?;
            ledger.truncate(seal.until);
            Ok(Some((ledger, seal)))
        })
    }

    /// Keeps the days of an objective that end by the end of the ledger; `published_until` does not change.
    pub(crate) fn keep_sealed(
        &self,
        objective: ManifestId,
        model: &Model,
        ledger: &Ledger,
        published_until: Instant,
    ) -> Result<()> {
        let sql = "INSERT INTO seal (objective, fingerprint, sealed_until, published_until, due_at, checksum)
                   VALUES (?1, ?2, ?3, ?4, ?5, row_sum(?1, ?2, ?3, ?4, ?5))
                   ON CONFLICT (objective) DO UPDATE
                   SET fingerprint = excluded.fingerprint, sealed_until = excluded.sealed_until,
                   published_until = excluded.published_until, due_at = excluded.due_at, checksum = excluded.checksum";
        let hindsight_ms = model.objective.hindsight_ms();
        let due = ledger.calendar().start(ledger.next().next()).plus(hindsight_ms);
        // Facts that are later by this much still decide the days.
        let until = ledger.end().plus(hindsight_ms).millis();
        let row = params![objective, model.fingerprint(), until, published_until.millis(), due.millis()];
        self.connection.prepare_cached(sql)?.execute(row)?;
        let sql = "INSERT INTO ledger (objective, body, checksum) VALUES (?1, ?2, row_sum(?1, ?2))
                   ON CONFLICT (objective) DO UPDATE SET body = excluded.body, checksum = excluded.checksum";
        self.connection.prepare_cached(sql)?.execute(params![objective, encode(ledger)])?;
        Ok(())
    }

    /// Deletes the sealed days of an objective.
    pub(crate) fn drop_sealed(&self, objective: ManifestId) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM seal WHERE objective = ?1")?.execute([objective])?;
        self.connection.prepare_cached("DELETE FROM ledger WHERE objective = ?1")?.execute([objective])?;
        Ok(())
    }

    /// Whether any system decides any objective.
    pub(crate) fn has_inputs(&self) -> Result<bool> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM objective_input LIMIT 1")?.exists([])?)
    }
}
