//! Owns which systems conditions can be about.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::Store;

/// The labels of a system; a system without a manifest has none.
pub(crate) type Labels = BTreeMap<String, String>;

/// Systems that have a transition by `as_of` or are declared, with their labels, sorted by name.
///
/// # Errors
/// Those of the database.
pub(crate) fn labelled_systems(store: &Store, as_of: Instant) -> Result<Vec<(Name, Labels)>> {
    let mut declared = BTreeMap::new();
    for stored in store.objects(Kind::System)? {
        if let Object::System(system) = stored.held.object {
            declared.insert(system.metadata.name, system.metadata.labels);
        }
    }
    let streams = store.all_streams()?;
    let mut systems = Vec::new();
    for (name, id) in store.systems()? {
        let has_reported = streams.get(&id).into_iter().flatten().any(|stream| stream.first <= as_of);
        match declared.remove(&name) {
            Some(labels) => systems.push((name, labels)),
            None if has_reported => systems.push((name, Labels::new())),
            // A system that only later facts name does not exist yet.
            None => {}
        }
    }
    Ok(systems)
}
