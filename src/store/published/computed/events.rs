//! Owns the published downtime events: each is a row identified by its start, and finished events are left alone.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::{OptionalExtension as _, params};

use super::{differing_column, keyed, place, rows, summed};
use crate::domain::account::outage::Event;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;
use crate::store::soundness::Difference;

/// Before all starts, in the order of texts.
const FIRST: &str = "";
const LAST: &str = "~";

/// The events of one objective in progress.
pub(crate) struct EventRows<'s> {
    store: &'s Store,
    objective: Name,
    as_of: Instant,
    /// Rows that begin earlier are not touched.
    from: String,
    /// Whether no row begins later.
    is_done: bool,
    /// The differences, if nothing is written, and until when compared events must have ended, unless all are compared.
    compared: Option<(Vec<Difference>, Option<Instant>)>,
}

impl Store {
    /// Begins to update the events of an objective that are ongoing after an instant.
    pub(crate) fn publishing_events(&self, objective: &Name, after: Instant, as_of: Instant) -> Result<EventRows<'_>> {
        let sql = "SELECT end_time FROM downtime_event WHERE objective_id = ?1 ORDER BY start_time DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let last: Option<Option<String>> = statement.query_row([objective.as_str()], |row| row.get(0)).optional()?;
        let after = if after > Instant::MIN { after.to_string() } else { FIRST.to_owned() };
        let is_done = last.is_none_or(|end| end.is_some_and(|end| end <= after));
        let from = if is_done { None } else { self.open_event(objective, &after)? };
        let (objective, from) = (objective.clone(), from.unwrap_or(after));
        Ok(EventRows { store: self, objective, as_of, from, is_done, compared: None })
    }

    /// When an event began that is ongoing at an instant. Events do not overlap: of those that begin before it, only
    /// the last can be.
    fn open_event(&self, objective: &Name, at: &str) -> Result<Option<String>> {
        let sql = "SELECT start_time FROM (SELECT start_time, end_time FROM downtime_event
                   WHERE objective_id = ?1 AND start_time < ?2 ORDER BY start_time DESC LIMIT 1)
                   WHERE end_time IS NULL OR end_time > ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([objective.as_str(), at], |row| row.get(0)).optional()?)
    }

    /// Begins to compare the events of an objective: all of them, or those that ended by an instant.
    pub(crate) fn comparing_events(&self, objective: &Name, by: Option<Instant>, as_of: Instant) -> EventRows<'_> {
        let compared = Some((Vec::new(), by));
        EventRows { store: self, objective: objective.clone(), as_of, from: FIRST.to_owned(), is_done: false, compared }
    }

    /// Deletes the events of a deleted objective.
    pub(crate) fn withdraw_events(&self, objective: &str) -> Result<()> {
        self.connection.execute("DELETE FROM downtime_event WHERE objective_id = ?1", [objective])?;
        Ok(())
    }
}

impl EventRows<'_> {
    /// Makes these the only events that begin before `until` and after those put before; [`Instant::MAX`]: to the end.
    pub(crate) fn put(&mut self, events: &[Event], until: Instant) -> Result<()> {
        let table = &rows::DOWNTIME_EVENT;
        let until = if until == Instant::MAX { LAST.to_owned() } else { until.to_string() };
        let wanted =
            events.iter().map(|event| rows::event(event, self.as_of).map(summed)).collect::<Result<Vec<_>>>()?;
        let bound = "objective_id = ?1 AND start_time >= ?2 AND start_time < ?3";
        let within = params![self.objective.as_str(), self.from, until];
        let mut stored = if self.is_done { BTreeMap::new() } else { self.store.stored(table, bound, within)? };
        self.from = until;
        let Some((differences, by)) = &mut self.compared else { return self.store.align(table, stored, wanted) };
        let mut wanted = keyed(table, wanted);
        if let Some(by) = by.map(|by| by.to_string()) {
            let is_over = |row: &super::Row| matches!(&row[3], rusqlite::types::Value::Text(end) if *end <= by);
            stored.retain(|_, row| is_over(row));
            wanted.retain(|_, row| is_over(row));
        }
        for (key, row) in wanted {
            match stored.remove(&key) {
                Some(is) => differences.extend(differing_column(table, &is, &row)),
                None => differences.push(Difference(format!("{} is missing", place(table, &row)))),
            }
        }
        let needless = stored.values().map(|row| Difference(format!("{} should not be there", place(table, row))));
        differences.extend(needless);
        Ok(())
    }

    /// The differences.
    pub(crate) fn differences(self) -> Vec<Difference> {
        self.compared.map(|(differences, _)| differences).unwrap_or_default()
    }
}
