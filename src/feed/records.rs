//! Owns cutting an input into lines or, for CSV, records; too long ones pass in pieces.

use std::io::{self, Read};

use memchr::{memchr, memchr2};

use super::LONGEST_LINE;

/// Bytes asked of the input at once: larger buffers leave the cache.
const CHUNK: usize = 128 * 1024;

/// What was cut off.
pub(super) enum Cut<'r> {
    /// A whole line or record without its end; the line on which it begins.
    Record { raw: &'r [u8], line: u64 },
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
    /// Bytes after `start` known to hold no line end.
    searched: usize,
    line: u64,
    ended: bool,
    /// Whether the rest of a too long line is being passed.
    overlong: bool,
    /// Whether the record at `start` has a quote that does not close, so that it is cut at its first line.
    unclosed: bool,
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
            unclosed: false,
        }
    }

    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// Whether a whole line can be cut off without reading.
    pub(super) fn has_complete(&self) -> bool {
        self.ended || memchr(b'\n', &self.buffer[self.start + self.searched..self.end]).is_some()
    }

    /// Cuts the next record off; `None` at the end. With `quoted`, line ends within double quotes belong to the record.
    pub(super) fn next(&mut self, quoted: bool) -> io::Result<Option<Cut<'_>>> {
        loop {
            let found = if quoted && !self.unclosed && !self.overlong { self.quoted_end() } else { self.line_end() };
            if let End::At(length, lines) = found {
                let (start, line) = (self.start, self.line);
                self.start += length + 1;
                self.searched = 0;
                self.line += lines;
                self.unclosed = false;
                if std::mem::take(&mut self.overlong) {
                    let piece = &self.buffer[start..start + length];
                    return Ok(Some(Cut::Overlong { piece, line, first: false, complete: true }));
                }
                if length > LONGEST_LINE + 1 {
                    let piece = &self.buffer[start..start + length];
                    return Ok(Some(Cut::Overlong { piece, line, first: true, complete: true }));
                }
                return Ok(Some(Cut::Record { raw: without_return(&self.buffer[start..start + length]), line }));
            }
            let held = self.end - self.start;
            if self.overlong || held > LONGEST_LINE + 1 {
                if quoted
                    && !self.unclosed
                    && !self.overlong
                    && memchr(b'\n', &self.buffer[self.start..self.end]).is_some()
                {
                    self.unclosed = true;
                    self.searched = 0;
                    continue;
                }
                return self.pass_piece();
            }
            if self.ended {
                return Ok(self.rest(quoted));
            }
            self.fill()?;
        }
    }

    /// What is left when the input has ended.
    fn rest(&mut self, quoted: bool) -> Option<Cut<'_>> {
        if self.start == self.end {
            return None;
        }
        // A quote that never closes must not swallow the lines behind it.
        if quoted && !self.unclosed && memchr(b'\n', &self.buffer[self.start..self.end]).is_some() {
            self.unclosed = true;
            self.searched = 0;
            let End::At(length, _) = self.line_end() else { return None };
            let (start, line) = (self.start, self.line);
            self.start += length + 1;
            self.line += 1;
            self.searched = 0;
            self.unclosed = false;
            return Some(Cut::Record { raw: without_return(&self.buffer[start..start + length]), line });
        }
        let (start, line) = (self.start, self.line);
        self.start = self.end;
        self.searched = 0;
        self.line += 1;
        Some(Cut::Record { raw: without_return(&self.buffer[start..self.end]), line })
    }

    /// Hands out what is held of a too long line.
    fn pass_piece(&mut self) -> io::Result<Option<Cut<'_>>> {
        let first = !std::mem::replace(&mut self.overlong, true);
        if self.start == self.end && !first {
            if self.ended {
                self.overlong = false;
                return Ok(Some(Cut::Overlong { piece: &[], line: self.line, first: false, complete: true }));
            }
            self.fill()?;
        }
        // A line end that has just been read ends the piece; the next call finds it.
        let held = memchr(b'\n', &self.buffer[self.start..self.end]).unwrap_or(self.end - self.start);
        let start = self.start;
        self.start += held;
        self.searched = 0;
        Ok(Some(Cut::Overlong { piece: &self.buffer[start..start + held], line: self.line, first, complete: false }))
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

    fn quoted_end(&mut self) -> End {
        let held = &self.buffer[self.start..self.end];
        let (mut at, mut inside, mut lines) = (0, false, 0);
        while let Some(offset) = memchr2(b'"', b'\n', &held[at..]) {
            let found = at + offset;
            if held[found] == b'"' {
                inside = !inside;
            } else {
                lines += 1;
                if !inside {
                    return End::At(found, lines);
                }
            }
            at = found + 1;
        }
        End::Beyond
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

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
