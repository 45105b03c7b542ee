//! Owns walking JSON while it is read: values at the end of given paths are returned one by one, everything else is
//! skipped.

mod scanner;

use std::io::{self, Read};
use std::rc::Rc;

use super::fields::quote;
use crate::domain::health::feed::Step;
use scanner::Scanner;

/// The longest value returned, in bytes.
pub(super) const LONGEST_VALUE: usize = 8 << 20;
/// The deepest nesting above returned values.
const DEEPEST: usize = 256;

/// A value at the end of a path.
pub(super) struct Found<'b> {
    /// The paths that lead to it.
    pub(super) ways: Rc<[usize]>,
    pub(super) raw: &'b [u8],
    /// The line on which it begins.
    pub(super) line: u64,
    /// The nearest key above it.
    pub(super) key: Option<Rc<str>>,
    /// Whether it was too long, so that `raw` is only its beginning.
    pub(super) is_cut: bool,
}

/// Walks one input of one or more consecutive values.
pub(super) struct Walk<R> {
    scanner: Scanner<R>,
    ways: Vec<Vec<Step>>,
    open: Vec<Level>,
    /// Whether the position is after a value, so that a comma or an end must follow.
    is_behind: bool,
    /// Whether the end of each path was found, or an empty list or object on the way, whose items lead there.
    reached: Vec<bool>,
    /// Whether there were any bytes other than blanks.
    has_content: bool,
}

/// An open list or object.
struct Level {
    is_list: bool,
    index: usize,
    /// The paths that lead into it.
    ways: Rc<[usize]>,
    /// For a list, the paths to each of its items, if they are the same for all.
    items: Option<Child>,
    key: Option<Rc<str>>,
}

/// The paths that lead to a value or through it, and those that end there.
#[derive(Clone)]
struct Child {
    ways: Rc<[usize]>,
    ended: Rc<[usize]>,
}

impl<R: Read> Walk<R> {
    pub(super) fn new(input: R, ways: Vec<Vec<Step>>) -> Self {
        let reached = ways.iter().map(Vec::is_empty).collect();
        Self { scanner: Scanner::new(input), ways, open: Vec::new(), is_behind: false, reached, has_content: false }
    }

    pub(super) fn input(&self) -> &R {
        &self.scanner.input
    }

    /// The current line, if a value is partially read.
    pub(super) fn partial(&self) -> Option<u64> {
        (!self.open.is_empty() || self.scanner.is_holding()).then_some(self.scanner.line)
    }

    /// Whether a value that was read may be ready; a nested list or object may look the same.
    pub(super) fn has_complete(&self) -> bool {
        self.scanner.has_end()
    }

    /// Whether the end of some path was found, or an empty list or object on the way to it.
    pub(super) fn has_reached(&self) -> bool {
        !self.has_content || self.reached.iter().any(|reached| *reached)
    }

    /// Whether anything but blanks was found.
    pub(super) const fn has_content(&self) -> bool {
        self.has_content
    }

    /// The next value at the end of a path; `None` at the end of the input.
    ///
    /// # Errors
    /// When the input cannot be read or is not JSON.
    pub(super) fn next(&mut self) -> io::Result<Option<Found<'_>>> {
        loop {
            let Some(byte) = self.scanner.skip_blank(self.open.is_empty())? else {
                if self.open.is_empty() {
                    return Ok(None);
                }
                return Err(self.scanner.wrong("the JSON ends early; it is truncated"));
            };
            self.has_content = true;
            let depth = self.open.len();
            if depth == 0 && !self.is_behind && !matches!(byte, b'{' | b'[') {
                return Err(self
                    .scanner
                    .wrong(&format!("not JSON, which begins with {{ or [, but {}", quote(&[byte]))));
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
                self.pass_empty();
                self.close();
                continue;
            }
            let (Child { ways, ended }, key) = self.child(byte)?;
            let Some(byte) = self.scanner.skip_blank(self.open.is_empty())? else { continue };
            if !ended.is_empty() {
                for way in &*ended {
                    self.reached[*way] = true;
                }
                return self.take(ended, key).map(Some);
            }
            let opens = matches!(byte, b'{' | b'[');
            if ways.is_empty() || !opens {
                self.scanner.pass_value()?;
                self.is_behind = true;
                continue;
            }
            if depth >= DEEPEST {
                return Err(self.scanner.wrong("lists and objects are nested too deep"));
            }
            self.scanner.step();
            let is_list = byte == b'[';
            let is_same = is_list && !ways.iter().any(|way| matches!(self.ways[*way][depth], Step::Index(_)));
            let items = is_same.then(|| self.children(&ways, depth + 1, |step| *step == Step::Each));
            self.open.push(Level { is_list, index: 0, ways, items, key });
        }
    }

    /// The paths to the value that follows and the nearest key above it; consumes its own key.
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
            return Err(self.scanner.unexpected(byte, "a key in quotes"));
        }
        let key = self.key()?;
        match self.scanner.skip_blank(self.open.is_empty())? {
            Some(b':') => self.scanner.step(),
            Some(byte) => return Err(self.scanner.unexpected(byte, "a colon")),
            None => return Err(self.scanner.wrong("the JSON ends early; it is truncated")),
        }
        let leads = |step: &Step| match step {
            Step::Each => true,
            Step::Name(wanted) => *wanted == *key,
            Step::Index(_) => false,
        };
        let child = self.children(&self.open[depth - 1].ways, depth, leads);
        Ok((child, Some(key.into())))
    }

    /// The paths into the open value whose step at this depth leads to a child.
    fn children(&self, ways: &[usize], depth: usize, leads: impl Fn(&Step) -> bool) -> Child {
        let leads = |way: &usize| depth == 0 || leads(&self.ways[*way][depth - 1]);
        let ways: Rc<[usize]> = ways.iter().copied().filter(leads).collect();
        let ended = ways.iter().copied().filter(|way| self.ways[*way].len() == depth).collect();
        Child { ways, ended }
    }

    fn key(&mut self) -> io::Result<String> {
        let Some(raw) = self.scanner.text(LONGEST_VALUE / 8)? else {
            return Err(self.scanner.wrong("a key is longer than 1 MiB"));
        };
        match serde_json::from_slice::<String>(raw) {
            Ok(key) => Ok(key),
            Err(_) => Err(self.scanner.wrong("a key is not valid JSON text")),
        }
    }

    /// Notes that the open list or object has no items, of which each path through it may want some.
    fn pass_empty(&mut self) {
        let Some(level) = self.open.last() else { return };
        for way in &*level.ways {
            self.reached[*way] |= match self.ways[*way].get(self.open.len() - 1) {
                Some(Step::Each) => true,
                Some(Step::Index(_)) => level.is_list,
                Some(Step::Name(_)) | None => false,
            };
        }
    }

    fn close(&mut self) {
        self.scanner.step();
        self.open.pop();
        self.is_behind = !self.open.is_empty();
    }

    fn pass_separator(&mut self, byte: u8) -> io::Result<()> {
        let Some(level) = self.open.last() else {
            // Nothing is needed between top-level values.
            self.is_behind = false;
            return Ok(());
        };
        match byte {
            b',' => {
                self.scanner.step();
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
                Err(self.scanner.unexpected(byte, expected))
            }
        }
    }

    fn take(&mut self, ways: Rc<[usize]>, key: Option<Rc<str>>) -> io::Result<Found<'_>> {
        let line = self.scanner.line;
        self.is_behind = true;
        let (raw, is_cut) = self.scanner.value()?;
        Ok(Found { ways, raw, line, key, is_cut })
    }
}

#[cfg(test)]
mod tests;
