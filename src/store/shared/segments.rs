//! Owns which segments a working copy has: those around the requested instants, of one system or of all.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::params;

use super::Shared;
use crate::domain::value::instant::DAY_MS;
use crate::store::database::connection::Connection;
use crate::store::database::open::Unreadable;

/// How often segments are fetched of one system only.
const MOST_ALONE: u32 = 2;
/// How often in total, before all are fetched: the number of round trips does not grow with the number of requests.
const MOST_ASKED: u32 = 5;

/// From one instant through another, both included.
pub(super) type Range = (i64, i64);

/// What has been fetched.
#[derive(Clone, Default, Debug)]
pub(super) struct Segments {
    everything: bool,
    of_all: Ranges,
    of_system: BTreeMap<i64, Ranges>,
    /// How often something was missing.
    misses: u32,
}

impl Segments {
    fn has(&self, system: i64, range: Range) -> bool {
        let of_system = || self.of_system.get(&system).is_some_and(|ranges| ranges.cover(range));
        self.everything || self.of_all.cover(range) || of_system()
    }
}

/// Disjoint ranges, sorted.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Ranges(Vec<Range>);

impl Ranges {
    pub(super) fn cover(&self, (from, through): Range) -> bool {
        self.0.iter().any(|(first, last)| *first <= from && through <= *last)
    }

    /// Adds a range, and merges it with those that it touches.
    pub(super) fn add(&mut self, range: Range) {
        self.0.push(range);
        self.0.sort_unstable();
        let mut joined: Vec<Range> = Vec::with_capacity(self.0.len());
        for (from, through) in self.0.drain(..) {
            match joined.last_mut() {
                Some((_, last)) if from <= *last => *last = through.max(*last),
                _ => joined.push((from, through)),
            }
        }
        self.0 = joined;
    }
}

impl Shared {
    /// Makes sure that the segments of a system are there, from the one that covers the start of a range to its end.
    pub(in crate::store) fn want_segments(
        &self,
        connection: &Connection,
        system: i64,
        range: Range,
    ) -> rusqlite::Result<()> {
        let segment = self.catalog.bits(&["segment"]);
        if self.filled.get() & segment != 0 || self.segments.borrow().has(system, range) {
            return Ok(());
        }
        self.noting_failure(|| {
            self.begin_if_idle()?;
            let misses = self.segments.borrow().misses + 1;
            self.segments.borrow_mut().misses = misses;
            // A day more on both sides, because the next request is usually about a time close by.
            let wide = (range.0.saturating_sub(DAY_MS), range.1.saturating_add(DAY_MS));
            match misses {
                _ if misses > MOST_ASKED => {
                    self.all_segments(connection)?;
                    self.filled.set(self.filled.get() | segment);
                }
                _ if misses > MOST_ALONE => {
                    self.fetch_segments(connection, &self.within(wide, ""))?;
                    self.segments.borrow_mut().of_all.add(wide);
                }
                _ => {
                    self.fetch_segments(connection, &self.within(wide, &format!("WHERE s.system = {system}")))?;
                    self.segments.borrow_mut().of_system.entry(system).or_default().add(wide);
                }
            }
            Ok(())
        })
    }

    /// Fetches every segment.
    pub(super) fn all_segments(&self, connection: &Connection) -> Result<()> {
        let schema = &self.address.schema;
        self.fetch_segments(
            connection,
            &format!("SELECT stream, first_ts, last_ts, count, body, checksum FROM {schema}.segment"),
        )?;
        self.segments.borrow_mut().everything = true;
        Ok(())
    }

    /// The query for the segments that begin within a range, and the one before it of each stream.
    fn within(&self, (from, through): Range, condition: &str) -> String {
        let schema = &self.address.schema;
        format!(
            "SELECT g.stream, g.first_ts, g.last_ts, g.count, g.body, g.checksum FROM {schema}.stream AS s
             CROSS JOIN LATERAL (SELECT * FROM {schema}.segment WHERE stream = s.id AND first_ts <= {through} AND first_ts >=
             coalesce((SELECT max(first_ts) FROM {schema}.segment WHERE stream = s.id AND first_ts <= {from}), {from})) AS g
             {condition}"
        )
    }

    fn fetch_segments(&self, connection: &Connection, query: &str) -> Result<()> {
        let noting = self.stop_noting();
        let sqlite: &rusqlite::Connection = connection;
        let sql = "INSERT INTO main.segment (stream, first_ts, last_ts, count, body, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT DO NOTHING";
        let mut insert = sqlite.prepare_cached(sql)?;
        self.session.borrow_mut().stream(query, |row| {
            let missing = || Unreadable("a segment has a column without a value".to_owned());
            let number =
                |index: usize| row.try_get::<_, Option<i64>>(index)?.ok_or_else(|| anyhow::Error::from(missing()));
            let body: &[u8] = row.try_get::<_, Option<_>>(4)?.ok_or_else(missing)?;
            insert.execute(params![number(0)?, number(1)?, number(2)?, number(3)?, body, number(5)?])?;
            Ok(())
        })?;
        // The segments that this statement asked for are there.
        self.asked.forget(self.catalog.bits(&["segment"]));
        self.note_changes(noting);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one() {
        let mut ranges = Ranges::default();
        for range in [(10, 20), (40, 50), (15, 30), (60, 70), (5, 5), (30, 41)] {
            ranges.add(range);
        }
        assert_eq!(ranges.0, [(5, 5), (10, 50), (60, 70)]);
        let segments = Segments { of_all: ranges, ..Segments::default() };
        assert!(segments.has(1, (12, 50)) && !segments.has(1, (12, 51)) && !segments.has(1, (5, 10)));
    }
}
