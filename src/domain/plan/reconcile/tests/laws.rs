//! Owns the laws of reconciliation, as properties.

use proptest::prelude::*;

use super::*;

/// The stored objects after a plan is applied to them.
fn apply(plan: &Plan, stored: &[Held]) -> Vec<Held> {
    let mut objects: BTreeMap<_, _> = stored.iter().map(|held| (held.object.identity(), held.clone())).collect();
    for rename in &plan.rename {
        objects.remove(&Identity { kind: rename.update.object.kind(), name: rename.old_name.clone() });
    }
    objects.retain(|identity, _| !plan.delete.contains(identity));
    for object in plan.written() {
        let set = Some(plan.set.clone());
        objects.insert(object.identity(), Held { object: object.clone(), set, orphaned: false });
    }
    for identity in &plan.unchanged {
        objects.get_mut(identity).unwrap().set = Some(plan.set.clone());
    }
    for orphan in &plan.orphaned {
        objects.get_mut(&orphan.identity).unwrap().orphaned = true;
    }
    objects.into_values().collect()
}

/// The stored objects without their order: each object, its set, and whether it is orphaned.
fn content(held: &[Held]) -> Vec<(Identity, Vec<Field>, Option<Name>, bool)> {
    let mut content: Vec<_> = held
        .iter()
        .map(|held| (held.object.identity(), fields(&held.object), held.set.clone(), held.orphaned))
        .collect();
    content.sort_by(|a, b| a.0.cmp(&b.0));
    content
}

fn meaning(objects: impl IntoIterator<Item = Object>) -> Vec<(Identity, Vec<Field>)> {
    let mut meaning: Vec<_> = objects.into_iter().map(|object| (object.identity(), fields(&object))).collect();
    meaning.sort_by(|a, b| a.0.cmp(&b.0));
    meaning
}

prop_compose! {
    fn any_object()(
        kind in 0..4,
        number in 0..6,
        small in 1u32..3,
        flags in any::<[bool; 4]>(),
        text in prop::option::of("[a-c]{0,2}"),
        renamed_from in prop::option::of(0..6),
        mut upstreams in prop::collection::btree_set(0..6, 0..3),
    ) -> Object {
        let own = format!("n{number}");
        upstreams.remove(&number);
        let upstreams: Vec<String> = upstreams.into_iter().map(|number| format!("n{number}")).collect();
        let mut object = match kind {
            0 => system(&own, &upstreams.iter().map(String::as_str).collect::<Vec<_>>()),
            1 => {
                let mut objective = objective(&own, "n0");
                objective.window = Window::Rolling { days: small, zone: chrono_tz::UTC };
                objective.excluded_dependencies = upstreams.iter().map(|text| name(text)).collect();
                objective.exclude_maintenance_windows = flags[0];
                objective.not_counted = NotCounted { maintenance: flags[1], unknown: flags[2] };
                objective.healthcheck = flags[3].then(|| name("http"));
                objective.thresholds.warning_percent = Decimal::whole(i64::from(small));
                Object::Objective(objective)
            }
            2 => {
                let scope = if flags[0] { Scope::All } else { Scope::Objective(name(&own)) };
                let severity = if flags[1] { Severity::Info } else { Severity::Critical };
                let expression = format!("slo.{own}.currentStreak < {small}");
                condition(&own, &expression, scope, severity)
            }
            _ => {
                let end = Instant::from_millis(i64::from(small) * 1000);
                maintenance(&own, Schedule::Once(Span::new(Instant::MIN, end)))
            }
        };
        if let Object::Objective(objective) = &mut object
            && let Some(from) = renamed_from
        {
            objective.metadata.annotations.insert(RENAMED_FROM.to_owned(), format!("n{from}"));
        }
        match &mut object {
            Object::System(system) => system.metadata.title = text,
            Object::Objective(objective) => objective.metadata.description = text,
            Object::MaintenanceWindow(window) => window.reason = text,
            Object::Correction(correction) => correction.reason = text,
            Object::Condition(condition) => condition.metadata.title = text,
        }
        object
    }
}

fn any_set() -> impl Strategy<Value = Vec<Object>> {
    prop::collection::vec(any_object(), 0..12).prop_map(|objects| {
        let unique: BTreeMap<_, _> = objects.into_iter().map(|object| (object.identity(), object)).collect();
        unique.into_values().collect()
    })
}

/// Stored objects of the applied set, of another one, and of none, some of them orphaned.
fn any_holdings() -> impl Strategy<Value = Vec<Held>> {
    let whose = prop::sample::select(vec![Some("own"), Some("own"), Some("other"), None]);
    (any_set(), prop::collection::vec((whose, any::<bool>()), 12)).prop_map(|(objects, whose)| {
        let held = |(object, (set, orphaned)): (Object, (Option<&str>, bool))| Held {
            object,
            orphaned: orphaned && set.is_some(),
            set: set.map(name),
        };
        objects.into_iter().zip(whose).map(held).collect()
    })
}

proptest! {
    #[test]
    fn a_set_does_not_differ_from_itself(set in any_set(), prune: bool) {
        let plan = diff(&set, &held(&set), &terms(prune));
        prop_assert!(!plan.is_drift());
        prop_assert_eq!(plan.unchanged.len(), set.len());
    }

    #[test]
    fn carrying_out_a_plan_leaves_nothing_to_plan(wanted in any_set(), stored in any_holdings(), prune: bool) {
        let terms = Terms { adopt: true, ..terms(prune) };
        let plan = diff(&wanted, &stored, &terms);
        let after = apply(&plan, &stored);
        let objects = after.iter().map(|held| held.object.clone());
        prop_assert_eq!(meaning(objects), meaning(whole(&wanted, &stored, &terms)));
        let again = diff(&wanted, &after, &terms);
        prop_assert!(!again.touches_objects() && again.changes().is_empty());
        prop_assert_eq!(again.is_drift(), !plan.orphaned.is_empty(), "orphans are all that is left to tell");
        prop_assert_eq!(content(&apply(&again, &after)), content(&after));
        if prune {
            let own = after.iter().filter(|held| held.set == Some(name("own"))).map(|held| held.object.clone());
            prop_assert_eq!(meaning(own), meaning(wanted));
        }
        // Objects that are neither wanted nor the set's own are unchanged.
        for before in stored.iter().filter(|before| before.set != Some(name("own"))) {
            let now = after.iter().find(|held| held.object.identity() == before.object.identity());
            let wanted = plan.written().any(|object| object.identity() == before.object.identity())
                || plan.unchanged.contains(&before.object.identity())
                || plan.rename.iter().any(|rename| rename.old_name == *before.object.name());
            prop_assert!(wanted || now == Some(before));
        }
    }

    #[test]
    fn what_may_be_declared_elsewhere_is_left_alone(wanted in any_set(), stored in any_holdings(), prune: bool, which: Vec<bool>) {
        let some = stored.iter().zip(which.iter().chain(std::iter::repeat(&false))).filter(|(_, chosen)| **chosen);
        let elsewhere: BTreeSet<Identity> = some.map(|(held, _)| held.object.identity()).collect();
        let terms = Terms { elsewhere: elsewhere.clone(), adopt: true, ..terms(prune) };
        let plan = diff(&wanted, &stored, &terms);
        let orphaned = plan.orphaned.iter().map(|orphan| &orphan.identity);
        prop_assert!(plan.delete.iter().chain(orphaned).all(|identity| !elsewhere.contains(identity)));
        let after = apply(&plan, &stored);
        for identity in &plan.elsewhere {
            let find = |held: &[Held]| held.iter().find(|held| held.object.identity() == *identity).cloned();
            prop_assert_eq!(find(&after), find(&stored), "{}", identity);
        }
        let again = diff(&wanted, &after, &terms);
        prop_assert!(!again.touches_objects() && again.changes().is_empty());
    }

    #[test]
    fn with_pruning_what_was_applied_before_leaves_no_trace(first in any_set(), second in any_set()) {
        let applied = |wanted: &[Object], before: &[Held]| apply(&diff(wanted, before, &terms(true)), before);
        prop_assert_eq!(content(&applied(&second, &applied(&first, &[]))), content(&applied(&second, &[])));
    }

    #[test]
    fn sets_that_share_no_object_commute(objects in any_set(), others in any_set(), old in any_set(), prune: bool) {
        let taken: BTreeSet<Identity> = objects.iter().map(Object::identity).collect();
        let others: Vec<Object> =
            others.into_iter().filter(|object| !taken.contains(&object.identity())).collect();
        let stored = held_by(Some("third"), &old).into_iter().filter(|held| {
            let identity = held.object.identity();
            !taken.contains(&identity) && !others.iter().any(|other| other.identity() == identity)
        });
        let stored: Vec<Held> = stored.collect();
        let other = Terms { set: name("other"), ..terms(prune) };
        let own = terms(prune);
        let one = |before: &[Held]| apply(&diff(&objects, before, &own), before);
        let two = |before: &[Held]| apply(&diff(&others, before, &other), before);
        prop_assert_eq!(content(&two(&one(&stored))), content(&one(&two(&stored))));
        prop_assert_eq!(refusals(&others, &one(&stored), &other), []);
    }

    #[test]
    fn a_plan_depends_on_no_order(
        (set, shuffled) in any_set().prop_flat_map(|set| (Just(set.clone()), Just(set).prop_shuffle())),
        (stored, turned) in any_set().prop_flat_map(|set| (Just(set.clone()), Just(set).prop_shuffle())),
        prune: bool,
    ) {
        let terms = terms(prune);
        prop_assert_eq!(diff(&set, &held(&stored), &terms), diff(&shuffled, &held(&turned), &terms));
        let theirs = |objects: &[Object]| held_by(Some("other"), objects);
        prop_assert_eq!(refusals(&set, &theirs(&stored), &terms), refusals(&shuffled, &theirs(&turned), &terms));
        prop_assert_eq!(conflicts_of(&set, &[]), conflicts_of(&shuffled, &[]));
    }

    #[test]
    fn equal_fields_and_equal_hashes_go_together(a in any_object(), b in any_object()) {
        let same = a.identity() == b.identity() && fields(&a) == fields(&b);
        prop_assert_eq!(same, field::content_hash(&a) == field::content_hash(&b));
    }
}
