//! Owns the steps of SPEC 3, slowly: every status is recomputed from all facts up to its instant.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::Ms;
use super::model::Model;
use crate::world::{Check, Correction, Fact, Quorum, Source, Status, System, Thresholds, World};

/// One stream: its transitions by instant, conflicts settled, and its declaration.
pub(crate) struct Stream<'w> {
    pub(crate) source: Source,
    pub(crate) check: Option<String>,
    location: Option<String>,
    pub(crate) transitions: BTreeMap<Ms, Status>,
    stale_after: Option<Ms>,
    thresholds: Option<&'w Thresholds>,
    retired_at: Option<Ms>,
}

impl Stream<'_> {
    /// Step 2: the status of the stream at the fact with this index, given all facts before it.
    fn passed(&self, place: usize) -> Status {
        let facts: Vec<Status> = self.transitions.values().copied().take(place + 1).collect();
        let last = facts[place];
        let ill = |status: &Status| matches!(status, Status::Degraded | Status::Unhealthy);
        match self.thresholds {
            _ if last == Status::Unknown => Status::Unknown,
            None => last,
            Some(Thresholds::Consecutive { healthy, degraded, unhealthy }) => {
                let row = |needed: usize, supports: &dyn Fn(&Status) -> bool| {
                    facts.len() >= needed && facts[facts.len() - needed..].iter().all(supports)
                };
                if row(unhealthy.or(*degraded).unwrap_or(1), &|status| *status == Status::Unhealthy) {
                    Status::Unhealthy
                } else if row(degraded.or(*unhealthy).unwrap_or(1), &ill) {
                    Status::Degraded
                } else if row(healthy.unwrap_or(1), &|status| *status == Status::Healthy) {
                    Status::Healthy
                } else if place == 0 {
                    Status::Unknown
                } else {
                    self.passed(place - 1)
                }
            }
            Some(Thresholds::Window { size, degraded, unhealthy }) => {
                let known = facts.iter().rev().filter(|status| **status != Status::Unknown).take(*size);
                let count = known.filter(|status| ill(status)).count();
                if count >= unhealthy.or(*degraded).unwrap() {
                    Status::Unhealthy
                } else if count >= degraded.or(*unhealthy).unwrap() {
                    Status::Degraded
                } else {
                    Status::Healthy
                }
            }
        }
    }

    /// Steps 1 to 3, and retirement: `None` if the stream does not count.
    pub(crate) fn status(&self, at: Ms) -> Option<Status> {
        if self.retired_at.is_some_and(|retired| retired <= at) {
            return None;
        }
        let place = self.transitions.range(..=at).count().checked_sub(1)?;
        let (ts, _) = self.transitions.iter().nth(place).unwrap();
        let status = self.passed(place);
        let silent = status == Status::Healthy && self.stale_after.is_some_and(|after| at - ts >= after);
        Some(if silent { Status::Unknown } else { status })
    }

    /// Step 4 after them: the status with corrections.
    fn said(&self, corrections: &[Correction], system: &str, at: Ms) -> Option<Status> {
        let recorded = self.status(at)?;
        let names = |correction: &&Correction| {
            correction.system == system
                && !correction.is_of_system()
                && correction.holds(at)
                && correction.check.as_ref().is_none_or(|check| self.check.as_ref() == Some(check))
                && correction.source.is_none_or(|source| self.source == source)
                && correction.location.as_ref().is_none_or(|location| self.location.as_ref() == Some(location))
        };
        corrections.iter().find(names).map_or(Some(recorded), |correction| correction.status)
    }

    /// The newest fact that counts.
    fn last_seen(&self, at: Ms) -> Option<Ms> {
        let until = self.retired_at.map_or(at, |retired| at.min(retired - 1));
        self.transitions.range(..=until).next_back().map(|(ts, _)| *ts)
    }

    /// Every instant at which the status of this stream may change.
    fn edges(&self) -> impl Iterator<Item = Ms> {
        let facts = self.transitions.keys();
        facts.flat_map(|ts| [Some(*ts), self.stale_after.map(|after| ts + after)]).flatten().chain(self.retired_at)
    }
}

/// The k-th best of the known statuses, out of `of` in total; `None` if none counts.
fn quorum(quorum: Quorum, statuses: &[Status], of: usize) -> Option<Status> {
    let mut known: Vec<Status> = statuses.iter().copied().filter(|status| *status != Status::Unknown).collect();
    known.sort();
    let place = match quorum {
        Quorum::All => known.len().max(1),
        Quorum::Any => 1,
        Quorum::Majority => of / 2 + 1,
        Quorum::Number(number) => number,
    };
    if statuses.is_empty() { None } else { Some(known.get(place - 1).copied().unwrap_or(Status::Unknown)) }
}

/// The inputs of a system's status: its checks or members, and its incidents; `None` if none counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sides {
    pub(crate) checks: Option<Status>,
    pub(crate) incidents: Option<Status>,
}

impl Model<'_> {
    fn streams_of(&self, system: &str) -> &[Stream<'_>] {
        self.streams.get(system).map_or(&[], Vec::as_slice)
    }

    /// The streams that may count: for a composite system, those of incidents.
    fn counting(&self, system: &str) -> impl Iterator<Item = &Stream<'_>> {
        let is_composite = !self.members(system).is_empty();
        let streams = self.streams_of(system).iter();
        streams.filter(move |stream| !is_composite || stream.source == Source::Incident)
    }

    fn members(&self, system: &str) -> &[String] {
        self.declared(system).map_or(&[], |declared| &declared.members)
    }

    pub(crate) fn retired(&self, system: &str, at: Ms) -> bool {
        self.declared(system).and_then(|declared| declared.retired_at).is_some_and(|retired| retired <= at)
    }

    /// The correction of the effective status, if there is one.
    fn corrected(&self, system: &str, at: Ms) -> Option<&Correction> {
        let mut corrections = self.world.corrections.iter();
        let found = corrections.find(|it| it.system == system && it.is_of_system() && it.holds(at))?;
        let begun = self.first_transition(system).is_some_and(|first| first <= at);
        (begun && !self.retired(system, at)).then_some(found)
    }

    /// The statuses of the checks that count, by name, or of a composite system's members, which count before they report.
    pub(crate) fn checks(&self, system: &str, at: Ms) -> Vec<(Option<String>, Status)> {
        let is_ignored = self.corrected(system, at).is_some_and(|correction| correction.status.is_none());
        if is_ignored || self.retired(system, at) {
            return Vec::new();
        }
        let is_awaited = |member: &&String| {
            !self.retired(member, at) && self.first_transition(member).is_none_or(|first| at < first)
        };
        let awaited = self.members(system).iter().filter(is_awaited);
        let awaited: Vec<_> = awaited.map(|member| (Some(member.clone()), Status::Unknown)).collect();
        [self.reported(system, at), awaited].concat()
    }

    fn reported(&self, system: &str, at: Ms) -> Vec<(Option<String>, Status)> {
        if !self.members(system).is_empty() {
            let status = |member: &String| Some((Some(member.clone()), self.status(member, at)?));
            return self.members(system).iter().filter_map(status).collect();
        }
        let names: BTreeSet<&Option<String>> = self.of_checks(system).map(|stream| &stream.check).collect();
        let check = |name: &Option<String>| {
            let streams = self.of_checks(system).filter(|stream| stream.check == *name);
            let statuses: Vec<Status> =
                streams.filter_map(|stream| stream.said(&self.world.corrections, system, at)).collect();
            let declared = self.declared(system).into_iter().flat_map(|declared| &declared.checks);
            let declared = declared.into_iter().find(|check| Some(&check.name) == name.as_ref());
            let needed = declared.map_or(Quorum::All, |check| check.quorum);
            Some((name.clone(), quorum(needed, &statuses, statuses.len())?))
        };
        names.into_iter().filter_map(check).collect()
    }

    fn of_checks(&self, system: &str) -> impl Iterator<Item = &Stream<'_>> {
        self.counting(system).filter(|stream| stream.source == Source::Healthcheck)
    }

    /// Steps 5 to 7, for the system or for one of its checks.
    pub(crate) fn sides(&self, system: &str, check: Option<&str>, at: Ms) -> Sides {
        let incidents = self.counting(system).filter(|stream| stream.source == Source::Incident);
        let incidents = incidents.filter_map(|stream| stream.said(&self.world.corrections, system, at)).max();
        if let (None, Some(corrected)) = (check, self.corrected(system, at)) {
            return Sides { checks: corrected.status, incidents: None };
        }
        let checks = self.reported(system, at);
        let checks = if check.is_none() && !self.members(system).is_empty() {
            let of = self.members(system).iter().filter(|member| !self.retired(member, at)).count();
            let statuses: Vec<Status> = checks.into_iter().map(|(_, status)| status).collect();
            quorum(self.declared(system).unwrap().quorum, &statuses, of)
        } else if check.is_some() && !self.members(system).is_empty() {
            None
        } else {
            let wanted =
                checks.into_iter().filter(|(name, _)| check.is_none_or(|check| name.as_deref() == Some(check)));
            wanted.map(|(_, status)| status).max()
        };
        if self.retired(system, at) { Sides { checks: None, incidents: None } } else { Sides { checks, incidents } }
    }

    /// The effective status; `None` if nothing counts.
    fn status(&self, system: &str, at: Ms) -> Option<Status> {
        let Sides { checks, incidents } = self.sides(system, None, at);
        checks.max(incidents)
    }

    /// The effective status of SPEC 3.
    pub(crate) fn effective(&self, system: &str, at: Ms) -> Status {
        self.status(system, at).unwrap_or(Status::Unknown)
    }

    /// How much of a span is under a correction of a system, its members, or the input of an objective on one check.
    pub(crate) fn corrected_time(&self, system: &str, check: Option<&str>, (start, end): (Ms, Ms)) -> Ms {
        let mut edges: BTreeSet<Ms> = self.edges(system).into_iter().filter(|at| start < *at && *at < end).collect();
        edges.extend([start, end]);
        let edges: Vec<Ms> = edges.into_iter().collect();
        edges.windows(2).filter(|pair| self.is_corrected(system, check, pair[0])).map(|pair| pair[1] - pair[0]).sum()
    }

    fn is_corrected(&self, system: &str, check: Option<&str>, at: Ms) -> bool {
        !self.corrections_in_force(system, check, at, false).is_empty()
    }

    /// The active corrections of a system, its members, or the input of an objective on one check, by name; with
    /// `reaching`, also those of other checks, which may name incidents.
    pub(crate) fn corrections_in_force(
        &self,
        system: &str,
        check: Option<&str>,
        at: Ms,
        reaching: bool,
    ) -> Vec<String> {
        let holding = self.world.corrections.iter().filter(|it| it.system == system && it.holds(at));
        let concerns = |it: &Correction| match check {
            None => true,
            Some(_) if it.is_of_system() => false,
            Some(check) => {
                let by_incident = it.source == Some(Source::Incident) || (reaching && it.source.is_none());
                by_incident || it.check.as_deref().is_none_or(|named| named == check)
            }
        };
        let own = holding.into_iter().filter(|it| concerns(it)).map(|it| it.name.clone());
        let members =
            self.members(system).iter().flat_map(|member| self.corrections_in_force(member, None, at, reaching));
        own.chain(members).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Every instant at which the status of a system may change, in order.
    pub(crate) fn edges(&self, system: &str) -> BTreeSet<Ms> {
        let own = self.streams_of(system).iter().flat_map(Stream::edges);
        let members = self.members(system).iter().flat_map(|member| self.edges(member));
        let corrections = self.world.corrections.iter().filter(|correction| correction.system == system);
        let corrections = corrections.flat_map(|correction| [correction.start, correction.end]).flatten();
        let retired = self.declared(system).and_then(|declared| declared.retired_at);
        own.chain(members).chain(corrections).chain(retired).collect()
    }

    pub(crate) fn first_transition(&self, system: &str) -> Option<Ms> {
        let own = self.counting(system).filter_map(|stream| stream.transitions.keys().next().copied());
        own.chain(self.members(system).iter().filter_map(|member| self.first_transition(member))).min()
    }

    /// The newest fact of the streams of a system, or of one of its checks and its incidents (SPEC 6).
    pub(crate) fn last_seen(&self, system: &str, check: Option<&str>, at: Ms) -> Option<Ms> {
        let streams = self.counting(system).filter(|stream| {
            check.is_none_or(|check| stream.source == Source::Incident || stream.check.as_deref() == Some(check))
        });
        let members = self.members(system).iter().filter(|_| check.is_none());
        streams
            .filter_map(|stream| stream.last_seen(at))
            .chain(members.filter_map(|member| self.last_seen(member, None, at)))
            .max()
    }
}

/// The streams of every system, from the facts up to `until`.
pub(crate) fn streams(world: &World, until: Ms) -> BTreeMap<String, Vec<Stream<'_>>> {
    let mut streams: BTreeMap<String, Vec<Stream<'_>>> = BTreeMap::new();
    for fact in world.facts.iter().filter(|fact| fact.ts <= until) {
        let of_system = streams.entry(fact.system.clone()).or_default();
        let is_its = |stream: &Stream<'_>| {
            (stream.source, &stream.check, &stream.location) == (fact.source, &fact.check, &fact.location)
        };
        let index = of_system.iter().position(is_its).unwrap_or_else(|| {
            of_system.push(stream_of(world, fact));
            of_system.len() - 1
        });
        let status = of_system[index].transitions.entry(fact.ts).or_insert(fact.status);
        *status = fact.status.max(*status);
    }
    streams
}

fn stream_of<'w>(world: &'w World, fact: &Fact) -> Stream<'w> {
    let declared: Option<&System> = world.systems.iter().find(|system| system.name == fact.system);
    let checks = declared.into_iter().flat_map(|system| &system.checks).filter(|_| fact.source == Source::Healthcheck);
    let check: Option<&Check> = checks.into_iter().find(|check| Some(&check.name) == fact.check.as_ref());
    Stream {
        source: fact.source,
        check: fact.check.clone(),
        location: fact.location.clone(),
        transitions: BTreeMap::new(),
        stale_after: check.and_then(|check| check.stale_after).or(declared.and_then(|system| system.stale_after)),
        thresholds: check.and_then(|check| check.thresholds.as_ref()),
        retired_at: check
            .and_then(|check| check.retired_at)
            .into_iter()
            .chain(declared.and_then(|system| system.retired_at))
            .min(),
    }
}
