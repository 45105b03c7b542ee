//! Owns the shared store: a PostgreSQL database that many hosts write and read. A command works on a copy of the parts
//! it needs, in SQLite's memory, so that every statement and every answer is the same as with a file.
//! docs/design/shared-store.md explains how.

mod address;
mod catalog;
mod connecting;
mod copying;
mod encryption;
mod faults;
mod fetching;
mod figures;
mod filling;
mod moving;
mod numbers;
mod parts;
mod passwords;
mod published;
mod pushing;
mod retrying;
mod schema;
mod segments;
mod session;
mod subjects;
mod taking;
mod transacting;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;

pub(crate) use address::{Address, is_address, shows_password, without_password};
use catalog::Catalog;
use copying::Asked;
pub(super) use moving::copy_to;
use numbers::Numbers;
pub(super) use parts::Part;
use parts::Parts;
use segments::Segments;
pub(super) use session::Held;
use session::Session;
pub(super) use subjects::About;
use subjects::Subjects;
pub(super) use taking::Taking;
pub(super) use transacting::Writing;

use super::database::connection::Connection;
use super::database::open::Access;

/// The purpose of the open transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    /// There is none.
    Idle,
    /// To read as of one instant.
    Read,
    /// The same, and changes to caches and declared objects are then written in another transaction, unless another one
    /// has written such changes in the meantime. Facts may be added at any time.
    Declare,
    /// To write facts of the systems it has locked.
    Ingest,
    /// To write anything: nobody else writes.
    Alone,
}

/// A shared store and its working copy.
pub(super) struct Shared {
    address: Address,
    session: RefCell<Session>,
    catalog: Catalog,
    mode: Cell<Mode>,
    /// The tables that statements have asked for.
    asked: Arc<Asked>,
    /// The filled tables, a bit for each of the catalog's.
    filled: Cell<u64>,
    segments: RefCell<Segments>,
    /// The few objectives and systems in the copy, unless everything was asked for.
    subjects: RefCell<Subjects>,
    /// The parts that the copy has of tables that are not needed completely.
    parts: RefCell<Parts>,
    /// Whether changes in the copy are noted.
    notes_changes: Arc<AtomicBool>,
    /// The tables that can note changes, and those of them that still can after the copy is emptied.
    noted: Cell<(u64, u64)>,
    numbers: RefCell<Numbers>,
    /// The systems whose facts have changed since caches were made, each with the earliest instant and the version of
    /// that row.
    touched: RefCell<BTreeMap<i64, (i64, i64)>>,
    /// The systems whose facts this transaction has changed.
    touching: RefCell<BTreeMap<i64, i64>>,
    /// The rows of facts that this transaction has taken from the server: table, stream, time. It may have changed or
    /// deleted them since.
    taken: RefCell<HashSet<(usize, i64, i64)>>,
    /// The composite systems among those locked for writing, once any were.
    composites: RefCell<Option<BTreeMap<i64, String>>>,
    /// Whether this transaction keeps others from writing alone, because it begins systems.
    begins_systems: Cell<bool>,
    /// A transaction that has locked `about` before this one began, and in which this one is written.
    ahead: RefCell<Option<Session>>,
    /// How often declared objects and caches were written, as of this transaction.
    revision: Cell<i64>,
    /// The last ids as they were filled, of tables that do not reuse ids.
    counters: RefCell<BTreeMap<String, i64>>,
    /// An error of the server during a statement, which must not be mistaken for damage of the copy.
    failed: RefCell<Option<anyhow::Error>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.address)
    }
}

impl Shared {
    /// Connects to a shared store, creates or migrates it if needed, and makes an empty working copy.
    ///
    /// # Errors
    /// If there is no store and `access` does not create one, it cannot be read, or belongs to a newer `slo`.
    pub(super) fn open(address: Address, access: Access) -> Result<Connection> {
        let notes_changes = Arc::new(AtomicBool::new(false));
        let (sqlite, catalog) = copying::make(&notes_changes)?;
        let asked = Asked::listen(&sqlite, &catalog)?;
        let session = Session::open(&address, &catalog, access)?;
        let shared = Self {
            address,
            session: RefCell::new(session),
            catalog,
            mode: Cell::new(Mode::Idle),
            asked,
            filled: Cell::new(0),
            segments: RefCell::default(),
            notes_changes,
            noted: Cell::new((0, 0)),
            subjects: RefCell::default(),
            parts: RefCell::default(),
            numbers: RefCell::default(),
            touched: RefCell::default(),
            touching: RefCell::default(),
            taken: RefCell::default(),
            composites: RefCell::default(),
            begins_systems: Cell::new(false),
            ahead: RefCell::new(None),
            revision: Cell::new(0),
            counters: RefCell::default(),
            failed: RefCell::new(None),
        };
        Ok(Connection::of_shared(sqlite, shared))
    }

    /// Whether there is a store at an address; to write it, this waits for a starting server.
    pub(super) fn exists(address: &Address, access: Access) -> Result<bool> {
        Session::connect(address, access)?.version(address).map(|version| version.is_some())
    }

    /// Its address, without the password.
    pub(super) fn place(&self) -> String {
        self.address.to_string()
    }

    fn note_changes(&self, on: bool) {
        self.notes_changes.store(on && self.mode.get() != Mode::Read, Ordering::Relaxed);
    }
}
