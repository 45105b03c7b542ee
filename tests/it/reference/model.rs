//! Owns attribution at one instant: a system's outages, its upstreams, and what an instant is to an objective.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{DAY, Ms};
use super::health::{Sides, Stream, streams};
use super::recurrence::occurrences;
use super::schedule::is_counted;
use crate::world::{Maintenance, Objective, Source, Status, System, Window, World};

/// To whom downtime belongs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Attribution {
    Own,
    Upstream(String),
}

/// What one instant is to an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the instant, on its own")]
pub(crate) struct Class {
    pub(crate) status: Status,
    /// The status is in `countsAsDown`, whatever becomes of it.
    pub(crate) down: bool,
    /// Microseconds of downtime in a millisecond.
    pub(crate) weight: i128,
    pub(crate) not_counted: bool,
    /// Down, but not charged because of maintenance.
    pub(crate) excluded: bool,
    /// Whose downtime it is in the end, if its outage lasts for long enough, and what says so; `None` where there is no downtime to
    /// charge.
    pub(crate) charged: Option<(Attribution, Source)>,
    /// The same, whatever excuses it.
    pub(crate) unexcused: Option<(Attribution, Source)>,
    /// It lies outside of the schedule.
    pub(crate) outside: bool,
    /// As of which moment that is known; before, it is the system's own.
    pub(crate) known_from: Ms,
}

/// A world as far as the facts up to `until` tell it.
pub(crate) struct Model<'w> {
    pub(crate) world: &'w World,
    pub(crate) streams: BTreeMap<String, Vec<Stream<'w>>>,
    /// Maximal intervals in which a system is degraded or unhealthy; open ones end far in the future.
    outages: BTreeMap<String, Vec<(Ms, Ms)>>,
    /// Stretches of non-cancelled maintenance by system, as they overlap.
    pub(crate) maintenance: BTreeMap<String, Vec<(Ms, Ms)>>,
}

/// After all that happens in any world.
pub(crate) const FAR: Ms = 1 << 60;

impl<'w> Model<'w> {
    pub(crate) fn new(world: &'w World, until: Ms) -> Self {
        let mut model =
            Self { world, streams: streams(world, until), outages: BTreeMap::new(), maintenance: maintenance(world) };
        let declared = world.systems.iter().map(|system| &system.name);
        let systems: BTreeSet<&String> = declared.chain(model.streams.keys()).collect();
        model.outages = systems.into_iter().map(|system| (system.clone(), model.outages_of(system))).collect();
        model
    }

    fn outages_of(&self, system: &str) -> Vec<(Ms, Ms)> {
        let mut outages: Vec<(Ms, Ms)> = Vec::new();
        let mut open = None;
        for edge in self.edges(system) {
            let bad = self.effective(system, edge) >= Status::Degraded;
            match (bad, open) {
                (true, None) => open = Some(edge),
                (false, Some(start)) => {
                    outages.push((start, edge));
                    open = None;
                }
                _ => {}
            }
        }
        outages.extend(open.map(|start| (start, FAR)));
        outages
    }

    pub(crate) fn declared(&self, system: &str) -> Option<&'w System> {
        self.world.systems.iter().find(|declared| declared.name == system)
    }

    /// The upstreams that may excuse an objective: SPEC 5's walk, edge by edge.
    pub(crate) fn candidates(&self, objective: &Objective) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut expanded = BTreeSet::new();
        let mut to_expand = vec![objective.system.clone()];
        while let Some(system) = to_expand.pop() {
            if !expanded.insert(system.clone()) {
                continue;
            }
            let edges = self.declared(&system).map_or(&[][..], |declared| &declared.dependencies);
            for edge in edges.iter().filter(|edge| edge.impact != "informational") {
                reached.insert(edge.target.clone());
                if edge.transitive {
                    to_expand.push(edge.target.clone());
                }
            }
        }
        reached.retain(|system| *system != objective.system && !objective.excluded_dependencies.contains(system));
        reached
    }

    pub(crate) fn in_maintenance(&self, system: &str, at: Ms) -> bool {
        let spans = self.maintenance.get(system).map_or(&[][..], Vec::as_slice);
        spans.iter().any(|(start, end)| *start <= at && at < *end)
    }

    /// The windows of a system that are in force, by name.
    pub(crate) fn windows_in_force(&self, system: &str, at: Ms) -> Vec<String> {
        let of_it = |window: &&Maintenance| !window.cancelled && window.systems.iter().any(|name| name == system);
        let holds = |window: &&Maintenance| {
            occurrences(window, at + DAY).into_iter().any(|(start, end)| start <= at && at < end)
        };
        let windows = self.world.maintenance.iter().filter(of_it).filter(holds);
        windows.map(|window| window.name.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What the instant `at` is to an objective.
    pub(crate) fn class(&self, objective: &Objective, at: Ms) -> Class {
        let Sides { checks, incidents } = self.sides(&objective.system, objective.healthcheck.as_deref(), at);
        let status = checks.max(incidents).unwrap_or(Status::Unknown);
        let begun = self.first_transition(&objective.system).is_some_and(|first| first <= at);
        let is_down = |status: Status| objective.counts_as_down.contains(&status);
        let down = begun && is_down(status);
        let maintenance = self.in_maintenance(&objective.system, at);
        let outside = !is_counted(objective, at);
        let not_counted = outside
            || (objective.not_counted_maintenance && maintenance)
            || (objective.not_counted_unknown && status == Status::Unknown);
        let excluded =
            down && !outside && maintenance && (objective.exclude_maintenance || objective.not_counted_maintenance);
        // Nobody asks whose a moment is at which nothing is down.
        let (attribution, known_from) = if down { self.attribution(objective, at) } else { (Attribution::Own, at) };
        let unexcused = down.then(|| {
            let makes_down = |side: Option<Status>| side.is_some_and(is_down);
            let incident = !makes_down(checks) && makes_down(incidents);
            let source = if incident { Source::Incident } else { Source::Healthcheck };
            (attribution, source)
        });
        let charged = unexcused.clone().filter(|_| !not_counted && !excluded);
        let weight = if down { objective.weight(status) } else { 0 };
        Class { status, down, weight, not_counted, excluded, charged, unexcused, outside, known_from }
    }

    /// Whose downtime a moment is, and as of when that is known: that of the upstream whose outage began first, of those that reach it
    /// with the grace at both ends.
    fn attribution(&self, objective: &Objective, at: Ms) -> (Attribution, Ms) {
        let grace = objective.attribution_grace;
        let outage = |system: String| {
            let outages = self.outages.get(&system)?;
            let (start, _) = outages.iter().find(|(start, end)| *start - grace <= at && at < *end + grace)?;
            Some((*start, system))
        };
        match self.candidates(objective).into_iter().filter_map(outage).min() {
            Some((start, system)) => (Attribution::Upstream(system), start),
            None => (Attribution::Own, at),
        }
    }
}

/// The maintenance of each system, as it overlaps, as far ahead as anything is looked at.
fn maintenance(world: &World) -> BTreeMap<String, Vec<(Ms, Ms)>> {
    let mut spans: BTreeMap<String, Vec<(Ms, Ms)>> = BTreeMap::new();
    let until = world.objectives.iter().map(|objective| last_looked_at(world, objective)).max().unwrap_or(world.as_of);
    for window in world.maintenance.iter().filter(|window| !window.cancelled) {
        let occurrences = occurrences(window, until + DAY);
        for system in &window.systems {
            spans.entry(system.clone()).or_default().extend(&occurrences);
        }
    }
    spans
}

/// The last instant at which anything that is known up to `as-of` still turns for an objective with a rolling window.
///
/// Streams fall silent, corrections begin and end, and maintenance ends, or begins to return. After that the world repeats itself from week to week, but for
/// clocks, which do so from year to year; one window later nothing older is left in the window. So what has not happened a window
/// and a year later never happens.
pub(crate) fn last_looked_at(world: &World, objective: &Objective) -> Ms {
    let Window::Rolling { days } = objective.window else { return world.as_of + 400 * DAY };
    let facts = world.facts.iter().map(|fact| fact.ts).filter(|ts| *ts <= world.as_of);
    let of_checks = world.systems.iter().flat_map(|system| &system.checks).filter_map(|check| check.stale_after);
    let silent = world.systems.iter().filter_map(|system| system.stale_after).chain(of_checks).max().unwrap_or(0);
    let of_checks = world.systems.iter().flat_map(|system| &system.checks).filter_map(|check| check.retired_at);
    let retired = world.systems.iter().filter_map(|system| system.retired_at).chain(of_checks);
    // Of maintenance that returns, the first time counts: from there on it is the same from week to week.
    let first_ends =
        world.maintenance.iter().filter(|window| !window.cancelled).map(|window| window.start + window.duration);
    let except = objective.schedule.iter().flat_map(|shift| shift.except.iter().map(|date| (date + 2) * DAY));
    let corrected = world.corrections.iter().flat_map(|it| it.start.into_iter().chain(it.end));
    let turns = facts.map(|ts| ts + silent).chain(first_ends).chain(except).chain(retired).chain(corrected);
    turns.max().unwrap_or(world.as_of).max(world.as_of) + (days + 400) * DAY
}
