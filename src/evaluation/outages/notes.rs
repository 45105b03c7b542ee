//! Owns notes on outages: the last note of a fact other than `healthy` during each.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;

use crate::domain::account::member::{Member, SystemId};
use crate::domain::account::model::Model;
use crate::domain::account::outage::Outage;
use crate::domain::health::timeline::Scope;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::store::{Store, StreamRow};

/// Notes with their instants, oldest first; those of one instant by text.
pub(in crate::evaluation) type Noted = Vec<(Instant, Rc<str>)>;

/// The notes of systems, looked up on demand.
pub(in crate::evaluation) struct Notes<'s> {
    store: &'s Store,
    as_of: Instant,
    /// The streams of each system and its members that may have notes.
    streams: HashMap<SystemId, Rc<[(SystemId, StreamRow)]>>,
}

impl<'s> Notes<'s> {
    /// Uses facts up to an instant.
    pub(in crate::evaluation) fn new(store: &'s Store, as_of: Instant) -> Self {
        Self { store, as_of, streams: HashMap::new() }
    }

    /// Adds to each event of an objective's outages the last note between the start of its outage and its own end.
    pub(in crate::evaluation) fn add(&mut self, model: &Model, outages: &mut [Outage]) -> Result<()> {
        let now = self.as_of.plus(1);
        let starts = outages.iter().map(|outage| outage.start).min();
        let ends = outages.iter().map(|outage| outage.end.unwrap_or(now)).max();
        let Some((start, end)) = starts.zip(ends) else { return Ok(()) };
        let noted = self.within(&model.system, model.scope(), Span::new(start, end))?;
        if noted.is_empty() {
            return Ok(());
        }
        for outage in outages {
            for event in &mut outage.events {
                event.note = last(&noted, Span::new(outage.start, event.end.unwrap_or(now)));
            }
        }
        Ok(())
    }

    /// The notes of a system, or of the scope of objectives on one check, within a span.
    pub(in crate::evaluation) fn within(&mut self, system: &Member, scope: Scope<'_>, within: Span) -> Result<Noted> {
        let within = Span::new(within.start, within.end.min(self.as_of.plus(1)));
        let mut noted = Noted::new();
        for (id, stream) in self.streams(system)?.iter() {
            if *id != system.id || scope.contains(stream.source, stream.check.as_ref()) {
                let found = self.store.notes_of_trouble(id.0, stream, within)?;
                noted.extend(found.into_iter().map(|(at, text)| (at, text.into())));
            }
        }
        noted.sort();
        Ok(noted)
    }

    fn streams(&mut self, system: &Member) -> Result<Rc<[(SystemId, StreamRow)]>> {
        if let Some(known) = self.streams.get(&system.id) {
            return Ok(Rc::clone(known));
        }
        let mut found = Vec::new();
        collect(self.store, system, &mut found)?;
        let found: Rc<[_]> = found.into();
        self.streams.insert(system.id, Rc::clone(&found));
        Ok(found)
    }
}

fn collect(store: &Store, system: &Member, found: &mut Vec<(SystemId, StreamRow)>) -> Result<()> {
    let streams = store.noted_streams(system.id)?.into_iter().filter(|stream| system.rules.counts(stream.source));
    found.extend(streams.map(|stream| (system.id, stream)));
    let members = system.composition.iter().flat_map(|composition| &composition.members);
    members.into_iter().try_for_each(|member| collect(store, member, found))
}

/// The last note within a span.
pub(in crate::evaluation) fn last(noted: &Noted, within: Span) -> Option<Rc<str>> {
    let (at, text) = noted[..noted.partition_point(|(at, _)| *at < within.end)].last()?;
    (*at >= within.start).then(|| Rc::clone(text))
}
