//! Owns the packed form of transitions: the formats of a segment's body, and cutting facts into bodies. Documented in
//! docs/design/segment-format.md.

mod ingests;
mod moments;
mod statuses;
mod version1;

use anyhow::Result;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::domain::health::ingest::IngestId;
use crate::domain::health::transition::{Status, Transition};
use crate::domain::value::instant::Instant;
use crate::store::id::StreamId;
use crate::store::soundness::row;
use crate::store::soundness::row::unlike;
use crate::store::varint::{Damaged, put, take};
use moments::Block;
#[cfg(any(test, fuzzing))]
pub(crate) use version1::summed;

/// The format of the bodies written now; the first byte of each.
pub(in crate::store) const VERSION: u8 = 2;
/// The most bytes a body takes; four of them fill a page.
pub(crate) const MOST_BYTES: usize = 1980;
/// The most facts of a body: adding one must stay cheap, however few bytes they take.
pub(crate) const MOST_FACTS: usize = 4096;
/// Fewer facts are not worth a block of their own at the end of a body.
const LEAST_FACTS: usize = 8;
/// The version and the longest unit.
const HEAD_BYTES: usize = 8;

/// A transition and the ingest that added it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fact {
    pub(crate) transition: Transition,
    pub(crate) ingest: IngestId,
}

/// A segment, as in its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed<'r> {
    pub(crate) first: Instant,
    pub(crate) last: Instant,
    pub(crate) count: usize,
    pub(crate) body: &'r [u8],
}

impl<'r> Packed<'r> {
    /// Reads the columns `first_ts, last_ts, count, body, checksum` of a stream's segment.
    ///
    /// # Errors
    /// If they do not match the checksum.
    pub(in crate::store) fn read(row: &'r Row<'_>, stream: StreamId) -> Result<Self> {
        let (first, last, count): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let body = row.get_ref(3)?.as_blob()?;
        if row.get::<_, i64>(4)? != i64::from(segment_sum(stream, first, last, count, body)) {
            return Err(unlike(&format!("the segment of stream {stream} at {first}")).into());
        }
        let (first, last) = (Instant::from_millis(first), Instant::from_millis(last));
        Ok(Self { first, last, count: usize::try_from(count)?, body })
    }
}

/// The checksum of a segment's row.
pub(in crate::store) fn segment_sum(stream: StreamId, first: i64, last: i64, count: i64, body: &[u8]) -> i32 {
    let numbers = [stream.0, first, last, count].map(ValueRef::Integer);
    row::checksum(numbers.into_iter().chain([ValueRef::Blob(body)]))
}

/// Facts, oldest first, and the body they are packed in.
pub(crate) struct Part<'f> {
    pub(crate) facts: &'f [Fact],
    pub(crate) body: Vec<u8>,
}

/// Packs facts, oldest first, into bodies that are as full as possible.
pub(crate) fn pack(facts: &[Fact]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = facts;
    while !rest.is_empty() {
        let part = fill(rest);
        rest = &rest[part.facts.len()..];
        parts.push(part);
    }
    parts
}

/// Packs facts, oldest first, into as few bodies as possible, with about equally many facts in each where they fit:
/// this leaves room in each.
pub(crate) fn pack_evenly(facts: &[Fact]) -> Vec<Part<'_>> {
    let full = pack(facts);
    if full.len() < 2 {
        return full;
    }
    let mut parts = Vec::with_capacity(full.len());
    for share in facts.chunks(facts.len().div_ceil(full.len())) {
        let part = fill(share);
        if part.facts.len() < share.len() {
            return full;
        }
        parts.push(part);
    }
    parts
}

/// Packs as many of the first facts as fit one body.
fn fill(facts: &[Fact]) -> Part<'_> {
    let most = &facts[..facts.len().min(MOST_FACTS)];
    let unit = moments::unit_of(most);
    let mut times = Vec::with_capacity(MOST_BYTES);
    let mut sizes = Sizes::default();
    let mut done = 0;
    let mut next = 1;
    while next > 0 {
        sizes.add(&most[done..done + next]);
        done += next;
        next = if done < most.len() { add_block(&most[done - 1..], unit, &mut times, sizes) } else { 0 };
    }
    let facts = &most[..done];
    let mut body = Vec::with_capacity(times.len() + sizes.bytes());
    body.push(VERSION);
    put(&mut body, unit);
    statuses::write(&mut body, facts, sizes.statuses);
    body.extend_from_slice(&times);
    ingests::write(&mut body, facts);
    Part { facts, body }
}

/// Adds the times after the first of `facts`, as many as are alike and fit; returns how many.
fn add_block(facts: &[Fact], unit: u64, times: &mut Vec<u8>, sizes: Sizes) -> usize {
    let mut block = Block::first_of(facts, unit);
    let end = times.len();
    let used = end + sizes.bytes();
    loop {
        block.put(times);
        let mut sizes = sizes;
        sizes.add(&facts[1..=block.length()]);
        let needed = times.len() + sizes.bytes();
        if needed <= MOST_BYTES {
            return block.length();
        }
        times.truncate(end);
        // Tries next what should fit, unless it is so little that the next body is a better place.
        let fitting = block.length() * MOST_BYTES.saturating_sub(used) / (needed - used);
        if fitting < LEAST_FACTS {
            return 0;
        }
        block.truncate(fitting.min(block.length() - 1));
    }
}

/// The size of facts without their times.
#[derive(Clone, Copy, Default)]
struct Sizes {
    statuses: statuses::Size,
    ingests: ingests::Size,
}

impl Sizes {
    fn add(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.statuses.add(fact.transition.status);
            self.ingests.add(fact.ingest);
        }
    }

    fn bytes(&self) -> usize {
        HEAD_BYTES + self.statuses.bytes() + self.ingests.bytes()
    }
}

/// Reads the transitions of a body, calling `each` for every one, oldest first; returns what follows them.
///
/// # Errors
/// If the body has an unknown format or ends early, or times do not strictly increase or are out of range.
#[inline]
pub(crate) fn read(
    body: &[u8],
    first: Instant,
    count: usize,
    mut each: impl FnMut(Transition),
) -> Result<&[u8], Damaged> {
    match Opened::of(body, first, count)? {
        Opened::Version1(rest) => version1::read(rest, first, count, each),
        Opened::Version2 { unit, codes, mut rest } => {
            each(transition(first.millis(), codes[0]));
            moments::read(&mut rest, unit, first, count, |place, moments| {
                moments.iter().zip(&codes[place..]).for_each(|(at, code)| each(transition(*at, *code)));
            })?;
            Ok(rest)
        }
    }
}

/// The same without transitions that only repeat the status, except the very last one. Bodies of version 1 are read
/// completely.
#[inline]
pub(crate) fn read_changes(
    body: &[u8],
    first: Instant,
    count: usize,
    mut each: impl FnMut(Transition),
) -> Result<(), Damaged> {
    let (unit, codes, mut rest) = match Opened::of(body, first, count)? {
        Opened::Version1(rest) => return version1::read(rest, first, count, each).map(drop),
        Opened::Version2 { unit, codes, rest } => (unit, codes, rest),
    };
    each(transition(first.millis(), codes[0]));
    let mut last = first.millis();
    moments::read(&mut rest, unit, first, count, |place, moments| {
        let pairs = codes[place - 1..].windows(2).zip(moments);
        pairs.filter(|(pair, _)| pair[0] != pair[1]).for_each(|(pair, at)| each(transition(*at, pair[1])));
        last = moments.last().copied().unwrap_or(last);
    })?;
    if count > 1 && codes[count - 1] == codes[count - 2] {
        each(transition(last, codes[count - 1]));
    }
    Ok(())
}

fn transition(at: i64, code: u8) -> Transition {
    Transition { at: Instant::from_millis(at), status: Status::ALL[usize::from(code & 3)] }
}

/// A body whose format is known.
enum Opened<'b> {
    Version1(&'b [u8]),
    /// The codes of all statuses; the times follow, in units.
    Version2 {
        unit: u64,
        codes: Vec<u8>,
        rest: &'b [u8],
    },
}

impl<'b> Opened<'b> {
    fn of(body: &'b [u8], first: Instant, count: usize) -> Result<Self, Damaged> {
        let (version, mut rest) = body.split_first().ok_or(Damaged)?;
        match *version {
            _ if !first.is_storable() => Err(Damaged),
            VERSION => {
                let unit = take(&mut rest)?;
                let codes = statuses::read(&mut rest, count)?;
                Ok(Self::Version2 { unit, codes, rest })
            }
            version1::VERSION => Ok(Self::Version1(rest)),
            _ => Err(Damaged),
        }
    }
}

/// Unpacks an entire body.
///
/// # Errors
/// As [`read`], and if ingests are missing or bytes are left over.
pub(crate) fn decode(body: &[u8], first: Instant, count: usize) -> Result<Vec<Fact>, Damaged> {
    let of_version_1 = body.first() == Some(&version1::VERSION);
    let body = if of_version_1 { version1::without_checksum(body)? } else { body };
    // However damaged the row, its memory is bounded.
    let mut facts = Vec::with_capacity(count.min(MOST_FACTS));
    let mut rest = read(body, first, count, |transition| facts.push(Fact { transition, ingest: IngestId::default() }))?;
    if of_version_1 {
        version1::read_ingests(&mut rest, &mut facts)?;
    } else {
        ingests::read(&mut rest, &mut facts)?;
    }
    if rest.is_empty() { Ok(facts) } else { Err(Damaged) }
}

#[cfg(test)]
mod tests;
