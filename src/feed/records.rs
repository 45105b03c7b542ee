//! Owns splitting an input into lines or, for CSV, records; overlong ones are returned in pieces.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2};

use super::LONGEST_LINE;

/// Bytes requested from the input at once: larger buffers leave the cache.
const CHUNK: usize = 128 * 1024;

/// A piece of the input.
pub(super) enum Cut<'r> {
    /// A complete line or record without its line feed, and its first line number.
    Record {
        raw: &'r [u8],
        line: u64,
        /// Whether it is the first line of a record with unbalanced quotes.
        broken: bool,
    },
    /// A piece of an overlong line.
    Overlong { piece: &'r [u8], line: u64, first: bool, complete: bool },
}

/// Splits an input into records.
pub(super) struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    /// `buffer[start..end]` is not yet returned.
    start: usize,
    end: usize,
    /// Bytes after `start` known not to contain the record's end.
    searched: usize,
    line: u64,
    ended: bool,
    /// Whether the rest of an overlong line is being returned.
    overlong: bool,
    quoting: Quoting,
    /// Whether the record at `start` has unbalanced quotes, so that it ends with its first line.
    broken: bool,
}

/// The quoted fields in the searched part of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// None.
    Plain,
    /// One is open at the end of the searched part.
    Open,
    /// All are closed; the record may span lines.
    Closed,
}

/// The end of a record.
enum End {
    /// At this offset after `start`, with this many line ends including its own.
    At(usize, u64),
    /// Not in the bytes read so far.
    Beyond,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            searched: 0,
            line: 1,
            ended: false,
            overlong: false,
            quoting: Quoting::Plain,
            broken: false,
        }
    }

    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// The line on which a partially read record begins.
    pub(super) fn partial(&self) -> Option<u64> {
        (self.overlong || self.end > self.start).then_some(self.line)
    }

    /// Whether a complete record can be returned without reading.
    pub(super) fn has_complete(&mut self, delimiter: Option<u8>) -> bool {
        self.ended || !matches!(self.find_end(delimiter), End::Beyond)
    }

    /// The next record; `None` at the end. With the delimiter of a CSV, line ends in quoted fields belong to the
    /// record. The result does not depend on how the input arrives.
    pub(super) fn next(&mut self, delimiter: Option<u8>) -> io::Result<Option<Cut<'_>>> {
        loop {
            match self.find_end(delimiter) {
                End::At(length, lines) => {
                    if lines > 1 && is_too_long(&self.buffer[self.start..self.start + length]) {
                        self.break_up();
                        continue;
                    }
                    return Ok(Some(self.cut(length, lines)));
                }
                End::Beyond => {
                    let held = self.end - self.start;
                    if self.overlong || held > LONGEST_LINE + 1 {
                        if !self.overlong && self.holds_line_end() {
                            self.break_up();
                            continue;
                        }
                        return self.pass_piece();
                    }
                    if self.ended {
                        if held == 0 {
                            return Ok(None);
                        }
                        // A quote that never closes must not swallow the following lines.
                        if self.quoting == Quoting::Open && self.holds_line_end() {
                            self.break_up();
                            continue;
                        }
                        self.broken |= self.quoting == Quoting::Open;
                        return Ok(Some(self.cut(held, 1)));
                    }
                    self.fill()?;
                }
            }
        }
    }

    /// Makes the record at `start` end with its first line.
    fn break_up(&mut self) {
        self.forget_search();
        self.broken = true;
    }

    fn forget_search(&mut self) {
        self.searched = 0;
        (self.quoting, self.broken) = (Quoting::Plain, false);
    }

    fn holds_line_end(&self) -> bool {
        memchr(b'\n', &self.buffer[self.start..self.end]).is_some()
    }

    fn cut(&mut self, length: usize, lines: u64) -> Cut<'_> {
        let (start, line, broken) = (self.start, self.line, self.broken);
        self.start = (start + length + 1).min(self.end);
        self.line += lines;
        self.forget_search();
        let raw = &self.buffer[start..start + length];
        if std::mem::take(&mut self.overlong) {
            return Cut::Overlong { piece: raw, line, first: false, complete: true };
        }
        if is_too_long(raw) {
            return Cut::Overlong { piece: raw, line, first: true, complete: true };
        }
        Cut::Record { raw, line, broken }
    }

    /// Returns the held part of an overlong line.
    fn pass_piece(&mut self) -> io::Result<Option<Cut<'_>>> {
        let first = !std::mem::replace(&mut self.overlong, true);
        if self.start == self.end {
            if self.ended {
                return Ok(Some(self.cut(0, 1)));
            }
            self.fill()?;
        }
        // A line end just read ends the piece; the next call finds it.
        let held = memchr(b'\n', &self.buffer[self.start..self.end]).unwrap_or(self.end - self.start);
        let start = self.start;
        self.start += held;
        self.forget_search();
        Ok(Some(Cut::Overlong { piece: &self.buffer[start..start + held], line: self.line, first, complete: false }))
    }

    fn find_end(&mut self, delimiter: Option<u8>) -> End {
        match delimiter {
            Some(delimiter) if !self.broken && !self.overlong => self.record_end(delimiter).unwrap_or_else(|| {
                self.break_up();
                self.line_end()
            }),
            _ => self.line_end(),
        }
    }

    fn line_end(&mut self) -> End {
        match memchr(b'\n', &self.buffer[self.start + self.searched..self.end]) {
            Some(offset) => End::At(self.searched + offset, 1),
            None => {
                self.searched = self.end - self.start;
                End::Beyond
            }
        }
    }

    /// A quote opens a field only at its start, and closes it only before a delimiter or a line end; `None` if the
    /// quotes are unbalanced.
    fn record_end(&mut self, delimiter: u8) -> Option<End> {
        let held = &self.buffer[self.start..self.end];
        let mut at = self.searched;
        loop {
            if self.quoting == Quoting::Open {
                let Some(offset) = memchr(b'"', &held[at..]) else {
                    self.searched = held.len();
                    return Some(End::Beyond);
                };
                let found = at + offset;
                match held.get(found + 1) {
                    None if !self.ended => {
                        self.searched = found;
                        return Some(End::Beyond);
                    }
                    Some(b'"') => at = found + 2,
                    Some(next) if !matches!(next, b'\n' | b'\r') && *next != delimiter => return None,
                    _ => {
                        self.quoting = Quoting::Closed;
                        at = found + 1;
                    }
                }
                continue;
            }
            let Some(offset) = memchr2(b'"', b'\n', &held[at..]) else {
                self.searched = held.len();
                return Some(End::Beyond);
            };
            let found = at + offset;
            if held[found] == b'\n' {
                self.searched = found;
                let spans = self.quoting != Quoting::Plain;
                let within = if spans { memchr_iter(b'\n', &held[..found]).count() as u64 } else { 0 };
                return Some(End::At(found, within + 1));
            }
            if found == 0 || held[found - 1] == delimiter {
                self.quoting = Quoting::Open;
            }
            at = found + 1;
        }
    }

    /// Reads more after what is held.
    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < CHUNK / 2 {
            self.buffer.resize(self.end + CHUNK, 0);
        }
        let count = self.input.read(&mut self.buffer[self.end..])?;
        self.ended = count == 0;
        self.end += count;
        Ok(())
    }
}

/// Whether a line or record is too long, without its `\r\n` or `\n`.
fn is_too_long(raw: &[u8]) -> bool {
    raw.len() > LONGEST_LINE && without_return(raw).len() > LONGEST_LINE
}

/// A line without the carriage return before its line feed.
pub(super) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
