//! Walks in parts, against looking at each millisecond.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::domain::account::dependencies::{Dependencies, Edge};
use crate::domain::account::maintenance::calendar::MaintenanceCalendar;
use crate::domain::account::member::Member;
use crate::domain::account::objective::{BurnRateThresholds, DependencyExclusion, Metadata, NotCounted, Objective};
use crate::domain::account::outage::{Accounting, Event};
use crate::domain::account::schedule::{Schedule, Timetable};
use crate::domain::account::weights::{FULL, default_counts_as_down};
use crate::domain::health::stream::StreamHistory;
use crate::domain::health::timeline::BEGINNING;
use crate::domain::health::transition::{Source, Status, Transition};
use crate::domain::value::name::Name;
use crate::domain::value::target::Target;
use crate::domain::value::window::Window;

/// The last moment of the small histories.
const UNTIL: i64 = 80;

fn at(millis: i64) -> Instant {
    Instant::from_millis(millis)
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn member(id: i64, text: &str) -> Member {
    Member::new(SystemId(id), name(text), Rc::default(), None)
}

/// An objective on `one`, which `up` excuses.
fn model() -> Model {
    let dependencies = Dependencies::default();
    let (own, up) = (dependencies.add(member(1, "one")), dependencies.add(member(2, "up")));
    dependencies.connect(own, vec![Edge { upstream: up, transitive: false }]);
    let (title, description) = (None, None);
    let metadata =
        Metadata { name: name("slo"), title, description, labels: BTreeMap::new(), annotations: BTreeMap::new() };
    let objective = Objective {
        metadata,
        system: name("one"),
        healthcheck: None,
        target: Target::parse("99").unwrap(),
        window: Window::Rolling { days: 1, zone: chrono_tz::UTC },
        dependency_exclusion: DependencyExclusion::Strict,
        excluded_dependencies: BTreeSet::new(),
        exclude_maintenance_windows: false,
        minimum_outage_ms: 0,
        attribution_grace_ms: 0,
        counts_as_down: default_counts_as_down(),
        not_counted: NotCounted::default(),
        schedule: Schedule::default(),
        thresholds: BurnRateThresholds::default(),
    };
    let timetable = Rc::new(Timetable::of(Schedule::default()));
    Model::new(objective, member(1, "one"), Rc::new(dependencies), Rc::new(MaintenanceCalendar::of([])), timetable)
}

/// The transitions of a system, as far as each is about another moment than the one before it.
fn transitions() -> impl Strategy<Value = Vec<Transition>> {
    prop::collection::vec((1..9_i64, 0..4_usize), 0..25).prop_map(|steps| {
        let mut millis = 0;
        let transition = |(gap, status): (i64, usize)| {
            millis += gap;
            Transition { at: at(millis), status: Status::ALL[status] }
        };
        steps.into_iter().map(transition).collect()
    })
}

fn status(transitions: &[Transition], millis: i64) -> Option<Status> {
    transitions.iter().rev().find(|transition| transition.at <= at(millis)).map(|transition| transition.status)
}

fn is_out(transitions: &[Transition], millis: i64) -> bool {
    status(transitions, millis).is_some_and(Status::is_outage)
}

/// Reads no more than it is asked for.
fn load(
    systems: &[Vec<Transition>; 2],
    as_of: Instant,
    system: SystemId,
    from: Instant,
    through: Instant,
) -> SystemHistory {
    let all = &systems[system.0 as usize - 1];
    let all = &all[..all.partition_point(|transition| transition.at <= as_of)];
    let first = all.partition_point(|transition| transition.at <= from).saturating_sub(1);
    let known = if first == 0 { BEGINNING } else { all[first].at };
    let last = all.partition_point(|transition| transition.at <= through);
    let transitions = all[first.min(last)..last].to_vec();
    SystemHistory {
        from: known.min(from),
        through: if through < as_of { through } else { END },
        first: all.first().map(|transition| transition.at),
        streams: vec![StreamHistory { source: Source::Healthcheck, check: None, location: None, transitions }],
    }
}

/// The outages that touch a range, told millisecond by millisecond.
fn slow([own, up]: &[Vec<Transition>; 2], range: Span, as_of: i64) -> Vec<Outage> {
    let cause = |millis: i64| is_out(own, millis).then(|| is_out(up, millis).then(|| name("up")));
    let mut found: Vec<Outage> = Vec::new();
    for millis in 0..=as_of {
        let Some(cause) = cause(millis) else { continue };
        let over = |end: i64| (end <= as_of).then_some(at(end));
        if found.last().is_none_or(|last| last.end != Some(at(millis))) {
            let (objective, system) = (name("slo"), name("one"));
            found.push(Outage {
                objective,
                system,
                start: at(millis),
                end: None,
                events: Vec::new(),
                uncharged: Vec::new(),
                too_short: false,
            });
        }
        let outage = found.last_mut().unwrap();
        outage.end = over(millis + 1);
        match outage.events.last_mut() {
            Some(event) if event.upstream == cause => event.end = over(millis + 1),
            _ => outage.events.push(Event {
                objective: name("slo"),
                system: name("one"),
                start: at(millis),
                end: over(millis + 1),
                upstream: cause,
                source: Source::Healthcheck,
                weight: FULL,
                accounting: Accounting::Charged,
            }),
        }
    }
    found.retain(|outage| outage.start < range.end && outage.end.is_none_or(|end| end > range.start));
    found
}

proptest! {
    #[test]
    fn in_whatever_parts_a_walk_meets_every_outage_once(
        own in transitions(), up in transitions(), as_of in 0..UNTIL, start in -5..UNTIL, length in 0..UNTIL,
        cuts in prop::collection::btree_set(0..UNTIL, 0..12), steps in prop::collection::btree_set(0..UNTIL, 0..5),
    ) {
        let (model, systems, range) = (model(), [own, up], Span::new(at(start), at(start + length)));
        let expected = if start + length <= start || start > as_of { Vec::new() } else { slow(&systems, range, as_of) };
        let pace = Pace::new(at(as_of), cuts.iter().map(|cut| at(*cut)).collect());
        let mut chronicle = Chronicle::new(|system, _: Scope<'_>, from, through| {
            Ok::<_, Infallible>(load(&systems, at(as_of), system, from, through))
        });
        let mut walk = Walk::over(range);
        let mut found = Vec::new();
        for step in steps.iter().copied().chain([2 * UNTIL]) {
            let part = walk.until(at(step), &model, &pace, &mut chronicle).unwrap();
            prop_assert!(part.iter().all(|outage| outage.start < at(step)));
            found.extend(part);
        }
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(super::super::outages(&model, range, at(as_of), &mut chronicle).unwrap(), expected);
    }
}
