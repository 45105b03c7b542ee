//! Owns the outage that somebody on call asks about: the one that goes on or else the last one, with what was written of it.

use std::collections::BTreeMap;

use super::review::Interruption;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// The latest outage of an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Latest {
    pub(crate) outage: Interruption,
    /// What was written of it, in the order in which it was written last.
    pub(crate) notes: Vec<Note>,
}

/// A text that came with facts other than `healthy`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Note {
    /// Of the fact it came with last, and of the first one.
    pub(crate) last: Instant,
    pub(crate) first: Instant,
    /// With how many facts it came.
    pub(crate) count: usize,
    /// Whose facts they were: the objective's own system, a member of that, or an upstream that is charged.
    pub(crate) system: Name,
    pub(crate) text: String,
}

/// Collects notes, each text of a system once however often it came.
#[derive(Default)]
pub(crate) struct Notes(BTreeMap<(Name, String), Note>);

impl Notes {
    pub(crate) fn add(&mut self, system: &Name, at: Instant, text: &str) {
        let note = || Note { last: at, first: at, count: 0, system: system.clone(), text: text.to_owned() };
        let known = self.0.entry((system.clone(), text.to_owned())).or_insert_with(note);
        known.first = known.first.min(at);
        known.last = known.last.max(at);
        known.count += 1;
    }

    /// All of them, in the order in which they came last; ties: by system, then by text.
    pub(crate) fn in_order(self) -> Vec<Note> {
        let mut notes: Vec<Note> = self.0.into_values().collect();
        notes.sort_by_key(|note| note.last);
        notes
    }
}
