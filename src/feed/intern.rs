//! Owns the numbering of streams: each gets an index when it is first seen.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::row::Row;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::Source;

/// Bytes of names that are held at the most, give or take one stream's.
const MOST_BYTES: usize = 16 << 20;

/// Streams by index, and indices by stream.
pub(super) struct Interner {
    keys: Vec<StreamName>,
    entries: HashTable<Entry>,
    /// The names of all entries one behind the other: a feed of many streams waits for memory more than for anything else.
    names: Vec<u8>,
    hasher: DefaultHashBuilder,
    last: Option<Entry>,
}

/// A stream's index, and where its names are: the system's up to `rest`, and up to `end` what else tells it apart, if anything does.
#[derive(Clone, Copy)]
struct Entry {
    index: u32,
    start: u32,
    rest: u32,
    end: u32,
}

impl Interner {
    pub(super) fn new() -> Self {
        let (entries, hasher) = (HashTable::new(), DefaultHashBuilder::default());
        Self { keys: Vec::new(), entries, names: Vec::new(), hasher, last: None }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no further stream may be added.
    pub(super) fn is_full(&self) -> bool {
        self.keys.len() == Row::MOST_STREAMS || self.names.len() >= MOST_BYTES
    }

    /// The stream with this index.
    pub(super) fn key(&self, index: usize) -> &StreamName {
        &self.keys[index]
    }

    /// The streams with this index and later ones.
    pub(super) fn keys_from(&self, index: usize) -> Vec<StreamName> {
        self.keys[index..].to_vec()
    }

    /// The index of a stream; `make` checks its names when it is new.
    ///
    /// # Errors
    /// Those of `make`.
    pub(super) fn index(
        &mut self,
        system: &[u8],
        source: Source,
        check: Option<&[u8]>,
        make: impl FnOnce() -> Result<StreamName, String>,
    ) -> Result<u32, String> {
        let kind = kind(source, check);
        let names = &self.names;
        let same = |entry: &Entry| {
            let (own, rest) = entry.of(names);
            own == system
                && match (kind, rest.split_first()) {
                    (None, None) => true,
                    (Some(kind), Some((known, name))) => *known == kind && name == check.unwrap_or_default(),
                    _ => false,
                }
        };
        if let Some(last) = self.last.filter(same) {
            return Ok(last.index);
        }
        let hash = hash(&self.hasher, system, kind, check.unwrap_or_default());
        if let Some(entry) = self.entries.find(hash, same) {
            self.last = Some(*entry);
            return Ok(entry.index);
        }
        self.keys.push(make()?);
        let start = self.names.len() as u32;
        self.names.extend_from_slice(system);
        let rest = self.names.len() as u32;
        if let Some(kind) = kind {
            self.names.push(kind);
            self.names.extend_from_slice(check.unwrap_or_default());
        }
        let entry = Entry { index: self.keys.len() as u32 - 1, start, rest, end: self.names.len() as u32 };
        let (names, hasher) = (&self.names, &self.hasher);
        self.entries.insert_unique(hash, entry, |entry| {
            let (system, rest) = entry.of(names);
            self::hash(hasher, system, rest.first().copied(), rest.get(1..).unwrap_or_default())
        });
        self.last = Some(entry);
        Ok(entry.index)
    }
}

impl Entry {
    /// The system's name, and what else tells the stream apart.
    fn of(self, names: &[u8]) -> (&[u8], &[u8]) {
        names[self.start as usize..self.end as usize].split_at((self.rest - self.start) as usize)
    }
}

/// What is told of a stream besides its system's and its check's name; nothing of most.
fn kind(source: Source, check: Option<&[u8]>) -> Option<u8> {
    let kind = (source as u8) << 1 | u8::from(check.is_some());
    (kind != (Source::Healthcheck as u8) << 1).then_some(kind)
}

fn hash(hasher: &DefaultHashBuilder, system: &[u8], kind: Option<u8>, check: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(system);
    if let Some(kind) = kind {
        state.write_u8(kind);
        state.write(check);
    }
    state.finish()
}
