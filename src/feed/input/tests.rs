//! Owns the tests of decompression: output of real programs is restored, and damage is reported.

use super::*;

/// `a line of text\n` 500 times, compressed by xz 5.4, zstd 1.5, and zstd with two frames and a skippable one between.
const XZ: &[u8] = include_bytes!("../../../fixtures/packed/lines.xz");
const ZSTD: &[u8] = include_bytes!("../../../fixtures/packed/lines.zst");
const FRAMES: &[u8] = include_bytes!("../../../fixtures/packed/frames.zst");

fn lines() -> Vec<u8> {
    b"a line of text\n".repeat(500)
}

fn read(packed: &[u8]) -> Result<Vec<u8>, String> {
    let (mut input, mut text) = (Input::new(packed), Vec::new());
    let read = input.read_to_end(&mut text);
    read.map(|_| text).map_err(|error| error.to_string())
}

#[test]
fn what_is_packed_comes_out_as_it_was() {
    for packed in [XZ, ZSTD, FRAMES, &[XZ, XZ].concat()[..XZ.len()], &lines()[..]] {
        assert_eq!(read(packed).unwrap(), lines());
    }
    assert_eq!(read(&[XZ, XZ].concat()).unwrap(), lines().repeat(2));
    assert_eq!(read(&[ZSTD, FRAMES].concat()).unwrap(), lines().repeat(2));
    let mut input = Input::new(ZSTD);
    io::copy(&mut input, &mut io::sink()).unwrap();
    assert_eq!(input.passed(), ZSTD.len() as u64);
}

#[test]
fn what_ends_early_says_so_wherever_it_is_cut() {
    for (name, packed) in [("xz", XZ), ("zstd", ZSTD), ("zstd", FRAMES)] {
        for length in 6..packed.len() {
            let Err(error) = read(&packed[..length]) else {
                // A sequence of complete frames is a valid input.
                assert!(name == "zstd" && length < packed.len());
                continue;
            };
            assert_eq!(error, format!("the {name} input ends early; it is truncated"), "{length}");
        }
    }
}

#[test]
fn damage_is_told_and_never_becomes_text() {
    for (name, packed) in [("xz", XZ), ("zstd", ZSTD)] {
        for at in 6..packed.len() {
            let mut packed = packed.to_vec();
            packed[at] ^= 0x10;
            match read(&packed) {
                Ok(text) => assert_eq!(text, lines(), "{name} {at}"),
                Err(error) => assert!(error.contains(&format!("the {name} input")) || error.contains(name), "{error}"),
            }
        }
    }
}

#[test]
fn a_fault_of_the_source_is_told_as_it_is() {
    struct Faulty<'b>(&'b [u8]);
    impl Read for Faulty<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(io::Error::other("the disk is gone")),
                count => Ok(count),
            }
        }
    }
    for packed in [&XZ[..60], &ZSTD[..20], &b"\x1f\x8b\x08\0"[..], b"text"] {
        let error = Input::new(Faulty(packed)).read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "the disk is gone");
    }
}
