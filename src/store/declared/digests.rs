//! Owns the digests of the tables derived from manifests: they show rows that are missing.

use anyhow::Result;

use crate::domain::account::member::SystemId;
use crate::store::database::connection::Connection;
use crate::store::database::open::Store;
use crate::store::soundness::row::{intact, shown};
use crate::store::soundness::{DamagedCache, Difference};

/// The digest of each system as its rows in those tables have it, with the checksum of that.
const DERIVED: &str = "SELECT id, objectives, windows, dependents, composites,
           row_sum(id, objectives, windows, dependents, composites) AS checksum FROM
    (SELECT id, (SELECT coalesce(sum(row_sum(objective)), 0) FROM objective_input
                 WHERE objective_input.system = system.id) AS objectives,
                (SELECT coalesce(sum(row_sum(maintenance)), 0) FROM maintenance_input
                 WHERE maintenance_input.system = system.id) AS windows,
                (SELECT coalesce(sum(row_sum(dependent, transitive)), 0) FROM dependency_input
                 WHERE upstream = system.id) AS dependents,
                (SELECT coalesce(sum(row_sum(composite)), 0) FROM member_input
                 WHERE member = system.id) AS composites
     FROM system)";

/// A new system decides nothing yet.
pub(in crate::store) fn begin(connection: &Connection, system: SystemId) -> Result<()> {
    let sql = "INSERT INTO input_digest (system, objectives, windows, dependents, composites, checksum)
               VALUES (?1, 0, 0, 0, 0, row_sum(?1, 0, 0, 0, 0))
               ON CONFLICT (system) DO NOTHING";
    connection.prepare_cached(sql)?.execute([system.0])?;
    Ok(())
}

/// Checks that no objective of a system is missing.
pub(super) fn expect_objectives(connection: &Connection, system: SystemId) -> Result<()> {
    let sql = concat!(
        "SELECT 1 FROM input_digest WHERE system = ?1 AND ",
        intact!(input_digest),
        " AND objectives = (SELECT coalesce(sum(row_sum(objective)), 0) FROM objective_input WHERE system = ?1)"
    );
    let mut statement = connection.prepare_cached(sql)?;
    if statement.exists([system.0])? { Ok(()) } else { Err(DamagedCache("objective_input").into()) }
}

impl Store {
    /// Makes the digests, once the tables are right.
    pub(crate) fn digest_inputs(&self) -> Result<()> {
        let sql = format!(
            "INSERT INTO input_digest (system, objectives, windows, dependents, composites, checksum)
             SELECT * FROM ({DERIVED}) WHERE true
             ON CONFLICT (system) DO UPDATE SET objectives = excluded.objectives, windows = excluded.windows,
                 dependents = excluded.dependents, composites = excluded.composites, checksum = excluded.checksum
             WHERE checksum <> excluded.checksum OR objectives <> excluded.objectives OR windows <> excluded.windows
                 OR dependents <> excluded.dependents OR composites <> excluded.composites"
        );
        self.connection.execute(&sql, [])?;
        self.connection.execute("DELETE FROM input_digest WHERE system NOT IN (SELECT id FROM system)", [])?;
        Ok(())
    }

    /// The first system whose digest is missing or not that of its rows.
    pub(crate) fn undigested(&self) -> Result<Option<Difference>> {
        let sql = format!(
            "SELECT id FROM ({DERIVED}) AS derived WHERE checksum IS NOT
             (SELECT checksum FROM input_digest WHERE system = derived.id) ORDER BY id LIMIT 1"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let system = shown(row.get_ref(0)?);
        Ok(Some(Difference(format!("input_digest: system {system} has another digest than its rows, or none"))))
    }
}
