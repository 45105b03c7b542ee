//! Owns the numbering of streams: each gets an index when it is first seen.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::row::Row;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::Source;
use crate::domain::value::name::Name;

/// Bytes of names that are held at the most, give or take one stream's.
const MOST_BYTES: usize = 16 << 20;

/// Streams by index, and indices by stream.
pub(super) struct Interner {
    keys: Vec<StreamName>,
    indices: HashTable<u32>,
    hasher: DefaultHashBuilder,
    last: u32,
    bytes: usize,
}

impl Interner {
    pub(super) fn new() -> Self {
        Self { keys: Vec::new(), indices: HashTable::new(), hasher: DefaultHashBuilder::default(), last: 0, bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no further stream may be added.
    pub(super) fn is_full(&self) -> bool {
        self.keys.len() == Row::MOST_STREAMS || self.bytes >= MOST_BYTES
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
        let same = |key: &StreamName| {
            key.system.as_str().as_bytes() == system && key.source == source && check == check_bytes(key)
        };
        if self.keys.get(self.last as usize).is_some_and(same) {
            return Ok(self.last);
        }
        let hash = hash(&self.hasher, system, source, check);
        if let Some(index) = self.indices.find(hash, |index| same(&self.keys[*index as usize])) {
            self.last = *index;
            return Ok(*index);
        }
        let key = make()?;
        let index = self.keys.len() as u32;
        self.bytes += system.len() + check.map_or(0, <[u8]>::len);
        self.keys.push(key);
        let (keys, hasher) = (&self.keys, &self.hasher);
        self.indices.insert_unique(hash, index, |index| {
            let key = &keys[*index as usize];
            self::hash(hasher, key.system.as_str().as_bytes(), key.source, check_bytes(key))
        });
        self.last = index;
        Ok(index)
    }
}

fn check_bytes(key: &StreamName) -> Option<&[u8]> {
    key.check.as_ref().map(Name::as_str).map(str::as_bytes)
}

fn hash(hasher: &DefaultHashBuilder, system: &[u8], source: Source, check: Option<&[u8]>) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(system);
    if source != Source::Healthcheck || check.is_some() {
        state.write_u8(source as u8);
        state.write(check.unwrap_or_default());
    }
    state.finish()
}
