//! Owns hashing: 64-bit FNV-1a for stored hashes, equal in every version and on every machine; a multiplication for ids
//! in maps.

use std::hash::Hasher;

/// A hash of texts in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds one text. 0xff, which occurs in no UTF-8 text, separates it from the next.
    pub(crate) fn feed(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) const fn finish(self) -> u64 {
        self.0
    }
}

/// Hashes of ids. No outsider chooses ids, so they need no secret.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct OfIds(u64);

impl Hasher for OfIds {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64 over the golden ratio spreads consecutive numbers; maps use both ends of a hash.
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_do_not_run_into_each_other() {
        let hash = |texts: &[&str]| {
            let mut hash = Fnv::new();
            for text in texts {
                hash.feed(text);
            }
            hash.finish()
        };
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        // The published FNV-1a of one byte 0xff is our hash of an empty text.
        assert_eq!(hash(&[""]), 0xaf64_724c_8602_eb6e);
    }

    #[test]
    fn ids_that_follow_each_other_spread() {
        let hash = |id: i64| {
            let mut hash = OfIds::default();
            hash.write_i64(id);
            hash.finish()
        };
        let ends = |id: i64| (hash(id) & 0x3ff, hash(id) >> 57);
        let low: std::collections::BTreeSet<u64> = (-512..512).map(|id| ends(id).0).collect();
        let high: std::collections::BTreeSet<u64> = (-512..512).map(|id| ends(id).1).collect();
        assert!(low.len() > 600 && high.len() == 128, "{} {}", low.len(), high.len());
    }
}
