//! Owns the ids of new rows: blocks of numbers that the server reserves. Gaps between them mean nothing.

use std::collections::{HashMap, VecDeque};

use anyhow::Result;

use super::schema::BLOCKS;
use super::session::number;
use super::{Mode, Shared};

/// Reserved numbers, by table.
#[derive(Default, Debug)]
pub(super) struct Numbers {
    reserved: HashMap<&'static str, VecDeque<(i64, i64)>>,
    /// The sizes of the last blocks, so that many rows take few round trips.
    blocks: HashMap<&'static str, i64>,
}

impl Numbers {
    fn take(&mut self, table: &'static str) -> Option<i64> {
        let reserved = self.reserved.get_mut(table)?;
        let (next, end) = reserved.front_mut()?;
        let taken = *next;
        *next += 1;
        if *next == *end {
            reserved.pop_front();
        }
        Some(taken)
    }
}

impl Shared {
    /// The id of a new row.
    pub(in crate::store) fn next_id(&self, table: &'static str) -> rusqlite::Result<i64> {
        if let Some(taken) = self.numbers.borrow_mut().take(table) {
            return Ok(taken);
        }
        self.noting_failure(|| self.reserve(table))?;
        let taken = self.numbers.borrow_mut().take(table);
        taken.ok_or_else(|| rusqlite::Error::UserFunctionError("the server gives no numbers".into()))
    }

    fn reserve(&self, table: &'static str) -> Result<()> {
        let size = BLOCKS.iter().find(|(name, _)| *name == table).map_or(1, |(_, size)| *size);
        let mut numbers = self.numbers.borrow_mut();
        // People see the ids of ingests, so none is reserved that may stay unused.
        let blocks = if size == 1 || self.mode.get() == Mode::Idle {
            1
        } else {
            numbers.blocks.get(table).map_or(1, |last| last * 2)
        };
        let schema = &self.address.schema;
        let sql = if blocks == 1 {
            format!("SELECT nextval('{schema}.{table}_number')")
        } else {
            format!("SELECT nextval('{schema}.{table}_number') FROM generate_series(1, {blocks})")
        };
        let answers = self.session.borrow_mut().ask(&sql)?;
        numbers.blocks.insert(table, blocks);
        for row in answers.first().into_iter().flatten() {
            let first = number(row, 0)?;
            numbers.reserved.entry(table).or_default().push_back((first, first + size));
        }
        Ok(())
    }
}
