//! Owns importing the journal of another database.

use std::collections::BTreeMap;

use anyhow::Result;

use super::journal::{Incoming, JournalWriter, Merged};
use crate::domain::account::member::SystemId;
use crate::domain::health::ingest::IngestRecord;
use crate::domain::health::transition::Transition;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;
use crate::store::id::StreamId;

/// The facts of one stream in the other database.
#[derive(Default)]
struct Facts {
    stream: StreamId,
    transitions: Vec<Transition>,
    notes: BTreeMap<Instant, Box<str>>,
}

impl Store {
    /// Merges every fact of one system in another database, as if its export were ingested; `record` counts them. Runs
    /// in a write transaction.
    pub(crate) fn merge_system(
        &self,
        writer: &mut JournalWriter,
        other: &Self,
        (name, id): (&Name, SystemId),
        record: &mut IngestRecord,
    ) -> Result<()> {
        writer.restart();
        let mut streams: Vec<Facts> = Vec::new();
        other.each_fact(id, |stream, fact, note| {
            if streams.last().is_none_or(|last| last.stream != stream.id) {
                writer.add_stream(stream.named(name.clone()));
                streams.push(Facts { stream: stream.id, ..Facts::default() });
            }
            if let Some(facts) = streams.last_mut() {
                facts.transitions.push(fact.transition);
                facts.notes.extend(note.map(|text| (fact.transition.at, text.into())));
            }
            Ok(())
        })?;
        let coming = streams.iter().enumerate().filter_map(|(stream, Facts { transitions, .. })| {
            Some((stream, Some((transitions.first()?.at, transitions.last()?.at))))
        });
        self.expect_facts(writer, &coming.collect::<Vec<_>>())?;
        for (stream, Facts { transitions, notes, .. }) in streams.iter().enumerate() {
            let Merged { inserted, conflicts, .. } =
                self.merge(writer, &Incoming { stream, transitions, notes }, record)?;
            let read = transitions.len() as u64;
            record.read += read;
            record.inserted += inserted;
            record.conflicts += conflicts;
            record.duplicates += read - inserted - conflicts;
        }
        Ok(())
    }
}
