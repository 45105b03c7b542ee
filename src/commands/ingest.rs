//! Owns `slo ingest`: one thread reads and parses, this one merges and commits.

mod intake;
mod source;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::Result;

use super::Context;
use crate::cli::Ingest;
use crate::clock;
use crate::domain::instant::Instant;
use crate::exit::ExitStatus;
use crate::render::Form;
use crate::render::ingest::{document, text};
use crate::store::{Access, Store};
use intake::Intake;
use source::{Arrival, Event, Input, Progress};

/// How long a commit may wait for more of what a pipe sends.
const GATHER: Duration = Duration::from_millis(200);
/// Rows gathered for one commit of what a pipe sends, at the most.
const MOST_GATHERED: usize = 100_000;
/// Rejected lines that are named one by one.
const MOST_NAMED: u64 = 20;

/// Ends a transaction of which nothing is to be kept.
#[derive(Debug)]
struct NothingKept;

impl std::fmt::Display for NothingKept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing was kept")
    }
}

impl std::error::Error for NothingKept {}

pub(super) fn run(context: &mut Context<'_>, args: &Ingest) -> Result<ExitStatus> {
    let standard = [PathBuf::from("-")];
    let files: &[PathBuf] = if args.files.is_empty() { &standard } else { &args.files };
    // Every input is opened before anything is kept, so that a misspelt name changes nothing.
    let inputs = files.iter().map(|file| Input::open(context, file)).collect::<Result<Vec<_>>>()?;
    let path = context.db_path()?;
    let access = if args.dry_run && !path.exists() { Access::Scratch } else { Access::Create };
    let mut store = context.store(access)?;
    let rejects = args.rejects.as_deref().map(source::Rejects::create).transpose()?;
    let (latest, now) = (context.now.plus(args.max_skew), context.now);
    let options = source::Options { format: args.format, latest, now, follow: args.follow };
    let (sender, events) = sync_channel(1);
    // The thread is not joined: after an error it may be waiting for a pipe that never ends.
    std::thread::Builder::new()
        .name("feed".to_owned())
        .spawn(move || source::feed(inputs, &options, rejects, &sender))?;
    let mut intake = Intake::new(context.now);
    let progress = Progress::new(context.stderr_is_terminal && !context.quiet && !args.follow, files);
    let began = clock::Stopwatch::start();
    let mut session = Session { context, events, progress, began, ignored: Vec::new() };
    let kept = if args.strict || args.dry_run {
        let done = store.write(|store| {
            session.all(store, &mut intake)?;
            let keep = !args.dry_run && intake.report.rejected == 0;
            if keep { Ok(()) } else { Err(anyhow::Error::new(NothingKept)) }
        });
        match done {
            Err(error) if error.is::<NothingKept>() => false,
            other => other.map(|()| true)?,
        }
    } else if args.follow {
        session.follow(&mut store, &mut intake)?;
        true
    } else {
        session.batches(&mut store, &mut intake)?;
        true
    };
    session.finish(&intake);
    intake.report.kept = kept;
    let report = intake.report;
    match context.form() {
        Form::Table | Form::Wide | Form::Markdown => context.say(&text(&report, args.dry_run))?,
        _ => context.answer(&document(&report, context.as_of)?, |_| crate::render::Sheet::new())?,
    }
    Ok(ExitStatus::holds(report.rejected == 0))
}

/// What arrives from the feed, and what is told of it meanwhile.
struct Session<'c, 'io> {
    context: &'c mut Context<'io>,
    events: Receiver<Event>,
    progress: Progress,
    began: clock::Stopwatch,
    ignored: Vec<String>,
}

impl Session<'_, '_> {
    /// The moment it is in this run, whose clock may be another than the machine's.
    fn now(&self) -> Instant {
        self.context.now.plus(self.began.elapsed().as_millis() as i64)
    }

    /// Merges everything in the one transaction that is open.
    fn all(&mut self, store: &Store, intake: &mut Intake) -> Result<()> {
        while let Some(mut arrival) = self.next(intake)? {
            intake.absorb(store, &mut arrival)?;
        }
        intake.close(store, self.now())
    }

    /// Merges batch after batch, each in a transaction; the last one also records that the ingest is complete.
    fn batches(&mut self, store: &mut Store, intake: &mut Intake) -> Result<()> {
        let mut current = self.next(intake)?;
        while let Some(mut arrival) = current {
            let next = self.next(intake)?;
            store.write(|store| {
                intake.absorb(store, &mut arrival)?;
                if next.is_none() { intake.close(store, self.now()) } else { intake.settle(store) }
            })?;
            current = next;
        }
        Ok(())
    }

    /// Merges what a pipe sends as it comes: at most a fifth of a second of it waits for a commit.
    fn follow(&mut self, store: &mut Store, intake: &mut Intake) -> Result<()> {
        while let Some(first) = self.next(intake)? {
            let began = clock::Stopwatch::start();
            let mut gathered = vec![first];
            let mut rows = gathered[0].batch.rows.len();
            while rows < MOST_GATHERED {
                let Some(wait) = GATHER.checked_sub(began.elapsed()) else { break };
                match self.events.recv_timeout(wait) {
                    Ok(event) => {
                        if let Some(arrival) = self.take(event, intake)? {
                            rows += arrival.batch.rows.len();
                            gathered.push(arrival);
                        }
                    }
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            store.write(|store| {
                gathered.iter_mut().try_for_each(|arrival| intake.absorb(store, arrival))?;
                intake.settle(store)
            })?;
        }
        if intake.has_changes() { store.write(|store| intake.close(store, self.now())) } else { Ok(()) }
    }

    /// The next batch; `None` at the end of the last input.
    fn next(&mut self, intake: &mut Intake) -> Result<Option<Arrival>> {
        while let Ok(event) = self.events.recv() {
            if let Some(arrival) = self.take(event, intake)? {
                return Ok(Some(arrival));
            }
        }
        Ok(None)
    }

    /// Takes in one event; returns its batch, if it is one.
    fn take(&mut self, event: Event, intake: &mut Intake) -> Result<Option<Arrival>> {
        match event {
            Event::Batch(arrival) => {
                self.progress.advance(arrival.batch.bytes);
                return Ok(Some(arrival));
            }
            Event::Rejected { file, line, reason } => {
                intake.report.rejected += 1;
                if intake.report.rejected <= MOST_NAMED {
                    self.progress.suspend(|| self.context.warn(&format!("{file}:{line}: rejected: {reason}")));
                }
            }
            Event::Ignored(names) => self.ignored.extend(names),
            Event::Failed { file, error } => {
                self.progress.clear();
                return Err(error.context(file));
            }
        }
        Ok(None)
    }

    /// Tells what has not been told one by one.
    fn finish(&mut self, intake: &Intake) {
        self.progress.clear();
        if intake.report.rejected > MOST_NAMED {
            let more = intake.report.rejected - MOST_NAMED;
            self.context.warn(&format!("… and {more} more rejected lines; --rejects FILE keeps all of them"));
        }
        self.ignored.sort_unstable();
        self.ignored.dedup();
        if !self.ignored.is_empty() {
            self.context
                .note(&format!("note: fields that slo does not know were ignored: {}", self.ignored.join(", ")));
        }
    }
}

/// The name under which an input is remembered.
fn display_name(file: &Path) -> String {
    if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() }
}
