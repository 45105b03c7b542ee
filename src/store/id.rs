//! Owns the ids of streams, segments and manifests, and how ids are stored.

use std::fmt;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};

use crate::domain::account::member::SystemId;
use crate::domain::health::ingest::IngestId;

/// Identifies a stream within one database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(crate) struct StreamId(pub(crate) i64);

/// Identifies a segment within one database, until it is rewritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentId(pub(crate) i64);

/// Identifies a declared object, and what is derived from it, within one database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ManifestId(pub(crate) i64);

macro_rules! stored {
    ($($id:ident)*) => {
        $(
            impl ToSql for $id {
                fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                    self.0.to_sql()
                }
            }

            impl FromSql for $id {
                fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                    i64::column_result(value).map(Self)
                }
            }
        )*
    };
}

stored!(StreamId SegmentId ManifestId IngestId SystemId);

macro_rules! shown {
    ($($id:ident)*) => {
        $(
            impl fmt::Display for $id {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }
        )*
    };
}

shown!(StreamId SegmentId ManifestId);
