//! Owns references that are stored in tables, as described in Git's document `reftable`.

use std::path::Path;

use super::object::{Format, Id};
use super::reference::Target;
use super::trust::Trust;

/// The largest list of tables, and the largest table, in bytes.
const LONGEST_LIST: u64 = 64 * 1024;
const LARGEST_TABLE: u64 = 64 * 1024 * 1024;

/// The target of a reference in the newest table that has it; `None` if none does, or it was deleted.
///
/// # Errors
/// If a table is damaged or not trusted.
pub(super) fn target(folder: &Path, name: &str, format: Format, trust: Trust) -> Result<Option<Target>, String> {
    let list = trust.text(&folder.join("tables.list"), LONGEST_LIST)?.unwrap_or_default();
    for table in list.lines().rev().filter(|line| !line.is_empty()) {
        let damaged = || "a table of references is missing or damaged".to_owned();
        // Tables are beside their list.
        if table.contains(['/', '\\']) {
            return Err(damaged());
        }
        let bytes = trust.read(&folder.join(table), LARGEST_TABLE)?.ok_or_else(damaged)?;
        match find(&bytes, name.as_bytes(), format).ok_or_else(damaged)? {
            Said::Nothing => {}
            Said::Gone => return Ok(None),
            Said::Leads(target) => return Ok(Some(target)),
        }
    }
    Ok(None)
}

/// The content of one table for a reference.
enum Said {
    Nothing,
    Gone,
    Leads(Target),
}

/// Looks a reference up in a table; `None` if the table is damaged.
fn find(table: &[u8], name: &[u8], format: Format) -> Option<Said> {
    let header = match (table.get(..4)?, table.get(4)?) {
        (b"REFT", 1) => 24,
        (b"REFT", 2) => 28,
        _ => return None,
    };
    let block_size = number(table.get(5..8)?);
    let mut at = 0;
    loop {
        // The first block includes the header of the table.
        let start = if at == 0 { header } else { at };
        match table.get(start) {
            Some(b'r') => {}
            Some(_) => return Some(Said::Nothing),
            None => return (start == table.len()).then_some(Said::Nothing),
        }
        let length = number(table.get(start + 1..start + 4)?);
        let end = at.checked_add(length)?;
        let block = table.get(start + 4..end)?;
        let restarts = block.len().checked_sub(2)?;
        let count = number(&block[restarts..]);
        let records = block.get(..restarts.checked_sub(count * 3)?)?;
        let said = in_block(records, name, format)?;
        if !matches!(said, Said::Nothing) {
            return Some(said);
        }
        let next = if block_size == 0 { end } else { at.checked_add(length.next_multiple_of(block_size))? };
        if next <= start {
            return None;
        }
        at = next;
    }
}

fn in_block(mut records: &[u8], name: &[u8], format: Format) -> Option<Said> {
    let mut key: Vec<u8> = Vec::new();
    while !records.is_empty() {
        let shared = varint(&mut records)?;
        let suffix = varint(&mut records)?;
        if shared > key.len() {
            return None;
        }
        key.truncate(shared);
        key.extend_from_slice(take(&mut records, suffix >> 3)?);
        varint(&mut records)?;
        let said = match suffix & 7 {
            0 => Said::Gone,
            kind @ (1 | 2) => {
                let id = Id::of(take(&mut records, format.length())?);
                // A tag is followed by the object it refers to.
                take(&mut records, if kind == 2 { format.length() } else { 0 })?;
                Said::Leads(Target::Commit(id))
            }
            3 => {
                let length = varint(&mut records)?;
                let name = String::from_utf8_lossy(take(&mut records, length)?).into_owned();
                Said::Leads(Target::Reference(name))
            }
            _ => return None,
        };
        if key == name {
            return Some(said);
        }
    }
    Some(Said::Nothing)
}

/// A number of up to three bytes, the highest first.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn take<'t>(bytes: &mut &'t [u8], count: usize) -> Option<&'t [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// A number in groups of seven bits, the highest first, with one added to each but the first.
fn varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut next = take(bytes, 1)?[0];
    let mut number = usize::from(next & 0x7f);
    while next & 0x80 != 0 {
        next = take(bytes, 1)?[0];
        number = number.checked_add(1)?.checked_mul(128)? | usize::from(next & 0x7f);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_table_or_damaged(mut bytes in any::<Vec<u8>>(), version in 1_u8..3) {
            drop(find(&bytes, b"HEAD", Format::Sha1));
            bytes.splice(0..0, *b"REFT\x01\x00\x10\x00");
            bytes[4] = version;
            if let Some(first) = bytes.get_mut(if version == 1 { 24 } else { 28 }) {
                *first = b'r';
            }
            drop(find(&bytes, b"HEAD", Format::Sha1));
        }
    }
}
