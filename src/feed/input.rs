//! Owns the bytes of an input: gunzips what is gzipped, skips a byte order mark, counts what was read.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// Bytes asked of a compressed input at once.
const BUFFER: usize = 64 * 1024;

/// An input of which nothing has been read, a plain one, or a gzipped one.
pub(super) enum Input<R> {
    Unread(Option<Counted<R>>),
    Plain(Peeked<Counted<R>>),
    Gzip(Box<Peeked<Gunzip<R>>>),
}

/// Bytes that have been looked at, and what follows them.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;
type Gunzip<R> = MultiGzDecoder<BufReader<Peeked<Counted<R>>>>;

/// Counts the bytes that pass.
pub(super) struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match self.inner.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.bytes += count as u64;
        Ok(count)
    }
}

/// What an input begins with, of which these bytes are there: unzipped, as far as they go.
pub(crate) fn beginning(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    // That it ends early is no surprise.
    drop(Input::new(bytes).take(4 * bytes.len() as u64).read_to_end(&mut text));
    text
}

impl<R: Read> Input<R> {
    pub(super) fn new(inner: R) -> Self {
        Self::Unread(Some(Counted { inner, bytes: 0 }))
    }

    /// Bytes read so far, compressed ones where the input is.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Unread(_) => 0,
            Self::Plain(chain) => chain.get_ref().1.bytes,
            Self::Gzip(decoder) => decoder.get_ref().1.get_ref().get_ref().get_ref().1.bytes,
        }
    }

    /// Looks at the first bytes, and says what follows.
    fn open(mut inner: Counted<R>) -> io::Result<Self> {
        let start = peek(&mut inner)?;
        if !start.starts_with(&[0x1f, 0x8b]) {
            return Ok(Self::Plain(Cursor::new(without_mark(start)?).chain(inner)));
        }
        let gzipped = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(inner));
        let mut decoder = MultiGzDecoder::new(gzipped);
        let start = without_mark(peek(&mut decoder).map_err(damaged)?)?;
        Ok(Self::Gzip(Box::new(Cursor::new(start).chain(decoder))))
    }
}

/// The first bytes: three tell a byte order mark, two tell gzip; a pipe may send them one by one.
fn peek(inner: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    while start.len() < 3 {
        let mut byte = [0];
        if inner.read(&mut byte)? == 0 {
            break;
        }
        start.push(byte[0]);
        if !matches!(start[0], 0xef | 0x1f | 0xfe | 0xff) {
            break;
        }
    }
    Ok(start)
}

fn without_mark(start: Vec<u8>) -> io::Result<Vec<u8>> {
    if start.starts_with(&[0xfe, 0xff]) || start.starts_with(&[0xff, 0xfe]) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the input is UTF-16; convert it to UTF-8 first"));
    }
    Ok(if start == [0xef, 0xbb, 0xbf] { Vec::new() } else { start })
}

fn damaged(error: io::Error) -> io::Error {
    let text = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip input ends early; it is truncated".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => format!("the gzip input is damaged ({error})"),
        _ => return error,
    };
    io::Error::new(error.kind(), text)
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Self::Unread(inner) = self
            && let Some(inner) = inner.take()
        {
            *self = Self::open(inner)?;
        }
        match self {
            Self::Unread(_) => Ok(0),
            Self::Plain(chain) => chain.read(into),
            Self::Gzip(decoder) => decoder.read(into).map_err(damaged),
        }
    }
}
