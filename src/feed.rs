//! Owns transition lines: any accepted format in, batches of checked rows out, in bounded memory whatever the input.

mod csv;
mod fields;
mod input;
mod intern;
mod json;
mod records;
mod row;
mod time;

use std::io::Read;

use anyhow::Result;

use crate::domain::instant::Instant;
use crate::domain::name::Name;
use crate::domain::transition::Source;

use csv::Columns;
use fields::Fields;
use input::Input;
use intern::Interner;
use records::{Cut, Records};
pub(crate) use row::Row;

/// The longest a line may be, in bytes, its end not counted.
pub(crate) const LONGEST_LINE: usize = 1 << 20;
/// Bytes of notes that end a batch.
const MOST_NOTE_BYTES: usize = 4 << 20;
/// Names of ignored fields that are remembered.
const MOST_IGNORED: usize = 16;

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
    /// Told by the first line.
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
    /// The line or a piece of it, unchanged.
    pub(crate) raw: &'r [u8],
    /// Whether the line is complete with this piece.
    pub(crate) complete: bool,
}

/// Reads one input.
pub(crate) struct Reader<R> {
    records: Records<Input<R>>,
    options: Options,
    columns: Option<Columns>,
    interner: Interner,
    times: time::Times,
    ignored: Vec<String>,
    restart: bool,
    done: bool,
}

impl<R: Read> Reader<R> {
    /// A reader that has read nothing yet.
    pub(crate) fn new(input: R, options: Options) -> Self {
        Self {
            records: Records::new(Input::new(input)),
            options,
            columns: None,
            interner: Interner::new(),
            times: time::Times::new(),
            ignored: Vec::new(),
            restart: false,
            done: false,
        }
    }

    /// Names of fields that no line needs, as far as they are remembered.
    pub(crate) fn ignored_fields(&self) -> &[String] {
        &self.ignored
    }

    /// The next batch, or `None` at the end of the input. Calls `on_reject` for every line that is not accepted.
    ///
    /// # Errors
    /// When the input cannot be read, is of no known format, or `on_reject` fails.
    pub(crate) fn next_batch(
        &mut self,
        on_reject: &mut impl FnMut(&Reject<'_>) -> std::io::Result<()>,
    ) -> Result<Option<Batch>> {
        let mut batch = Batch { restart: std::mem::take(&mut self.restart), ..Batch::default() };
        let known = if batch.restart { 0 } else { self.interner.len() };
        if batch.restart {
            self.interner = Interner::new();
        }
        let mut note_bytes = 0;
        while !self.done {
            if batch.rows.len() >= self.options.batch_rows
                || note_bytes >= MOST_NOTE_BYTES
                || self.interner.len() == Row::MOST_STREAMS
            {
                // The table of streams is full: indices begin anew.
                self.restart = self.interner.len() == Row::MOST_STREAMS;
                break;
            }
            if self.options.follow && (!batch.rows.is_empty() || batch.read > 0) && !self.records.has_complete() {
                break;
            }
            let as_csv = self.options.format == Format::Csv;
            let Some(cut) = self.records.next(as_csv)? else {
                self.done = true;
                break;
            };
            let (raw, line) = match cut {
                Cut::Record { raw, line } => (raw, line),
                Cut::Overlong { piece, line, first, complete } => {
                    batch.read += u64::from(first);
                    batch.rejected += u64::from(first);
                    let reason = first.then(|| format!("longer than {} MiB", LONGEST_LINE >> 20));
                    on_reject(&Reject { line, reason, raw: piece, complete })?;
                    continue;
                }
            };
            if raw.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if self.options.format == Format::Auto {
                self.options.format = csv::tell(raw)?;
            }
            if self.options.format == Format::Csv && self.columns.is_none() {
                let columns = Columns::read(raw)?;
                for name in columns.ignored() {
                    remember(&mut self.ignored, name);
                }
                self.columns = Some(columns);
                continue;
            }
            batch.read += 1;
            let mut fields = Fields::default();
            let parsed = match &mut self.columns {
                Some(columns) => columns.split(raw, &mut fields),
                None if json::scan(raw, &mut fields) => Ok(()),
                None => {
                    fields = Fields::default();
                    json::parse(raw, &mut fields, &mut |name| remember(&mut self.ignored, name))
                }
            };
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
        if self.done && batch.read == 0 && !batch.restart {
            return Ok(None);
        }
        batch.new_streams = self.interner.keys_from(known);
        batch.bytes = self.records.input().bytes();
        Ok(Some(batch))
    }
}

fn remember(names: &mut Vec<String>, name: &str) {
    if names.len() < MOST_IGNORED && !names.iter().any(|known| known == name) {
        names.push(fields::excerpt(name.as_bytes()));
    }
}

#[cfg(test)]
mod tests;
