//! Owns reading the journal: the history of a system between two instants, as of a third.

mod counting;
mod noted;
mod recorded;
mod thinning;

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::Result;
use rusqlite::params;
use rusqlite::types::{FromSql, ValueRef};

use super::segment::{Packed, read, read_changes};
use crate::domain::account::chronicle::empty_history;
use crate::domain::account::member::{BySystem, SystemId};
use crate::domain::health::rules::{Rules, StreamRules};
use crate::domain::health::stream::{StreamHistory, StreamName};
use crate::domain::health::threshold::{Passage, Thresholds};
use crate::domain::health::timeline::{BEGINNING, END, Scope, SystemHistory};
use crate::domain::health::transition::{Source, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::connection::Connection;
use crate::store::database::open::{Store, Unreadable};
use crate::store::id::StreamId;
use crate::store::shared::About;
use crate::store::soundness::row::{expect_whole, shown, whole, width};
use thinning::{Silence, Thinned};

/// A stream in the journal.
#[derive(Clone, Debug)]
pub(crate) struct StreamRow {
    pub(crate) id: StreamId,
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
    pub(crate) location: Option<Name>,
    pub(crate) first: Instant,
}

impl StreamRow {
    /// Its name, given its system's.
    pub(crate) fn named(&self, system: Name) -> StreamName {
        let Self { source, check, location, .. } = self.clone();
        StreamName { system, source, check, location }
    }
}

/// About how many transitions of one stream are read at once; a segment is always read completely.
const MOST_AT_ONCE: usize = 1 << 17;

/// What was read of one stream.
struct Passed {
    /// Its statuses are known from here on.
    from: Instant,
    transitions: Vec<Transition>,
    /// How far it was read, if not completely.
    through: Option<Instant>,
}

/// Reads histories as of one instant: later facts do not exist.
pub(crate) struct Reader<'s> {
    store: &'s Store,
    as_of: Instant,
    /// The streams of every system, if most of them will be needed.
    all: Option<BySystem<Vec<StreamRow>>>,
    rules: AllRules,
    /// Whether facts are read as reported, including those that only repeat a status.
    every_fact: bool,
}

/// The rules of all resolved systems.
pub(crate) type AllRules = Rc<RefCell<BySystem<Rc<Rules>>>>;

impl<'s> Reader<'s> {
    /// A reader that looks streams up as needed or, with `most`, all at once. It follows the rules of systems: ignored
    /// facts and repeated statuses are left out, and thresholds are applied.
    pub(crate) fn new(store: &'s Store, as_of: Instant, most: bool, rules: AllRules) -> Result<Self> {
        let all = if most { Some(store.all_streams()?) } else { None };
        Ok(Self { store, as_of, all, rules, every_fact: false })
    }

    /// The same, but every fact that counts is read as reported.
    pub(crate) fn of_every_fact(self) -> Self {
        Self { every_fact: true, ..self }
    }

    /// The history of the streams of `system` in `scope`, complete between two instants, both included. If there are
    /// too many facts to read at once, it ends earlier, after `from`.
    ///
    /// # Errors
    /// If a segment does not decode, or the system is not resolved.
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
        let rules = self.rules.borrow().get(&system).cloned();
        let rules = rules.ok_or_else(|| Unreadable(format!("the rules of system {} are not known", system.0)))?;
        let streams = || streams.iter().filter(|stream| rules.counts(stream.source));
        let first = streams().map(|stream| stream.first).min().filter(|first| *first <= self.as_of);
        let mut history = SystemHistory { first, ..empty_history() };
        let through = through.min(self.as_of);
        if through < self.as_of {
            history.through = through;
        }
        let mut reached = END;
        for stream in streams().filter(|stream| scope.contains(stream.source, stream.check.as_ref())) {
            let rules = rules.stream(stream.source, stream.check.as_ref());
            let passed = self.transitions((system, stream), rules, from, through)?;
            history.from = history.from.max(passed.from);
            reached = passed.through.map_or(reached, |through| reached.min(through));
            let StreamRow { source, check, location, .. } = stream.clone();
            history.streams.push(StreamHistory { source, check, location, transitions: passed.transitions });
        }
        if reached < END {
            history.through = reached;
            for StreamHistory { transitions, .. } in &mut history.streams {
                transitions.truncate(transitions.partition_point(|transition| transition.at <= reached));
            }
        }
        debug_assert!(history.from <= from && (history.through >= through || history.through > from));
        Ok(history)
    }
}

impl Reader<'_> {
    /// The transitions of a stream that count up to `through`, after thresholds, from an instant at or before `from`;
    /// without repeated statuses, unless every fact is wanted.
    fn transitions(
        &self,
        (system, stream): (SystemId, &StreamRow),
        rules: StreamRules,
        from: Instant,
        through: Instant,
    ) -> Result<Passed> {
        let through = rules.retired_at.map_or(through, |at| through.min(at.plus(-1)));
        if stream.first > through {
            return Ok(Passed { from: BEGINNING, transitions: Vec::new(), through: None });
        }
        let from = from.min(through);
        self.store.connection.want_segments(system.0, from, through)?;
        if self.every_fact {
            return self.store.transitions(stream, (from, from), through, Thinned::new(Silence::Any), None);
        }
        let kept = Thinned::new(Silence::of(rules.stale_after_ms));
        let Some(thresholds) = rules.thresholds else {
            return self.store.transitions(stream, (from, from), through, kept, None);
        };
        let settled = self.store.settled_from((system, stream), thresholds, from)?;
        self.store.connection.want_segments(system.0, settled, through)?;
        let passage = Passage::new(thresholds, settled <= stream.first);
        self.store.transitions(stream, (settled, from), through, kept, Some(passage))
    }
}

impl Store {
    /// The transitions of a stream up to `through`, after thresholds, from an instant at or before `from`: after
    /// `asked_from`, at most one batch, unless all are kept.
    fn transitions(
        &self,
        stream: &StreamRow,
        (from, asked_from): (Instant, Instant),
        through: Instant,
        mut kept: Thinned,
        mut passage: Option<Passage>,
    ) -> Result<Passed> {
        let mut statement = self.connection.prepare_wanted(
            "SELECT first_ts, last_ts, count, body, checksum FROM segment WHERE stream = ?1
             AND first_ts >= coalesce((SELECT max(first_ts) FROM segment WHERE stream = ?1 AND first_ts <= ?2), 0)
             AND first_ts <= ?3 ORDER BY first_ts",
        )?;
        let mut rows = statement.query(params![stream.id, from.millis(), through.millis()])?;
        let mut known_from = None;
        let (mut before, mut reached) = (None, None);
        while let Some(row) = rows.next()? {
            let Packed { first, last, count, body } = Packed::read(row, stream.id)?;
            let most = before.unwrap_or(usize::MAX).saturating_add(MOST_AT_ONCE);
            if kept.len() >= most {
                // Everything before this segment was read.
                reached = Some(first.plus(-1));
                break;
            }
            if asked_from < first {
                before = before.or(Some(kept.len()));
            }
            kept.expect(count);
            let changes_only = passage.is_none() && kept.is_of_changes() && last <= through;
            let mut take = |transition: Transition| {
                let passed = match &mut passage {
                    _ if transition.at > through => None,
                    Some(passage) => passage.pass(transition),
                    None => Some(transition),
                };
                if let Some(passed) = passed {
                    known_from = known_from.or(Some(passed.at));
                    kept.push(passed);
                }
            };
            let is_read = if changes_only {
                read_changes(body, first, count, take)
            } else {
                read(body, first, count, &mut take).map(drop)
            };
            is_read.map_err(|_| Unreadable(format!("a segment of stream {} does not decode", stream.id)))?;
        }
        let known_from = known_from.filter(|from| *from > stream.first).unwrap_or(BEGINNING);
        Ok(Passed { from: known_from, transitions: kept.finish(), through: reached })
    }

    /// Where to start reading a stream so that its thresholds are settled at `from`: the start of a segment.
    fn settled_from(
        &self,
        (system, stream): (SystemId, &StreamRow),
        thresholds: Thresholds,
        from: Instant,
    ) -> Result<Instant> {
        let sql = "SELECT first_ts, last_ts, count, body, checksum FROM segment WHERE stream = ?1 AND first_ts <= ?2
                   ORDER BY first_ts DESC LIMIT ?3";
        let mut statement = self.connection.prepare_wanted(sql)?;
        let mut segments = 1_i64;
        loop {
            if segments > 1 {
                self.connection.want_segments(system.0, BEGINNING, from)?;
            }
            let mut bodies = Vec::new();
            let mut rows = statement.query(params![stream.id, from.millis(), segments])?;
            while let Some(row) = rows.next()? {
                let Packed { first, count, body, .. } = Packed::read(row, stream.id)?;
                bodies.push((first, count, body.to_owned()));
            }
            drop(rows);
            let Some(first) = bodies.last().map(|(first, ..)| *first).filter(|first| *first > stream.first) else {
                return Ok(stream.first);
            };
            let mut passage = Passage::new(thresholds, false);
            let mut is_settled = false;
            for (first, count, body) in bodies.iter().rev() {
                read(body, *first, *count, |fact| {
                    if fact.at <= from {
                        is_settled = passage.pass(fact).is_some();
                    }
                })
                .map_err(|_| Unreadable(format!("a segment of stream {} does not decode", stream.id)))?;
            }
            if is_settled {
                return Ok(first);
            }
            segments = segments.saturating_mul(4);
        }
    }

    /// The streams of one system.
    pub(crate) fn streams(&self, system: SystemId) -> Result<Vec<StreamRow>> {
        let sql =
            concat!("SELECT ", whole!(stream), " FROM stream WHERE system = ?1 ORDER BY source, healthcheck, location");
        let mut statement = self.connection.prepare_about(sql, About::SystemId(system.0))?;
        let mut rows = statement.query([system.0])?;
        let mut streams = Vec::new();
        while let Some(row) = rows.next()? {
            streams.push(stream_row(row)?);
        }
        Ok(streams)
    }

    /// The streams of every system.
    pub(crate) fn all_streams(&self) -> Result<BySystem<Vec<StreamRow>>> {
        let sql = concat!("SELECT ", whole!(stream), " FROM stream ORDER BY system, source, healthcheck, location");
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut streams: BySystem<Vec<StreamRow>> = BySystem::default();
        while let Some(row) = rows.next()? {
            streams.entry(SystemId(row.get(1)?)).or_default().push(stream_row(row)?);
        }
        Ok(streams)
    }

    /// The id of a system that the journal or a manifest knows.
    pub(crate) fn system(&self, name: &Name) -> Result<Option<SystemId>> {
        system_named(&self.connection, name)
    }

    /// All systems that have a transition or are named by a manifest, sorted by name.
    pub(crate) fn systems(&self) -> Result<Vec<(Name, SystemId)>> {
        let sql = concat!("SELECT ", whole!(system), " FROM system ORDER BY name");
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut systems = Vec::new();
        while let Some(row) = rows.next()? {
            let [id, name, _] = expect_whole::<{ width!(system) }>(row, |[id, ..]| format!("system {}", shown(*id)))?;
            systems.push((stored_name(name.as_str()?)?, SystemId(id.as_i64()?)));
        }
        Ok(systems)
    }
}

/// The id of a system.
pub(super) fn system_named(connection: &Connection, name: &Name) -> Result<Option<SystemId>> {
    let sql = concat!("SELECT ", whole!(system), " FROM system WHERE name = ?1");
    let mut statement = connection.prepare_about(sql, About::System(name.as_str()))?;
    let mut rows = statement.query([name.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let [id, ..] = expect_whole::<{ width!(system) }>(row, |_| format!("system {name}"))?;
    Ok(Some(SystemId(id.as_i64()?)))
}

fn stream_row(row: &rusqlite::Row<'_>) -> Result<StreamRow> {
    let [id, _, source, check, location, first, _] =
        expect_whole::<{ width!(stream) }>(row, |[id, ..]| format!("stream {}", shown(*id)))?;
    let source = Source::from_code(FromSql::column_result(source)?)
        .ok_or_else(|| Unreadable("a stream has an unknown source".to_owned()))?;
    let name = |name: ValueRef<'_>| -> Result<Option<Name>> {
        let name = name.as_str()?;
        if name.is_empty() { Ok(None) } else { stored_name(name).map(Some) }
    };
    let (id, first) = (FromSql::column_result(id)?, Instant::from_millis(first.as_i64()?));
    Ok(StreamRow { id, source, check: name(check)?, location: name(location)?, first })
}

/// A stored name, which was checked when it was written.
pub(in crate::store) fn stored_name(text: &str) -> Result<Name> {
    Name::parse(text).map_err(|error| Unreadable(format!("the stored name {text:?} is not one: {error}")).into())
}

/// Facts end at `as-of`, so whoever has read up to it knows the rest.
const _: () = assert!(END.millis() > Instant::MAX.millis());
