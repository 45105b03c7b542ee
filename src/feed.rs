//! Owns transition lines: any accepted format in, batches of checked rows out, in bounded memory whatever the input.

mod csv;
mod fields;
mod incidents;
mod input;
mod intern;
mod json;
mod records;
mod row;
mod shape;
mod time;

use std::io::Read;

use anyhow::Result;

use crate::domain::instant::Instant;
use crate::domain::name::Name;
use crate::domain::transition::Source;

use fields::Fields;
pub(crate) use incidents::read_incidents;
use input::Input;
use intern::Interner;
use records::{Cut, Records};
pub(crate) use row::Row;
use shape::{Shape, Told};

/// The longest a line may be, in bytes, its end not counted.
pub(crate) const LONGEST_LINE: usize = 1 << 20;
/// Bytes of notes that end a batch.
const MOST_NOTE_BYTES: usize = 4 << 20;
/// A stream as a feed names it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StreamKey {
    pub(crate) system: Name,
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
}

/// What the input is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// Told by the first line that is a JSON object or a CSV header.
    Auto,
    Jsonl,
    Csv,
}

/// How a feed is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) format: Format,
    /// Later moments are rejected: the machine's clock and the allowed skew.
    pub(crate) latest: Instant,
    /// The machine's clock, to say how far ahead a rejected moment is.
    pub(crate) now: Instant,
    /// Rows that end a batch.
    pub(crate) batch_rows: usize,
    /// Whether a batch ends as soon as everything that has arrived is read.
    pub(crate) follow: bool,
}

/// Rows in the order of the input, with the streams that are new to them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Whether stream indices begin anew with this batch.
    pub(crate) restart: bool,
    /// Streams that get the next indices, in order.
    pub(crate) new_streams: Vec<StreamKey>,
    pub(crate) rows: Vec<Row>,
    /// Notes by index into `rows`.
    pub(crate) notes: Vec<(u32, Box<str>)>,
    /// Lines or records seen, accepted or not; blank lines do not count.
    pub(crate) read: u64,
    pub(crate) rejected: u64,
    /// Bytes of the file read so far, compressed ones where it is.
    pub(crate) bytes: u64,
}

/// A line that was not accepted, or a further piece of one that is too long to be held.
#[derive(Debug)]
pub(crate) struct Reject<'r> {
    /// Counted from 1.
    pub(crate) line: u64,
    /// Why; `None` for a further piece of the line before.
    pub(crate) reason: Option<String>,
    /// The line or a piece of it, unchanged but for its line feed.
    pub(crate) raw: &'r [u8],
    /// Whether the line is complete with this piece.
    pub(crate) complete: bool,
}

/// Reads one input.
pub(crate) struct Reader<R> {
    records: Records<Input<R>>,
    options: Options,
    shape: Shape,
    interner: Interner,
    times: time::Times,
    restart: bool,
    /// Why nothing follows what has been handed out.
    failed: Option<anyhow::Error>,
    done: bool,
}

impl<R: Read> Reader<R> {
    /// A reader that has read nothing yet.
    pub(crate) fn new(input: R, options: Options) -> Self {
        Self {
            records: Records::new(Input::new(input)),
            shape: Shape::new(options.format),
            options,
            interner: Interner::new(),
            times: time::Times::new(),
            restart: false,
            failed: None,
            done: false,
        }
    }

    /// Names of fields that no line needs, as far as they are remembered.
    pub(crate) fn ignored_fields(&self) -> &[String] {
        self.shape.ignored()
    }

    /// The line on which a record begins of which only a part has been read.
    pub(crate) fn partial(&self) -> Option<u64> {
        self.records.partial()
    }

    /// The next batch, or `None` at the end of the input. Calls `on_reject` for every line that is not accepted. What was
    /// read before the input failed is handed out first.
    ///
    /// # Errors
    /// When the input cannot be read, is of no known format, or `on_reject` fails.
    pub(crate) fn next_batch(
        &mut self,
        on_reject: &mut impl FnMut(&Reject<'_>) -> std::io::Result<()>,
    ) -> Result<Option<Batch>> {
        if let Some(error) = self.failed.take() {
            self.done = true;
            return Err(error);
        }
        let mut batch = Batch { restart: std::mem::take(&mut self.restart), ..Batch::default() };
        let known = if batch.restart { 0 } else { self.interner.len() };
        if batch.restart {
            self.interner = Interner::new();
        }
        let mut note_bytes = 0;
        while !self.done {
            if batch.rows.len() >= self.options.batch_rows || note_bytes >= MOST_NOTE_BYTES || self.interner.is_full() {
                // Where the table of streams is full, indices begin anew.
                self.restart = self.interner.is_full();
                break;
            }
            let delimiter = self.shape.delimiter();
            if self.options.follow && batch.read > 0 && !self.records.has_complete(delimiter) {
                break;
            }
            let (raw, line, broken) = match self.records.next(delimiter) {
                Ok(Some(Cut::Record { raw, line, broken })) => (raw, line, broken),
                Ok(Some(Cut::Overlong { piece, line, first, complete })) => {
                    batch.read += u64::from(first);
                    batch.rejected += u64::from(first);
                    let reason = first.then(|| format!("longer than {} MiB", LONGEST_LINE >> 20));
                    on_reject(&Reject { line, reason, raw: piece, complete })?;
                    continue;
                }
                Ok(None) => {
                    self.done = true;
                    self.failed = self.shape.end().err();
                    break;
                }
                Err(error) => {
                    self.failed = Some(error.into());
                    break;
                }
            };
            if raw.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if !self.shape.is_settled() {
                match self.shape.learn(raw) {
                    Ok(Told::Record) => {}
                    Ok(Told::Header) => continue,
                    Ok(Told::Nothing) => {
                        batch.read += 1;
                        batch.rejected += 1;
                        let reason = Some("neither a JSON object nor a CSV header".to_owned());
                        on_reject(&Reject { line, reason, raw, complete: true })?;
                        continue;
                    }
                    Err(error) => {
                        self.failed = Some(error);
                        break;
                    }
                }
            }
            batch.read += 1;
            let mut fields = Fields::default();
            let parsed = self.shape.split(raw, broken, &mut fields);
            let row = parsed.and_then(|()| fields.row(&mut self.interner, &mut self.times, &self.options));
            match row {
                Ok(row) => {
                    if let Some(note) = fields.note() {
                        note_bytes += note.len() + 32;
                        batch.notes.push((batch.rows.len() as u32, note.into()));
                    }
                    batch.rows.push(row);
                }
                Err(reason) => {
                    batch.rejected += 1;
                    on_reject(&Reject { line, reason: Some(reason), raw, complete: true })?;
                }
            }
        }
        if batch.read == 0 && !batch.restart {
            self.done = true;
            return self.failed.take().map_or(Ok(None), Err);
        }
        batch.new_streams = self.interner.keys_from(known);
        batch.bytes = self.records.input().bytes();
        Ok(Some(batch))
    }
}

#[cfg(test)]
mod tests;
