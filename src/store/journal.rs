//! Owns writing the journal: merging sorted facts into segments, so that the result never depends on their order.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};

use super::open::Unreadable;
use super::seals;
use super::segment::{Fact, MOST_BYTES, decode, encode, split};
use super::turns;
use crate::domain::instant::Instant;
use crate::domain::model::SystemId;
use crate::domain::name::Name;
use crate::domain::transition::{Source, Transition};

/// A stream by its names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StreamName {
    pub(crate) system: Name,
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
}

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
}

/// A segment as stored.
struct Segment {
    id: i64,
    first: Instant,
    last: Instant,
    count: usize,
    body: Vec<u8>,
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
        let segments = overlapping(connection, stream.id, incoming.transitions)?;
        let mut merged = Merged::default();
        let mut first_change = None;
        let mut rest = incoming.transitions;
        if segments.is_empty() {
            let id = ingest()?;
            let facts: Vec<Fact> = rest.iter().map(|transition| Fact { transition: *transition, ingest: id }).collect();
            insert(connection, stream.id, &facts)?;
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
                self.streams[incoming.stream].1 = Some(KnownStream { first: at, ..stream });
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
        // A bulk load leaves a well-filled last segment as it is; otherwise this one grows, and splits when it must.
        let many = facts.len() - segment.count;
        if appends && segment.body.len() > MOST_BYTES / 2 && segment.body.len() + 4 * many > MOST_BYTES {
            insert(connection, stream, &facts[segment.count..])?;
        } else {
            replace(connection, stream, segment, &facts)?;
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
        let found = connection
            .prepare_cached("SELECT id, first_ts FROM stream WHERE system = ?1 AND source = ?2 AND healthcheck = ?3")?
            .query_row(params![system.0, name.source as u8, check], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (id, first) = match found {
            Some((id, first)) => (id, Instant::from_millis(first)),
            None => {
                let sql = "INSERT INTO stream (system, source, healthcheck, first_ts) VALUES (?1, ?2, ?3, ?4)";
                connection.prepare_cached(sql)?.execute(params![system.0, name.source as u8, check, first.millis()])?;
                (connection.last_insert_rowid(), first)
            }
        };
        let known = KnownStream { id, system, first };
        self.streams[index].1 = Some(known);
        Ok(known)
    }

    /// Trims the seals of objectives that depend on what changed, outdates what was computed from it, and forgets what changed;
    /// returns it.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn trim_seals(&mut self, connection: &Connection) -> Result<BTreeMap<SystemId, Instant>> {
        let touched = self.take_touched();
        for (system, at) in &touched {
            seals::trim(connection, *system, *at)?;
        }
        if let Some(earliest) = touched.values().min() {
            seals::outdate(connection, *earliest)?;
            turns::outdate(connection, *earliest)?;
        }
        Ok(touched)
    }
}

/// The id of a system, made if it is new.
pub(super) fn system_id(connection: &Connection, name: &Name) -> Result<SystemId> {
    let found = connection
        .prepare_cached("SELECT id FROM system WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(SystemId(id));
    }
    connection.prepare_cached("INSERT INTO system (name) VALUES (?1)")?.execute([name.as_str()])?;
    Ok(SystemId(connection.last_insert_rowid()))
}

/// The segments that transitions fall into, oldest first: the one before the first of them (or the stream's first), and
/// all that begin before their last.
fn overlapping(connection: &Connection, stream: i64, transitions: &[Transition]) -> Result<Vec<Segment>> {
    let (first, last) = (transitions[0].at.millis(), transitions[transitions.len() - 1].at.millis());
    let start: Option<i64> = connection
        .prepare_cached(
            "SELECT coalesce((SELECT max(first_ts) FROM segment WHERE stream = ?1 AND first_ts <= ?2),
                             (SELECT min(first_ts) FROM segment WHERE stream = ?1))",
        )?
        .query_row([stream, first], |row| row.get(0))?;
    let Some(start) = start else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT id, first_ts, last_ts, count, body FROM segment
         WHERE stream = ?1 AND first_ts BETWEEN ?2 AND max(?2, ?3) ORDER BY first_ts",
    )?;
    let rows = statement.query_map([stream, start, last], |row| {
        Ok(Segment {
            id: row.get(0)?,
            first: Instant::from_millis(row.get(1)?),
            last: Instant::from_millis(row.get(2)?),
            count: row.get(3)?,
            body: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Packs facts that no segment of the stream overlaps.
pub(super) fn insert(connection: &Connection, stream: i64, facts: &[Fact]) -> Result<()> {
    let sql = "INSERT INTO segment (stream, first_ts, last_ts, count, body) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = connection.prepare_cached(sql)?;
    for part in split(facts) {
        let (first, last) = (part[0].transition.at.millis(), part[part.len() - 1].transition.at.millis());
        statement.execute(params![stream, first, last, part.len(), encode(part)])?;
    }
    Ok(())
}

/// Writes facts over a segment, the first part in its place and the others as new ones.
fn replace(connection: &Connection, stream: i64, segment: &Segment, facts: &[Fact]) -> Result<()> {
    let parts = split(facts);
    let Some((head, tail)) = parts.split_first() else { return Ok(()) };
    let (first, last) = (head[0].transition.at.millis(), head[head.len() - 1].transition.at.millis());
    connection
        .prepare_cached("UPDATE segment SET first_ts = ?2, last_ts = ?3, count = ?4, body = ?5 WHERE id = ?1")?
        .execute(params![segment.id, first, last, head.len(), encode(head)])?;
    tail.iter().try_for_each(|part| insert(connection, stream, part))
}

/// Keeps the greater of a stored note and a new one; returns whether that changed anything.
fn enrich(connection: &Connection, stream: i64, at: Instant, text: &str) -> Result<bool> {
    let sql = "INSERT INTO note (stream, ts, text) VALUES (?1, ?2, ?3)
               ON CONFLICT (stream, ts) DO UPDATE SET text = excluded.text WHERE excluded.text > text";
    Ok(connection.prepare_cached(sql)?.execute(params![stream, at.millis(), text])? > 0)
}

fn forget_note(connection: &Connection, stream: i64, at: Instant) -> Result<()> {
    let sql = "DELETE FROM note WHERE stream = ?1 AND ts = ?2";
    connection.prepare_cached(sql)?.execute(params![stream, at.millis()])?;
    Ok(())
}
