//! Owns writing the journal: merging sorted facts into segments, so that the result never depends on their order.

mod around;
mod entry;
mod forgetting;
mod merger;
mod moving;
mod rows;

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::{OptionalExtension, params};

use super::history::system_named;
use crate::domain::account::member::SystemId;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::{Source, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::connection::Connection;
use crate::store::declared::digests;
use crate::store::id::StreamId;
use crate::store::soundness::row::{intact, is_intact, row_sum, unlike};

pub(crate) use forgetting::Touched;
pub(in crate::store) use merger::Bringer;
use merger::Merger;
pub(in crate::store) use rows::insert;

/// New facts of one stream, sorted: one per instant (the worst), with its note if it has one.
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
    /// Keys whose known status differs, whichever of the two wins.
    pub(crate) conflicts: u64,
    /// Whether anything was written, a note included.
    pub(crate) changed: bool,
}

/// A stream in the database.
#[derive(Clone, Copy, Debug)]
struct KnownStream {
    id: StreamId,
    system: SystemId,
    first: Instant,
    /// Whether it has no segment yet.
    is_new: bool,
}

/// Merges batches into the journal. It lives for one ingest, across transactions.
#[derive(Clone)]
pub(crate) struct JournalWriter {
    streams: Vec<(StreamName, Option<KnownStream>)>,
    systems: HashMap<Name, SystemId>,
    /// The earliest changed fact of each system since [`Self::take_touched`].
    touched: BTreeMap<SystemId, Instant>,
    /// The state of the file when a transaction last began: others have written if it is another one.
    pub(super) state: Option<i64>,
}

impl JournalWriter {
    pub(crate) fn new() -> Self {
        Self { streams: Vec::new(), systems: HashMap::new(), touched: BTreeMap::new(), state: None }
    }

    /// Forgets the indices of streams; the next ones start at 0.
    pub(crate) fn restart(&mut self) {
        self.streams.clear();
        self.systems.clear();
    }

    /// Forgets the state of the streams with these indices, which others may have changed in the meantime.
    pub(super) fn look_again(&mut self, streams: impl Iterator<Item = usize>) {
        streams.for_each(|stream| self.streams[stream].1 = None);
        self.systems.clear();
    }

    /// Forgets the state of all streams.
    pub(super) fn look_at_all_again(&mut self) {
        self.look_again(0..self.streams.len());
    }

    /// The name of a stream.
    pub(crate) fn name_of(&self, stream: usize) -> &StreamName {
        &self.streams[stream].0
    }

    /// The systems of all streams.
    pub(crate) fn system_names(&self) -> impl Iterator<Item = &Name> {
        self.streams.iter().map(|(name, _)| &name.system)
    }

    /// Gives the next index to a stream.
    pub(crate) fn add_stream(&mut self, name: StreamName) {
        self.streams.push((name, None));
    }

    /// Whether a stream is of a check or of the system itself, not of an incident.
    pub(crate) fn is_of_check(&self, stream: usize) -> bool {
        self.streams[stream].0.source == Source::Healthcheck
    }

    /// The system of a stream that had something merged.
    pub(crate) fn system_of(&self, stream: usize) -> Option<SystemId> {
        self.streams[stream].1.map(|known| known.system)
    }

    /// Takes the changed systems, each with its earliest changed instant.
    pub(crate) fn take_touched(&mut self) -> BTreeMap<SystemId, Instant> {
        std::mem::take(&mut self.touched)
    }

    /// Merges the facts of one stream. Runs inside the store's write transaction.
    pub(in crate::store) fn merge(
        &mut self,
        connection: &Connection,
        incoming: &Incoming<'_>,
        bringer: Bringer<'_>,
    ) -> Result<Merged> {
        let Some(earliest) = incoming.transitions.first() else { return Ok(Merged::default()) };
        let stream = self.stream(connection, incoming.stream, earliest.at)?;
        let segments =
            if stream.is_new { Vec::new() } else { rows::overlapping(connection, stream.id, incoming.transitions)? };
        let (notes, merged) = (incoming.notes, Merged::default());
        let mut merger = Merger { connection, stream: stream.id, notes, bringer, merged, renoted: false };
        let mut first_change = None;
        let (mut rest, mut done) = (incoming.transitions, 0);
        if segments.is_empty() {
            merger.begin(rest)?;
            self.streams[incoming.stream].1 = Some(KnownStream { is_new: false, ..stream });
            first_change = Some(earliest.at);
        }
        for (index, segment) in segments.iter().enumerate() {
            let next = segments.get(index + 1).map(|next| next.first);
            let here = next.map_or(rest.len(), |next| rest.partition_point(|transition| transition.at < next));
            let (these, later) = rest.split_at(here);
            rest = later;
            if !these.is_empty() {
                let change = merger.merge(segment, these, done)?;
                first_change = first_change.or(change);
                done += these.len();
            }
        }
        let merged = merger.merged;
        if let Some(at) = first_change {
            let touched = self.touched.entry(stream.system).or_insert(at);
            *touched = at.min(*touched);
            if at < stream.first {
                set_first(connection, stream.id, at)?;
                self.streams[incoming.stream].1 = Some(KnownStream { first: at, is_new: false, ..stream });
            }
        }
        Ok(merged)
    }

    /// The stream with an index, created if new; its first transition is then `first`.
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
        let text = |name: &Option<Name>| name.as_ref().map_or("", Name::as_str).to_owned();
        let (check, location) = (text(&name.check), text(&name.location));
        let sql = concat!(
            "SELECT id, first_ts, ",
            intact!(stream),
            " FROM stream WHERE system = ?1 AND source = ?2 AND healthcheck = ?3 AND location = ?4"
        );
        let found: Option<(StreamId, i64, bool)> = connection
            .prepare_cached(sql)?
            .query_row(params![system.0, name.source as u8, check, location], |row| {
                Ok((row.get(0)?, row.get(1)?, is_intact(row, 2)?))
            })
            .optional()?;
        let is_new = found.is_none();
        let (id, first) = match found {
            Some((id, first, true)) => (id, Instant::from_millis(first)),
            Some((id, _, false)) => return Err(unlike(&format!("stream {id}")).into()),
            None => {
                let id = StreamId(connection.next_id("stream", "(SELECT max(id) FROM stream)")?);
                let sql = "INSERT INTO stream (id, system, source, healthcheck, location, first_ts, checksum)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, row_sum(?1, ?2, ?3, ?4, ?5, ?6))";
                let stream = params![id, system.0, name.source as u8, check, location, first.millis()];
                connection.prepare_cached(sql)?.execute(stream)?;
                (id, first)
            }
        };
        let known = KnownStream { id, system, first, is_new };
        self.streams[index].1 = Some(known);
        Ok(known)
    }
}

/// The id of a system, created if new.
pub(in crate::store) fn system_id(connection: &Connection, name: &Name) -> Result<SystemId> {
    if let Some(known) = system_named(connection, name)? {
        return Ok(known);
    }
    let id = connection.next_id("system", "(SELECT max(id) FROM system)")?;
    let sql = "INSERT INTO system (id, name, checksum) VALUES (?1, ?2, row_sum(?1, ?2))";
    connection.prepare_cached(sql)?.execute(params![id, name.as_str()])?;
    digests::begin(connection, SystemId(id))?;
    Ok(SystemId(id))
}

/// Stores the time of the first transition of a stream.
fn set_first(connection: &Connection, stream: StreamId, at: Instant) -> Result<()> {
    let sql = "UPDATE stream SET first_ts = ?2 WHERE id = ?1 AND first_ts <> ?2";
    connection.prepare_cached(sql)?.execute(params![stream, at.millis()])?;
    sum_stream(connection, stream)
}

/// Sets the checksum of a written stream.
fn sum_stream(connection: &Connection, id: StreamId) -> Result<()> {
    let sql = concat!("UPDATE stream SET checksum = ", row_sum!(stream), " WHERE id = ?1");
    connection.prepare_cached(sql)?.execute([id])?;
    Ok(())
}
