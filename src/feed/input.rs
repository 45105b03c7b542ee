//! Owns the bytes of an input: decompresses them, skips a byte order mark, counts what was read.

mod packed;
mod zstd;

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::rc::Rc;

use super::unreadable::Unreadable;
use packed::{Packed, Packing};

/// Bytes requested from a compressed input at once.
const BUFFER: usize = 64 * 1024;
/// The byte order mark before a text.
const MARK: &[u8] = &[0xef, 0xbb, 0xbf];
/// The most bytes examined to detect a JSON list.
const MOST_AHEAD: usize = 4096;

/// Possible beginnings of an input: a compression format, a byte order mark, or the mark of a text that is not UTF-8.
const MAGICS: [(&[u8], Option<Packing>); 7] = [
    (&[0x1f, 0x8b], Some(Packing::Gzip)),
    (&[0x28, 0xb5, 0x2f, 0xfd], Some(Packing::Zstd)),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Some(Packing::Xz)),
    (MARK, None),
    (&[0xfe, 0xff], None),
    (&[0xff, 0xfe], None),
    (&[0xff, 0xfe, 0, 0], None),
];

/// The bytes of an input.
pub(super) struct Input<R: Read> {
    /// Text that was examined but not read.
    ahead: Cursor<Vec<u8>>,
    text: Text<R>,
    progress: Rc<Progress>,
}

/// An unread, a plain, or a compressed input.
enum Text<R: Read> {
    Unread(Option<Counted<R>>),
    Plain(Peeked<Counted<R>>),
    Packed(Box<Peeked<Packed<Source<R>>>>),
}

/// Examined bytes and those that follow them.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;
type Source<R> = BufReader<Peeked<Counted<R>>>;

/// The progress of reading an input.
#[derive(Default)]
struct Progress {
    bytes: Cell<u64>,
    /// Whether the end was reached.
    is_over: Cell<bool>,
    /// A read error, so that it is not reported as damage.
    fault: RefCell<Option<io::Error>>,
}

/// Counts the bytes read.
struct Counted<R> {
    inner: R,
    progress: Rc<Progress>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    *self.progress.fault.borrow_mut() = Some(error);
                    return Err(kind.into());
                }
                Ok(count) => {
                    self.progress.bytes.set(self.progress.bytes.get() + count as u64);
                    self.progress.is_over.set(count == 0 && !into.is_empty());
                    return Ok(count);
                }
            }
        }
    }
}

/// Decompresses the beginning of an input as far as possible; bytes in an unsupported encoding are returned as they
/// are.
pub(crate) fn beginning(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    // It may be cut off.
    drop(Input::new(bytes).take(4 * bytes.len() as u64).read_to_end(&mut text));
    let is_encoded = matches!(Unreadable::told(bytes), Some(Unreadable::Encoded(_)));
    if text.is_empty() && is_encoded { bytes.to_vec() } else { text }
}

impl<R: Read> Input<R> {
    pub(super) fn new(inner: R) -> Self {
        let progress = Rc::new(Progress::default());
        let counted = Counted { inner, progress: Rc::clone(&progress) };
        Self { ahead: Cursor::default(), text: Text::Unread(Some(counted)), progress }
    }

    /// Whether it opens a JSON list that is empty or of objects; consumes nothing.
    pub(super) fn opens_list(&mut self) -> io::Result<bool> {
        let (mut seen, mut is_open) = (Vec::new(), false);
        let mut byte = [0];
        let found = loop {
            if seen.len() == MOST_AHEAD || self.read(&mut byte)? == 0 {
                break false;
            }
            seen.push(byte[0]);
            match byte[0] {
                blank if blank.is_ascii_whitespace() => {}
                b'[' if !is_open => is_open = true,
                first => break is_open && matches!(first, b'{' | b']'),
            }
        };
        self.ahead = Cursor::new(seen);
        Ok(found)
    }

    /// Bytes read so far, before decompression.
    pub(super) fn passed(&self) -> u64 {
        self.progress.bytes.get()
    }

    fn read_text(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Text::Unread(inner) = &mut self.text
            && let Some(inner) = inner.take()
        {
            self.text = Text::open(inner)?;
        }
        match &mut self.text {
            Text::Unread(_) => Ok(0),
            Text::Plain(chain) => chain.read(into),
            Text::Packed(packed) => packed.read(into),
        }
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.ahead.read(into)?;
        if count > 0 {
            return Ok(count);
        }
        // Return an error of the source itself, whatever decompression made of it.
        self.read_text(into).map_err(|error| self.progress.fault.take().unwrap_or(error))
    }
}

impl<R: Read> Text<R> {
    /// Examines the first bytes and chooses how to read the rest.
    fn open(mut inner: Counted<R>) -> io::Result<Self> {
        let start = peek(&mut inner)?;
        let packing = MAGICS.iter().find(|(magic, _)| start == *magic).and_then(|(_, packing)| *packing);
        if inner.progress.is_over.get() && start.len() > 1 {
            // A short input may be the beginning of a compressed one.
            let cut = MAGICS.iter().find(|(magic, packing)| packing.is_some() && magic.starts_with(&start));
            if let Some((_, Some(packing))) = cut {
                return Err(packing.truncated());
            }
        }
        let Some(packing) = packing else {
            return Ok(Self::Plain(Cursor::new(without_mark(start)?).chain(inner)));
        };
        let progress = Rc::clone(&inner.progress);
        let source = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(inner));
        let mut packed = Packed::new(packing, source, progress);
        let start = without_mark(peek(&mut packed)?)?;
        Ok(Self::Packed(Box::new(Cursor::new(start).chain(packed))))
    }
}

/// The first bytes, while they match a mark; a pipe may deliver them one by one.
fn peek(inner: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    while MAGICS.iter().any(|(magic, _)| magic.len() > start.len() && magic.starts_with(&start)) {
        let mut byte = [0];
        if inner.read(&mut byte)? == 0 {
            break;
        }
        start.push(byte[0]);
    }
    Ok(start)
}

fn without_mark(start: Vec<u8>) -> io::Result<Vec<u8>> {
    match Unreadable::told(&start) {
        Some(what @ Unreadable::Encoded(_)) => Err(what.into()),
        _ => Ok(if start == MARK { Vec::new() } else { start }),
    }
}

#[cfg(test)]
mod tests;
