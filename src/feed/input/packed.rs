//! Owns decompressing inputs, and errors for damaged ones.

use std::io::{self, BufRead, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;

use super::Progress;
use super::zstd::Zstd;

/// The most memory for decompressing xz, in KiB; `xz -9` needs 65 MiB.
const MOST_MEMORY_KIB: u32 = 128 * 1024;

/// The compression of an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Xz,
}

impl Packing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
        }
    }

    /// The error for an input that is cut off.
    pub(super) fn truncated(self) -> io::Error {
        let text = format!("the {} input ends early; it is truncated", self.as_str());
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

/// The decompressed bytes of a source.
pub(super) struct Packed<S: Read> {
    packing: Packing,
    decoder: Decoder<S>,
    progress: Rc<Progress>,
}

enum Decoder<S: Read> {
    Gzip(MultiGzDecoder<S>),
    Zstd(Box<Zstd<S>>),
    Xz(Box<XzReader<S>>),
}

impl<S: BufRead> Packed<S> {
    pub(super) fn new(packing: Packing, source: S, progress: Rc<Progress>) -> Self {
        let decoder = match packing {
            Packing::Gzip => Decoder::Gzip(MultiGzDecoder::new(source)),
            Packing::Zstd => Decoder::Zstd(Box::new(Zstd::new(source))),
            Packing::Xz => Decoder::Xz(Box::new(XzReader::new_mem_limit(source, true, MOST_MEMORY_KIB))),
        };
        Self { packing, decoder, progress }
    }
}

impl<S: BufRead> Read for Packed<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.decoder {
            Decoder::Gzip(decoder) => decoder.read(into),
            Decoder::Zstd(decoder) => decoder.read(into),
            Decoder::Xz(decoder) => decoder.read(into),
        };
        read.map_err(|error| {
            let name = self.packing.as_str();
            // Zstandard has no error for this.
            let is_over = self.packing == Packing::Zstd && self.progress.is_over.get();
            let is_early = is_over || error.kind() == io::ErrorKind::UnexpectedEof;
            if error.kind() != io::ErrorKind::OutOfMemory && is_early {
                return self.packing.truncated();
            }
            let text = if error.kind() == io::ErrorKind::OutOfMemory {
                format!("unpacking the {name} input would take more memory than slo uses; unpack it first")
            } else {
                format!("the {name} input is damaged ({error})")
            };
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    }
}
