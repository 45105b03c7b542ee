//! Owns filling a table with only some of its rows, if it may have very many and few are needed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::filling::fill_table;
use super::segments::Ranges;
use super::{Mode, Shared};
use crate::domain::health::ingest::IngestId;
use crate::store::database::connection::Connection;

/// How often some rows are fetched before all are, so that the number of round trips stays bounded.
const MOST_ALONE: u32 = 2;
/// The most ingests that are fetched by their numbers; if more are needed, all are fetched.
const MOST_INGESTS: usize = 5000;

/// The rows that a statement reads of one table.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Part<'a> {
    /// The notes of a system's streams between two times, both included, in milliseconds, and those before in the
    /// segment with the fact in force at the first.
    NotesOf(i64, i64, i64),
    /// Ingests by their numbers.
    Ingests(&'a BTreeSet<IngestId>),
}

impl Part<'_> {
    fn table(self) -> &'static str {
        match self {
            Self::NotesOf(..) => "note",
            Self::Ingests(_) => "ingest",
        }
    }
}

/// What has been fetched.
#[derive(Default, Debug)]
pub(super) struct Parts {
    notes: BTreeMap<i64, Ranges>,
    ingests: BTreeSet<IngestId>,
    /// How often rows were missing.
    misses: u32,
}

impl Parts {
    fn has(&self, part: Part<'_>) -> bool {
        match part {
            Part::NotesOf(system, from, through) => {
                self.notes.get(&system).is_some_and(|ranges| ranges.cover((from, through)))
            }
            Part::Ingests(ids) => ids.is_subset(&self.ingests),
        }
    }

    fn add(&mut self, part: Part<'_>) {
        match part {
            Part::NotesOf(system, from, through) => self.notes.entry(system).or_default().add((from, through)),
            Part::Ingests(ids) => self.ingests.extend(ids),
        }
    }
}

impl Shared {
    /// Fills the rows that a statement reads of one table. The segments it reads are already there.
    pub(in crate::store) fn fill_part(&self, connection: &Connection, part: Part<'_>) -> rusqlite::Result<()> {
        let bit = self.catalog.bits(&[part.table()]);
        let reads_only = matches!(self.mode.get(), Mode::Idle | Mode::Read);
        let is_small = !matches!(part, Part::Ingests(ids) if ids.len() > MOST_INGESTS);
        // A command that has read all objectives will need the notes of all.
        let is_about_few = self.filled.get() & self.base() == 0;
        self.asked.forget(self.catalog.bits(&["segment"]));
        if !reads_only || !is_small || !is_about_few || self.filled.get() & bit != 0 {
            // A statement that was prepared before does not report again what it reads.
            self.asked.ask(bit);
        } else if self.parts.borrow().has(part) {
            self.asked.forget(bit);
        } else {
            let misses = self.parts.borrow().misses + 1;
            self.parts.borrow_mut().misses = misses;
            if misses > MOST_ALONE {
                self.asked.ask(bit);
            } else {
                self.noting_failure(|| self.fetch_part(connection, part))?;
                self.parts.borrow_mut().add(part);
                self.asked.forget(bit);
            }
        }
        self.fill(connection)
    }

    fn fetch_part(&self, connection: &Connection, part: Part<'_>) -> Result<()> {
        let Some(table) = self.table(part.table()) else { return Ok(()) };
        let schema = &self.address.schema;
        let (columns, stored) = (table.fetched_of("r."), table.stored());
        let sql = match part {
            Part::NotesOf(system, from, through) => format!(
                "SELECT {columns} FROM {schema}.stream AS s JOIN {schema}.{stored} AS r ON r.stream = s.id
                 AND r.ts <= {through} AND r.ts >=
                 coalesce((SELECT max(first_ts) FROM {schema}.segment WHERE stream = s.id AND first_ts <= {from}), {from})
                 WHERE s.system = {system}"
            ),
            Part::Ingests(ids) => {
                let ids: Vec<String> = ids.iter().map(IngestId::to_string).collect();
                let ids = if ids.is_empty() { "NULL".to_owned() } else { ids.join(", ") };
                format!("SELECT {columns} FROM {schema}.{stored} AS r WHERE r.id IN ({ids})")
            }
        };
        self.begin_if_idle()?;
        if connection.is_autocommit() {
            connection.execute_batch("BEGIN")?;
        }
        let answers = self.session.borrow_mut().ask(&sql)?;
        fill_table(connection, table, answers.first().map_or(&[][..], Vec::as_slice))
    }
}
