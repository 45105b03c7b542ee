//! Owns a batch of what was read: rows, and planned work or incidents where they are wanted.

use super::{MOST_NOTE_BYTES, Row};
use crate::domain::health::interval::Interval;
use crate::domain::health::stream::StreamName;
use crate::domain::rules::incident::Incident;
use crate::domain::value::instant::Instant;

/// Rows in the order of the input, with their new streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    /// Whether stream indices restart with this batch.
    pub(crate) restart: bool,
    /// Streams that get the next indices, in order.
    pub(crate) new_streams: Vec<StreamName>,
    pub(crate) rows: Vec<Row>,
    /// Notes by index into `rows`.
    pub(crate) notes: Vec<(u32, Box<str>)>,
    /// Lines or records read, accepted or not, without blank lines.
    pub(crate) read: u64,
    pub(crate) rejected: u64,
    /// Records that the feed skips.
    pub(crate) skipped: u64,
    /// Records with only planned work.
    pub(crate) maintenance: u64,
    /// Incidents with start and end, each with its stream; `rows` includes their facts.
    pub(crate) intervals: Vec<(u32, Interval)>,
    /// The longest gap between rows of a stream; after a longer one the status becomes unknown.
    pub(crate) max_gap_ms: Option<i64>,
    /// Planned work.
    pub(crate) planned: Vec<Planned>,
    /// Incidents, each with when its record was last changed, if incidents are requested instead of facts.
    pub(crate) incidents: Vec<(Incident, Option<Instant>)>,
    /// Bytes used by the notes.
    pub(crate) note_bytes: usize,
    /// Bytes of the file read so far, before decompression.
    pub(crate) bytes: u64,
}

impl Batch {
    /// Appends the following batch of the same streams.
    pub(crate) fn join(&mut self, next: Self) {
        let before = self.rows.len() as u32;
        self.notes.extend(next.notes.into_iter().map(|(index, note)| (before + index, note)));
        self.new_streams.extend(next.new_streams);
        self.rows.extend(next.rows);
        self.read += next.read;
        self.rejected += next.rejected;
        self.skipped += next.skipped;
        self.maintenance += next.maintenance;
        self.intervals.extend(next.intervals);
        self.planned.extend(next.planned);
        self.incidents.extend(next.incidents);
        self.note_bytes += next.note_bytes;
        self.bytes = next.bytes;
    }

    /// Whether the following batch fits, with this many rows and as many notes as allowed.
    pub(crate) fn has_room_for(&self, next: &Self, rows: usize) -> bool {
        self.rows.len() + next.rows.len() <= rows && self.note_bytes + next.note_bytes <= MOST_NOTE_BYTES
    }

    /// Whether it has this many rows, or as many notes as allowed.
    pub(super) fn is_full(&self, rows: usize) -> bool {
        self.rows.len() >= rows || self.note_bytes >= MOST_NOTE_BYTES
    }

    /// Adds a row.
    pub(super) fn keep(&mut self, row: Row, note: Option<&str>) {
        let index = self.rows.len() as u32;
        self.notes.extend(note.map(|note| (index, note.into())));
        self.note_bytes += note.map_or(0, |note| note.len() + 32);
        self.rows.push(row);
    }
}

/// Planned work in a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Planned {
    /// The stream of the record.
    pub(crate) stream: u32,
    pub(crate) at: Instant,
    pub(crate) what: Work,
    pub(crate) note: Option<Box<str>>,
}

/// What a record says about planned work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Work {
    Ends,
    Begins,
    /// It begins, and ends at this instant.
    Until(Instant),
}
