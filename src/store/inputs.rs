//! Owns the two tables derived from manifests, which systems decide an objective's numbers and which systems a maintenance
//! window covers, and the digests by which they are known to be whole.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::Connection;

use super::manifests::{Stored, maintenance_window, stored_objective};
use super::open::Store;
use super::soundness::DamagedCache;
use super::soundness::row::{intact, whole};
use super::wire;
use crate::domain::account::maintenance::Schedule;
use crate::domain::account::model::SystemId;
use crate::domain::value::name::Name;

/// The derived tables, by object id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Inputs {
    pub(crate) objectives: BTreeMap<i64, Vec<SystemId>>,
    pub(crate) windows: BTreeMap<i64, Vec<SystemId>>,
}

/// A system that is new decides nothing yet.
pub(super) fn begin(connection: &Connection, system: SystemId) -> Result<()> {
    let sql = "INSERT INTO input_digest (system, objectives, windows, checksum) VALUES (?1, 0, 0, row_sum(?1, 0, 0))
               ON CONFLICT (system) DO NOTHING";
    connection.prepare_cached(sql)?.execute([system.0])?;
    Ok(())
}

/// Checks that all objectives which a system decides are known: the cache of their days has to follow its facts.
///
/// # Errors
/// When they are not.
pub(super) fn expect_objectives(connection: &Connection, system: SystemId) -> Result<()> {
    let sql = concat!(
        "SELECT 1 FROM input_digest WHERE system = ?1 AND ",
        intact!(input_digest),
        " AND objectives = (SELECT coalesce(sum(row_sum(objective)), 0) FROM objective_input WHERE system = ?1)"
    );
    expect(connection, sql, system, "objective_input")
}

/// Checks that all maintenance windows of a system are known.
fn expect_windows(connection: &Connection, system: SystemId) -> Result<()> {
    let sql = concat!(
        "SELECT 1 FROM input_digest WHERE system = ?1 AND ",
        intact!(input_digest),
        " AND windows = (SELECT coalesce(sum(row_sum(maintenance)), 0) FROM maintenance_input WHERE system = ?1)"
    );
    expect(connection, sql, system, "maintenance_input")
}

fn expect(connection: &Connection, sql: &str, system: SystemId, table: &'static str) -> Result<()> {
    if connection.prepare_cached(sql)?.exists([system.0])? { Ok(()) } else { Err(DamagedCache(table).into()) }
}

impl Store {
    /// The objectives of a system, sorted by name.
    ///
    /// # Errors
    /// Those of the database, and when a stored body cannot be read.
    pub(crate) fn objectives_of(&self, system: &Name) -> Result<Vec<Stored>> {
        let Some(id) = self.system(system)? else { return Ok(Vec::new()) };
        let found = self.believe("objective_input", &id.0, || self.decided_by(id).map(Some))?;
        let mut found = found.map_or_else(|| self.objectives(), Ok)?;
        found.retain(|stored| stored.objective.system == *system);
        Ok(found)
    }

    /// The objectives whose numbers a system decides, sorted by name; those are few more than its own.
    fn decided_by(&self, system: SystemId) -> Result<Vec<Stored>> {
        expect_objectives(&self.connection, system)?;
        let sql = concat!(
            "SELECT ",
            whole!(manifest),
            " FROM manifest WHERE id IN (SELECT objective FROM objective_input WHERE system = ?1) ORDER BY name"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([system.0])?;
        let mut objectives = Vec::new();
        while let Some(row) = rows.next()? {
            objectives.push(stored_objective(row)?);
        }
        Ok(objectives)
    }

    /// When the maintenance windows of a system that are not cancelled are in force.
    ///
    /// # Errors
    /// Those of the database, and when a stored body cannot be read.
    pub(super) fn maintenance_of(&self, system: SystemId, name: &Name) -> Result<Vec<Schedule>> {
        let whole =
            self.believe("maintenance_input", &system.0, || expect_windows(&self.connection, system).map(Some))?;
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = 'MaintenanceWindow'");
        if whole.is_none() {
            return self.schedules(sql, [], |of, body| {
                let covers = wire::read_covered(of, body)?.contains(name);
                if covers { wire::read_schedule(of, body) } else { Ok(None) }
            });
        }
        let covering = " AND id IN (SELECT maintenance FROM maintenance_input WHERE system = ?1)";
        self.schedules(&format!("{sql}{covering}"), [system.0], wire::read_schedule)
    }

    fn schedules(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        read: impl Fn(&str, &str) -> Result<Option<Schedule>>,
    ) -> Result<Vec<Schedule>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut schedules = Vec::new();
        while let Some(row) = rows.next()? {
            schedules.extend(maintenance_window(row, &read)?);
        }
        Ok(schedules)
    }

    /// What each objective's inputs and each window's systems are, as stored.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn inputs(&self) -> Result<Inputs> {
        let read = |sql: &str| -> Result<BTreeMap<i64, Vec<SystemId>>> {
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, SystemId(row.get(1)?))))?;
            let mut inputs: BTreeMap<i64, Vec<SystemId>> = BTreeMap::new();
            for row in rows {
                let (object, system) = row?;
                inputs.entry(object).or_default().push(system);
            }
            Ok(inputs)
        };
        Ok(Inputs {
            objectives: read("SELECT objective, system FROM objective_input ORDER BY objective, system")?,
            windows: read("SELECT maintenance, system FROM maintenance_input ORDER BY maintenance, system")?,
        })
    }

    /// Replaces the systems that decide an objective's numbers.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn put_inputs(&self, objective: i64, systems: &[SystemId]) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM objective_input WHERE objective = ?1")?.execute([objective])?;
        let mut insert =
            self.connection.prepare_cached("INSERT INTO objective_input (system, objective) VALUES (?1, ?2)")?;
        systems.iter().try_for_each(|system| insert.execute([system.0, objective]).map(drop))?;
        Ok(())
    }

    /// Derives which systems each maintenance window covers, and drops inputs of objectives that do not exist.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn derive_maintenance_inputs(&self) -> Result<()> {
        let gone = "DELETE FROM objective_input WHERE objective NOT IN (SELECT id FROM manifest WHERE kind = 'SLO')";
        self.connection.execute(gone, [])?;
        let (stored, covered) = (self.inputs()?.windows, self.covered()?);
        // There may be many windows, few of which are new.
        let mut forget = self.connection.prepare_cached("DELETE FROM maintenance_input WHERE maintenance = ?1")?;
        for id in stored.keys().filter(|id| stored.get(id) != covered.get(id)) {
            forget.execute([id])?;
        }
        let sql = "INSERT INTO maintenance_input (system, maintenance) VALUES (?1, ?2)";
        let mut insert = self.connection.prepare_cached(sql)?;
        for (id, systems) in covered.iter().filter(|(id, systems)| stored.get(id) != Some(systems)) {
            systems.iter().try_for_each(|system| insert.execute([system.0, *id]).map(drop))?;
        }
        Ok(())
    }

    /// Makes the digests of both tables, once they are as they must be.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn digest_inputs(&self) -> Result<()> {
        let sql = "INSERT INTO input_digest (system, objectives, windows, checksum)
                   SELECT id, objectives, windows, row_sum(id, objectives, windows) FROM
                       (SELECT id, (SELECT coalesce(sum(row_sum(objective)), 0) FROM objective_input
                                    WHERE objective_input.system = system.id) AS objectives,
                                   (SELECT coalesce(sum(row_sum(maintenance)), 0) FROM maintenance_input
                                    WHERE maintenance_input.system = system.id) AS windows
                        FROM system) WHERE true
                   ON CONFLICT (system) DO UPDATE SET objectives = excluded.objectives, windows = excluded.windows,
                       checksum = excluded.checksum
                   WHERE objectives <> excluded.objectives OR windows <> excluded.windows OR checksum <> excluded.checksum";
        self.connection.execute(sql, [])?;
        self.connection.execute("DELETE FROM input_digest WHERE system NOT IN (SELECT id FROM system)", [])?;
        Ok(())
    }

    /// The systems each maintenance window names, by the window's id.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn covered(&self) -> Result<BTreeMap<i64, Vec<SystemId>>> {
        let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = 'MaintenanceWindow' ORDER BY id");
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let known: HashMap<Name, SystemId> = self.systems()?.into_iter().collect();
        let mut covered = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let names = maintenance_window(row, wire::read_covered)?;
            let mut systems: Vec<SystemId> = names.iter().filter_map(|name| known.get(name)).copied().collect();
            systems.sort_unstable();
            systems.dedup();
            covered.insert(row.get(0)?, systems);
        }
        Ok(covered)
    }
}
