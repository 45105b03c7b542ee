//! Owns merging facts into the segments of one stream: of several facts at one instant, one wins, whatever their order.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Merged;
use super::entry::{self, Entry};
use super::rows::{Segment, insert, replace};
use crate::domain::health::ingest::IngestId;
use crate::domain::health::transition::{Status, Transition};
use crate::domain::value::instant::Instant;
use crate::store::database::connection::Connection;
use crate::store::facts::segment::{Fact, pack, pack_evenly};
use crate::store::id::StreamId;

/// The ingest that adds facts.
pub(in crate::store) enum Bringer<'a> {
    /// A current one, which gets an id with its first new fact.
    This(&'a mut dyn FnMut() -> Result<IngestId>),
    /// The ones that added them to another stream, by index of the facts.
    Earlier(&'a [IngestId]),
}

impl Bringer<'_> {
    fn id(&mut self, place: usize) -> Result<IngestId> {
        match self {
            Self::This(id) => id(),
            Self::Earlier(ids) => Ok(ids[place]),
        }
    }

    /// The id, if it may be earlier than that of an equal fact.
    fn earlier(&self, place: usize) -> Option<IngestId> {
        if let Self::Earlier(ids) = self { Some(ids[place]) } else { None }
    }
}

/// Merges facts into a stream.
pub(super) struct Merger<'a, 'b> {
    pub(super) connection: &'a Connection,
    pub(super) stream: StreamId,
    /// The notes of the incoming facts.
    pub(super) notes: &'a BTreeMap<Instant, Box<str>>,
    pub(super) bringer: Bringer<'b>,
    pub(super) merged: Merged,
    /// Whether a note was added or replaced.
    pub(super) renoted: bool,
}

impl Merger<'_, '_> {
    /// Merges the first facts of an empty stream.
    pub(super) fn begin(&mut self, transitions: &[Transition]) -> Result<()> {
        let places = transitions.iter().enumerate();
        let facts = places.map(|(place, transition)| self.add(*transition, place)).collect::<Result<Vec<Fact>>>()?;
        insert(self.connection, self.stream, &facts)
    }

    /// Merges facts, the first of which is at `place` among all incoming ones, into the one segment they fall into;
    /// returns the earliest changed instant.
    pub(super) fn merge(
        &mut self,
        segment: &Segment,
        transitions: &[Transition],
        first: usize,
    ) -> Result<Option<Instant>> {
        let known = segment.decode(self.stream)?;
        let appends = transitions[0].at > segment.last;
        let mut facts = Vec::with_capacity(known.len() + transitions.len());
        let (mut first_change, mut rewrites) = (None, false);
        let mut stored_notes = None;
        let mut known = known.into_iter().peekable();
        for (place, transition) in (first..).zip(transitions) {
            while let Some(fact) = known.next_if(|fact| fact.transition.at < transition.at) {
                facts.push(fact);
            }
            let before = known.next_if(|fact| fact.transition.at == transition.at);
            let after = match before {
                None => self.add(*transition, place)?,
                Some(fact) => {
                    let notes = match &stored_notes {
                        Some(notes) => notes,
                        None => stored_notes.insert(self.stored_notes(transitions)?),
                    };
                    self.settle(fact, notes.get(&transition.at).map(AsRef::as_ref), transition.status, place)?
                }
            };
            rewrites |= before != Some(after);
            // Events show the notes of their facts.
            let renoted = std::mem::take(&mut self.renoted);
            if renoted || before.map(|before| before.transition) != Some(after.transition) {
                first_change = first_change.or(Some(transition.at));
            }
            facts.push(after);
        }
        if rewrites {
            facts.extend(known);
            self.write(segment, &facts, appends)?;
        }
        Ok(first_change)
    }

    fn write(&self, segment: &Segment, facts: &[Fact], appends: bool) -> Result<()> {
        if appends && segment.is_well_filled() && !segment.has_room_for(facts.len()) {
            // A bulk load leaves a well-filled last segment as it is; otherwise, this one grows and splits if it must.
            return insert(self.connection, self.stream, &facts[segment.count..]);
        }
        let parts = if appends { pack(facts) } else { pack_evenly(facts) };
        replace(self.connection, self.stream, segment, &parts)
    }

    /// The notes from the first to the last of some facts.
    fn stored_notes(&self, transitions: &[Transition]) -> Result<BTreeMap<Instant, Box<str>>> {
        let range = (transitions[0].at, transitions[transitions.len() - 1].at);
        entry::notes(self.connection, self.stream, range)
    }

    /// Adds a fact at an instant that had none.
    fn add(&mut self, transition: Transition, place: usize) -> Result<Fact> {
        let ingest = self.bringer.id(place)?;
        if let Some(text) = self.notes.get(&transition.at) {
            entry::put_note(self.connection, self.stream, transition.at, Some(text))?;
        }
        self.merged.inserted += 1;
        self.merged.changed = true;
        Ok(Fact { transition, ingest })
    }

    /// Picks the winner of two facts at one instant. The loser is kept, unless the winner's ingest reported it, too.
    fn settle(&mut self, fact: Fact, note: Option<&str>, status: Status, place: usize) -> Result<Fact> {
        let (connection, stream, at) = (self.connection, self.stream, fact.transition.at);
        let known = Entry { status: fact.transition.status, note: note.map(Into::into) };
        let comes = Entry { status, note: self.notes.get(&at).cloned() };
        self.merged.conflicts += u64::from(known.status != comes.status);
        if comes == known {
            let earlier = self.bringer.earlier(place).filter(|earlier| *earlier < fact.ingest);
            return Ok(earlier.map_or(fact, |ingest| Fact { ingest, ..fact }));
        }
        if comes < known {
            if !entry::is_kept(connection, stream, at, &comes)? {
                let ingest = self.bringer.id(place)?;
                if ingest != fact.ingest {
                    entry::keep(connection, stream, at, &comes, ingest)?;
                    self.merged.changed = true;
                }
            }
            return Ok(fact);
        }
        let ingest = self.bringer.id(place)?;
        if ingest != fact.ingest {
            entry::keep(connection, stream, at, &known, fact.ingest)?;
        }
        if comes.note != known.note {
            entry::put_note(connection, stream, at, comes.note.as_deref())?;
            self.renoted = true;
        }
        self.merged.changed = true;
        Ok(Fact { transition: Transition { at, status }, ingest })
    }
}
