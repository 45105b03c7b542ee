//! Owns what became of the records of an input that was read for a look.

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
