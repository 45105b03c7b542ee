//! Owns deleting facts permanently: those of one ingest, or entire streams.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::params;

use super::entry::{self, Entry};
use super::rows::{Segment, all, replace};
use super::set_first;
use crate::domain::account::member::SystemId;
use crate::domain::health::ingest::IngestId;
use crate::domain::health::rewrite::{Extent, Streams};
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::connection::Connection;
use crate::store::database::open::Store;
use crate::store::facts::history::StreamRow;
use crate::store::facts::segment::{Fact, pack_evenly};
use crate::store::id::StreamId;

/// The changed systems, each with its earliest changed instant.
pub(crate) type Touched = BTreeMap<SystemId, Instant>;

impl Store {
    /// Deletes every fact that an ingest added first, its notes, and the record of the ingest. If another ingest
    /// reported something else for the instant, that now wins. Runs in a write transaction.
    pub(in crate::store) fn forget_ingest(&self, ingest: IngestId) -> Result<(Extent, Touched)> {
        let (mut extent, mut touched) = (Extent::default(), Touched::new());
        for (name, system) in self.systems()? {
            let before = extent.transitions;
            let mut earliest: Option<Instant> = None;
            for stream in self.streams(system)? {
                let mut work =
                    Forgetting { connection: &self.connection, stream: stream.id, ingest, extent: &mut extent };
                let change = work.forget()?;
                earliest = [earliest, change].into_iter().flatten().min();
            }
            touched.extend(earliest.map(|at| (system, at)));
            if extent.transitions > before {
                extent.systems.push((name, extent.transitions - before));
            }
        }
        self.connection.prepare_cached("DELETE FROM ingest WHERE id = ?1")?.execute([ingest])?;
        Ok((extent, touched))
    }

    /// The systems with facts of an ingest.
    pub(in crate::store) fn systems_of_ingest(&self, ingest: IngestId) -> Result<Vec<SystemId>> {
        let mut found = Vec::new();
        for (_, system) in self.systems()? {
            let mut brought = false;
            for stream in self.streams(system)? {
                self.each_segment(stream.id, |facts| {
                    brought |= facts.iter().any(|fact| fact.ingest == ingest);
                    Ok(())
                })?;
            }
            if brought {
                found.push(system);
            }
        }
        Ok(found)
    }

    /// Deletes some streams' facts and notes. Runs in a write transaction.
    pub(in crate::store) fn forget_streams(&self, wanted: &Streams) -> Result<(Extent, Touched)> {
        let (mut extent, mut touched) = (Extent::default(), Touched::new());
        let Some(system) = self.system(&wanted.system)? else { return Ok((extent, touched)) };
        for stream in self.streams(system)? {
            if !wanted.contains(&stream.named(wanted.system.clone())) {
                continue;
            }
            let StreamRow { id, first, .. } = stream;
            let count = |sql: &str| self.connection.prepare_cached(sql)?.query_row([id], |row| row.get::<_, u64>(0));
            extent.transitions += count("SELECT coalesce(sum(count), 0) FROM segment WHERE stream = ?1")?;
            extent.notes += count("SELECT count(*) FROM note WHERE stream = ?1")?;
            drop_stream(&self.connection, id)?;
            let earliest = touched.entry(system).or_insert(first);
            *earliest = first.min(*earliest);
        }
        if extent.transitions > 0 {
            extent.systems.push((wanted.system.clone(), extent.transitions));
        }
        Ok((extent, touched))
    }

    /// Deletes a system without transitions, unless a manifest names it. Runs in a write transaction.
    pub(in crate::store) fn forget_system(&self, name: &Name, system: SystemId, is_named: bool) -> Result<()> {
        if !is_named && self.streams(system)?.is_empty() {
            self.connection.prepare_cached("DELETE FROM input_digest WHERE system = ?1")?.execute([system.0])?;
            self.connection.prepare_cached("DELETE FROM system WHERE name = ?1")?.execute([name.as_str()])?;
        }
        Ok(())
    }
}

/// Removes a stream and everything of it.
pub(super) fn drop_stream(connection: &Connection, stream: StreamId) -> Result<()> {
    for sql in [
        "DELETE FROM note WHERE stream = ?1",
        "DELETE FROM overruled WHERE stream = ?1",
        "DELETE FROM segment WHERE stream = ?1",
        "DELETE FROM stream WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([stream])?;
    }
    Ok(())
}

/// Deletes one ingest's facts from one stream.
struct Forgetting<'a> {
    connection: &'a Connection,
    stream: StreamId,
    ingest: IngestId,
    extent: &'a mut Extent,
}

impl Forgetting<'_> {
    /// Returns the earliest changed instant.
    fn forget(&mut self) -> Result<Option<Instant>> {
        let (stream, ingest) = (self.stream, self.ingest);
        let sql = "DELETE FROM overruled WHERE stream = ?1 AND ingest = ?2";
        self.connection.prepare_cached(sql)?.execute(params![stream, ingest])?;
        let (mut earliest, mut has_lost) = (None, false);
        for place in all(self.connection, stream)? {
            let segment = Segment::at(self.connection, stream, place)?;
            let facts = segment.decode(stream)?;
            if facts.iter().any(|fact| fact.ingest == ingest) {
                let change = self.forget_of(&segment, facts)?;
                (earliest, has_lost) = (earliest.or(change), true);
            }
        }
        if !has_lost {
            return Ok(None);
        }
        let sql = "SELECT min(first_ts) FROM segment WHERE stream = ?1";
        let first: Option<i64> = self.connection.prepare_cached(sql)?.query_row([stream], |row| row.get(0))?;
        match first {
            Some(first) => set_first(self.connection, stream, Instant::from_millis(first))?,
            None => drop_stream(self.connection, stream)?,
        }
        Ok(earliest)
    }

    fn forget_of(&mut self, segment: &Segment, facts: Vec<Fact>) -> Result<Option<Instant>> {
        let range = (segment.first, segment.last);
        let notes = entry::notes(self.connection, self.stream, range)?;
        let mut kept = entry::kept(self.connection, self.stream, range)?;
        let mut earliest = None;
        let mut left = Vec::with_capacity(facts.len());
        for fact in facts {
            if fact.ingest != self.ingest {
                left.push(fact);
                continue;
            }
            let at = fact.transition.at;
            let next = kept.get_mut(&at).and_then(Vec::pop);
            let is_renoted = self.replace_note(at, notes.get(&at).map(AsRef::as_ref), next.as_ref())?;
            let stands =
                next.map(|(Entry { status, .. }, ingest)| Fact { transition: Transition { at, status }, ingest });
            // Published events carry notes.
            if is_renoted || stands.map(|stands| stands.transition) != Some(fact.transition) {
                earliest = earliest.or(Some(at));
            }
            self.extent.transitions += 1;
            self.extent.settled += u64::from(stands.is_some());
            left.extend(stands);
        }
        if left.is_empty() {
            self.connection.prepare_cached("DELETE FROM segment WHERE id = ?1")?.execute(params![segment.id])?;
        } else {
            replace(self.connection, self.stream, segment, &pack_evenly(&left))?;
        }
        Ok(earliest)
    }

    /// Replaces the note of an instant with that of the entry that now wins, if any; returns whether it changed.
    fn replace_note(&mut self, at: Instant, before: Option<&str>, stands: Option<&(Entry, IngestId)>) -> Result<bool> {
        let after = stands.and_then(|(entry, _)| entry.note.as_deref());
        self.extent.notes += u64::from(before.is_some());
        if before != after {
            entry::put_note(self.connection, self.stream, at, after)?;
        }
        if let Some((stands, _)) = stands {
            entry::drop_kept(self.connection, self.stream, at, stands)?;
        }
        Ok(before != after)
    }
}
