//! Owns examples of plans, and the helpers they share with the laws.

mod conditions;
mod laws;

use super::*;
use crate::domain::account::maintenance::{Length, MaintenanceWindow, Recurrence, Schedule};
use crate::domain::account::objective::{
    BurnRateThresholds, Dependency, DependencyExclusion, ImpactType, Metadata, NotCounted, Objective, System,
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
    let (labels, annotations) = Default::default();
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
    Object::System(System { dependencies, ..System::bare(metadata(text)) })
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
        counts_as_down: crate::domain::account::weights::default_counts_as_down(),
        minimum_outage_ms: 0,
        attribution_grace_ms: 0,
        not_counted: NotCounted::default(),
        schedule: crate::domain::account::schedule::Schedule::default(),
        thresholds: BurnRateThresholds::default(),
    }
}

fn maintenance(text: &str, schedule: Schedule) -> Object {
    let systems = vec![name("b"), name("a")];
    let metadata = metadata(text);
    Object::MaintenanceWindow(MaintenanceWindow { metadata, systems, schedule, cancelled: false, reason: None })
}

fn condition(text: &str, expression: &str, scope: Scope, severity: Severity) -> Object {
    let when = Term::parse(expression, scope.owner()).unwrap();
    Object::Condition(Condition { metadata: metadata(text), scope, when, severity })
}

/// Objects that a set holds; `None`: those of no set.
fn held_by(set: Option<&str>, objects: &[Object]) -> Vec<Held> {
    let held = |object: &Object| Held { object: object.clone(), set: set.map(name), orphaned: false };
    objects.iter().map(held).collect()
}

/// Objects of the set under test.
fn held(objects: &[Object]) -> Vec<Held> {
    held_by(Some("own"), objects)
}

fn terms(prune: bool) -> Terms {
    Terms { set: name("own"), adopt: false, prune, elsewhere: BTreeSet::new() }
}

fn adopting() -> Terms {
    Terms { adopt: true, ..terms(false) }
}

fn shared(objects: &[Object]) -> Vec<Rc<Object>> {
    objects.iter().cloned().map(Rc::new).collect()
}

fn diff(wanted: &[Object], held: &[Held], terms: &Terms) -> Plan {
    super::diff(&shared(wanted), held, terms)
}

fn refusals(wanted: &[Object], held: &[Held], terms: &Terms) -> Vec<Refusal> {
    super::refusals(&shared(wanted), held, terms)
}

/// The outcome of the plan.
fn whole(wanted: &[Object], held: &[Held], terms: &Terms) -> Vec<Object> {
    outcome(&shared(wanted), held, &diff(wanted, held, terms)).into_iter().cloned().collect()
}

fn conflicts_of(objects: &[Object], in_journal: &[&str]) -> Vec<Conflict> {
    conflicts(&objects.iter().collect::<Vec<_>>(), &in_journal.iter().map(|text| name(text)).collect())
}

#[test]
fn a_plan_says_which_fields_change_and_how() {
    let before = objective("o", "web");
    let mut after = before.clone();
    after.target = Target::parse("99.95").unwrap();
    after.metadata.labels = BTreeMap::from([("team".to_owned(), "payments".to_owned())]).into();
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
    assert_eq!(plan.create, shared(&[system("new", &[])]));
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
    // While the old one is still wanted, or of another set or kind, the new one is created.
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
