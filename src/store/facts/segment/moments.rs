//! Owns how the times of a segment are packed: the time from each fact to the next, in blocks of similar ones.

use super::{Fact, MOST_FACTS};
use crate::domain::value::instant::Instant;
use crate::store::varint::{Damaged, put, take};

/// The most times of a block that are not all equal.
const MOST_MIXED: usize = 128;
/// This many equal times in a row make a block of their own.
const LONG_RUN: usize = 48;
/// The bits of the longest time: from 1970 to 2262.
const MOST_BITS: usize = 44;
const LONGEST: u64 = Instant::MAX.millis() as u64;
/// The bytes of a word.
const WORD: usize = 8;

/// The greatest unit, in milliseconds, that divides all times between facts.
pub(super) fn unit_of(facts: &[Fact]) -> u64 {
    let mut unit = 0;
    for pair in facts.windows(2) {
        let time = between(pair);
        if !time.is_multiple_of(unit) {
            unit = common(unit, time);
        }
        if unit == 1 {
            break;
        }
    }
    unit.max(1)
}

/// The greatest common divisor.
const fn common(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn between(pair: &[Fact]) -> u64 {
    pair[1].transition.at.since(pair[0].transition.at) as u64
}

/// Times from facts to the next ones, in units: any number of equal ones, or a few that differ.
pub(super) struct Block {
    times: [u64; MOST_MIXED],
    length: usize,
    is_even: bool,
}

impl Block {
    /// The block that begins with the time from the first of `facts` to the second.
    pub(super) fn first_of(facts: &[Fact], unit: u64) -> Self {
        let time = |index: usize| {
            let millis = between(&facts[index..index + 2]);
            if unit == 1 { millis } else { millis / unit }
        };
        let mut block = Self { times: [0; MOST_MIXED], length: 1, is_even: true };
        let all = facts.len() - 1;
        block.times[0] = time(0);
        while block.length < all && time(block.length) == block.times[0] {
            block.length += 1;
        }
        if block.length >= LONG_RUN || block.length == all {
            return block;
        }
        block.is_even = false;
        let (mut run, mut last) = (block.length, block.times[0]);
        block.times[..run].fill(last);
        while block.length < all.min(MOST_MIXED) {
            let next = time(block.length);
            block.times[block.length] = next;
            block.length += 1;
            run = if next == last { run + 1 } else { 1 };
            last = next;
            if run == LONG_RUN {
                block.length -= run;
                break;
            }
        }
        block
    }

    /// How many times it holds.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// Keeps only the first ones.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = length.min(self.length);
    }

    pub(super) fn put(&self, into: &mut Vec<u8>) {
        let Some(times) = self.times.get(..self.length).filter(|_| !self.is_even) else {
            put(into, head(self.length, 0, false));
            put(into, self.times[0]);
            return;
        };
        let least = times.iter().copied().min().unwrap_or(1);
        let (width, outliers) = best_width(times, least);
        put(into, head(times.len(), width, outliers > 0));
        put(into, least);
        put_bits(into, times, least, width);
        if outliers > 0 {
            put(into, outliers as u64);
            let mut before = 0;
            for (index, time) in times.iter().enumerate() {
                let rest = (time - least) >> width;
                if rest > 0 {
                    put(into, (index - before) as u64);
                    put(into, rest);
                    before = index;
                }
            }
        }
    }
}

const fn head(length: usize, width: usize, has_outliers: bool) -> u64 {
    (length as u64 - 1) << 7 | (has_outliers as u64) << 6 | width as u64
}

/// The best number of bits for times above the least, and how many of them do not fit.
fn best_width(times: &[u64], least: u64) -> (usize, usize) {
    let mut of_bits = [0usize; MOST_BITS + 1];
    let mut most = 0;
    for time in times {
        let bits = 64 - (time - least).leading_zeros() as usize;
        of_bits[bits] += 1;
        most = most.max(bits);
    }
    let mut best = (most, 0);
    let mut least_bytes = (times.len() * most).div_ceil(8);
    let mut outliers = 0;
    for width in (0..most).rev() {
        outliers += of_bits[width + 1];
        let mut bytes = (times.len() * width).div_ceil(8) + 1;
        // An outlier takes at least two bytes.
        if bytes + 2 * outliers >= least_bytes {
            if outliers * 4 > times.len() {
                break;
            }
            continue;
        }
        bytes += (width + 1..=most).map(|bits| of_bits[bits] * (1 + (bits - width).div_ceil(7))).sum::<usize>();
        if bytes < least_bytes {
            (best, least_bytes) = ((width, outliers), bytes);
        }
    }
    best
}

/// The low bits of times above the least, one after the other, lowest bits first.
fn put_bits(into: &mut Vec<u8>, times: &[u64], least: u64, width: usize) {
    let mut packed = [0; MOST_MIXED * MOST_BITS / 8 + 8];
    let (mut pending, mut bits, mut end) = (0u64, 0, 0);
    for time in times {
        pending |= ((time - least) & ((1 << width) - 1)) << bits;
        bits += width;
        packed[end..end + 8].copy_from_slice(&pending.to_le_bytes());
        end += bits / 8;
        pending >>= bits & !7;
        bits &= 7;
    }
    into.extend_from_slice(&packed[..end + usize::from(bits > 0)]);
}

/// Calls `each` with the times of a segment after the first, in milliseconds, several consecutive ones per call, and
/// the index of the first of these, from 1 on; takes them off the front of `from`.
///
/// # Errors
/// If the bytes end early or contain what no segment can hold.
#[inline]
pub(super) fn read(
    from: &mut &[u8],
    unit: u64,
    first: Instant,
    count: usize,
    mut each: impl FnMut(usize, &[i64]),
) -> Result<(), Damaged> {
    if unit == 0 || unit > LONGEST || count > MOST_FACTS {
        return Err(Damaged);
    }
    let mut at = first.millis();
    let mut done = 1;
    let (mut times, mut moments) = ([0; MOST_MIXED], [0; MOST_MIXED]);
    while done < count {
        let head = take(from)?;
        let (width, has_outliers, length) = ((head & 63) as usize, head & 64 != 0, (head >> 7) as usize + 1);
        let least = take(from)?;
        if length > count - done || width > MOST_BITS || least == 0 || least > LONGEST {
            return Err(Damaged);
        }
        is_possible(least + ((1 << width) - 1), unit)?;
        if width == 0 && !has_outliers {
            let step = (least * unit) as i64;
            for place in (0..length).step_by(MOST_MIXED) {
                let moments = &mut moments[..MOST_MIXED.min(length - place)];
                for moment in &mut *moments {
                    at += step;
                    *moment = at;
                }
                each(done + place, moments);
            }
        } else {
            let times = times.get_mut(..length).ok_or(Damaged)?;
            take_bits(from, times, least, width)?;
            if has_outliers {
                take_outliers(from, times, width, unit)?;
            }
            for (moment, time) in moments.iter_mut().zip(&*times) {
                at += (*time * unit) as i64;
                *moment = at;
            }
            each(done, &moments[..length]);
        }
        done += length;
        // Times only grow, and the sum of all times of a segment fits 64 bits.
        if at > Instant::MAX.millis() {
            return Err(Damaged);
        }
    }
    Ok(())
}

/// Refuses times longer than any that can be stored, so that no sum of them exceeds 64 bits.
fn is_possible(time: u64, unit: u64) -> Result<(), Damaged> {
    time.checked_mul(unit).filter(|millis| *millis <= 2 * LONGEST).map(drop).ok_or(Damaged)
}

fn take_bits(from: &mut &[u8], times: &mut [u64], least: u64, width: usize) -> Result<(), Damaged> {
    let length = (times.len() * width).div_ceil(8);
    let (bytes, rest) = from.split_at_checked(length).ok_or(Damaged)?;
    // A word is read at the byte of its first bit, so a few more bytes must follow.
    if let Some(bytes) = from.get(..length + WORD) {
        unpack(bytes, times, least, width);
    } else {
        let mut padded = [0; MOST_MIXED * MOST_BITS / 8 + WORD];
        padded[..length].copy_from_slice(bytes);
        unpack(&padded, times, least, width);
    }
    *from = rest;
    Ok(())
}

/// Unpacks times of one width from bytes that reach at least a word beyond them. One word yields as many as are
/// completely in it wherever they begin.
fn unpack(bytes: &[u8], times: &mut [u64], least: u64, width: usize) {
    match width {
        0..=14 => unpack_by::<4>(bytes, times, least, width),
        15..=19 => unpack_by::<3>(bytes, times, least, width),
        20..=28 => unpack_by::<2>(bytes, times, least, width),
        _ => unpack_by::<1>(bytes, times, least, width),
    }
}

fn unpack_by<const N: usize>(bytes: &[u8], times: &mut [u64], least: u64, width: usize) {
    let mask = (1 << width) - 1;
    let word = |bit: usize| match bytes[bit / 8..].first_chunk::<WORD>() {
        Some(word) => u64::from_le_bytes(*word) >> (bit & 7),
        None => 0,
    };
    let (some, rest) = times.as_chunks_mut::<N>();
    let mut bit = 0;
    for some in &mut *some {
        let mut word = word(bit);
        for time in some {
            *time = least + (word & mask);
            word >>= width;
        }
        bit += N * width;
    }
    for time in rest {
        *time = least + (word(bit) & mask);
        bit += width;
    }
}

fn take_outliers(from: &mut &[u8], times: &mut [u64], width: usize, unit: u64) -> Result<(), Damaged> {
    let count = take(from)?;
    if count == 0 || count > times.len() as u64 {
        return Err(Damaged);
    }
    let mut place = 0;
    for index in 0..count {
        let (step, rest) = (take(from)?, take(from)?);
        if (index > 0 && step == 0) || step >= MOST_MIXED as u64 || rest == 0 || rest > LONGEST >> width {
            return Err(Damaged);
        }
        place += step as usize;
        let time = times.get_mut(place).ok_or(Damaged)?;
        *time += rest << width;
        is_possible(*time, unit)?;
    }
    Ok(())
}
