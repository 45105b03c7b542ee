//! Owns the checks of what every engine owes to the rest of slo: each promise is checked through the store's own
//! functions, by the same code on a file and on a server. A new engine runs them once its name is in [`engines`].

#![expect(clippy::unwrap_used, reason = "all of this is tests, and clippy knows only functions marked as such")]

mod declared;
mod facts;
mod published;
#[path = "../../tests/it/shared/server.rs"]
#[expect(dead_code, reason = "the other tests start servers of more kinds")]
mod server;
mod transactions;

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;

use super::shared::Address;
use super::{Access, Store};
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::{Source, Status, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use server::Server;

/// A place for a database that is new for each check.
struct Place {
    /// Its engine.
    engine: &'static str,
    path: PathBuf,
    _folder: TempDir,
}

impl Place {
    /// Opens the store as another process would.
    fn open(&self, access: Access) -> Store {
        let place = self.path.to_str().unwrap();
        if self.engine == "file" {
            return Store::open(&self.path, access).unwrap();
        }
        Store::open_shared(Address::parse(place, &BTreeMap::new()).unwrap(), access).unwrap()
    }

    fn writer(&self) -> Store {
        self.open(Access::Create)
    }

    fn reader(&self) -> Store {
        self.open(Access::Read)
    }
}

/// A place of each engine that is available here.
fn engines() -> Vec<Place> {
    let folder = || tempfile::tempdir().unwrap();
    let file = folder();
    let mut places = vec![Place { engine: "file", path: file.path().join("slo.db"), _folder: file }];
    if let Some(server) = Server::any() {
        places.push(Place { engine: "server", path: server.fresh().into(), _folder: folder() });
    }
    places
}

/// Runs a check on each engine, and expects the same result from all.
#[track_caller]
fn on_each<T: PartialEq + std::fmt::Debug>(check: impl Fn(&Place) -> T) -> T {
    let mut found: Vec<(&str, T)> = engines().iter().map(|place| (place.engine, check(place))).collect();
    let (_, first) = found.remove(0);
    for (engine, other) in found {
        assert_eq!(other, first, "{engine}");
    }
    first
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Seconds after an arbitrary instant.
fn at(seconds: i64) -> Instant {
    Instant::from_millis(1_700_000_000_000 + seconds * 1000)
}

fn stream(system: &str, check: &str) -> StreamName {
    StreamName { system: name(system), source: Source::Healthcheck, check: Some(name(check)), location: None }
}

fn is(seconds: i64, status: Status) -> Transition {
    Transition { at: at(seconds), status }
}
