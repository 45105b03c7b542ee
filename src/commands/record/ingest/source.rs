//! Owns the reading side of an ingest: the thread that parses its inputs, the file of rejects, and the progress bar.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::input::{Input, choose};
use super::naming::{More, Naming};
use crate::cli::FeedFormat;
use crate::clock::Stopwatch;
use crate::commands::feeds;
use crate::domain::value::instant::Instant;
use crate::exit::Signal;
use crate::failure::Failure;
use crate::feed::{self, Batch, Described, Format, Names, Reader, Reading, Recipe, Reject, Surroundings};
use crate::file::{Fresh, Identity, is_special};
use crate::signals;

/// Rows of a batch: enough to pack well, few enough to keep several in memory.
const BATCH_ROWS: usize = 1_000_000;
/// How long an ingest runs before it shows its progress.
const PATIENCE_MS: u128 = 700;

/// How inputs are read.
pub(super) struct Options {
    pub(super) format: FeedFormat,
    pub(super) latest: Instant,
    pub(super) now: Instant,
    pub(super) follow: bool,
    /// The feeds that describe the records, unless they are transitions.
    pub(super) feed: Option<Vec<Recipe>>,
    /// Use this system for every record.
    pub(super) system: Option<String>,
    /// Whether planned work is wanted, too.
    pub(super) plans: bool,
}

/// A batch; the first one of a file has its name.
#[derive(Clone)]
pub(in crate::commands) struct Arrival {
    pub(in crate::commands) begins: Option<String>,
    pub(in crate::commands) batch: Batch,
}

/// The events of the reading thread.
pub(super) enum Event {
    Batch(Arrival),
    Rejected {
        place: String,
        reason: String,
    },
    /// The rejected lines that were not named.
    MoreRejected(Vec<More>),
    /// Names of unused fields.
    Ignored(Vec<String>),
    Failed {
        file: String,
        error: anyhow::Error,
    },
    /// A signal ended the reading; nothing follows.
    Stopped {
        signal: Signal,
        file: String,
        /// The line on which an incomplete record begins.
        partial: Option<u64>,
    },
}

/// Reads all inputs one after the other, until one fails or the receiver is gone.
pub(super) fn feed(
    inputs: Vec<Input>,
    options: Options,
    rejects: Option<Rejects>,
    names: Names,
    events: &SyncSender<Event>,
) {
    let (mut options, mut rejects, mut names) = (options, rejects, names);
    let mut naming = Naming::new(options.follow);
    for input in inputs {
        let name = input.name.clone();
        match feed_one(input, &mut options, (&mut rejects, &mut naming), &mut names, events) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                // Without a receiver, another error is already being reported.
                drop(events.send(Event::Failed { file: name, error }));
                return;
            }
        }
    }
    drop(events.send(Event::MoreRejected(naming.rest())));
}

/// Reads one input; returns whether the receiver is still there.
fn feed_one(
    input: Input,
    options: &mut Options,
    (rejects, naming): (&mut Option<Rejects>, &mut Naming),
    names: &mut Names,
    events: &SyncSender<Event>,
) -> Result<bool> {
    let Input { name, path, read, rows, goes_on } = input;
    let format = match options.format {
        FeedFormat::Auto => Format::Auto,
        FeedFormat::Jsonl => Format::Jsonl,
        FeedFormat::Csv => Format::Csv,
    };
    let (latest, now, follow, plans) = (options.latest, options.now, options.follow, options.plans);
    let how = feed::Options { format, latest, now, follow, batch_rows: BATCH_ROWS, plans };
    let recipes = options.feed.take();
    let mut source: Box<dyn Read + Send> = Box::new(read);
    let mut beginning = Vec::new();
    let mut reader = match &recipes {
        None => {
            let reader = Reader::new(source, how, std::mem::take(names)).recognizing(feeds::is_foreign);
            Reading::Transitions(Box::new(reader))
        }
        Some(recipes) => {
            let recipe = match rows {
                Some((index, _)) => &recipes[index],
                None => {
                    let (recipe, text) = choose(recipes, &mut source, follow)?;
                    beginning = text;
                    recipe
                }
            };
            let around = Surroundings { file: feeds::stem(path.as_deref()), system: options.system.clone() };
            let names = if recipe.feed().slug { Names::slugging(std::mem::take(names)) } else { std::mem::take(names) };
            let names = names.merging(recipe.feed().merges_names);
            let kind = rows.map(|(_, kind)| kind);
            Reading::Described(Box::new(Described::new(source, recipe, kind, around, how, names)))
        }
    };
    let place = (&*name, path.as_deref(), goes_on);
    let found = read_all(&mut reader, place, &beginning, (rejects, naming), events);
    *names = reader.into_names();
    options.feed = recipes;
    found
}

/// Reads an entire input; returns whether the receiver is still there.
fn read_all<R: Read>(
    reader: &mut Reading<'_, R>,
    (name, path, goes_on): (&str, Option<&Path>, bool),
    beginning: &[u8],
    (rejects, naming): (&mut Option<Rejects>, &mut Naming),
    events: &SyncSender<Event>,
) -> Result<bool> {
    let (name, unit) = (name.to_owned(), reader.unit());
    let mut begins = (!goes_on).then(|| name.clone());
    let mut restarts = goes_on;
    loop {
        let mut on_reject = |reject: &Reject<'_>| {
            if let Some(rejects) = rejects.as_mut() {
                rejects.keep(reject)?;
            }
            let sign = if unit == "line" { ":" } else { ": row " };
            let place = || format!("{name}{sign}{}", reject.line);
            if let Some(reason) = &reject.reason
                && let Some(place) = naming.name(reason, place)
            {
                // A missing receiver is noticed with the next batch.
                drop(events.send(Event::Rejected { place, reason: reason.clone() }));
            }
            Ok(())
        };
        let next = reader.next_batch(&mut on_reject);
        // A message about the kept lines must be true of the rejected ones, too.
        rejects.as_mut().map_or(Ok(()), Rejects::flush)?;
        let mut batch = match next {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(error) => {
                let Some(signal) = signals::stopped(&error) else {
                    // A failure after something was read has other reasons.
                    let is_first = begins.is_some() || restarts;
                    let error = match reader.feed() {
                        None => feeds::unread(error, &reader.beginning(), path, None),
                        Some(feed) if is_first => feeds::unread(error, beginning, path, Some(feed)),
                        Some(_) => error,
                    };
                    return Err(error);
                };
                let partial = reader.partial();
                drop(events.send(Event::Stopped { signal, file: name, partial }));
                return Ok(false);
            }
        };
        // Another kind of record of the same database numbers its streams again.
        batch.restart |= std::mem::take(&mut restarts);
        if events.send(Event::Batch(Arrival { begins: begins.take(), batch })).is_err() {
            return Ok(false);
        }
    }
    Ok(events.send(Event::Ignored(reader.ignored_fields().to_vec())).is_ok())
}

/// Refuses a flag whose target, under any name, is an input.
///
/// # Errors
/// If `target` is one of the inputs.
pub(super) fn refuse_overwriting(flag: &str, target: &Path, inputs: &[PathBuf]) -> Result<()> {
    let Some(known) = Identity::of(target).filter(|_| !is_special(target)) else { return Ok(()) };
    match inputs.iter().find(|input| Identity::of(input).as_ref() == Some(&known)) {
        Some(input) => Err(Failure::new(
            format!("{flag} {} would overwrite the input {}", target.display(), input.display()),
            if flag == "--rejects" { "name another file for the rejected lines" } else { "name another file" },
        )),
        None => Ok(()),
    }
}

/// The file for rejected lines, which can be read again: those of a table follow its header.
pub(super) struct Rejects {
    path: PathBuf,
    file: BufWriter<File>,
    /// The header that the last line belongs to.
    header: Option<Vec<u8>>,
}

impl Rejects {
    /// Creates the file, empty, in place of an existing one; a hard link to that one keeps its content.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = if is_special(path) {
            OpenOptions::new().write(true).open(path).map_err(anyhow::Error::from)
        } else {
            Fresh::replacing(path).and_then(|fresh| Ok(fresh.replace()?))
        };
        let file = file.map_err(|error| match Failure::hint(&error) {
            Some(_) => error.context("--rejects"),
            None => Failure::new(
                format!("--rejects: cannot write {}: {error}", path.display()),
                "name a file in an existing, writable folder",
            ),
        })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), header: None })
    }

    fn keep(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        self.write(reject).map_err(|error| self.explain(&error))
    }

    fn write(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        let begins = reject.reason.is_some();
        if begins && reject.raw.is_empty() {
            // Its record is already there.
            return Ok(());
        }
        if begins && self.header.as_deref() != reject.header {
            if let Some(header) = reject.header {
                self.file.write_all(header)?;
                self.file.write_all(b"\n")?;
            }
            self.header = reject.header.map(<[u8]>::to_vec);
        }
        self.file.write_all(reject.raw)?;
        if reject.complete { self.file.write_all(b"\n") } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("cannot write rejected lines to {}: {error}", self.path.display()))
    }
}

/// A progress bar on a terminal for a long ingest.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    began: Stopwatch,
    total: u64,
    passed: u64,
    last: u64,
    shown: bool,
}

impl Progress {
    pub(super) fn new(wanted: bool, files: &[PathBuf]) -> Self {
        // The length of a pipe is unknown.
        let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |found| found.len());
        let total = files.iter().map(size).sum();
        let bar = wanted.then(|| ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden()));
        Self { bar, began: Stopwatch::start(), total, passed: 0, last: 0, shown: false }
    }

    /// The input was read up to this byte of its file.
    pub(super) fn advance(&mut self, bytes: u64) {
        // A smaller number is the start of another file.
        self.passed += if bytes >= self.last { bytes - self.last } else { bytes };
        self.last = bytes;
        let Some(bar) = &self.bar else { return };
        if !self.shown && self.began.elapsed().as_millis() >= PATIENCE_MS {
            self.shown = true;
            let shape = if self.total > 0 {
                "{bar:30} {percent}%  {bytes} of {total_bytes}  {eta} left"
            } else {
                "{spinner} {bytes}  {bytes_per_sec}"
            };
            bar.set_style(ProgressStyle::with_template(shape).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(self.passed);
    }

    /// Runs `work` with the bar hidden.
    pub(super) fn suspend(&self, work: impl FnOnce()) {
        match &self.bar {
            Some(bar) if self.shown => bar.suspend(work),
            _ => work(),
        }
    }

    /// Removes the bar.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
