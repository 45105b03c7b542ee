//! Owns which declared objects and caches a working copy has if only few are requested: those objectives and systems,
//! and everything that decides them. If more is requested, everything is fetched.

use std::collections::BTreeSet;

use anyhow::Result;
use postgres::SimpleQueryRow;

use super::filling::fill_table;
use super::session::number;
use super::taking::quoted;
use super::{Mode, Shared};
use crate::domain::value::instant::Instant;
use crate::store::database::connection::Connection;
use crate::store::sealed::seals;

/// How often something is fetched for a subject, before everything is.
const MOST_ALONE: u32 = 2;
/// The most systems that decide a subject: with more of them, everything is fetched.
const MOST_SYSTEMS: usize = 1000;

/// The subject of a statement that reads only its declared objects and caches.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum About<'a> {
    /// Objectives by name.
    Objectives(&'a [&'a str]),
    ObjectiveId(i64),
    System(&'a str),
    SystemId(i64),
}

/// What has been fetched for subjects.
#[derive(Default, Debug)]
pub(super) struct Subjects {
    objectives: BTreeSet<String>,
    objective_ids: BTreeSet<i64>,
    systems: BTreeSet<String>,
    system_ids: BTreeSet<i64>,
    /// How often something was missing.
    misses: u32,
}

impl Subjects {
    fn has(&self, about: About<'_>) -> bool {
        match about {
            About::Objectives(names) => names.iter().all(|name| self.objectives.contains(*name)),
            About::ObjectiveId(id) => self.objective_ids.contains(&id),
            About::System(name) => self.systems.contains(name),
            About::SystemId(id) => self.system_ids.contains(&id),
        }
    }
}

impl Shared {
    /// Fills what a statement needs that reads only the declared objects and caches of its subject.
    pub(in crate::store) fn fill_about(&self, connection: &Connection, about: About<'_>) -> rusqlite::Result<()> {
        let base = self.base();
        let reads_only = matches!(self.mode.get(), Mode::Idle | Mode::Read);
        if reads_only && self.filled.get() & base == 0 {
            if !self.subjects.borrow().has(about) {
                self.noting_failure(|| self.fetch_about(connection, about))?;
            }
            if self.subjects.borrow().has(about) {
                self.asked.forget(base);
            } else {
                // A cached statement does not report its tables again.
                self.asked.ask(base);
            }
        }
        self.fill(connection)
    }

    /// The tables that are filled with the seals.
    pub(super) fn base(&self) -> u64 {
        self.catalog.groups(self.catalog.bits(&["seal"])).fold(0, |all, group| all | group)
    }

    fn fetch_about(&self, connection: &Connection, about: About<'_>) -> Result<()> {
        let misses = self.subjects.borrow().misses + 1;
        self.subjects.borrow_mut().misses = misses;
        // Ids come from rows fetched by name, so an unknown id has no name to begin with.
        if misses > MOST_ALONE || matches!(about, About::ObjectiveId(_)) {
            return Ok(());
        }
        self.begin_if_idle()?;
        if connection.is_autocommit() {
            connection.execute_batch("BEGIN")?;
        }
        let answers = self.session.borrow_mut().ask(&self.deciding(about))?;
        let [objectives, systems] = &answers[..] else { return Ok(()) };
        if systems.len() > MOST_SYSTEMS {
            return Ok(());
        }
        let named = |rows: &[SimpleQueryRow]| -> Result<Vec<(i64, String)>> {
            rows.iter().map(|row| Ok((number(row, 0)?, row.get(1).unwrap_or_default().to_owned()))).collect()
        };
        let (objectives, systems) = (named(objectives)?, named(systems)?);
        // A declared system may have no id yet.
        let asked = if let About::System(name) = about { Some(name) } else { None };
        self.fetch_subjects(connection, &objectives, &systems, asked)?;
        let mut subjects = self.subjects.borrow_mut();
        match about {
            About::Objectives(names) => subjects.objectives.extend(names.iter().map(|name| (*name).to_owned())),
            About::System(name) => drop(subjects.systems.insert(name.to_owned())),
            About::SystemId(id) => drop(subjects.system_ids.insert(id)),
            About::ObjectiveId(_) => {}
        }
        subjects.objective_ids.extend(objectives.iter().map(|(id, _)| *id));
        subjects.system_ids.extend(systems.iter().map(|(id, _)| *id));
        subjects.systems.extend(systems.into_iter().map(|(_, name)| name));
        Ok(())
    }

    /// Asks for the ids and names of the subject's objectives, and of the systems that decide them or the subject
    /// system: also their members and upstreams, directly or not.
    fn deciding(&self, about: About<'_>) -> String {
        let schema = &self.address.schema;
        let (objectives, first) = match about {
            About::Objectives(names) => {
                let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
                let named = format!("{schema}.manifest WHERE kind = 'SLO' AND name IN ({})", names.join(", "));
                let of =
                    format!("SELECT system FROM {schema}.objective_input WHERE objective IN (SELECT id FROM {named})");
                (named, of)
            }
            About::System(name) => {
                (none(schema), format!("SELECT id AS system FROM {schema}.system WHERE name = {}", quoted(name)))
            }
            About::SystemId(id) | About::ObjectiveId(id) => (none(schema), format!("SELECT {id}::bigint AS system")),
        };
        // Columns are named where they are selected, because Citus loses the names of a list behind `edge`.
        format!(
            "SELECT id, name FROM {objectives};
             WITH RECURSIVE edge AS (
                 SELECT dependent AS below, upstream AS above FROM {schema}.dependency_input
                 UNION ALL SELECT composite, member FROM {schema}.member_input
             ), deciding AS (
                 {first} UNION SELECT edge.above FROM deciding JOIN edge ON edge.below = deciding.system
             ) SELECT id, name FROM {schema}.system WHERE id IN (SELECT system FROM deciding)"
        )
    }

    fn fetch_subjects(
        &self,
        connection: &Connection,
        objectives: &[(i64, String)],
        systems: &[(i64, String)],
        asked: Option<&str>,
    ) -> Result<()> {
        let schema = &self.address.schema;
        let list = |values: Vec<String>| if values.is_empty() { "NULL".to_owned() } else { values.join(", ") };
        let ids = |of: &[(i64, String)]| list(of.iter().map(|(id, _)| id.to_string()).collect());
        let names = systems.iter().map(|(_, name)| name.as_str()).chain(asked);
        let names = list(names.map(quoted).collect());
        let (objectives, systems) = (ids(objectives), ids(systems));
        let covering = format!("SELECT maintenance FROM {schema}.maintenance_input WHERE system IN ({systems})");
        let wanted = [
            ("manifest", format!("id IN ({objectives})")),
            ("manifest", format!("kind = 'System' AND name IN ({names})")),
            ("manifest", format!("id IN ({covering})")),
            ("maintenance_input", format!("system IN ({systems})")),
            ("input_digest", format!("system IN ({systems})")),
            ("system", format!("id IN ({systems})")),
            ("stream", format!("system IN ({systems})")),
            ("seal", format!("objective IN ({objectives})")),
            ("ledger", format!("objective IN ({objectives})")),
        ];
        let tables = || wanted.iter().filter_map(|(name, condition)| Some((self.table(name)?, condition)));
        let mut sql = String::new();
        for (table, condition) in tables() {
            sql.push_str(&format!("SELECT {} FROM {schema}.{} WHERE {condition};", table.fetched(), table.stored()));
        }
        sql.push_str(&format!("SELECT min(at) FROM {schema}.touched"));
        let mut answers = self.session.borrow_mut().ask(&sql)?.into_iter();
        for (table, _) in tables() {
            fill_table(connection, table, &answers.next().unwrap_or_default())?;
        }
        // Which of the touched systems decide these objectives is not determined: at worst, a few more days are read.
        let touched = answers.next().unwrap_or_default();
        let earliest = touched.first().filter(|row| row.get(0).is_some()).map(|row| number(row, 0)).transpose()?;
        self.filled.set(self.filled.get() | self.base());
        let done = earliest.map_or(Ok(()), |at| seals::trim_all(connection, Instant::from_millis(at)));
        self.filled.set(self.filled.get() & !self.base());
        self.asked.forget(self.base());
        done
    }
}

/// No objectives.
fn none(schema: &str) -> String {
    format!("{schema}.manifest WHERE false")
}
