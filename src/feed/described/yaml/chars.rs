//! Owns the characters of YAML input: from bytes of any source, within bounds.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use crate::feed::input::Input;

/// Bytes requested from the input at once.
const CHUNK: usize = 64 * 1024;
/// The most characters of one text, or between two values.
const MOST_AT_ONCE: usize = 8 << 20;

/// The source of characters, and why they ended.
pub(super) struct Source<R: Read> {
    input: Input<R>,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Lines passed so far plus one.
    line: usize,
    /// Characters since the last parsed value.
    pending: usize,
    fault: Option<io::Error>,
    is_over: bool,
}

impl<R: Read> Source<R> {
    pub(super) fn new(input: Input<R>) -> Self {
        let (buffer, line) = (vec![0; CHUNK], 1);
        Self { input, buffer, at: 0, end: 0, line, pending: 0, fault: None, is_over: false }
    }

    pub(super) fn passed(&self) -> u64 {
        self.input.passed()
    }

    /// Marks the characters so far as parsed.
    ///
    /// # Errors
    /// When they ended for any reason other than the end of the input; returned once.
    pub(super) fn check(&mut self) -> io::Result<()> {
        self.pending = 0;
        self.fault.take().map_or(Ok(()), Err)
    }

    /// Ends the characters with an error.
    pub(super) fn fail(&mut self, error: io::Error) {
        self.is_over = true;
        self.fault.get_or_insert(error);
    }

    fn next(&mut self) -> Option<char> {
        if self.is_over {
            return None;
        }
        self.pending += 1;
        if self.pending > MOST_AT_ONCE {
            return self.end_with(&format!("a YAML value is longer than {} MiB", MOST_AT_ONCE >> 20));
        }
        if self.end - self.at < 4 && !self.fill() {
            return None;
        }
        let first = self.buffer[self.at];
        if first < 0x80 {
            self.at += 1;
            self.line += usize::from(first == b'\n');
            // The parser would take it as the end of the text.
            return if first == 0 { self.end_with("a NUL character") } else { Some(first.into()) };
        }
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        let bytes = &self.buffer[self.at..self.end.min(self.at + length)];
        let Some(found) = std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) else {
            return self.end_with("not UTF-8");
        };
        self.at += length;
        Some(found)
    }

    fn end_with(&mut self, what: &str) -> Option<char> {
        let text = format!("line {}: {what}", self.line);
        self.fail(io::Error::new(io::ErrorKind::InvalidData, text));
        None
    }

    /// Reads more after what is held; returns whether there is any.
    fn fill(&mut self) -> bool {
        self.buffer.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        while self.end < 4 {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) => {
                    self.fail(error);
                    return false;
                }
            }
        }
        self.is_over = self.end == 0;
        !self.is_over
    }
}

/// The characters of a source in order.
pub(super) struct Chars<R: Read>(Rc<RefCell<Source<R>>>);

impl<R: Read> Chars<R> {
    pub(super) fn of(source: &Rc<RefCell<Source<R>>>) -> Self {
        Self(Rc::clone(source))
    }
}

impl<R: Read> Iterator for Chars<R> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        self.0.borrow_mut().next()
    }
}
