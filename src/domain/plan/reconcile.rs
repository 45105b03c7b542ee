//! Owns comparing manifests with stored objects: the plan, and its outcome.

pub(crate) mod change;
mod conflict;
pub(crate) mod consequence;
pub(crate) mod cycle;
pub(crate) mod field;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::object::{Identity, Kind, Object};
use crate::domain::account::maintenance::MaintenanceWindow;
use crate::domain::account::model::Model;
use crate::domain::value::name::Name;
pub(crate) use conflict::{Conflict, conflicts};
use field::{Field, fields};

/// The annotation with an object's former name.
pub(crate) const RENAMED_FROM: &str = "slo/renamed-from";

/// A stored object and its set.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Held {
    pub(crate) object: Object,
    /// The set that applied it; `None` if it was applied before sets existed.
    pub(crate) set: Option<Name>,
    /// Whether its set is known to no longer declare it.
    pub(crate) orphaned: bool,
}

/// The set that manifests are compared for, and what the plan may do.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) set: Name,
    /// Whether objects of other sets may be taken over.
    pub(crate) adopt: bool,
    /// Whether objects that the set no longer declares are deleted.
    pub(crate) prune: bool,
    /// Objects of the set that may be declared outside the given manifests: they are left alone.
    pub(crate) elsewhere: BTreeSet<Identity>,
}

/// The changes that turn the stored objects of a set into the wanted ones; every list is sorted by kind, then name.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Plan {
    pub(crate) set: Name,
    pub(crate) create: Vec<Rc<Object>>,
    /// Objects that get another name.
    pub(crate) rename: Vec<Rename>,
    pub(crate) update: Vec<Update>,
    /// Objects of the set that are no longer wanted and that pruning deletes.
    pub(crate) delete: Vec<Identity>,
    /// Objects of the set that are no longer wanted and are kept.
    pub(crate) orphaned: Vec<Orphan>,
    pub(crate) unchanged: Vec<Identity>,
    /// Objects of the set that are not wanted but may be declared elsewhere.
    pub(crate) elsewhere: Vec<Identity>,
}

/// An object whose declaration differs from what is stored.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Update {
    /// The object as wanted.
    pub(crate) object: Rc<Object>,
    /// In the order of the object's fields, removed fields last, then the set; empty only in a [`Rename`].
    pub(crate) changes: Vec<FieldChange>,
}

/// An object that is stored under another name.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Rename {
    pub(crate) old_name: Name,
    pub(crate) update: Update,
}

/// An object that its set no longer declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Orphan {
    pub(crate) identity: Identity,
    /// Whether it is already recorded as orphaned.
    pub(crate) is_known: bool,
}

/// One field that differs; `None` on the side where the field is absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FieldChange {
    pub(crate) path: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl Plan {
    /// The plan to create one object and nothing else.
    pub(crate) fn creating(object: Object) -> Self {
        let (rename, update) = (Vec::new(), Vec::new());
        let (delete, orphaned, unchanged, elsewhere) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let set = object.name().clone();
        Self { set, create: vec![Rc::new(object)], rename, update, delete, orphaned, unchanged, elsewhere }
    }

    /// Whether the store differs from the declarations. Orphans count while they exist.
    pub(crate) fn is_drift(&self) -> bool {
        self.touches_objects() || !self.orphaned.is_empty()
    }

    /// Whether applying the plan writes, changes or deletes an object.
    pub(crate) fn touches_objects(&self) -> bool {
        !(self.create.is_empty() && self.rename.is_empty() && self.update.is_empty() && self.delete.is_empty())
    }

    /// The systems that get another name, old and new, whether or not the old one was ever declared.
    pub(crate) fn renamed_systems(&self) -> Vec<(Name, Name)> {
        let renamed = self.rename.iter().map(|rename| &rename.update.object);
        let systems = self.create.iter().chain(renamed).filter(|object| object.kind() == Kind::System);
        systems.filter_map(|object| Some((old_identity(object)?.name, object.name().clone()))).collect()
    }

    /// The objects that are written: created, renamed and updated ones.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Object> {
        let renamed = self.rename.iter().map(|rename| &rename.update);
        self.create.iter().chain(renamed.chain(&self.update).map(|update| &update.object)).map(Rc::as_ref)
    }
}

/// Compares the wanted objects with the stored ones. Objects of other sets are left alone unless they are wanted.
/// Objects of the set that are neither wanted nor `elsewhere` are deleted with `prune`, and otherwise listed as
/// orphaned. If several objects share an identity, the last one counts. [`refusals`] says whether the plan may be
/// applied.
pub(crate) fn diff(wanted: &[Rc<Object>], held: &[Held], terms: &Terms) -> Plan {
    let wanted = by_identity(wanted);
    let mut held: BTreeMap<Identity, &Held> = held.iter().map(|held| (held.object.identity(), held)).collect();
    let renames = renames(&wanted, &held, &terms.set);
    let (create, rename, update) = (Vec::new(), Vec::new(), Vec::new());
    let (delete, orphaned, unchanged, elsewhere) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut plan = Plan { set: terms.set.clone(), create, rename, update, delete, orphaned, unchanged, elsewhere };
    for (identity, object) in &wanted {
        let object = Rc::clone(object);
        if let Some(before) = held.remove(identity) {
            let changes = differences(before, &object, &terms.set);
            if changes.is_empty() {
                plan.unchanged.push(identity.clone());
            } else {
                plan.update.push(Update { object, changes });
            }
        } else if let Some((old, before)) = renames.get(identity).and_then(|old| held.remove_entry(old)) {
            let changes = differences(before, &object, &terms.set);
            plan.rename.push(Rename { old_name: old.name, update: Update { object, changes } });
        } else {
            plan.create.push(object);
        }
    }
    let gone = held.into_iter().filter(|(_, held)| held.set.as_ref() == Some(&terms.set));
    for (identity, held) in gone {
        if terms.elsewhere.contains(&identity) {
            plan.elsewhere.push(identity);
        } else if terms.prune {
            plan.delete.push(identity);
        } else {
            plan.orphaned.push(Orphan { identity, is_known: held.orphaned });
        }
    }
    plan
}

fn by_identity(objects: &[Rc<Object>]) -> BTreeMap<Identity, &Rc<Object>> {
    objects.iter().map(|object| (object.identity(), object)).collect()
}

/// The former name of an object, if it has one.
fn old_identity(object: &Object) -> Option<Identity> {
    let name = object.metadata().annotations.get(RENAMED_FROM)?;
    Some(Identity { kind: object.kind(), name: Name::parse(name).ok()? })
}

/// For each renamed object, its stored identity: an object of the same set, or of none, that is not wanted itself. If
/// several claim it, the first by name gets it.
fn renames(
    wanted: &BTreeMap<Identity, &Rc<Object>>,
    held: &BTreeMap<Identity, &Held>,
    set: &Name,
) -> BTreeMap<Identity, Identity> {
    let mut claimed: BTreeMap<Identity, Identity> = BTreeMap::new();
    for (identity, object) in wanted.iter().filter(|(identity, _)| !held.contains_key(identity)) {
        let Some(old) = old_identity(object).filter(|old| !wanted.contains_key(old)) else { continue };
        if held.get(&old).is_some_and(|held| held.set.as_ref().is_none_or(|owner| owner == set)) {
            claimed.entry(old).or_insert_with(|| identity.clone());
        }
    }
    claimed.into_iter().map(|(old, new)| (new, old)).collect()
}

/// All changes of a stored object: its fields, then its set. Gaining a set when it had none is no change.
fn differences(before: &Held, after: &Object, set: &Name) -> Vec<FieldChange> {
    // Mostly the objects are equal, and their fields need not be listed.
    let mut changes =
        if before.object == *after { Vec::new() } else { changes(&fields(&before.object), &fields(after)) };
    let mut change = |path: &str, before: &str, after: &str| {
        let (before, after) = (Some(before.to_owned()), Some(after.to_owned()));
        changes.push(FieldChange { path: path.to_owned(), before, after });
    };
    if let Some(owner) = before.set.as_ref().filter(|owner| *owner != set) {
        change("set", owner.as_str(), set.as_str());
    }
    if before.orphaned {
        change("orphaned", "true", "false");
    }
    changes
}

/// Why a plan may not be applied, whatever its outcome.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Refusal {
    /// A wanted object belongs to another set.
    Foreign { object: Identity, owner: Name },
    /// Another object, first by name, already takes the same old name.
    RenamedTwice { object: Identity, old_name: Name, other: Name },
}

impl Refusal {
    pub(crate) const fn object(&self) -> &Identity {
        match self {
            Self::Foreign { object, .. } | Self::RenamedTwice { object, .. } => object,
        }
    }
}

/// What prevents comparing the wanted objects with the stored ones on these terms, sorted.
pub(crate) fn refusals(wanted: &[Rc<Object>], held: &[Held], terms: &Terms) -> Vec<Refusal> {
    let wanted = by_identity(wanted);
    let held: BTreeMap<Identity, &Held> = held.iter().map(|held| (held.object.identity(), held)).collect();
    let renames = renames(&wanted, &held, &terms.set);
    let heirs: BTreeMap<&Identity, &Identity> = renames.iter().map(|(new, old)| (old, new)).collect();
    let mut found = Vec::new();
    for (identity, object) in wanted {
        let owner = held.get(&identity).and_then(|held| held.set.as_ref()).filter(|owner| **owner != terms.set);
        if let Some(owner) = owner.filter(|_| !terms.adopt) {
            found.push(Refusal::Foreign { object: identity.clone(), owner: owner.clone() });
        }
        let old = old_identity(object).filter(|_| !held.contains_key(&identity));
        if let Some((old, heir)) = old.and_then(|old| heirs.get(&old).map(|heir| (old, *heir)))
            && *heir != identity
        {
            let (old_name, other) = (old.name, heir.name.clone());
            found.push(Refusal::RenamedTwice { object: identity, old_name, other });
        }
    }
    found.sort();
    found
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

/// The objects after a plan is applied: the wanted ones, and the stored ones that are neither replaced nor deleted;
/// sorted by kind, then name.
pub(crate) fn outcome<'a>(wanted: &'a [Rc<Object>], held: &'a [Held], plan: &Plan) -> Vec<&'a Object> {
    let renamed =
        plan.rename.iter().map(|rename| Identity { kind: rename.update.object.kind(), name: rename.old_name.clone() });
    let gone: BTreeSet<Identity> = plan.delete.iter().cloned().chain(renamed).collect();
    let held = held.iter().map(|held| (held.object.identity(), &held.object));
    let mut objects: BTreeMap<Identity, &Object> = held.filter(|(identity, _)| !gone.contains(identity)).collect();
    objects.extend(by_identity(wanted).into_iter().map(|(identity, object)| (identity, &**object)));
    objects.into_values().collect()
}

/// The maintenance windows of a complete set that excuse nothing, because all objectives of their systems ignore
/// maintenance.
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

#[cfg(test)]
mod tests;
