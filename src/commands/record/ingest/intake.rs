//! Owns merging batches: sorting them into streams, merging each, and counting.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;

use super::plans::Plans;
use super::source::Arrival;
use crate::commands::Context;
use crate::domain::account::member::SystemId;
use crate::domain::health::ingest::{IngestId, IngestRecord};
use crate::domain::health::interval::{self, Interval};
use crate::domain::health::observed;
use crate::domain::health::transition::{Status, Transition};
use crate::domain::plan::object::Object;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::evaluation::{follow_facts, seal_after_ingest};
use crate::feed::{Batch, Row};
use crate::render::record::ingest::IngestReport;
use crate::store::{Followers, Incoming, JournalWriter, Store};

/// Composite systems listed by name.
const MOST_COMPOSITES: usize = 10;

/// The state of one ingest, across inputs and transactions.
#[derive(Clone)]
pub(in crate::commands) struct Intake {
    pub(super) report: IngestReport,
    writer: JournalWriter,
    /// One per input, in order; the last one is being read.
    records: Vec<IngestRecord>,
    started: Instant,
    /// Systems of accepted lines.
    systems: HashSet<Name>,
    /// The systems among them whose checks reported.
    checked: HashSet<SystemId>,
    /// Systems whose facts changed, each with its earliest changed instant.
    touched: BTreeMap<SystemId, Instant>,
    /// Planned work in the records, if wanted.
    plans: Option<Plans>,
}

/// Notes by time, each with its fact's status.
type Notes = BTreeMap<Instant, (Status, Box<str>)>;

impl Intake {
    pub(in crate::commands) fn new(started: Instant, plans: bool) -> Self {
        Self {
            report: IngestReport::default(),
            writer: JournalWriter::new(),
            records: Vec::new(),
            started,
            systems: HashSet::new(),
            checked: HashSet::new(),
            touched: BTreeMap::new(),
            plans: plans.then(Plans::default),
        }
    }

    /// The next batches come from this file.
    fn begin(&mut self, file: &str) {
        // Another file numbers its streams again.
        self.writer.restart();
        self.records.push(IngestRecord::new(file, self.started));
    }

    /// Reads, before facts are written, the caches that batches will affect.
    pub(in crate::commands) fn look<'a>(
        store: &Store,
        arrivals: impl IntoIterator<Item = &'a Arrival>,
        started: Instant,
    ) -> Result<Followers> {
        let (mut systems, mut from) = (BTreeSet::new(), None);
        for Arrival { batch, .. } in arrivals {
            systems.extend(batch.new_streams.iter().map(|key| &key.system));
            from = from.into_iter().chain(batch.rows.iter().map(|row| row.at())).min();
        }
        store.followers(&systems, (from.unwrap_or(started), started))
    }

    /// Merges batches in a transaction, which ends the ingest if it is `finished`.
    pub(super) fn keep(
        &mut self,
        store: &mut Store,
        arrivals: &mut [Arrival],
        finished: Option<Instant>,
    ) -> Result<()> {
        if store.is_shared() {
            // A transaction hindered by other writers starts again.
            *self = store.write(|store| {
                let mut attempt = self.clone();
                attempt.take(store, &mut arrivals.to_vec(), finished, &mut Followers::default())?;
                Ok(attempt)
            })?;
            return Ok(());
        }
        let started = self.started;
        store.write_looking(
            &mut (self, arrivals),
            |store, (_, arrivals)| Self::look(store, arrivals.iter(), started),
            |store, (intake, arrivals), mut followers| intake.take(store, arrivals, finished, &mut followers),
        )
    }

    /// Merges batches in the open transaction.
    pub(super) fn take(
        &mut self,
        store: &Store,
        arrivals: &mut [Arrival],
        finished: Option<Instant>,
        followers: &mut Followers,
    ) -> Result<()> {
        if store.resume(&mut self.writer, &mut self.records)? {
            // Caches already follow the facts that were kept.
            self.touched.clear();
            self.checked.clear();
        }
        if arrivals.len() > 1 {
            let coming = arrivals.iter().flat_map(|arrival| &arrival.batch.new_streams).map(|stream| &stream.system);
            store.lock_systems(coming.chain(self.writer.system_names()))?;
        }
        arrivals.iter_mut().try_for_each(|arrival| self.absorb(store, arrival))?;
        match finished {
            Some(finished) => self.close(store, finished, followers),
            None => self.settle(store, followers),
        }
    }

    /// Merges one batch in the open transaction.
    pub(in crate::commands) fn absorb(&mut self, store: &Store, arrival: &mut Arrival) -> Result<()> {
        if let Some(file) = &arrival.begins {
            self.begin(file);
        }
        let batch = &mut arrival.batch;
        if batch.restart {
            self.writer.restart();
        }
        if let Some(plans) = &mut self.plans {
            plans.take(batch, arrival.begins.is_some());
        }
        for key in batch.new_streams.drain(..) {
            self.writer.add_stream(key);
        }
        let intervals = intervals(batch);
        let mut notes = notes(batch);
        let mut accepted = batch.rows.len() as u64;
        batch.rows.sort_unstable();
        if store.leaves_caches() {
            store.expect_facts(&mut self.writer, &coming(batch, &intervals))?;
        }
        let Some(record) = self.records.last_mut() else { return Ok(()) };
        let (mut inserted, mut conflicts, mut gaps) = (0, 0, 0);
        let mut transitions = Vec::new();
        for rows in batch.rows.chunk_by(|a, b| a.stream() == b.stream()) {
            let stream = rows[0].stream();
            transitions.clear();
            for same in rows.chunk_by(|a, b| a.at() == b.at()) {
                // Sorted by status, so the last one is the worst.
                let worst = same[same.len() - 1];
                conflicts += same.iter().filter(|row| row.status() != worst.status()).count() as u64;
                transitions.push(Transition { at: worst.at(), status: worst.status() });
            }
            let more = (intervals.get(&stream), batch.max_gap_ms);
            let derived = derive(store, &mut self.writer, stream, &mut transitions, more)?;
            accepted += derived.added;
            gaps += derived.gaps;
            let notes = notes.remove(&stream).map(|notes| of_winners(notes, &transitions)).unwrap_or_default();
            let incoming = Incoming { stream, transitions: &transitions, notes: &notes };
            let merged = store.merge(&mut self.writer, &incoming, record)?;
            store.merge_for(&mut self.writer, stream, &derived.covered)?;
            inserted += merged.inserted;
            conflicts += merged.conflicts;
            // By name: an id changes if the system is forgotten in the meantime.
            let system = &self.writer.name_of(stream).system;
            if !self.systems.contains(system) {
                self.systems.insert(system.clone());
            }
            self.checked.extend(self.writer.system_of(stream).filter(|_| self.writer.is_of_check(stream)));
            let (first, last) = (transitions[0].at, transitions[transitions.len() - 1].at);
            self.report.first = Some(self.report.first.map_or(first, |known| known.min(first)));
            self.report.last = Some(self.report.last.map_or(last, |known| known.max(last)));
        }
        let duplicates = accepted - inserted - conflicts;
        record.read += batch.read;
        record.rejected += batch.rejected;
        record.inserted += inserted;
        record.conflicts += conflicts;
        record.duplicates += duplicates;
        self.report.read += batch.read;
        self.report.rejected += batch.rejected;
        self.report.skipped += batch.skipped;
        self.report.maintenance += batch.maintenance;
        self.report.gaps += gaps;
        self.report.inserted += inserted;
        self.report.conflicts += conflicts;
        self.report.duplicates += duplicates;
        self.report.systems = self.systems.len();
        Ok(())
    }

    /// The maintenance found in the records.
    pub(super) fn maintenance(&self) -> Vec<Object> {
        self.plans.as_ref().map(Plans::windows).unwrap_or_default()
    }

    /// The systems whose checks reported although they are composite and have none.
    pub(in crate::commands) fn composites(&self, store: &Store) -> Result<Vec<Name>> {
        store.composites_among(&self.checked)
    }

    /// Ends a transaction in the middle of an ingest: caches follow the facts, and the counts so far are stored.
    fn settle(&mut self, store: &Store, followers: &mut Followers) -> Result<()> {
        let touched = self.writer.take_touched();
        follow_facts(store, &touched, followers)?;
        for (system, at) in touched {
            let earliest = self.touched.entry(system).or_insert(at);
            *earliest = at.min(*earliest);
        }
        self.records.iter().try_for_each(|record| store.record_ingest(record))
    }

    /// Ends the last transaction of an ingest.
    pub(in crate::commands) fn close(
        &mut self,
        store: &Store,
        finished: Instant,
        followers: &mut Followers,
    ) -> Result<()> {
        self.records.iter_mut().for_each(|record| record.finished_at = Some(finished));
        self.settle(store, followers)?;
        seal_after_ingest(store, &self.touched, followers, (self.report.inserted, self.started))
    }

    /// Whether anything new was kept.
    pub(super) fn has_changes(&self) -> bool {
        self.records.iter().any(IngestRecord::changed_journal)
    }
}

/// Warns about checks of composite systems, which do not count.
pub(in crate::commands) fn warn_of_composites(context: &mut Context<'_>, composites: &[Name]) {
    for composite in composites.iter().take(MOST_COMPOSITES) {
        context.warn(&format!(
            "warning: {composite} is a composite system, of which only incidents count: what its checks report has no \
             effect; report it as another system, and make that a member"
        ));
    }
}

/// The streams of a batch, each with the range of its facts; `None` if everything about it is needed.
fn coming(batch: &Batch, intervals: &HashMap<usize, Vec<Interval>>) -> Vec<(usize, Option<(Instant, Instant)>)> {
    let of_stream = |rows: &[Row]| {
        let stream = rows[0].stream();
        let follows = intervals.contains_key(&stream) || batch.max_gap_ms.is_some();
        (stream, (!follows).then(|| (rows[0].at(), rows[rows.len() - 1].at())))
    };
    batch.rows.chunk_by(|a, b| a.stream() == b.stream()).map(of_stream).collect()
}

/// The number of facts added that are not in a record.
#[derive(Default)]
struct Derived {
    added: u64,
    /// Those that mark gaps between observations.
    gaps: u64,
    /// Facts that follow from the records of other ingests, which they belong to.
    covered: Vec<(Transition, IngestId)>,
}

/// Adds the facts that follow from the records and the journal.
fn derive(
    store: &Store,
    writer: &mut JournalWriter,
    stream: usize,
    transitions: &mut Vec<Transition>,
    (intervals, max_gap_ms): (Option<&Vec<Interval>>, Option<i64>),
) -> Result<Derived> {
    if intervals.is_none() && max_gap_ms.is_none() {
        return Ok(Derived::default());
    }
    let updates = intervals.into_iter().flatten().filter_map(|interval| interval.updated);
    let (first, last) = (transitions[0].at, transitions[transitions.len() - 1].at);
    let (known, ingests): (Vec<Transition>, Vec<IngestId>) =
        store.around(writer, stream, (first, updates.fold(last, Instant::max)))?.into_iter().unzip();
    let mut added = intervals.map(|intervals| interval::facts(&known, intervals)).unwrap_or_default();
    let mut covered = Vec::new();
    added.covered.retain(|at, (status, end)| {
        let place = known.binary_search_by_key(end, |fact| fact.at);
        covered.extend(place.iter().map(|place| (Transition { at: *at, status: *status }, ingests[*place])));
        place.is_err()
    });
    let mut more = added.facts();
    let gaps = max_gap_ms.map(|gap| observed::gaps(&known, transitions, gap)).unwrap_or_default();
    let is_new = |gap: &&Transition| {
        [&known[..], transitions].iter().all(|of| of.binary_search_by_key(&gap.at, |fact| fact.at).is_err())
    };
    let count = gaps.iter().filter(is_new).count() as u64;
    more.extend(gaps);
    let before = transitions.len();
    transitions.extend(more);
    transitions.sort_unstable();
    // Of several statuses at one instant, the worst comes last.
    transitions.reverse();
    transitions.dedup_by_key(|transition| transition.at);
    transitions.reverse();
    Ok(Derived { added: (transitions.len() - before) as u64, gaps: count, covered })
}

/// The incidents of a batch, by stream.
fn intervals(batch: &mut Batch) -> HashMap<usize, Vec<Interval>> {
    let mut intervals: HashMap<usize, Vec<Interval>> = HashMap::new();
    for (stream, interval) in batch.intervals.drain(..) {
        intervals.entry(stream as usize).or_default().push(interval);
    }
    intervals
}

/// The notes of a batch by stream and time; of several at one instant the winner: the worst status, then the greatest
/// note.
fn notes(batch: &mut Batch) -> HashMap<usize, Notes> {
    let mut notes: HashMap<usize, Notes> = HashMap::new();
    for (index, text) in batch.notes.drain(..) {
        let row: Row = batch.rows[index as usize];
        let new = (row.status(), text);
        let of_stream = notes.entry(row.stream()).or_default();
        match of_stream.get_mut(&row.at()) {
            Some(known) if *known >= new => {}
            Some(known) => *known = new,
            None => drop(of_stream.insert(row.at(), new)),
        }
    }
    notes
}

/// The notes whose status won its instant.
fn of_winners(notes: Notes, transitions: &[Transition]) -> BTreeMap<Instant, Box<str>> {
    let won = |at: Instant, status: Status| transitions.binary_search(&Transition { at, status }).is_ok();
    notes.into_iter().filter(|(at, (status, _))| won(*at, *status)).map(|(at, (_, text))| (at, text)).collect()
}
