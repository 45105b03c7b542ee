//! Owns how a segment stores the ingest of each fact: runs of facts of one ingest, and runs of such runs, as from a
//! command that adds a fact a minute.

use super::Fact;
use crate::domain::health::ingest::IngestId;
use crate::store::varint::{Damaged, length, put, put_signed, signed_length, take, take_signed};

/// Consecutive facts of one ingest: how many, and the difference of its id to the one before.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Run {
    length: u64,
    step: i64,
}

impl Run {
    fn bytes(self) -> usize {
        length(self.length) + signed_length(self.step)
    }
}

/// The most bytes that the ingests of consecutive facts take.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    ingest: IngestId,
    run: Run,
    last: Run,
    finished: usize,
}

impl Size {
    pub(super) fn add(&mut self, ingest: IngestId) {
        if ingest == self.ingest && self.run.length > 0 {
            self.run.length += 1;
            return;
        }
        if self.run.length > 0 && self.run != self.last {
            // Of equal runs, only the first takes space, plus a number of at most two bytes.
            self.finished += self.run.bytes() + 2;
            self.last = self.run;
        }
        self.run = Run { length: 1, step: ingest.0.wrapping_sub(self.ingest.0) };
        self.ingest = ingest;
    }

    pub(super) fn bytes(&self) -> usize {
        self.finished + self.run.bytes() + 2
    }
}

pub(super) fn write(into: &mut Vec<u8>, facts: &[Fact]) {
    let mut before = 0_i64;
    let runs = facts.chunk_by(|a, b| a.ingest == b.ingest).map(|facts| {
        let step = facts[0].ingest.0.wrapping_sub(before);
        before = facts[0].ingest.0;
        Run { length: facts.len() as u64, step }
    });
    let mut runs = runs.peekable();
    while let Some(run) = runs.next() {
        let mut times = 1;
        while runs.next_if_eq(&run).is_some() {
            times += 1;
        }
        put(into, run.length);
        put_signed(into, run.step);
        put(into, times);
    }
}

/// Takes the ingests off the front of `from`, and sets those of `facts`.
///
/// # Errors
/// If the bytes end early or do not yield this many.
pub(super) fn read(from: &mut &[u8], facts: &mut [Fact]) -> Result<(), Damaged> {
    let (mut rest, mut ingest) = (facts, 0_i64);
    while !rest.is_empty() {
        let (length, step, times) = (take(from)?, take_signed(from)?, take(from)?);
        let length = usize::try_from(length).map_err(|_| Damaged)?;
        if length == 0 || times == 0 {
            return Err(Damaged);
        }
        for _ in 0..times {
            // Ends with the facts, whatever the count says.
            let (these, later) = rest.split_at_mut_checked(length).ok_or(Damaged)?;
            ingest = ingest.checked_add(step).ok_or(Damaged)?;
            for fact in these {
                fact.ingest = IngestId(ingest);
            }
            rest = later;
        }
    }
    Ok(())
}
