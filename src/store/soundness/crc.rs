//! Owns the CRC-32 (IEEE) of rows and bodies.

use std::sync::atomic::{AtomicUsize, Ordering};

/// This many bytes of a process are summed by table. Only after that is the processor asked for a faster way, because
/// the question takes longer than all sums of a short command: some thirty instructions, each of which a virtual
/// machine may have to emulate.
const BY_TABLE: usize = 64 << 10;

static SUMMED: AtomicUsize = AtomicUsize::new(0);

/// A checksum in progress.
pub(in crate::store) enum Crc {
    Table(u32),
    Processor(flate2::Crc),
}

impl Crc {
    pub(in crate::store) fn new() -> Self {
        if SUMMED.load(Ordering::Relaxed) < BY_TABLE { Self::Table(!0) } else { Self::Processor(flate2::Crc::new()) }
    }

    pub(in crate::store) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Table(sum) => {
                *sum = by_table(*sum, bytes);
                // Lost updates between threads only delay the question.
                SUMMED.store(SUMMED.load(Ordering::Relaxed) + bytes.len(), Ordering::Relaxed);
            }
            Self::Processor(crc) => crc.update(bytes),
        }
    }

    pub(in crate::store) fn sum(&self) -> u32 {
        match self {
            Self::Table(sum) => !sum,
            Self::Processor(crc) => crc.sum(),
        }
    }
}

/// The effect of each byte on a sum when up to seven more follow it.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut sum, mut bit) = (byte as u32, 0);
        while bit < 8 {
            sum = if sum & 1 == 0 { sum >> 1 } else { sum >> 1 ^ 0xedb8_8320 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut more = 1;
    while more < 8 {
        let mut byte = 0;
        while byte < 256 {
            let sum = tables[more - 1][byte];
            tables[more][byte] = sum >> 8 ^ tables[0][(sum & 0xff) as usize];
            byte += 1;
        }
        more += 1;
    }
    tables
}

fn by_table(sum: u32, bytes: &[u8]) -> u32 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let sum = eights.iter().fold(sum, |sum, eight| {
        let word = u64::from_le_bytes(*eight) ^ u64::from(sum);
        TABLES
            .iter()
            .rev()
            .enumerate()
            .fold(0, |sum, (place, table)| sum ^ table[(word >> (8 * place) & 0xff) as usize])
    });
    rest.iter().fold(sum, |sum, byte| sum >> 8 ^ TABLES[0][((sum ^ u32::from(*byte)) & 0xff) as usize])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_value_is_that_of_the_standard() {
        assert_eq!(!by_table(!0, b"123456789"), 0xcbf4_3926);
    }

    proptest! {
        #[test]
        fn tables_and_processors_make_the_same_sums(pieces: Vec<Vec<u8>>) {
            let (mut table, mut processor) = (Crc::Table(!0), Crc::Processor(flate2::Crc::new()));
            for piece in &pieces {
                table.update(piece);
                processor.update(piece);
            }
            prop_assert_eq!(table.sum(), processor.sum());
        }
    }
}
