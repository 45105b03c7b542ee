//! Owns the laws of reconciling, as properties, and examples of what a plan says.

use proptest::prelude::*;

use super::*;
use crate::domain::condition::{Condition, Severity, Term};
use crate::domain::decimal::Decimal;
use crate::domain::instant::Instant;
use crate::domain::maintenance::{MaintenanceWindow, Recurrence, Schedule};
use crate::domain::object::Kind;
use crate::domain::objective::{
    BurnRateThresholds, Dependency, DependencyExclusion, ImpactType, Metadata, NotCounted, Objective, System,
    default_counts_as_down,
};
use crate::domain::span::Span;
use crate::domain::target::Target;
use crate::domain::window::Window;

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
        window: Window::Rolling { days: 30 },
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

#[test]
fn a_changed_condition_says_which_of_its_parts_differ() {
    let before = condition("c", "((isBreaching) for 15m) at least 3 times in 1h", Scope::All, Severity::Info);
    let labels = BTreeMap::from([("team".to_owned(), "payments".to_owned())]);
    let scope = Scope::Matching(crate::domain::selector::Selector::labels(&labels));
    let after = condition("c", "(health.db.status != \"healthy\") for 10m", scope, Severity::Critical);
    let changes = diff(&[after], &[before], false).update.remove(0).changes;
    let said: Vec<String> = changes
        .iter()
        .map(|change| format!("{}: {:?} {:?}", change.path, change.before.as_deref(), change.after.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            "spec.selector.matchLabels.team: None Some(\"payments\")",
            "spec.when: Some(\"isBreaching\") Some(\"health.db.status != \\\"healthy\\\"\")",
            "spec.for: Some(\"15m\") Some(\"10m\")",
            "spec.severity: Some(\"info\") Some(\"critical\")",
            "spec.atLeast.times: Some(\"3\") None",
            "spec.atLeast.within: Some(\"1h\") None",
        ]
    );
}

#[test]
fn a_condition_holds_on_to_what_it_names() {
    let on_system = condition("c", "health.db.inStatusFor > 10m", Scope::All, Severity::Info);
    let on_objective = condition("d", "slo.gone.isBreaching", Scope::Objective(name("o")), Severity::Info);
    let faults = conflicts(&[&on_system, &on_objective], &BTreeSet::new());
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "Condition c: spec.when names the system db, which would have neither a manifest nor a transition",
            "Condition d: spec.objectiveRef names the objective o, which would have no manifest",
            "Condition d: spec.when names the objective gone, which would have no manifest",
        ]
    );
}

#[test]
fn a_plan_says_which_fields_change_and_how() {
    let before = objective("o", "web");
    let mut after = before.clone();
    after.target = Target::parse("99.95").unwrap();
    after.metadata.labels.insert("team".to_owned(), "payments".to_owned());
    after.window = Window::Calendar { unit: crate::domain::window::CalendarUnit::Month, zone: chrono_tz::UTC };
    let stored = [Object::Objective(before), system("old", &[]), system("web", &["x"])];
    let wanted = [system("web", &["y"]), Object::Objective(after), system("new", &[])];
    let plan = diff(&wanted, &stored, false);
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
                 spec.window.timezone - UTC; spec.windowDays 30 -"
                    .to_owned()
            ),
        ]
    );
    let old = Identity { kind: Kind::System, name: name("old") };
    assert_eq!((&plan.orphaned, &plan.delete), (&vec![old.clone()], &Vec::new()));
    let pruned = diff(&wanted, &stored, true);
    assert_eq!((&pruned.orphaned, &pruned.delete), (&Vec::new(), &vec![old]));
}

#[test]
fn orphans_alone_are_no_change() {
    let stored = [system("a", &[])];
    assert!(!diff(&[], &stored, false).has_changes());
    assert!(diff(&[], &stored, true).has_changes());
    assert!(diff(&stored, &[], false).has_changes());
}

#[test]
fn what_has_no_meaning_is_no_difference() {
    let ab = system("s", &["a", "b"]);
    let ba = system("s", &["b", "a"]);
    assert!(!diff(&[ab], &[ba], true).has_changes());
    let span = Span::new(Instant::from_millis(0), Instant::from_millis(60_000));
    let once = maintenance("m", Schedule::Once(span));
    let Object::MaintenanceWindow(mut turned) = once.clone() else { panic!() };
    turned.systems.reverse();
    let turned = Object::MaintenanceWindow(turned);
    assert_eq!(field::content_hash(&once), field::content_hash(&turned));
    let recurring = |rule| Recurrence::new(Instant::from_millis(0), 60_000, rule, chrono_tz::UTC).unwrap();
    let [plain, spelled] =
        ["FREQ=DAILY", " rrule:freq=daily "].map(|rule| maintenance("m", Schedule::Recurring(recurring(rule))));
    assert_eq!(fields(&plain), fields(&spelled));
    assert_ne!(field::content_hash(&plain), field::content_hash(&once));
}

#[test]
fn deleting_what_is_referred_to_is_a_conflict() {
    let stored = [system("db", &[]), system("web", &["db"]), Object::Objective(objective("o", "web"))];
    let nothing = BTreeSet::new();
    let kept = [stored[1].clone(), stored[2].clone()];
    assert_eq!(conflicts(&outcome(&kept, &stored, false), &nothing), []);
    let found = conflicts(&outcome(&kept, &stored, true), &nothing);
    let expected =
        "System web: spec.dependencies names the system db, which would have neither a manifest nor a transition";
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    assert_eq!(conflicts(&outcome(&kept, &stored, true), &BTreeSet::from([name("db")])), []);
    let circle = [system("db", &["web"])];
    let found = conflicts(&outcome(&circle, &stored, false), &nothing);
    assert_eq!(found, [Conflict::Cycle(vec![name("db"), name("web")])]);
}

/// The stored objects after a plan has been carried out on them.
fn apply(plan: &Plan, stored: &[Object]) -> BTreeMap<Identity, Object> {
    let mut objects: BTreeMap<_, _> = stored.iter().map(|object| (object.identity(), object.clone())).collect();
    objects.retain(|identity, _| !plan.delete.contains(identity));
    let written = plan.create.iter().chain(plan.update.iter().map(|update| &update.object));
    objects.extend(written.map(|object| (object.identity(), object.clone())));
    objects
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
        mut upstreams in prop::collection::btree_set(0..6, 0..3),
    ) -> Object {
        let own = format!("n{number}");
        upstreams.remove(&number);
        let upstreams: Vec<String> = upstreams.into_iter().map(|number| format!("n{number}")).collect();
        let mut object = match kind {
            0 => system(&own, &upstreams.iter().map(String::as_str).collect::<Vec<_>>()),
            1 => {
                let mut objective = objective(&own, "n0");
                objective.window = Window::Rolling { days: small };
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

proptest! {
    #[test]
    fn a_set_does_not_differ_from_itself(set in any_set(), prune: bool) {
        let plan = diff(&set, &set, prune);
        prop_assert!(!plan.has_changes());
        prop_assert!(plan.orphaned.is_empty());
        prop_assert_eq!(plan.unchanged.len(), set.len());
    }

    #[test]
    fn carrying_out_a_plan_leaves_nothing_to_plan(wanted in any_set(), stored in any_set(), prune: bool) {
        let plan = diff(&wanted, &stored, prune);
        let after: Vec<Object> = apply(&plan, &stored).into_values().collect();
        let expected = outcome(&wanted, &stored, prune).into_iter().cloned();
        prop_assert_eq!(meaning(after.clone()), meaning(expected));
        if prune {
            prop_assert_eq!(meaning(after.clone()), meaning(wanted.clone()));
        }
        prop_assert!(!diff(&wanted, &after, prune).has_changes());
    }

    #[test]
    fn a_plan_depends_on_no_order(
        (set, shuffled) in any_set().prop_flat_map(|set| (Just(set.clone()), Just(set).prop_shuffle())),
        (stored, turned) in any_set().prop_flat_map(|set| (Just(set.clone()), Just(set).prop_shuffle())),
        prune: bool,
    ) {
        prop_assert_eq!(diff(&set, &stored, prune), diff(&shuffled, &turned, prune));
        let nothing = BTreeSet::new();
        let conflicts = |objects: &[Object]| conflicts(&objects.iter().collect::<Vec<_>>(), &nothing);
        prop_assert_eq!(conflicts(&set), conflicts(&shuffled));
    }

    #[test]
    fn equal_fields_and_equal_hashes_go_together(a in any_object(), b in any_object()) {
        let same = a.identity() == b.identity() && fields(&a) == fields(&b);
        prop_assert_eq!(same, field::content_hash(&a) == field::content_hash(&b));
    }
}
