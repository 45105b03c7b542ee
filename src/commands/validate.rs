//! Owns `slo validate`: every problem of every manifest.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Context;
use crate::cli::Paths;
use crate::domain::name::Name;
use crate::domain::object::{Kind, Object};
use crate::exit::ExitStatus;
use crate::manifest::{Known, Reading, read};
use crate::store::{Access, Store};

pub(super) fn run(context: &mut Context<'_>, args: &Paths) -> Result<ExitStatus> {
    // Without a database, references resolve among the manifests alone.
    let known = match &context.db {
        Some(path) if path.exists() => context.store(Access::Read)?.read(known)?,
        _ => Known::default(),
    };
    let reading = read(&args.paths, &mut context.stdin, &known);
    let status = outcome(&reading);
    let text = crate::render::problems::document(&reading, context.as_of)?;
    let sheet = crate::render::problems::text(&reading, context.canvas);
    match context.output {
        None | Some(crate::cli::Output::Table | crate::cli::Output::Wide) => context.say(&sheet)?,
        _ => context.answer(&text, |_| crate::render::problems::sheet(&reading))?,
    }
    Ok(status)
}

/// What is known besides the manifests being read.
pub(super) fn known(store: &Store) -> Result<Known> {
    let mut known = Known::default();
    let names: BTreeMap<_, Name> = store.systems()?.into_iter().map(|(name, id)| (id, name)).collect();
    for stored in store.objects(Kind::System)? {
        if let Object::System(system) = stored.object {
            let upstreams: BTreeSet<Name> = system.dependencies.iter().map(|edge| edge.upstream.clone()).collect();
            known.systems.insert(system.metadata.name.clone());
            known.dependencies.insert(system.metadata.name.clone(), upstreams);
        }
    }
    for (system, streams) in store.all_streams()? {
        let Some(name) = names.get(&system) else { continue };
        known.systems.insert(name.clone());
        let checks: BTreeSet<Name> = streams.into_iter().filter_map(|stream| stream.check).collect();
        if !checks.is_empty() {
            known.checks.insert(name.clone(), checks);
        }
    }
    Ok(known)
}

/// What reading manifests means for the exit code.
pub(super) fn outcome(reading: &Reading) -> ExitStatus {
    if reading.has_unreadable() { ExitStatus::Error } else { ExitStatus::holds(!reading.has_errors()) }
}
