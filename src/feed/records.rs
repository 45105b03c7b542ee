//! Owns cutting an input into lines or, for CSV, records; too long ones pass in pieces.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2};

use super::LONGEST_LINE;

/// Bytes asked of the input at once: larger buffers leave the cache.
const CHUNK: usize = 128 * 1024;

/// What was cut off.
pub(super) enum Cut<'r> {
    /// A whole line or record, as it is but for its line feed; the line on which it begins.
    Record {
        raw: &'r [u8],
        line: u64,
        /// Whether it is the first line of a record whose quotes do not pair.
        broken: bool,
    },
    /// A piece of a line that is too long.
    Overlong { piece: &'r [u8], line: u64, first: bool, complete: bool },
}

/// Cuts records off an input.
pub(super) struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    /// What has not been cut off yet is `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Bytes after `start` known to hold no end of the record.
    searched: usize,
    line: u64,
    ended: bool,
    /// Whether the rest of a too long line is being passed.
    overlong: bool,
    quoting: Quoting,
    /// Whether the quotes of the record at `start` do not pair, so that it is cut at its first line.
    broken: bool,
}

/// The quoted fields of a record, as far as it has been searched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// There is none.
    Plain,
    /// One is open where the search stands.
    Open,
    /// All are closed; the record may span lines.
    Closed,
}

/// Where a record ends.
enum End {
    /// At this offset after `start`, with this many line ends in it and behind it.
    At(usize, u64),
    /// Not within what has been read.
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

    /// The line on which a record begins of which only a part has been read.
    pub(super) fn partial(&self) -> Option<u64> {
        (self.overlong || self.end > self.start).then_some(self.line)
    }

    /// Whether a whole record can be cut off without reading.
    pub(super) fn has_complete(&mut self, delimiter: Option<u8>) -> bool {
        self.ended || !matches!(self.find_end(delimiter), End::Beyond)
    }

    /// Cuts the next record off; `None` at the end. With the delimiter of a CSV, line ends within quoted fields belong to
    /// the record. What is cut does not depend on how the input arrives.
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
                        // A quote that never closes must not swallow the lines behind it.
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

    /// From here on the record at `start` ends with its first line.
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

    /// Hands out what is held of a too long line.
    fn pass_piece(&mut self) -> io::Result<Option<Cut<'_>>> {
        let first = !std::mem::replace(&mut self.overlong, true);
        if self.start == self.end {
            if self.ended {
                return Ok(Some(self.cut(0, 1)));
            }
            self.fill()?;
        }
        // A line end that has just been read ends the piece; the next call finds it.
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

    /// A quote opens a field only where a field begins, and closes it only before a delimiter or a line end; `None` when
    /// the quotes do not pair.
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

    /// Reads more behind what is held.
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

/// Whether a line or record is longer than one may be; the end of a line, `\r\n` or `\n`, does not count.
fn is_too_long(raw: &[u8]) -> bool {
    raw.len() > LONGEST_LINE && without_return(raw).len() > LONGEST_LINE
}

/// A line without the carriage return before its line feed.
pub(super) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
