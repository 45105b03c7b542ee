//! Owns `slo list`: what the database holds, and what conditions can use.
//!
//! | `slo list KIND` | `systems`, `objectives`, `maintenance`, `corrections`, `conditions`, `ingests`, `sets`, `policies`,
//! `fields`, `feeds`; `-l` selects systems and objectives by labels; `maintenance` says what is active now, and when each
//! window comes next; `-o wide` shows the set and the commit of each object | |

use std::collections::BTreeMap;

use anyhow::Result;

use crate::cli::{List, ListKind};
use crate::commands::{Answer, Context, Run, feeds, selection};
use crate::domain::plan::object::{Kind, Object};
use crate::domain::plan::stored::StoredObject;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::look::list;
use crate::render::look::list::{KnownSet, KnownSystem, document, sheet};
use crate::store::{Access, Store};

impl Run for List {
    const NAME: &'static str = "list";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let has_filter = !args.system.is_empty() || args.selector.is_some();
        if has_filter && !matches!(args.kind, ListKind::Objectives | ListKind::Systems) {
            return Err(Failure::new("--system and -l are only for objectives and systems", "leave them out"));
        }
        let list = match args.kind {
            ListKind::Policies => list::policies(),
            ListKind::Fields => list::fields(),
            ListKind::Feeds => list::feeds(feeds::builtin()?),
            _ => context.store(Access::Read)?.read(|store| stored(store, args, as_of))?,
        };
        Ok(Looks::of(list).document(move |it| document(it, as_of)).sheet(sheet).into())
    }
}

fn stored(store: &Store, args: &List, as_of: Instant) -> Result<list::List> {
    Ok(match args.kind {
        ListKind::Systems => systems(store, args, as_of)?,
        ListKind::Objectives => objectives(store, args)?,
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

fn objectives(store: &Store, args: &List) -> Result<list::List> {
    let is_wanted = selection::wanted(store, &args.system, args.selector.as_deref())?;
    let mut found = store.objects(Kind::Objective)?;
    found.retain(|stored| matches!(&stored.held.object, Object::Objective(objective) if is_wanted(objective)));
    Ok(list::objectives(found))
}

fn systems(store: &Store, args: &List, as_of: Instant) -> Result<list::List> {
    let labelled = selection::labelled(store, args.selector.as_deref())?;
    let among = selection::systems(store, &args.system)?;
    let streams = store.all_streams()?;
    let mut manifests: BTreeMap<Name, StoredObject> = BTreeMap::new();
    for stored in store.objects(Kind::System)? {
        manifests.insert(stored.held.object.name().clone(), stored);
    }
    let known = among.into_iter().map(|(name, id)| {
        let streams = streams.get(&id).into_iter().flatten().filter(|stream| stream.first <= as_of).count();
        KnownSystem { streams, declared: manifests.remove(&name), name }
    });
    // A system with only later facts does not exist yet.
    let known = known.filter(|system| system.streams > 0 || system.declared.is_some());
    let known = known.filter(|system| labelled.as_ref().is_none_or(|labelled| labelled.covers(&system.name)));
    Ok(list::systems(known.collect()))
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
