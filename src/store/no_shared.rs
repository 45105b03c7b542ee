//! Owns reporting that this build has no shared store: it was made without the feature `postgres`.

#![expect(clippy::needless_pass_by_value, clippy::unused_self, reason = "the signatures are those of the shared store")]

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use anyhow::Result;

use super::database::connection::Connection;
use super::database::open::{Access, Store};
use crate::domain::account::member::SystemId;
use crate::domain::health::figures::Figures;
use crate::domain::health::ingest::IngestId;
use crate::domain::value::instant::Instant;
use crate::failure::Failure;

/// No text is an address.
#[derive(Clone, Debug)]
pub(crate) struct Address(Infallible);

impl fmt::Display for Address {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl Address {
    pub(crate) fn at_most_waiting(self, _: Duration) -> Self {
        match self.0 {}
    }

    pub(crate) fn has_password(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn written(&self) -> String {
        match self.0 {}
    }

    pub(crate) fn parse(_: &str, _: &BTreeMap<OsString, OsString>) -> Result<Self> {
        Err(Failure::new(
            "this slo was built without PostgreSQL",
            "build it with the feature `postgres`, or name a SQLite file with --db PATH or SLO_DB",
        ))
    }
}

pub(crate) fn is_address(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.to_ascii_lowercase().starts_with(scheme))
}

pub(crate) fn shows_password(_: &str) -> bool {
    false
}

#[cfg(unix)]
pub(crate) fn without_password(_: &str) -> Option<String> {
    None
}

/// How a transaction writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writing {
    Declarations,
    Facts,
    Alone,
}

#[derive(Debug)]
pub(super) struct Held(Infallible);

#[derive(Debug)]
#[expect(dead_code, reason = "no concurrent ingests here")]
pub(super) struct Taking<'a> {
    pub(super) system: &'a str,
    pub(super) source: u8,
    pub(super) check: &'a str,
    pub(super) location: &'a str,
    pub(super) from: Instant,
    pub(super) through: Instant,
}

pub(super) type Savepoint = Infallible;

/// What a statement is about.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "a file has everything")]
pub(super) enum About<'a> {
    Objectives(&'a [&'a str]),
    ObjectiveId(i64),
    System(&'a str),
    SystemId(i64),
}

/// The rows that a statement reads of one table.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "a file has everything")]
pub(super) enum Part<'a> {
    NotesOf(i64, i64, i64),
    Ingests(&'a BTreeSet<IngestId>),
}

/// No store is shared.
#[derive(Debug)]
pub(super) struct Shared(Infallible);

macro_rules! none {
    ($(fn $name:ident($($of:ty),*) -> $result:ty;)*) => {
        impl Shared {
            $(pub(super) fn $name(&self, $(_: $of),*) -> $result { match self.0 {} })*
        }
    };
}

none! {
    fn fill(&Connection) -> rusqlite::Result<()>;
    fn fill_but_segments(&Connection) -> rusqlite::Result<()>;
    fn fill_about(&Connection, About<'_>) -> rusqlite::Result<()>;
    fn fill_part(&Connection, Part<'_>) -> rusqlite::Result<()>;
    fn fill_all(&Connection) -> rusqlite::Result<()>;
    fn next_id(&'static str) -> rusqlite::Result<i64>;
    fn want_segments(&Connection, i64, (i64, i64)) -> rusqlite::Result<()>;
    fn want_ingest(&Connection, IngestId) -> Result<()>;
    fn is_taking() -> bool;
    fn taken_composites() -> Option<BTreeMap<i64, String>>;
    fn take(&Connection, &[Taking<'_>]) -> Result<()>;
    fn lock_systems(&Connection, &BTreeSet<&str>) -> Result<()>;
    fn touch(&BTreeMap<SystemId, Instant>) -> ();
    fn figures() -> Result<Figures>;
    fn hold_delivery(&Connection) -> Result<Held>;
    fn savepoint() -> Savepoint;
    fn rolled_back(&Connection, Savepoint) -> ();
}

impl Shared {
    pub(super) fn open(address: Address, _: Access) -> Result<Connection> {
        match address.0 {}
    }

    pub(super) fn exists(address: &Address, _: Access) -> Result<bool> {
        match address.0 {}
    }
}

pub(super) fn copy_to(address: &Address, _: &rusqlite::Connection) -> Result<()> {
    match address.0 {}
}

impl Store {
    pub(super) fn read_shared<T>(&self, shared: &Shared, _: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        match shared.0 {}
    }

    pub(super) fn write_shared<T>(&self, shared: &Shared, _: Writing, _: impl FnMut(&Self) -> Result<T>) -> Result<T> {
        match shared.0 {}
    }

    pub(super) fn rehearse_shared<T>(&self, shared: &Shared, _: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        match shared.0 {}
    }

    pub(super) fn write_through(&self, shared: &Shared, _: &str, _: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        match shared.0 {}
    }
}
