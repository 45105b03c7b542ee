//! Owns making caches anew, when they are damaged or somebody asks for it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use anyhow::Result;

use super::computing::compute_from;
use super::sealing::{derive_inputs, seal_some, settle};
use crate::domain::account::member::SystemId;
use crate::domain::value::instant::Instant;
use crate::store::{Before, Followers, LogRange, Store};

/// After facts changed, of each system from a moment on: cuts the caches that depend on them. Runs in a write transaction, in which
/// `followers` were read.
///
/// # Errors
/// Those of the database.
pub(crate) fn follow_facts(
    store: &Store,
    touched: &BTreeMap<SystemId, Instant>,
    followers: &mut Followers,
) -> Result<()> {
    following(store, followers, |store, followers| store.trim_caches(touched, followers))
}

/// After an ingest: goes on sealing days, as far as what was ingested allows. Runs in a write transaction, in which `followers` were read.
///
/// # Errors
/// Those of the database.
pub(crate) fn seal_after_ingest(
    store: &Store,
    touched: &BTreeMap<SystemId, Instant>,
    followers: &mut Followers,
    (inserted, now): (u64, Instant),
) -> Result<()> {
    if store.leaves_caches() {
        return Ok(());
    }
    following(store, followers, |store, followers| seal_some(store, touched, followers, (inserted, now)))
}

/// Runs `work` as [`Store::with_caches`]; of what is made anew, nothing was read.
fn following(
    store: &Store,
    followers: &mut Followers,
    work: impl Fn(&Store, &mut Followers) -> Result<()>,
) -> Result<()> {
    let followers = RefCell::new(followers);
    store.with_caches(
        |store| work(store, &mut followers.borrow_mut()),
        |store| {
            **followers.borrow_mut() = Followers::default();
            forget(store)
        },
    )
}

/// After manifests changed: brings everything derived from them up to date. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(crate) fn settle_manifests(store: &Store, now: Instant) -> Result<()> {
    store.with_caches(|store| settle(store, now), forget)
}

/// Brings the computed tables up to a moment and logs what is seen differently, which it returns the place of; of conditions that are
/// new, with their `history` where that is asked for. Runs in a write transaction.
///
/// # Errors
/// Those of the database.
pub(crate) fn compute(store: &Store, as_of: Instant, history: bool) -> Result<LogRange> {
    let hold = Cell::new(true);
    let work = |store: &Store| {
        store.expect_log()?;
        if hold.get() && store.computed()?.is_some() {
            // Where a table is damaged that tells what was seen last, the log tells it.
            let told = Cell::new(true);
            let before = || if told.get() { Ok(Before::Published) } else { store.logged_views().map(Before::Logged) };
            return store.with_caches(
                |store| compute_from(store, before()?, as_of, history),
                |_| {
                    told.set(false);
                    Ok(())
                },
            );
        }
        compute_from(store, Before::Logged(store.logged_views()?), as_of, history)
    };
    store.with_caches(work, |store| {
        hold.set(false);
        forget(store)?;
        store.empty_published()?;
        store.repair_log()
    })
}

/// Makes every cache anew: what is derived from manifests, sealed days, and what the last computation published. Runs in a write
/// transaction; facts and manifests must be sound.
///
/// # Errors
/// Those of the database.
pub(crate) fn rebuild(store: &Store, now: Instant, computed: Option<Instant>) -> Result<()> {
    store.empty_caches()?;
    store.empty_published()?;
    store.repair_log()?;
    settle(store, now)?;
    if let Some(as_of) = computed {
        compute_from(store, Before::Logged(store.logged_views()?), as_of, false)?;
    }
    Ok(())
}

/// Makes the caches anew without sealing a day: that goes on from there.
pub(super) fn forget(store: &Store) -> Result<()> {
    store.empty_caches()?;
    derive_inputs(store)?;
    store.forget_computed()
}
