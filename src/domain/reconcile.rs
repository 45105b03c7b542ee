//! Owns the comparison of what manifests want with what is stored: the plan, and whether its outcome holds together.

pub(crate) mod cycle;
pub(crate) mod field;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::condition::{Scope, Subject};
use super::maintenance::MaintenanceWindow;
use super::model::Model;
use super::name::Name;
use super::object::{Identity, Kind, Object};
use field::{Field, fields};

/// What it takes to turn the stored objects into the wanted ones; every list is sorted by kind, then name.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) create: Vec<Object>,
    pub(crate) update: Vec<Update>,
    /// Stored, no longer wanted, and to be deleted because pruning was asked for.
    pub(crate) delete: Vec<Identity>,
    /// Stored, no longer wanted, and left alone.
    pub(crate) orphaned: Vec<Identity>,
    pub(crate) unchanged: Vec<Identity>,
}

/// An object whose declaration differs from what is stored.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Update {
    /// The object as wanted.
    pub(crate) object: Object,
    /// In the order of the object's fields, removed fields last; never empty.
    pub(crate) changes: Vec<FieldChange>,
}

/// One field that differs; `None` on the side where the field is absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FieldChange {
    pub(crate) path: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl Plan {
    /// Whether applying this plan would write anything; orphans alone do not.
    pub(crate) fn has_changes(&self) -> bool {
        !(self.create.is_empty() && self.update.is_empty() && self.delete.is_empty())
    }
}

/// Compares the wanted objects with the stored ones. With `prune`, stored objects that are not wanted are deleted;
/// without, they are left alone and listed as orphaned. Of several objects with one identity the last counts.
pub(crate) fn diff(wanted: &[Object], stored: &[Object], prune: bool) -> Plan {
    let wanted = by_identity(wanted);
    let mut stored = by_identity(stored);
    let mut plan = Plan::default();
    for (identity, object) in wanted {
        let Some(before) = stored.remove(&identity) else {
            plan.create.push(object.clone());
            continue;
        };
        let changes = changes(&fields(before), &fields(object));
        if changes.is_empty() {
            plan.unchanged.push(identity);
        } else {
            plan.update.push(Update { object: object.clone(), changes });
        }
    }
    let gone = stored.into_keys().collect();
    if prune {
        plan.delete = gone;
    } else {
        plan.orphaned = gone;
    }
    plan
}

fn by_identity(objects: &[Object]) -> BTreeMap<Identity, &Object> {
    objects.iter().map(|object| (object.identity(), object)).collect()
}

fn changes(before: &[Field], after: &[Field]) -> Vec<FieldChange> {
    let mut old: BTreeMap<&str, &str> =
        before.iter().map(|field| (field.path.as_str(), field.value.as_str())).collect();
    let mut changes = Vec::new();
    for Field { path, value } in after {
        let before = old.remove(path.as_str());
        if before != Some(value) {
            let before = before.map(str::to_owned);
            changes.push(FieldChange { path: path.clone(), before, after: Some(value.clone()) });
        }
    }
    for Field { path, value } in before.iter().filter(|field| old.contains_key(field.path.as_str())) {
        changes.push(FieldChange { path: path.clone(), before: Some(value.clone()), after: None });
    }
    changes
}

/// The objects there would be after the plan of [`diff`]: the wanted ones and, unless pruned, the stored ones they do not
/// replace; sorted by kind, then name.
pub(crate) fn outcome<'a>(wanted: &'a [Object], stored: &'a [Object], prune: bool) -> Vec<&'a Object> {
    let mut objects = if prune { BTreeMap::new() } else { by_identity(stored) };
    objects.extend(by_identity(wanted));
    objects.into_values().collect()
}

/// Why a set of objects does not hold together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Conflict {
    /// An object refers to a system that has neither a manifest nor a transition.
    MissingSystem { from: Identity, path: &'static str, system: Name },
    /// A condition refers to an objective that has no manifest.
    MissingObjective { from: Identity, path: &'static str, objective: Name },
    /// Systems that depend on one another, each on the next and the last on the first.
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
            Self::Cycle(names) => write!(f, "systems depend on one another: {}", cycle::spell_out(names)),
        }
    }
}

/// Checks a whole set, such as the [`outcome`] of a plan: every referenced system is declared in it or known to the
/// journal, every referenced objective is declared in it, and no system depends on itself through others. Sorted, without repetition.
pub(crate) fn conflicts(objects: &[&Object], in_journal: &BTreeSet<Name>) -> Vec<Conflict> {
    let mut graph: BTreeMap<&Name, BTreeSet<&Name>> = BTreeMap::new();
    for object in objects {
        if let Object::System(system) = object {
            graph.insert(&system.metadata.name, system.dependencies.iter().map(|edge| &edge.upstream).collect());
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
    let cycles = cycle::cycles(&graph).into_iter();
    found.extend(cycles.map(|names| Conflict::Cycle(names.into_iter().cloned().collect())));
    found.into_iter().collect()
}

/// The maintenance windows of a whole set that excuse nothing, because no objective of their systems heeds maintenance.
pub(crate) fn idle_windows<'a>(objects: &[&'a Object]) -> Vec<&'a MaintenanceWindow> {
    let heeding = |object: &&'a Object| match object {
        Object::Objective(objective) if Model::heeds_maintenance(objective) => Some(&objective.system),
        _ => None,
    };
    let excused: BTreeSet<&Name> = objects.iter().filter_map(heeding).collect();
    let windows = objects.iter().filter_map(|object| match object {
        Object::MaintenanceWindow(window) if !window.cancelled => Some(window),
        _ => None,
    });
    windows.filter(|window| !window.systems.iter().any(|system| excused.contains(system))).collect()
}

fn references(object: &Object) -> Vec<(&'static str, &Name)> {
    match object {
        Object::System(system) => {
            system.dependencies.iter().map(|edge| ("spec.dependencies", &edge.upstream)).collect()
        }
        Object::Objective(objective) => {
            let excluded = objective.excluded_dependencies.iter().map(|name| ("spec.excludedDependencyRefs", name));
            std::iter::once(("spec.systemRef", &objective.system)).chain(excluded).collect()
        }
        Object::MaintenanceWindow(window) => window.systems.iter().map(|name| ("spec.systemRefs", name)).collect(),
        Object::Condition(_) => object.systems().into_iter().map(|name| ("spec.when", name)).collect(),
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

#[cfg(test)]
mod tests;
