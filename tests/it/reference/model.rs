//! Owns attribution at one instant: a system's outages, its upstreams, and the class of an instant for an objective.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{DAY, Ms};
use super::health::{Sides, Stream, streams};
use super::recurrence::occurrences;
use super::schedule::is_counted;
use crate::world::{Maintenance, Objective, Source, Status, System, Window, World};

/// The cause that downtime is charged to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Attribution {
    Own,
    Upstream(String),
}

/// The class of one instant for an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the instant, on its own")]
pub(crate) struct Class {
    pub(crate) status: Status,
    /// The status is in `countsAsDown`, however it is accounted for.
    pub(crate) down: bool,
    /// Microseconds of downtime in a millisecond.
    pub(crate) weight: i128,
    pub(crate) not_counted: bool,
    /// Down, but not charged because of maintenance.
    pub(crate) excluded: bool,
    /// Its final cause and source if its outage is long enough; `None` if there is no downtime to charge.
    pub(crate) charged: Option<(Attribution, Source)>,
    /// The same, ignoring excuses.
    pub(crate) unexcused: Option<(Attribution, Source)>,
    /// It is outside of the schedule.
    pub(crate) outside: bool,
    /// As of when that is known; before, it is the system's own.
    pub(crate) known_from: Ms,
}

/// A world with only the facts up to `until`.
pub(crate) struct Model<'w> {
    pub(crate) world: &'w World,
    pub(crate) streams: BTreeMap<String, Vec<Stream<'w>>>,
    /// Maximal intervals in which a system is degraded or unhealthy; open ones end far in the future.
    outages: BTreeMap<String, Vec<(Ms, Ms)>>,
    /// Spans of non-cancelled maintenance by system, possibly overlapping.
    pub(crate) maintenance: BTreeMap<String, Vec<(Ms, Ms)>>,
}

/// After everything in any world.
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

    /// The active windows of a system, by name.
    pub(crate) fn windows_in_force(&self, system: &str, at: Ms) -> Vec<String> {
        let of_it = |window: &&Maintenance| !window.cancelled && window.systems.iter().any(|name| name == system);
        let holds = |window: &&Maintenance| {
            occurrences(window, at + DAY).into_iter().any(|(start, end)| start <= at && at < end)
        };
        let windows = self.world.maintenance.iter().filter(of_it).filter(holds);
        windows.map(|window| window.name.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The class of the instant `at` for an objective.
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
        // Only downtime has an attribution.
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

    /// The cause of downtime at an instant, and as of when it is known: of the upstreams whose outage reaches it, with
    /// the grace at both ends, the one whose outage began first.
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

/// The maintenance of each system, possibly overlapping, as far ahead as anything looks.
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

/// The last instant at which the known facts up to `as-of` still cause a change for an objective with a rolling window.
///
/// Streams fall silent, corrections begin and end, and maintenance ends, or begins to recur. After that, the world
/// repeats itself from week to week, except for clocks, which do so from year to year; one window later, nothing older
/// is left in the window. So what has not happened a window and a year later never happens.
pub(crate) fn last_looked_at(world: &World, objective: &Objective) -> Ms {
    let Window::Rolling { days } = objective.window else { return world.as_of + 400 * DAY };
    let facts = world.facts.iter().map(|fact| fact.ts).filter(|ts| *ts <= world.as_of);
    let of_checks = world.systems.iter().flat_map(|system| &system.checks).filter_map(|check| check.stale_after);
    let silent = world.systems.iter().filter_map(|system| system.stale_after).chain(of_checks).max().unwrap_or(0);
    let of_checks = world.systems.iter().flat_map(|system| &system.checks).filter_map(|check| check.retired_at);
    let retired = world.systems.iter().filter_map(|system| system.retired_at).chain(of_checks);
    // Of recurring maintenance, the first occurrence counts: from there on, it is the same every week.
    let first_ends =
        world.maintenance.iter().filter(|window| !window.cancelled).map(|window| window.start + window.duration);
    let except = objective.schedule.iter().flat_map(|shift| shift.except.iter().map(|date| (date + 2) * DAY));
    let planned = world.maintenance.iter().filter(|window| !window.cancelled);
    let planned = planned.flat_map(|window| window.except.iter().map(|date| (date + 2) * DAY));
    let except = except.chain(planned);
    let corrected = world.corrections.iter().flat_map(|it| it.start.into_iter().chain(it.end));
    let turns = facts.map(|ts| ts + silent).chain(first_ends).chain(except).chain(retired).chain(corrected);
    turns.max().unwrap_or(world.as_of).max(world.as_of) + (days + 400) * DAY
}
