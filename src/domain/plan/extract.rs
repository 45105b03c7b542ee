//! Owns extracting a self-contained part of the declared objects, with everything it refers to.

use std::collections::{BTreeMap, BTreeSet};

use super::object::{Identity, Kind, Object};
use crate::domain::account::objective::{Metadata, System};
use crate::domain::rules::condition::{Scope, Subject};
use crate::domain::value::name::Name;

/// Objects that refer to no others.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Extract {
    /// Sorted by kind, then name.
    pub(crate) objects: Vec<Object>,
    /// The systems among them without a manifest: they are declared with only their name.
    pub(crate) undeclared: BTreeSet<Name>,
}

/// The wanted objects, and those they need, directly or through others.
pub(crate) fn extract(all: &[Object], wanted: impl Fn(&Object) -> bool) -> Extract {
    let known: BTreeMap<Identity, &Object> = all.iter().map(|object| (object.identity(), object)).collect();
    let mut found: BTreeMap<Identity, Object> = BTreeMap::new();
    let mut undeclared = BTreeSet::new();
    let mut queue: Vec<&Object> = all.iter().filter(|object| wanted(object)).collect();
    while let Some(object) = queue.pop() {
        if found.insert(object.identity(), object.clone()).is_some() {
            continue;
        }
        for name in objectives(object) {
            let identity = Identity { kind: Kind::Objective, name: name.clone() };
            queue.extend(known.get(&identity).filter(|_| !found.contains_key(&identity)));
        }
        for name in object.systems() {
            let identity = Identity { kind: Kind::System, name: name.clone() };
            if found.contains_key(&identity) {
                continue;
            }
            match known.get(&identity) {
                Some(system) => queue.push(system),
                None => {
                    undeclared.insert(name.clone());
                    found.insert(identity, Object::System(bare(name)));
                }
            }
        }
    }
    Extract { objects: found.into_values().collect(), undeclared }
}

/// The objectives that an object names.
fn objectives(object: &Object) -> BTreeSet<&Name> {
    let Object::Condition(condition) = object else { return BTreeSet::new() };
    let judged = match &condition.scope {
        Scope::Objective(name) => Some(name),
        Scope::All | Scope::Matching(_) | Scope::System(_) | Scope::Systems(_) => None,
    };
    let looked_at = condition.when.fields().into_iter().filter_map(|field| match &field.subject {
        Subject::Objective(name) => Some(name),
        Subject::This | Subject::System(_) => None,
    });
    judged.into_iter().chain(looked_at).collect()
}

/// Whether an object concerns a system: is it, measures it, covers it or refers to it.
pub(crate) fn concerns(object: &Object, system: &str) -> bool {
    match object {
        Object::System(declared) => declared.metadata.name.as_str() == system,
        Object::Objective(objective) => objective.system.as_str() == system,
        Object::MaintenanceWindow(window) => window.systems.iter().any(|name| name.as_str() == system),
        Object::Correction(correction) => correction.system.as_str() == system,
        Object::Condition(_) => object.systems().iter().any(|name| name.as_str() == system),
    }
}

/// A system with only a name.
fn bare(name: &Name) -> System {
    let (labels, annotations) = Default::default();
    let metadata = Metadata { name: name.clone(), title: None, description: None, labels, annotations };
    System::bare(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::objective::{Dependency, ImpactType};

    fn system(name: &str, upstreams: &[&str]) -> Object {
        let edge = |upstream: &&str| Dependency {
            upstream: Name::parse(upstream).unwrap(),
            impact: ImpactType::Degraded,
            transitive: false,
            label: None,
        };
        let dependencies = upstreams.iter().map(edge).collect();
        Object::System(System { dependencies, ..bare(&Name::parse(name).unwrap()) })
    }

    #[test]
    fn what_is_wanted_comes_with_what_it_needs() {
        let all = [system("a", &["b", "ghost"]), system("b", &["c"]), system("c", &[]), system("d", &["a"])];
        let part = extract(&all, |object| concerns(object, "a"));
        let names: Vec<&str> = part.objects.iter().map(|object| object.name().as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "ghost"]);
        assert_eq!(part.undeclared, BTreeSet::from([Name::parse("ghost").unwrap()]));
        assert_eq!(extract(&all, |_| false), Extract::default());
    }
}
