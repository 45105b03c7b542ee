//! Owns the small histories and the objective used by tests of accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono_tz::Tz;
use proptest::prelude::*;

use super::dependencies::{Dependencies, Edge};
use super::maintenance::calendar::MaintenanceCalendar;
use super::member::{Member, SystemId};
use super::model::Model;
use super::objective::{BurnRateThresholds, DependencyExclusion, Metadata, NotCounted, Objective};
use super::schedule::{Schedule, Timetable};
use super::weights::default_counts_as_down;
use crate::domain::health::stream::StreamHistory;
use crate::domain::health::timeline::{BEGINNING, END, SystemHistory};
use crate::domain::health::transition::{Source, Status, Transition};
use crate::domain::value::calendar::CalendarUnit;
use crate::domain::value::instant::{HOUR_MS, Instant};
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::domain::value::target::Target;
use crate::domain::value::window::Window;

pub(crate) fn at(millis: i64) -> Instant {
    Instant::from_millis(millis)
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn member(id: i64, text: &str) -> Member {
    Member::new(SystemId(id), name(text), Rc::default(), None)
}

/// An objective on `one`, which `up` excuses.
pub(crate) fn model() -> Model {
    let dependencies = Dependencies::default();
    let (own, up) = (dependencies.add(member(1, "one")), dependencies.add(member(2, "up")));
    dependencies.connect(own, vec![Edge { upstream: up, transitive: false }]);
    let (title, description) = (None, None);
    let metadata =
        Metadata { name: name("slo"), title, description, labels: Labels::default(), annotations: BTreeMap::new() };
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

/// Objectives with all kinds of windows, hindsight and ways to count.
pub(crate) fn models() -> impl Strategy<Value = Model> {
    let zones = [Tz::UTC, Tz::Europe__Berlin, Tz::Australia__Lord_Howe];
    let hindsight = [0, HOUR_MS, 5 * HOUR_MS];
    (0..3_usize, 0..3_usize, 0..3_usize, 1..4_u32, any::<[bool; 3]>()).prop_map(
        move |(zone, minimum, grace, days, [is_calendar, is_strict, leaves_unknown])| {
            let (zone, mut model) = (zones[zone], model());
            let window = if is_calendar {
                Window::Calendar { unit: CalendarUnit::Week, zone }
            } else {
                Window::Rolling { days, zone }
            };
            let dependency_exclusion =
                if is_strict { DependencyExclusion::Strict } else { DependencyExclusion::SelfOnly };
            let (minimum_outage_ms, attribution_grace_ms) = (hindsight[minimum], hindsight[grace]);
            let not_counted = NotCounted { unknown: leaves_unknown, ..NotCounted::default() };
            let counts = Objective { minimum_outage_ms, attribution_grace_ms, not_counted, ..model.objective };
            model.objective = Objective { window, dependency_exclusion, ..counts };
            model
        },
    )
}

/// The transitions of a system, with gaps of `unit_ms` or small multiples of it.
pub(crate) fn transitions(unit_ms: i64) -> impl Strategy<Value = Vec<Transition>> {
    prop::collection::vec((1..9_i64, 0..4_usize), 0..25).prop_map(move |steps| {
        let mut millis = 0;
        let transition = |(gap, status): (i64, usize)| {
            millis += gap * unit_ms;
            Transition { at: at(millis), status: Status::ALL[status] }
        };
        steps.into_iter().map(transition).collect()
    })
}

/// Returns no more than requested.
pub(crate) fn load(
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

/// The same, with at most `most` transitions after `from`.
pub(crate) fn load_some(
    most: usize,
    systems: &[Vec<Transition>; 2],
    as_of: Instant,
    system: SystemId,
    from: Instant,
    through: Instant,
) -> SystemHistory {
    let all = load(systems, as_of, system, from, through);
    let after = &all.streams[0].transitions;
    match after[after.partition_point(|transition| transition.at <= from)..].get(most) {
        Some(next) => load(systems, as_of, system, from, next.at.plus(-1)),
        None => all,
    }
}
