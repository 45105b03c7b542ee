//! Owns changes to the journal other than additions: facts are deleted, or move to another name.

use super::ingest::IngestId;
use super::stream::StreamName;
use super::transition::Source;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// A requested rewrite.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Rewrite {
    /// Every fact that one ingest was the first to add.
    ForgetIngest { ingest: IngestId, file: String },
    /// Every fact of some streams of a system.
    ForgetStreams(Streams),
    /// Every fact of a system moves to another one, as if recorded under that name.
    RenameSystem { old: Name, new: Name },
}

impl Rewrite {
    pub(crate) const FORGET_INGEST: &'static str = "forget-ingest";
    pub(crate) const FORGET_SYSTEM: &'static str = "forget-system";
    pub(crate) const RENAME_SYSTEM: &'static str = "rename-system";

    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::ForgetIngest { .. } => Self::FORGET_INGEST,
            Self::ForgetStreams(_) => Self::FORGET_SYSTEM,
            Self::RenameSystem { .. } => Self::RENAME_SYSTEM,
        }
    }

    /// The systems it names.
    pub(crate) fn systems(&self) -> impl Iterator<Item = &Name> {
        let named = match self {
            Self::ForgetIngest { .. } => [None, None],
            Self::ForgetStreams(streams) => [Some(&streams.system), None],
            Self::RenameSystem { old, new } => [Some(old), Some(new)],
        };
        named.into_iter().flatten()
    }

    /// Whether deleted facts must not remain in the file.
    pub(crate) const fn forgets(&self) -> bool {
        !matches!(self, Self::RenameSystem { .. })
    }
}

/// Streams of one system: all of them, or those that match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Streams {
    pub(crate) system: Name,
    pub(crate) source: Option<Source>,
    pub(crate) check: Option<Name>,
    pub(crate) location: Option<Name>,
}

impl Streams {
    pub(crate) fn contains(&self, stream: &StreamName) -> bool {
        self.system == stream.system
            && self.source.is_none_or(|source| source == stream.source)
            && self.check.as_ref().is_none_or(|check| stream.check.as_ref() == Some(check))
            && self.location.as_ref().is_none_or(|location| stream.location.as_ref() == Some(location))
    }
}

/// The effect of a rewrite.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Extent {
    /// Facts that are deleted or move.
    pub(crate) transitions: u64,
    /// Those of them that share an instant with another fact: a deletion restores the fact of another ingest, and where
    /// both systems have one, the worse wins.
    pub(crate) settled: u64,
    /// Notes that are deleted or move.
    pub(crate) notes: u64,
    /// The systems that lose facts, with the number, sorted by name.
    pub(crate) systems: Vec<(Name, u64)>,
}

/// A completed rewrite.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RewriteRecord {
    pub(crate) done_at: Instant,
    pub(crate) author: Option<String>,
    pub(crate) rewrite: Rewrite,
    pub(crate) transitions: u64,
    pub(crate) notes: u64,
}
