//! Owns how the statuses of a segment are packed: as runs or, where they change often, two bits each.

use super::{Fact, MOST_FACTS};
use crate::domain::health::transition::Status;
use crate::store::varint::{Damaged, length, put, take};

const RUNS: u8 = 0;
const BITS: u8 = 1;

/// The bytes that the statuses of consecutive facts take.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    count: usize,
    last: Option<Status>,
    run: u64,
    finished: usize,
}

impl Size {
    pub(super) fn add(&mut self, status: Status) {
        self.count += 1;
        if self.last == Some(status) {
            self.run += 1;
        } else {
            self.finished = self.of_runs();
            (self.last, self.run) = (Some(status), 1);
        }
    }

    fn of_runs(&self) -> usize {
        if self.run == 0 { 0 } else { self.finished + length(self.run << 2) }
    }

    pub(super) fn bytes(&self) -> usize {
        1 + self.of_runs().min(self.count.div_ceil(4))
    }

    fn form(&self) -> u8 {
        if self.of_runs() <= self.count.div_ceil(4) { RUNS } else { BITS }
    }
}

pub(super) fn write(into: &mut Vec<u8>, facts: &[Fact], size: Size) {
    let code = |fact: &Fact| fact.transition.status as u8;
    into.push(size.form());
    if size.form() == RUNS {
        for run in facts.chunk_by(|a, b| code(a) == code(b)) {
            put(into, (run.len() as u64) << 2 | u64::from(code(&run[0])));
        }
    } else {
        let four = |four: &[Fact]| four.iter().rev().fold(0, |bits, fact| bits << 2 | code(fact));
        into.extend(facts.chunks(4).map(four));
    }
}

/// Takes the statuses of `count` facts, at least one, off the front of `from`; returns their codes.
///
/// # Errors
/// If the bytes end early or do not yield this many.
pub(super) fn read(from: &mut &[u8], count: usize) -> Result<Vec<u8>, Damaged> {
    if count == 0 || count > MOST_FACTS {
        return Err(Damaged);
    }
    let mut codes = vec![0; count.next_multiple_of(4)];
    let (form, rest) = from.split_first().ok_or(Damaged)?;
    *from = rest;
    match *form {
        RUNS => {
            let mut rest = &mut codes[..count];
            while !rest.is_empty() {
                let run = take(from)?;
                let length = usize::try_from(run >> 2).map_err(|_| Damaged)?;
                let (these, later) = rest.split_at_mut_checked(length).filter(|_| length > 0).ok_or(Damaged)?;
                these.fill((run & 3) as u8);
                rest = later;
            }
        }
        BITS => {
            let (bytes, rest) = from.split_at_checked(count.div_ceil(4)).ok_or(Damaged)?;
            *from = rest;
            for (four, byte) in codes.chunks_exact_mut(4).zip(bytes) {
                four.copy_from_slice(&[byte & 3, byte >> 2 & 3, byte >> 4 & 3, byte >> 6]);
            }
        }
        _ => return Err(Damaged),
    }
    Ok(codes)
}
