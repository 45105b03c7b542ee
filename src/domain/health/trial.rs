//! Owns what became of the records of an input that was read for a look, and what records look like that nobody has described.

use super::feed::Format;
use super::stream::StreamName;
use super::transition::Transition;

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tried {
    /// The line on which it begins.
    pub(crate) line: u64,
    /// The values that its feed needs, by what the feed calls them; `None` where the record has none.
    pub(crate) values: Vec<(String, Option<String>)>,
    pub(crate) facts: Vec<(StreamName, Transition)>,
    /// Why it was rejected.
    pub(crate) reason: Option<String>,
}

/// What the records at the beginning of an input look like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sight {
    pub(crate) format: Format,
    /// Where the records are, of a tree.
    pub(crate) records: Option<String>,
    /// Of the values that the first record has.
    pub(crate) values: Vec<Seen>,
}

/// One value of the first record, and what other records have in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    /// As a field may call it.
    pub(crate) name: String,
    /// Cut when long.
    pub(crate) value: String,
    /// The different values of all records that were looked at, none twice, up to a bound.
    pub(crate) distinct: Vec<String>,
    pub(crate) time: Option<Spelling>,
}

/// How a time is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spelling {
    /// As times are read everywhere.
    Usual,
    /// As `strftime` writes it.
    Format(&'static str),
}
