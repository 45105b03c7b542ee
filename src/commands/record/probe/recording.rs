//! Owns storing the result of a probe, together with earlier ones that could not be stored.

use std::fs::File;
use std::io::Seek as _;

use anyhow::{Context as _, Result};

use super::spool::Spool;
use crate::commands::Context;
use crate::commands::record::ingest::{Arrival, Intake, warn_of_composites};
use crate::domain::value::instant::{Instant, MINUTE_MS};
use crate::feed::{Batch, Format, Names, Options, Reader, Reject, Row};
use crate::render::record::probe::Probed;
use crate::store::{Access, Store};

/// The file of its transitions in the list of ingests.
const ORIGIN: &str = "slo probe";
/// Rows stored at once.
const BATCH_ROWS: usize = 100_000;
/// Rejected lines of a spool that are reported one by one.
const MOST_NAMED: usize = 10;
/// How far ahead of the machine's clock the transitions of a spool may be, in milliseconds.
const MAX_SKEW_MS: i64 = 10 * MINUTE_MS;

/// Stores a transition, after those in the spool, in one transaction.
///
/// # Errors
/// If it cannot be stored: then nothing is, and the spool does not change.
pub(super) fn record(context: &mut Context<'_>, probed: &Probed, spool: Option<&Spool<'_>>) -> Result<()> {
    let mut store = context.store(Access::Create)?;
    let at = probed.transition.at;
    let mut arrival = Arrival { begins: Some(ORIGIN.to_owned()), batch: batch(probed) };
    let look = |store: &Store, arrival: &Arrival| Intake::look(store, [arrival], at);
    let (spooled, composites) = store.write_looking(&mut arrival, look, |store, arrival, mut followers| {
        let (mut intake, mut arrival) = (Intake::new(at, false), arrival.clone());
        // The spool is locked only while nobody else can store anything, so that no probe waits for another's wait.
        let spooled = match spool.map(|spool| (spool, spool.take())) {
            Some((spool, Ok(Some(file)))) => Some(Ok(Spooled::take_in(store, &mut intake, (spool, file), at)?)),
            // What was just found out is stored anyway.
            Some((_, Err(error))) => Some(Err(error)),
            Some((_, Ok(None))) | None => None,
        };
        intake.absorb(store, &mut arrival)?;
        intake.close(store, at, &mut followers)?;
        Ok((spooled, intake.composites(store)?))
    })?;
    warn_of_composites(context, &composites);
    let (Some(spool), Some(spooled)) = (spool, spooled) else { return Ok(()) };
    let spooled = match spooled {
        Ok(spooled) => spooled,
        Err(error) => {
            context.warn(&format!(
                "warning: --spool {spool}: {error}; this result was stored, what the spool holds was not"
            ));
            return Ok(());
        }
    };
    if let Err(error) = spooled.set_aside(spool, at) {
        // Stored transitions may be read again without effect.
        context.warn(&format!("warning: {spool}.rejected: cannot be written, so {spool} is not emptied: {error:#}"));
        return Ok(());
    }
    for (line, reason) in &spooled.rejected {
        context.warn(&format!("{spool}:{line}: rejected, and kept in {spool}.rejected: {reason}"));
    }
    if let Err(error) = spooled.file.set_len(0) {
        // Stored transitions may be read again without effect.
        context.warn(&format!("warning: --spool {spool}: cannot be emptied: {error}"));
    }
    Ok(())
}

fn batch(probed: &Probed) -> Batch {
    let (stream, transition) = (probed.stream.clone(), probed.transition);
    Batch {
        new_streams: vec![stream],
        rows: vec![Row::new(0, transition.at, transition.status)],
        notes: probed.note.iter().map(|note| (0, note.as_str().into())).collect(),
        read: 1,
        ..Batch::default()
    }
}

/// How a spool is read.
fn options(now: Instant) -> Options {
    let latest = now.plus(MAX_SKEW_MS);
    Options { format: Format::Jsonl, latest, now, batch_rows: BATCH_ROWS, follow: false, plans: false }
}

/// A spool that was read and is still locked.
struct Spooled {
    file: File,
    /// The first rejected lines, by number, with the reason.
    rejected: Vec<(u64, String)>,
}

impl Spooled {
    fn take_in(store: &Store, intake: &mut Intake, (spool, file): (&Spool<'_>, File), now: Instant) -> Result<Self> {
        let place = || format!("--spool {spool}");
        let mut rejected = Vec::new();
        let mut on_reject = |reject: &Reject<'_>| {
            let reason = reject.reason.iter().find(|_| rejected.len() < MOST_NAMED).cloned();
            rejected.extend(reason.map(|reason| (reject.line, reason)));
            Ok(())
        };
        let mut begins = Some(spool.to_string());
        let mut reader = Reader::new(&file, options(now), Names::new(false));
        while let Some(batch) = reader.next_batch(&mut on_reject).with_context(place)? {
            intake.absorb(store, &mut Arrival { begins: begins.take(), batch })?;
        }
        drop(reader);
        Ok(Self { file, rejected })
    }

    /// Keeps the rejected lines beside the spool, once the others are stored: a transaction may be tried several times.
    fn set_aside(&self, spool: &Spool<'_>, now: Instant) -> Result<()> {
        if self.rejected.is_empty() {
            return Ok(());
        }
        (&self.file).rewind()?;
        let mut on_reject =
            |reject: &Reject<'_>| spool.set_aside(&[reject.raw, if reject.complete { b"\n" } else { b"" }]);
        let mut reader = Reader::new(&self.file, options(now), Names::new(false));
        while reader.next_batch(&mut on_reject)?.is_some() {}
        Ok(())
    }
}
