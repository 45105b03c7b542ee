//! Owns counting the content of the shared store, without fetching it.

use anyhow::{Context as _, Result};

use super::Shared;
use crate::domain::health::figures::Figures;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::store::database::open::SCHEMA;

impl Shared {
    pub(in crate::store) fn figures(&self) -> Result<Figures> {
        let schema = &self.address.schema;
        let count = |table: &str| format!("(SELECT count(*) FROM {schema}.{table})");
        let counts: Vec<String> =
            ["system", "stream", "note", "ingest", "manifest", "seal"].iter().map(|table| count(table)).collect();
        let sql = format!(
            "SELECT {}, (SELECT coalesce(sum(length(body)), 0) FROM {schema}.ledger), g.* FROM
             (SELECT count(*), coalesce(sum(count), 0), coalesce(sum(length(body)), 0), min(first_ts), max(last_ts)
              FROM {schema}.segment) AS g;
             SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_catalog.pg_class AS c
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}' AND c.relkind = 'r'",
            counts.join(", ")
        );
        self.begin_if_idle()?;
        let answers = self.session.borrow_mut().ask(&sql)?;
        let row = |index: usize| answers.get(index).and_then(|rows| rows.first()).context("the server counts nothing");
        let (counted, sized) = (row(0)?, row(1)?);
        let number = |index: usize| counted.get(index).and_then(|text| text.parse::<i64>().ok());
        let some = |index: usize| number(index).unwrap_or(0);
        let bytes = sized.get(0).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        let span = number(10).zip(number(11));
        Ok(Figures {
            bytes,
            schema: SCHEMA,
            pages: None,
            systems: some(0),
            streams: some(1),
            segments: some(7),
            transitions: some(8),
            segment_bytes: some(9),
            notes: some(2),
            ingests: some(3),
            manifests: some(4),
            ledgers: some(5),
            ledger_bytes: some(6),
            span: span.map(|(first, last)| Span::new(Instant::from_millis(first), Instant::from_millis(last))),
        })
    }
}
