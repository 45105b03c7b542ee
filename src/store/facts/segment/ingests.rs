//! Owns how a segment says which ingest brought which of its facts: runs of facts of one ingest, and runs of such runs, as of a
//! command that brings a fact a minute.

use super::Fact;
use crate::store::varint::{Damaged, length, put, put_signed, signed_length, take, take_signed};

/// Facts of one ingest that come one after the other: how many, and how far its id is from the one before.
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

/// How many bytes the ingests of facts that come one after the other take at most.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    ingest: i64,
    run: Run,
    last: Run,
    finished: usize,
}

impl Size {
    pub(super) fn add(&mut self, ingest: i64) {
        if ingest == self.ingest && self.run.length > 0 {
            self.run.length += 1;
            return;
        }
        if self.run.length > 0 && self.run != self.last {
            // Of runs that are alike only the first one takes room, with a number of at most two bytes.
            self.finished += self.run.bytes() + 2;
            self.last = self.run;
        }
        self.run = Run { length: 1, step: ingest.wrapping_sub(self.ingest) };
        self.ingest = ingest;
    }

    pub(super) fn bytes(&self) -> usize {
        self.finished + self.run.bytes() + 2
    }
}

pub(super) fn write(into: &mut Vec<u8>, facts: &[Fact]) {
    let mut before = 0i64;
    let runs = facts.chunk_by(|a, b| a.ingest == b.ingest).map(|facts| {
        let step = facts[0].ingest.wrapping_sub(before);
        before = facts[0].ingest;
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

/// Takes the ingests off the front of `from`, and gives each of `facts` its own.
///
/// # Errors
/// When the bytes end early or do not make so many.
pub(super) fn read(from: &mut &[u8], facts: &mut [Fact]) -> Result<(), Damaged> {
    let (mut rest, mut ingest) = (facts, 0i64);
    while !rest.is_empty() {
        let (length, step, times) = (take(from)?, take_signed(from)?, take(from)?);
        let length = usize::try_from(length).map_err(|_| Damaged)?;
        if length == 0 || times == 0 {
            return Err(Damaged);
        }
        for _ in 0..times {
            // Ends with the facts, whatever number there is.
            let (these, later) = rest.split_at_mut_checked(length).ok_or(Damaged)?;
            ingest = ingest.checked_add(step).ok_or(Damaged)?;
            for fact in these {
                fact.ingest = ingest;
            }
            rest = later;
        }
    }
    Ok(())
}
