//! Owns counting the rows and bytes of the database, for `db info`.

use anyhow::Result;

use super::open::{SCHEMA, Store};
use crate::domain::health::figures::{Figures, Pages};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

impl Store {
    pub(crate) fn info(&self) -> Result<Figures> {
        if let Some(shared) = self.connection.shared() {
            return shared.figures();
        }
        let number = |sql: &str| -> Result<i64> { Ok(self.connection.query_row(sql, [], |row| row.get(0))?) };
        let (segments, transitions, segment_bytes, first, last): (i64, i64, i64, Option<i64>, Option<i64>) =
            self.connection.query_row(
                "SELECT count(*), coalesce(sum(count), 0), coalesce(sum(length(body)), 0), min(first_ts), max(last_ts)
                 FROM segment",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
            )?;
        let (page_bytes, pages) = (number("PRAGMA page_size")?, number("PRAGMA page_count")?);
        Ok(Figures {
            bytes: page_bytes * pages,
            schema: SCHEMA,
            pages: Some(Pages { bytes: page_bytes, count: pages, free: number("PRAGMA freelist_count")? }),
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
