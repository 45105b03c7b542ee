//! Owns updating a published table row by row, in the order of its keys; stored rows are read a few at a time, so that
//! memory does not grow with the table.

use std::cmp::Ordering;
use std::collections::VecDeque;

use anyhow::Result;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, params_from_iter};

use super::{Digest, Row, Table, differing_column, place, refill};
use crate::store::database::open::Store;
use crate::store::soundness::Difference;

/// Rows that are read at once.
const ROWS_AT_ONCE: usize = 64;

/// What was stored before a row is put.
pub(super) enum Was {
    Nothing,
    Same,
    Other(Row),
}

/// A table in progress, either written or only compared.
pub(super) struct Alignment<'s> {
    store: &'s Store,
    table: &'static Table,
    /// Writes a row, once prepared.
    putting: Option<CachedStatement<'s>>,
    /// Rows that were read ahead.
    stored: VecDeque<Row>,
    /// Rows whose memory the next ones take.
    spare: Vec<Row>,
    /// The keys of the last row that was read.
    last: Option<Vec<Value>>,
    is_read: bool,
    /// The differences, if nothing is written.
    differences: Option<Vec<Difference>>,
    /// The digest of the rows that were put.
    pub(super) digest: Digest,
}

impl<'s> Alignment<'s> {
    /// Begins a table to write.
    pub(super) fn writing(store: &'s Store, table: &'static Table) -> Self {
        Self {
            store,
            table,
            putting: None,
            stored: VecDeque::new(),
            spare: Vec::new(),
            last: None,
            is_read: false,
            differences: None,
            digest: Digest::default(),
        }
    }

    /// Begins a table to compare.
    pub(super) fn comparing(store: &'s Store, table: &'static Table) -> Self {
        Self { differences: Some(Vec::new()), ..Self::writing(store, table) }
    }

    /// Updates the row with these keys, which come after those of the row before it. Stored rows before it that are not
    /// wanted are added to `gone`.
    pub(super) fn put(&mut self, wanted: &Row, gone: &mut Vec<Row>) -> Result<Was> {
        let table = self.table;
        self.digest.add(wanted);
        while let Some(next) = self.front()? {
            match table.compare(next, wanted) {
                Ordering::Less => gone.extend(self.remove()?),
                Ordering::Equal => {
                    let Some(was) = self.stored.pop_front() else { break };
                    if was == *wanted {
                        self.spare.push(was);
                        return Ok(Was::Same);
                    }
                    self.replace(&was, wanted)?;
                    return Ok(Was::Other(was));
                }
                Ordering::Greater => break,
            }
        }
        self.insert(wanted)?;
        Ok(Was::Nothing)
    }

    /// Takes back a row that is no longer needed.
    pub(super) fn take_back(&mut self, was: Was) {
        if let Was::Other(row) = was {
            self.spare.push(row);
        }
    }

    /// Removes the remaining rows, which are added to `gone`, and returns the differences if nothing is written.
    pub(super) fn finish(&mut self, gone: &mut Vec<Row>) -> Result<Vec<Difference>> {
        while self.front()?.is_some() {
            gone.extend(self.remove()?);
        }
        Ok(self.differences.take().unwrap_or_default())
    }

    /// The next stored row.
    fn front(&mut self) -> Result<Option<&Row>> {
        if self.stored.is_empty() && !self.is_read {
            self.read()?;
        }
        Ok(self.stored.front())
    }

    fn read(&mut self) -> Result<()> {
        let keys = self.table.columns[..self.table.keys].join(", ");
        let after = match (&self.last, self.table.keys) {
            (None, _) => "1".to_owned(),
            (Some(_), 1) => format!("{keys} > ?1"),
            (Some(_), _) => format!("({keys}) > (?1, ?2)"),
        };
        let (columns, name) = (self.table.all(), self.table.name);
        let sql = format!("SELECT {columns} FROM {name} WHERE {after} ORDER BY {keys} LIMIT {ROWS_AT_ONCE}");
        let mut statement = self.store.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(self.last.iter().flatten()))?;
        while let Some(row) = rows.next()? {
            let mut values = self.spare.pop().unwrap_or_default();
            refill(&mut values, self.table, row)?;
            self.stored.push_back(values);
        }
        self.is_read = self.stored.len() < ROWS_AT_ONCE;
        self.last = self.stored.back().map(|last| last[..self.table.keys].to_vec());
        Ok(())
    }

    fn insert(&mut self, wanted: &Row) -> Result<()> {
        match &mut self.differences {
            None => self.store.put_row(self.table, &mut self.putting, wanted),
            Some(differences) => {
                differences.push(Difference(format!("{} is missing", place(self.table, wanted))));
                Ok(())
            }
        }
    }

    fn replace(&mut self, was: &Row, wanted: &Row) -> Result<()> {
        match &mut self.differences {
            None => self.store.put_row(self.table, &mut self.putting, wanted),
            Some(differences) => {
                differences.extend(differing_column(self.table, was, wanted));
                Ok(())
            }
        }
    }

    fn remove(&mut self) -> Result<Option<Row>> {
        let Some(needless) = self.stored.pop_front() else { return Ok(None) };
        match &mut self.differences {
            None => self.store.delete_row(self.table, &needless)?,
            Some(differences) => {
                differences.push(Difference(format!("{} should not be there", place(self.table, &needless))));
            }
        }
        Ok(Some(needless))
    }
}
