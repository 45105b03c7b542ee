//! Owns the numbering of streams, by first appearance.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::row::Row;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::Source;

/// The most bytes of names held, plus or minus one stream's.
const MOST_BYTES: usize = 16 << 20;

/// Streams by index, and indices by stream.
pub(super) struct Interner {
    keys: Vec<StreamName>,
    entries: HashTable<Entry>,
    /// The same entries by index.
    in_order: Vec<Entry>,
    /// The names of all entries, concatenated: with many streams, memory access dominates.
    names: Vec<u8>,
    hasher: DefaultHashBuilder,
    last: Option<Entry>,
    /// Whether the last change of the stream followed the order in which streams first came.
    in_turn: bool,
}

/// A stream's index and the place of its names: the system's up to `rest`, and the rest of its key up to `end`, if any.
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
        Self { keys: Vec::new(), entries, in_order: Vec::new(), names: Vec::new(), hasher, last: None, in_turn: false }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no more streams may be added.
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

    /// The index of a stream; `make` checks its names if it is new.
    pub(super) fn index(
        &mut self,
        stream: &Stream<'_>,
        make: impl FnOnce() -> Result<StreamName, String>,
    ) -> Result<u32, String> {
        let names = &self.names;
        let same = |entry: &Entry| {
            let (system, rest) = entry.of(names);
            system == stream.system && stream.is_told_by(rest)
        };
        if let Some(last) = self.last.filter(same) {
            return Ok(last.index);
        }
        // Feeds of many systems mostly list them in the same order each time. In others the lookup would only cost time.
        let follows = self.last.map_or(0, |last| last.index as usize + 1);
        if self.in_turn
            && let Some(next) = self.in_order.get(follows).or(self.in_order.first()).copied().filter(same)
        {
            self.last = Some(next);
            return Ok(next.index);
        }
        let hash = stream.hash(&self.hasher);
        if let Some(entry) = self.entries.find(hash, same) {
            let next = if follows < self.in_order.len() { follows } else { 0 };
            self.in_turn = entry.index as usize == next;
            self.last = Some(*entry);
            return Ok(entry.index);
        }
        self.keys.push(make()?);
        let start = self.names.len() as u32;
        self.names.extend_from_slice(stream.system);
        let rest = self.names.len() as u32;
        stream.tell(|part| self.names.extend_from_slice(part));
        let entry = Entry { index: self.keys.len() as u32 - 1, start, rest, end: self.names.len() as u32 };
        let (names, hasher) = (&self.names, &self.hasher);
        self.entries.insert_unique(hash, entry, |entry| {
            let (system, rest) = entry.of(names);
            let names = rest.get(1..).unwrap_or_default();
            let mut names = names.splitn(2, |byte| [*byte] == *BETWEEN);
            let mut name = || names.next().unwrap_or_default();
            self::hash(hasher, system, rest.first().copied(), name(), name())
        });
        self.in_order.push(entry);
        self.last = Some(entry);
        Ok(entry.index)
    }
}

impl Entry {
    /// The system's name and the rest of the key.
    fn of(self, names: &[u8]) -> (&[u8], &[u8]) {
        names[self.start as usize..self.end as usize].split_at((self.rest - self.start) as usize)
    }
}

/// A stream as named in a line, unchecked.
pub(super) struct Stream<'l> {
    pub(super) system: &'l [u8],
    pub(super) source: Source,
    pub(super) check: Option<&'l [u8]>,
    pub(super) location: Option<&'l [u8]>,
}

/// Separates the names of a check and a location; not valid in names.
const BETWEEN: &[u8] = &[0];

impl Stream<'_> {
    /// Which names it has and its source; `None` for the most common combination.
    fn kind(&self) -> Option<u8> {
        let kind = (self.source as u8) << 2 | u8::from(self.check.is_some()) << 1 | u8::from(self.location.is_some());
        (kind != (Source::Healthcheck as u8) << 2).then_some(kind)
    }

    /// Calls `each` with the parts of its key after the system.
    fn tell(&self, mut each: impl FnMut(&[u8])) {
        let Some(kind) = self.kind() else { return };
        each(&[kind]);
        each(self.check.unwrap_or_default());
        if let Some(location) = self.location {
            each(BETWEEN);
            each(location);
        }
    }

    /// Whether this is its key after the system.
    fn is_told_by(&self, mut rest: &[u8]) -> bool {
        let mut is_same = true;
        self.tell(|part| match rest.strip_prefix(part) {
            Some(after) => rest = after,
            None => is_same = false,
        });
        is_same && rest.is_empty()
    }

    fn hash(&self, hasher: &DefaultHashBuilder) -> u64 {
        hash(hasher, self.system, self.kind(), self.check.unwrap_or_default(), self.location.unwrap_or_default())
    }
}

fn hash(hasher: &DefaultHashBuilder, system: &[u8], kind: Option<u8>, check: &[u8], location: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(system);
    if let Some(kind) = kind {
        state.write_u8(kind);
        state.write(check);
        state.write(location);
    }
    state.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::value::name::Name;

    /// A stream of a system and, for some numbers, of a check or a location.
    fn names(number: usize) -> (String, Option<String>, Option<String>) {
        let of = |text: &str, is: bool| is.then(|| format!("{text}{}", number % 2));
        (format!("s{}", number / 4), of("c", !number.is_multiple_of(4)), of("l", number % 4 == 3))
    }

    proptest! {
        /// Rounds over some streams, with others between.
        #[test]
        fn streams_are_numbered_as_they_come(rounds in prop::collection::vec(prop::collection::vec(0..20usize, 1..12), 1..4), times in 1..4usize) {
            let (mut interner, mut expected) = (Interner::new(), HashMap::new());
            for number in rounds.iter().flat_map(|round| std::iter::repeat_n(round, times).flatten()) {
                let next = expected.len() as u32;
                let (system, check, location) = names(*number);
                let stream = Stream {
                    system: system.as_bytes(),
                    source: Source::Healthcheck,
                    check: check.as_deref().map(str::as_bytes),
                    location: location.as_deref().map(str::as_bytes),
                };
                let name = |text: &Option<String>| text.as_ref().map(|text| Name::parse(text).unwrap());
                let key = StreamName {
                    system: Name::parse(&system).unwrap(),
                    source: Source::Healthcheck,
                    check: name(&check),
                    location: name(&location),
                };
                let index = *expected.entry(key.clone()).or_insert(next);
                prop_assert_eq!(interner.index(&stream, || Ok(key.clone())), Ok(index));
                prop_assert_eq!(interner.key(index as usize), &key);
            }
            prop_assert_eq!(interner.len(), expected.len());
        }
    }
}
