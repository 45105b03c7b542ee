//! Owns decompressing Zstandard frame by frame, with checksums, in bounded memory.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The longest window of a frame in bytes: the limit of `zstd -d` without options.
const LONGEST_WINDOW: u64 = 128 << 20;

/// The decompressed bytes of a source.
pub(super) struct Zstd<S> {
    source: S,
    decoder: FrameDecoder,
    /// Whether a frame is open.
    is_within: bool,
}

impl<S: BufRead> Zstd<S> {
    pub(super) fn new(source: S) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LONGEST_WINDOW);
        Self { source, decoder, is_within: false }
    }

    /// Begins the next frame; returns whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.init(&mut self.source) {
                Ok(()) => {
                    self.is_within = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                }
                Err(FrameDecoderError::WindowSizeTooBig { .. }) => return Err(io::ErrorKind::OutOfMemory.into()),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_))) => {
                    return Err(io::Error::other("something else follows it"));
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Ends a frame.
    fn end(&mut self) -> io::Result<()> {
        self.is_within = false;
        let (told, found) = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        if told.is_some() && told != found {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a checksum does not match"));
        }
        Ok(())
    }
}

impl<S: BufRead> Read for Zstd<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_within {
                let count = self.decoder.read(into)?;
                if count > 0 || into.is_empty() {
                    return Ok(count);
                }
                if self.decoder.is_finished() {
                    self.end()?;
                } else {
                    let blocks = BlockDecodingStrategy::UptoBlocks(1);
                    self.decoder.decode_blocks(&mut self.source, blocks).map_err(io::Error::other)?;
                }
            } else if !self.begin()? {
                return Ok(0);
            }
        }
    }
}
