//! Owns the model of an objective: everything besides the journal that decides its numbers, resolved from the manifests.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::maintenance::calendar::MaintenanceCalendar;
use super::objective::{ImpactType, Objective, System};
use crate::domain::health::timeline::Scope;
use crate::domain::value::hash::Fnv;
use crate::domain::value::name::Name;

/// Identifies a system within one database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SystemId(pub(crate) i64);

/// A system as the evaluation of an objective needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Member {
    pub(crate) id: SystemId,
    pub(crate) name: Name,
    pub(crate) stale_after_ms: Option<i64>,
}

/// An objective with what it refers to.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) objective: Objective,
    pub(crate) system: Member,
    /// The systems that may excuse it, sorted by name.
    pub(crate) upstreams: Vec<Member>,
    /// The maintenance of its system; none when the objective ignores maintenance.
    pub(crate) maintenance: Rc<MaintenanceCalendar>,
    /// Whether its set does not declare the objective any more. Decides no number.
    pub(crate) orphaned: bool,
}

impl Model {
    /// The streams the objective looks at.
    pub(crate) fn scope(&self) -> Scope<'_> {
        self.objective.healthcheck.as_ref().map_or(Scope::System, Scope::Check)
    }

    /// A fingerprint of all that decides the objective's numbers: two models with the same one give the same
    /// numbers from the same journal.
    pub(crate) fn fingerprint(&self) -> i64 {
        let objective = &self.objective;
        let mut hash = Fnv::new();
        hash.feed(&format!(
            "2|{}|{:?}|{:?}|{}|{}|{:?}|{:?}|{:?}",
            self.system.name,
            self.system.stale_after_ms,
            objective.healthcheck,
            objective.target.percent(),
            objective.window,
            objective.dependency_exclusion,
            objective.counts_as_down,
            (objective.exclude_maintenance_windows, objective.not_counted),
        ));
        for upstream in &self.upstreams {
            hash.feed(&format!("{} {:?}", upstream.name, upstream.stale_after_ms));
        }
        self.maintenance.feed(&mut hash);
        hash.finish() as i64
    }

    /// Whether maintenance changes the objective's numbers at all.
    pub(crate) fn heeds_maintenance(objective: &Objective) -> bool {
        objective.exclude_maintenance_windows || objective.not_counted.maintenance
    }
}

/// The names of the systems that may excuse downtime of `objective`, sorted, with the declared systems that the walk visited.
///
/// The walk follows edges that are not informational: to the direct dependencies, and on from each that is reached over a
/// `transitive` edge. Excluded upstreams are left out, but the walk continues through them.
///
/// # Errors
/// Those of `declared`, which finds the manifest of a system, if it has one.
pub(crate) fn upstreams<E>(
    objective: &Objective,
    mut declared: impl FnMut(&Name) -> Result<Option<Rc<System>>, E>,
) -> Result<BTreeMap<Name, Option<Rc<System>>>, E> {
    let mut reached: BTreeMap<Name, Option<Rc<System>>> = BTreeMap::new();
    let mut expanded: Vec<Name> = vec![objective.system.clone()];
    let own = declared(&objective.system)?;
    let mut open: Vec<Rc<System>> = own.into_iter().collect();
    while let Some(system) = open.pop() {
        for edge in &system.dependencies {
            if edge.impact == ImpactType::Informational || edge.upstream == objective.system {
                continue;
            }
            if !reached.contains_key(&edge.upstream) {
                let found = declared(&edge.upstream)?;
                reached.insert(edge.upstream.clone(), found);
            }
            if edge.transitive && !expanded.contains(&edge.upstream) {
                expanded.push(edge.upstream.clone());
                open.extend(reached[&edge.upstream].clone());
            }
        }
    }
    reached.retain(|name, _| !objective.excluded_dependencies.contains(name));
    Ok(reached)
}
