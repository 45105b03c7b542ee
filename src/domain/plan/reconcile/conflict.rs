//! Owns whether a complete set of objects is consistent: what they refer to exists, and nothing contradicts itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::cycle;
use crate::domain::account::correction::contradictions;
use crate::domain::plan::object::{Identity, Kind, Object};
use crate::domain::rules::condition::{Scope, Subject};
use crate::domain::value::name::Name;

/// Why a set of objects is inconsistent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Conflict {
    /// An object refers to a system that has neither a manifest nor a transition.
    MissingSystem { from: Identity, path: &'static str, system: Name },
    /// A condition refers to an objective that has no manifest.
    MissingObjective { from: Identity, path: &'static str, objective: Name },
    /// An objective uses one check of a composite system, which has none.
    CheckOfComposite { from: Identity, system: Name },
    /// A correction contradicts another one of the same streams and time.
    Contradiction { from: Identity, other: Identity },
    /// A cycle of systems by dependency or membership: each refers to the next, and the last to the first.
    Cycle(Vec<Name>),
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingSystem { from, path, system } => {
                write!(
                    f,
                    "{from}: {path} names the system {system}, which would have neither a manifest nor a transition"
                )
            }
            Self::MissingObjective { from, path, objective } => {
                write!(f, "{from}: {path} names the objective {objective}, which would have no manifest")
            }
            Self::CheckOfComposite { from, system } => {
                write!(f, "{from}: spec.healthcheckRef names a check of {system}, which would be composite")
            }
            Self::Contradiction { from, other } => {
                write!(f, "{from}: it contradicts {other} about the same streams at the same time")
            }
            Self::Cycle(names) => write!(f, "systems depend on each other: {}", cycle::spell_out(names)),
        }
    }
}

/// Checks a complete set, such as the [`outcome`](super::outcome) of a plan: every referenced system is declared in it or known to the
/// journal, every referenced objective is declared in it, and no system depends on itself through others. Sorted,
/// without duplicates.
pub(crate) fn conflicts(objects: &[&Object], in_journal: &BTreeSet<Name>) -> Vec<Conflict> {
    let mut graph: BTreeMap<&Name, BTreeSet<&Name>> = BTreeMap::new();
    for object in objects {
        if let Object::System(system) = object {
            let upstreams = system.dependencies.iter().map(|edge| &edge.upstream);
            graph.insert(&system.metadata.name, upstreams.chain(system.members()).collect());
        }
    }
    let mut found = BTreeSet::new();
    for object in objects {
        for (path, system) in references(object) {
            if !graph.contains_key(system) && !in_journal.contains(system) {
                found.insert(Conflict::MissingSystem { from: object.identity(), path, system: system.clone() });
            }
        }
    }
    let objectives: BTreeSet<&Name> =
        objects.iter().filter(|object| object.kind() == Kind::Objective).map(|object| object.name()).collect();
    for object in objects {
        for (path, objective) in objective_references(object) {
            if !objectives.contains(objective) {
                let (from, objective) = (object.identity(), objective.clone());
                found.insert(Conflict::MissingObjective { from, path, objective });
            }
        }
    }
    found.extend(checks_of_composites(objects));
    found.extend(contradicting(objects));
    let cycles = cycle::cycles(&graph).into_iter();
    found.extend(cycles.map(|names| Conflict::Cycle(names.into_iter().cloned().collect())));
    found.into_iter().collect()
}

/// The objectives that use one check of a composite system, which has none.
fn checks_of_composites(objects: &[&Object]) -> Vec<Conflict> {
    let composite = objects.iter().filter_map(|object| match object {
        Object::System(system) if system.members.is_some() => Some(&system.metadata.name),
        _ => None,
    });
    let composite: BTreeSet<&Name> = composite.collect();
    let look = |object: &&Object| match object {
        Object::Objective(objective) if objective.healthcheck.is_some() && composite.contains(&objective.system) => {
            Some(Conflict::CheckOfComposite { from: object.identity(), system: objective.system.clone() })
        }
        _ => None,
    };
    objects.iter().filter_map(look).collect()
}

/// The corrections that contradict another one.
fn contradicting(objects: &[&Object]) -> Vec<Conflict> {
    let declared = objects.iter().filter_map(|object| match object {
        Object::Correction(correction) => Some((object.identity(), correction)),
        _ => None,
    });
    let (identities, corrections): (Vec<Identity>, Vec<_>) = declared.unzip();
    let pairs = contradictions(&corrections).into_iter();
    pairs
        .map(|(one, other)| Conflict::Contradiction { from: identities[other].clone(), other: identities[one].clone() })
        .collect()
}

fn references(object: &Object) -> Vec<(&'static str, &Name)> {
    match object {
        Object::System(system) => {
            let upstreams = system.dependencies.iter().map(|edge| ("spec.dependencies", &edge.upstream));
            upstreams.chain(system.members().iter().map(|member| ("spec.members", member))).collect()
        }
        Object::Objective(objective) => {
            let excluded = objective.excluded_dependencies.iter().map(|name| ("spec.excludedDependencyRefs", name));
            std::iter::once(("spec.systemRef", &objective.system)).chain(excluded).collect()
        }
        Object::MaintenanceWindow(window) => window.systems.iter().map(|name| ("spec.systemRefs", name)).collect(),
        Object::Correction(correction) => vec![("spec.systemRef", &correction.system)],
        Object::Condition(condition) => {
            let own = if let Scope::System(name) = &condition.scope { Some(("spec.systemRef", name)) } else { None };
            let fields = condition.when.fields().into_iter().filter_map(|field| match &field.subject {
                Subject::System(name) => Some(("spec.when", name)),
                Subject::This | Subject::Objective(_) => None,
            });
            own.into_iter().chain(fields).collect()
        }
    }
}

fn objective_references(object: &Object) -> Vec<(&'static str, &Name)> {
    let Object::Condition(condition) = object else { return Vec::new() };
    let scope = if let Scope::Objective(name) = &condition.scope { Some(("spec.objectiveRef", name)) } else { None };
    let fields = condition.when.fields().into_iter().filter_map(|field| match &field.subject {
        Subject::Objective(name) => Some(("spec.when", name)),
        Subject::This | Subject::System(_) => None,
    });
    scope.into_iter().chain(fields).collect()
}
