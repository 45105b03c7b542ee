//! Owns splitting an input into transitions: line by line, or as the items of one JSON list.

use std::io::{self, Read};

use super::LONGEST_LINE;
use super::input::Input;
use super::records::{Cut, Records};
use super::walk::{Found, Walk};
use crate::domain::health::feed::Step;

/// One input and how it is split.
pub(super) enum Frame<R: Read> {
    /// Nothing has been read yet.
    Unread(Option<Input<R>>),
    Lines(Box<Records<Input<R>>>),
    List(Box<Walk<Input<R>>>),
}

impl<R: Read> Frame<R> {
    pub(super) const fn new(input: Input<R>) -> Self {
        Self::Unread(Some(input))
    }

    /// Detects how the input is split, unless known; returns whether it is newly known to be a list. Without `may_list`
    /// it is lines.
    pub(super) fn open(&mut self, may_list: bool) -> io::Result<bool> {
        let Self::Unread(input) = self else { return Ok(false) };
        let Some(mut input) = input.take() else { return Ok(false) };
        let is_list = may_list && input.opens_list()?;
        *self = if is_list {
            Self::List(Box::new(Walk::new(input, vec![vec![Step::Each]])))
        } else {
            Self::Lines(Box::new(Records::new(input)))
        };
        Ok(is_list)
    }

    /// Whether the input is a list.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    /// The next record; `None` at the end. See [`Records::next`].
    ///
    /// # Errors
    /// When the input cannot be read, or is a list that is not JSON.
    pub(super) fn next(&mut self, delimiter: Option<u8>) -> io::Result<Option<Cut<'_>>> {
        match self {
            Self::Unread(_) => Ok(None),
            Self::Lines(records) => records.next(delimiter),
            Self::List(walk) => Ok(walk.next()?.map(|Found { raw, line, is_cut, .. }| {
                if is_cut || raw.len() > LONGEST_LINE {
                    Cut::Overlong { piece: raw, line, first: true, complete: true }
                } else {
                    Cut::Record { raw, line, broken: false }
                }
            })),
        }
    }

    /// Whether a complete record has been read but not returned.
    pub(super) fn has_complete(&mut self, delimiter: Option<u8>) -> bool {
        match self {
            Self::Unread(_) => false,
            Self::Lines(records) => records.has_complete(delimiter),
            Self::List(walk) => walk.has_complete(),
        }
    }

    /// The line on which a partially read record begins.
    pub(super) fn partial(&self) -> Option<u64> {
        match self {
            Self::Unread(_) => None,
            Self::Lines(records) => records.partial(),
            Self::List(walk) => walk.partial(),
        }
    }

    /// Bytes of the file read so far, before decompression.
    pub(super) fn passed(&self) -> u64 {
        match self {
            Self::Unread(input) => input.as_ref().map_or(0, Input::passed),
            Self::Lines(records) => records.input().passed(),
            Self::List(walk) => walk.input().passed(),
        }
    }
}
