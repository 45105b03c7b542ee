//! Owns reading an input by a feed: records in, batches of checked rows out, in bounded memory.

mod cut;
mod draft;
mod flat;
mod gathered;
mod held;
mod kind;
mod moments;
mod parsed;
mod saying;
mod table;
mod telling;
mod text;
mod trace;
mod tree;
mod work;
mod yaml;

use std::io::{self, Read};

use anyhow::Result;

use super::input::Input;
use super::names::Names;
use super::records::{Cut, Records};
use super::walk::Walk;
use super::{Batch, Options, Reject, Unreadable};
use crate::domain::health::feed::Step;
use crate::domain::health::feed::trial::Tried;
use crate::failure::Failure;
pub(crate) use draft::look;
pub(crate) use gathered::Gathered;
use kind::Place;
pub(crate) use kind::Recipe;
pub(crate) use telling::{expected, is_instant_query, likely, tell};
use text::Text;
use trace::Trace;
use work::{Work, longest};

/// Values that do not come from records.
#[derive(Clone, Default, Debug)]
pub(crate) struct Surroundings {
    /// The name of the file, without folder and extension.
    pub(crate) file: String,
    /// Use this system for every record.
    pub(crate) system: Option<String>,
}

/// Reads one input by a feed.
pub(crate) struct Described<'f, R: Read> {
    frame: Frame<R>,
    work: Work<'f>,
    options: Options,
    restart: bool,
    failed: Option<anyhow::Error>,
    done: bool,
}

/// How an input is split into records.
enum Frame<R: Read> {
    Lines(Box<Records<Input<R>>>),
    Document(Box<Walk<Text<R>>>),
}

impl<'f, R: Read> Described<'f, R> {
    /// Creates a reader at the start of an input; for a SQLite database, `only` is the kind of its rows.
    pub(crate) fn new(
        input: R,
        recipe: &'f Recipe,
        only: Option<usize>,
        around: Surroundings,
        options: Options,
        names: Names,
    ) -> Self {
        let input = Input::new(input);
        let frame = match recipe.feed.format {
            format if format.is_document() => {
                Frame::Document(Box::new(Walk::new(Text::new(input, format), ways(recipe))))
            }
            _ => Frame::Lines(Box::new(Records::new(input))),
        };
        let work = Work::new(recipe, only, around, options, names);
        Self { frame, work, options, restart: false, failed: None, done: false }
    }

    /// Traces the first records and the first rejected ones, up to `most` of each.
    pub(crate) fn tracing(mut self, most: usize) -> Self {
        self.work.trace = Some(Trace::new(most));
        self
    }

    /// Returns incidents instead of facts.
    fn gathering(mut self) -> Self {
        self.work.gather();
        self
    }

    /// The traced records.
    pub(crate) fn traced(&mut self) -> Vec<Tried> {
        self.work.trace.take().map(|trace| trace.found).unwrap_or_default()
    }

    /// The name of the feed.
    pub(crate) fn feed(&self) -> &str {
        self.work.feed()
    }

    /// The unit its records are counted in.
    pub(crate) fn unit(&self) -> &'static str {
        self.work.unit()
    }

    /// The names read so far, for the next input.
    pub(crate) fn into_names(self) -> Names {
        self.work.into_names()
    }

    /// The line on which a partially read record begins.
    pub(crate) fn partial(&self) -> Option<u64> {
        match &self.frame {
            Frame::Lines(records) => records.partial(),
            Frame::Document(walk) => walk.partial(),
        }
    }

    /// The next batch, or `None` at the end of the input; see [`super::Reader::next_batch`].
    ///
    /// # Errors
    /// When the input cannot be read or has no records of the feed, or `on_reject` fails.
    pub(crate) fn next_batch(
        &mut self,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<Option<Batch>> {
        if let Some(error) = self.failed.take() {
            self.done = true;
            return Err(error);
        }
        let mut batch = Batch { restart: std::mem::take(&mut self.restart), ..Batch::default() };
        batch.max_gap_ms = self.work.max_gap_ms();
        if batch.restart {
            self.work.restart();
        }
        let known = if batch.restart { 0 } else { self.work.streams() };
        while !self.done {
            if batch.is_full(self.options.batch_rows) || self.work.is_full() {
                self.restart = self.work.is_full();
                break;
            }
            match self.step(&mut batch, on_reject) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.failed = Some(Unreadable::explained(error));
                    break;
                }
            }
        }
        if batch.read == 0 && batch.planned.is_empty() && !batch.restart {
            self.done = true;
            return self.failed.take().map_or(Ok(None), Err);
        }
        batch.new_streams = self.work.streams_from(known);
        batch.bytes = match &self.frame {
            Frame::Lines(records) => records.input().passed(),
            Frame::Document(walk) => walk.input().passed(),
        };
        Ok(Some(batch))
    }

    /// Reads one record; returns whether another may follow without blocking.
    fn step(&mut self, batch: &mut Batch, on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>) -> Result<bool> {
        let work = &mut self.work;
        let goes_on = match &mut self.frame {
            Frame::Lines(records) => {
                let delimiter = work.delimiter();
                if self.options.follow && batch.read > 0 && !records.has_complete(delimiter) {
                    return Ok(false);
                }
                match records.next(delimiter)? {
                    None => false,
                    Some(Cut::Record { raw, line, broken }) => {
                        work.line(raw, (line, broken), batch, on_reject)?;
                        true
                    }
                    Some(Cut::Overlong { piece, line, first, complete }) => {
                        let (reason, line) = (first.then(longest), work.number(line));
                        work.reject(Reject { line, reason, raw: piece, header: None, complete }, batch, on_reject)?;
                        true
                    }
                }
            }
            Frame::Document(walk) if self.options.follow && batch.read > 0 && !walk.has_complete() => return Ok(false),
            Frame::Document(walk) => match walk.next()? {
                Some(found) => {
                    work.found(&found, batch, on_reject)?;
                    true
                }
                None => {
                    if !walk.has_reached() {
                        return Err(work.no_records());
                    }
                    false
                }
            },
        };
        if !goes_on {
            self.done = true;
            work.finish(batch, on_reject)?;
        }
        Ok(goes_on)
    }
}

/// The paths to the records of each kind.
fn ways(recipe: &Recipe) -> Vec<Vec<Step>> {
    let way = |kind: &kind::Kind| if let Place::Tree(tree) = &kind.place { tree.way.clone() } else { Vec::new() };
    recipe.kinds.iter().map(way).collect()
}

/// The error for an input without a record that fits the feed.
fn unfitting(feed: &str, what: &str) -> anyhow::Error {
    Failure::new(
        format!("not the format of the feed {feed}: {what}"),
        "check what it makes of the records with `slo feed try FILE --feed NAME`; `slo list feeds` lists the others",
    )
}
