//! Owns reading a stream around the instants that are about to be merged.

use anyhow::Result;
use rusqlite::params;

use super::JournalWriter;
use super::rows::segments;
use crate::domain::health::ingest::IngestId;
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::store::Store;

impl Store {
    /// The transitions of a writer's stream from `first` to `last`, and the ones before and after them if any, each with
    /// the ingest that added it; the stream is created if new. Runs in a write transaction.
    pub(crate) fn around(
        &self,
        writer: &mut JournalWriter,
        stream: usize,
        (first, last): (Instant, Instant),
    ) -> Result<Vec<(Transition, IngestId)>> {
        let known = writer.stream(&self.connection, stream, first)?;
        if known.is_new {
            return Ok(Vec::new());
        }
        let sql = "SELECT first_ts, last_ts, count, body, checksum, id FROM segment WHERE stream = ?1
                   AND first_ts >= coalesce((SELECT max(first_ts) FROM segment WHERE stream = ?1 AND first_ts < ?2), 0)
                   AND first_ts <= coalesce((SELECT min(first_ts) FROM segment WHERE stream = ?1 AND first_ts > ?3), ?3)
                   ORDER BY first_ts";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = segments(statement.query(params![known.id, first.millis(), last.millis()])?, known.id)?;
        let mut transitions = Vec::new();
        for segment in found {
            let facts = segment.decode(known.id)?;
            transitions.extend(facts.into_iter().map(|fact| (fact.transition, fact.ingest)));
        }
        Ok(transitions)
    }
}
