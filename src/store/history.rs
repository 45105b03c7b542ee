//! Owns reading the journal: the history of a system between two moments, as of a third.

mod thinning;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;
use rusqlite::{Connection, params};

use super::open::{Store, Unreadable};
use super::segment::{Fact, Packed, decode, read};
use super::soundness::row::{expect, expect_whole, intact, whole, width};
use crate::domain::account::chronicle::empty_history;
use crate::domain::account::member::SystemId;
use crate::domain::health::timeline::{BEGINNING, END, Scope, StreamHistory, SystemHistory};
use crate::domain::health::transition::{Source, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use thinning::{Silence, Thinned};

/// A stream as the journal has it.
#[derive(Clone, Debug)]
pub(crate) struct StreamRow {
    pub(crate) id: i64,
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
    pub(crate) first: Instant,
}

/// Reads histories as of one moment: later facts do not exist.
pub(crate) struct Reader<'s> {
    store: &'s Store,
    as_of: Instant,
    /// The streams of every system, when most of them will be asked for.
    all: Option<HashMap<SystemId, Vec<StreamRow>>>,
    silences: Silences,
}

/// After what silence the streams of a system are stale, in milliseconds, of all systems of which that is known. Of these, what only
/// repeats a status is not read into memory.
pub(crate) type Silences = Rc<RefCell<HashMap<SystemId, Option<i64>>>>;

impl<'s> Reader<'s> {
    /// A reader that looks streams up as they are asked for or, with `most`, all at once.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn new(store: &'s Store, as_of: Instant, most: bool) -> Result<Self> {
        let all = if most { Some(store.all_streams()?) } else { None };
        Ok(Self { store, as_of, all, silences: Silences::default() })
    }

    /// The same, which leaves out transitions that only repeat the status of their stream, where it is known what its silence means.
    pub(crate) fn thinned(self, silences: Silences) -> Self {
        Self { silences, ..self }
    }

    /// The history of the streams of `system` in `scope`, complete between two moments, both included, as far as facts exist.
    ///
    /// # Errors
    /// Those of the database, and when a segment does not decode.
    pub(crate) fn history(
        &self,
        system: SystemId,
        scope: Scope<'_>,
        from: Instant,
        through: Instant,
    ) -> Result<SystemHistory> {
        let found;
        let streams = match &self.all {
            Some(all) => all.get(&system).map_or(&[][..], Vec::as_slice),
            None => {
                found = self.store.streams(system)?;
                &found
            }
        };
        let first = streams.iter().map(|stream| stream.first).min().filter(|first| *first <= self.as_of);
        let mut history = SystemHistory { first, ..empty_history() };
        let through = through.min(self.as_of);
        if through < self.as_of {
            history.through = through;
        }
        let told = self.silences.borrow().get(&system).copied();
        let silence = told.map_or(Silence::Untold, Silence::of);
        for stream in streams.iter().filter(|stream| scope.contains(stream.source, stream.check.as_ref())) {
            let (known_from, transitions) = self.store.transitions(stream, from, through, silence)?;
            history.from = history.from.max(known_from);
            let (source, check) = (stream.source, stream.check.clone());
            history.streams.push(StreamHistory { source, check, transitions });
        }
        debug_assert!(history.from <= from && (history.through >= through));
        Ok(history)
    }
}

impl Store {
    /// The transitions of a stream up to `through`, from a moment at or before `from` on, which is returned too; without those that
    /// only repeat a status, if it is known after what silence it is stale.
    fn transitions(
        &self,
        stream: &StreamRow,
        from: Instant,
        through: Instant,
        silence: Silence,
    ) -> Result<(Instant, Vec<Transition>)> {
        if stream.first > through {
            return Ok((BEGINNING, Vec::new()));
        }
        let mut kept = Thinned::new(silence);
        let mut statement = self.connection.prepare_cached(
            "SELECT first_ts, last_ts, count, body, checksum FROM segment WHERE stream = ?1
             AND first_ts >= coalesce((SELECT max(first_ts) FROM segment WHERE stream = ?1 AND first_ts <= ?2), 0)
             AND first_ts <= ?3 ORDER BY first_ts",
        )?;
        let mut rows = statement.query(params![stream.id, from.millis(), through.millis()])?;
        let mut known_from = None;
        while let Some(row) = rows.next()? {
            let Packed { first, count, body, .. } = Packed::read(row, stream.id)?;
            known_from = known_from.or(Some(first));
            read(body, first, count, |transition| {
                if transition.at <= through {
                    kept.push(transition);
                }
            })
            .map_err(|_| Unreadable(format!("a segment of stream {} does not decode", stream.id)))?;
        }
        let known_from = known_from.filter(|from| *from > stream.first).unwrap_or(BEGINNING);
        Ok((known_from, kept.finish()))
    }

    /// The streams of one system.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn streams(&self, system: SystemId) -> Result<Vec<StreamRow>> {
        let sql = concat!("SELECT ", whole!(stream), " FROM stream WHERE system = ?1 ORDER BY source, healthcheck");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([system.0])?;
        let mut streams = Vec::new();
        while let Some(row) = rows.next()? {
            streams.push(stream_row(row)?);
        }
        Ok(streams)
    }

    /// The streams of every system.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn all_streams(&self) -> Result<HashMap<SystemId, Vec<StreamRow>>> {
        let sql = concat!("SELECT ", whole!(stream), " FROM stream ORDER BY system, source, healthcheck");
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut streams: HashMap<SystemId, Vec<StreamRow>> = HashMap::new();
        while let Some(row) = rows.next()? {
            streams.entry(SystemId(row.get(1)?)).or_default().push(stream_row(row)?);
        }
        Ok(streams)
    }

    /// The id of a system that the journal or a manifest knows.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn system(&self, name: &Name) -> Result<Option<SystemId>> {
        system_named(&self.connection, name)
    }

    /// All systems that have a transition or are named by a manifest, sorted by name.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn systems(&self) -> Result<Vec<(Name, SystemId)>> {
        let sql = concat!("SELECT ", whole!(system), " FROM system ORDER BY name");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut systems = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            expect_whole(row, width!(system), || format!("system {id}"))?;
            systems.push((stored_name(row.get_ref(1)?.as_str()?)?, SystemId(id)));
        }
        Ok(systems)
    }

    /// Calls `each` for every fact of every stream, stream by stream, oldest first.
    ///
    /// # Errors
    /// Those of the database and of `each`, and when a segment does not decode.
    pub(crate) fn each_fact(
        &self,
        system: SystemId,
        mut each: impl FnMut(&StreamRow, &Fact, Option<&str>) -> Result<()>,
    ) -> Result<()> {
        for stream in self.streams(system)? {
            let mut notes = self.notes(stream.id)?;
            self.each_segment(stream.id, |facts| {
                facts.iter().try_for_each(|fact| {
                    let note = notes.remove(&fact.transition.at.millis());
                    each(&stream, fact, note.as_deref())
                })
            })?;
        }
        Ok(())
    }

    /// Calls `each` for every fact of a system that has a note, stream by stream, oldest first. Streams without notes are not read.
    ///
    /// # Errors
    /// Those of the database, and when a segment does not decode.
    pub(crate) fn each_noted(&self, system: SystemId, mut each: impl FnMut(Transition, &str)) -> Result<()> {
        for stream in self.streams(system)? {
            let notes = self.notes(stream.id)?;
            if notes.is_empty() {
                continue;
            }
            self.each_segment(stream.id, |facts| {
                for fact in facts {
                    if let Some(note) = notes.get(&fact.transition.at.millis()) {
                        each(fact.transition, note);
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Calls `each` with the facts of every segment of a stream, oldest first.
    ///
    /// # Errors
    /// Those of the database and of `each`, and when a segment does not decode.
    pub(super) fn each_segment(&self, stream: i64, mut each: impl FnMut(Vec<Fact>) -> Result<()>) -> Result<()> {
        let sql = "SELECT first_ts, last_ts, count, body, checksum FROM segment WHERE stream = ?1 ORDER BY first_ts";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([stream])?;
        while let Some(row) = rows.next()? {
            let Packed { first, count, body, .. } = Packed::read(row, stream)?;
            let facts = decode(body, first, count)
                .map_err(|_| Unreadable(format!("a segment of stream {stream} does not decode")))?;
            each(facts)?;
        }
        Ok(())
    }

    fn notes(&self, stream: i64) -> Result<HashMap<i64, String>> {
        let sql = concat!("SELECT ts, text, ", intact!(note), " FROM note WHERE stream = ?1");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([stream])?;
        let mut notes = HashMap::new();
        while let Some(row) = rows.next()? {
            expect(row, 2, || format!("a note of stream {stream}"))?;
            notes.insert(row.get(0)?, row.get(1)?);
        }
        Ok(notes)
    }
}

/// The id of a system.
pub(super) fn system_named(connection: &Connection, name: &Name) -> Result<Option<SystemId>> {
    let sql = concat!("SELECT ", whole!(system), " FROM system WHERE name = ?1");
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([name.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    expect_whole(row, width!(system), || format!("system {name}"))?;
    Ok(Some(SystemId(row.get(0)?)))
}

fn stream_row(row: &rusqlite::Row<'_>) -> Result<StreamRow> {
    let id: i64 = row.get(0)?;
    expect_whole(row, width!(stream), || format!("stream {id}"))?;
    let source =
        Source::from_code(row.get(2)?).ok_or_else(|| Unreadable("a stream has an unknown source".to_owned()))?;
    let check = row.get_ref(3)?.as_str()?;
    let check = if check.is_empty() { None } else { Some(stored_name(check)?) };
    Ok(StreamRow { id, source, check, first: Instant::from_millis(row.get(4)?) })
}

/// A name that was checked before it was stored.
pub(super) fn stored_name(text: &str) -> Result<Name> {
    Name::parse(text).map_err(|error| Unreadable(format!("the stored name {text:?} is not one: {error}")).into())
}

/// Facts end at `as-of`, so whoever has read up to it knows the rest.
const _: () = assert!(END.millis() > Instant::MAX.millis());
