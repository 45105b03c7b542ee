//! Owns reading transition lines: any accepted format in, batches of checked rows out, in bounded memory whatever the
//! input.

mod batch;
mod builtin;
mod csv;
mod described;
mod fields;
mod frame;
mod input;
mod intern;
mod json;
mod names;
mod opening;
mod reading;
mod records;
mod row;
mod shape;
mod time;
mod unreadable;
mod walk;

use std::borrow::Cow;
use std::io::Read;

use anyhow::Result;

use crate::domain::value::instant::Instant;

pub(crate) use batch::{Batch, Planned, Work};
pub(crate) use builtin::BUILTIN;
pub(crate) use described::{Described, Gathered, Recipe, Surroundings, expected, is_instant_query, likely, look, tell};
use fields::Fields;
use frame::Frame;
use input::Input;
pub(crate) use input::beginning;
use intern::Interner;
pub(crate) use names::Names;
use opening::{Held, Opening};
pub(crate) use reading::Reading;
use records::Cut;
pub(crate) use row::Row;
use shape::{Shape, Told};
pub(crate) use unreadable::Unreadable;

/// The longest line in bytes, without its end.
pub(crate) const LONGEST_LINE: usize = 1 << 20;
/// Bytes of notes after which a batch ends.
pub(crate) const MOST_NOTE_BYTES: usize = 4 << 20;

/// The format of the input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// Detected from the first line that is a JSON object or a CSV header.
    Auto,
    Jsonl,
    Csv,
}

/// How a feed is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) format: Format,
    /// Later instants are rejected: the machine's clock plus the allowed skew.
    pub(crate) latest: Instant,
    /// The machine's clock, to say how far in the future a rejected instant is.
    pub(crate) now: Instant,
    /// Rows after which a batch ends.
    pub(crate) batch_rows: usize,
    /// Whether a batch ends as soon as all input available is read.
    pub(crate) follow: bool,
    /// Whether planned work is wanted too.
    pub(crate) plans: bool,
}

/// A rejected line, or a further piece of one that is too long to hold.
#[derive(Debug)]
pub(crate) struct Reject<'r> {
    /// Counted from 1.
    pub(crate) line: u64,
    /// Why; `None` for a further piece of the same line.
    pub(crate) reason: Option<String>,
    /// The line or a piece of it, without its line feed; JSON is on one line. Empty for a further item of a record that
    /// was already passed.
    pub(crate) raw: &'r [u8],
    /// The header of the table that the line belongs to.
    pub(crate) header: Option<&'r [u8]>,
    /// Whether this piece completes the line.
    pub(crate) complete: bool,
}

/// Reads one input.
pub(crate) struct Reader<R: Read> {
    frame: Frame<R>,
    options: Options,
    shape: Shape,
    opening: Opening,
    names: Names,
    interner: Interner,
    times: time::Times,
    /// Whether another program writes what begins like this.
    knows: fn(&[u8]) -> bool,
    restart: bool,
    /// The error to return after the last batch.
    failed: Option<anyhow::Error>,
    done: bool,
}

impl<R: Read> Reader<R> {
    /// Creates a reader at the start of the input.
    pub(crate) fn new(input: R, options: Options, names: Names) -> Self {
        Self {
            frame: Frame::new(Input::new(input)),
            shape: Shape::new(options.format),
            opening: Opening::new(options.format == Format::Auto),
            names,
            options,
            interner: Interner::new(),
            times: time::Times::new(),
            knows: |_| false,
            restart: false,
            failed: None,
            done: false,
        }
    }

    /// The same, with an error for a single line that another program wrote: `knows` says whether one begins its files
    /// like this.
    pub(crate) fn recognizing(self, knows: fn(&[u8]) -> bool) -> Self {
        Self { knows, ..self }
    }

    /// The names read so far, for the next input.
    pub(crate) fn into_names(self) -> Names {
        self.names
    }

    /// Names of unused fields, up to a limit.
    pub(crate) fn ignored_fields(&self) -> &[String] {
        self.shape.ignored()
    }

    /// The lines held back while the format is unknown.
    pub(crate) fn beginning(&self) -> Vec<u8> {
        self.opening.bytes()
    }

    /// The line on which a partially read record begins.
    pub(crate) fn partial(&self) -> Option<u64> {
        self.frame.partial()
    }

    /// The next batch, or `None` at the end of the input. Calls `on_reject` for every rejected line. Rows read before a
    /// failure are returned first.
    ///
    /// # Errors
    /// When the input cannot be read, has no known format, or `on_reject` fails.
    pub(crate) fn next_batch(
        &mut self,
        on_reject: &mut impl FnMut(&Reject<'_>) -> std::io::Result<()>,
    ) -> Result<Option<Batch>> {
        if let Some(error) = self.failed.take() {
            self.done = true;
            return Err(error);
        }
        self.open()?;
        let mut batch = Batch { restart: std::mem::take(&mut self.restart), ..Batch::default() };
        let known = if batch.restart { 0 } else { self.interner.len() };
        if batch.restart {
            self.interner = Interner::new();
        }
        while !self.done {
            if batch.is_full(self.options.batch_rows) || self.interner.is_full() {
                // When the stream table is full, indices restart.
                self.restart = self.interner.is_full();
                break;
            }
            let delimiter = self.shape.delimiter();
            if self.options.follow && batch.read > 0 && !self.frame.has_complete(delimiter) {
                break;
            }
            let is_list = self.frame.is_list();
            let (raw, line, broken) = match self.frame.next(delimiter) {
                Ok(Some(Cut::Record { raw, line, broken })) => (raw, line, broken),
                Ok(Some(Cut::Overlong { piece, line, first, complete })) => {
                    if first && !self.shape.is_settled() {
                        self.failed = self.opening.overlong(line, piece, self.knows);
                        if self.failed.is_some() {
                            break;
                        }
                    }
                    reject_held(self.opening.release(), &mut batch, on_reject)?;
                    batch.read += u64::from(first);
                    batch.rejected += u64::from(first);
                    let reason = first.then(|| format!("longer than {} MiB", LONGEST_LINE >> 20));
                    on_reject(&Reject { line, reason, raw: piece, header: self.shape.header(), complete })?;
                    continue;
                }
                ended => {
                    let error = ended.err();
                    self.end(error, &mut batch, on_reject)?;
                    break;
                }
            };
            if raw.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if !self.shape.is_settled() {
                match Self::begin(&mut self.shape, &mut self.opening, (raw, line, broken)) {
                    Ok(Begun { rejected, is_record: true }) => reject_held(rejected, &mut batch, on_reject)?,
                    Ok(Begun { rejected, .. }) => {
                        reject_held(rejected, &mut batch, on_reject)?;
                        continue;
                    }
                    Err(error) => {
                        let header = raw.to_vec();
                        self.opening.hold(line, &header, String::new());
                        self.failed = Some(self.with_record(&header, delimiter).unwrap_or(error));
                        break;
                    }
                }
            }
            let mut fields = Fields::default();
            let split = self.shape.split(raw, broken, &mut fields);
            let is_split = split.is_ok();
            let (interner, times, names) = (&mut self.interner, &mut self.times, &mut self.names);
            let row = split.and_then(|()| fields.row(interner, times, names, &self.options));
            // Tables may follow each other.
            if row.is_err() && self.shape.turn(raw) {
                continue;
            }
            let raw = if is_list && row.is_err() { json::on_one_line(raw) } else { Cow::Borrowed(raw) };
            let lacking = || if is_split { fields.lacking().collect() } else { Vec::new() };
            if let Err(reason) = &row
                && self.shape.is_json()
                && self.opening.hold_record(line, &raw, reason, lacking)
            {
                self.failed = self.opening.overflow();
                if self.failed.is_some() {
                    break;
                }
                continue;
            }
            if !self.opening.is_over() {
                reject_held(self.opening.end(), &mut batch, on_reject)?;
            }
            batch.read += 1;
            match row {
                Ok(row) => batch.keep(row, fields.note()),
                Err(reason) => {
                    batch.rejected += 1;
                    let header = self.shape.header();
                    on_reject(&Reject { line, reason: Some(reason), raw: &raw, header, complete: true })?;
                }
            }
        }
        if batch.read == 0 && !batch.restart {
            self.done = true;
            return self.failed.take().map_or(Ok(None), Err);
        }
        batch.new_streams = self.interner.keys_from(known);
        batch.bytes = self.frame.passed();
        Ok(Some(batch))
    }

    /// The error for a header, if the next record is complete: what the header lacks may be under another name, if its
    /// values are readable.
    fn with_record(&mut self, header: &[u8], delimiter: Option<u8>) -> Option<anyhow::Error> {
        let next = if self.frame.has_complete(delimiter) { self.frame.next(delimiter).ok()? } else { None };
        match next? {
            Cut::Record { raw, .. } => csv::with_record(header, raw),
            Cut::Overlong { .. } => None,
        }
    }

    /// Ends the input, with an error if it could not be read further.
    fn end(
        &mut self,
        error: Option<std::io::Error>,
        batch: &mut Batch,
        on_reject: &mut impl FnMut(&Reject<'_>) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        if let Some(error) = error {
            self.failed = Some(Unreadable::explained(error.into()));
        } else {
            self.done = true;
            self.failed = self.opening.error().or_else(|| self.opening.known(self.knows));
            if self.failed.is_some() {
                return Ok(());
            }
        }
        reject_held(self.opening.end(), batch, on_reject)
    }

    /// Detects how the input is split into records, unless known.
    fn open(&mut self) -> Result<()> {
        match self.frame.open(self.options.format == Format::Auto) {
            Ok(true) => {
                self.shape.settle_list();
                self.opening.settle_list();
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => {
                self.done = true;
                Err(Unreadable::explained(error.into()))
            }
        }
    }

    /// Examines a line of an input whose format is unknown.
    ///
    /// # Errors
    /// When it is a header without the required columns, or too many lines have no known format.
    fn begin(shape: &mut Shape, opening: &mut Opening, (raw, line, broken): (&[u8], u64, bool)) -> Result<Begun> {
        let (rejected, is_record) = match shape.learn(raw, opening.is_empty())? {
            // The held lines may begin a document that this line belongs to.
            Told::Record if opening.is_document() => (Vec::new(), true),
            Told::Record => (opening.release(), true),
            Told::Header => (opening.end(), false),
            Told::Nothing => {
                let begins_object = raw.trim_ascii_start().starts_with(b"{");
                let reason = shape.split(raw, broken, &mut Fields::default()).err().filter(|_| begins_object);
                opening.hold(line, raw, reason.unwrap_or_else(|| "expected a JSON object or a CSV header".to_owned()));
                opening.overflow().map_or(Ok((Vec::new(), false)), Err)?
            }
        };
        Ok(Begun { rejected, is_record })
    }
}

/// The role of a line at the beginning of an input.
struct Begun {
    /// Earlier lines that are rejected.
    rejected: Vec<Held>,
    /// Whether it is a record; otherwise it is a header or is held back.
    is_record: bool,
}

/// Rejects held lines.
fn reject_held(
    held: Vec<Held>,
    batch: &mut Batch,
    on_reject: &mut impl FnMut(&Reject<'_>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    for Held { line, raw, reason } in held {
        batch.read += 1;
        batch.rejected += 1;
        on_reject(&Reject { line, reason: Some(reason), raw: &raw, header: None, complete: true })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
