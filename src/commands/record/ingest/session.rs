//! Owns merging what the reading thread sends, in one transaction or batch by batch, and the messages about it.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;

use super::intake::Intake;
use super::naming::More;
use super::source::{Arrival, Event, Progress};
use crate::clock;
use crate::commands::Context;
use crate::domain::value::instant::Instant;
use crate::exit::Signal;
use crate::failure::Failure;
use crate::feed::MOST_NOTE_BYTES;
use crate::render::record::ingest::thousands;
use crate::store::{Followers, Store};

/// How long a commit may wait for more input from a pipe.
const GATHER: Duration = Duration::from_millis(200);
/// The most rows of a pipe gathered for one commit.
const MOST_GATHERED: usize = 100_000;
/// The rows of a stream that are worth merging.
const ENOUGH_ROWS: usize = 64;
/// The most rows joined to get enough of each stream; one takes eight bytes.
const MOST_JOINED: usize = 4_000_000;

/// Ends a transaction without keeping anything.
#[derive(Debug)]
struct NothingKept;

impl std::fmt::Display for NothingKept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing was kept")
    }
}

impl std::error::Error for NothingKept {}

/// The events of the reading thread, and the messages about them.
pub(super) struct Session<'c, 'io> {
    pub(super) context: &'c mut Context<'io>,
    pub(super) started: Instant,
    pub(super) events: Receiver<Event>,
    /// Batches that were read before anything is kept.
    pub(super) ahead: VecDeque<Arrival>,
    /// Joined only after it has ended: after an error of the database, it may wait for a pipe forever.
    pub(super) feed: Option<JoinHandle<()>>,
    pub(super) progress: Progress,
    pub(super) began: clock::Stopwatch,
    /// Whether the data before a failure is kept, and whether there was any.
    pub(super) keeps: bool,
    pub(super) has_read: bool,
    /// The number of streams of this input so far.
    pub(super) streams: usize,
    pub(super) ignored: Vec<String>,
    /// Rejected lines that were not reported one by one.
    pub(super) more: Vec<More>,
    /// Whether rejected lines are written to a file.
    pub(super) keeps_rejects: bool,
    /// The signal that ended the reading.
    pub(super) stopped: Option<Signal>,
}

impl Session<'_, '_> {
    /// The current time of this run, whose clock may differ from the machine's.
    fn now(&self) -> Instant {
        self.started.plus(self.began.elapsed().as_millis() as i64)
    }

    /// Merges everything in one transaction, and returns whether it was kept.
    pub(super) fn in_one(&mut self, store: &mut Store, intake: &mut Intake, dry_run: bool) -> Result<bool> {
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
    pub(super) fn batches(&mut self, store: &mut Store, intake: &mut Intake) -> Result<()> {
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
    pub(super) fn follow(&mut self, store: &mut Store, intake: &mut Intake) -> Result<()> {
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
    pub(super) fn look_ahead(&mut self, all: bool) -> Result<bool> {
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
            Event::MoreRejected(more) => self.more = more,
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
    pub(super) fn finish(&mut self) {
        self.progress.clear();
        let all = std::mem::take(&mut self.more);
        for (index, More { count, like }) in all.iter().enumerate() {
            let count = thousands(*count);
            let mut text = match like {
                Some(like) => format!("… and {count} more like {like}"),
                None => format!("… and {count} more"),
            };
            if index + 1 == all.len() && !self.keeps_rejects {
                text.push_str("; --rejects FILE keeps all rejected lines");
            }
            self.context.warn(&text);
        }
        self.ignored.sort_unstable();
        self.ignored.dedup();
        if !self.ignored.is_empty() {
            self.context.note(&format!("note: unknown fields were ignored: {}", self.ignored.join(", ")));
        }
    }
}
