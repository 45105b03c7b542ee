//! Owns the tables derived from manifests: the system of each objective, which systems may excuse which, the systems
//! each maintenance window covers.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;
use rusqlite::types::FromSql;
use rusqlite::{Row, params};

use super::digests::expect_objectives;
use super::manifests::{Stored, correction, covered, maintenance_window, stored_objective};
use super::wire;
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::maintenance::Schedule;
use crate::domain::account::member::SystemId;
use crate::domain::plan::object::Kind;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::connection::Connection;
use crate::store::database::open::Store;
use crate::store::facts::history::stored_name;
use crate::store::id::ManifestId;
use crate::store::sealed::followers::Followers;
use crate::store::shared::{About, Shared};
use crate::store::soundness::DamagedCache;
use crate::store::soundness::row::{whole, whole_at, width};

/// From this number of maintenance windows of a system on, reading all windows may be cheaper than looking them up.
const MANY_WINDOWS: usize = 1000;
/// The cost of looking up a window, relative to reading it with all others: those of a system are scattered.
const LOOKUP_COST: usize = 3;

/// The derived tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Inputs {
    pub(crate) objectives: BTreeMap<ManifestId, Vec<SystemId>>,
    pub(crate) windows: BTreeMap<ManifestId, Vec<SystemId>>,
    /// Per upstream: the systems it may excuse, and whether its own upstreams may excuse them, too.
    pub(crate) dependents: BTreeMap<SystemId, Vec<(SystemId, bool)>>,
    /// Per member: its composite systems.
    pub(crate) composites: BTreeMap<SystemId, Vec<SystemId>>,
}

/// How many maintenance windows and corrections name a system.
///
/// # Errors
/// If one of them is missing.
fn count_covering(connection: &Connection, system: SystemId) -> Result<usize> {
    const COUNT: usize = width!(input_digest);
    let sql = concat!(
        "SELECT ",
        whole!(input_digest),
        ", number, sum FROM input_digest, (SELECT count(*) AS number, coalesce(sum(row_sum(maintenance)), 0) AS sum
         FROM maintenance_input WHERE system = ?1) WHERE system = ?1"
    );
    let mut statement = connection.prepare_about(sql, About::SystemId(system.0))?;
    let mut rows = statement.query([system])?;
    let Some(row) = rows.next()? else { return Err(DamagedCache("maintenance_input").into()) };
    match whole_at::<COUNT>(row, 0)? {
        Some([_, _, windows, ..]) if windows == row.get_ref(COUNT + 1)? => Ok(row.get(COUNT)?),
        _ => Err(DamagedCache("maintenance_input").into()),
    }
}

impl Store {
    /// The objectives of a system, sorted by name.
    pub(crate) fn objectives_of(&self, system: &Name) -> Result<Vec<Stored>> {
        let Some(id) = self.system(system)? else { return Ok(Vec::new()) };
        let found = self.believe("objective_input", &id.0, || self.derived_objectives(id).map(Some))?;
        let mut found = found.map_or_else(|| self.objectives(), Ok)?;
        found.retain(|stored| stored.objective.system == *system);
        Ok(found)
    }

    /// The ids of the objectives that the facts of systems decide.
    pub(crate) fn decided_by(&self, systems: &[SystemId]) -> Result<Vec<ManifestId>> {
        let from = systems.iter().map(|system| (*system, Instant::MIN));
        Ok(Followers::default().decided(&self.connection, from)?.into_keys().collect())
    }

    /// The objectives of a system according to the derived table, sorted by name.
    fn derived_objectives(&self, system: SystemId) -> Result<Vec<Stored>> {
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

    /// Calls `each` with the name and schedule of a system's windows that are not cancelled, in no order.
    pub(crate) fn each_schedule_of(
        &self,
        (id, system): (SystemId, &Name),
        mut each: impl FnMut(Name, Schedule),
    ) -> Result<()> {
        self.each_covering(Kind::MaintenanceWindow, id, |row, is_of_it| {
            maintenance_window(row, |name, body| {
                let covers = is_of_it || wire::read_covered(name, body)?.contains(system);
                let schedule = if covers { wire::read_schedule(name, body)? } else { None };
                if let Some(schedule) = schedule {
                    each(stored_name(name)?, schedule);
                }
                Ok(())
            })
        })
    }

    /// Calls `each` with the name, systems and schedule of all windows that are not cancelled, in stored order. Holds only one at a
    /// time, because there may be very many.
    pub(crate) fn each_schedule(&self, mut each: impl FnMut(Name, Vec<Name>, Schedule)) -> Result<()> {
        let sql = concat!(
            "SELECT ",
            whole!(manifest),
            " FROM manifest WHERE id IN (SELECT id FROM manifest WHERE kind = 'MaintenanceWindow')"
        );
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            maintenance_window(row, |name, body| {
                if let Some(schedule) = wire::read_schedule(name, body)? {
                    each(stored_name(name)?, wire::read_covered(name, body)?, schedule);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Whether the windows of this number of systems are probably such a large part of all that reading all is cheaper, judged by one of
    /// the systems. In a shared database, it never is.
    pub(crate) fn are_most_windows(&self, system: SystemId, systems: usize) -> Result<bool> {
        let own = if self.is_shared() { None } else { self.covering(system)? };
        let Some(own) = own.filter(|own| *own >= MANY_WINDOWS) else { return Ok(false) };
        let sql = "SELECT count(*) FROM manifest WHERE kind = 'MaintenanceWindow'";
        let all: usize = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(own.saturating_mul(systems).saturating_mul(LOOKUP_COST) >= all)
    }

    /// Whether there may be any correction. A shared database is not asked in advance.
    pub(crate) fn may_have_corrections(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM manifest WHERE kind = 'Correction' LIMIT 1";
        Ok(self.is_shared() || self.connection.prepare_cached(sql)?.exists([])?)
    }

    /// Whether there are more corrections than systems, so that it is cheaper to look up those of each. For a shared
    /// database, it never is.
    pub(crate) fn has_many_corrections(&self) -> Result<bool> {
        let sql = "SELECT count(*) > (SELECT count(*) FROM system) FROM
                   (SELECT 1 FROM manifest WHERE kind = 'Correction' LIMIT (SELECT count(*) + 1 FROM system))";
        Ok(!self.is_shared() && self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// The systems that certainly have no maintenance window and no correction.
    pub(crate) fn uncovered_systems(&self) -> Result<HashSet<SystemId>> {
        let read = || {
            let sql = concat!(
                "SELECT ",
                whole!(input_digest),
                " FROM input_digest WHERE windows = 0 AND system NOT IN (
                     WITH RECURSIVE covered (system) AS (
                         SELECT min(system) FROM maintenance_input
                         UNION ALL SELECT (SELECT min(system) FROM maintenance_input AS next WHERE next.system > covered.system)
                         FROM covered WHERE covered.system IS NOT NULL)
                     SELECT system FROM covered WHERE system IS NOT NULL)"
            );
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            let mut found = HashSet::new();
            while let Some(row) = rows.next()? {
                if let Some([system, ..]) = whole_at::<{ width!(input_digest) }>(row, 0)? {
                    found.insert(SystemId(system.as_i64()?));
                }
            }
            Ok(Some(found))
        };
        Ok(self.believe("maintenance_input", &"", read)?.unwrap_or_default())
    }

    /// The corrections of a system, sorted by name.
    pub(crate) fn corrections_of(&self, system: SystemId, name: &Name) -> Result<Vec<DeclaredCorrection>> {
        let mut corrections = Vec::new();
        self.each_covering(Kind::Correction, system, |row, _| {
            let declared = correction(row)?;
            corrections.extend((declared.system == *name).then_some(declared));
            Ok(())
        })?;
        corrections.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        Ok(corrections)
    }

    /// How many maintenance windows and corrections name a system; `None` if the derived table is damaged. Those that
    /// the database does not know, whose ids are negative, have none.
    fn covering(&self, system: SystemId) -> Result<Option<usize>> {
        if system.0 < 0 {
            return Ok(Some(0));
        }
        self.believe("maintenance_input", &system, || count_covering(&self.connection, system).map(Some))
    }

    /// Calls `each` with the row of every object of a kind that names a system, in no order, and whether that is
    /// certain: if the derived table is damaged, it passes all objects of the kind.
    fn each_covering(
        &self,
        kind: Kind,
        system: SystemId,
        mut each: impl FnMut(&Row<'_>, bool) -> Result<()>,
    ) -> Result<()> {
        let count = self.covering(system)?;
        let is_whole = match count {
            Some(0) => return Ok(()),
            count => count.is_some(),
        };
        let mut statement = if is_whole {
            // There may be very many of a kind: the `+` keeps SQLite from using its index, and bodies are not sorted.
            let sql = concat!(
                "SELECT ",
                whole!(manifest),
                " FROM manifest WHERE id IN (SELECT maintenance FROM maintenance_input WHERE system = ?2) AND +kind = ?1"
            );
            self.connection.prepare_about(sql, About::SystemId(system.0))?
        } else {
            let sql = concat!("SELECT ", whole!(manifest), " FROM manifest WHERE kind = ?1 AND ?2 <> 0");
            self.connection.prepare_cached(sql)?
        };
        let mut rows = statement.query(params![kind.as_str(), system.0])?;
        while let Some(row) = rows.next()? {
            each(row, is_whole)?;
        }
        Ok(())
    }

    /// The inputs of each objective and the systems of each window, as stored.
    pub(crate) fn inputs(&self) -> Result<Inputs> {
        let sql = "SELECT upstream, dependent, transitive <> 0 FROM dependency_input ORDER BY upstream, dependent";
        Ok(Inputs {
            dependents: self.grouped(sql, |row| Ok((row.get(1)?, row.get(2)?)))?,
            objectives: self
                .grouped("SELECT objective, system FROM objective_input ORDER BY objective, system", second)?,
            windows: self
                .grouped("SELECT maintenance, system FROM maintenance_input ORDER BY maintenance, system", second)?,
            composites: self
                .grouped("SELECT member, composite FROM member_input ORDER BY member, composite", second)?,
        })
    }

    /// What rows say, by the id in their first column.
    fn grouped<K: FromSql + Ord, T>(
        &self,
        sql: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<BTreeMap<K, Vec<T>>> {
        let mut found: BTreeMap<K, Vec<T>> = BTreeMap::new();
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            found.entry(row.get(0)?).or_default().push(read(row)?);
        }
        Ok(found)
    }

    /// Replaces the stored systems that each system may excuse.
    pub(crate) fn put_dependents(
        &self,
        stored: &BTreeMap<SystemId, Vec<(SystemId, bool)>>,
        dependents: &BTreeMap<SystemId, Vec<(SystemId, bool)>>,
    ) -> Result<()> {
        let mut forget = self.connection.prepare_cached("DELETE FROM dependency_input WHERE upstream = ?1")?;
        for id in stored.keys().filter(|id| stored.get(id) != dependents.get(id)) {
            forget.execute([id])?;
        }
        let sql = "INSERT INTO dependency_input (upstream, dependent, transitive) VALUES (?1, ?2, ?3)";
        let mut insert = self.connection.prepare_cached(sql)?;
        for (id, edges) in dependents.iter().filter(|(id, edges)| stored.get(id) != Some(edges)) {
            edges.iter().try_for_each(|(dependent, on)| insert.execute(params![id, dependent, on]).map(drop))?;
        }
        Ok(())
    }

    /// The names of the composite systems among some systems, whose facts this process has read.
    pub(crate) fn composites_among(&self, systems: &HashSet<SystemId>) -> Result<Vec<Name>> {
        if systems.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(known) = self.connection.shared().and_then(Shared::taken_composites) {
            let among = known.iter().filter(|(id, _)| systems.contains(&SystemId(**id)));
            let mut names = among.map(|(_, name)| stored_name(name)).collect::<Result<Vec<Name>>>()?;
            names.sort();
            return Ok(names);
        }
        if !self.connection.prepare_cached("SELECT 1 FROM member_input")?.exists([])? {
            return Ok(Vec::new());
        }
        let sql = "SELECT id, name FROM system WHERE id IN (SELECT composite FROM member_input) ORDER BY name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if systems.contains(&SystemId(row.get(0)?)) {
                found.push(stored_name(row.get_ref(1)?.as_str()?)?);
            }
        }
        Ok(found)
    }

    /// Replaces the stored composite systems of each member.
    pub(crate) fn put_composites(
        &self,
        stored: &BTreeMap<SystemId, Vec<SystemId>>,
        composites: &BTreeMap<SystemId, Vec<SystemId>>,
    ) -> Result<()> {
        let mut forget = self.connection.prepare_cached("DELETE FROM member_input WHERE member = ?1")?;
        for id in stored.keys().filter(|id| stored.get(id) != composites.get(id)) {
            forget.execute([id])?;
        }
        let sql = "INSERT INTO member_input (member, composite) VALUES (?1, ?2)";
        let mut insert = self.connection.prepare_cached(sql)?;
        for (id, of) in composites.iter().filter(|(id, of)| stored.get(id) != Some(of)) {
            of.iter().try_for_each(|composite| insert.execute(params![id, composite]).map(drop))?;
        }
        Ok(())
    }

    /// Replaces the system of an objective.
    pub(crate) fn put_system(&self, objective: ManifestId, system: SystemId) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM objective_input WHERE objective = ?1")?.execute([objective])?;
        let sql = "INSERT INTO objective_input (system, objective) VALUES (?1, ?2)";
        self.connection.prepare_cached(sql)?.execute(params![system, objective])?;
        Ok(())
    }

    /// Derives the systems that each maintenance window covers, if they differ from what is stored, and drops the rows
    /// of deleted objects.
    pub(crate) fn derive_maintenance_inputs(&self, stored: &BTreeMap<ManifestId, Vec<SystemId>>) -> Result<()> {
        let gone = "DELETE FROM objective_input WHERE objective NOT IN (SELECT id FROM manifest WHERE kind = 'SLO')";
        self.connection.execute(gone, [])?;
        let covered = self.covered()?;
        // Of many windows, few may be new.
        let mut forget = self.connection.prepare_cached("DELETE FROM maintenance_input WHERE maintenance = ?1")?;
        for id in stored.keys().filter(|id| stored.get(id) != covered.get(id)) {
            forget.execute([id])?;
        }
        let sql = "INSERT INTO maintenance_input (system, maintenance) VALUES (?1, ?2)";
        let mut insert = self.connection.prepare_cached(sql)?;
        for (id, systems) in covered.iter().filter(|(id, systems)| stored.get(id) != Some(systems)) {
            systems.iter().try_for_each(|system| insert.execute(params![system, id]).map(drop))?;
        }
        Ok(())
    }

    /// The systems that each maintenance window and correction names, by its id.
    pub(crate) fn covered(&self) -> Result<BTreeMap<ManifestId, Vec<SystemId>>> {
        let sql = concat!(
            "SELECT ",
            whole!(manifest),
            " FROM manifest WHERE kind IN ('MaintenanceWindow', 'Correction') ORDER BY id"
        );
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let known: HashMap<Name, SystemId> = self.systems()?.into_iter().collect();
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let names = covered(row)?;
            let mut systems: Vec<SystemId> = names.iter().filter_map(|name| known.get(name)).copied().collect();
            systems.sort_unstable();
            systems.dedup();
            found.insert(row.get(0)?, systems);
        }
        Ok(found)
    }
}

/// The id in a row's second column.
fn second(row: &Row<'_>) -> rusqlite::Result<SystemId> {
    row.get(1)
}
