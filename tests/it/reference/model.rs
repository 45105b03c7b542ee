//! Owns status and attribution at one instant: the journal's streams, a system's effective status, its outages, its upstreams.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{DAY, Ms};
use super::recurrence::occurrences;
use super::schedule::is_counted;
use crate::world::{Objective, Source, Status, System, Window, World};

/// One stream: its transitions by instant, conflicts settled.
pub(crate) struct Stream {
    pub(crate) source: Source,
    pub(crate) check: Option<String>,
    transitions: BTreeMap<Ms, Status>,
    stale_after: Option<Ms>,
}

impl Stream {
    /// SPEC 2 and SPEC 3's silence: only what last said `healthy` grows stale.
    pub(crate) fn status(&self, at: Ms) -> Status {
        match self.transitions.range(..=at).next_back() {
            None => Status::Unknown,
            Some((ts, Status::Healthy)) if self.stale_after.is_some_and(|after| at - ts >= after) => Status::Unknown,
            Some((_, status)) => *status,
        }
    }

    pub(crate) fn exists(&self, at: Ms) -> bool {
        self.transitions.range(..=at).next().is_some()
    }

    fn last_seen(&self, at: Ms) -> Option<Ms> {
        self.transitions.range(..=at).next_back().map(|(ts, _)| *ts)
    }

    /// Every instant at which the status of this stream may change.
    fn edges(&self) -> impl Iterator<Item = Ms> {
        self.transitions.keys().flat_map(|ts| [Some(*ts), self.stale_after.map(|after| ts + after)]).flatten()
    }
}

/// `unknown` counts only if all are unknown, and is the least of all: the worst is the maximum.
fn worst(statuses: impl Iterator<Item = Status>) -> Status {
    statuses.max().unwrap_or(Status::Unknown)
}

/// To whom downtime belongs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Attribution {
    Own,
    Upstream(String),
}

/// What one instant is to an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Class {
    pub(crate) status: Status,
    /// The status is in `countsAsDown`, whatever becomes of it.
    pub(crate) down: bool,
    /// Microseconds of downtime in a millisecond.
    pub(crate) weight: i128,
    pub(crate) not_counted: bool,
    /// Down, but not charged because of maintenance.
    pub(crate) excluded: bool,
    /// Whose downtime it is, and what says so; `None` where there is no downtime to charge.
    pub(crate) charged: Option<(Attribution, Source)>,
}

/// A world as far as the facts up to `until` tell it.
pub(crate) struct Model<'w> {
    pub(crate) world: &'w World,
    pub(crate) streams: BTreeMap<String, Vec<Stream>>,
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
        model.outages = model.streams.keys().map(|system| (system.clone(), model.outages_of(system))).collect();
        model
    }

    fn streams_of(&self, system: &str) -> &[Stream] {
        self.streams.get(system).map_or(&[], Vec::as_slice)
    }

    /// Every instant at which the status of a system may change, in order.
    pub(crate) fn edges(&self, system: &str) -> BTreeSet<Ms> {
        self.streams_of(system).iter().flat_map(Stream::edges).collect()
    }

    /// The effective status of SPEC 3.
    pub(crate) fn effective(&self, system: &str, at: Ms) -> Status {
        worst(self.streams_of(system).iter().map(|stream| stream.status(at)))
    }

    pub(crate) fn first_transition(&self, system: &str) -> Option<Ms> {
        self.streams_of(system).iter().filter_map(|stream| stream.transitions.keys().next().copied()).min()
    }

    /// The newest fact of the streams of a system, or of one of its checks and its incidents (SPEC 6).
    pub(crate) fn last_seen(&self, system: &str, check: Option<&str>, at: Ms) -> Option<Ms> {
        let streams = self.streams_of(system).iter().filter(|stream| {
            check.is_none_or(|check| stream.source == Source::Incident || stream.check.as_deref() == Some(check))
        });
        streams.filter_map(|stream| stream.last_seen(at)).max()
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

    fn declared(&self, system: &str) -> Option<&'w System> {
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

    fn in_maintenance(&self, system: &str, at: Ms) -> bool {
        let spans = self.maintenance.get(system).map_or(&[][..], Vec::as_slice);
        spans.iter().any(|(start, end)| *start <= at && at < *end)
    }

    /// What the instant `at` is to an objective.
    pub(crate) fn class(&self, objective: &Objective, at: Ms) -> Class {
        let relevant = |stream: &&Stream| {
            stream.source == Source::Incident
                || objective.healthcheck.is_none()
                || stream.check == objective.healthcheck
        };
        let streams: Vec<&Stream> = self.streams_of(&objective.system).iter().filter(relevant).collect();
        let status = worst(streams.iter().map(|stream| stream.status(at)));
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
        let charged = (down && !not_counted && !excluded).then(|| {
            // A stream whose first transition is still to come does not exist yet.
            let makes_down = |source: Source| {
                let of_source = streams.iter().filter(|stream| stream.source == source && stream.exists(at));
                let statuses: Vec<Status> = of_source.map(|stream| stream.status(at)).collect();
                !statuses.is_empty() && is_down(worst(statuses.into_iter()))
            };
            let incident = !makes_down(Source::Healthcheck) && makes_down(Source::Incident);
            let source = if incident { Source::Incident } else { Source::Healthcheck };
            (self.attribution(objective, at), source)
        });
        let weight = if down { objective.weight(status) } else { 0 };
        Class { status, down, weight, not_counted, excluded, charged }
    }

    fn attribution(&self, objective: &Objective, at: Ms) -> Attribution {
        let outage = |system: String| {
            let outages = self.outages.get(&system)?;
            let (start, _) = outages.iter().find(|(start, end)| *start <= at && at < *end)?;
            Some((*start, system))
        };
        match self.candidates(objective).into_iter().filter_map(outage).min() {
            Some((_, system)) => Attribution::Upstream(system),
            None => Attribution::Own,
        }
    }
}

fn streams(world: &World, until: Ms) -> BTreeMap<String, Vec<Stream>> {
    let mut streams: BTreeMap<String, Vec<Stream>> = BTreeMap::new();
    for fact in world.facts.iter().filter(|fact| fact.ts <= until) {
        let of_system = streams.entry(fact.system.clone()).or_default();
        let known = of_system.iter().position(|stream| stream.source == fact.source && stream.check == fact.check);
        let index = known.unwrap_or_else(|| {
            let declared = world.systems.iter().find(|system| system.name == fact.system);
            of_system.push(Stream {
                source: fact.source,
                check: fact.check.clone(),
                transitions: BTreeMap::new(),
                stale_after: declared.and_then(|system| system.stale_after),
            });
            of_system.len() - 1
        });
        let status = of_system[index].transitions.entry(fact.ts).or_insert(fact.status);
        *status = fact.status.max(*status);
    }
    streams
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
/// Streams fall silent, and maintenance ends, or begins to return. After that the world repeats itself from week to week, but for
/// clocks, which do so from year to year; one window later nothing older is left in the window. So what has not happened a window
/// and a year later never happens.
pub(crate) fn last_looked_at(world: &World, objective: &Objective) -> Ms {
    let Window::Rolling { days } = objective.window else { return world.as_of + 400 * DAY };
    let facts = world.facts.iter().map(|fact| fact.ts).filter(|ts| *ts <= world.as_of);
    let silent = world.systems.iter().filter_map(|system| system.stale_after).max().unwrap_or(0);
    // Of maintenance that returns, the first time counts: from there on it is the same from week to week.
    let first_ends =
        world.maintenance.iter().filter(|window| !window.cancelled).map(|window| window.start + window.duration);
    let except = objective.schedule.iter().flat_map(|shift| shift.except.iter().map(|date| (date + 2) * DAY));
    let turns = facts.map(|ts| ts + silent).chain(first_ends).chain(except);
    turns.max().unwrap_or(world.as_of).max(world.as_of) + (days + 400) * DAY
}
