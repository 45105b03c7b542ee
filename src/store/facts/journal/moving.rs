//! Owns moving the history of a system to another name.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::{OptionalExtension, params};

use super::entry::{self, Entry};
use super::forgetting::{Touched, drop_stream};
use super::rows::{Segment, all, overlapping};
use super::{Bringer, Incoming, JournalWriter, sum_stream, system_id};
use crate::domain::account::member::SystemId;
use crate::domain::health::ingest::IngestId;
use crate::domain::health::rewrite::Extent;
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::connection::Connection;
use crate::store::database::open::Store;
use crate::store::facts::history::StreamRow;
use crate::store::facts::segment::Fact;
use crate::store::id::StreamId;

impl Store {
    /// Moves every fact of one system to another, as if the same ingests had added them under that name. Runs in a
    /// write transaction.
    pub(in crate::store) fn rename_system(&self, old: &Name, new: &Name) -> Result<(Extent, Touched)> {
        let (mut extent, mut touched) = (Extent::default(), Touched::new());
        let Some(from) = self.system(old)? else { return Ok((extent, touched)) };
        let to = system_id(&self.connection, new)?;
        for stream in self.streams(from)? {
            let count =
                |sql: &str| self.connection.prepare_cached(sql)?.query_row([stream.id], |row| row.get::<_, u64>(0));
            extent.transitions += count("SELECT coalesce(sum(count), 0) FROM segment WHERE stream = ?1")?;
            extent.notes += count("SELECT count(*) FROM note WHERE stream = ?1")?;
            extent.settled += self.move_stream(&stream, new, to)?;
            for system in [from, to] {
                let earliest = touched.entry(system).or_insert(stream.first);
                *earliest = stream.first.min(*earliest);
            }
        }
        if extent.transitions > 0 {
            extent.systems.push((old.clone(), extent.transitions));
        }
        Ok((extent, touched))
    }

    /// Moves a stream, or only its facts if the target has such a stream; returns how many instants had a fact in both.
    fn move_stream(&self, stream: &StreamRow, new: &Name, to: SystemId) -> Result<u64> {
        let text = |name: &Option<Name>| name.as_ref().map_or("", Name::as_str).to_owned();
        let (check, location) = (text(&stream.check), text(&stream.location));
        let sql = "SELECT id FROM stream WHERE system = ?1 AND source = ?2 AND healthcheck = ?3 AND location = ?4";
        let same: Option<StreamId> = self
            .connection
            .prepare_cached(sql)?
            .query_row(params![to.0, stream.source as u8, check, location], |row| row.get(0))
            .optional()?;
        let Some(target) = same else {
            let sql = "UPDATE stream SET system = ?2 WHERE id = ?1";
            self.connection.prepare_cached(sql)?.execute(params![stream.id, to.0])?;
            return sum_stream(&self.connection, stream.id).map(|()| 0);
        };
        let beside = self.merge_stream(stream, target, new)?;
        drop_stream(&self.connection, stream.id)?;
        Ok(beside)
    }

    /// Merges a stream into the same stream of another system.
    fn merge_stream(&self, stream: &StreamRow, target: StreamId, new: &Name) -> Result<u64> {
        let mut writer = JournalWriter::new();
        writer.add_stream(stream.named(new.clone()));
        let mut beside = 0;
        for place in all(&self.connection, stream.id)? {
            let segment = Segment::at(&self.connection, stream.id, place)?;
            let mut moving = Moving::read(&self.connection, stream.id, &segment)?;
            beside += moving.settle(&self.connection, target)?;
            let transitions: Vec<Transition> = moving.facts.iter().map(|fact| fact.transition).collect();
            let ingests: Vec<IngestId> = moving.facts.iter().map(|fact| fact.ingest).collect();
            let incoming = Incoming { stream: 0, transitions: &transitions, notes: &moving.notes };
            writer.merge(&self.connection, &incoming, Bringer::Earlier(&ingests))?;
            for (at, entries) in &moving.overruled {
                entry::replace_kept(&self.connection, target, *at, entries)?;
            }
        }
        Ok(beside)
    }
}

/// The entries of a stretch of a stream.
struct Moving {
    facts: Vec<Fact>,
    notes: BTreeMap<Instant, Box<str>>,
    overruled: BTreeMap<Instant, Vec<(Entry, IngestId)>>,
}

impl Moving {
    fn read(connection: &Connection, stream: StreamId, segment: &Segment) -> Result<Self> {
        Self::among(connection, stream, segment.decode(stream)?)
    }

    /// The entries at the instants of a stream's facts.
    fn among(connection: &Connection, stream: StreamId, facts: Vec<Fact>) -> Result<Self> {
        let (Some(first), Some(last)) = (facts.first(), facts.last()) else {
            return Ok(Self { facts, notes: BTreeMap::new(), overruled: BTreeMap::new() });
        };
        let range = (first.transition.at, last.transition.at);
        let (notes, overruled) = (entry::notes(connection, stream, range)?, entry::kept(connection, stream, range)?);
        Ok(Self { facts, notes, overruled })
    }

    /// All entries at the instant of a fact, the winner last.
    fn entries(&self, fact: &Fact) -> Vec<(Entry, IngestId)> {
        let at = fact.transition.at;
        let mut entries = self.overruled.get(&at).cloned().unwrap_or_default();
        entries.push((Entry { status: fact.transition.status, note: self.notes.get(&at).cloned() }, fact.ingest));
        entries
    }

    /// Picks the winners at instants where another stream has a fact, too; returns how many there are.
    fn settle(&mut self, connection: &Connection, target: StreamId) -> Result<u64> {
        let transitions: Vec<Transition> = self.facts.iter().map(|fact| fact.transition).collect();
        let mut there = Vec::new();
        for segment in overlapping(connection, target, &transitions)? {
            there.extend(segment.decode(target)?);
        }
        there.retain(|fact| self.facts.binary_search_by_key(&fact.transition.at, |own| own.transition.at).is_ok());
        let there = Self::among(connection, target, there)?;
        for other in &there.facts {
            let at = other.transition.at;
            let Ok(place) = self.facts.binary_search_by_key(&at, |own| own.transition.at) else { continue };
            let mut entries = entry::reduced([self.entries(&self.facts[place]), there.entries(other)].concat());
            let Some((Entry { status, note }, ingest)) = entries.pop() else { continue };
            self.facts[place] = Fact { transition: Transition { at, status }, ingest };
            match note {
                Some(note) => drop(self.notes.insert(at, note)),
                None => drop(self.notes.remove(&at)),
            }
            self.overruled.insert(at, entries);
        }
        Ok(there.facts.len() as u64)
    }
}
