//! Owns the packed form of transitions: how a segment's body is written and read. Documented in docs/segment-format.md.

use anyhow::Result;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::soundness::crc::Crc;
use super::soundness::row::{self, unlike};
use super::varint::{Damaged, length, put, put_signed, take, take_signed};
use crate::domain::health::transition::{Status, Transition};
use crate::domain::value::instant::Instant;

/// The format of the bodies written now; the first byte of each.
const VERSION: u8 = 1;
/// The most bytes a body takes; four of them fill a page.
pub(crate) const MOST_BYTES: usize = 1980;

/// The most transitions of any body: far beyond what fits one.
const MOST_READ: usize = 1 << 16;
/// What ends a body.
const CHECKSUM_BYTES: usize = 4;

/// A transition and the ingest that brought it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fact {
    pub(crate) transition: Transition,
    pub(crate) ingest: i64,
}

/// A segment as its row has it.
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
    /// When they are not what was written.
    pub(super) fn read(row: &'r Row<'_>, stream: i64) -> Result<Self> {
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
pub(super) fn segment_sum(stream: i64, first: i64, last: i64, count: i64, body: &[u8]) -> i32 {
    let numbers = [stream, first, last, count].map(ValueRef::Integer);
    row::checksum(numbers.into_iter().chain([ValueRef::Blob(body)]))
}

/// Packs facts, oldest first, into a body.
pub(crate) fn encode(facts: &[Fact]) -> Vec<u8> {
    let mut body = Vec::with_capacity(facts.len() * 4 + 16);
    body.push(VERSION);
    let mut before = facts.first().map_or(0, |fact| fact.transition.at.millis());
    for fact in facts {
        let at = fact.transition.at.millis();
        put(&mut body, pack(at - before, fact.transition.status));
        before = at;
    }
    let mut previous = 0;
    for run in facts.chunk_by(|a, b| a.ingest == b.ingest) {
        put(&mut body, run.len() as u64);
        put_signed(&mut body, run[0].ingest - previous);
        previous = run[0].ingest;
    }
    let sum = checksum(&body);
    body.extend_from_slice(&sum);
    body
}

/// The CRC-32 of what goes before it: no other rule would notice a status that has turned into another.
fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut crc = Crc::new();
    crc.update(body);
    crc.sum().to_le_bytes()
}

/// A body with the checksum that it should have.
#[cfg(any(test, fuzzing))]
pub(crate) fn summed(body: &[u8]) -> Vec<u8> {
    [body, &checksum(body)].concat()
}

const fn pack(delta: i64, status: Status) -> u64 {
    (delta as u64) << 2 | status as u64
}

/// Cuts facts into stretches whose bodies are of about equal size and each fit a segment.
pub(crate) fn split(facts: &[Fact]) -> Vec<&[Fact]> {
    // An upper bound of each fact's share of a body: its delta, and the run it may begin.
    let mut before: Option<Fact> = None;
    let mut sizes = Vec::with_capacity(facts.len());
    for fact in facts {
        let delta = before.map_or(0, |before| fact.transition.at.since(before.transition.at));
        let run =
            if before.is_some_and(|before| before.ingest == fact.ingest) { 0 } else { 2 + length(fact.ingest as u64) };
        sizes.push(length(pack(delta, fact.transition.status)) + run);
        before = Some(*fact);
    }
    let total: usize = sizes.iter().sum();
    let room = MOST_BYTES - 32;
    let share = total.div_ceil(total.div_ceil(room).max(1));
    let mut parts = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (index, more) in sizes.iter().enumerate() {
        if size >= share || size + more > room {
            parts.push(&facts[start..index]);
            (start, size) = (index, 0);
        }
        size += more;
    }
    if start < facts.len() {
        parts.push(&facts[start..]);
    }
    parts
}

/// Reads the transitions of a body, calling `each` for every one, oldest first; returns what follows them. Leaves the
/// checksum to [`decode`].
///
/// # Errors
/// When the body is not of this format or ends early, moments do not strictly increase, or the first cannot be.
pub(crate) fn read(
    body: &[u8],
    first: Instant,
    count: usize,
    mut each: impl FnMut(Transition),
) -> Result<&[u8], Damaged> {
    let (version, mut rest) = body.split_first().ok_or(Damaged)?;
    // Later moments cannot overflow: a body has fewer bytes than it would take.
    if *version != VERSION || !first.is_storable() || count > body.len().min(MOST_READ) {
        return Err(Damaged);
    }
    let mut at = first.millis();
    for index in 0..count {
        let packed = take(&mut rest)?;
        let delta = (packed >> 2) as i64;
        if (delta == 0) != (index == 0) || delta > Instant::MAX.millis() {
            return Err(Damaged);
        }
        at += delta;
        let status = Status::from_code((packed & 3) as u8).ok_or(Damaged)?;
        each(Transition { at: Instant::from_millis(at), status });
    }
    Ok(rest)
}

/// Unpacks a whole body.
///
/// # Errors
/// When it is not of this format, ends early, has bytes to spare, does not match its checksum, or its moments do not
/// strictly increase.
pub(crate) fn decode(body: &[u8], first: Instant, count: usize) -> Result<Vec<Fact>, Damaged> {
    let (body, sum) = body.split_last_chunk().ok_or(Damaged)?;
    // A transition takes a byte at least, so a count from a damaged row cannot exhaust memory.
    if count > body.len() || *sum != checksum(body) {
        return Err(Damaged);
    }
    let mut facts = Vec::with_capacity(count);
    let mut rest = read(body, first, count, |transition| facts.push(Fact { transition, ingest: 0 }))?;
    let (mut done, mut ingest) = (0, 0i64);
    while done < count {
        let run = usize::try_from(take(&mut rest)?).map_err(|_| Damaged)?;
        ingest = ingest.checked_add(take_signed(&mut rest)?).ok_or(Damaged)?;
        let end = done.checked_add(run).filter(|end| run > 0 && *end <= count).ok_or(Damaged)?;
        facts[done..end].iter_mut().for_each(|fact| fact.ingest = ingest);
        done = end;
    }
    if rest.is_empty() { Ok(facts) } else { Err(Damaged) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts() -> impl Strategy<Value = Vec<Fact>> {
        let gap = prop_oneof![1..5i64, 1..10_000_000i64, Just(86_400_000i64)];
        let fact = (gap, 0..4u8, 1..4i64);
        proptest::collection::vec(fact, 1..1500).prop_map(|parts| {
            let mut at = 1_700_000_000_000;
            let next = |(gap, status, ingest)| {
                at += gap;
                let status = Status::from_code(status).unwrap();
                Fact { transition: Transition { at: Instant::from_millis(at), status }, ingest }
            };
            parts.into_iter().map(next).collect()
        })
    }

    #[test]
    fn the_documented_example_is_what_is_written() {
        let fact =
            |at, status, ingest| Fact { transition: Transition { at: Instant::from_millis(at), status }, ingest };
        let facts = [
            fact(1_795_183_500_000, Status::Healthy, 1),
            fact(1_795_183_560_000, Status::Unhealthy, 1),
            fact(1_795_183_561_500, Status::Healthy, 2),
        ];
        let hex: Vec<String> = encode(&facts).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex.join(" "), "01 01 83 d3 0e f1 2e 02 02 01 02 6b 24 19 3c");
        assert!(include_str!("../../docs/segment-format.md").contains(&hex.join(" ")));
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back_and_fits(facts in facts()) {
            let parts = split(&facts);
            prop_assert_eq!(parts.concat(), facts.clone());
            for part in parts {
                let body = encode(part);
                prop_assert!(body.len() <= MOST_BYTES, "{} bytes", body.len());
                let decoded = decode(&body, part[0].transition.at, part.len());
                prop_assert_eq!(decoded, Ok(part.to_vec()));
            }
        }

        #[test]
        fn damaged_bodies_are_told_not_trusted(facts in facts(), at: usize, bit in 0..8u8, noise: Vec<u8>) {
            let first = facts[0].transition.at;
            let mut body = encode(&facts);
            let at = at % body.len();
            body[at] ^= 1 << bit;
            prop_assert_eq!(decode(&body, first, facts.len()), Err(Damaged));
            prop_assert_eq!(decode(&body[..at], first, facts.len()), Err(Damaged));
            let _ = decode(&noise, first, facts.len());
            let _ = read(&body, first, facts.len(), |_| {});
            let _ = read(&noise, first, facts.len(), |_| {});
        }
    }
}
