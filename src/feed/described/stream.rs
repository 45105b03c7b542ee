//! Owns walking JSON while it is read: values at the end of given ways come out one by one, whatever else is passed over.

use std::io::{self, Read};
use std::rc::Rc;

use memchr::memchr2;

use crate::domain::health::feed::Step;
use crate::feed::fields::quote;

/// Bytes asked of the input at once.
const CHUNK: usize = 128 * 1024;
/// The longest a value that is handed out may be, in bytes.
pub(super) const LONGEST_VALUE: usize = 8 << 20;
/// The deepest nesting above values that are handed out.
const DEEPEST: usize = 256;
/// Of a value that is too long, the bytes that are shown.
const SHOWN: usize = 512;

/// A value that a way leads to.
pub(super) struct Found<'b> {
    /// Which ways lead to it.
    pub(super) ways: Rc<[usize]>,
    pub(super) raw: &'b [u8],
    /// The line on which it begins.
    pub(super) line: u64,
    /// The nearest key above it.
    pub(super) key: Option<Rc<str>>,
    /// Whether it was too long to be held, so that `raw` is only its beginning.
    pub(super) is_cut: bool,
}

/// Walks one input, which may hold several values one after the other.
pub(super) struct Stream<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Where the value that is being held begins.
    held: Option<usize>,
    line: u64,
    ended: bool,
    ways: Vec<Vec<Step>>,
    open: Vec<Level>,
    /// Whether the place is behind a value, so that a comma or an end must follow.
    is_behind: bool,
    /// Of each way, whether what it leads into was there.
    reached: Vec<bool>,
    /// Bytes that are blank between values count as nothing.
    has_content: bool,
}

/// A list or object that is being walked.
struct Level {
    is_list: bool,
    index: usize,
    /// The ways that lead into it.
    ways: Rc<[usize]>,
    /// Of a list, what leads to each of its items where that is the same for all.
    items: Option<Child>,
    key: Option<Rc<str>>,
}

/// The ways that lead to a value or through it, and those that end there.
#[derive(Clone)]
struct Child {
    ways: Rc<[usize]>,
    ended: Rc<[usize]>,
}

impl<R: Read> Stream<R> {
    pub(super) fn new(input: R, ways: Vec<Vec<Step>>) -> Self {
        let reached = ways.iter().map(Vec::is_empty).collect();
        Self {
            input,
            buffer: vec![0; CHUNK],
            at: 0,
            end: 0,
            held: None,
            line: 1,
            ended: false,
            ways,
            open: Vec::new(),
            is_behind: false,
            reached,
            has_content: false,
        }
    }

    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// The line that is being read, if anything is half read.
    pub(super) fn partial(&self) -> Option<u64> {
        (!self.open.is_empty() || self.held.is_some()).then_some(self.line)
    }

    /// Whether some way's end, or the list or object that holds it, was met.
    pub(super) fn has_reached(&self) -> bool {
        !self.has_content || self.reached.iter().any(|reached| *reached)
    }

    /// Whether anything but blanks was met.
    pub(super) const fn has_content(&self) -> bool {
        self.has_content
    }

    /// The next value at the end of a way; `None` at the end of the input.
    ///
    /// # Errors
    /// When the input cannot be read or is not JSON.
    pub(super) fn next(&mut self) -> io::Result<Option<Found<'_>>> {
        loop {
            let Some(byte) = self.skip_blank()? else {
                if self.open.is_empty() {
                    return Ok(None);
                }
                return Err(self.wrong("the JSON ends early; it is truncated"));
            };
            self.has_content = true;
            let depth = self.open.len();
            if depth == 0 && !self.is_behind && !matches!(byte, b'{' | b'[') {
                return Err(self.wrong(&format!("not JSON, which begins with {{ or [, but {}", quote(&[byte]))));
            }
            if self.is_behind {
                self.pass_separator(byte)?;
                continue;
            }
            let closes = match self.open.last() {
                Some(level) if level.is_list => byte == b']',
                Some(_) => byte == b'}',
                None => false,
            };
            if closes {
                self.close();
                continue;
            }
            let (Child { ways, ended }, key) = self.child(byte)?;
            let Some(byte) = self.skip_blank()? else { continue };
            if !ended.is_empty() {
                for way in &*ended {
                    self.reached[*way] = true;
                }
                return self.take(ended, key).map(Some);
            }
            let opens = matches!(byte, b'{' | b'[');
            if ways.is_empty() || !opens {
                self.pass_value()?;
                self.is_behind = true;
                continue;
            }
            if depth >= DEEPEST {
                return Err(self.wrong("lists and objects are nested too deep"));
            }
            self.at += 1;
            for way in &*ways {
                self.reached[*way] |= self.ways[*way].len() == depth + 1;
            }
            let is_list = byte == b'[';
            let is_same = is_list && !ways.iter().any(|way| matches!(self.ways[*way][depth], Step::Index(_)));
            let items = is_same.then(|| self.children(&ways, depth + 1, |step| *step == Step::Each));
            self.open.push(Level { is_list, index: 0, ways, items, key });
        }
    }

    /// Which ways lead to the value that follows, and the nearest key above it; passes its own key.
    fn child(&mut self, byte: u8) -> io::Result<(Child, Option<Rc<str>>)> {
        let depth = self.open.len();
        let Some(level) = self.open.last_mut() else {
            let all: Vec<usize> = (0..self.ways.len()).collect();
            return Ok((self.children(&all, 0, |_| true), None));
        };
        if level.is_list {
            let index = level.index;
            level.index += 1;
            let key = level.key.clone();
            if let Some(items) = &level.items {
                return Ok((items.clone(), key));
            }
            let ways = Rc::clone(&level.ways);
            let leads = |step: &Step| match step {
                Step::Each => true,
                Step::Index(wanted) => *wanted == index,
                Step::Name(_) => false,
            };
            return Ok((self.children(&ways, depth, leads), key));
        }
        if byte != b'"' {
            return Err(self.unexpected(byte, "a key in quotes"));
        }
        let key = self.key()?;
        match self.skip_blank()? {
            Some(b':') => self.at += 1,
            Some(byte) => return Err(self.unexpected(byte, "a colon")),
            None => return Err(self.wrong("the JSON ends early; it is truncated")),
        }
        let leads = |step: &Step| match step {
            Step::Each => true,
            Step::Name(wanted) => *wanted == *key,
            Step::Index(_) => false,
        };
        let child = self.children(&self.open[depth - 1].ways, depth, leads);
        Ok((child, Some(key.into())))
    }

    /// Of the ways that lead into what is open, those whose step at this depth leads to a value.
    fn children(&self, ways: &[usize], depth: usize, leads: impl Fn(&Step) -> bool) -> Child {
        let leads = |way: &usize| depth == 0 || leads(&self.ways[*way][depth - 1]);
        let ways: Rc<[usize]> = ways.iter().copied().filter(leads).collect();
        let ended = ways.iter().copied().filter(|way| self.ways[*way].len() == depth).collect();
        Child { ways, ended }
    }

    fn key(&mut self) -> io::Result<String> {
        self.held = Some(self.at);
        self.pass_string()?;
        let raw = self.held.take().map_or(&[][..], |start| &self.buffer[start..self.at]);
        if raw.len() > LONGEST_VALUE / 8 {
            return Err(self.wrong("a key is longer than 1 MiB"));
        }
        match serde_json::from_slice::<String>(raw) {
            Ok(key) => Ok(key),
            Err(_) => Err(self.wrong("a key is not valid JSON text")),
        }
    }

    fn close(&mut self) {
        self.at += 1;
        self.open.pop();
        self.is_behind = !self.open.is_empty();
    }

    fn pass_separator(&mut self, byte: u8) -> io::Result<()> {
        let Some(level) = self.open.last() else {
            // Between whole values nothing is needed.
            self.is_behind = false;
            return Ok(());
        };
        match byte {
            b',' => {
                self.at += 1;
                self.is_behind = false;
                Ok(())
            }
            b']' if level.is_list => {
                self.close();
                Ok(())
            }
            b'}' if !level.is_list => {
                self.close();
                Ok(())
            }
            byte => {
                let expected = if level.is_list { "a comma or ]" } else { "a comma or }" };
                Err(self.unexpected(byte, expected))
            }
        }
    }

    fn take(&mut self, ways: Rc<[usize]>, key: Option<Rc<str>>) -> io::Result<Found<'_>> {
        let line = self.line;
        self.held = Some(self.at);
        let is_cut = self.pass_value()?;
        self.is_behind = true;
        let start = self.held.take().unwrap_or(self.at);
        let end = if is_cut { (start + SHOWN).min(self.at) } else { self.at };
        Ok(Found { ways, raw: &self.buffer[start..end], line, key, is_cut })
    }

    /// Passes a value; returns whether it was too long to be held.
    fn pass_value(&mut self) -> io::Result<bool> {
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
                    return Err(self.wrong("the JSON ends early, inside a text; it is truncated"));
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
                return Err(self.wrong("the JSON ends early, inside a text; it is truncated"));
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

    /// Passes what is blank; returns the byte behind it.
    fn skip_blank(&mut self) -> io::Result<Option<u8>> {
        loop {
            while self.at < self.end {
                let byte = self.buffer[self.at];
                match byte {
                    b'\n' => self.line += 1,
                    b' ' | b'\t' | b'\r' => {}
                    // Separates the texts of a sequence (RFC 7464).
                    0x1e if self.open.is_empty() => {}
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

    fn unexpected(&self, byte: u8, expected: &str) -> io::Error {
        self.wrong(&format!("expected {expected}, found {}", quote(&[byte])))
    }

    fn wrong(&self, what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {what}", self.line))
    }
}

#[cfg(test)]
mod tests;
