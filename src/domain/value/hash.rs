//! Owns hashing of what is stored: FNV-1a, 64 bits, the same in every version and on every machine.

/// A hash of texts in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes in one text. 0xff, which occurs in no UTF-8 text, parts it from the next.
    pub(crate) fn feed(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) const fn finish(self) -> u64 {
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
        // The published FNV-1a of one byte 0xff is that of an empty text here.
        assert_eq!(hash(&[""]), 0xaf64_724c_8602_eb6e);
    }
}
