//! Owns the laws of reconciling, as properties, and examples of what a plan says.

mod conditions;

use proptest::prelude::*;

use super::*;
use crate::domain::account::maintenance::{Length, MaintenanceWindow, Recurrence, Schedule};
use crate::domain::account::objective::{
    BurnRateThresholds, Dependency, DependencyExclusion, ImpactType, Metadata, NotCounted, Objective, System,
    default_counts_as_down,
};
use crate::domain::plan::object::Kind;
use crate::domain::rules::condition::{Condition, Scope, Severity, Term};
use crate::domain::value::decimal::Decimal;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::domain::value::target::Target;
use crate::domain::value::window::Window;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn metadata(text: &str) -> Metadata {
    let (labels, annotations) = (BTreeMap::new(), BTreeMap::new());
    Metadata { name: name(text), title: None, description: None, labels, annotations }
}

fn system(text: &str, upstreams: &[&str]) -> Object {
    let edge = |upstream: &&str| Dependency {
        upstream: name(upstream),
        impact: ImpactType::Degraded,
        transitive: false,
        label: None,
    };
    let dependencies = upstreams.iter().map(edge).collect();
    Object::System(System { metadata: metadata(text), stale_after_ms: None, dependencies })
}

fn objective(text: &str, system: &str) -> Objective {
    Objective {
        metadata: metadata(text),
        system: name(system),
        healthcheck: None,
        target: Target::parse("99.9").unwrap(),
        window: Window::Rolling { days: 30, zone: chrono_tz::UTC },
        dependency_exclusion: DependencyExclusion::Strict,
        excluded_dependencies: BTreeSet::new(),
        exclude_maintenance_windows: false,
        counts_as_down: default_counts_as_down(),
        not_counted: NotCounted::default(),
        thresholds: BurnRateThresholds::default(),
    }
}

fn maintenance(text: &str, schedule: Schedule) -> Object {
    let systems = vec![name("b"), name("a")];
    let metadata = metadata(text);
    Object::MaintenanceWindow(MaintenanceWindow { metadata, systems, schedule, cancelled: false, reason: None })
}

fn condition(text: &str, expression: &str, scope: Scope, severity: Severity) -> Object {
    let when = Term::parse(expression).unwrap();
    Object::Condition(Condition { metadata: metadata(text), scope, when, severity })
}

/// Objects that a set holds; `None`: those of no set.
fn held_by(set: Option<&str>, objects: &[Object]) -> Vec<Held> {
    let held = |object: &Object| Held { object: object.clone(), set: set.map(name), orphaned: false };
    objects.iter().map(held).collect()
}

/// Objects of the set that these tests apply.
fn held(objects: &[Object]) -> Vec<Held> {
    held_by(Some("own"), objects)
}

fn terms(prune: bool) -> Terms {
    Terms { set: name("own"), adopt: false, prune, elsewhere: BTreeSet::new() }
}

fn adopting() -> Terms {
    Terms { adopt: true, ..terms(false) }
}

/// The outcome of the plan.
fn whole(wanted: &[Object], held: &[Held], terms: &Terms) -> Vec<Object> {
    outcome(wanted, held, &diff(wanted, held, terms)).into_iter().cloned().collect()
}

fn conflicts_of(objects: &[Object], in_journal: &[&str]) -> Vec<Conflict> {
    conflicts(&objects.iter().collect::<Vec<_>>(), &in_journal.iter().map(|text| name(text)).collect())
}

#[test]
fn a_plan_says_which_fields_change_and_how() {
    let before = objective("o", "web");
    let mut after = before.clone();
    after.target = Target::parse("99.95").unwrap();
    after.metadata.labels.insert("team".to_owned(), "payments".to_owned());
    after.window = Window::Calendar { unit: crate::domain::value::calendar::CalendarUnit::Month, zone: chrono_tz::UTC };
    let stored = [Object::Objective(before), system("old", &[]), system("web", &["x"])];
    let wanted = [system("web", &["y"]), Object::Objective(after), system("new", &[])];
    let stored = held(&stored);
    let plan = diff(&wanted, &stored, &terms(false));
    let said = |update: &Update| {
        let changes = update.changes.iter();
        let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
        let changes =
            changes.map(|change| format!("{} {} {}", change.path, shown(&change.before), shown(&change.after)));
        (update.object.identity().to_string(), changes.collect::<Vec<_>>().join("; "))
    };
    assert_eq!(plan.create, [system("new", &[])]);
    assert_eq!(
        plan.update.iter().map(said).collect::<Vec<_>>(),
        [
            (
                "System web".to_owned(),
                "spec.dependencies[y].impactType - degraded; spec.dependencies[y].transitive - false; \
                 spec.dependencies[x].impactType degraded -; spec.dependencies[x].transitive false -"
                    .to_owned()
            ),
            (
                "SLO o".to_owned(),
                "metadata.labels.team - payments; spec.target 99.9 99.95; spec.window.calendar - month; \
                 spec.windowDays 30 -"
                    .to_owned()
            ),
        ]
    );
    let old = Identity { kind: Kind::System, name: name("old") };
    let orphan = Orphan { identity: old.clone(), is_known: false };
    assert_eq!((&plan.orphaned, &plan.delete), (&vec![orphan], &Vec::new()));
    let pruned = diff(&wanted, &stored, &terms(true));
    assert_eq!((&pruned.orphaned, &pruned.delete), (&Vec::new(), &vec![old]));
}

#[test]
fn orphans_are_drift_until_they_are_pruned() {
    let stored = [system("a", &[])];
    let mut known = held(&stored);
    for recorded in [false, true] {
        known[0].orphaned = recorded;
        let plan = diff(&[], &known, &terms(false));
        assert_eq!((plan.is_drift(), plan.touches_objects()), (true, false));
        assert_eq!(plan.changes().len(), usize::from(!recorded), "what is known is not recorded again");
        assert!(diff(&[], &known, &terms(true)).touches_objects());
    }
    let back = diff(&stored, &known, &terms(false));
    assert_eq!(back.update[0].changes[0].path, "orphaned");
    assert!(diff(&stored, &[], &terms(false)).touches_objects());
}

#[test]
fn objects_of_other_sets_are_left_alone_and_not_taken_without_being_asked() {
    let theirs = held_by(Some("other"), &[system("a", &[]), system("b", &[])]);
    for prune in [false, true] {
        let plan = diff(&[system("c", &[])], &theirs, &terms(prune));
        assert!(plan.delete.is_empty() && plan.orphaned.is_empty());
        assert_eq!(whole(&[system("c", &[])], &theirs, &terms(prune)).len(), 3);
    }
    let wanted = [system("a", &[])];
    let object = wanted[0].identity();
    assert_eq!(refusals(&wanted, &theirs, &terms(false)), [Refusal::Foreign { object, owner: name("other") }]);
    assert_eq!(refusals(&wanted, &theirs, &adopting()), []);
    let plan = diff(&wanted, &theirs, &adopting());
    let (before, after) = (Some("other".to_owned()), Some("own".to_owned()));
    assert_eq!(plan.update[0].changes, [FieldChange { path: "set".to_owned(), before, after }]);
}

#[test]
fn what_is_of_no_set_becomes_the_sets_that_has_it_and_is_nobodys_orphan() {
    let stored = held_by(None, &[system("a", &[]), system("b", &[])]);
    let wanted = [system("a", &[])];
    for prune in [false, true] {
        assert_eq!(refusals(&wanted, &stored, &terms(prune)), []);
        assert!(!diff(&wanted, &stored, &terms(prune)).is_drift());
    }
}

fn renamed(text: &str, from: &str) -> Object {
    let mut object = objective(text, "web");
    object.metadata.annotations.insert(RENAMED_FROM.to_owned(), from.to_owned());
    Object::Objective(object)
}

#[test]
fn an_object_that_says_its_old_name_goes_on_in_its_place() {
    let old = Object::Objective(objective("old", "web"));
    let plan = diff(&[renamed("new", "old")], &held(std::slice::from_ref(&old)), &terms(false));
    assert_eq!((plan.rename.len(), &plan.rename[0].old_name), (1, &name("old")));
    assert!(plan.create.is_empty() && plan.orphaned.is_empty() && plan.delete.is_empty());
    let change = &plan.changes()[0];
    assert_eq!((change.deed, change.identity.to_string()), (change::Deed::Rename, "SLO new".to_owned()));
    let after = held(&whole(&[renamed("new", "old")], &held(std::slice::from_ref(&old)), &terms(false)));
    assert!(!diff(&[renamed("new", "old")], &after, &terms(false)).is_drift());
    // While the old one is still wanted, or somebody else's, or of another kind, the new one is new.
    let both = [renamed("new", "old"), old.clone()];
    assert_eq!(diff(&both, &held(std::slice::from_ref(&old)), &terms(false)).create.len(), 1);
    let theirs = held_by(Some("other"), std::slice::from_ref(&old));
    assert_eq!(diff(&[renamed("new", "old")], &theirs, &adopting()).create.len(), 1);
    assert_eq!(diff(&[renamed("new", "old")], &held(&[system("old", &[])]), &terms(false)).create.len(), 1);
}

#[test]
fn only_one_object_goes_on_in_the_place_of_another() {
    let wanted = [renamed("b", "old"), renamed("a", "old")];
    let stored = held(&[Object::Objective(objective("old", "web"))]);
    let object = wanted[0].identity();
    let refusal = Refusal::RenamedTwice { object, old_name: name("old"), other: name("a") };
    assert_eq!(refusals(&wanted, &stored, &terms(false)), [refusal]);
    let plan = diff(&wanted, &stored, &terms(false));
    assert_eq!((plan.rename[0].update.object.name(), plan.create[0].name()), (&name("a"), &name("b")));
}

#[test]
fn what_has_no_meaning_is_no_difference() {
    let ab = system("s", &["a", "b"]);
    let ba = system("s", &["b", "a"]);
    assert!(!diff(&[ab], &held(&[ba]), &terms(true)).is_drift());
    let span = Span::new(Instant::from_millis(0), Instant::from_millis(60_000));
    let once = maintenance("m", Schedule::Once(span));
    let Object::MaintenanceWindow(mut turned) = once.clone() else { panic!() };
    turned.systems.reverse();
    let turned = Object::MaintenanceWindow(turned);
    assert_eq!(field::content_hash(&once), field::content_hash(&turned));
    let recurring =
        |rule| Recurrence::new(Instant::from_millis(0), Length::Elapsed(60_000), rule, chrono_tz::UTC).unwrap();
    let [plain, spelled] = ["FREQ=DAILY", " rrule:freq=daily "]
        .map(|rule| maintenance("m", Schedule::Recurring(Box::new(recurring(rule)))));
    assert_eq!(fields(&plain), fields(&spelled));
    assert_ne!(field::content_hash(&plain), field::content_hash(&once));
}

#[test]
fn deleting_what_is_referred_to_is_a_conflict() {
    let stored = [system("db", &[]), system("web", &["db"]), Object::Objective(objective("o", "web"))];
    let kept = [stored[1].clone(), stored[2].clone()];
    let stored = held(&stored);
    assert_eq!(conflicts_of(&whole(&kept, &stored, &terms(false)), &[]), []);
    let found = conflicts_of(&whole(&kept, &stored, &terms(true)), &[]);
    let expected =
        "System web: spec.dependencies names the system db, which would have neither a manifest nor a transition";
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    assert_eq!(conflicts_of(&whole(&kept, &stored, &terms(true)), &["db"]), []);
    let circle = [system("db", &["web"])];
    let found = conflicts_of(&whole(&circle, &stored, &terms(false)), &[]);
    assert_eq!(found, [Conflict::Cycle(vec![name("db"), name("web")])]);
}

/// The stored objects after a plan has been carried out on them.
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

/// What is stored, but for the order: each object, its set, and whether that has dropped it.
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

/// Stored objects of the set that is applied, of another one, and of none, some of them orphaned.
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
        // Whatever is not wanted and not the set's own is as it was.
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
