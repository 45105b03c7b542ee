//! Owns what the ingests report for one instant of a stream: the winning entry, and the others, which are kept in case
//! it is deleted.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::params;

use crate::domain::health::ingest::IngestId;
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;
use crate::store::database::connection::Connection;
use crate::store::database::open::Unreadable;
use crate::store::id::StreamId;
use crate::store::soundness::row::{expect, expect_whole, intact, whole, width};

/// What one ingest reports for an instant, without the ingest's id. The greatest entry wins: the worst status, then the
/// greatest note, and any note before none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::store) struct Entry {
    pub(in crate::store) status: Status,
    pub(in crate::store) note: Option<Box<str>>,
}

impl Entry {
    fn note(&self) -> &str {
        self.note.as_deref().unwrap_or_default()
    }
}

/// Whether an entry is kept as a losing one.
pub(super) fn is_kept(connection: &Connection, stream: StreamId, at: Instant, entry: &Entry) -> Result<bool> {
    let sql = "SELECT 1 FROM overruled WHERE stream = ?1 AND ts = ?2 AND status = ?3 AND note = ?4";
    Ok(connection.prepare_cached(sql)?.exists(params![stream, at.millis(), entry.status as u8, entry.note()])?)
}

/// Keeps a losing entry; if several ingests report the same one, the earliest ingest's.
pub(super) fn keep(
    connection: &Connection,
    stream: StreamId,
    at: Instant,
    entry: &Entry,
    ingest: IngestId,
) -> Result<()> {
    let sql = "INSERT INTO overruled (stream, ts, status, note, ingest, checksum) VALUES (?1, ?2, ?3, ?4, ?5, row_sum(?1, ?2, ?3, ?4, ?5))
               ON CONFLICT (stream, ts, status, note) DO UPDATE SET ingest = excluded.ingest, checksum = excluded.checksum
               WHERE excluded.ingest < ingest";
    let row = params![stream, at.millis(), entry.status as u8, entry.note(), ingest];
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// The losing entries of a stream between two instants, both included, with their ingests; per instant, the greatest
/// last.
pub(super) fn kept(
    connection: &Connection,
    stream: StreamId,
    (from, through): (Instant, Instant),
) -> Result<BTreeMap<Instant, Vec<(Entry, IngestId)>>> {
    let sql = concat!(
        "SELECT ",
        whole!(overruled),
        " FROM overruled WHERE stream = ?1 AND ts BETWEEN ?2 AND ?3 ORDER BY ts, status, note"
    );
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![stream, from.millis(), through.millis()])?;
    let mut kept: BTreeMap<Instant, Vec<(Entry, IngestId)>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let at: i64 = row.get(1)?;
        let place = || format!("what was overruled of stream {stream} at {at}");
        expect_whole::<{ width!(overruled) }>(row, |_| place())?;
        let status = Status::from_code(row.get(2)?).ok_or_else(|| Unreadable(format!("{} has no status", place())))?;
        let note = Some(row.get_ref(3)?.as_str()?).filter(|note| !note.is_empty()).map(Into::into);
        kept.entry(Instant::from_millis(at)).or_default().push((Entry { status, note }, row.get(4)?));
    }
    Ok(kept)
}

/// Removes a losing entry: it wins now, or is deleted.
pub(super) fn drop_kept(connection: &Connection, stream: StreamId, at: Instant, entry: &Entry) -> Result<()> {
    let sql = "DELETE FROM overruled WHERE stream = ?1 AND ts = ?2 AND status = ?3 AND note = ?4";
    connection.prepare_cached(sql)?.execute(params![stream, at.millis(), entry.status as u8, entry.note()])?;
    Ok(())
}

/// Keeps exactly these losing entries of an instant.
pub(super) fn replace_kept(
    connection: &Connection,
    stream: StreamId,
    at: Instant,
    entries: &[(Entry, IngestId)],
) -> Result<()> {
    let sql = "DELETE FROM overruled WHERE stream = ?1 AND ts = ?2";
    connection.prepare_cached(sql)?.execute(params![stream, at.millis()])?;
    entries.iter().try_for_each(|(entry, ingest)| keep(connection, stream, at, entry, *ingest))
}

/// The entries of an instant that count, the greatest last: the greatest of each ingest; of equal ones, the earliest
/// ingest's.
pub(super) fn reduced(entries: Vec<(Entry, IngestId)>) -> Vec<(Entry, IngestId)> {
    let mut greatest: BTreeMap<IngestId, Entry> = BTreeMap::new();
    for (entry, ingest) in entries {
        match greatest.get_mut(&ingest) {
            Some(known) if *known >= entry => {}
            Some(known) => *known = entry,
            None => drop(greatest.insert(ingest, entry)),
        }
    }
    let mut earliest: BTreeMap<Entry, IngestId> = BTreeMap::new();
    for (ingest, entry) in greatest {
        earliest.entry(entry).or_insert(ingest);
    }
    earliest.into_iter().collect()
}

/// The notes of a stream between two moments, both included.
pub(super) fn notes(
    connection: &Connection,
    stream: StreamId,
    (from, through): (Instant, Instant),
) -> Result<BTreeMap<Instant, Box<str>>> {
    let sql = concat!("SELECT ts, text, ", intact!(note), " FROM note WHERE stream = ?1 AND ts BETWEEN ?2 AND ?3");
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![stream, from.millis(), through.millis()])?;
    let mut notes = BTreeMap::new();
    while let Some(row) = rows.next()? {
        expect(row, 2, || format!("a note of stream {stream}"))?;
        notes.insert(Instant::from_millis(row.get(0)?), row.get_ref(1)?.as_str()?.into());
    }
    Ok(notes)
}

/// Sets or removes the note of an instant.
pub(super) fn put_note(connection: &Connection, stream: StreamId, at: Instant, note: Option<&str>) -> Result<()> {
    let Some(text) = note else {
        connection
            .prepare_cached("DELETE FROM note WHERE stream = ?1 AND ts = ?2")?
            .execute(params![stream, at.millis()])?;
        return Ok(());
    };
    let sql = "INSERT INTO note (stream, ts, text, checksum) VALUES (?1, ?2, ?3, row_sum(?1, ?2, ?3))
               ON CONFLICT (stream, ts) DO UPDATE SET text = excluded.text, checksum = excluded.checksum";
    connection.prepare_cached(sql)?.execute(params![stream, at.millis(), text])?;
    Ok(())
}
