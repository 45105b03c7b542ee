//! Owns `slo list`: what the database holds, and what conditions can use.
//!
//! | `slo list KIND` | `systems`, `objectives`, `maintenance`, `corrections`, `conditions`, `ingests`, `sets`, `policies`,
//! `fields`, `feeds`; `maintenance` says what is active now, and when each window comes next; `-o wide` shows the set and
//! the commit of each object | |

use std::collections::BTreeMap;

use anyhow::Result;

use crate::cli::{List, ListKind};
use crate::commands::{Answer, Context, Run, feeds};
use crate::domain::plan::object::Kind;
use crate::domain::plan::stored::StoredObject;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::Looks;
use crate::render::look::list;
use crate::render::look::list::{KnownSet, KnownSystem, document, sheet};
use crate::store::{Access, Store};

impl Run for List {
    const NAME: &'static str = "list";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let list = match args.kind {
            ListKind::Policies => list::policies(),
            ListKind::Fields => list::fields(),
            ListKind::Feeds => list::feeds(feeds::builtin()?),
            kind => context.store(Access::Read)?.read(|store| stored(store, kind, as_of))?,
        };
        Ok(Looks::of(list).document(move |it| document(it, as_of)).sheet(sheet).into())
    }
}

fn stored(store: &Store, kind: ListKind, as_of: Instant) -> Result<list::List> {
    Ok(match kind {
        ListKind::Systems => list::systems(systems(store, as_of)?),
        ListKind::Objectives => list::objectives(store.objects(Kind::Objective)?),
        ListKind::Maintenance => list::maintenance(store.objects(Kind::MaintenanceWindow)?, as_of),
        ListKind::Corrections => list::corrections(store.objects(Kind::Correction)?),
        ListKind::Conditions => list::conditions(store.objects(Kind::Condition)?),
        ListKind::Ingests => list::ingests(&store.ingests()?),
        ListKind::Sets => list::sets(sets(store)?),
        ListKind::Policies => list::policies(),
        ListKind::Fields => list::fields(),
        ListKind::Feeds => list::feeds(feeds::builtin()?),
    })
}

fn systems(store: &Store, as_of: Instant) -> Result<Vec<KnownSystem>> {
    let streams = store.all_streams()?;
    let mut manifests: BTreeMap<Name, StoredObject> = BTreeMap::new();
    for stored in store.objects(Kind::System)? {
        manifests.insert(stored.held.object.name().clone(), stored);
    }
    let known = store.systems()?.into_iter().map(|(name, id)| {
        let streams = streams.get(&id).into_iter().flatten().filter(|stream| stream.first <= as_of).count();
        KnownSystem { streams, declared: manifests.remove(&name), name }
    });
    // A system with only later facts does not exist yet.
    Ok(known.filter(|system| system.streams > 0 || system.declared.is_some()).collect())
}

fn sets(store: &Store) -> Result<Vec<KnownSet>> {
    let mut counts: BTreeMap<Name, (usize, usize)> = store.sets()?.into_iter().map(|set| (set, (0, 0))).collect();
    for kind in Kind::ALL {
        for held in store.objects(kind)?.into_iter().map(|stored| stored.held) {
            if let Some((objects, gone)) = held.set.and_then(|set| counts.get_mut(&set)) {
                *objects += 1;
                *gone += usize::from(held.orphaned);
            }
        }
    }
    let known = counts.into_iter().map(|(name, (objects, orphaned))| {
        let last = store.applies(Some(&name), &[], 1)?.into_iter().next();
        Ok(KnownSet { name, objects, orphaned, last })
    });
    known.collect()
}
