//! Owns the downtime events that are published: each is a row from its start on, and those that are over for good are left alone.

use anyhow::Result;
use rusqlite::{OptionalExtension as _, params};

use super::{differing_column, keyed, place, rows, summed};
use crate::domain::account::outage::Event;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;
use crate::store::soundness::Difference;

/// Before all starts, and after all, in the order of texts.
const FIRST: &str = "";
const LAST: &str = "~";

/// The events of one objective under way.
pub(crate) struct EventRows<'s> {
    store: &'s Store,
    objective: Name,
    as_of: Instant,
    /// Rows that begin before it are done with.
    from: String,
    /// What differs, where nothing is written, and by when events must be over that are compared, unless all are.
    compared: Option<(Vec<Difference>, Option<Instant>)>,
}

impl Store {
    /// Begins to bring the events of an objective in line that are not over by a moment.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn publishing_events(&self, objective: &Name, after: Instant, as_of: Instant) -> Result<EventRows<'_>> {
        let mut from = FIRST.to_owned();
        if after > Instant::MIN {
            // Events do not overlap: of those that begin before it, only the last may not be over by then.
            let sql = "SELECT start_time FROM (SELECT start_time, end_time FROM downtime_event
                       WHERE objective_id = ?1 AND start_time < ?2 ORDER BY start_time DESC LIMIT 1)
                       WHERE end_time IS NULL OR end_time > ?2";
            let after = after.to_string();
            let mut statement = self.connection.prepare_cached(sql)?;
            let open: Option<String> =
                statement.query_row([objective.as_str(), &after], |row| row.get(0)).optional()?;
            from = open.unwrap_or(after);
        }
        Ok(EventRows { store: self, objective: objective.clone(), as_of, from, compared: None })
    }

    /// Begins to compare the events of an objective: all of them, or those that are over by a moment.
    pub(crate) fn comparing_events(&self, objective: &Name, by: Option<Instant>, as_of: Instant) -> EventRows<'_> {
        let compared = Some((Vec::new(), by));
        EventRows { store: self, objective: objective.clone(), as_of, from: FIRST.to_owned(), compared }
    }

    /// Forgets the events of an objective that is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn withdraw_events(&self, objective: &str) -> Result<()> {
        self.connection.execute("DELETE FROM downtime_event WHERE objective_id = ?1", [objective])?;
        Ok(())
    }
}

impl EventRows<'_> {
    /// Makes these all events that begin before a moment and are not done with; [`Instant::MAX`]: all there are.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn put(&mut self, events: &[Event], until: Instant) -> Result<()> {
        let table = &rows::DOWNTIME_EVENT;
        let until = if until == Instant::MAX { LAST.to_owned() } else { until.to_string() };
        let wanted =
            events.iter().map(|event| rows::event(event, self.as_of).map(summed)).collect::<Result<Vec<_>>>()?;
        let bound = "objective_id = ?1 AND start_time >= ?2 AND start_time < ?3";
        let mut stored = self.store.stored(table, bound, params![self.objective.as_str(), self.from, until])?;
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

    /// What differed.
    pub(crate) fn differences(self) -> Vec<Difference> {
        self.compared.map(|(differences, _)| differences).unwrap_or_default()
    }
}
