//! Owns finding the systems that conditions are evaluated for.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::instant::Instant;
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::store::Store;

/// Systems that have a transition by `as_of` or are declared, with their labels (none without a manifest), sorted by
/// name. Retired ones are included if `asked` says so.
pub(crate) fn labelled_systems(
    store: &Store,
    as_of: Instant,
    asked: impl Fn(&Name) -> bool,
) -> Result<Vec<(Name, Labels)>> {
    let mut declared = BTreeMap::new();
    for stored in store.objects(Kind::System)? {
        if let Object::System(system) = stored.held.object {
            let is_retired = system.retired_at.is_some_and(|at| at <= as_of);
            declared.insert(system.metadata.name, (is_retired, system.metadata.labels));
        }
    }
    let streams = store.all_streams()?;
    let mut systems = Vec::new();
    for (name, id) in store.systems()? {
        let has_reported = streams.get(&id).into_iter().flatten().any(|stream| stream.first <= as_of);
        match declared.remove(&name) {
            Some((true, _)) if !asked(&name) => {}
            Some((_, labels)) => systems.push((name, labels)),
            None if has_reported => systems.push((name, Labels::default())),
            // A system that only later facts name does not exist yet.
            None => {}
        }
    }
    Ok(systems)
}
