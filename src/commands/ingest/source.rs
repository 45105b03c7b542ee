//! Owns the reading side of an ingest: its inputs, the thread that parses them, the file of rejects, and the progress bar.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::display_name;
use crate::cli::FeedFormat;
use crate::clock::Stopwatch;
use crate::commands::{Context, feeds};
use crate::domain::health::feed::{Format as DescribedFormat, Shape};
use crate::domain::value::instant::Instant;
use crate::exit::Signal;
use crate::failure::Failure;
use crate::feed::{self, Batch, Described, Format, Names, Reader, Reading, Recipe, Reject, Surroundings};
use crate::file::{Fresh, Identity, is_special};
use crate::signals::{self, Signals};
use crate::store::Foreign;

/// Rows of a batch: enough to pack well, few enough to hold several at once.
const BATCH_ROWS: usize = 1_000_000;
/// How long an ingest runs before it shows its progress.
const PATIENCE_MS: u128 = 700;

/// The beginning of an input by which it is told what it is, in bytes.
const BEGINNING: usize = 64 * 1024;

/// Where lines come from.
pub(super) struct Input {
    name: String,
    path: Option<PathBuf>,
    read: Source,
    /// Of rows of another program's database: of which feed and kind they are.
    rows: Option<(usize, usize)>,
    /// Whether it goes on with what the input before it is.
    goes_on: bool,
}

enum Source {
    File(File),
    Given(Box<dyn Read + Send>),
    /// Rows, and why they ended early, if they did.
    Rows(File, Receiver<String>),
}

impl Input {
    /// Opens a file, or takes standard input for `-`. Another program's database is several inputs, one for each kind of record
    /// that its feed has.
    ///
    /// # Errors
    /// When the file cannot be opened, or is a database that no feed was named for.
    pub(super) fn open(
        context: &mut Context<'_>,
        file: &Path,
        feed: Option<&[Recipe]>,
        plans: bool,
    ) -> Result<Vec<Self>> {
        let name = display_name(file);
        if file == Path::new("-") {
            let given = std::mem::replace(&mut context.stdin, Box::new(io::empty()));
            let own = if context.owns_process { signals::standard_input()? } else { None };
            let read = own.map_or(Source::Given(given), Source::File);
            return Ok(vec![Self { name, path: None, read, rows: None, goes_on: false }]);
        }
        let opened = File::open(file).and_then(|opened| {
            let kind = opened.metadata()?;
            if kind.is_dir() { Err(io::Error::other("it is a folder")) } else { Ok((kind.is_file(), opened)) }
        });
        let (is_file, opened) = opened.map_err(|error| {
            Failure::new(
                format!("cannot read {name}: {error}"),
                "nothing was kept; name files that exist and may be read, or - for standard input",
            )
        })?;
        if is_file && let (Some(database), Some(feed)) = (Foreign::at(file), feed) {
            return Self::of_database(&database, file, feed, plans);
        }
        Ok(vec![Self { name, path: Some(file.to_owned()), read: Source::File(opened), rows: None, goes_on: false }])
    }

    fn of_database(database: &Foreign, file: &Path, feed: &[Recipe], plans: bool) -> Result<Vec<Self>> {
        let Some(index) = feed.iter().position(|recipe| recipe.feed().format == DescribedFormat::Sqlite) else {
            let name = display_name(file);
            return Err(Failure::new(
                format!("{name}: a SQLite database, which the feed does not read"),
                feeds::fitting(b"SQLite format 3\0", Some(file))?
                    .first()
                    .map_or("see slo list feeds".to_owned(), |fits| format!("slo ingest --feed {fits} {name}")),
            ));
        };
        let kinds = &feed[index].feed().kinds;
        let wanted = kinds.iter().enumerate().filter(|(_, kind)| plans || kind.shape != Shape::Maintenance);
        let mut inputs: Vec<Self> = Vec::new();
        for (kind, query) in wanted.filter_map(|(number, kind)| Some((number, kind.records.as_deref()?))) {
            let rows = database.rows(query)?;
            inputs.push(Self {
                name: display_name(file),
                path: Some(file.to_owned()),
                read: Source::Rows(rows.text, rows.fault),
                rows: Some((index, kind)),
                goes_on: !inputs.is_empty(),
            });
        }
        Ok(inputs)
    }

    /// The same input, whose reading ends when a signal comes.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn until(self, signals: Option<&Signals>) -> Result<Self> {
        let guard = |file: File| -> Result<Box<dyn Read + Send>> {
            Ok(match signals {
                Some(signals) => Box::new(signals.guard(file)?),
                None => Box::new(file),
            })
        };
        let read: Box<dyn Read + Send> = match self.read {
            Source::File(file) => guard(file)?,
            Source::Rows(text, fault) => Box::new(Faulty { text: guard(text)?, fault }),
            Source::Given(read) => read,
        };
        Ok(Self { read: Source::Given(read), ..self })
    }
}

/// Rows that may end with a reason.
struct Faulty {
    text: Box<dyn Read + Send>,
    fault: Receiver<String>,
}

impl Read for Faulty {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(into)?;
        if count == 0
            && !into.is_empty()
            && let Ok(reason) = self.fault.recv()
        {
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(count)
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(into),
            Self::Given(read) => read.read(into),
            Self::Rows(text, _) => text.read(into),
        }
    }
}

/// How inputs are read.
pub(super) struct Options {
    pub(super) format: FeedFormat,
    pub(super) latest: Instant,
    pub(super) now: Instant,
    pub(super) follow: bool,
    /// Rejected lines that are told one by one.
    pub(super) named: u64,
    /// What describes the records, where they are not transitions.
    pub(super) feed: Option<Vec<Recipe>>,
    /// The system of every record, whatever it says.
    pub(super) system: Option<String>,
    /// Whether planned work is wanted too.
    pub(super) plans: bool,
}

/// A batch, with the name of its file where it is the first of it.
pub(in crate::commands) struct Arrival {
    pub(in crate::commands) begins: Option<String>,
    pub(in crate::commands) batch: Batch,
}

/// What the reading thread tells.
pub(super) enum Event {
    Batch(Arrival),
    Rejected {
        file: String,
        line: u64,
        reason: String,
    },
    /// Names of fields nobody needs.
    Ignored(Vec<String>),
    Failed {
        file: String,
        error: anyhow::Error,
    },
    /// A signal has ended the reading; nothing follows.
    Stopped {
        signal: Signal,
        file: String,
        /// The line on which a record begins of which only a part had come.
        partial: Option<u64>,
    },
}

/// Reads all inputs one after the other, until one fails or nobody listens.
pub(super) fn feed(
    inputs: Vec<Input>,
    options: Options,
    rejects: Option<Rejects>,
    names: Names,
    events: &SyncSender<Event>,
) {
    let (mut options, mut rejects, mut names) = (options, rejects, names);
    for input in inputs {
        let name = input.name.clone();
        match feed_one(input, &mut options, &mut rejects, &mut names, events) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                // Whoever does not listen any more has an error of his own to tell.
                drop(events.send(Event::Failed { file: name, error }));
                return;
            }
        }
    }
}

/// Reads one input; returns whether somebody still listens.
fn feed_one(
    input: Input,
    options: &mut Options,
    rejects: &mut Option<Rejects>,
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
    let mut reader = match &recipes {
        None => Reading::Transitions(Box::new(Reader::new(source, how, std::mem::take(names)))),
        Some(recipes) => {
            let recipe = match rows {
                Some((index, _)) => &recipes[index],
                None => choose(recipes, &mut source)?,
            };
            let around = Surroundings { file: stem(path.as_deref()), system: options.system.clone() };
            let names = if recipe.feed().slug { Names::slugging(std::mem::take(names)) } else { std::mem::take(names) };
            let kind = rows.map(|(_, kind)| kind);
            Reading::Described(Box::new(Described::new(source, recipe, kind, around, how, names)))
        }
    };
    let found = read_all(&mut reader, (&name, path.as_deref(), goes_on), options, rejects, events);
    *names = reader.into_names();
    options.feed = recipes;
    found
}

/// The one of several descriptions that an input fits.
///
/// # Errors
/// When it fits none, or cannot be read.
fn choose<'f>(recipes: &'f [Recipe], source: &mut Box<dyn Read + Send>) -> Result<&'f Recipe> {
    let is_database = |recipe: &&Recipe| recipe.feed().format == DescribedFormat::Sqlite;
    if let [only] = recipes
        && !is_database(&only)
    {
        return Ok(only);
    }
    let mut beginning = Vec::new();
    source.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning)?;
    let text = feed::beginning(&beginning);
    let is_foreign = Foreign::is_one(&text);
    let rest = std::mem::replace(source, Box::new(io::empty()));
    *source = Box::new(io::Cursor::new(beginning).chain(rest));
    if let Some(fits) = feed::tell(&text, recipes).into_iter().next().or_else(|| feed::reach(&text, recipes)) {
        return Ok(fits);
    }
    let name = recipes.first().map_or("", |recipe| recipe.feed().name.as_str());
    if is_foreign {
        return Err(Failure::new(
            "a SQLite database cannot be read from a pipe, nor zipped",
            "unzip it, and name the file",
        ));
    }
    let others: Vec<&Recipe> = recipes.iter().filter(|recipe| !is_database(recipe)).collect();
    match others.as_slice() {
        [only] => return Ok(only),
        [first, ..] if text.trim_ascii().is_empty() => return Ok(first),
        _ => {}
    }
    let forms: Vec<String> = recipes.iter().map(|recipe| recipe.feed().format.as_str().to_owned()).collect();
    let fitting = feeds::fitting(&text, None)?;
    let hint = fitting.first().map_or_else(
        || format!("see what it reads with slo feed show {name}"),
        |fits| format!("it looks like what the feed {fits} reads: slo ingest --feed {fits}"),
    );
    Err(Failure::new(format!("not what the feed {name} reads, which is {}", forms.join(" or ")), hint))
}

/// The name of a file without folder and endings.
fn stem(path: Option<&Path>) -> String {
    let Some(path) = path else { return "stdin".to_owned() };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = Path::new(name).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Reads all of one input; returns whether somebody still listens.
fn read_all<R: Read>(
    reader: &mut Reading<'_, R>,
    (name, path, goes_on): (&str, Option<&Path>, bool),
    options: &mut Options,
    rejects: &mut Option<Rejects>,
    events: &SyncSender<Event>,
) -> Result<bool> {
    let name = name.to_owned();
    let mut begins = (!goes_on).then(|| name.clone());
    let mut restarts = goes_on;
    loop {
        let mut on_reject = |reject: &Reject<'_>| {
            if let Some(rejects) = rejects.as_mut() {
                rejects.keep(reject)?;
            }
            if let Some(reason) = &reject.reason
                && options.named > 0
            {
                options.named -= 1;
                let (file, line, reason) = (name.clone(), reject.line, reason.clone());
                // A listener that went away is noticed with the next batch.
                drop(events.send(Event::Rejected { file, line, reason }));
            }
            Ok(())
        };
        let next = reader.next_batch(&mut on_reject);
        // What is told of the lines kept so far must be true of the rejected ones too.
        rejects.as_mut().map_or(Ok(()), Rejects::flush)?;
        let mut batch = match next {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(error) => {
                let Some(signal) = signals::stopped(&error) else {
                    let beginning = reader.beginning();
                    let told = if beginning.is_empty() { None } else { feeds::advice(&beginning, path) };
                    return Err(told.unwrap_or(error));
                };
                let partial = reader.partial();
                drop(events.send(Event::Stopped { signal, file: name, partial }));
                return Ok(false);
            }
        };
        // Another kind of record of the same database numbers its streams anew.
        batch.restart |= std::mem::take(&mut restarts);
        if events.send(Event::Batch(Arrival { begins: begins.take(), batch })).is_err() {
            return Ok(false);
        }
    }
    Ok(events.send(Event::Ignored(reader.ignored_fields().to_vec())).is_ok())
}

/// Refuses to write over an input, by whatever name, what a flag asks for.
///
/// # Errors
/// When `target` is one of the inputs.
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

/// The file that gets rejected lines as they were.
pub(super) struct Rejects {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Rejects {
    /// Makes the file, empty, in place of one that is there; what else had that one's name as a link keeps what it holds.
    ///
    /// # Errors
    /// When it cannot be made.
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
                "name a file in a folder that exists and may be written to",
            ),
        })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    fn keep(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        let end: &[u8] = if reject.complete { b"\n" } else { b"" };
        let written = self.file.write_all(reject.raw).and_then(|()| self.file.write_all(end));
        written.map_err(|error| self.explain(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("cannot write rejected lines to {}: {error}", self.path.display()))
    }
}

/// A bar on a terminal for an ingest that takes long.
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
        // Of a pipe nobody knows the length.
        let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |found| found.len());
        let total = files.iter().map(size).sum();
        let bar = wanted.then(|| ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden()));
        Self { bar, began: Stopwatch::start(), total, passed: 0, last: 0, shown: false }
    }

    /// The input has been read up to this byte of its file.
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

    /// Runs `work` with the bar out of the way.
    pub(super) fn suspend(&self, work: impl FnOnce()) {
        match &self.bar {
            Some(bar) if self.shown => bar.suspend(work),
            _ => work(),
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
