//! Owns reading any input of a command, whether of transitions or by a feed.

use std::io::{self, Read};

use anyhow::Result;

use super::{Batch, Described, Names, Reader, Reject};

/// A reader of one input.
pub(crate) enum Reading<'f, R: Read> {
    Transitions(Box<Reader<R>>),
    Described(Box<Described<'f, R>>),
}

impl<R: Read> Reading<'_, R> {
    /// See [`Reader::next_batch`].
    pub(crate) fn next_batch(
        &mut self,
        on_reject: &mut impl FnMut(&Reject<'_>) -> io::Result<()>,
    ) -> Result<Option<Batch>> {
        match self {
            Self::Transitions(reader) => reader.next_batch(on_reject),
            Self::Described(reader) => reader.next_batch(on_reject),
        }
    }

    /// See [`Reader::beginning`]; empty for a feed.
    pub(crate) fn beginning(&self) -> Vec<u8> {
        match self {
            Self::Transitions(reader) => reader.beginning(),
            Self::Described(_) => Vec::new(),
        }
    }

    /// The name of the feed, if any.
    pub(crate) fn feed(&self) -> Option<&str> {
        match self {
            Self::Transitions(_) => None,
            Self::Described(reader) => Some(reader.feed()),
        }
    }

    /// The unit records are counted in: lines, or rows of a database.
    pub(crate) fn unit(&self) -> &'static str {
        match self {
            Self::Transitions(_) => "line",
            Self::Described(reader) => reader.unit(),
        }
    }

    /// See [`Reader::ignored_fields`]; a feed names the fields it needs.
    pub(crate) fn ignored_fields(&self) -> &[String] {
        match self {
            Self::Transitions(reader) => reader.ignored_fields(),
            Self::Described(_) => &[],
        }
    }

    /// See [`Reader::partial`].
    pub(crate) fn partial(&self) -> Option<u64> {
        match self {
            Self::Transitions(reader) => reader.partial(),
            Self::Described(reader) => reader.partial(),
        }
    }

    /// The names read so far, for the next input.
    pub(crate) fn into_names(self) -> Names {
        match self {
            Self::Transitions(reader) => reader.into_names(),
            Self::Described(reader) => reader.into_names(),
        }
    }
}
