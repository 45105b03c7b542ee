//! Owns what a stream of transitions is called.

use super::transition::Source;
use crate::domain::value::name::Name;

/// A stream by its names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct StreamName {
    pub(crate) system: Name,
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
}
