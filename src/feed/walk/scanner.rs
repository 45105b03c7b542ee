//! Owns the bytes of JSON that is walked: what is blank is passed, values are passed or held, in bounded memory.

use std::io::{self, Read};

use memchr::{memchr, memchr2};

use super::LONGEST_VALUE;
use crate::feed::fields::quote;

/// Bytes asked of the input at once.
const CHUNK: usize = 128 * 1024;
/// Of a value that is too long, the bytes that are shown.
pub(super) const SHOWN: usize = 512;

/// The place in an input up to which it has been passed.
pub(super) struct Scanner<R> {
    pub(super) input: R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Where the value that is being held begins.
    held: Option<usize>,
    pub(super) line: u64,
    ended: bool,
}

impl<R: Read> Scanner<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: vec![0; CHUNK], at: 0, end: 0, held: None, line: 1, ended: false }
    }

    /// The bytes of memory it takes.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.buffer.len()
    }

    pub(super) const fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    /// Whether the end of some list or object has been read and not been passed.
    pub(super) fn has_end(&self) -> bool {
        memchr(b'}', &self.buffer[self.at..self.end]).is_some()
    }

    /// Passes one byte that has been looked at.
    pub(super) const fn step(&mut self) {
        self.at += 1;
    }

    /// Passes a text with its quotes; returns it, or nothing when it is longer than so many bytes.
    pub(super) fn text(&mut self, most: usize) -> io::Result<Option<&[u8]>> {
        self.held = Some(self.at);
        self.pass_string()?;
        let raw = self.held.take().map_or(&[][..], |start| &self.buffer[start..self.at]);
        Ok((raw.len() <= most).then_some(raw))
    }

    /// Passes a value; returns it, and whether it was too long to be held, so that only its beginning is there.
    pub(super) fn value(&mut self) -> io::Result<(&[u8], bool)> {
        self.held = Some(self.at);
        let is_cut = self.pass_value()?;
        let start = self.held.take().unwrap_or(self.at);
        let end = if is_cut { (start + SHOWN).min(self.at) } else { self.at };
        Ok((&self.buffer[start..end], is_cut))
    }

    /// Passes a value; returns whether it was too long to be held.
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

    /// Passes a number or a word.
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
                // More of it may have followed.
                return Err(self.wrong("the JSON ends early; it is truncated"));
            }
        }
    }

    /// Passes a string with its quotes.
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

    /// Lets go of all but the beginning of a value that is too long; returns whether it is.
    fn let_go(&mut self) -> bool {
        let Some(start) = self.held.filter(|start| self.at - start > LONGEST_VALUE) else { return false };
        let kept = start + SHOWN;
        self.buffer.copy_within(self.at..self.end, kept);
        self.end -= self.at - kept;
        self.at = kept;
        true
    }

    /// Passes what is blank, and `between` whole values what separates them; returns the byte behind it.
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
