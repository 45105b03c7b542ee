//! Owns reading YAML as JSON: the parsed document is written as JSON piece by piece, each value on its line of the
//! YAML, so that the JSON walk also walks YAML.

mod chars;
mod repeats;
mod scalar;

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use saphyr_parser::{BufferedInput, Event, Parser, ScalarStyle, Span};

use self::chars::{Chars, Source};
use self::repeats::Repeats;
use crate::feed::fields::quote;
use crate::feed::input::Input;

/// Bytes of JSON written at once, plus or minus one value.
const CHUNK: usize = 64 * 1024;
/// The deepest nesting of lists and mappings.
const DEEPEST: usize = 256;
const TOO_DEEP: &str = "lists and mappings are nested too deep";

/// YAML as equivalent JSON.
pub(super) struct Yaml<R: Read> {
    source: Rc<RefCell<Source<R>>>,
    parser: Parser<'static, BufferedInput<Chars<R>>>,
    json: Vec<u8>,
    read: usize,
    open: Vec<Level>,
    repeats: Repeats,
    /// Lines written so far plus one.
    line: usize,
    is_over: bool,
}

/// An open list or mapping.
struct Level {
    is_list: bool,
    is_empty: bool,
    /// For a mapping, whether the value of a written key follows.
    has_key: bool,
}

impl<R: Read> Yaml<R> {
    pub(super) fn new(input: Input<R>) -> Self {
        let source = Rc::new(RefCell::new(Source::new(input)));
        Self {
            parser: Parser::new(BufferedInput::new(Chars::of(&source))),
            source,
            json: Vec::new(),
            read: 0,
            open: Vec::new(),
            repeats: Repeats::default(),
            line: 1,
            is_over: false,
        }
    }

    /// Bytes of the file read so far.
    pub(super) fn passed(&self) -> u64 {
        self.source.borrow().passed()
    }

    /// Writes more JSON.
    fn step(&mut self) -> io::Result<()> {
        let event = self.parser.next_event();
        self.source.borrow_mut().check()?;
        match event {
            None => {
                self.is_over = true;
                Ok(())
            }
            Some(Ok((event, span))) => self.take(event, span),
            Some(Err(error)) => {
                let (line, info) = (error.marker().line(), error.info());
                let is_deep = info.contains("recursion limit");
                Err(wrong(line, &if is_deep { TOO_DEEP.to_owned() } else { format!("not valid YAML: {info}") }))
            }
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> io::Result<()> {
        let line = span.start.line();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
                self.scalar(&text, is_text, anchor, line)
            }
            Event::SequenceStart(anchor, _) => self.begin(true, anchor, line),
            Event::MappingStart(anchor, _) => self.begin(false, anchor, line),
            Event::SequenceEnd => {
                self.end(b']');
                Ok(())
            }
            Event::MappingEnd => {
                self.end(b'}');
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, line),
            Event::DocumentStart(_) => {
                self.repeats.clear();
                Ok(())
            }
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => Ok(()),
        }
    }

    fn scalar(&mut self, text: &str, is_text: bool, anchor: usize, line: usize) -> io::Result<()> {
        if self.open.is_empty() {
            // A document may be empty.
            return if text.is_empty() { Ok(()) } else { Err(wrong(line, &no_records(text))) };
        }
        let mut json = Vec::new();
        if self.awaits_key() {
            scalar::text(text, &mut json);
        } else {
            scalar::value(text, is_text, &mut json);
        }
        if anchor == 0 {
            self.value(&json, line);
            return Ok(());
        }
        self.repeats.open(anchor, line)?;
        self.value(&json, line);
        self.repeats.close();
        Ok(())
    }

    fn begin(&mut self, is_list: bool, anchor: usize, line: usize) -> io::Result<()> {
        if self.awaits_key() {
            return Err(wrong(line, "a key must be a string, not a list or a mapping"));
        }
        if self.open.len() >= DEEPEST {
            return Err(wrong(line, TOO_DEEP));
        }
        self.repeats.open(anchor, line)?;
        self.value(if is_list { b"[" } else { b"{" }, line);
        self.open.push(Level { is_list, is_empty: true, has_key: false });
        Ok(())
    }

    fn end(&mut self, bracket: u8) {
        self.open.pop();
        self.write(&[bracket]);
        self.repeats.close();
    }

    fn alias(&mut self, anchor: usize, line: usize) -> io::Result<()> {
        let bytes = self.passed();
        let json = self.repeats.of(anchor, bytes).map_err(|what| wrong(line, what))?;
        if self.awaits_key() && !json.starts_with(b"\"") {
            return Err(wrong(line, "a key must be a string, not a list or a mapping"));
        }
        self.value(&json, line);
        Ok(())
    }

    fn awaits_key(&self) -> bool {
        self.open.last().is_some_and(|level| !level.is_list && !level.has_key)
    }

    /// Writes a key, or a value or its beginning, after the required separators.
    fn value(&mut self, json: &[u8], line: usize) {
        if line > self.line {
            // Line ends are not part of a repeated value, as they only give its place.
            self.json.resize(self.json.len() + line - self.line, b'\n');
            self.line = line;
        }
        let separator: &[u8] = match self.open.last_mut() {
            None => b"",
            Some(level) if level.has_key => {
                level.has_key = false;
                b":"
            }
            Some(level) => {
                level.has_key = !level.is_list;
                if std::mem::take(&mut level.is_empty) { b"" } else { b"," }
            }
        };
        self.json.extend_from_slice(separator);
        self.repeats.separate(separator);
        self.write(json);
    }

    fn write(&mut self, json: &[u8]) {
        self.json.extend_from_slice(json);
        self.repeats.write(json);
    }
}

impl<R: Read> Read for Yaml<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read == self.json.len() {
            self.json.clear();
            self.read = 0;
            while self.json.len() < CHUNK && !self.is_over {
                if let Err(error) = self.step() {
                    self.is_over = true;
                    self.source.borrow_mut().fail(error);
                }
            }
        }
        let rest = &self.json[self.read..];
        if rest.is_empty() {
            // Return what came before a fault first.
            self.source.borrow_mut().check()?;
        }
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        Ok(count)
    }
}

fn wrong(line: usize, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("line {line}: {what}"))
}

fn no_records(text: &str) -> String {
    let beginning: String = text.chars().take(60).collect();
    format!("not a list or a mapping of records but {}", quote(beginning.as_bytes()))
}

#[cfg(test)]
mod tests;
