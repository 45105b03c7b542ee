//! Owns rebuilding caches, when they are damaged or on request.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use anyhow::Result;

use super::computing::compute_from;
use super::sealing::{derive_inputs, seal_some, settle};
use crate::domain::account::member::SystemId;
use crate::domain::value::instant::Instant;
use crate::store::{Before, Followers, LogRange, Store};

/// Trims the caches that depend on changed facts, given the first changed instant of each system. Runs in the write
/// transaction that read `followers`.
pub(crate) fn follow_facts(
    store: &Store,
    touched: &BTreeMap<SystemId, Instant>,
    followers: &mut Followers,
) -> Result<()> {
    following(store, followers, |store, followers| store.trim_caches(touched, followers))
}

/// Continues sealing days after an ingest, in proportion to its size. Runs in the write transaction that read
/// `followers`.
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

/// Runs `work` through [`Store::with_caches`]; rebuilt caches reset `followers`.
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

/// Updates everything derived from manifests after they changed. Runs in a write transaction.
pub(crate) fn settle_manifests(store: &Store, now: Instant) -> Result<()> {
    store.with_caches(|store| settle(store, now), forget)
}

/// Updates the computed tables to an instant and logs the changes, whose range it returns; new conditions with their
/// `history` on request. Runs in a write transaction.
pub(crate) fn compute(store: &Store, as_of: Instant, history: bool) -> Result<LogRange> {
    let hold = Cell::new(true);
    let work = |store: &Store| {
        store.expect_log()?;
        if hold.get() && store.computed()?.is_some() {
            // If a table with the last published views is damaged, the log has them.
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

/// Rebuilds every cache: data derived from manifests, sealed days, and the tables of the last computation. Runs in a
/// write transaction; facts and manifests must be valid.
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

/// Rebuilds the caches without sealed days; sealing continues from there.
pub(super) fn forget(store: &Store) -> Result<()> {
    store.empty_caches()?;
    derive_inputs(store)?;
    store.forget_computed()
}
