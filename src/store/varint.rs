//! Owns the integer coding of packed bodies: little-endian groups of seven bits, and zigzag for signed numbers.

/// A body that does not decode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Damaged;

/// Appends an unsigned number in 1 to 10 bytes.
pub(crate) fn put(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// How many bytes `put` takes.
pub(crate) fn length(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends a signed number; small magnitudes are short.
pub(crate) fn put_signed(into: &mut Vec<u8>, number: i64) {
    put(into, zigzag(number));
}

/// How many bytes `put_signed` takes.
pub(crate) fn signed_length(number: i64) -> usize {
    length(zigzag(number))
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// Takes an unsigned number off the front of `from`.
///
/// # Errors
/// If the bytes end, or the number has more than 64 bits.
pub(crate) fn take(from: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0u64;
    for (index, byte) in from.iter().enumerate().take(10) {
        if index == 9 && *byte > 1 {
            return Err(Damaged);
        }
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *from = &from[index + 1..];
            return Ok(number);
        }
    }
    Err(Damaged)
}

/// Takes a signed number off the front of `from`.
pub(crate) fn take_signed(from: &mut &[u8]) -> Result<i64, Damaged> {
    let number = take(from)?;
    Ok((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(unsigned: u64, signed: i64) {
            let mut bytes = Vec::new();
            put(&mut bytes, unsigned);
            prop_assert_eq!(bytes.len(), length(unsigned));
            put_signed(&mut bytes, signed);
            prop_assert_eq!(bytes.len(), length(unsigned) + signed_length(signed));
            let mut rest = &bytes[..];
            prop_assert_eq!(take(&mut rest), Ok(unsigned));
            prop_assert_eq!(take_signed(&mut rest), Ok(signed));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            let mut rest = &bytes[..];
            while take(&mut rest).is_ok() && !rest.is_empty() {}
        }
    }
}
