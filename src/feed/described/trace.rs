//! Owns tracing the first records, for people who write a feed.

use super::kind::{Kind, Slots};
use crate::domain::health::feed::trial::Tried;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::Transition;
use crate::feed::Batch;

/// The traced records.
pub(super) struct Trace {
    most: usize,
    /// The number of rejected ones among them.
    rejected: usize,
    pub(super) found: Vec<Tried>,
    /// The values of the current record.
    values: Vec<(String, Option<String>)>,
}

impl Trace {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, rejected: 0, found: Vec::new(), values: Vec::new() }
    }

    /// Remembers the values of a record.
    pub(super) fn values(&mut self, kind: &Kind, slots: &Slots<'_>) {
        let shown = |value: &[u8]| crate::feed::fields::excerpt(value);
        let names = kind.wants.iter().cloned();
        self.values = names.zip(slots.iter().map(|value| value.as_deref().map(shown))).collect();
    }

    /// Remembers the result of a record: the rows from `before` on, or the reason for its rejection.
    pub(super) fn record(
        &mut self,
        line: u64,
        (batch, before): (&Batch, usize),
        reason: Option<&String>,
        stream: impl Fn(usize) -> StreamName,
    ) {
        let values = std::mem::take(&mut self.values);
        let accepted = self.found.len() - self.rejected;
        let count = if reason.is_some() { self.rejected } else { accepted };
        if count >= self.most {
            return;
        }
        self.rejected += usize::from(reason.is_some());
        let fact = |row: &crate::feed::Row| (stream(row.stream()), Transition { at: row.at(), status: row.status() });
        let facts = batch.rows[before..].iter().map(fact).collect();
        self.found.push(Tried { line, values, facts, reason: reason.cloned() });
    }
}
