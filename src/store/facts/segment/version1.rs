//! Owns reading bodies of version 1, which databases of earlier schemas have until their streams are repacked.

use super::Fact;
use crate::domain::health::ingest::IngestId;
use crate::domain::health::transition::{Status, Transition};
use crate::domain::value::instant::Instant;
use crate::store::soundness::crc::Crc;
use crate::store::varint::{Damaged, take, take_signed};

pub(super) const VERSION: u8 = 1;
/// The most transitions of a body: far more than fit one.
const MOST_READ: usize = 1 << 16;

/// Reads the transitions behind the version; returns what follows them.
///
/// # Errors
/// If the bytes end early, or times do not strictly increase or are out of range.
pub(super) fn read(
    body: &[u8],
    first: Instant,
    count: usize,
    mut each: impl FnMut(Transition),
) -> Result<&[u8], Damaged> {
    let mut rest = body;
    if count > body.len().min(MOST_READ) {
        return Err(Damaged);
    }
    let mut at = first.millis();
    for index in 0..count {
        let packed = take(&mut rest)?;
        let delta = (packed >> 2) as i64;
        if (delta == 0) != (index == 0) || delta > Instant::MAX.millis() - at {
            return Err(Damaged);
        }
        at += delta;
        let status = Status::from_code((packed & 3) as u8).ok_or(Damaged)?;
        each(Transition { at: Instant::from_millis(at), status });
    }
    Ok(rest)
}

/// The body without its own checksum, which must match.
pub(super) fn without_checksum(body: &[u8]) -> Result<&[u8], Damaged> {
    let (body, sum) = body.split_last_chunk().ok_or(Damaged)?;
    if *sum == checksum(body) { Ok(body) } else { Err(Damaged) }
}

/// The CRC-32 of the bytes before it.
fn checksum(body: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(body);
    crc.sum().to_le_bytes()
}

/// A body with its correct checksum.
#[cfg(any(test, fuzzing))]
pub(crate) fn summed(body: &[u8]) -> Vec<u8> {
    [body, &checksum(body)].concat()
}

/// Reads the ingests of facts, and sets them.
///
/// # Errors
/// If the bytes end early or do not yield this many.
pub(super) fn read_ingests(from: &mut &[u8], facts: &mut [Fact]) -> Result<(), Damaged> {
    let (mut rest, mut ingest) = (facts, 0i64);
    while !rest.is_empty() {
        let length = usize::try_from(take(from)?).map_err(|_| Damaged)?;
        ingest = ingest.checked_add(take_signed(from)?).ok_or(Damaged)?;
        let (these, later) = rest.split_at_mut_checked(length).filter(|_| length > 0).ok_or(Damaged)?;
        for fact in these {
            fact.ingest = IngestId(ingest);
        }
        rest = later;
    }
    Ok(())
}
