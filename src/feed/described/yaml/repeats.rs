//! Owns the expansion of aliases: the JSON of anchored values, with bounds on storage and repetition.

use std::collections::HashMap;
use std::io;

use super::wrong;

/// The most bytes stored for the values of a document, and the longest value that may be repeated.
const MOST_KEPT: usize = 8 << 20;
/// The most anchors of a document.
const MOST_ANCHORS: usize = 100_000;
/// Bytes that aliases may expand to, per byte of input, and in addition.
const MOST_TIMES: u64 = 16;
const MOST_BESIDE: u64 = 64 << 20;

/// The anchored values of one document.
#[derive(Default)]
pub(super) struct Repeats {
    /// By anchor; `None` if a value is incomplete or too long.
    known: HashMap<usize, Option<Vec<u8>>>,
    kept: usize,
    /// The JSON since the start of the first value being stored.
    tape: Vec<u8>,
    /// The anchor and tape position of each open list, mapping or text.
    open: Vec<(usize, usize)>,
    /// How many of them have an anchor.
    wanted: usize,
    is_full: bool,
    repeated: u64,
}

impl Repeats {
    /// Starts another document, whose anchors are its own.
    pub(super) fn clear(&mut self) {
        let repeated = self.repeated;
        *self = Self { repeated, ..Self::default() };
    }

    /// Opens a list, a mapping, or a text with an anchor.
    ///
    /// # Errors
    /// When there are too many anchors.
    pub(super) fn open(&mut self, anchor: usize, line: usize) -> io::Result<()> {
        if anchor > 0 {
            if self.known.len() >= MOST_ANCHORS {
                return Err(wrong(line, &format!("more than {MOST_ANCHORS} anchors in a document")));
            }
            self.known.insert(anchor, None);
            self.wanted += 1;
        }
        self.open.push((anchor, usize::MAX));
        Ok(())
    }

    /// Writes a separator, which belongs to no value.
    pub(super) fn separate(&mut self, separator: &[u8]) {
        self.write_to_tape(separator);
    }

    pub(super) fn write(&mut self, json: &[u8]) {
        if let Some(begins) = self.open.last_mut().filter(|(_, at)| *at == usize::MAX) {
            begins.1 = self.tape.len();
        }
        self.write_to_tape(json);
    }

    fn write_to_tape(&mut self, json: &[u8]) {
        if self.wanted == 0 || self.is_full {
            return;
        }
        self.is_full = self.tape.len() + json.len() > MOST_KEPT;
        if !self.is_full {
            self.tape.extend_from_slice(json);
        }
    }

    /// Closes the last open value.
    pub(super) fn close(&mut self) {
        let Some((anchor, start)) = self.open.pop() else { return };
        if anchor == 0 {
            return;
        }
        let length = self.tape.len().saturating_sub(start);
        if !self.is_full && self.kept + length <= MOST_KEPT {
            self.kept += length;
            self.known.insert(anchor, Some(self.tape[start..].to_vec()));
        }
        self.wanted -= 1;
        if self.wanted == 0 {
            self.tape.clear();
            self.is_full = false;
        }
    }

    /// The value of an alias, after this many bytes of input.
    ///
    /// # Errors
    /// With the reason when it has none.
    pub(super) fn of(&mut self, anchor: usize, bytes: u64) -> Result<Vec<u8>, &'static str> {
        let known = self.known.get(&anchor).ok_or("an alias names an anchor that is not defined before it")?;
        let json = known.clone().ok_or("an alias stands for a value that it is in, or for one longer than 8 MiB")?;
        self.repeated += json.len() as u64;
        if self.repeated > MOST_BESIDE + bytes.saturating_mul(MOST_TIMES) {
            return Err("aliases make this far longer than it is; write the values out");
        }
        Ok(json)
    }
}
