//! Owns the rows of segments: the ones facts fall into, and how they are written.

use anyhow::Result;
use rusqlite::{Rows, params};

use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::store::database::connection::Connection;
use crate::store::database::open::Unreadable;
use crate::store::facts::segment::{Fact, MOST_BYTES, MOST_FACTS, Packed, Part, decode, pack, segment_sum};
use crate::store::id::{SegmentId, StreamId};

/// A segment as stored.
pub(super) struct Segment {
    pub(super) id: SegmentId,
    pub(super) first: Instant,
    pub(super) last: Instant,
    pub(super) count: usize,
    body: Vec<u8>,
}

impl Segment {
    /// Reads the segment with an id.
    pub(super) fn at(connection: &Connection, stream: StreamId, id: SegmentId) -> Result<Self> {
        let sql = "SELECT first_ts, last_ts, count, body, checksum, id FROM segment WHERE id = ?1";
        let found = segments(connection.prepare_cached(sql)?.query([id])?, stream)?.into_iter().next();
        Ok(found.ok_or_else(|| Unreadable(format!("segment {id} of stream {stream} is missing")))?)
    }

    /// Its facts.
    pub(super) fn decode(&self, stream: StreamId) -> Result<Vec<Fact>> {
        let damaged = |_| Unreadable(format!("segment {} of stream {stream} does not decode", self.id));
        Ok(decode(&self.body, self.first, self.count).map_err(damaged)?)
    }

    pub(super) fn is_well_filled(&self) -> bool {
        self.body.len() > MOST_BYTES / 8 * 7 || self.count > MOST_FACTS / 8 * 7
    }

    /// Whether this many facts like its own should fit.
    pub(super) fn has_room_for(&self, count: usize) -> bool {
        count <= MOST_FACTS && self.body.len() * count / self.count <= MOST_BYTES
    }
}

/// The segments that transitions fall into, oldest first: the one before the first transition (or the stream's first
/// segment), and all that begin before the last one.
pub(super) fn overlapping(
    connection: &Connection,
    stream: StreamId,
    transitions: &[Transition],
) -> Result<Vec<Segment>> {
    let (first, last) = (transitions[0].at.millis(), transitions[transitions.len() - 1].at.millis());
    let sql = "SELECT first_ts, last_ts, count, body, checksum, id FROM segment WHERE stream = ?1
               AND first_ts >= coalesce((SELECT max(first_ts) FROM segment WHERE stream = ?1 AND first_ts <= ?2), 0)
               AND first_ts <= ?3 ORDER BY first_ts";
    let found = segments(connection.prepare_cached(sql)?.query(params![stream, first, last])?, stream)?;
    if !found.is_empty() {
        return Ok(found);
    }
    let sql =
        "SELECT first_ts, last_ts, count, body, checksum, id FROM segment WHERE stream = ?1 ORDER BY first_ts LIMIT 1";
    segments(connection.prepare_cached(sql)?.query([stream])?, stream)
}

/// The ids of a stream's segments, oldest first.
pub(super) fn all(connection: &Connection, stream: StreamId) -> Result<Vec<SegmentId>> {
    let mut statement = connection.prepare_cached("SELECT id FROM segment WHERE stream = ?1 ORDER BY first_ts")?;
    Ok(statement.query_map([stream], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn segments(mut rows: Rows<'_>, stream: StreamId) -> Result<Vec<Segment>> {
    let mut segments = Vec::new();
    while let Some(row) = rows.next()? {
        let Packed { first, last, count, body } = Packed::read(row, stream)?;
        segments.push(Segment { id: row.get(5)?, first, last, count, body: body.to_owned() });
    }
    Ok(segments)
}

/// Packs facts that overlap no segment of the stream.
pub(in crate::store) fn insert(connection: &Connection, stream: StreamId, facts: &[Fact]) -> Result<()> {
    pack(facts).iter().try_for_each(|part| add(connection, stream, part))
}

fn add(connection: &Connection, stream: StreamId, part: &Part<'_>) -> Result<()> {
    let sql = "INSERT INTO segment (stream, first_ts, last_ts, count, body, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let Row { first, last, count, checksum } = Row::of(stream, part);
    connection.prepare_cached(sql)?.execute(params![stream, first, last, count, part.body, checksum])?;
    Ok(())
}

/// A segment's row, with the summary of its body.
struct Row {
    first: i64,
    last: i64,
    count: i64,
    checksum: i32,
}

impl Row {
    fn of(stream: StreamId, Part { facts, body }: &Part<'_>) -> Self {
        let (first, last) = (facts[0].transition.at.millis(), facts[facts.len() - 1].transition.at.millis());
        let count = facts.len() as i64;
        Self { first, last, count, checksum: segment_sum(stream, first, last, count, body) }
    }
}

/// Writes parts over a segment: the first one in its place, the others as new segments.
pub(super) fn replace(connection: &Connection, stream: StreamId, segment: &Segment, parts: &[Part<'_>]) -> Result<()> {
    let Some((head, tail)) = parts.split_first() else { return Ok(()) };
    let Row { first, last, count, checksum } = Row::of(stream, head);
    if first == segment.first.millis() {
        // Its index entry does not change.
        let sql = "UPDATE segment SET last_ts = ?2, count = ?3, body = ?4, checksum = ?5 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![segment.id, last, count, head.body, checksum])?;
    } else {
        let sql = "UPDATE segment SET first_ts = ?2, last_ts = ?3, count = ?4, body = ?5, checksum = ?6 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![segment.id, first, last, count, head.body, checksum])?;
    }
    tail.iter().try_for_each(|part| add(connection, stream, part))
}
