//! Owns the rejected records at the beginning of an input read by a feed: they are held back until one is accepted, because
//! an input without any is one error.

use std::rc::Rc;

/// The most records held back, and the bytes after which no other one is.
const MOST: usize = 1000;
const MOST_BYTES: usize = 256 * 1024;
/// With at most this many records, all rejected, the records may be wrong and not the feed.
const FEW: usize = 10;

/// A rejected record.
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) reason: String,
    pub(super) raw: Vec<u8>,
    pub(super) header: Option<Rc<[u8]>>,
}

/// The records held back.
pub(super) struct Held {
    /// `None` as soon as a record was accepted.
    records: Option<Vec<Record>>,
    bytes: usize,
}

impl Held {
    pub(super) const fn new() -> Self {
        Self { records: Some(Vec::new()), bytes: 0 }
    }

    /// Whether no record was accepted so far.
    pub(super) const fn holds(&self) -> bool {
        self.records.is_some()
    }

    /// Holds a record back; returns whether another one may be, too.
    pub(super) fn hold(&mut self, record: Record) -> bool {
        let has_room = self.bytes < MOST_BYTES;
        self.bytes += record.raw.len();
        let Some(records) = &mut self.records else { return true };
        records.push(record);
        has_room && records.len() < MOST
    }

    /// Whether there are so many that the feed must be wrong.
    pub(super) fn are_many(&self) -> bool {
        self.records.as_ref().is_some_and(|records| records.len() > FEW)
    }

    /// Takes the records, and holds none back from here on.
    pub(super) fn take(&mut self) -> Vec<Record> {
        self.records.take().unwrap_or_default()
    }
}
