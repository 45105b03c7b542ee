//! Owns reading facts as they were recorded, each with its ingest and its note.

use std::collections::HashMap;

use anyhow::Result;
use rusqlite::{CachedStatement, Params, params};

use super::StreamRow;
use crate::domain::account::member::SystemId;
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::store::database::open::{Store, Unreadable};
use crate::store::facts::segment::{Fact, Packed, decode};
use crate::store::id::StreamId;
use crate::store::shared::Part;
use crate::store::soundness::row::{expect, intact};

impl Store {
    /// Calls `each` for every fact of every stream, stream by stream, oldest first.
    pub(crate) fn each_fact(
        &self,
        system: SystemId,
        mut each: impl FnMut(&StreamRow, &Fact, Option<&str>) -> Result<()>,
    ) -> Result<()> {
        for stream in self.streams(system)? {
            let mut notes = self.notes(stream.id)?;
            self.each_segment(stream.id, |facts| {
                facts.iter().try_for_each(|fact| {
                    let note = notes.remove(&fact.transition.at.millis());
                    each(&stream, fact, note.as_deref())
                })
            })?;
        }
        Ok(())
    }

    /// The same for facts within a span. Other segments are not read.
    pub(crate) fn each_fact_within(
        &self,
        system: SystemId,
        within: Span,
        mut each: impl FnMut(&StreamRow, &Fact, Option<&str>) -> Result<()>,
    ) -> Result<()> {
        for stream in self.streams(system)? {
            let mut notes = self.notes_around(system, stream.id, within)?;
            self.each_segment_around(system, stream.id, within, |facts| {
                facts.iter().filter(|fact| within.contains(fact.transition.at)).try_for_each(|fact| {
                    let note = notes.remove(&fact.transition.at.millis());
                    each(&stream, fact, note.as_deref())
                })
            })?;
        }
        Ok(())
    }

    /// Calls `each` for every fact of a system that has a note and was current at some time of a span, stream by stream,
    /// oldest first.
    pub(crate) fn each_noted_within(
        &self,
        system: SystemId,
        within: Span,
        mut each: impl FnMut(Transition, &str),
    ) -> Result<()> {
        for stream in self.streams(system)? {
            let notes = self.notes_around(system, stream.id, within)?;
            if notes.is_empty() {
                continue;
            }
            let mut last: Option<(Transition, &String)> = None;
            let mut tell = |(fact, note): (Transition, &String), until: Option<Instant>| {
                if fact.at < within.end && until.is_none_or(|until| until > within.start) {
                    each(fact, note);
                }
            };
            self.each_segment_around(system, stream.id, within, |facts| {
                for fact in facts {
                    let at = fact.transition.at;
                    if let Some(noted) = last.take() {
                        tell(noted, Some(at));
                    }
                    last = notes.get(&at.millis()).map(|note| (fact.transition, note));
                }
                Ok(())
            })?;
            if let Some(noted) = last {
                tell(noted, None);
            }
        }
        Ok(())
    }

    /// Calls `each` with the facts of every segment of a stream, oldest first.
    pub(in crate::store) fn each_segment(
        &self,
        stream: StreamId,
        each: impl FnMut(Vec<Fact>) -> Result<()>,
    ) -> Result<()> {
        let sql = "SELECT first_ts, last_ts, count, body, checksum FROM segment WHERE stream = ?1 ORDER BY first_ts";
        each_decoded(self.connection.prepare_cached(sql)?, [stream], stream, each)
    }

    /// The same for the segments of a span, from the one with the fact in force at its start.
    fn each_segment_around(
        &self,
        system: SystemId,
        stream: StreamId,
        within: Span,
        each: impl FnMut(Vec<Fact>) -> Result<()>,
    ) -> Result<()> {
        self.connection.want_segments(system.0, within.start, within.end)?;
        let statement = self.connection.prepare_wanted(
            "SELECT first_ts, last_ts, count, body, checksum FROM segment WHERE stream = ?1
             AND first_ts >= coalesce((SELECT max(first_ts) FROM segment WHERE stream = ?1 AND first_ts <= ?2), 0)
             AND first_ts < ?3 ORDER BY first_ts",
        )?;
        each_decoded(statement, params![stream, within.start.millis(), within.end.millis()], stream, each)
    }

    fn notes(&self, stream: StreamId) -> Result<HashMap<i64, String>> {
        let sql = concat!("SELECT ts, text, ", intact!(note), " FROM note WHERE stream = ?1");
        read_notes(self.connection.prepare_cached(sql)?, [stream], stream)
    }

    /// The notes in the segments of a span, from the one with the fact in force at its start.
    fn notes_around(&self, system: SystemId, stream: StreamId, within: Span) -> Result<HashMap<i64, String>> {
        self.connection.want_segments(system.0, within.start, within.end)?;
        let sql = concat!(
            "SELECT ts, text, ",
            intact!(note),
            " FROM note WHERE stream = ?1 AND ts < ?3
              AND ts >= coalesce((SELECT max(first_ts) FROM segment WHERE stream = ?1 AND first_ts <= ?2), 0)"
        );
        let (start, end) = (within.start.millis(), within.end.millis());
        let statement = self.connection.prepare_part(sql, Part::NotesOf(system.0, start, end))?;
        read_notes(statement, params![stream, start, end], stream)
    }
}

fn read_notes(
    mut statement: CachedStatement<'_>,
    parameters: impl Params,
    stream: StreamId,
) -> Result<HashMap<i64, String>> {
    let mut rows = statement.query(parameters)?;
    let mut notes = HashMap::new();
    while let Some(row) = rows.next()? {
        expect(row, 2, || format!("a note of stream {stream}"))?;
        notes.insert(row.get(0)?, row.get(1)?);
    }
    Ok(notes)
}

/// Calls `each` with the facts of every segment of a stream that a statement finds.
fn each_decoded(
    mut statement: CachedStatement<'_>,
    parameters: impl Params,
    stream: StreamId,
    mut each: impl FnMut(Vec<Fact>) -> Result<()>,
) -> Result<()> {
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        let Packed { first, count, body, .. } = Packed::read(row, stream)?;
        let facts = decode(body, first, count)
            .map_err(|_| Unreadable(format!("a segment of stream {stream} does not decode")))?;
        each(facts)?;
    }
    Ok(())
}
