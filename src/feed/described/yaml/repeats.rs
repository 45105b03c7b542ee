//! Owns what aliases stand for: the JSON of values with an anchor, within bounds on what is kept and on what is repeated.

use std::collections::HashMap;
use std::io;

use super::wrong;

/// The most bytes that are kept of the values of a document, and the longest one that may be repeated.
const MOST_KEPT: usize = 8 << 20;
/// The most anchors of a document.
const MOST_ANCHORS: usize = 100_000;
/// Bytes that aliases may stand for, for each byte of the input, and beside that.
const MOST_TIMES: u64 = 16;
const MOST_BESIDE: u64 = 64 << 20;

/// The values of one document that may be repeated.
#[derive(Default)]
pub(super) struct Repeats {
    /// By anchor; `None` of a value that is not whole, or too long.
    known: HashMap<usize, Option<Vec<u8>>>,
    kept: usize,
    /// What was written since the first value began that is to be kept.
    tape: Vec<u8>,
    /// Of each open list and mapping, its anchor and where it begins on the tape.
    open: Vec<(usize, usize)>,
    /// How many of them have an anchor.
    wanted: usize,
    is_full: bool,
    repeated: u64,
}

impl Repeats {
    /// Another document begins, which knows nothing of the one before.
    pub(super) fn clear(&mut self) {
        let repeated = self.repeated;
        *self = Self { repeated, ..Self::default() };
    }

    /// A list or mapping begins, or a text that has an anchor.
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

    /// What is between values; it is no part of the one that begins after it.
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

    /// The value that began last has ended.
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

    /// What an alias stands for, after so many bytes of input.
    ///
    /// # Errors
    /// With the reason for which it stands for nothing.
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
