//! Owns packs: finding an object in a pack's index, and rebuilding it from the deltas it is stored as.
//!
//! As in Git's documents `gitformat-pack`; indexes of version 2, the only one written since 2008.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::object::{Allowance, Format, Id, Kind, LARGEST};
use super::trust::Trust;

/// The most deltas of an object; Git itself writes chains of 50, formerly up to 250.
const LONGEST_CHAIN: usize = 5_000;
/// Where the names of an index begin: after its signature, its version and 256 counts.
const NAMES_AT: u64 = 8 + 256 * 4;

/// One pack.
pub(super) struct Pack {
    index: PathBuf,
}

/// How an object is stored: as itself, or as a delta of another one.
enum Entry {
    Whole(Kind),
    /// Of the object this many bytes before.
    Before(u64),
    /// Of the object with this name, in the same pack.
    Named(Id),
}

fn damaged() -> String {
    "its pack is damaged".to_owned()
}

impl Pack {
    pub(super) fn of_index(index: PathBuf) -> Self {
        Self { index }
    }

    /// The offset of an object in the pack, if it is there.
    ///
    /// # Errors
    /// If the index is damaged or not trusted.
    pub(super) fn offset(&self, id: &Id, trust: Trust) -> Result<Option<u64>, String> {
        let about = |error: String| format!("{}: {error}", self.index.display());
        let Some(file) = trust.open(&self.index)? else { return Ok(None) };
        match find(&file, id.bytes()) {
            Some(Place::At(offset)) => Ok(Some(offset)),
            Some(Place::Nowhere) => Ok(None),
            None => Err(about("the index is damaged or of an unknown version".to_owned())),
        }
    }

    /// The object at an offset.
    ///
    /// # Errors
    /// If it is damaged, too large, or not trusted.
    pub(super) fn read(
        &self,
        offset: u64,
        format: Format,
        trust: Trust,
        allowance: &mut Allowance,
    ) -> Result<(Kind, Vec<u8>), String> {
        let file = trust.open(&self.index.with_extension("pack"))?.ok_or_else(damaged)?;
        let mut changes: Vec<Vec<u8>> = Vec::new();
        let mut at = offset;
        let (kind, mut content) = loop {
            let mut packed = BufReader::new(&file);
            packed.seek(SeekFrom::Start(at)).map_err(|_| damaged())?;
            let (entry, size) = head(&mut packed, format).ok_or_else(damaged)?;
            let bytes = allowance.inflate(packed, size)?;
            at = match entry {
                Entry::Whole(kind) => break (kind, bytes),
                Entry::Before(distance) => at.checked_sub(distance).filter(|_| distance > 0).ok_or_else(damaged)?,
                Entry::Named(base) => self.offset(&base, trust)?.ok_or_else(damaged)?,
            };
            changes.push(bytes);
            if changes.len() > LONGEST_CHAIN {
                return Err(damaged());
            }
        };
        for change in changes.iter().rev() {
            content = changed(&content, change).ok_or_else(damaged)?;
        }
        Ok((kind, content))
    }
}

/// The place of an object in a pack.
enum Place {
    At(u64),
    Nowhere,
}

/// The place of a name according to an index; `None` if it is damaged.
fn find(file: &File, name: &[u8]) -> Option<Place> {
    if bytes::<8>(file, 0)? != *b"\xfftOc\0\0\0\x02" {
        return None;
    }
    let total = number(file, 8 + 255 * 4)?;
    let first = usize::from(*name.first()?);
    let mut low = if first == 0 { 0 } else { number(file, 8 + (first as u64 - 1) * 4)? };
    let mut high = number(file, 8 + first as u64 * 4)?;
    if low > high || high > total {
        return None;
    }
    let length = name.len() as u64;
    let mut found = vec![0; name.len()];
    while low < high {
        let middle = low.midpoint(high);
        read_at(file, NAMES_AT + u64::from(middle) * length, &mut found)?;
        match (*found).cmp(name) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return offset_of(file, middle, total, length).map(Place::At),
        }
    }
    Some(Place::Nowhere)
}

/// The offset of the name at a place of the index; one too large for four bytes is in a table of its own.
fn offset_of(file: &File, place: u32, total: u32, length: u64) -> Option<u64> {
    // After the names come checksums of four bytes each.
    let table = NAMES_AT + u64::from(total) * (length + 4);
    let offset = number(file, table + u64::from(place) * 4)?;
    if offset & 0x8000_0000 == 0 {
        return Some(offset.into());
    }
    let large = table + u64::from(total) * 4 + u64::from(offset & 0x7fff_ffff) * 8;
    bytes(file, large).map(u64::from_be_bytes)
}

fn number(file: &File, at: u64) -> Option<u32> {
    bytes(file, at).map(u32::from_be_bytes)
}

fn bytes<const N: usize>(file: &File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    read_at(file, at, &mut bytes).map(|()| bytes)
}

fn read_at(mut file: &File, at: u64, into: &mut [u8]) -> Option<()> {
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(into).ok()
}

/// How an entry is stored, and its unpacked size.
fn head(packed: &mut impl Read, format: Format) -> Option<(Entry, usize)> {
    let first = byte(packed)?;
    let mut size = usize::from(first & 0x0f);
    let mut more = first & 0x80 != 0;
    let mut shift = 4;
    while more {
        let next = byte(packed)?;
        size |= usize::from(next & 0x7f).checked_shl(shift).filter(|_| shift < 57)?;
        shift += 7;
        more = next & 0x80 != 0;
    }
    let entry = match (first >> 4) & 7 {
        1 => Entry::Whole(Kind::Commit),
        2 => Entry::Whole(Kind::Tree),
        3 => Entry::Whole(Kind::Blob),
        4 => Entry::Whole(Kind::Tag),
        6 => Entry::Before(distance(packed)?),
        7 => {
            let mut name = vec![0; format.length()];
            packed.read_exact(&mut name).ok()?;
            Entry::Named(Id::of(&name))
        }
        _ => return None,
    };
    Some((entry, size))
}

/// A distance back, in groups of seven bits, with one added to each but the first.
fn distance(packed: &mut impl Read) -> Option<u64> {
    let mut next = byte(packed)?;
    let mut distance = u64::from(next & 0x7f);
    while next & 0x80 != 0 {
        next = byte(packed)?;
        distance = distance.checked_add(1)?.checked_mul(128)? | u64::from(next & 0x7f);
    }
    Some(distance)
}

fn byte(packed: &mut impl Read) -> Option<u8> {
    let mut byte = [0];
    packed.read_exact(&mut byte).ok().map(|()| byte[0])
}

/// The result of applying a delta to a base: pieces copied from it, and new pieces. `None` if they do not fit.
fn changed(base: &[u8], mut changes: &[u8]) -> Option<Vec<u8>> {
    let source = size(&mut changes)?;
    let target = size(&mut changes)?;
    if source != base.len() || target > LARGEST {
        return None;
    }
    let mut result = Vec::with_capacity(target.min(64 * 1024));
    while let Some(code) = byte(&mut changes) {
        let piece = if code & 0x80 == 0 {
            // This many new bytes; 0 is reserved.
            let (piece, rest) = changes.split_at_checked(usize::from(code)).filter(|_| code != 0)?;
            changes = rest;
            piece
        } else {
            let mut operand = |bits: std::ops::Range<u32>| {
                let present = bits.enumerate().filter(|(_, bit)| code & (1 << bit) != 0);
                present.map(|(place, _)| Some(usize::from(byte(&mut changes)?) << (8 * place))).sum::<Option<usize>>()
            };
            let (from, length) = (operand(0..4)?, operand(4..7)?);
            let length = if length == 0 { 0x1_0000 } else { length };
            base.get(from..from.checked_add(length)?)?
        };
        if result.len() + piece.len() > target {
            return None;
        }
        result.extend_from_slice(piece);
    }
    (result.len() == target).then_some(result)
}

/// A size in groups of seven bits, the lowest first.
fn size(changes: &mut &[u8]) -> Option<usize> {
    let (mut size, mut shift) = (0, 0);
    loop {
        let next = byte(changes)?;
        size |= usize::from(next & 0x7f).checked_shl(shift).filter(|_| shift < 57)?;
        shift += 7;
        if next & 0x80 == 0 {
            return Some(size);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn changes_copy_and_insert() {
        // 11 bytes become 9: six copied from 0, three new ones.
        assert_eq!(changed(b"hello world", b"\x0b\x09\x90\x06\x03abc").unwrap(), b"hello abc");
        for wrong in [
            &b"\x0a\x09\x90\x06\x03abc"[..],
            b"\x0b\x08\x90\x06\x03abc",
            b"\x0b\x09\x91\x09\x06\x03abc",
            b"\x0b\x01\x00",
        ] {
            assert_eq!(changed(b"hello world", wrong), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_changes_or_refused(base in any::<Vec<u8>>(), mut changes in any::<Vec<u8>>(), target in 0_u8..127) {
            drop(changed(&base, &changes));
            changes.splice(0..0, [base.len().min(127) as u8, target]);
            if let Some(result) = changed(&base[..base.len().min(127)], &changes) {
                prop_assert_eq!(result.len(), usize::from(target));
            }
        }

        #[test]
        fn any_bytes_are_heads_or_refused(bytes in any::<Vec<u8>>()) {
            drop(head(&mut &bytes[..], Format::Sha1));
        }
    }
}
