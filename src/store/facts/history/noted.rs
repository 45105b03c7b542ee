//! Owns reading the notes of facts: only segments with notes are decoded.

use anyhow::Result;
use rusqlite::params;

use super::StreamRow;
use crate::domain::account::member::SystemId;
use crate::domain::health::transition::{Status, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::store::database::open::{Store, Unreadable};
use crate::store::facts::segment::{Packed, read};
use crate::store::id::StreamId;
use crate::store::shared::Part;
use crate::store::soundness::row::{expect, intact};

impl Store {
    /// The streams of one system that may have notes. A shared database is not asked in advance.
    pub(crate) fn noted_streams(&self, system: SystemId) -> Result<Vec<StreamRow>> {
        if self.is_shared() {
            return self.streams(system);
        }
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM note WHERE stream = ?1 LIMIT 1")?;
        let mut noted = Vec::new();
        for stream in self.streams(system)? {
            if statement.exists([stream.id])? {
                noted.push(stream);
            }
        }
        Ok(noted)
    }

    /// The notes of the facts of a stream of `system` within a span whose status is not `healthy`, oldest first.
    pub(crate) fn notes_of_trouble(
        &self,
        system: i64,
        stream: &StreamRow,
        within: Span,
    ) -> Result<Vec<(Instant, String)>> {
        let notes = self.notes_within(system, stream.id, within)?;
        let (Some((first, _)), Some((last, _))) = (notes.first(), notes.last()) else { return Ok(Vec::new()) };
        self.connection.want_segments(system, *first, *last)?;
        let mut statement = self.connection.prepare_wanted(
            "SELECT first_ts, last_ts, count, body, checksum FROM segment WHERE stream = ?1 AND last_ts >= ?2 AND first_ts <= ?3
             ORDER BY first_ts",
        )?;
        let mut rows = statement.query(params![stream.id, first.millis(), last.millis()])?;
        let (mut found, mut waiting) = (Vec::new(), notes.into_iter().peekable());
        while let Some(row) = rows.next()? {
            let Packed { first, last, count, body } = Packed::read(row, stream.id)?;
            if waiting.peek().is_none_or(|(at, _)| *at > last) {
                continue;
            }
            let take = |fact: Transition| {
                while waiting.next_if(|(at, _)| *at < fact.at).is_some() {}
                if let Some(noted) = waiting.next_if(|(at, _)| *at == fact.at)
                    && fact.status != Status::Healthy
                {
                    found.push(noted);
                }
            };
            read(body, first, count, take)
                .map_err(|_| Unreadable(format!("a segment of stream {} does not decode", stream.id)))?;
        }
        Ok(found)
    }

    fn notes_within(&self, system: i64, stream: StreamId, within: Span) -> Result<Vec<(Instant, String)>> {
        let sql = concat!(
            "SELECT ts, text, ",
            intact!(note),
            " FROM note WHERE stream = ?1 AND ts >= ?2 AND ts < ?3 ORDER BY ts"
        );
        let (start, end) = (within.start.millis(), within.end.millis());
        let mut statement = self.connection.prepare_part(sql, Part::NotesOf(system, start, end))?;
        let mut rows = statement.query(params![stream, start, end])?;
        let mut notes = Vec::new();
        while let Some(row) = rows.next()? {
            expect(row, 2, || format!("a note of stream {stream}"))?;
            notes.push((Instant::from_millis(row.get(0)?), row.get(1)?));
        }
        Ok(notes)
    }
}
