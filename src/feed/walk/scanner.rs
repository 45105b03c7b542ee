//! Owns scanning JSON bytes: blanks are skipped, values skipped or held, in bounded memory.

use std::io::{self, Read};

use memchr::{memchr, memchr2};

use super::LONGEST_VALUE;
use crate::feed::fields::quote;

/// Bytes requested from the input at once.
const CHUNK: usize = 128 * 1024;
/// The bytes shown of a value that is too long.
pub(super) const SHOWN: usize = 512;

/// A position in an input.
pub(super) struct Scanner<R> {
    pub(super) input: R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// The start of the held value.
    held: Option<usize>,
    pub(super) line: u64,
    ended: bool,
}

impl<R: Read> Scanner<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: vec![0; CHUNK], at: 0, end: 0, held: None, line: 1, ended: false }
    }

    /// The bytes of memory used.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.buffer.len()
    }

    pub(super) const fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    /// Whether an unread `}` is in the buffer.
    pub(super) fn has_end(&self) -> bool {
        memchr(b'}', &self.buffer[self.at..self.end]).is_some()
    }

    /// Consumes one byte that was examined.
    pub(super) const fn step(&mut self) {
        self.at += 1;
    }

    /// Consumes a string with its quotes; returns it, or `None` if it is longer than `most` bytes.
    pub(super) fn text(&mut self, most: usize) -> io::Result<Option<&[u8]>> {
        self.held = Some(self.at);
        // Of a string that is too long to hold, only the beginning is there.
        let is_cut = self.pass_string()?;
        let raw = self.held.take().map_or(&[][..], |start| &self.buffer[start..self.at]);
        Ok((!is_cut && raw.len() <= most).then_some(raw))
    }

    /// Consumes a value; returns it, and whether it was too long, so that only its beginning is there.
    pub(super) fn value(&mut self) -> io::Result<(&[u8], bool)> {
        self.held = Some(self.at);
        let is_cut = self.pass_value()?;
        let start = self.held.take().unwrap_or(self.at);
        let end = if is_cut { (start + SHOWN).min(self.at) } else { self.at };
        Ok((&self.buffer[start..end], is_cut))
    }

    /// Consumes a value; returns whether it was too long.
    pub(super) fn pass_value(&mut self) -> io::Result<bool> {
        let (mut depth, mut is_cut) = (0usize, false);
        loop {
            if self.at == self.end && !self.fill()? {
                return Err(self.wrong("the JSON ends early; it is truncated"));
            }
            let byte = self.buffer[self.at];
            match byte {
                b'"' => is_cut |= self.pass_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    if depth == 0 {
                        return Err(self.unexpected(byte, "a value"));
                    }
                    depth -= 1;
                    self.at += 1;
                }
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\r' if depth > 0 => self.at += 1,
                b',' | b':' => return Err(self.unexpected(byte, "a value")),
                _ => {
                    is_cut |= self.pass_bare()?;
                }
            }
            is_cut |= self.let_go();
            if depth == 0 {
                return Ok(is_cut);
            }
        }
    }

    /// Consumes a number or a word.
    fn pass_bare(&mut self) -> io::Result<bool> {
        let mut is_cut = false;
        loop {
            let rest = &self.buffer[self.at..self.end];
            let ends = |byte: &u8| {
                matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | b' ' | b'\t' | b'\r' | b'\n')
            };
            let length = rest.iter().position(ends);
            self.at += length.unwrap_or(rest.len());
            is_cut |= self.let_go();
            if length.is_some() {
                return Ok(is_cut);
            }
            if !self.fill()? {
                // It may be incomplete.
                return Err(self.wrong("the JSON ends early; it is truncated"));
            }
        }
    }

    /// Consumes a string with its quotes.
    fn pass_string(&mut self) -> io::Result<bool> {
        let mut is_cut = false;
        self.at += 1;
        loop {
            let Some(offset) = memchr2(b'"', b'\\', &self.buffer[self.at..self.end]) else {
                self.at = self.end;
                is_cut |= self.let_go();
                if !self.fill()? {
                    return Err(self.wrong("the JSON ends early, inside a string; it is truncated"));
                }
                continue;
            };
            self.at += offset;
            if self.buffer[self.at] == b'"' {
                self.at += 1;
                return Ok(is_cut | self.let_go());
            }
            self.at += 1;
            if self.at == self.end && !self.fill()? {
                return Err(self.wrong("the JSON ends early, inside a string; it is truncated"));
            }
            self.at += 1;
        }
    }

    /// Drops all but the beginning of a value that is too long; returns whether it is.
    fn let_go(&mut self) -> bool {
        let Some(start) = self.held.filter(|start| self.at - start > LONGEST_VALUE) else { return false };
        let kept = start + SHOWN;
        self.buffer.copy_within(self.at..self.end, kept);
        self.end -= self.at - kept;
        self.at = kept;
        true
    }

    /// Skips blanks, and with `between` the separators of top-level values; returns the next byte.
    pub(super) fn skip_blank(&mut self, between: bool) -> io::Result<Option<u8>> {
        loop {
            while self.at < self.end {
                let byte = self.buffer[self.at];
                match byte {
                    b'\n' => self.line += 1,
                    b' ' | b'\t' | b'\r' => {}
                    // Separates the texts of a sequence (RFC 7464).
                    0x1e if between => {}
                    _ => return Ok(Some(byte)),
                }
                self.at += 1;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads more; returns whether there was any.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let keep = self.held.unwrap_or(self.at);
        if keep > 0 {
            self.buffer.copy_within(keep..self.end, 0);
            self.end -= keep;
            self.at -= keep;
            self.held = self.held.map(|_| 0);
        }
        if self.buffer.len() - self.end < CHUNK / 2 {
            self.buffer.resize(self.end + CHUNK, 0);
        }
        let count = self.input.read(&mut self.buffer[self.end..])?;
        self.ended = count == 0;
        self.end += count;
        Ok(count > 0)
    }

    pub(super) fn unexpected(&self, byte: u8, expected: &str) -> io::Error {
        self.wrong(&format!("expected {expected}, found {}", quote(&[byte])))
    }

    pub(super) fn wrong(&self, what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {what}", self.line))
    }
}
