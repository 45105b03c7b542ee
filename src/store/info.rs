//! Owns what `db info` and `db verify` see of the file itself: sizes, counts, raw segments and seals.

use super::open::{SCHEMA, Store};
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use anyhow::Result;

/// The file in numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Info {
    pub(crate) schema: i32,
    pub(crate) page_bytes: i64,
    pub(crate) pages: i64,
    pub(crate) free_pages: i64,
    pub(crate) systems: i64,
    pub(crate) streams: i64,
    pub(crate) segments: i64,
    pub(crate) transitions: i64,
    pub(crate) segment_bytes: i64,
    pub(crate) notes: i64,
    pub(crate) ingests: i64,
    pub(crate) manifests: i64,
    /// Objectives with sealed days, and the bytes these take.
    pub(crate) ledgers: i64,
    pub(crate) ledger_bytes: i64,
    /// From the first to the last transition.
    pub(crate) span: Option<Span>,
}

impl Store {
    /// Counts what the file holds.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn info(&self) -> Result<Info> {
        let number = |sql: &str| -> Result<i64> { Ok(self.connection.query_row(sql, [], |row| row.get(0))?) };
        let (segments, transitions, segment_bytes, first, last): (i64, i64, i64, Option<i64>, Option<i64>) =
            self.connection.query_row(
                "SELECT count(*), coalesce(sum(count), 0), coalesce(sum(length(body)), 0), min(first_ts), max(last_ts)
                 FROM segment",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
            )?;
        Ok(Info {
            schema: SCHEMA,
            page_bytes: number("PRAGMA page_size")?,
            pages: number("PRAGMA page_count")?,
            free_pages: number("PRAGMA freelist_count")?,
            systems: number("SELECT count(*) FROM system")?,
            streams: number("SELECT count(*) FROM stream")?,
            segments,
            transitions,
            segment_bytes,
            notes: number("SELECT count(*) FROM note")?,
            ingests: number("SELECT count(*) FROM ingest")?,
            manifests: number("SELECT count(*) FROM manifest")?,
            ledgers: number("SELECT count(*) FROM seal")?,
            ledger_bytes: number("SELECT coalesce(sum(length(body)), 0) FROM ledger")?,
            span: first
                .zip(last)
                .map(|(first, last)| Span::new(Instant::from_millis(first), Instant::from_millis(last))),
        })
    }
}
