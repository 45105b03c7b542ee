//! Owns errors for inputs that are not readable text: in another encoding, or binary files.

use std::fmt;
use std::io;

use crate::failure::Failure;

/// Beginnings of files that are often mistaken for feeds.
const BINARIES: [(&[u8], Unreadable); 7] = [
    (b"SQLite format 3\0", Unreadable::Database),
    (b"PK\x03\x04", Unreadable::Binary("a spreadsheet or another zipped file")),
    (b"%PDF", Unreadable::Binary("a PDF")),
    (b"\x7fELF", Unreadable::Binary("a program")),
    (b"\xff\xfe\0\0", Unreadable::Encoded("UTF-32")),
    (b"\xff\xfe", Unreadable::Encoded("UTF-16")),
    (b"\xfe\xff", Unreadable::Encoded("UTF-16")),
];
/// Where a SQLite database says which program it belongs to, and what it says there for slo.
const OWNER: std::ops::Range<usize> = 68..72;
const OWN: &[u8] = b"slo1";
/// The bytes examined to recognize text without such a mark.
const LOOKED_AT: usize = 1024;

/// Why an input cannot be read, whatever its records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unreadable {
    Database,
    /// A database of slo itself.
    OwnDatabase,
    Binary(&'static str),
    Encoded(&'static str),
    /// Bytes that are not text in any Unicode encoding.
    Foreign,
}

impl Unreadable {
    /// The kind of an unreadable input by its beginning; `None` if it is readable.
    pub(crate) fn told(beginning: &[u8]) -> Option<Self> {
        if beginning.starts_with(b"SQLite format 3\0") && beginning.get(OWNER) == Some(OWN) {
            return Some(Self::OwnDatabase);
        }
        let marked = BINARIES.iter().find(|(magic, _)| beginning.starts_with(magic)).map(|(_, what)| *what);
        marked.or_else(|| Self::guessed(&beginning[..beginning.len().min(LOOKED_AT)], beginning.len() > LOOKED_AT))
    }

    fn guessed(start: &[u8], goes_on: bool) -> Option<Self> {
        let zeros = |odd: usize| start.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd) = (zeros(0), zeros(1));
        // In UTF-16, every second byte of Latin text is zero.
        if start.len() >= 4 && even.min(odd) == 0 && even.max(odd) * 5 >= start.len() * 2 {
            return Some(Self::Encoded("UTF-16"));
        }
        // Escapes color terminal output, and 0x1e separates the texts of a JSON sequence.
        let is_odd =
            |byte: &&u8| byte.is_ascii_control() && !byte.is_ascii_whitespace() && !matches!(byte, 0x1b | 0x1e);
        let controls = start.iter().filter(is_odd).count();
        if even + odd > 0 || controls * 20 > start.len() {
            return Some(Self::Binary("a binary file"));
        }
        match std::str::from_utf8(start) {
            // The examined part may end within a letter.
            Err(error) if error.error_len().is_some() || !goes_on => Some(Self::Foreign),
            _ => None,
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Database => {
                "name the database file itself, neither zipped nor piped, with --feed uptime-kuma or a feed with format: sqlite; \
                 or export the records as CSV or JSON Lines"
            }
            Self::OwnDatabase => "use `slo db merge FILE`, which imports all of its transitions",
            Self::Binary(_) => "export the records as CSV or JSON Lines",
            Self::Encoded("UTF-32") => "convert it: iconv -f UTF-32 -t UTF-8 FILE > utf8.txt, then read that",
            Self::Encoded(_) => "convert it: iconv -f UTF-16 -t UTF-8 FILE > utf8.txt, then read that",
            Self::Foreign => "convert it, e.g. iconv -f LATIN1 -t UTF-8 FILE > utf8.txt, then read that",
        }
    }

    /// The error for such an input.
    pub(crate) fn failure(self) -> anyhow::Error {
        Failure::new(self.to_string(), self.remedy())
    }

    /// The error for an input that failed to read, with its remedy if known.
    pub(crate) fn explained(error: anyhow::Error) -> anyhow::Error {
        let cause = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let what = cause.and_then(|cause| cause.downcast_ref::<Self>()).copied();
        what.map_or(error, Self::failure)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("a SQLite database, not text"),
            Self::OwnDatabase => f.write_str("a database of slo, not records"),
            Self::Binary(what) => write!(f, "not text but {what}"),
            Self::Encoded(encoding) => write!(f, "{encoding} text; slo reads UTF-8"),
            Self::Foreign => f.write_str("text that is not UTF-8"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl From<Unreadable> for io::Error {
    fn from(what: Unreadable) -> Self {
        Self::new(io::ErrorKind::InvalidData, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, pair: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(pair).collect()
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_first_bytes() {
        let table = "ts,system,status\n2026-10-01,Büro,up\n";
        let random: Vec<u8> = (0..512_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (bytes, expected) in [
            (utf16(table, u16::to_le_bytes), Some(Unreadable::Encoded("UTF-16"))),
            (utf16(table, u16::to_be_bytes), Some(Unreadable::Encoded("UTF-16"))),
            (b"\xff\xfet\0s\0".to_vec(), Some(Unreadable::Encoded("UTF-16"))),
            (b"\xff\xfe\0\0t\0\0\0".to_vec(), Some(Unreadable::Encoded("UTF-32"))),
            (b"SQLite format 3\0".to_vec(), Some(Unreadable::Database)),
            ([b"SQLite format 3\0", &[0; 52][..], b"slo1"].concat(), Some(Unreadable::OwnDatabase)),
            (vec![0; 3000], Some(Unreadable::Binary("a binary file"))),
            (random, Some(Unreadable::Binary("a binary file"))),
            (b"ts,system\n2026-10-01,B\xfcro\n".to_vec(), Some(Unreadable::Foreign)),
            (table.as_bytes().to_vec(), None),
            ("日本\u{1b}[0m\n".repeat(200).into_bytes(), None),
            (Vec::new(), None),
            (b"a".to_vec(), None),
        ] {
            assert_eq!(Unreadable::told(&bytes), expected, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
