//! Owns writing the journal: merging sorted facts into segments, so that the result never depends on their order.

mod around;

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Rows, params};

use super::history::system_named;
use super::inputs;
use super::open::Unreadable;
use super::segment::{Fact, MOST_BYTES, MOST_FACTS, Packed, Part, decode, pack, pack_evenly, segment_sum};
use super::soundness::row::{intact, is_intact, row_sum, unlike};
use crate::domain::account::member::SystemId;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// New facts of one stream: sorted by moment, one a moment (the worst), with the note of that moment if it has one.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    /// Index into the writer's streams.
    pub(crate) stream: usize,
    pub(crate) transitions: &'a [Transition],
    pub(crate) notes: &'a BTreeMap<Instant, Box<str>>,
}

/// What merging did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Merged {
    /// New keys.
    pub(crate) inserted: u64,
    /// Keys whose status was known and differs, whichever of the two won.
    pub(crate) conflicts: u64,
    /// Whether anything was written, a note included.
    pub(crate) changed: bool,
}

/// A stream as the database knows it.
#[derive(Clone, Copy, Debug)]
struct KnownStream {
    id: i64,
    system: SystemId,
    first: Instant,
    /// Whether it has no segment yet.
    is_new: bool,
}

/// A segment as stored.
struct Segment {
    id: i64,
    first: Instant,
    last: Instant,
    count: usize,
    body: Vec<u8>,
}

impl Segment {
    fn is_well_filled(&self) -> bool {
        self.body.len() > MOST_BYTES / 8 * 7 || self.count > MOST_FACTS / 8 * 7
    }

    /// Whether so many facts like those it has should fit.
    fn has_room_for(&self, count: usize) -> bool {
        count <= MOST_FACTS && self.body.len() * count / self.count <= MOST_BYTES
    }
}

/// Merges batches into the journal. It lives as long as one ingest and sees several transactions.
pub(crate) struct JournalWriter {
    streams: Vec<(StreamName, Option<KnownStream>)>,
    systems: HashMap<Name, SystemId>,
    /// The earliest changed fact of each system since [`Self::take_touched`].
    touched: BTreeMap<SystemId, Instant>,
}

impl JournalWriter {
    pub(crate) fn new() -> Self {
        Self { streams: Vec::new(), systems: HashMap::new(), touched: BTreeMap::new() }
    }

    /// Forgets the streams' indices; the next ones start at 0.
    pub(crate) fn restart(&mut self) {
        self.streams.clear();
        self.systems.clear();
    }

    /// Gives the next index to a stream.
    pub(crate) fn add_stream(&mut self, name: StreamName) {
        self.streams.push((name, None));
    }

    /// The system of a stream, once something of it was merged.
    pub(crate) fn system_of(&self, stream: usize) -> Option<SystemId> {
        self.streams[stream].1.map(|known| known.system)
    }

    /// The systems that changed, each with its earliest changed moment; then forgets them.
    pub(crate) fn take_touched(&mut self) -> BTreeMap<SystemId, Instant> {
        std::mem::take(&mut self.touched)
    }

    /// Merges the facts of one stream, brought by the ingest that `ingest` names when anything is new. Runs inside
    /// the store's write transaction.
    ///
    /// # Errors
    /// Those of the database, and when a segment does not decode.
    pub(super) fn merge(
        &mut self,
        connection: &Connection,
        incoming: &Incoming<'_>,
        ingest: &mut impl FnMut() -> Result<i64>,
    ) -> Result<Merged> {
        let Some(earliest) = incoming.transitions.first() else { return Ok(Merged::default()) };
        let stream = self.stream(connection, incoming.stream, earliest.at)?;
        let segments =
            if stream.is_new { Vec::new() } else { overlapping(connection, stream.id, incoming.transitions)? };
        let mut merged = Merged::default();
        let mut first_change = None;
        let mut rest = incoming.transitions;
        if segments.is_empty() {
            let id = ingest()?;
            let facts: Vec<Fact> = rest.iter().map(|transition| Fact { transition: *transition, ingest: id }).collect();
            insert(connection, stream.id, &facts)?;
            self.streams[incoming.stream].1 = Some(KnownStream { is_new: false, ..stream });
            merged = Merged { inserted: rest.len() as u64, conflicts: 0, changed: true };
            first_change = Some(earliest.at);
            Self::keep_notes(connection, stream.id, rest, incoming.notes, &mut merged)?;
            rest = &[];
        }
        for (index, segment) in segments.iter().enumerate() {
            let next = segments.get(index + 1).map(|next| next.first);
            let here = next.map_or(rest.len(), |next| rest.partition_point(|transition| transition.at < next));
            let (these, later) = rest.split_at(here);
            rest = later;
            if these.is_empty() {
                continue;
            }
            let change =
                Self::merge_segment(connection, stream.id, segment, these, incoming.notes, ingest, &mut merged)?;
            first_change = first_change.or(change);
        }
        if let Some(at) = first_change {
            let touched = self.touched.entry(stream.system).or_insert(at);
            *touched = at.min(*touched);
            if at < stream.first {
                let sql = "UPDATE stream SET first_ts = ?2 WHERE id = ?1 AND first_ts > ?2";
                connection.prepare_cached(sql)?.execute(params![stream.id, at.millis()])?;
                sum_stream(connection, stream.id)?;
                self.streams[incoming.stream].1 = Some(KnownStream { first: at, is_new: false, ..stream });
            }
        }
        Ok(merged)
    }

    /// Merges facts into the one segment they fall into; returns the earliest changed moment.
    fn merge_segment(
        connection: &Connection,
        stream: i64,
        segment: &Segment,
        transitions: &[Transition],
        notes: &BTreeMap<Instant, Box<str>>,
        ingest: &mut impl FnMut() -> Result<i64>,
        merged: &mut Merged,
    ) -> Result<Option<Instant>> {
        let damaged = |_| Unreadable(format!("segment {} of stream {stream} does not decode", segment.id));
        let known = decode(&segment.body, segment.first, segment.count).map_err(damaged)?;
        let appends = transitions[0].at > segment.last;
        let mut facts = Vec::with_capacity(known.len() + transitions.len());
        let mut first_change = None;
        let mut known = known.into_iter().peekable();
        for transition in transitions {
            while let Some(fact) = known.next_if(|fact| fact.transition.at < transition.at) {
                facts.push(fact);
            }
            let same = known.next_if(|fact| fact.transition.at == transition.at);
            let noted = notes.get(&transition.at);
            let winner = match same {
                Some(fact) if fact.transition.status >= transition.status => {
                    merged.conflicts += u64::from(fact.transition.status > transition.status);
                    if let Some(text) = noted
                        && fact.transition.status == transition.status
                    {
                        merged.changed |= enrich(connection, stream, transition.at, text)?;
                    }
                    fact
                }
                replaced => {
                    if replaced.is_some() {
                        merged.conflicts += 1;
                        forget_note(connection, stream, transition.at)?;
                    } else {
                        merged.inserted += 1;
                    }
                    if let Some(text) = noted {
                        enrich(connection, stream, transition.at, text)?;
                    }
                    merged.changed = true;
                    first_change = first_change.or(Some(transition.at));
                    Fact { transition: *transition, ingest: ingest()? }
                }
            };
            facts.push(winner);
        }
        if first_change.is_none() {
            return Ok(None);
        }
        facts.extend(known);
        if appends && segment.is_well_filled() && !segment.has_room_for(facts.len()) {
            // A bulk load leaves a well-filled last segment as it is; otherwise this one grows, and splits when it must.
            insert(connection, stream, &facts[segment.count..])?;
        } else {
            let parts = if appends { pack(&facts) } else { pack_evenly(&facts) };
            replace(connection, stream, segment, &parts)?;
        }
        Ok(first_change)
    }

    fn keep_notes(
        connection: &Connection,
        stream: i64,
        transitions: &[Transition],
        notes: &BTreeMap<Instant, Box<str>>,
        merged: &mut Merged,
    ) -> Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        for transition in transitions {
            if let Some(text) = notes.get(&transition.at) {
                merged.changed |= enrich(connection, stream, transition.at, text)?;
            }
        }
        Ok(())
    }

    /// The stream behind an index, made if it is new; `first` is then its first transition.
    fn stream(&mut self, connection: &Connection, index: usize, first: Instant) -> Result<KnownStream> {
        let (name, known) = &self.streams[index];
        if let Some(known) = known {
            return Ok(*known);
        }
        let name = name.clone();
        let system = match self.systems.get(&name.system) {
            Some(system) => *system,
            None => system_id(connection, &name.system)?,
        };
        self.systems.insert(name.system.clone(), system);
        let check = name.check.as_ref().map_or("", Name::as_str);
        let sql = concat!(
            "SELECT id, first_ts, ",
            intact!(stream),
            " FROM stream WHERE system = ?1 AND source = ?2 AND healthcheck = ?3"
        );
        let found: Option<(i64, i64, bool)> = connection
            .prepare_cached(sql)?
            .query_row(params![system.0, name.source as u8, check], |row| {
                Ok((row.get(0)?, row.get(1)?, is_intact(row, 2)?))
            })
            .optional()?;
        let is_new = found.is_none();
        let (id, first) = match found {
            Some((id, first, true)) => (id, Instant::from_millis(first)),
            Some((id, _, false)) => return Err(unlike(&format!("stream {id}")).into()),
            None => {
                let sql = "INSERT INTO stream (id, system, source, healthcheck, first_ts, checksum)
                           SELECT next, ?1, ?2, ?3, ?4, row_sum(next, ?1, ?2, ?3, ?4)
                           FROM (SELECT coalesce(max(id), 0) + 1 AS next FROM stream)";
                connection.prepare_cached(sql)?.execute(params![system.0, name.source as u8, check, first.millis()])?;
                (connection.last_insert_rowid(), first)
            }
        };
        let known = KnownStream { id, system, first, is_new };
        self.streams[index].1 = Some(known);
        Ok(known)
    }
}

/// The id of a system, made if it is new.
pub(super) fn system_id(connection: &Connection, name: &Name) -> Result<SystemId> {
    if let Some(known) = system_named(connection, name)? {
        return Ok(known);
    }
    let sql = "INSERT INTO system (id, name, checksum) SELECT next, ?1, row_sum(next, ?1)
               FROM (SELECT coalesce(max(id), 0) + 1 AS next FROM system)";
    connection.prepare_cached(sql)?.execute([name.as_str()])?;
    let id = connection.last_insert_rowid();
    inputs::begin(connection, SystemId(id))?;
    Ok(SystemId(id))
}

/// Makes the checksum of a stream that was written.
fn sum_stream(connection: &Connection, id: i64) -> Result<()> {
    let sql = concat!("UPDATE stream SET checksum = ", row_sum!(stream), " WHERE id = ?1");
    connection.prepare_cached(sql)?.execute([id])?;
    Ok(())
}

/// The segments that transitions fall into, oldest first: the one before the first of them (or the stream's first), and
/// all that begin before their last.
fn overlapping(connection: &Connection, stream: i64, transitions: &[Transition]) -> Result<Vec<Segment>> {
    let (first, last) = (transitions[0].at.millis(), transitions[transitions.len() - 1].at.millis());
    let sql = "SELECT first_ts, last_ts, count, body, checksum, id FROM segment WHERE stream = ?1
               AND first_ts >= coalesce((SELECT max(first_ts) FROM segment WHERE stream = ?1 AND first_ts <= ?2), 0)
               AND first_ts <= ?3 ORDER BY first_ts";
    let found = segments(connection.prepare_cached(sql)?.query([stream, first, last])?, stream)?;
    if !found.is_empty() {
        return Ok(found);
    }
    let sql =
        "SELECT first_ts, last_ts, count, body, checksum, id FROM segment WHERE stream = ?1 ORDER BY first_ts LIMIT 1";
    segments(connection.prepare_cached(sql)?.query([stream])?, stream)
}

fn segments(mut rows: Rows<'_>, stream: i64) -> Result<Vec<Segment>> {
    let mut segments = Vec::new();
    while let Some(row) = rows.next()? {
        let Packed { first, last, count, body } = Packed::read(row, stream)?;
        segments.push(Segment { id: row.get(5)?, first, last, count, body: body.to_owned() });
    }
    Ok(segments)
}

/// Packs facts that no segment of the stream overlaps.
pub(super) fn insert(connection: &Connection, stream: i64, facts: &[Fact]) -> Result<()> {
    pack(facts).iter().try_for_each(|part| add(connection, stream, part))
}

fn add(connection: &Connection, stream: i64, part: &Part<'_>) -> Result<()> {
    let sql = "INSERT INTO segment (stream, first_ts, last_ts, count, body, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let Row { first, last, count, checksum } = Row::of(stream, part);
    connection.prepare_cached(sql)?.execute(params![stream, first, last, count, part.body, checksum])?;
    Ok(())
}

/// What a segment's row says of its body.
struct Row {
    first: i64,
    last: i64,
    count: i64,
    checksum: i32,
}

impl Row {
    fn of(stream: i64, Part { facts, body }: &Part<'_>) -> Self {
        let (first, last) = (facts[0].transition.at.millis(), facts[facts.len() - 1].transition.at.millis());
        let count = facts.len() as i64;
        Self { first, last, count, checksum: segment_sum(stream, first, last, count, body) }
    }
}

/// Writes parts over a segment, the first one in its place and the others as new ones.
fn replace(connection: &Connection, stream: i64, segment: &Segment, parts: &[Part<'_>]) -> Result<()> {
    let Some((head, tail)) = parts.split_first() else { return Ok(()) };
    let Row { first, last, count, checksum } = Row::of(stream, head);
    if first == segment.first.millis() {
        // Its place in the index stays.
        let sql = "UPDATE segment SET last_ts = ?2, count = ?3, body = ?4, checksum = ?5 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![segment.id, last, count, head.body, checksum])?;
    } else {
        let sql = "UPDATE segment SET first_ts = ?2, last_ts = ?3, count = ?4, body = ?5, checksum = ?6 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![segment.id, first, last, count, head.body, checksum])?;
    }
    tail.iter().try_for_each(|part| add(connection, stream, part))
}

/// Keeps the greater of a stored note and a new one; returns whether that changed anything.
fn enrich(connection: &Connection, stream: i64, at: Instant, text: &str) -> Result<bool> {
    let sql = "INSERT INTO note (stream, ts, text, checksum) VALUES (?1, ?2, ?3, row_sum(?1, ?2, ?3))
               ON CONFLICT (stream, ts) DO UPDATE SET text = excluded.text, checksum = excluded.checksum
               WHERE excluded.text > text";
    Ok(connection.prepare_cached(sql)?.execute(params![stream, at.millis(), text])? > 0)
}

fn forget_note(connection: &Connection, stream: i64, at: Instant) -> Result<()> {
    let sql = "DELETE FROM note WHERE stream = ?1 AND ts = ?2";
    connection.prepare_cached(sql)?.execute(params![stream, at.millis()])?;
    Ok(())
}
