//! Owns `slo ingest`: one thread reads and parses, this one merges and commits.
//!
//! | `slo ingest [FILE…]` | imports [transitions](transitions.md); `-` or no file is standard input | a line was rejected |

mod input;
mod intake;
mod plans;
mod source;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;

use crate::cli::Ingest;
use crate::clock;
use crate::commands::{Answer, Context, Run, feeds};
use crate::domain::value::instant::Instant;
use crate::exit::{ExitStatus, Signal};
use crate::failure::Failure;
use crate::feed::{MOST_NOTE_BYTES, Names, Recipe};
use crate::render::Looks;
use crate::render::declare::manifest;
use crate::render::record::ingest::{document, text};
use crate::store::{Access, Followers, Store};
use input::Input;
pub(in crate::commands) use intake::{Intake, warn_of_composites};
pub(in crate::commands) use source::Arrival;
use source::{Event, Progress};

/// How long a commit may wait for more input from a pipe.
const GATHER: Duration = Duration::from_millis(200);
/// The most rows of a pipe gathered for one commit.
const MOST_GATHERED: usize = 100_000;
/// The rows of a stream that are worth merging.
const ENOUGH_ROWS: usize = 64;
/// The most rows joined to get enough of each stream; one takes eight bytes.
const MOST_JOINED: usize = 4_000_000;
/// The most rejected lines reported one by one; with more, the wrong file was given.
const MOST_NAMED: u64 = 1000;

/// Ends a transaction without keeping anything.
#[derive(Debug)]
struct NothingKept;

impl std::fmt::Display for NothingKept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing was kept")
    }
}

impl std::error::Error for NothingKept {}

impl Run for Ingest {
    const NAME: &'static str = "ingest";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let now = context.now()?;
        if args.files.is_empty() && context.stdin_is_terminal {
            context.note("note: reading standard input; end it with Ctrl-D");
        }
        let standard = [PathBuf::from("-")];
        let files: &[PathBuf] = if args.files.is_empty() { &standard } else { &args.files };
        // Every input is opened before anything is kept, so that a misspelled name changes nothing.
        let feed = feed(context, args)?;
        let plans = args.maintenance.is_some();
        let opened = files.iter().map(|file| Input::open(context, file, feed.as_deref(), plans));
        let inputs = opened.collect::<Result<Vec<_>>>()?.into_iter().flatten();
        context.place()?;
        if let Some(rejects) = &args.rejects {
            context.expect_file("--rejects", rejects)?;
            source::refuse_overwriting("--rejects", rejects, files)?;
        }
        if let Some(maintenance) = &args.maintenance {
            context.expect_file("--maintenance", maintenance)?;
            source::refuse_overwriting("--maintenance", maintenance, files)?;
        }
        // A dry run creates no file, nor a database in an empty one.
        let mut access = if args.dry_run && holds_nothing(context)? { Access::Scratch } else { Access::Create };
        let is_new = !args.follow && context.lacks_file()?;
        let rejects = args.rejects.as_deref().map(source::Rejects::create).transpose()?;
        // A strict ingest keeps all or nothing, so a signal may simply end it.
        let signals = if args.strict || args.dry_run { None } else { context.signals()? };
        let inputs = inputs.map(|input| input.until(signals.as_ref())).collect::<Result<Vec<_>>>()?;
        let latest = now.plus(args.max_skew);
        let (is_described, system) = (feed.is_some(), args.system.clone());
        let (format, follow, named) = (args.format, args.follow, MOST_NAMED);
        let options = source::Options { format, latest, now, follow, named, feed, system, plans };
        let names = Names::new(args.slug);
        let (sender, events) = sync_channel(1);
        let feed = std::thread::Builder::new()
            .name("feed".to_owned())
            .spawn(move || source::feed(inputs, options, rejects, names, &sender))?;
        let mut intake = Intake::new(now, plans);
        let progress = Progress::new(context.stderr_is_terminal && !context.quiet && !args.follow, files);
        let keeps = !args.strict && !args.dry_run;
        let began = clock::Stopwatch::start();
        let mut session = Session {
            context,
            started: now,
            events,
            ahead: VecDeque::new(),
            feed: Some(feed),
            progress,
            began,
            keeps,
            has_read: false,
            streams: 0,
            ignored: Vec::new(),
            stopped: None,
        };
        // A refused ingest creates no database.
        if is_new && session.look_ahead(args.strict)? && args.strict {
            access = Access::Scratch;
        }
        let mut store = session.context.store(access)?;
        let kept = if args.strict || args.dry_run {
            session.in_one(&mut store, &mut intake, args.dry_run)?
        } else if args.follow {
            session.follow(&mut store, &mut intake)?;
            true
        } else {
            session.batches(&mut store, &mut intake)?;
            true
        };
        session.finish(&intake);
        let stopped = session.stopped;
        warn_of_composites(context, &intake.composites(&store)?);
        if let Some(file) = &args.maintenance {
            let windows = intake.maintenance();
            let noun = if windows.len() == 1 { "window" } else { "windows" };
            let place = if kept { format!("in {}", file.display()) } else { "not written".to_owned() };
            if kept {
                crate::file::replace(file, &manifest::text(&windows))?;
            }
            context.note(&format!("note: {} maintenance {noun} {place}", windows.len()));
        }
        let mut report = intake.report;
        report.is_described = is_described;
        report.kept = kept;
        if !kept && !args.dry_run {
            (report.inserted, report.gaps) = (0, 0);
        }
        let exit = stopped.map_or(ExitStatus::holds(report.rejected == 0), ExitStatus::Signal);
        let (as_of, dry_run) = (context.as_of, args.dry_run);
        let looks = Looks::of(report).document(move |it| document(it, as_of));
        Ok(context.summary(looks, move |it| text(it, dry_run)).exits(exit))
    }
}

/// The feed that describes the records, unless they are transitions.
fn feed(context: &mut Context<'_>, args: &Ingest) -> Result<Option<Vec<Recipe>>> {
    let Some(name) = &args.feed else { return Ok(None) };
    let recipes = feeds::named(context, name)?;
    if args.max_gap.is_some() && !recipes.iter().any(Recipe::observes) {
        return Err(Failure::new(
            format!("--max-gap: the feed {name} has no observations, so it has no gaps"),
            "remove --max-gap",
        ));
    }
    let recipes = recipes.into_iter().map(|recipe| recipe.with_max_gap(args.max_gap));
    Ok(Some(recipes.collect()))
}

/// The events of the reading thread, and the messages about them.
struct Session<'c, 'io> {
    context: &'c mut Context<'io>,
    started: Instant,
    events: Receiver<Event>,
    /// Batches that were read before anything is kept.
    ahead: VecDeque<Arrival>,
    /// Joined only after it has ended: after an error of the database, it may wait for a pipe forever.
    feed: Option<JoinHandle<()>>,
    progress: Progress,
    began: clock::Stopwatch,
    /// Whether the data before a failure is kept, and whether there was any.
    keeps: bool,
    has_read: bool,
    /// The number of streams of this input so far.
    streams: usize,
    ignored: Vec<String>,
    /// The signal that ended the reading.
    stopped: Option<Signal>,
}

impl Session<'_, '_> {
    /// The current time of this run, whose clock may differ from the machine's.
    fn now(&self) -> Instant {
        self.started.plus(self.began.elapsed().as_millis() as i64)
    }

    /// Merges everything in one transaction, and returns whether it was kept.
    fn in_one(&mut self, store: &mut Store, intake: &mut Intake, dry_run: bool) -> Result<bool> {
        let verdict = |intake: &Intake| {
            let keep = !dry_run && intake.report.rejected == 0;
            if keep { Ok(()) } else { Err(anyhow::Error::new(NothingKept)) }
        };
        // Nobody has to wait for the lock while the first batch is being read, which is usually the only one.
        let first = self.next()?;
        let done = if store.is_shared() {
            // The input of a retried transaction cannot be read again.
            let mut arrivals: Vec<Arrival> = first.into_iter().collect();
            while let Some(next) = self.next()? {
                arrivals.push(next);
            }
            let (before, finished) = (intake.clone(), self.now());
            store.write(|store| {
                *intake = before.clone();
                intake.take(store, &mut arrivals.clone(), Some(finished), &mut Followers::default())?;
                verdict(intake)
            })
        } else {
            let started = self.started;
            store.write_looking(
                &mut (self, intake, first),
                |store, (_, _, first)| Intake::look(store, first.iter(), started),
                |store, (session, intake, first), mut followers| {
                    session.all(store, intake, first.take(), &mut followers)?;
                    verdict(intake)
                },
            )
        };
        match done {
            Err(error) if error.is::<NothingKept>() => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Merges everything in the open transaction.
    fn all(
        &mut self,
        store: &Store,
        intake: &mut Intake,
        first: Option<Arrival>,
        followers: &mut Followers,
    ) -> Result<()> {
        let mut current = first;
        while let Some(mut arrival) = current {
            let next = self.join(&mut arrival);
            intake.absorb(store, &mut arrival)?;
            current = next?;
        }
        intake.close(store, self.now(), followers)
    }

    /// Merges batch by batch, each in a transaction; the last one also records that the ingest is complete. Batches
    /// before a failure of the input are kept.
    fn batches(&mut self, store: &mut Store, intake: &mut Intake) -> Result<()> {
        let mut current = self.next()?;
        while let Some(mut arrival) = current {
            let next = self.join(&mut arrival);
            let is_last = matches!(next, Ok(None));
            intake.keep(store, &mut [arrival], is_last.then(|| self.now()))?;
            current = next?;
        }
        Ok(())
    }

    /// Merges the input of a pipe as it comes: rows wait at most 200 ms for a commit.
    fn follow(&mut self, store: &mut Store, intake: &mut Intake) -> Result<()> {
        while let Some(first) = self.next()? {
            let began = clock::Stopwatch::start();
            let mut gathered = vec![first];
            let (mut rows, mut note_bytes) = (gathered[0].batch.rows.len(), gathered[0].batch.note_bytes);
            let mut outcome = Ok(());
            while rows < MOST_GATHERED && note_bytes < MOST_NOTE_BYTES {
                let Some(wait) = GATHER.checked_sub(began.elapsed()) else { break };
                let taken = match self.events.recv_timeout(wait) {
                    Ok(event) => self.take(event),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                };
                match taken {
                    Ok(None) => {}
                    Ok(Some(arrival)) => {
                        rows += arrival.batch.rows.len();
                        note_bytes += arrival.batch.note_bytes;
                        gathered.push(arrival);
                    }
                    // The input of a pipe cannot be read again.
                    Err(error) => {
                        outcome = Err(error);
                        break;
                    }
                }
            }
            intake.keep(store, &mut gathered, None)?;
            outcome?;
        }
        if intake.has_changes() { intake.keep(store, &mut [], Some(self.now())) } else { Ok(()) }
    }

    /// Joins a batch with the following ones while they have only a few rows of each of many streams: merging reads and
    /// writes a segment per stream, however few its rows. Returns the batch after them.
    fn join(&mut self, arrival: &mut Arrival) -> Result<Option<Arrival>> {
        let mut next = self.next();
        if arrival.batch.restart || arrival.begins.is_some() {
            self.streams = 0;
        }
        self.streams += arrival.batch.new_streams.len();
        while let Ok(Some(more)) = &mut next {
            let rows = arrival.batch.rows.len();
            let is_enough = rows >= self.streams.saturating_mul(ENOUGH_ROWS);
            let joins = more.begins.is_none() && !more.batch.restart;
            if is_enough || !joins || !arrival.batch.has_room_for(&more.batch, MOST_JOINED) {
                break;
            }
            self.streams += more.batch.new_streams.len();
            arrival.batch.join(std::mem::take(&mut more.batch));
            next = self.next();
        }
        next
    }

    /// Reads the first batch, or with `all` as many as fit in memory, and returns whether any line was rejected.
    fn look_ahead(&mut self, all: bool) -> Result<bool> {
        let (mut rows, mut note_bytes, mut is_rejected) = (0, 0, false);
        while rows < MOST_JOINED
            && note_bytes < MOST_NOTE_BYTES
            && let Some(arrival) = self.receive()?
        {
            rows += arrival.batch.rows.len();
            note_bytes += arrival.batch.note_bytes;
            is_rejected |= arrival.batch.rejected > 0;
            self.ahead.push_back(arrival);
            if !all {
                break;
            }
        }
        Ok(is_rejected)
    }

    /// The next batch; `None` at the end of the last input.
    fn next(&mut self) -> Result<Option<Arrival>> {
        self.ahead.pop_front().map_or_else(|| self.receive(), |arrival| Ok(Some(arrival)))
    }

    fn receive(&mut self) -> Result<Option<Arrival>> {
        while let Ok(event) = self.events.recv() {
            if let Some(arrival) = self.take(event)? {
                return Ok(Some(arrival));
            }
        }
        // The channel is closed: at the end of the last input, or because of a bug.
        match self.feed.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(Failure::new(
                "reading ended unexpectedly",
                "this is a bug in slo: please report it with the input; what was committed is kept",
            )),
            _ => Ok(None),
        }
    }

    /// Handles one event; returns its batch, if it is one.
    fn take(&mut self, event: Event) -> Result<Option<Arrival>> {
        match event {
            Event::Batch(arrival) => {
                self.progress.advance(arrival.batch.bytes);
                self.has_read |= !arrival.batch.rows.is_empty();
                return Ok(Some(arrival));
            }
            Event::Rejected { place, reason } => {
                self.progress.suspend(|| self.context.warn(&format!("{place}: rejected: {reason}")));
            }
            Event::Ignored(names) => self.ignored.extend(names),
            Event::Stopped { signal, file, partial } => {
                self.stopped = Some(signal);
                self.progress.suspend(|| {
                    self.context.note(&format!("note: {signal}: what was read from {file} until then is kept"));
                    if let Some(line) = partial {
                        self.context.warn(&format!("{file}:{line}: not kept: the line is incomplete"));
                    }
                });
            }
            Event::Failed { file, error } => {
                self.progress.clear();
                if Failure::hint(&error).is_some() {
                    return Err(error.context(file));
                }
                let kept =
                    if self.keeps && self.has_read { "what was read before this is kept" } else { "nothing was kept" };
                let hint = format!("{kept}; fix the input and ingest it again; duplicates are ignored");
                return Err(Failure::new(format!("{file}: {error:#}"), hint));
            }
        }
        Ok(None)
    }

    /// Reports what was not reported one by one.
    fn finish(&mut self, intake: &Intake) {
        self.progress.clear();
        if intake.report.rejected > MOST_NAMED {
            let more = intake.report.rejected - MOST_NAMED;
            self.context.warn(&format!("… and {more} more rejected lines; --rejects FILE keeps all of them"));
        }
        self.ignored.sort_unstable();
        self.ignored.dedup();
        if !self.ignored.is_empty() {
            self.context.note(&format!("note: unknown fields were ignored: {}", self.ignored.join(", ")));
        }
    }
}

/// Whether there is no database yet, or an empty one.
fn holds_nothing(context: &Context<'_>) -> Result<bool> {
    let is_empty = |path: &Path| std::fs::metadata(path).is_ok_and(|found| found.len() == 0);
    Ok(!context.has_store()? || context.place()?.file().is_some_and(is_empty))
}

/// The name of an input for the record and messages, always on one line.
fn display_name(file: &Path) -> String {
    if file == Path::new("-") {
        return "stdin".to_owned();
    }
    let name = file.to_string_lossy();
    if name.contains(char::is_control) { name.escape_debug().to_string() } else { name.into_owned() }
}
