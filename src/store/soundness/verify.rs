//! Owns checking the file against itself: SQLite's own check, every row's checksum, and the order, format and summaries
//! of segments.

use anyhow::Result;
use rusqlite::ErrorCode;

use super::lost::lost;
use super::row::{self, FACTS, summed};
use crate::domain::health::ingest::IngestId;
use crate::domain::value::instant::Instant;
use crate::store::database::open::{Store, code};
use crate::store::facts::segment::{decode, segment_sum};
use crate::store::id::{SegmentId, StreamId};

/// A fault found in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Difference(pub(crate) String);

impl Store {
    /// SQLite's integrity and foreign-key checks; at most the first few lines of their output.
    pub(crate) fn verify_file(&self) -> Result<Vec<Difference>> {
        self.connection.fill_all()?;
        let mut differences = Vec::new();
        for check in [Self::check_lost, Self::check_pages, Self::check_references] {
            let known = differences.len();
            // A failed read may look like damage; real damage is there on every read.
            let found = check(self, &mut differences).or_else(|error| match code(&error) {
                Some(ErrorCode::DatabaseCorrupt) => {
                    differences.truncate(known);
                    check(self, &mut differences)
                }
                _ => Err(error),
            });
            match found {
                // A check that cannot continue has found what it looks for.
                Err(error) if code(&error) == Some(ErrorCode::DatabaseCorrupt) => {
                    differences.push(Difference(format!("integrity: {error:#}")));
                }
                other => other?,
            }
        }
        Ok(differences)
    }

    /// Names what another program has dropped.
    fn check_lost(&self, differences: &mut Vec<Difference>) -> Result<()> {
        let lost = lost(&self.connection)?;
        differences.extend(lost.into_iter().map(|it| Difference(format!("{} is missing in the schema", it.name))));
        Ok(())
    }

    fn check_pages(&self, differences: &mut Vec<Difference>) -> Result<()> {
        let mut statement = self.connection.prepare("PRAGMA integrity_check(10)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let line: String = row.get(0)?;
            if let Some(code) = failed_read(&line) {
                // A disk that does not answer says nothing about its content.
                return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(line)).into());
            }
            if line != "ok" {
                differences.push(Difference(format!("integrity: {line}")));
            }
        }
        Ok(())
    }

    fn check_references(&self, differences: &mut Vec<Difference>) -> Result<()> {
        let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (table, id, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let id = id.map_or_else(|| "?".to_owned(), |id| id.to_string());
            differences
                .push(Difference(format!("row {id} of {table} refers to a row of {parent} that does not exist")));
        }
        Ok(())
    }

    /// Checks that the rows of facts match their checksums.
    pub(crate) fn verify_facts(&self) -> Result<Vec<Difference>> {
        let mut differences = self.verify_rows(true)?;
        differences.extend(self.verify_sequences()?);
        Ok(differences)
    }

    /// Checks that the rows of everything else match their checksums.
    pub(crate) fn verify_derived(&self) -> Result<Vec<Difference>> {
        self.verify_rows(false)
    }

    /// Names the first few rows of each table that do not match their checksums.
    fn verify_rows(&self, facts: bool) -> Result<Vec<Difference>> {
        const NAMED: usize = 10;
        let mut differences = Vec::new();
        // Segments are reported one by one, with their faults.
        let of_interest = |table: &str| table != "segment" && FACTS.contains(&table) == facts;
        for summed in summed(&self.connection)?.into_iter().filter(|summed| of_interest(&summed.table)) {
            let (table, keys, sum) = (&summed.table, summed.keys.join(" || ' ' || "), summed.sum());
            let sql = format!("SELECT quote({keys}) FROM {table} WHERE checksum <> {sum}");
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            let mut found = 0;
            while let Some(row) = rows.next()? {
                found += 1;
                if found <= NAMED {
                    let key: String = row.get(0)?;
                    differences
                        .push(Difference(row::unlike(&format!("{table} {}", key.trim_matches('\''))).to_string()));
                }
            }
            if found > NAMED {
                let more = found - NAMED;
                differences.push(Difference(format!("{table}: {more} more rows do not match their checksums")));
            }
        }
        Ok(differences)
    }

    /// Checks that ids that are not reused are not exhausted.
    fn verify_sequences(&self) -> Result<Vec<Difference>> {
        let sql = "SELECT name, quote(seq) FROM sqlite_sequence WHERE typeof(seq) <> 'integer' OR seq NOT BETWEEN 0 AND 1 << 53";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut differences = Vec::new();
        while let Some(row) = rows.next()? {
            let (name, seq): (String, String) = (row.get(0)?, row.get(1)?);
            differences.push(Difference(format!("sqlite_sequence: the last number given in {name} cannot be {seq}")));
        }
        Ok(differences)
    }

    /// Checks that segments decode, are in order, do not overlap, and match their summaries.
    pub(crate) fn verify_journal(&self) -> Result<Vec<Difference>> {
        let mut differences = Vec::new();
        let mut tell = |text: String| differences.push(Difference(text));
        let mut statement = self.connection.prepare(
            "SELECT segment.id, stream, segment.first_ts, last_ts, count, body, stream.first_ts,
                    (SELECT max(id) FROM ingest), segment.checksum
             FROM segment JOIN stream ON stream.id = segment.stream ORDER BY stream, segment.first_ts",
        )?;
        let mut rows = statement.query([])?;
        let mut before: Option<(StreamId, i64)> = None;
        while let Some(row) = rows.next()? {
            let (id, stream, first, last): (SegmentId, StreamId, i64, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let place = format!("segment {id} of stream {stream}");
            let known = before.filter(|(known, _)| *known == stream).map(|(_, end)| end);
            if known.is_some_and(|end| end >= first) {
                tell(format!("{place} overlaps the one before it"));
            }
            let begins: i64 = row.get(6)?;
            if known.is_none() && begins != first {
                tell(format!("stream {stream}: first_ts is {begins}, its first segment begins at {first}"));
            }
            before = Some((stream, last));
            let body = row.get_ref(5)?.as_blob()?;
            let count: i64 = row.get(4)?;
            if row.get::<_, i64>(8)? != i64::from(segment_sum(stream, first, last, count, body)) {
                tell(row::unlike(&place).to_string());
            }
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            match decode(body, Instant::from_millis(first), count) {
                Err(_) => tell(format!("{place} does not decode")),
                Ok(facts) => {
                    let ends = facts.last().map_or(first, |fact| fact.transition.at.millis());
                    if ends != last {
                        tell(format!("{place}: last_ts is {last}, its last transition is at {ends}"));
                    }
                    let newest: IngestId = row.get::<_, Option<_>>(7)?.unwrap_or_default();
                    if facts.iter().any(|fact| !(IngestId(1)..=newest).contains(&fact.ingest)) {
                        tell(format!("{place} names an ingest that does not exist"));
                    }
                }
            }
        }
        for (table, what) in [("note", "the note"), ("overruled", "what was overruled")] {
            let mut statement = self.connection.prepare(&format!(
                "SELECT stream, ts FROM {table} WHERE NOT EXISTS
                 (SELECT 1 FROM segment WHERE segment.stream = {table}.stream AND ts BETWEEN first_ts AND last_ts) LIMIT 10"
            ))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (stream, at): (StreamId, i64) = (row.get(0)?, row.get(1)?);
                tell(format!("{what} of stream {stream} at {at} belongs to no transition"));
            }
        }
        let mut statement = self
            .connection
            .prepare("SELECT id FROM stream WHERE id NOT IN (SELECT stream FROM segment) ORDER BY id LIMIT 10")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            tell(format!("stream {} has no segment", row.get::<_, i64>(0)?));
        }
        Ok(differences)
    }
}

/// The error of a page that the integrity check could not read, if it is the disk's fault and not the page's.
fn failed_read(line: &str) -> Option<i32> {
    let (_, code) = line.split_once("unable to get the page. error code=")?;
    let digits = code.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|code| code & 0xff == rusqlite::ffi::SQLITE_IOERR)
}
