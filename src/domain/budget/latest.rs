//! Owns the outage that somebody on call asks about: the ongoing one or else the last, with its notes.

use std::collections::BTreeMap;

use super::review::Interruption;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// The latest outage of an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Latest {
    pub(crate) outage: Interruption,
    /// Its notes, sorted by when each was last written.
    pub(crate) notes: Vec<Note>,
}

/// A text that came with facts other than `healthy`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Note {
    /// When it came last; `first` is when it came first.
    pub(crate) last: Instant,
    pub(crate) first: Instant,
    /// How many facts it came with.
    pub(crate) count: usize,
    /// The system of these facts: the objective's own, a member of it, or a charged upstream.
    pub(crate) system: Name,
    pub(crate) text: String,
}

/// Collects notes, each text of a system once.
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

    /// All notes, sorted by when they came last; ties: by system, then by text.
    pub(crate) fn in_order(self) -> Vec<Note> {
        let mut notes: Vec<Note> = self.0.into_values().collect();
        notes.sort_by_key(|note| note.last);
        notes
    }
}
